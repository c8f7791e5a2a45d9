"""How gradients flow backward through time, and where they run into a wall."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from lstm_tutorial.plots.figure import GRAY, MODEL, RULES, STATE, TRUTH, legend, new_figure, show

COLORS = (MODEL, *RULES)


def unrolled() -> None:
    """Three steps of an LSTM side by side, and how the gradient goes back through them."""
    from matplotlib.figure import Figure
    from matplotlib.patches import FancyBboxPatch

    figure = Figure(figsize=(6, 3.4), layout="constrained")
    axes = figure.subplots()
    axes.set(xlim=(0, 12), ylim=(0, 6.6))
    axes.axis("off")
    for x, name in ((2.2, "t - 1"), (6, "t"), (9.8, "t + 1")):
        box = FancyBboxPatch((x - 1, 1.95), 2, 1.3, boxstyle="round,pad=0.2", facecolor="#f2f4f7", edgecolor=GRAY)
        axes.add_patch(box)
        axes.text(x, 2.6, f"step {name}", ha="center", va="center", fontsize=10)
        axes.text(x, 5.9, f"loss {name}", ha="center", va="center", fontsize=10, color=TRUTH)
        _arrow(axes, (x, 5.5), (x, 3.5), RULES[0])
        axes.text(x + 0.15, 4.6, "from h", fontsize=9, color=RULES[0])
        _arrow(axes, (x, 1.7), (x, 0.5), TRUTH)
        axes.text(x + 0.15, 0.75, "to x and the weights", fontsize=9, color=TRUTH)
    for x in (4.1, 7.9):
        _arrow(axes, (x + 0.65, 3.0), (x - 0.65, 3.0), STATE, width=3)
        _arrow(axes, (x + 0.65, 2.2), (x - 0.65, 2.2), MODEL)
        axes.text(x, 3.3, "dc", ha="center", fontsize=10, color=STATE)
        axes.text(x, 1.65, "dh", ha="center", fontsize=10, color=MODEL)
    show(
        figure,
        alt="Three boxes in a row, steps t - 1, t and t + 1. An arrow from a loss above each points down into it. From "
        "each box two arrows point left to the step before, one named dc and one named dh, and one points down to the "
        "input and the weights.",
        caption="The way back. What a step is told comes from two sides: from the loss on its own output, and through "
        "dc and dh from the step after it.",
    )


def _arrow(axes: Any, start: tuple[float, float], end: tuple[float, float], color: str, width: float = 1.6) -> None:
    style = {"arrowstyle": "-|>", "color": color, "linewidth": width, "mutation_scale": 14}
    axes.annotate("", xy=end, xytext=start, arrowprops=style)


def nudge_sizes(sizes: Sequence[float], differences: Sequence[float]) -> None:
    """How far a numerical gradient is from the exact one, by the size of the nudge."""
    figure, axes = new_figure(height=2.5)
    axes.loglog(sizes, differences, color=MODEL, marker="o", markersize=3.5)
    axes.set_xlabel("size of the nudge")
    axes.set_ylabel("relative difference")
    best = sizes[int(np.argmin(differences))]
    show(
        figure,
        alt=f"Relative difference between numerical and exact gradient against the size of the nudge, from "
        f"{min(sizes):.0e} to {max(sizes):.0e}, both axes logarithmic. It is smallest near {best:.0e}.",
        caption="How far the numerical gradient is from the exact one. A large nudge leaves the straight part of the "
        "curve, a small one drowns in rounding.",
    )


def gradient_flow(norms: Mapping[str, tuple[Sequence[float], Sequence[float]]]) -> None:
    """Sizes of dh and dc at each step, for a loss at the last one; `norms` maps a network's name to both."""
    figure, axes = new_figure(height=3.2)
    for color, (name, (dh, dc)) in zip(COLORS, norms.items(), strict=False):
        axes.semilogy(np.arange(1, len(dc) + 1), dc, color=color, linewidth=2, label=name)
        axes.semilogy(np.arange(1, len(dh) + 1), dh, color=color, linewidth=1, linestyle=":")
    axes.set_xlabel("time step")
    axes.set_ylabel("size of the gradient")
    legend(figure)
    steps = max(len(dc) for _, dc in norms.values())
    low, high = (pick(float(np.log10(dc[0])) for _, dc in norms.values()) for pick in (min, max))
    show(
        figure,
        alt=f"Size of the gradient at each of {steps} steps, logarithmic, for a loss at the last step and the networks "
        f"{', '.join(norms)}. At the first step it lies between 10 to the {low:.0f} and 10 to the {high:.0f}.",
        caption=f"Read from right to left: what is left of the blame for a mistake at step {steps}, in the state that "
        "each step starts from. Full lines: the gradient by c; dotted: by h.",
    )


def wall(
    places: Sequence[float],
    losses: Sequence[float],
    start: tuple[float, float],
    ends: Mapping[str, tuple[float, float]],
) -> None:
    """The loss along one weight, a place on it, and where steps from there end; points are (weight, loss)."""
    figure, axes = new_figure(height=2.8)
    axes.plot(places, losses, color=TRUTH, linewidth=1.6)
    axes.plot(*start, "o", color=TRUTH, markersize=7, label="start")
    for color, marker, (name, end) in zip(COLORS, "sD", ends.items(), strict=False):
        inside = min(max(end[0], min(places)), max(places)), end[1]
        beyond = "" if inside[0] == end[0] else f" (at {end[0]:.0f})"
        axes.plot(*inside, marker, color=color, markersize=8, label=f"{name}{beyond}", clip_on=False)
    axes.set_xlabel("bias")
    axes.set_ylabel("loss")
    legend(figure)
    show(
        figure,
        alt=f"Loss against one bias from {min(places):g} to {max(places):g}: two almost flat parts with a steep wall "
        f"between them. A dot on the wall marks the start; from there {' and '.join(ends)}.",
        caption="The loss of a one-unit network along its bias, and one step of descent from a place on the wall. A "
        "step that ends outside the picture is drawn at its edge.",
    )
