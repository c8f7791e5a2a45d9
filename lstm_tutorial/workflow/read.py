"""From what a person has (a CSV file, a URL, standard input, a sample's name) to one regular table."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from lstm_tutorial.workflow.mend import mend
from lstm_tutorial.workflow.parse import DataError, is_missing, looks_numeric, parse_numbers, sample, time_format
from lstm_tutorial.workflow.samples import SAMPLES
from lstm_tutorial.workflow.table import read_bytes, read_table
from lstm_tutorial.workflow.times import check_zone, read_times, season_of

Names = Sequence[str] | None


def read_frame(
    csv: str | Path,
    time: str | None = None,
    target: str | None = None,
    features: Names = None,
    known: Names = None,
    timezone: str | None = None,
) -> pd.DataFrame:
    """Target, past covariates and covariates known ahead, in this order, as floats on a regular index.

    From a CSV file (or .csv.gz, URL, "-", or a name in `SAMPLES`). Separator, decimal mark, time column and target
    are found where there is only one way to read them; `features` None takes all other columns of numbers that are
    of use. `timezone` names the zone of local times, which become UTC. The index holds the times, or 0, 1, 2...
    where there are none. Covariates are NaN only before their first value, the target only in long gaps.

    `attrs` tells what else is known: "notes" (list of str: what was mended), "filled" (bool array: which values of
    the target were interpolated), "season" (steps in one cycle, or None), "unit" (str, of the target), "known"
    (list of str), "future" (`known` columns of the steps after the last target, or None) and "timezone" (the zone
    that tells the hour of the day from an index in UTC, or None).

    Raises `DataError`, which names file, row and column, in one line.
    """
    name = "standard input" if str(csv) == "-" else str(csv)
    try:
        if name in SAMPLES:
            return _read_sample(name, time, target, features, known, timezone)
        return parse_frame(read_bytes(csv), time, target, features, known, timezone)
    except DataError as error:
        raise DataError(f"{name}: {error}") from None


def read_series(
    csv: str | Path, time: str | None = None, target: str | None = None, timezone: str | None = None
) -> pd.Series:
    """The target alone: `read_frame` without covariates, as a series with the same `attrs`."""
    frame = read_frame(csv, time, target, [], [], timezone)
    series = frame.iloc[:, 0]
    series.attrs = frame.attrs
    return series


def parse_frame(
    raw: bytes,
    time: str | None = None,
    target: str | None = None,
    features: Names = None,
    known: Names = None,
    timezone: str | None = None,
) -> pd.DataFrame:
    """As `read_frame`, from the bytes of a CSV file, zipped or not."""
    if timezone is not None:
        check_zone(timezone)
    table, notes = read_table(raw), list[str]()
    asked = [*(features or []), *(known or [])]
    clock = _time_column(table, time, {target, *asked})
    target = _target_column(table, clock, target, asked)
    _check_names(list(table.columns), clock, target, features, known)
    frame = _numbers(table, clock, target, features, list(known or []), notes)
    rows, zone = pd.Series(table.index), None
    if clock is None:
        if timezone is not None:
            raise DataError(f"timezone={timezone!r} needs a column of times; name it with time")
        frame = frame.reset_index(drop=True)
    else:
        times, grid, zone = read_times(table, clock, timezone, notes)
        frame = frame.loc[times.index].set_axis(pd.DatetimeIndex(times)).reindex(grid)
        rows = pd.Series(times.index, index=pd.DatetimeIndex(times)).reindex(grid)
    mended = mend(frame, rows, list(known or []), asked, notes)
    mended.attrs |= {"notes": notes, "season": season_of(mended.index), "unit": "", "timezone": zone}
    return mended


def _read_sample(
    name: str, time: str | None, target: str | None, features: Names, known: Names, timezone: str | None
) -> pd.DataFrame:
    frame, unit = SAMPLES[name]()
    if timezone is not None:
        check_zone(timezone)
    if time is not None:
        raise DataError(f"no column {time!r}; a sample's times need no name")
    columns, notes = list(frame.columns), list[str]()
    target = columns[0] if target is None else target
    _check_names(columns, None, target, features, known)
    known, asked = list(known or []), [*(features or []), *(known or [])]
    others = [column for column in columns if column not in (target, *known)]
    mended = mend(frame[[target, *(others if features is None else features), *known]], None, known, asked, notes)
    season, zone = season_of(mended.index), frame.attrs.get("timezone")
    mended.attrs |= {"notes": notes, "season": season, "unit": frame.attrs.get("units", {target: unit})[target]}
    mended.attrs["timezone"] = timezone or zone
    return mended


def _time_column(table: pd.DataFrame, time: str | None, others: set[str | None]) -> str | None:
    if time is not None:
        return _named(list(table.columns), time)
    found = [
        name
        for name in table.columns
        if name not in others and (time_format(table[name]) or name.lower() in ("year", "yyyymmdd"))
    ]
    if len(found) > 1:
        raise DataError(f"columns {' and '.join(map(repr, found))} both hold times; say which with time={found[0]!r}")
    return found[0] if found else None


def _target_column(table: pd.DataFrame, clock: str | None, target: str | None, asked: Sequence[str]) -> str:
    if target is not None:
        if _named(list(table.columns), target) == clock:
            raise DataError(f"column {target!r} can't be both time and target")
        return target
    others = [name for name in table.columns if name != clock and name not in asked]
    numeric = [name for name in others if looks_numeric(table[name])]
    if len(numeric) == 1:
        return numeric[0]
    shown = ", ".join(map(repr, numeric or table.columns))
    if numeric:
        raise DataError(f"columns {shown} are numeric; say which to forecast with target={numeric[0]!r}")
    blank = [name for name in others if is_missing(table[name]).all()]
    raise DataError(f"column {blank[0]!r} has no values" if blank else f"no numeric column among {shown}")


def _check_names(columns: list[str], clock: str | None, target: str, features: Names, known: Names) -> None:
    """Raises `DataError` for a covariate that is not there, is named twice, or is the time or the target."""
    seen = {clock: "holds the times", target: "is the target, whose past is always used"}
    for option, names in (("features", features), ("known", known)):
        for name in names or []:
            if _named(columns, name) in seen:
                raise DataError(f"column {name!r} {seen[name]}; leave it out of {option}")
            seen[name] = f"is in {option} already"
    _named(columns, target)


def _named(columns: list[str], name: str) -> str:
    if name in columns:
        return name
    near = difflib.get_close_matches(name, columns, 1, 0.5)
    hint = f"did you mean {near[0]!r}?" if near else f"columns are {', '.join(map(repr, columns))}"
    raise DataError(f"row 1: no column {name!r}; {hint}")


def _numbers(
    table: pd.DataFrame, clock: str | None, target: str, features: Names, known: list[str], notes: list[str]
) -> pd.DataFrame:
    """The columns of numbers that were asked for, or the target, all others that can be read, and `known`."""
    columns = {target: parse_numbers(table[target])}
    for name in table.columns if features is None else features:
        if name in (clock, target, *known):
            continue
        try:
            columns[name] = _covariate(table[name])
        except DataError as error:
            if features is not None:
                raise
            notes.append(f"Left out: {error}.")
    return pd.DataFrame(columns | {name: _covariate(table[name]) for name in known})


def _covariate(text: pd.Series) -> pd.Series:
    if is_missing(text).all():
        raise DataError(f"column {text.name!r} has no values")
    if not looks_numeric(text):
        words = next(cell for cell in sample(text) if not looks_numeric(pd.Series([cell])))
        raise DataError(f"column {text.name!r} holds text such as {words!r}, not numbers")
    return parse_numbers(text)
