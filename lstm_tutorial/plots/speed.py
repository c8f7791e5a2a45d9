"""What each step toward the fast layer buys."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from lstm_tutorial.plots.figure import BARS, MODEL, RULES, TRUTH, new_figure, show


def speed_steps(milliseconds: Mapping[str, float]) -> None:
    """The same work in several ways, the slowest first, as bars; how many times as fast as the first each one is."""
    names, values = list(milliseconds), np.array(list(milliseconds.values()))
    figure, axes = new_figure(height=0.6 + 0.36 * len(names))
    axes.barh(names[::-1], values[::-1], color=[MODEL, *[BARS] * (len(names) - 1)], height=0.65)
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


def speed_ratios(rows: Sequence[Mapping[str, Any]]) -> None:
    """Comparisons from the benchmark, each a bar on a logarithmic axis: right of 1, NumPy is faster."""
    figure, axes = new_figure(height=0.8 + 0.21 * len(rows))
    ratios = np.array([row["ratio"] for row in rows])[::-1]
    names = [f"{row['part']}, {','.join(map(str, row['shape']))}: {row['other']}" for row in rows][::-1]
    axes.barh(range(len(rows)), ratios - 1, left=1, color=np.where(ratios > 1, MODEL, RULES[0]), height=0.7)
    axes.set_xscale("log")
    axes.axvline(1, color=TRUTH, linewidth=0.8)
    for place, ratio in enumerate(ratios):
        side = "left" if ratio > 1 else "right"
        axes.text(ratio, place, f" {ratio:.0f} " if ratio >= 10 else f" {ratio:.2g} ", va="center", ha=side, fontsize=8)
    axes.set_yticks(range(len(rows)), names, fontsize=8)
    axes.margins(x=0.12, y=0.01)
    axes.set_xlabel("the other side's time over NumPy's")
    show(
        figure,
        alt=f"Bar chart of {len(rows)} ratios of times, between {ratios.min():.2g} and {ratios.max():.3g}; in "
        f"{(ratios > 1).sum()} of them NumPy is the faster side.",
        caption="The other side's time over NumPy's; blue bars, right of 1: NumPy is faster.",
    )
