"""What a forecaster knows of its data: names, unit, step and calendar. NumPy only, since serving uses it."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np

# Cycles of the calendar: how long each is, in seconds, and how many harmonics describe a place in it.
CYCLES = {"day": (86_400, 2), "week": (7 * 86_400, 3), "year": (365.25 * 86_400, 2)}
_MONTHS = {"MS": 1, "QS": 3, "YS": 12}
_SECONDS = {"s": 1, "min": 60, "h": 3_600, "D": 86_400, "W": 7 * 86_400}
_WORDS = {"s": "second", "min": "minute", "h": "hour", "D": "day", "B": "working day", "W": "week"}
_WORDS |= {"MS": "month", "QS": "quarter", "YS": "year"}
_STEP = re.compile(r"(\d*)(s|min|h|D|W|B|MS|QS|YS)(?:-\w+)?")


@dataclass(frozen=True)
class Schema:
    """The columns of a table (target first, past covariates, covariates known ahead) and their calendar.

    `step` is written as pandas writes it ("h", "15min", "D", "B", "MS"), None without times; `season` counts
    steps; `cycles` are names in `CYCLES`; `level` says whether models see how high the series stands.
    """

    target: str
    features: tuple[str, ...] = ()
    known: tuple[str, ...] = ()
    unit: str = ""
    step: str | None = None
    season: int | None = None
    timezone: str | None = None
    cycles: tuple[str, ...] = ()
    level: bool = True

    @property
    def columns(self) -> tuple[str, ...]:
        """All columns in the order of a table's axis 1."""
        return (self.target, *self.features, *self.known)

    def extras(self, horizon: int) -> int:
        """How many numbers stand beside each window: see `Scaler.inputs`."""
        calendar = sum(2 * CYCLES[cycle][1] for cycle in self.cycles)
        return int(self.level) + 2 * len(self.features) + calendar + horizon * len(self.known)


def step_seconds(step: str) -> float:
    """About how long one step takes. Raises ValueError for a step that isn't one."""
    count, unit = _parse(step)
    if unit == "B":
        return count * 7 / 5 * 86_400
    return count * (_SECONDS[unit] if unit in _SECONDS else _MONTHS[unit] * CYCLES["year"][0] / 12)


def step_words(step: str) -> str:
    """A step in words, such as "hour" or "15 minutes". Raises ValueError for a step that isn't one."""
    count, unit = _parse(step)
    return f"{count} {_WORDS[unit]}s" if count > 1 else _WORDS[unit]


def next_times(last: np.datetime64, step: str, count: int) -> np.ndarray:
    """The `count` times that follow `last` on a regular calendar, datetime64[s] (count,)."""
    size, unit = _parse(step)
    ahead = size * np.arange(1, count + 1)
    last = last.astype("datetime64[s]")
    if unit == "B":
        days = np.busday_offset(last.astype("datetime64[D]"), ahead, roll="backward")
        return days.astype("datetime64[s]") + (last - last.astype("datetime64[D]"))
    if unit in _MONTHS:
        month = last.astype("datetime64[M]")
        months: np.ndarray = (month + ahead * _MONTHS[unit]).astype("datetime64[s]") + (last - month)
        return months
    seconds: np.ndarray = last + ahead * np.timedelta64(_SECONDS[unit], "s")
    return seconds


def angles(times: np.ndarray, cycles: Sequence[str], timezone: str | None = None) -> np.ndarray:
    """Where in each cycle the times lie, as sines and cosines: datetime64 (n,) to (n, 2 x harmonics).

    As an angle, the last hour of a day is next to the first one of the following day. Local hours count where a
    timezone is given, UTC otherwise.
    """
    local = _local(times.astype("datetime64[s]"), timezone)
    parts = [np.zeros((len(times), 0))]
    for cycle in cycles:
        parts.append(_share(local, cycle)[:, None] * (2 * np.pi * np.arange(1, CYCLES[cycle][1] + 1)))
    angle = np.concatenate(parts, axis=1)
    return np.stack([np.sin(angle), np.cos(angle)], axis=2).reshape(len(times), 2 * angle.shape[1])


def _share(times: np.ndarray, cycle: str) -> np.ndarray:
    """How much of its day, week or year has gone by at each time, from 0 to below 1."""
    if cycle == "year":
        # By months of equal length, so that a month is the same place in each year.
        month = times.astype("datetime64[M]")
        into = (times - month) / ((month + 1).astype("datetime64[s]") - month)
        share: np.ndarray = (month.astype(int) % 12 + into) / 12
        return share
    length = CYCLES[cycle][0]
    days: np.ndarray = (times.astype(np.int64) % length) / length
    return days


def _local(times: np.ndarray, timezone: str | None) -> np.ndarray:
    if timezone is None:
        return times
    zone = ZoneInfo(timezone)
    stamps = times.astype(np.int64)
    offsets = [datetime.fromtimestamp(stamp, UTC).astimezone(zone).utcoffset() for stamp in stamps.tolist()]
    return times + np.array([round(offset.total_seconds()) if offset else 0 for offset in offsets], "timedelta64[s]")


def _parse(step: str) -> tuple[int, str]:
    found = _STEP.fullmatch(step)
    if found is None:
        raise ValueError(f"{step!r} is no step; wanted one such as h, 15min, D, B, W, MS, QS or YS")
    return int(found[1] or 1), found[2]
