"""From a CSV file to the rows that a forecaster needs, and from its forecast to a CSV file."""

from __future__ import annotations

import csv as csv_module
import re
import sys
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, TextIO

import numpy as np

from lstm_tutorial.workflow.deploy import Forecast, Forecaster
from lstm_tutorial.workflow.schema import next_times

if TYPE_CHECKING:
    import pandas as pd

_TIME = r"\d{4}-\d\d-\d\d(?:[ T]\d\d:\d\d(?::\d\d)?)?"
_NUMBER = r"[+-]?\d+(?:\.\d*)?(?:[eE][+-]?\d+)?"
_YEARS = ("year", "yyyymmdd")
_GROUPED = re.compile(r"[+-]?[1-9]\d{0,2}(?:\.\d{3})+")


class History(NamedTuple):
    """What `Forecaster.predict` takes: values (rows, columns), the last row's time, what is known ahead."""

    values: np.ndarray
    last: np.datetime64 | None
    known: np.ndarray | None


def read_history(csv: str, forecaster: Forecaster) -> History:
    """The history in a CSV file, in whatever way `read_frame` can read one.

    A plain one (commas, ISO times without a zone, no row and no cell missing) is read without pandas, whose import
    takes longer than all the rest; a test holds that it makes no other difference. Raises ValueError, in one line.
    """
    path = Path(csv).expanduser()
    plain = _read_plain(path.read_bytes(), forecaster) if path.is_file() else None
    if plain is not None:
        return plain
    from lstm_tutorial.workflow.read import read_frame

    schema, time = forecaster.schema, forecaster.settings["time"]
    frame = read_frame(csv, time, schema.target, schema.features, schema.known, schema.timezone)
    try:
        return take_history(frame, forecaster)
    except ValueError as error:
        raise ValueError(f"{'standard input' if csv == '-' else csv}: {error}") from None


def take_history(frame: pd.DataFrame, forecaster: Forecaster) -> History:
    """The history in what `read_frame` returned. Raises ValueError where it is another calendar's, or too short."""
    schema, future = forecaster.schema, frame.attrs.get("future")
    step = getattr(frame.index, "freqstr", None)
    values = frame[list(schema.columns)].to_numpy(float)
    if len(frame) < forecaster.reach:
        raise ValueError(f"has {len(frame)} rows; the forecaster needs at least {forecaster.reach}")
    if step != schema.step:
        steps = [f"steps of {one!r}" if one else "no times" for one in (step, schema.step)]
        raise ValueError(f"has {steps[0]} where the forecaster was trained on {steps[1]}")
    known = None
    if schema.known:
        given = 0 if future is None else len(future)
        if future is None or given < forecaster.horizon:
            raise ValueError(
                f"has {given} rows of {', '.join(schema.known)} after the last {schema.target}; "
                f"the forecast needs {forecaster.horizon}"
            )
        known = future[list(schema.known)].to_numpy(float)[: forecaster.horizon]
    last = None if schema.step is None else np.datetime64(frame.index[-1].to_datetime64(), "s")
    return History(values, last, known)


def latest(frame: pd.DataFrame, forecaster: Forecaster) -> tuple[History, int]:
    """The latest history in what `read_frame` returned that allows a forecast, and the row in which that begins.

    It ends before the table does where the last targets are missing, or covariates known ahead are not known far
    enough. Raises ValueError where there is none, or as `take_history` does.
    """
    import pandas as pd

    schema, future = forecaster.schema, frame.attrs.get("future")
    beyond = 0 if future is None else len(future)
    length = len(frame) - (max(0, forecaster.horizon - beyond) if schema.known else 0)
    whole = frame[schema.target].notna().rolling(forecaster.reach).sum().to_numpy()[:length]
    ends = np.flatnonzero(whole == forecaster.reach) + 1
    if not len(ends):
        raise ValueError(f"has no {forecaster.reach} values without a gap to forecast from")
    end = int(ends[-1])
    part = frame.iloc[:end].copy()
    if schema.known:
        known = list(schema.known)
        rest = [frame.iloc[end:]] + ([] if future is None else [future])
        ahead = np.concatenate([each[known].to_numpy(float) for each in rest])
        part.attrs = frame.attrs | {"future": pd.DataFrame(ahead, columns=known)}
    return take_history(part, forecaster), end


def save_forecast(forecast: Forecast, levels: tuple[float, ...], path: Path | None) -> None:
    """Write a forecast as CSV, to standard output if there is no path. Raises ValueError if that can't be done."""
    if path is None:
        write_forecast(forecast, levels, sys.stdout)
        return
    try:
        with path.open("w", encoding="utf-8", newline="") as file:
            write_forecast(forecast, levels, file)
    except OSError as error:
        raise ValueError(f"{path}: can't be written ({error.strerror})") from None


def write_forecast(forecast: Forecast, levels: tuple[float, ...], file: TextIO) -> None:
    """One row for each step ahead: time, forecast, and for each level between what the value should lie."""
    writer = csv_module.writer(file, lineterminator="\n")
    names = [f"{end}_{round(100 * level)}" for level in levels for end in ("lower", "upper")]
    writer.writerow(["time" if forecast.times.dtype.kind == "M" else "step", "forecast", *names])
    ends = [end for pair in zip(forecast.lower, forecast.upper, strict=True) for end in pair]
    for time, *numbers in zip(_write_times(forecast.times), forecast.mean, *ends, strict=True):
        writer.writerow([time, *map(_write, numbers)])


def _write(number: float) -> str:
    """To six digits, large numbers whole: spreadsheets and people read 1234567 better than 1.23457e+06."""
    return f"{number:.0f}" if abs(number) >= 1e5 else f"{number:.6g}"


def _write_times(times: np.ndarray) -> list[str]:
    if times.dtype.kind != "M":
        return [str(step) for step in times]
    whole_days = (times == times.astype("datetime64[D]")).all()
    return np.datetime_as_string(times, unit="D" if whole_days else "s").tolist()


def _read_plain(raw: bytes, forecaster: Forecaster) -> History | None:
    """The last rows of a file in which they need no mending, and that is regular; None for any other."""
    schema, reach = forecaster.schema, forecaster.reach
    if schema.known or schema.timezone:
        return None
    columns, clock = _split(raw, forecaster)
    if len(columns.get(schema.target, ())) < max(reach, 3):
        return None
    for name in schema.columns:
        cells = columns[name]
        # A point may be a thousands mark; a column may be of no use. `read_frame` knows what to say of both.
        pointed = [cell for cell in cells if "." in cell]
        doubtful = pointed and all(_GROUPED.fullmatch(cell) for cell in pointed)
        if doubtful or "" in cells[-reach:] or 2 * cells.count("") > len(cells) or len({*cells} - {""}) == 1:
            return None
    values = np.array([columns[name][-reach:] for name in schema.columns], float).T
    if schema.step is None:
        return History(values, None, None)
    try:
        times = np.array(clock, "datetime64[s]")
    except ValueError:
        return None
    regular = (times[1:] == next_times(times[0], schema.step, len(times) - 1)).all()
    # `read_frame` moves months, quarters and years to their first day.
    moved = "-" in schema.step or (schema.step.endswith("MS") and times[0] != times[0].astype("datetime64[M]"))
    return History(values, times[-1], None) if regular and not moved else None


def _split(raw: bytes, forecaster: Forecaster) -> tuple[dict[str, list[str]], list[str]]:
    """The cells of the forecaster's columns, and those of the times; nothing where anything is out of line."""
    columns, step = forecaster.schema.columns, forecaster.schema.step
    try:
        header, _, body = raw.decode("utf-8-sig").replace("\r\n", "\n").rstrip("\n").partition("\n")
    except UnicodeDecodeError:
        return {}, []
    names = header.split(",")
    first = dict(zip(names, body.partition("\n")[0].split(","), strict=False))
    clocks = [name for name, cell in first.items() if re.fullmatch(_TIME, cell)]
    if len({*names}) < len(names) or not {*columns} <= {*names} or len(clocks) != bool(step):
        return {}, []
    if clocks and forecaster.settings["time"] not in (None, *clocks):
        return {}, []
    kinds = dict.fromkeys(columns, f"(?:{_NUMBER})?") | dict.fromkeys(clocks, _TIME)
    # Beside these, no column may hold what `read_frame` could take for times.
    others = [name for name in names if name not in kinds]
    if any(not re.fullmatch(_NUMBER, first.get(name, "")) or name.lower() in _YEARS for name in others):
        return {}, []
    row = ",".join(kinds.get(name, r'[^,"\n]*') for name in names)
    if not re.fullmatch(f"(?:{row}\n)*{row}", body):
        return {}, []
    cells = dict(zip(names, zip(*(line.split(",") for line in body.split("\n")), strict=True), strict=True))
    return {name: list(cells[name]) for name in columns}, [cell for name in clocks for cell in cells[name]]
