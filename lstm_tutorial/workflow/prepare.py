"""From a series to what a model trains on: windows, a chronological split, a scaler fitted on the past only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from lstm_tutorial.settings import Settings
from lstm_tutorial.workflow.parse import DataError
from lstm_tutorial.workflow.read import parse_series, read_series
from lstm_tutorial.workflow.samples import SAMPLES
from lstm_tutorial.workflow.table import URL, read_bytes

if TYPE_CHECKING:
    from sklearn.preprocessing import StandardScaler

# The front door to data: what reads them is re-exported.
__all__ = ["SAMPLES", "URL", "DataError", "Prepared", "Split", "Windows", "check", "make_windows"]
__all__ += ["parse_series", "prepare", "read_bytes", "read_series", "split"]


class Windows(NamedTuple):
    """Inputs `x` (n, timesteps, features), targets `y` (n, horizon), `first`: each first target's place (n,)."""

    x: np.ndarray
    y: np.ndarray
    first: np.ndarray


class Split(NamedTuple):
    """Where the validation and the test part begin; training ends where validation begins."""

    validation: int
    test: int
    length: int


@dataclass(frozen=True)
class Prepared:
    """A series ready for a model: scaled windows of each part, and the way back to the data's units."""

    series: pd.Series
    values: np.ndarray  # (length,), in the data's units, gaps filled from the past only at each part's end
    split: Split
    scaler: StandardScaler
    train: Windows
    validation: Windows
    test: Windows

    def scale(self, values: np.ndarray) -> np.ndarray:
        """From the data's units to the model's, any shape."""
        return (values - self.scaler.mean_[0]) / self.scaler.scale_[0]

    def unscale(self, values: np.ndarray) -> np.ndarray:
        """From the model's units back to the data's, any shape."""
        return values * self.scaler.scale_[0] + self.scaler.mean_[0]


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


def prepare(series: pd.Series, settings: Settings) -> Prepared:
    """Fill, split, scale and window a series.

    A window belongs to the part in which all of its targets lie; no training window reaches past the split.
    The inputs of a validation or test window may reach back into the part before, which is known by the time
    the forecast is made. Nothing of the training windows depends on a value after them. Raises `DataError`.
    """
    from sklearn.preprocessing import StandardScaler

    parts = check(series, settings)
    values = _fill_without_peeking(series, parts)
    scaler = StandardScaler().fit(values[: parts.validation, None])
    scaled = (values - scaler.mean_[0]) / scaler.scale_[0]
    x, y = make_windows(scaled, settings.timesteps, settings.horizon)
    first = np.arange(settings.timesteps, settings.timesteps + len(x))

    def part(start: int, end: int) -> Windows:
        a = max(0, start - settings.timesteps)
        b = end - settings.timesteps - settings.horizon + 1
        return Windows(x[a:b], y[a:b], first[a:b])

    windows = [part(0, parts.validation), part(parts.validation, parts.test), part(parts.test, parts.length)]
    return Prepared(series, values, parts, scaler, *windows)


def check(series: pd.Series, settings: Settings) -> Split:
    """Where the series would be split. Raises `DataError` where a part has no window or training data no spread."""
    need, given = _minimum(settings), len(series)
    if given < need:
        raise DataError(
            f"column {series.name!r} has {given} values; timesteps={settings.timesteps}, horizon={settings.horizon}, "
            f"validation_fraction={settings.validation_fraction:g} and test_fraction={settings.test_fraction:g} "
            f"need at least {need}"
        )
    parts = split(given, settings.validation_fraction, settings.test_fraction)
    if series.iloc[: parts.validation].nunique() == 1:
        raise DataError(
            f"column {series.name!r} is constant ({series.iloc[0]:g}) over the {parts.validation} values that train "
            "the model; leave that stretch out"
        )
    return parts


def _minimum(settings: Settings) -> int:
    """The least length that leaves one window in each part."""

    def enough(length: int) -> bool:
        parts = split(length, settings.validation_fraction, settings.test_fraction)
        shortest = min(parts.test - parts.validation, parts.length - parts.test)
        return parts.validation >= settings.timesteps + settings.horizon and shortest >= settings.horizon

    length = settings.timesteps + 3 * settings.horizon
    while not enough(length):
        length += 1
    return length


def _fill_without_peeking(series: pd.Series, parts: Split) -> np.ndarray:
    """The values, with interpolated ones at the end of a part made from that part alone."""
    filled = series.attrs.get("filled")
    if filled is None or not np.any(filled):
        return series.to_numpy(dtype=float)
    known = pd.Series(series.to_numpy(dtype=float)).mask(filled)
    pieces = [known[:end].interpolate()[start:] for start, end in zip((0, *parts), parts, strict=False)]
    return np.concatenate(pieces)
