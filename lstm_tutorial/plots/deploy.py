"""A forecast with its intervals, and how a forecaster fares as time goes by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from lstm_tutorial.plots.figure import GRAY, MODEL, RULES, TRUTH, legend, new_figure, show
from lstm_tutorial.plots.forecasting import label

if TYPE_CHECKING:
    import pandas as pd


def fan(
    history: pd.Series, ahead: np.ndarray, mean: np.ndarray, bounds: Mapping[float, tuple[np.ndarray, np.ndarray]]
) -> None:
    """The end of a series, the forecast after it, and a band for each level of `bounds` (lower and upper ends).

    `ahead` (horizon,) are times, or places after the end where the series has none.
    """
    figure, axes = new_figure()
    steps = ahead if hasattr(history.index, "year") else history.index[-1] + ahead
    x = np.concatenate([history.index[-1:].to_numpy(), np.asarray(steps)])
    now = history.iloc[-1:].to_numpy()
    axes.plot(history.index, history.to_numpy(), color=TRUTH, linewidth=1, label="known")
    for alpha, (level, ends) in zip((0.3, 0.15, 0.08), sorted(bounds.items()), strict=False):
        lower, upper = (np.concatenate([now, end]) for end in ends)
        axes.fill_between(x, lower, upper, color=MODEL, alpha=alpha, linewidth=0, label=f"{level:.0%}")
    axes.plot(x, np.concatenate([now, mean]), color=MODEL, linewidth=1.4, label="forecast")
    axes.set_ylabel(label(history))
    axes.tick_params(axis="x", rotation=20)
    legend(figure)
    levels = " and ".join(f"{level:.0%}" for level in sorted(bounds))
    show(
        figure,
        alt=f"Line chart of the last {len(history)} known values of {history.name}, the forecast of the {len(mean)} "
        f"steps after them, and around it bands that should hold {levels} of the values.",
        caption=f"The forecast of the next {len(mean)} steps. The bands should hold {levels} of the values.",
    )


def health(
    names: Sequence[str], coverage: Sequence[float], level: float, drift: Mapping[str, Sequence[float]], limit: float
) -> None:
    """Month by month (or what `names` are), the share of values inside the intervals and the drift of some inputs."""
    figure, (above, below) = new_figure(height=4.2, ratios=(1, 1))
    place = np.arange(len(names))
    above.plot(place, coverage, color=MODEL, marker="o", markersize=4, label=f"inside the {level:.0%} intervals")
    above.axhline(level, color=GRAY, linewidth=0.8)
    above.set_ylabel("share")
    for color, (name, values) in zip((TRUTH, *RULES), drift.items(), strict=False):
        below.plot(place, values, color=color, marker="o", markersize=3, linewidth=1, label=f"drift of {name}")
    below.axhline(limit, color=GRAY, linewidth=0.8, linestyle=":")
    below.set_yscale("symlog", linthresh=limit)
    below.set_yticks([0, limit, 1, 10], ["0", f"{limit:g}", "1", "10"])
    below.set_ylabel("stability index")
    below.set_xticks(place, names)
    legend(figure)
    worst = int(np.argmin(coverage))
    show(
        figure,
        alt=f"Two panels over {names[0]} to {names[-1]}. Above, the share of values inside the {level:.0%} intervals, "
        f"between {min(coverage):.0%} and {max(coverage):.0%}, lowest in {names[worst]}. Below, the population "
        f"stability index of {' and '.join(drift)} on an axis that is logarithmic above {limit:g}.",
        caption=f"What intervals held (the line marks the {level:.0%} that they should) and how far inputs drifted; "
        f"an index above the dotted line, {limit:g}, counts as drift.",
    )
