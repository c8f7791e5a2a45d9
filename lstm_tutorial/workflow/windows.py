"""Windows of a table, a chronological split, and numbers fitted to the training part alone."""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise
from typing import NamedTuple

import numpy as np
import pandas as pd

from lstm_tutorial.settings import Settings
from lstm_tutorial.workflow.scale import Scaler
from lstm_tutorial.workflow.schema import CYCLES, Schema, step_seconds

PIECE = 50_000  # windows at a time where they are only looked at


class Windows(NamedTuple):
    """What models see and are to predict, for n origins in order of time.

    `x` (n, timesteps / fold, fold x columns) and `extras` (n, k) are inputs, `y` (n, horizon) the scaled change from
    the anchor, `first` (n,) the row of each first target.
    """

    x: np.ndarray
    extras: np.ndarray
    y: np.ndarray
    first: np.ndarray

    def take(self, rows: np.ndarray | slice) -> Windows:
        """Some of them: places, a slice, or a mask (n,)."""
        return Windows(*(array[rows] for array in self))

    def thin(self, most: int) -> Windows:
        """At most `most` of them, drawn at random, each time the same ones, and kept in order of time.

        At random, since every second or third window of hourly data begins at the same few hours of the day.
        """
        return self.take(_draw(len(self.first), most))


class Split(NamedTuple):
    """Where the validation and the test part begin; training ends where validation begins."""

    validation: int
    test: int
    length: int


@dataclass(frozen=True)
class Prepared:
    """A table ready for a model: scaled windows of each part, and the way back to the data's units."""

    frame: pd.DataFrame
    settings: Settings  # nothing is None that the data decide
    split: Split
    scaler: Scaler
    table: np.ndarray  # (rows, columns), in the data's units, gaps filled from the past only at each part's end
    train: Windows
    validation: Windows
    test: Windows

    @property
    def schema(self) -> Schema:
        """Names, unit and calendar of the data."""
        return self.scaler.schema

    @property
    def series(self) -> pd.Series:
        """The target as it was read, with what is known of it in `attrs`."""
        return self.frame.iloc[:, 0]

    @property
    def values(self) -> np.ndarray:
        """The target in the data's units, (rows,)."""
        return self.table[:, 0]

    def truth(self, windows: Windows) -> np.ndarray:
        """What came after each window, in the data's units: (n, horizon)."""
        return self.values[windows.first[:, None] + np.arange(self.scaler.horizon)]

    def unscale(self, changes: np.ndarray, windows: Windows) -> np.ndarray:
        """Scaled changes after these windows as forecasts in the data's units, both (n, horizon)."""
        return self.scaler.restore(changes, self.table, windows.first)


def make_windows(values: np.ndarray, timesteps: int, horizon: int = 1) -> tuple[np.ndarray, np.ndarray]:
    """Every window of a series and what follows it, as read-only views.

    From values (length,) or (length, features): inputs (n, timesteps, features) and targets (n, horizon) of the
    first feature, n = length - timesteps - horizon + 1. Raises ValueError if that is less than one.
    """
    values = np.asarray(values)
    table = values[:, None] if values.ndim == 1 else values
    n = len(table) - timesteps - horizon + 1
    if n < 1:
        raise ValueError(f"{len(table)} values are too few: timesteps + horizon is {timesteps + horizon}")
    slide = np.lib.stride_tricks.sliding_window_view
    x = slide(table[: len(table) - horizon], timesteps, axis=0).swapaxes(1, 2)
    y = slide(table[timesteps:, 0], horizon)
    return x, y


def split(length: int, validation_fraction: float, test_fraction: float) -> Split:
    """The last part is for testing, the part before it for validation, all before that for training."""
    test = length - max(1, round(length * test_fraction))
    return Split(test - max(1, round(length * validation_fraction)), test, length)


def cut(frame: pd.DataFrame, settings: Settings, parts: Split) -> Prepared:
    """Scale and window a table whose settings leave nothing open.

    A window belongs to the part in which all of its targets lie; no training window reaches past the split.
    The inputs of a validation or test window may reach back into the part before, which is known by the time
    the forecast is made. Windows that touch a missing target or end in an interpolated one are left out. Nothing
    of the training windows depends on a value after them.
    """
    frame = _columns(frame, settings)
    table = _fill_without_peeking(frame, parts)
    scaler = _fit(frame, table, settings, parts)
    windows = (make_part(scaler, frame, table, start, end, settings.windows) for start, end in pairwise((0, *parts)))
    return Prepared(frame, settings, parts, scaler, table, *windows)


def make_part(
    scaler: Scaler, frame: pd.DataFrame, table: np.ndarray, start: int, end: int, most: int | None = None
) -> Windows:
    """The windows whose targets all lie in the rows `start` to `end` of a table, without those that `cut` leaves out.

    `frame` tells the rows' times and which targets were interpolated. Of more than `most` windows, so many are drawn
    as `Windows.thin` draws them, and only these are made.
    """
    reach, horizon = scaler.reach, scaler.horizon
    missing = np.concatenate([[0], np.cumsum(~np.isfinite(table[:, 0]))])
    filled = np.broadcast_to(False if frame.attrs.get("filled") is None else frame.attrs["filled"], len(table))
    first = np.arange(max(reach, start), max(reach, start, end - horizon + 1))
    # A last value that is interpolated would know the first target.
    first = first[(missing[first + horizon] == missing[first - reach]) & ~filled[first - 1]]
    if most is not None:
        first = first[_draw(len(first), most)]
    times = frame.index.to_numpy()[first] if isinstance(frame.index, pd.DatetimeIndex) else None
    known = len(scaler.schema.columns) - len(scaler.schema.known)
    ahead = table[first[:, None] + np.arange(horizon), known:]
    return Windows(*scaler.inputs(table, first, times, ahead), scaler.changes(table, first), first)


def _draw(count: int, most: int) -> np.ndarray:
    return np.sort(np.random.default_rng(0).permutation(count)[:most])


def _columns(frame: pd.DataFrame, settings: Settings) -> pd.DataFrame:
    known = list(frame.attrs.get("known") or [])
    others = [name for name in frame.columns[1:] if name not in known]
    chosen = others if settings.features is None else settings.features
    return frame[[frame.columns[0], *chosen, *known]]


def _fit(frame: pd.DataFrame, table: np.ndarray, settings: Settings, parts: Split) -> Scaler:
    """Everything that is learned from the training part besides a model's weights."""
    timesteps, horizon, fold, anchor = settings.timesteps, settings.horizon, settings.fold, settings.anchor
    assert timesteps and horizon and fold and anchor, "choose settings first"
    seen = table[: parts.validation].copy()
    if settings.log:
        seen[:, 0] = np.log(seen[:, 0])
    mean, deviation = np.nanmean(seen, axis=0), np.nanstd(seen, axis=0)
    known = tuple(frame.attrs.get("known") or ())
    step = frame.index.freqstr if isinstance(frame.index, pd.DatetimeIndex) and frame.index.freq else None
    schema = Schema(
        target=str(frame.columns[0]),
        features=tuple(name for name in frame.columns[1:] if name not in known),
        known=known,
        unit=frame.attrs.get("unit", ""),
        step=step,
        season=frame.attrs.get("season"),
        timezone=frame.attrs.get("timezone"),
        cycles=_cycles(step, parts.validation) if anchor != "mean" else (),
        level=bool(settings.level),
    )
    deviation = np.where(deviation > 0, deviation, 1.0)
    scaler = Scaler(schema, anchor, bool(settings.log), timesteps, horizon, fold, mean, deviation, float(deviation[0]))
    if anchor == "mean":
        return scaler
    first = np.arange(scaler.reach, parts.validation - horizon + 1)
    total, count = 0.0, 0
    for piece in np.split(first, range(PIECE, len(first), PIECE)):  # all at once would take a gigabyte of a long series
        squares = scaler.changes(table, piece).astype(float) ** 2
        total, count = total + float(np.nansum(squares)), count + int((~np.isnan(squares)).sum())
    share = float(np.sqrt(total / max(count, 1)))
    return replace(scaler, change=scaler.change * (share or 1.0))


def _cycles(step: str | None, rows: int) -> tuple[str, ...]:
    """The cycles of the calendar that are longer than a step and that the training part has seen twice."""
    if step is None:
        return ()
    seconds = step_seconds(step)
    return tuple(name for name, (length, _) in CYCLES.items() if 2 * seconds <= length <= rows * seconds / 2)


def _fill_without_peeking(frame: pd.DataFrame, parts: Split) -> np.ndarray:
    """The values, with interpolated ones at the end of a part made from that part alone."""
    table = frame.to_numpy(dtype=float, copy=True)
    filled = frame.attrs.get("filled")
    if filled is not None and np.any(filled):
        known = pd.Series(table[:, 0]).mask(filled)
        pieces = [known[:end].interpolate()[start:] for start, end in pairwise((0, *parts))]
        table[:, 0] = np.where(filled, np.concatenate(pieces), table[:, 0])
    return table
