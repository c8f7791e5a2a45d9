"""How good a forecast is: forecasts with their intervals, errors by step ahead, lags, and a scoreboard."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from lstm_tutorial.plots.figure import BARS, GRAY, MODEL, PALE, RULES, TRUTH, legend, new_figure, show
from lstm_tutorial.plots.forecasting import label

if TYPE_CHECKING:
    import pandas as pd

Interval = tuple[np.ndarray, np.ndarray]


def intervals(
    series: pd.Series, first: np.ndarray, forecast: np.ndarray, ends: Mapping[float, Interval], last: int = 10
) -> None:
    """The last forecasts (n, horizon) that don't overlap, with their intervals by level, and what came true.

    `first` (n,) are the rows of the first values that they forecast.
    """
    horizon = forecast.shape[1]
    chosen = [len(first) - 1]
    while len(chosen) < max(last, 60 // horizon):
        earlier = np.flatnonzero(first <= first[chosen[-1]] - horizon)
        if not len(earlier):
            break
        chosen.append(int(earlier[-1]))
    chosen = chosen[::-1]
    rows = (first[chosen][:, None] + np.arange(horizon)).ravel()
    figure, axes = new_figure(height=3.1)
    shown = series.iloc[rows[0] : rows[-1] + 1]
    steps = series.index[rows]
    tones = ("#a9cbe8", "#d6e6f4")
    for tone, (level, (low, high)) in reversed(list(zip(tones, sorted(ends.items()), strict=False))):
        for number, (a, b) in enumerate(_blocks(len(chosen), horizon)):
            name = f"{level:.0%} interval" if number == 0 else None
            between = low[chosen].ravel()[a:b], high[chosen].ravel()[a:b]
            axes.fill_between(steps[a:b], *between, color=tone, linewidth=0, label=name)
    for number, (a, b) in enumerate(_blocks(len(chosen), horizon)):
        name = "forecast" if number == 0 else None
        axes.plot(steps[a:b], forecast[chosen].ravel()[a:b], color=MODEL, linewidth=1.3, label=name)
    axes.plot(
        shown.index, shown.to_numpy(), color=TRUTH, linewidth=1, marker="." if horizon == 1 else "", label="truth"
    )
    axes.set_ylabel(label(series))
    axes.tick_params(axis="x", labelrotation=20)
    legend(figure)
    made = f"{len(chosen)} forecasts of {horizon} steps" if horizon > 1 else f"{len(chosen)} forecasts one step ahead"
    names = " and ".join(f"{level:.0%}" for level in sorted(ends))
    show(
        figure,
        alt=f"Line chart of the end of {label(series)}: {made}, each behind the other, in blue, with shaded {names} "
        "intervals around them, and the values that came true as a dark line.",
        caption=f"The last {made} of the test part, with {names} intervals, and what came true.",
    )


def errors_by_step(errors: Mapping[str, np.ndarray], score: str, unit: str = "") -> None:
    """A score for each step ahead (horizon,), a line for each forecast."""
    figure, axes = new_figure()
    errors = {name: np.asarray(values) for name, values in errors.items()}
    horizon = len(next(iter(errors.values())))
    colors = (MODEL, *RULES, GRAY)
    for color, (name, values) in zip(colors, errors.items(), strict=False):
        axes.plot(np.arange(1, horizon + 1), values, color=color, marker="o", markersize=3, linewidth=1.3, label=name)
    axes.set_ylim(bottom=0)
    axes.set_xlabel("steps ahead")
    axes.set_ylabel(f"{score} ({unit})" if unit else score)
    legend(figure)
    blend = next(iter(errors))
    ends = f"{errors[blend][0]:.3g} one step ahead and {errors[blend][-1]:.3g} at the last step"
    show(
        figure,
        alt=f"{score} by step ahead, 1 to {horizon}, a line each for {', '.join(errors)}. That of {blend} is {ends}.",
        caption=f"{score} on the test part by step ahead; smaller is better.",
    )


def lags(found: Mapping[str, np.ndarray]) -> None:
    """The lag at which each forecast correlates best with the truth, by step ahead."""
    figure, axes = new_figure(height=2.6)
    ahead = np.arange(1, len(next(iter(found.values()))) + 1)
    axes.plot(ahead, ahead, color=PALE, linewidth=5, label="a copy of the last value")
    markers = ("o", "s", "^")
    for color, marker, (name, values) in zip((MODEL, RULES[0], RULES[1]), markers, found.items(), strict=False):
        axes.plot(ahead, values, color=color, marker=marker, markersize=4, linewidth=0.8, label=name)
    axes.set_xlabel("steps ahead")
    axes.set_ylabel("best lag")
    legend(figure)
    said = "; ".join(f"{name} {np.min(values)} to {np.max(values)}" for name, values in found.items())
    show(
        figure,
        alt=f"Lag of the truth with which a forecast correlates best, by step ahead: {said}. A copy of the last value "
        "would lie on the pale diagonal.",
        caption="How late each forecast is: 0 is in time, the diagonal is a copy of the last known value.",
    )


def scoreboard(board: pd.DataFrame) -> None:
    """The blend's RMSE as a share of the best other's, a dot for each series, the largest loss on top."""
    figure, axes = new_figure(height=0.9 + 0.36 * len(board))
    colors = {"better": MODEL, "worse": RULES[0]}
    rows = np.arange(len(board))[::-1]
    for row, (_, entry) in zip(rows, board.iterrows(), strict=True):
        verdict = str(entry["the blend is"])
        axes.plot([1, entry["ratio"]], [row, row], color=BARS, linewidth=2)
        axes.plot(entry["ratio"], row, "o", color=colors.get(verdict, GRAY), markersize=8)
        text = f"{entry['ratio']:.3f}, {verdict}"
        axes.annotate(text, (entry["ratio"], row), (0, 7), textcoords="offset points", ha="center", fontsize=8)
    axes.axvline(1, color=TRUTH, linewidth=0.8)
    others = [f"{name}\nbeside {other}" for name, other in zip(board.index, board["best other"], strict=True)]
    axes.set_yticks(rows, others, fontsize=8)
    axes.set_ylim(-0.6, len(board) - 0.3)
    axes.margins(x=0.15)
    axes.set_xlabel("RMSE of the blend / RMSE of the best other (left of 1: the blend is better)")
    said = "; ".join(f"{name} {ratio:.2f}" for name, ratio in board["ratio"].items())
    show(
        figure,
        alt=f"RMSE of the blend divided by that of the best other forecast, a dot for each series: {said}.",
        caption="The blend beside the best of the others on each series, losses first. Gray: the difference is within "
        "chance, or there are too few windows to tell.",
    )


def _blocks(count: int, horizon: int) -> list[tuple[int, int]]:
    """Where each forecast starts and ends; forecasts of one step are one line."""
    if horizon == 1:
        return [(0, count)]
    return [(start, start + horizon) for start in range(0, count * horizon, horizon)]
