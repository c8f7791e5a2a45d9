"""How good a forecast is: forecasts with their intervals, errors by step ahead, lags, and a scoreboard."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import numpy as np

from lstm_tutorial.plots.figure import (
    BARS,
    GRAY,
    MODEL,
    PALE,
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
            name = f"{level:.0%}" if number == 0 else None
            between = low[chosen].ravel()[a:b], high[chosen].ravel()[a:b]
            axes.fill_between(steps[a:b], *between, color=tone, linewidth=0, label=name)
    for number, (a, b) in enumerate(_blocks(len(chosen), horizon)):
        name = "forecast" if number == 0 else None
        axes.plot(steps[a:b], forecast[chosen].ravel()[a:b], color=MODEL, linewidth=1.3, label=name)
    axes.plot(
        shown.index, shown.to_numpy(), color=TRUTH, linewidth=1, marker="." if horizon == 1 else "", label="truth"
    )
    axes.set_ylabel(as_text(label(series)))
    date_axis(axes, series.index)
    enlarge(axes)
    legend(figure, SIZE)
    made = f"{len(chosen)} forecasts of {horizon} steps" if horizon > 1 else f"{len(chosen)} forecasts one step ahead"
    names = " and ".join(f"{level:.0%}" for level in sorted(ends))
    outside, truth = "", series.to_numpy()[rows]
    for level in sorted(ends)[:1]:
        low, high = (end[chosen].ravel() for end in ends[level])
        most = _longest((truth < low) | (truth > high))
        many = f"{most} values in a row lie" if most != 1 else "1 value in a row lies"
        outside = f" At most {many} outside the {level:.0%} interval."
    show(
        figure,
        alt=f"Line chart of the end of {label(series)}: {made}, each behind the other, in blue, with shaded {names} "
        f"intervals around them, and the values that came true as a dark line.{outside}",
        caption=f"The last {made} of the test part that don't overlap, with {names} intervals, and what came "
        f"true.{outside}",
    )


def errors_by_step(errors: Mapping[str, np.ndarray], rule: str, score: str) -> None:
    """A score for each step ahead (horizon,) divided by that of the `rule`, a line for each of the other forecasts."""
    figure, axes = new_figure()
    shares = {name: np.asarray(values) / np.asarray(errors[rule]) for name, values in errors.items()}
    ahead = np.arange(1, len(shares[rule]) + 1)
    axes.axhline(1, color=TRUTH, linewidth=0.8, label=rule)
    others = [name for name in shares if name != rule]
    for color, name in zip((MODEL, *RULES), others, strict=False):
        axes.plot(ahead, shares[name], color=color, marker="o", markersize=3, linewidth=1.3, label=name)
    axes.set_xlabel("steps ahead")
    axes.set_ylabel(f"{score} / {score} of\n{rule}")
    enlarge(axes)
    legend(figure, SIZE if len("".join(shares)) < 34 else 9)  # four long names are too wide
    ends = "; ".join(f"{name} {shares[name][0]:.2f} and {shares[name][-1]:.2f}" for name in others)
    show(
        figure,
        alt=f"{score} by step ahead, 1 to {len(ahead)}, as a share of that of {rule}, a line for each forecast. One "
        f"step ahead and at the last step: {ends}.",
        caption=f"{score} on the test part by step ahead, as a share of that of {rule}; below 1 is better.",
    )


def lags(found: Mapping[str, np.ndarray]) -> None:
    """The lag at which each forecast correlates best with the truth, by step ahead."""
    figure, axes = new_figure(height=2.6)
    ahead = np.arange(1, len(next(iter(found.values()))) + 1)
    axes.plot(ahead, ahead, color=PALE, linewidth=5, label="copy of the last value")
    markers = ("o", "s", "^")
    for color, marker, (name, values) in zip((MODEL, RULES[0], RULES[1]), markers, found.items(), strict=False):
        axes.plot(ahead, values, color=color, marker=marker, markersize=4, linewidth=0.8, label=name)
    axes.set_xlabel("steps ahead")
    axes.set_ylabel("best lag")
    enlarge(axes)
    legend(figure, SIZE)
    said = "; ".join(f"{name} {np.min(values)} to {np.max(values)}" for name, values in found.items())
    show(
        figure,
        alt=f"Lag of the truth with which a forecast correlates best, by step ahead: {said}. A copy of the last value "
        "would lie on the pale diagonal.",
        caption="How late each forecast is: 0 is in time, the diagonal is a copy of the last known value.",
    )


def scoreboard(board: pd.DataFrame, close: float = 0.0) -> None:
    """The blend's RMSE as a share of the best other's, a dot for each series, the largest loss on top.

    A lead below the share `close` gets no color.
    """
    figure, axes = new_figure(height=0.9 + 0.5 * len(board))
    rows = np.arange(len(board))[::-1]
    for row, (_, entry) in zip(rows, board.iterrows(), strict=True):
        verdict, ratio = str(entry["the blend is"]), float(entry["ratio"])
        ahead = verdict == "better" and ratio <= 1 - close
        color = MODEL if ahead else RULES[0] if verdict == "worse" else GRAY
        axes.plot([1, ratio], [row, row], color=BARS, linewidth=2)
        axes.plot(ratio, row, "o", color=color, markersize=8)
        side, place = ("right", -7) if ratio < 1 else ("left", 7)  # where no line runs through the words
        text = f"{ratio:.3f}, {verdict}"
        axes.annotate(
            text, (ratio, row), (place, 0), textcoords="offset points", ha=side, va="center_baseline", fontsize=SIZE
        )
    axes.axvline(1, color=TRUTH, linewidth=0.8, zorder=0)
    others = [f"{name}\nbeside {other}" for name, other in zip(board.index, board["best other"], strict=True)]
    axes.set_yticks(rows, others)
    axes.set_ylim(-0.6, len(board) - 0.4)
    axes.margins(x=0.75)
    axes.set_xlabel("RMSE of the blend / RMSE of the best other")
    enlarge(axes)
    said = "; ".join(f"{name} {ratio:.3f}" for name, ratio in board["ratio"].items())
    little = f" is below {close:.0%}," if close else " is"
    show(
        figure,
        alt=f"RMSE of the blend divided by that of the best other forecast, a dot for each series: {said}.",
        caption="The blend beside the best of the others on each series, losses first; left of 1 the blend is ahead. "
        f"Gray: the lead{little} within chance, or there are too few windows to tell.",
    )


def _longest(marked: np.ndarray) -> int:
    """The length of the longest run of True."""
    runs = np.split(marked, np.flatnonzero(np.diff(marked)) + 1)
    return max((int(run.sum()) for run in runs), default=0)


def _blocks(count: int, horizon: int) -> list[tuple[int, int]]:
    """Where each forecast starts and ends; forecasts of one step are one line."""
    if horizon == 1:
        return [(0, count)]
    return [(start, start + horizon) for start in range(0, count * horizon, horizon)]
