"""From a series or table to what a model trains on: the front door of the workflow's first step."""

from __future__ import annotations

import pandas as pd

from lstm_tutorial.settings import Settings
from lstm_tutorial.workflow.choose import by_rule, choose
from lstm_tutorial.workflow.parse import DataError
from lstm_tutorial.workflow.read import parse_frame, read_frame, read_series
from lstm_tutorial.workflow.samples import SAMPLES
from lstm_tutorial.workflow.scale import rows_needed
from lstm_tutorial.workflow.schema import step_words
from lstm_tutorial.workflow.table import URL, Part, read_bytes, split_series
from lstm_tutorial.workflow.windows import Prepared, Split, Windows, cut, make_windows, split

# What reads and cuts data is re-exported, so that a chapter needs this module alone.
__all__ = ["SAMPLES", "URL", "DataError", "Part", "Prepared", "Split", "Windows", "check", "choose", "make_windows"]
__all__ += ["parse_frame", "prepare", "read_bytes", "read_frame", "read_series", "split", "split_series", "step_words"]


def prepare(data: pd.Series | pd.DataFrame, settings: Settings) -> Prepared:
    """Choose what the settings leave open, then fill, split, scale and window.

    `data` is what `read_series` or `read_frame` returned: the target, with covariates beside it in a frame.
    Raises `DataError` for data that are too short, constant, or at odds with a setting.
    """
    frame = _frame(data)
    check(frame, settings)
    settings = choose(frame, settings)
    prepared = cut(frame, settings, check(frame, settings))
    for name in ("train", "validation", "test"):
        if not len(getattr(prepared, name).first):
            raise DataError(
                f"column {frame.columns[0]!r}: its gaps leave no window of {prepared.scaler.reach} + "
                f"{settings.horizon} values in the {name} part; fill them, or use a shorter window or horizon"
            )
    return prepared


def check(data: pd.Series | pd.DataFrame, settings: Settings) -> Split:
    """Where the data would be split. Raises `DataError` where they are too short, constant, or at odds with a setting.

    Takes no time, so that a mistake is told before anything is fitted.
    """
    frame = _frame(data)
    series, season = frame.iloc[:, 0], frame.attrs.get("season")
    settings = by_rule(frame, settings)
    timesteps, horizon, fold = settings.timesteps or 1, settings.horizon or 1, settings.fold or 1
    if timesteps % fold:
        raise DataError(f"timesteps={timesteps} is no multiple of fold={fold}; choose one that is")
    if settings.anchor in ("season", "ratio") and not season:
        raise DataError(
            f"anchor={settings.anchor!r} needs a season, and column {series.name!r} has none; choose 'last'"
        )
    need, given = _minimum(settings, rows_needed(timesteps, settings.anchor, season)), len(series)
    if given < need:
        raise DataError(
            f"column {series.name!r} has {given} values; timesteps={timesteps}, horizon={horizon}, "
            f"validation_fraction={settings.validation_fraction:g} and test_fraction={settings.test_fraction:g} "
            f"need at least {need}"
        )
    parts = split(given, settings.validation_fraction, settings.test_fraction)
    past = series.iloc[: parts.validation]
    if past.nunique() == 1:
        raise DataError(
            f"column {series.name!r} is constant ({past.dropna().iloc[0]:g}) over the {parts.validation} values that "
            "train the model; leave that stretch out"
        )
    if settings.log and not (series.dropna() > 0).all():
        raise DataError(f"log=True needs positive values; the least of column {series.name!r} is {series.min():g}")
    return parts


def _minimum(settings: Settings, reach: int) -> int:
    """The least length that leaves one window in each part."""
    horizon = settings.horizon or 1

    def enough(length: int) -> bool:
        parts = split(length, settings.validation_fraction, settings.test_fraction)
        shortest = min(parts.test - parts.validation, parts.length - parts.test)
        return parts.validation >= reach + horizon and shortest >= horizon

    # What rounding can't bring below; from there it is a few steps, however small a part is.
    held_out = (settings.validation_fraction, settings.test_fraction)
    parts = [(horizon - 0.5) / share for share in held_out] if horizon > 1 else []
    length = int(max(reach + 3 * horizon, (reach + horizon - 1) / (1 - sum(held_out)), *parts))
    while not enough(length):
        length += 1
    return length


def _frame(data: pd.Series | pd.DataFrame) -> pd.DataFrame:
    frame = data.to_frame() if isinstance(data, pd.Series) else data
    frame.attrs = data.attrs
    return frame
