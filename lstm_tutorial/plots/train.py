"""How training went: learning rates, and what each choice was worth over seeds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from lstm_tutorial.plots.figure import BARS, GRAY, MODEL, RULES, SIZE, enlarge, legend, new_figure, scale_losses, show

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def rate_sweep(rates: Sequence[float], losses: Sequence[float], smooth: Sequence[float], suggested: float) -> None:
    """The loss of each batch against the learning rate of its update, its average, and the rate suggested."""
    figure, axes = new_figure(height=3.2)
    top = 4 * float(losses[0])
    axes.plot(rates, np.fmin(losses, top), color=BARS, linewidth=0.9, label="each batch")
    axes.plot(rates, np.fmin(smooth, top), color=MODEL, linewidth=1.6, label="smoothed")
    axes.axvline(suggested, color=RULES[0], linestyle=":", label="suggested")
    axes.set_xscale("log")
    scale_losses(axes)
    axes.set_xlabel("learning rate")
    axes.set_ylabel("mean squared error")
    enlarge(axes)
    legend(figure, SIZE)
    show(
        figure,
        alt=f"Loss of one batch after another while the learning rate grows from {min(rates):.2g} to {max(rates):.2g}, "
        f"both on logarithmic axes, with a smoothed curve; a dotted line marks the suggested rate {suggested:.2g}.",
        caption=f"{len(rates)} updates, each with a larger learning rate than the one before; both axes are "
        f"logarithmic. The dotted line is at {suggested:.2g}, a tenth of the rate at which the smoothed loss is "
        f"lowest.",
    )


def rate_race(scores: Mapping[str, Mapping[float, Sequence[float]]]) -> None:
    """What each optimizer reached at each learning rate, a share of the first loss for each seed: a row for each rate.

    `scores` maps optimizers to rates, and these to shares.
    """
    figure, axes = new_figure(height=0.8 + 0.33 * sum(len(rates) + 0.6 for rates in scores.values()))
    places: dict[float, str] = {}
    for name, rates in scores.items():
        top = min(places, default=0.6) - 1.6
        for row, (rate, values) in enumerate(rates.items()):
            places[top - row] = f"{name}   {rate:.2g}" if row == 0 else f"{rate:.2g}"
            _draw_row(axes, top - row, values)
    every = [values for rates in scores.values() for values in rates.values()]
    _finish_rows(axes, places, every, "lowest validation loss, a share of the first")
    axes.set_ylabel("learning rate", fontsize=SIZE)
    show(
        figure,
        alt=f"Lowest validation loss, as a share of the first, of {', '.join(scores)}: for each a row for each of its "
        f"learning rates, with a dot for each of {_seeds(every)} seeds and a mark at their mean.",
        caption=f"The lowest validation loss of each run as a share of that before training: optimizers, their "
        f"learning rates and {_seeds(every)} seeds. At 1 nothing was gained. The upright marks are means, the gray "
        f"line the lowest of them.",
    )


def seed_scores(scores: Mapping[str, Sequence[float]], label: str, unit: str = "") -> None:
    """A row for each choice: a dot for each seed and a bar at their mean."""
    figure, axes = new_figure(height=0.8 + 0.36 * len(scores))
    every = list(scores.values())
    for row, values in enumerate(every):
        _draw_row(axes, -row, values)
    places = {-float(row): name for row, name in enumerate(scores)}
    _finish_rows(axes, places, every, f"{label} ({unit})" if unit else label)
    show(
        figure,
        alt=f"{label} of {', '.join(scores)}: a row each, a dot for each of {_seeds(every)} seeds and a mark at their "
        f"mean.",
        caption=f"{label} over {_seeds(every)} seeds; smaller is better, and the axis does not begin at zero. The "
        f"upright marks are means, the gray line the lowest of them.",
    )


def _draw_row(axes: Axes, place: float, values: Sequence[float]) -> None:
    axes.plot(values, [place] * len(values), "o", color=MODEL, markersize=5, alpha=0.7)
    axes.plot(np.mean(values), place, "|", color=RULES[0], markersize=15, markeredgewidth=2)


def _finish_rows(axes: Axes, places: Mapping[float, str], every: Sequence[Sequence[float]], label: str) -> None:
    axes.axvline(min(float(np.mean(values)) for values in every), color=GRAY, linewidth=0.7)
    axes.set_yticks(list(places), list(places.values()))
    axes.set_ylim(min(places) - 0.5, max(places) + 0.5)
    axes.locator_params(axis="x", nbins=6)
    axes.set_xlabel(label)
    enlarge(axes)


def _seeds(every: Sequence[Sequence[float]]) -> int:
    return max(len(values) for values in every)
