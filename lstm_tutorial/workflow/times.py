"""From a column of times to a regular grid: zones and daylight saving, repeated rows, the step."""

from __future__ import annotations

import difflib
from zoneinfo import ZoneInfo, available_timezones

import pandas as pd

from lstm_tutorial.workflow.parse import DataError, has_offsets, parse_times, where

HOUR, DAY = pd.Timedelta(hours=1), pd.Timedelta(days=1)
# One zone for each of the rules in wide use by which clocks change.
_CHANGES = (
    "Europe/Berlin",
    "America/New_York",
    "Europe/London",
    "Europe/Athens",
    "Australia/Sydney",
    "Pacific/Auckland",
)


def read_times(
    table: pd.DataFrame, clock: str, timezone: str | None, notes: list[str]
) -> tuple[pd.Series, pd.DatetimeIndex, str | None]:
    """Each row's time as a place on a regular grid, in order (index: the file's rows); the grid; the zone.

    Times that have a zone and steps of an hour or less become UTC; the zone that is returned tells the hour of the
    day from them. Dates and longer steps keep the local clock, and no zone is returned. Raises `DataError`.
    """
    cells = _local_dates(table[clock])
    times, zone = _to_utc(parse_times(cells), cells, timezone, notes)
    same = table.assign(**{clock: times}).duplicated()
    if same.any():
        notes.append(f"Rows that repeat another one were dropped: {same.sum()}.")
        times = times[~same]
    again = times.duplicated()
    if again.any():
        raise DataError(f"{_stands_twice(times, again, cells)}; keep one row for each time")
    if not times.is_monotonic_increasing:
        times = times.sort_values()
        notes.append("The rows were not in order of time; they were sorted.")
    places, grid = _grid(times, cells)
    return pd.Series(places, index=times.index), grid, zone


def check_zone(timezone: str) -> None:
    """Raises `DataError` for what is no time zone's name."""
    zones = sorted(available_timezones())
    if timezone in zones:
        return
    lower = {zone.lower(): zone for zone in zones}
    city = [zone for zone in zones if zone.lower().endswith("/" + timezone.lower().replace(" ", "_"))]
    near = city[-1:] or [lower[zone] for zone in difflib.get_close_matches(timezone.lower(), lower, 1, 0.7)]
    hint = f"did you mean {near[0]!r}?" if near else "write a name such as 'Europe/Berlin', or 'UTC'"
    raise DataError(f"no time zone {timezone!r}; {hint}")


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


def _local_dates(cells: pd.Series) -> pd.Series:
    """Dates where every cell is a midnight with an offset, which would be the day before in UTC."""
    midnight = r"[T ]00:00(?::00(?:\.0+)?)? ?[+-]\d\d:?\d\d\s*$"
    return cells.str.replace(midnight, "", regex=True) if cells.str.contains(midnight).all() else cells


def _to_utc(times: pd.Series, cells: pd.Series, timezone: str | None, notes: list[str]) -> tuple[pd.Series, str | None]:
    if _keeps_local(times):
        return times, None
    if has_offsets(cells):
        return times, timezone
    if timezone is None:
        _refuse_daylight_saving(times, cells)
        return times, None
    falling = times.iloc[0] > times.iloc[-1]
    first = ~times.duplicated(keep="last" if falling else "first")  # of the two hours of one name in autumn
    local = times.dt.tz_localize(ZoneInfo(timezone), ambiguous=first.to_numpy(), nonexistent="NaT")
    if local.isna().any():
        raise DataError(
            f"{where(local.isna(), cells)} is skipped in {timezone}, where clocks are put forward then; name the zone "
            "that the times are in, such as 'UTC'"
        )
    if timezone != "UTC":
        notes.append(f"Local times of {timezone} became UTC.")
    return local.dt.tz_convert("UTC").dt.tz_localize(None), timezone


def _keeps_local(times: pd.Series) -> bool:
    """Whether times are dates, or regular in steps of more than an hour, which a change of the clock would break."""
    if (times == times.dt.normalize()).all():
        return True
    step = times.drop_duplicates().sort_values().diff().mode()
    return bool(len(step)) and step[0] > HOUR and not ((times - times.iloc[0]) % step[0]).any()


def _refuse_daylight_saving(times: pd.Series, cells: pd.Series) -> None:
    """Refuse times that hold twice the hours that some zone has twice, or lack just those that it skips."""
    index = pd.DatetimeIndex(times.drop_duplicates().sort_values())
    twice = times.duplicated(keep=False)
    steps = index[1:] - index[:-1]
    step = steps.to_series().mode().min()
    before = index[:-1][steps == step + HOUR]
    if not (twice.any() or len(before)):
        return
    for zone in map(ZoneInfo, _CHANGES):
        if index.tz_localize(zone, ambiguous=True, nonexistent="NaT").hasnans:
            continue
        hint = f"set timezone, such as {zone.key!r}, or 'UTC' if these are not local times"
        repeated = times.dt.tz_localize(zone, ambiguous="NaT").isna()
        if repeated.any():
            if twice[repeated].all() and twice[~repeated].sum() <= repeated.sum():
                again = times.duplicated() & repeated
                raise DataError(f"{_stands_twice(times, again, cells)}, as where daylight saving ends; {hint}")
            continue
        skipped = (before + step).tz_localize(zone, ambiguous=True, nonexistent="NaT").isna()
        if skipped.any():
            after = times == before[skipped][0] + step + HOUR
            raise DataError(f"{where(after, cells)} follows a missing hour, as where daylight saving begins; {hint}")


def _stands_twice(times: pd.Series, again: pd.Series, cells: pd.Series) -> str:
    first = times[times == times[again.idxmax()]].index[0]
    return f"{where(again, cells)} stands in row {first} already"


def _grid(times: pd.Series, cells: pd.Series) -> tuple[pd.DatetimeIndex, pd.DatetimeIndex]:
    """The times as places on a regular grid, and the whole grid."""
    index = pd.DatetimeIndex(times)
    if len(index) < 3:
        return index, index
    steps = times.diff().iloc[1:]
    days = steps.median() / DAY
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
    if step == DAY and len(index) > 10 and (index.day_of_week < 5).all():
        return index, pd.bdate_range(index[0], index[-1])
    return index, pd.date_range(index[0], index[-1], freq="D" if step == DAY else step)


def _words(step: pd.Timedelta) -> str:
    return str(step).replace(" 00:00:00", "").replace("0 days ", "")
