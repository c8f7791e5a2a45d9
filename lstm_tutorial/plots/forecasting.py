"""A series, its windows, its forecasts and their scores."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from lstm_tutorial.numbers import write_number
from lstm_tutorial.plots.figure import (
    BARS,
    MODEL,
    RULES,
    SIZE,
    TRUTH,
    as_text,
    date_axis,
    enlarge,
    legend,
    new_figure,
    scale_losses,
    show,
)

if TYPE_CHECKING:
    import pandas as pd


SHADES = {"training": "#e8eef4", "validation": "#fbe9cf", "test": "#e3f1dc"}


def series(data: pd.Series, ends: Sequence[int]) -> None:
    """A whole series, with its training, validation and test part shaded; each ends before a place in `ends`."""
    import matplotlib.dates as mdates

    figure, axes = new_figure()
    axes.plot(data.index, data.to_numpy(), color=TRUTH, linewidth=0.9 if len(data) < 5000 else 0.4)
    dates = mdates.date2num(data.index) if hasattr(data.index, "year") else data.index
    for (name, shade), (start, end) in zip(SHADES.items(), pairwise((0, *ends)), strict=True):
        axes.axvspan(float(dates[start]), float(dates[end - 1]), color=shade, label=f"{name} ({end - start})")
    axes.set_ylabel(as_text(label(data)))
    date_axis(axes, data.index)
    legend(figure)
    span = f"{_when(data.index[0])} to {_when(data.index[-1])}"
    show(
        figure,
        alt=f"Line chart of {data.name}, {len(data)} values from {span}, between {write_number(data.min())} and "
        f"{write_number(data.max())}; three shaded parts follow each other in time: training, validation, test.",
        caption=f"The series and its three parts, in order of time: {span}.",
    )


def windows(values: np.ndarray, timesteps: int, horizon: int = 1, unit: str = "") -> None:
    """The first four windows of a series, each a row: what goes in, what is to come out."""
    figure, axes = new_figure(height=3.3, ratios=(3, 2))
    above, below = axes
    shown = min(len(values), timesteps + horizon + 3)
    place = np.arange(shown)
    above.plot(place, values[:shown], color=TRUTH, marker="o", markersize=3, linewidth=0.9)
    above.set_ylabel(unit)
    for row in range(4):
        names = ("input", "target") if row == 0 else ("", "")
        below.barh(-row, timesteps - 0.4, left=row - 0.3, color=MODEL, label=names[0])
        below.barh(-row, horizon - 0.4, left=row + timesteps - 0.3, color=RULES[0], label=names[1])
    below.set_yticks([0, -1, -2, -3], ["1", "2", "3", "4"])
    below.set_ylabel("window")
    below.set_xlabel("step")
    legend(figure)
    show(
        figure,
        alt=f"The first {shown} values of the series as a line; below it four bars, each {timesteps} steps long and "
        f"shifted by one step, followed by a short bar of {horizon} step: four windows and their targets.",
        caption=f"The first four windows: {timesteps} values in, the next {horizon} out, then one step on.",
    )


def learning_curve(history: Mapping[str, Sequence[float]], best_epoch: int, start: float | None = None) -> None:
    """Training and validation loss by epoch, and the epoch whose weights were kept.

    With `start`, the validation loss before the first epoch, that too, and larger type. The training loss is the mean
    during an epoch, so then it is drawn at the middle of it.
    """
    figure, axes = new_figure(height=2.6 if start is None else 3)
    epochs = np.arange(1, len(history["loss"]) + 1)
    known = start is not None
    axes.plot(epochs - 0.5 * known, history["loss"], color=TRUTH, label="training")
    after = [start, *history["val_loss"]] if known else history["val_loss"]
    axes.plot(np.arange(len(after)) + (not known), after, color=RULES[0], label="validation")
    axes.axvline(best_epoch, color=MODEL, linestyle=":", label="weights kept")
    scale_losses(axes)
    axes.set_xlabel("epoch")
    axes.set_ylabel("mean squared error")
    if known:
        enlarge(axes)
    legend(figure, SIZE if known else 9)
    show(
        figure,
        alt="Two curves of mean squared error by epoch, training and validation, on a logarithmic axis; a dotted line "
        "marks the epoch with the lowest validation error, whose weights were kept.",
        caption="Losses in scaled units, on a logarithmic axis: on training windows the mean during each epoch, on "
        f"validation windows after it. The weights kept are those after epoch {best_epoch}.",
    )


def forecasts(truth: pd.Series, forecast: Mapping[str, np.ndarray], last: int = 60) -> None:
    """The end of a series and forecasts of each of its values, one step ahead; arrays as long as the series."""
    figure, axes = new_figure()
    shown = truth.iloc[-last:]
    axes.plot(shown.index, shown.to_numpy(), color=TRUTH, marker="o", markersize=2.5, linewidth=1, label="truth")
    for color, (name, values) in zip((MODEL, *RULES), forecast.items(), strict=False):
        axes.plot(shown.index, np.ravel(values)[-last:], color=color, linewidth=1.2, label=name)
    axes.set_ylabel(as_text(label(truth)))
    legend(figure)
    names = " and ".join(forecast)
    show(
        figure,
        alt=f"Line chart of the last {len(shown)} values of {truth.name} and the forecast of each, one step ahead, by "
        f"{names}.",
        caption=f"The last {len(shown)} values of the test part, each forecast one step ahead by {names}.",
    )


def future(history: pd.Series, ahead: pd.Series, last: int = 60) -> None:
    """The end of a series and a forecast of what comes after it."""
    figure, axes = new_figure()
    recent = history.iloc[-last:]
    axes.plot(recent.index, recent.to_numpy(), color=TRUTH, linewidth=1, label="known")
    ends = [recent.index[-1], *ahead.index], [recent.iloc[-1], *ahead]
    axes.plot(*ends, color=MODEL, marker="o", markersize=3, linewidth=1.2, label="forecast", zorder=1)
    axes.set_ylabel(as_text(label(history)))
    date_axis(axes, history.index)
    legend(figure)
    show(
        figure,
        alt=f"Line chart of the last {len(recent)} known values of {history.name}, followed by a forecast of the "
        f"{len(ahead)} steps after them.",
        caption=f"Beyond the data: {len(ahead)} steps after {_when(history.index[-1])}, each fed back as an input.",
    )


def scores(table: pd.DataFrame, column: str, name: str, unit: str = "") -> None:
    """One column of a score table as bars, best on top; the LSTM, and a blend with it, stand out."""
    figure, axes = new_figure(height=0.6 + 0.36 * len(table))
    names, values = list(table.index)[::-1], table[column].to_numpy()[::-1]
    axes.barh(names, values, color=[MODEL if "LSTM" in row or row == "blend" else BARS for row in names])
    for row, value in enumerate(values):
        axes.text(value, row, f" {write_number(value)}", va="center", fontsize=SIZE)
    axes.set_xlabel(f"{column} ({unit})" if unit else column)
    axes.margins(x=0.18)
    enlarge(axes)
    show(
        figure,
        alt=f"Bar chart of {column} on {name} for {', '.join(table.index)}, from the smallest to the largest.",
        caption=f"{column} of {name} on the test part; smaller is better.",
    )


def label(data: pd.Series) -> str:
    """A series' name and unit, for an axis or a sentence."""
    unit = data.attrs.get("unit", "")
    name = str(data.name).replace("_", " ")
    return f"{name} ({unit})" if unit else name


def _when(place: Any) -> str:
    return f"{place:%Y-%m-%d}" if hasattr(place, "year") else str(place)
