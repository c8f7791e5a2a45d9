"""From what a person has (a CSV file, a URL, standard input, a sample's name) to one regular series."""

from __future__ import annotations

import difflib
from pathlib import Path

import numpy as np
import pandas as pd

from lstm_tutorial.workflow.parse import (
    DataError,
    is_missing,
    looks_numeric,
    parse_numbers,
    parse_times,
    time_format,
    where,
)
from lstm_tutorial.workflow.samples import SAMPLES
from lstm_tutorial.workflow.table import read_bytes, read_table

MAX_GAP = 3  # a run of this many missing values is interpolated, a longer one refused,
MAX_MISSING = 0.1  # and so is a series that misses a larger share than this


def read_series(csv: str | Path, time: str | None = None, target: str | None = None) -> pd.Series:
    """One regular series of floats from a CSV file (or .csv.gz, URL, "-", or a name in `SAMPLES`).

    Separator, decimal mark, time column and target are found where there is only one way to read them. The
    index holds the times, or 0, 1, 2... where there are none. `attrs` tells what else is known: "notes" (list
    of str: what was mended), "filled" (bool array: which values were interpolated), "season" (steps in one
    cycle, or None) and "unit" (str). Raises `DataError`, which names file, row and column, in one line.
    """
    name = "standard input" if str(csv) == "-" else str(csv)
    try:
        if name not in SAMPLES:
            return parse_series(read_bytes(csv), time, target)
        series, unit = _sample(name, time, target)
        return _finish(series, pd.Series(range(len(series)), index=series.index), [], unit)
    except DataError as error:
        raise DataError(f"{name}: {error}") from None


def parse_series(raw: bytes, time: str | None = None, target: str | None = None) -> pd.Series:
    """As `read_series`, from the bytes of a CSV file, zipped or not."""
    notes: list[str] = []
    series, rows = _from_table(read_table(raw), time, target, notes)
    return _finish(series, rows, notes, "")


def _finish(series: pd.Series, rows: pd.Series, notes: list[str], unit: str) -> pd.Series:
    series, filled = _fill(*_trim(series, rows, notes), notes)
    if series.nunique() == 1:
        raise DataError(f"column {series.name!r} is constant ({series.iloc[0]:g}); there is nothing to forecast")
    series.attrs = {"notes": notes, "filled": filled, "season": season_of(series.index), "unit": unit}
    return series


def season_of(index: pd.Index) -> int | None:
    """Steps in one cycle: a day's hours or minutes, 7 days, 5 business days, 52 weeks, 12 months, 4 quarters.

    None for years, for other steps and where there are no times.
    """
    if not isinstance(index, pd.DatetimeIndex) or len(index) < 3:
        return None
    steps = index[1:] - index[:-1]
    minutes = int(steps.to_series().median() / pd.Timedelta(minutes=1))
    day = 24 * 60
    if 0 < minutes < day:
        return day // minutes if day % minutes == 0 else None
    if minutes == day:
        return 5 if len(index) > 10 and (index.day_of_week < 5).all() else 7
    cycles = ((7, 7, 52), (28, 31, 12), (89, 92, 4))
    return next((count for low, high, count in cycles if low <= minutes / day <= high), None)


def _sample(name: str, time: str | None, target: str | None) -> tuple[pd.Series, str]:
    series, unit = SAMPLES[name]()
    for column in (time, target):
        if column not in (None, series.name):
            raise DataError(f"no column {column!r}; this sample's only column is {series.name!r}")
    return series, unit


def _from_table(
    table: pd.DataFrame, time: str | None, target: str | None, notes: list[str]
) -> tuple[pd.Series, pd.Series]:
    """The target, each step of a regular grid present (NaN where the file has none), and its rows in the file."""
    clock = _time_column(table, time, target)
    values = parse_numbers(table[_target_column(table, clock, target)])
    if values.isna().all():
        raise DataError(f"column {values.name!r} has no values")
    rows = pd.Series(table.index)
    if clock is None:
        return pd.Series(values.to_numpy(), name=values.name), rows
    cells = table[clock]
    times = parse_times(cells)
    again = times.duplicated()
    if again.any():
        first = times[times == times[again.idxmax()]].index[0]
        raise DataError(f"{where(again, cells)} stands in row {first} already; keep one row for each time")
    if not times.is_monotonic_increasing:
        times = times.sort_values()
        notes.append("The rows were not in order of time; they were sorted.")
    keys, grid = _grid(times, cells)
    series = pd.Series(values[times.index].to_numpy(), index=keys, name=values.name)
    return series.reindex(grid), pd.Series(times.index, index=keys).reindex(grid)


def _time_column(table: pd.DataFrame, time: str | None, target: str | None) -> str | None:
    if time is not None:
        return _named(table, time)
    found = [
        name
        for name in table.columns
        if name != target and (time_format(table[name]) or name.lower() in ("year", "yyyymmdd"))
    ]
    if len(found) > 1:
        raise DataError(f"columns {' and '.join(map(repr, found))} both hold times; say which with time={found[0]!r}")
    return found[0] if found else None


def _target_column(table: pd.DataFrame, clock: str | None, target: str | None) -> str:
    if target is not None:
        if _named(table, target) == clock:
            raise DataError(f"column {target!r} can't be both time and target")
        return target
    numeric = [name for name in table.columns if name != clock and looks_numeric(table[name])]
    if len(numeric) == 1:
        return numeric[0]
    shown = ", ".join(map(repr, numeric or table.columns))
    if numeric:
        raise DataError(f"columns {shown} are numeric; say which to forecast with target={numeric[0]!r}")
    blank = [name for name in table.columns if name != clock and is_missing(table[name]).all()]
    raise DataError(f"column {blank[0]!r} has no values" if blank else f"no numeric column among {shown}")


def _named(table: pd.DataFrame, name: str) -> str:
    if name in table.columns:
        return name
    near = difflib.get_close_matches(name, table.columns, 1, 0.5)
    hint = f"did you mean {near[0]!r}?" if near else f"columns are {', '.join(map(repr, table.columns))}"
    raise DataError(f"row 1: no column {name!r}; {hint}")


def _grid(times: pd.Series, cells: pd.Series) -> tuple[pd.DatetimeIndex, pd.DatetimeIndex]:
    """The times as places on a regular grid, and the whole grid."""
    index = pd.DatetimeIndex(times)
    if len(index) < 3:
        return index, index
    steps = times.diff().iloc[1:]
    days = steps.median() / pd.Timedelta(days=1)
    for code, low, high in (("M", 28, 31), ("Q", 89, 92), ("Y", 365, 366)):
        if low <= days <= high and not index.to_period(code).has_duplicates:
            keys = index.to_period(code)
            return keys.to_timestamp(), pd.period_range(keys[0], keys[-1], freq=code).to_timestamp()
    step = steps.mode().iloc[0]
    off = ((times - times.iloc[0]) % step) != pd.Timedelta(0)
    if off.any() or (index[-1] - index[0]) / step > 20 * len(index):
        bad = off if off.any() else steps.reindex(times.index) > step
        raise DataError(
            f"{where(bad, cells)} is off the step of {_words(step)} that the other rows keep; "
            "resample to regular steps first"
        )
    if step == pd.Timedelta(days=1) and len(index) > 10 and (index.day_of_week < 5).all():
        return index, pd.bdate_range(index[0], index[-1])
    return index, pd.date_range(index[0], index[-1], freq="D" if step == pd.Timedelta(days=1) else step)


def _words(step: pd.Timedelta) -> str:
    return str(step).replace(" 00:00:00", "").replace("0 days ", "")


def _trim(series: pd.Series, rows: pd.Series, notes: list[str]) -> tuple[pd.Series, pd.Series]:
    """Both without the missing values at the ends."""
    kept = slice(series.first_valid_index(), series.last_valid_index())
    left_out = len(series) - len(series.loc[kept])
    if left_out:
        notes.append(f"Empty steps at the ends were left out: {left_out}.")
    return series.loc[kept], rows.loc[kept]


def _fill(series: pd.Series, rows: pd.Series, notes: list[str]) -> tuple[pd.Series, np.ndarray]:
    """Short gaps interpolated in a straight line, and which values that made. Long gaps are refused."""
    missing = series.isna()
    runs = missing.groupby((~missing).cumsum()).sum()  # the gap after each value that is there
    count, longest = int(missing.sum()), int(runs.max())
    if longest > MAX_GAP:
        row = int(rows[~missing].iloc[runs.to_numpy().argmax()])
        raise DataError(
            f"row {row}, column {series.name!r}: the {longest} steps after it are missing; gaps of up to {MAX_GAP} are "
            "interpolated, so fill this one or use the part before or after it"
        )
    if count > MAX_MISSING * len(series):
        raise DataError(
            f"column {series.name!r}: {count} of {len(series)} values are missing; at most {MAX_MISSING:.0%} may be"
        )
    if count:
        notes.append(
            f"Missing values were interpolated: {count} ({count / len(series):.1%}), at most {longest} in a row."
        )
    return series.interpolate(), missing.to_numpy()
