"""What an LSTM cell is made of, and its gates at work."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from lstm_tutorial.plots.figure import GRAY, MODEL, PALE, RULES, STATE, TRUTH, legend, new_figure, show

SIGMOID_COLOR, TANH_COLOR = MODEL, RULES[0]
OUTPUT = RULES[1]


def squashing_functions() -> None:
    """The sigmoid and the tanh."""
    figure, axes = new_figure(height=2.4)
    z = np.linspace(-6, 6, 241)
    axes.axhline(0, color=GRAY, linewidth=0.7)
    axes.plot(z, 1 / (1 + np.exp(-z)), color=SIGMOID_COLOR, linewidth=2, label="sigmoid: gates")
    axes.plot(z, np.tanh(z), color=TANH_COLOR, linewidth=2, linestyle="--", label="tanh: candidate, output")
    axes.set_yticks([-1, -0.5, 0, 0.5, 1])
    axes.set_xlabel("weighted sum z")
    legend(figure)
    show(
        figure,
        alt="Two curves over a weighted sum from -6 to 6. The sigmoid climbs from near 0 through one half at 0 to near "
        "1; the tanh climbs from near -1 through 0 to near 1, more steeply.",
        caption="The sigmoid gives 0 to 1, a share; the tanh gives -1 to 1, a content with a sign.",
    )


def cell_diagram() -> None:
    """How numbers flow through one step of a standard cell."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, 5.2), layout="constrained")
    axes = figure.subplots()
    axes.set(xlim=(0, 10), ylim=(0, 8.1))
    axes.axis("off")
    _wire(axes, [(0.2, 7.2), (9.9, 7.2)], STATE, width=4)
    _wire(axes, [(0.2, 1.1), (7.3, 1.1)], TRUTH, head=False)
    _wire(axes, [(0.9, 0.2), (0.9, 1.1)], TRUTH, head=False)
    boxes = {"f": ("forget", 1.6), "i": ("input", 3.5), "g": ("candidate", 5.4), "o": ("output", 7.3)}
    for symbol, (name, x) in boxes.items():
        _wire(axes, [(x, 1.1), (x, 2.0)], TRUTH)
        _box(axes, x, 2.75, name, TANH_COLOR if symbol == "g" else SIGMOID_COLOR, tanh=symbol == "g")
    _wire(axes, [(1.6, 3.5), (1.6, 6.88)], SIGMOID_COLOR, label="f")
    _wire(axes, [(3.5, 3.5), (3.5, 5.2), (4.1, 5.2)], SIGMOID_COLOR, label="i")
    _wire(axes, [(5.4, 3.5), (5.4, 5.2), (4.8, 5.2)], TANH_COLOR, label="g")
    _wire(axes, [(4.45, 5.5), (4.45, 6.88)], TRUTH)
    _wire(axes, [(7.3, 3.5), (7.3, 4.3), (8.2, 4.3)], SIGMOID_COLOR, label="o")
    _wire(axes, [(8.55, 7.2), (8.55, 4.65)], STATE, width=2)
    _wire(axes, [(8.9, 4.3), (9.9, 4.3)], OUTPUT, width=4)
    axes.text(8.55, 5.85, "tanh", ha="center", va="center", fontsize=14, bbox=_frame(TANH_COLOR))
    for x, y, sign in ((1.6, 7.2, "×"), (4.45, 7.2, "+"), (4.45, 5.2, "×"), (8.55, 4.3, "×")):
        axes.plot(x, y, "o", color="white", markeredgecolor=TRUTH, markersize=21, zorder=3)
        axes.text(x, y, sign, ha="center", va="center_baseline", fontsize=17, zorder=4)
    for x, y, text, color in (
        (0.2, 7.65, "$c_{t-1}$", STATE),
        (9.2, 7.65, "$c_t$", STATE),
        (9.2, 3.5, "$h_t$", OUTPUT),
        (0.2, 1.35, "$h_{t-1}$", OUTPUT),
        (1.1, 0.25, "$x_t$", TRUTH),
    ):
        axes.text(x, y, text, fontsize=19, color=color)
    axes.text(3.1, 0.25, "each box: its own weights,\none number for each unit", fontsize=12, color=TRUTH, va="center")
    show(
        figure,
        alt="Flow chart of one step. The new input and the last output run into four boxes: forget, input, candidate, "
        "output. On a line along the top the old cell state is multiplied by the forget gate; then the product of "
        "input gate and candidate is added, which makes the new cell state. Its tanh, multiplied by the output gate, "
        "is the output.",
        caption="One step of the cell. Blue boxes are gates (sigmoid), the orange one is the candidate (tanh). A round "
        "× or + works unit by unit. The output goes to the next layer and comes back to the boxes at the next step.",
    )


def gates(
    steps: Mapping[str, np.ndarray], values: np.ndarray, marks: np.ndarray, asks: np.ndarray, scale: float = 1.0
) -> None:
    """One unit at work on values (time,), with boolean `marks`, where one is to be stored, and `asks`, both (time,).

    `steps` maps i, f, o, g, c and "answer" to arrays (time,); cell state and candidate are drawn times `scale`. What is
    wanted is the last marked value at each question, and 0 elsewhere.
    """
    figure, panels = new_figure(height=5.0, ratios=(4, 3, 4, 4))
    above, strips, inside, below = panels
    time = np.arange(len(values))
    above.plot(time, values, color=GRAY, marker="o", markersize=3, linewidth=0.8, label="value")
    above.plot(time[marks], values[marks], "o", color=RULES[0], markersize=8, label="marked")
    strips.imshow(
        np.stack([steps[gate] for gate in "ifo"]), cmap="Blues", vmin=0, vmax=1, aspect="auto", interpolation="nearest"
    )
    strips.set_yticks(range(3), ["input i", "forget f", "output o"])
    strips.tick_params(length=0)
    strips.set_xticks(time - 0.5, minor=True)
    strips.set_yticks([0.5, 1.5], minor=True)
    strips.grid(which="minor", color="white", linewidth=1.5)
    for axes in panels:
        axes.tick_params(which="minor", length=0)
    inside.plot(time, scale * steps["g"], color=TANH_COLOR, marker=".", linewidth=0.8, label="candidate g")
    inside.plot(time, scale * steps["c"], color=STATE, linewidth=2.4, label="cell state c")
    below.plot(time, np.where(asks, _remembered(values, marks), 0), "s", color=PALE, markersize=8, label="wanted")
    below.plot(time, steps["answer"], color=OUTPUT, marker=".", linewidth=1.2, label="answer")
    for axes in (above, inside, below):
        axes.axhline(0, color=GRAY, linewidth=0.5)
        for step in time[marks]:
            axes.axvline(step, color=RULES[0], linewidth=0.8, linestyle="--")
        for step in time[asks]:
            axes.axvline(step, color=OUTPUT, linewidth=0.8, linestyle=":")
    inside.set_ylabel("inside" if scale == 1 else f"inside, × {scale:.3g}", fontsize=9)
    below.set_xlabel("step")
    legend(figure)
    show(
        figure,
        alt=f"Four panels over {len(values)} steps: values with {marks.sum()} of them marked; input, forget and output "
        "gate as strips, dark where open; candidate and cell state as lines; the answer beside what was wanted, "
        f"which is 0 but for the {asks.sum()} questions.",
        caption="One unit at work. Strips: white is closed, dark is open. Dashed lines are marks, dotted ones "
        "questions; what is wanted is 0 where nobody asks.",
    )


def _remembered(values: np.ndarray, marks: np.ndarray) -> np.ndarray:
    """The value at the last mark, 0 before the first."""
    last = np.maximum.accumulate(np.where(marks, np.arange(len(values)), -1))
    return np.where(last >= 0, values[last], 0)


def _wire(
    axes: Any, places: list[tuple[float, float]], color: str, width: float = 1.6, head: bool = True, label: str = ""
) -> None:
    """A line along `places`, with an arrow's head at the end and a label near its start."""
    line = places[:-1] if head else places  # the arrow draws the last part
    axes.plot(*zip(*line, strict=True), color=color, linewidth=width, solid_joinstyle="miter", zorder=1)
    if head:
        style = {"arrowstyle": "-|>", "color": color, "linewidth": width, "mutation_scale": 10 + 2 * width}
        axes.annotate("", places[-1], places[-2], arrowprops=style | {"shrinkA": 0, "shrinkB": 0}, zorder=1)
    if label:
        x, y = places[0]
        axes.text(x + 0.15, y + 0.3, f"${label}_t$", fontsize=17, color=color)


def _box(axes: Any, x: float, y: float, name: str, color: str, tanh: bool) -> None:
    """A box with its name and the curve it bends sums to."""
    from matplotlib.patches import FancyBboxPatch

    shape = FancyBboxPatch((x - 0.75, y - 0.6), 1.5, 1.2, boxstyle="round,pad=0.1", facecolor="white", edgecolor=color)
    shape.set_linewidth(1.8)
    axes.add_patch(shape)
    z = np.linspace(-1, 1, 50)
    curve = np.tanh(3 * z) if tanh else 0.5 + 0.5 * np.tanh(3 * z)
    axes.plot(x + 0.5 * z, y - 0.25 + 0.28 * curve, color=color, linewidth=1.6)
    axes.plot([x - 0.5, x + 0.5], [y - 0.25, y - 0.25], color=GRAY, linewidth=0.8)
    axes.text(x, y + 0.36, name, ha="center", va="center", fontsize=12, color=color)


def _frame(color: str) -> dict[str, Any]:
    return {"boxstyle": "round,pad=0.25", "facecolor": "white", "edgecolor": color, "linewidth": 1.6}
