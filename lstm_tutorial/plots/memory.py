"""What networks remember, how they learn to, and what they can't."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from lstm_tutorial.plots.figure import GRAY, MODEL, PALE, RULES, TRUTH, legend, new_figure, show

COLORS = (MODEL, *RULES[:3], TRUTH)


def trials(
    errors: Mapping[str, Sequence[np.ndarray]], batch: int, chance: float, goal: float, what: str, window: int = 2000
) -> None:
    """Errors by the number of sequences seen, a line for each trial, a color for each kind.

    `errors` maps a kind to arrays with the mean error of each batch; drawn are means over `window` sequences.
    """
    figure, axes = new_figure(height=3.4)
    width = window // batch
    for color, (name, curves) in zip(COLORS, errors.items(), strict=False):
        for number, curve in enumerate(curves):
            mean = np.convolve(curve, np.ones(width) / width, "valid")[:: max(1, width // 10)]
            seen = batch * (width + max(1, width // 10) * np.arange(len(mean)))
            axes.plot(seen, mean, color=color, linewidth=1.3, label=None if number else name)
    axes.axhline(chance, color=GRAY, linestyle="--", linewidth=1, label="constant")
    axes.axhline(goal, color=GRAY, linestyle=":", linewidth=1, label="rule")
    axes.set_yscale("log")
    axes.set_xlabel("sequences")
    axes.set_ylabel("mean error")
    legend(figure)
    show(
        figure,
        alt=f"Mean error on {what} by the number of training sequences, on a logarithmic axis, a line for each trial "
        f"of {', '.join(errors)}; dashed the error of the best constant answer, dotted the error that the rule asks "
        "for.",
        caption=f"Learning {what}: the mean error over the last {window} sequences, each judged before it was learned "
        "from. A line ends where its network met the rule. Dashed: the best constant answer; dotted: what the rule "
        "asks.",
    )


def memory(x: np.ndarray, steps: Mapping[str, np.ndarray]) -> None:
    """One sequence of the adding problem, x (time, 2), and what each unit does: `steps` i, f and c, (time, units)."""
    figure, panels = new_figure(height=5.6, ratios=(3, 3, 3, 4))
    above, opened, kept, inside = panels
    time = np.arange(len(x))
    marked = time[x[:, 1] == 1]
    above.vlines(time, 0, x[:, 0], color=PALE, linewidth=1.5)
    above.vlines(marked, 0, x[marked, 0], color=RULES[0], linewidth=2)
    above.plot(marked, x[marked, 0], "o", color=RULES[0], markersize=6, label="marked value")
    above.axhline(0, color=GRAY, linewidth=0.5)
    above.set_ylabel("value", fontsize=9)
    for axes, gate, name in ((opened, "i", "input gate,\nby unit"), (kept, "f", "forget gate,\nby unit")):
        axes.imshow(steps[gate].T, cmap="Blues", vmin=0, vmax=1, aspect="auto", interpolation="nearest")
        axes.set_yticks([])
        axes.set_ylabel(name, fontsize=9)
    for number, unit in enumerate(steps["c"].T):
        inside.plot(time, unit, color=MODEL, linewidth=1, alpha=0.7, label=None if number else "cell states")
    for step in marked:
        inside.axvline(step, color=RULES[0], linewidth=0.8, linestyle="--")
    inside.set_ylabel("cell state", fontsize=9)
    inside.set_xlabel("step")
    legend(figure)
    show(
        figure,
        alt=f"Four panels over {len(x)} steps of one sequence: the values, two of them marked, at steps {marked[0]} "
        f"and {marked[-1]}; input gates and forget gates of {steps['i'].shape[1]} units as strips, dark where open; "
        "the cell states as lines.",
        caption=f"A trained network reads one sequence. The marks stand at steps {marked[0]} and {marked[-1]}. Strips: "
        "white is closed, dark is open, one row for each unit.",
    )


def state_growth(sizes: Mapping[str, np.ndarray], every: int) -> None:
    """The largest cell state by symbols read: `sizes` maps a kind to (checks, networks), a check each `every` steps."""
    figure, axes = new_figure(height=3.0)
    for color, (name, curves) in zip(COLORS, sizes.items(), strict=False):
        read = every * np.arange(1, len(curves) + 1)
        for number, curve in enumerate(curves.T):
            axes.plot(read, curve, color=color, linewidth=1.2, label=None if number else name)
    axes.set(xscale="log", yscale="log", xlabel="symbols read", ylabel="largest cell state")
    legend(figure)
    show(
        figure,
        alt=f"The largest size of a cell state by the number of symbols read, both axes logarithmic, a line for each "
        f"network; kinds: {', '.join(sizes)}.",
        caption="The largest cell state of each network while it reads an endless stream.",
    )


def ablation(errors: Mapping[str, Sequence[float]], lengths: Mapping[str, Sequence[float]], most: int) -> None:
    """Two tasks by variant, a dot for each seed: mean errors on adding, and symbols predicted before an error."""
    figure, (left, right) = new_figure(0.9 + 0.3 * len(errors), columns=2, sharex=False, sharey=True)
    rows = np.arange(len(errors))[::-1]
    for axes, values in ((left, errors), (right, lengths)):
        for row, name in zip(rows, errors, strict=True):
            axes.axhline(row, color="#e8ecf0", linewidth=0.8, zorder=0)
            axes.plot(values[name], [row] * len(values[name]), "o", color=MODEL, markersize=5, alpha=0.6)
        axes.set_xscale("log")
    left.set_yticks(rows, [name.replace("_", " ") for name in errors])
    left.set_xticks([0.02, 0.05, 0.1, 0.2], ["0.02", "0.05", "0.1", "0.2"])
    left.set_xticks([], minor=True)
    left.set_xlabel("adding: mean error", fontsize=9)
    right.set_xlabel("stream: symbols before an error", fontsize=9)
    show(
        figure,
        alt=f"Dot chart with a row for each of {len(errors)} variants ({', '.join(errors).replace('_', ' ')}) and a "
        "dot for each seed, on logarithmic axes. Left: the mean error on the adding problem. Right: symbols of the "
        "continual stream predicted before the first error.",
        caption="A dot is a network. Left, adding: smaller is better. Right, the continual stream: larger is better, "
        f"and {most:,} is the end of the test.",
    )
