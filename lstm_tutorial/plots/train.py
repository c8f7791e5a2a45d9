"""How training went: learning rates, and what each choice was worth over seeds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from lstm_tutorial.plots.figure import BARS, GRAY, MODEL, RULES, legend, new_figure, show


def rate_sweep(rates: Sequence[float], losses: Sequence[float], smooth: Sequence[float], suggested: float) -> None:
    """The loss of each batch against the learning rate of its update, its average, and the rate suggested."""
    figure, axes = new_figure(height=2.7)
    top = float(losses[0]) * 1.6
    axes.plot(rates, np.minimum(losses, top), color=BARS, linewidth=0.7, label="each batch")
    axes.plot(rates, np.minimum(smooth, top), color=MODEL, linewidth=1.4, label="smoothed")
    axes.axvline(suggested, color=RULES[0], linestyle=":", label="suggested")
    axes.set_xscale("log")
    axes.set_ylim(0, top)
    axes.set_xlabel("learning rate")
    axes.set_ylabel("mean squared error")
    legend(figure)
    show(
        figure,
        alt=f"Loss of one batch after another while the learning rate grows from {min(rates):.2g} to {max(rates):.2g}, "
        f"on a logarithmic axis, with a smoothed curve; a dotted line marks the suggested rate {suggested:.2g}.",
        caption=f"{len(rates)} updates, each with a larger learning rate than the one before. The dotted line is at "
        f"{suggested:.2g}, a tenth of the rate at which the smoothed loss is lowest.",
    )


def seed_scores(scores: Mapping[str, Sequence[float]], label: str, unit: str = "") -> None:
    """A row for each choice: a dot for each seed and a bar at their mean."""
    figure, axes = new_figure(height=0.7 + 0.32 * len(scores))
    for row, values in enumerate(scores.values()):
        axes.plot(values, [-row] * len(values), "o", color=MODEL, markersize=4, alpha=0.7)
        axes.plot(np.mean(values), -row, "|", color=RULES[0], markersize=15, markeredgewidth=2)
    axes.axvline(min(np.mean(values) for values in scores.values()), color=GRAY, linewidth=0.7)
    axes.set_yticks([-row for row in range(len(scores))], list(scores))
    axes.set_ylim(0.5 - len(scores), 0.5)
    axes.set_xlabel(f"{label} ({unit})" if unit else label)
    seeds = max(len(values) for values in scores.values())
    show(
        figure,
        alt=f"{label} of {', '.join(scores)}: a row each, a dot for each of {seeds} seeds and a mark at their mean.",
        caption=f"{label} over {seeds} seeds; smaller is better. The upright marks are means, the gray line the "
        "lowest of them.",
    )
