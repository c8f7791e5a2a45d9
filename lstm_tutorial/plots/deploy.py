"""A forecast with its intervals, and how a forecaster fares as time goes by."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from lstm_tutorial.plots.figure import (
    GRAY,
    MODEL,
    RULES,
    SIZE,
    TRUTH,
    as_text,
    date_axis,
    enlarge,
    legend,
    new_figure,
    show,
)
from lstm_tutorial.plots.forecasting import label

if TYPE_CHECKING:
    import pandas as pd


def fan(
    history: pd.Series, ahead: np.ndarray, mean: np.ndarray, bounds: Mapping[float, tuple[np.ndarray, np.ndarray]]
) -> None:
    """The end of a series, the forecast after it, and a band for each level of `bounds` (lower and upper ends).

    `ahead` (horizon,) are times, or places after the end where the series has none.
    """
    figure, axes = new_figure(height=3.9)
    steps = ahead if hasattr(history.index, "year") else history.index[-1] + ahead
    x = np.concatenate([history.index[-1:].to_numpy(), np.asarray(steps)])
    now = history.iloc[-1:].to_numpy()
    axes.plot(history.index, history.to_numpy(), color=TRUTH, linewidth=1, label="known")
    for alpha, (level, ends) in zip((0.3, 0.15, 0.08), sorted(bounds.items()), strict=False):
        lower, upper = (np.concatenate([now, end]) for end in ends)
        axes.fill_between(x, lower, upper, color=MODEL, alpha=alpha, linewidth=0, label=f"{level:.0%}")
    axes.plot(x, np.concatenate([now, mean]), color=MODEL, linewidth=1.4, label="forecast")
    axes.set_ylabel(as_text(label(history)))
    date_axis(axes, history.index)
    enlarge(axes)
    legend(figure, SIZE)
    levels = " and ".join(f"{level:.0%}" for level in sorted(bounds))
    steps = f"{len(mean)} steps" if len(mean) > 1 else "step"
    show(
        figure,
        alt=f"Line chart of the last {len(history)} known values of {history.name}, the forecast of the {steps} "
        f"after them, and around it bands that should hold {levels} of the values.",
        caption=f"The forecast of the next {steps}. The bands should hold {levels} of the values.",
    )


def health(
    names: Sequence[str],
    coverage: Mapping[str, Sequence[float]],
    level: float,
    amiss: float,
    marked: Sequence[bool],
    drift: Mapping[str, Sequence[float]],
    limit: float,
) -> None:
    """Month by month (or what `names` are), the share of values inside some intervals and the drift of some inputs.

    Shares more than `amiss` from `level` are amiss. A ring is drawn around those of the first intervals that are
    `marked`.
    """
    figure, (above, below) = new_figure(height=6, ratios=(1, 1))
    place = np.arange(len(names))
    shares, *_ = coverage.values()
    above.axhline(level, color=GRAY, linewidth=0.8)
    for edge in (level - amiss, level + amiss):
        above.axhline(edge, color=GRAY, linewidth=0.8, linestyle="--")
    above.plot(place[[*marked]], np.asarray(shares)[[*marked]], "o", color=RULES[0], fillstyle="none", markersize=14)
    for color, (name, values) in zip((MODEL, RULES[1]), coverage.items(), strict=False):
        above.plot(place, values, color=color, marker="o", markersize=4, linewidth=1.3, label=name)
    above.yaxis.set_major_formatter(lambda share, _: f"{share:.0%}")
    above.set_title(f"inside the {level:.0%} intervals", fontsize=SIZE, loc="left")
    for color, (name, values) in zip((TRUTH, RULES[0]), drift.items(), strict=False):
        below.plot(place, values, color=color, marker="o", markersize=4, linewidth=1.3, label=name)
    below.axhline(limit, color=GRAY, linewidth=0.8, linestyle="--")
    below.set_yscale("symlog", linthresh=limit)
    below.set_ylim(bottom=0)
    below.set_yticks([0, limit, 1, 10], ["0", f"{limit:g}", "1", "10"])
    below.set_title("stability index", fontsize=SIZE, loc="left")
    below.set_xticks(place, names)
    for axes in (above, below):
        enlarge(axes)
        axes.legend(
            loc="lower left",
            bbox_to_anchor=(0.42, 0.98),
            ncols=2,
            fontsize=SIZE,
            frameon=False,
            borderpad=0,
            columnspacing=1,
            handlelength=1,
        )
    ranges = "; ".join(f"{name}: {min(values):.0%} to {max(values):.0%}" for name, values in coverage.items())
    ringed = ", ".join(name for name, mark in zip(names, marked, strict=True) if mark) or "none"
    show(
        figure,
        alt=f"Two panels over {names[0]} to {names[-1]}. Above, the share of values inside the {level:.0%} intervals "
        f"({ranges}); ringed: {ringed}. Below, the population stability index of {' and '.join(drift)}.",
        caption=f"Above: what the {level:.0%} intervals held; dashed, {100 * amiss:.0f} points less and more; ringed, "
        f"the months in which the rule calls the fixed ones amiss. Below: how far inputs drifted; dashed, {limit:g}, "
        "above which it counts as drift. That axis is linear up to there and logarithmic above.",
    )
