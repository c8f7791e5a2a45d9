"""What each step toward the fast layer buys."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from lstm_tutorial.plots.figure import MODEL, new_figure, show


def speed_steps(milliseconds: Mapping[str, float]) -> None:
    """The same work in several ways, the slowest first, as bars; how many times as fast as the first each one is."""
    names, values = list(milliseconds), np.array(list(milliseconds.values()))
    figure, axes = new_figure(height=0.6 + 0.36 * len(names))
    axes.barh(names[::-1], values[::-1], color=[MODEL, *["#b8c2cc"] * (len(names) - 1)], height=0.65)
    for place, (value, gain) in enumerate(zip(values[::-1], values[0] / values[::-1], strict=True)):
        axes.text(value, place, f" {value:.2g} ms, {gain:.1f}×", va="center", fontsize=9)
    axes.set_xlabel("milliseconds for one forward pass")
    axes.margins(x=0.25)
    show(
        figure,
        alt=f"Bar chart of the time of one forward pass in {len(names)} versions, from {names[0]} to {names[-1]}; each "
        f"bar says how many times as fast as the first it is.",
        caption=f"One forward pass in {len(names)} versions with the same result; the factor is against the first.",
    )
