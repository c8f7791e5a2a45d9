"""What reruns read: a series is checked before a kernel starts, and files are found from wherever a chapter runs."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from lstm_tutorial.reruns.chapters import Chapter
from lstm_tutorial.reruns.errors import RequestError
from lstm_tutorial.reruns.grid import Grid
from lstm_tutorial.settings import Settings, first_problem

if TYPE_CHECKING:
    from pandas import DataFrame

READ = ("csv", "time", "target", "features", "known", "timezone")  # on which it depends what is read,
CUT = (
    "timesteps",
    "horizon",
    "fold",
    "anchor",
    "log",
    "level",
    "validation_fraction",
    "test_fraction",
)  # and if it fits
NAMED = 5  # files that can't be used, in one line


def choose_settings(values: Mapping[str, Any]) -> Settings:
    """What `Settings` makes of a chapter's parameters. Raises `RequestError`."""
    try:
        # A chapter without a horizon of its own forecasts one step.
        known = {name: value for name, value in values.items() if name in Settings.model_fields}
        return Settings(**({"horizon": 1} | known))
    except ValidationError as error:
        raise RequestError(first_problem(error)) from None


def read_columns(values: Mapping[str, Any], settings: Settings, raw: bytes | None) -> DataFrame:
    """The columns that a chapter will read, from `raw` where that is given."""
    from lstm_tutorial.workflow.prepare import parse_frame, read_frame

    # A chapter without this parameter reads the target alone.
    features = settings.features if "features" in values else []
    columns = (settings.time, settings.target, features, settings.known, settings.timezone)
    return read_frame(settings.csv, *columns) if raw is None else parse_frame(raw, *columns)


@contextmanager
def blame(csv: str) -> Iterator[None]:
    """What is wrong with data becomes a `RequestError` that names them."""
    from lstm_tutorial.workflow.prepare import DataError

    try:
        yield
    except DataError as error:
        source = "standard input" if csv == "-" else csv
        raise RequestError(str(error) if str(error).startswith(source) else f"{source}: {error}") from None


def find(name: str, value: Any, chapter: Chapter) -> Any:
    """A parameter's value; absolute where it names a file or folder, since a chapter runs in another folder."""
    chosen = isinstance(value, str) and name != "csv" and value != chapter.defaults[name]
    if chosen and (name == "folder" or Path(value).expanduser().exists()):
        return str(Path(value).expanduser().resolve())
    return value


@dataclass(frozen=True)
class Material:
    """All that the runs of a sweep read: `grid` names it by absolute paths.

    `kept` has what was no file (standard input, a URL) under the name that it gets in the sweep's folder, `prints` a
    hash of each file.
    """

    grid: Grid
    kept: dict[str, bytes]
    prints: dict[str, str]

    def travels(self, number: int) -> tuple[str, ...]:
        """The parameters of a run that name a file."""
        return tuple(name for name, value in self.grid.values(number).items() if str(value) in self.prints)


def gather(grid: Grid, folder: Path, remote: bool) -> Material:
    """Check the data of all runs, and find the files that have to travel with them. Raises `RequestError`."""
    from lstm_tutorial.workflow.prepare import SAMPLES, URL, read_bytes

    names = [*grid.axes, *(name for name in grid.fixed if name not in grid.axes)]
    values = {name: grid.axes.get(name, [grid.fixed.get(name)]) for name in names}
    raw, kept = dict[str, bytes](), dict[str, bytes]()
    if "csv" in values:
        for csv in values["csv"]:
            if csv == "-" or csv.startswith(URL):
                with blame(csv):
                    raw[csv] = read_bytes(csv)
        _check_all(grid, raw)
        for number, csv in enumerate(values["csv"]):
            if csv in raw:
                name = "data.csv" if len(values["csv"]) == 1 else f"data-{number + 1}.csv"
                kept[name], values["csv"][number] = raw[csv], str((folder / name).resolve())
            elif csv not in SAMPLES:
                values["csv"][number] = str(Path(csv).expanduser().resolve())
    prints = {str((folder / name).resolve()): _print(content) for name, content in kept.items()}
    for name in values:
        values[name] = [_place(name, value, grid.chapter) for value in values[name]]
        for value in values[name]:
            if not isinstance(value, str) or not Path(value).is_absolute() or value in prints:
                continue
            if Path(value).is_file():
                prints[value] = _print(read_file(value))
            elif remote and Path(value).is_dir() and value != grid.chapter.defaults[name]:
                raise RequestError(f"parameter {name}: {value} is a folder, and only files travel to a cluster")
    fixed = {name: values[name][0] if name not in grid.axes else old for name, old in grid.fixed.items()}
    return Material(replace(grid, fixed=fixed, axes={name: values[name] for name in grid.axes}), kept, prints)


def read_file(path: str, fingerprint: str | None = None) -> bytes:
    """A file's content. Raises `RequestError` where it can't be read, or is another than its fingerprint says."""
    try:
        content = Path(path).read_bytes()
    except OSError as error:
        raise RequestError(f"{path}: can't be read ({error.strerror})") from None
    if fingerprint not in (None, _print(content)):
        raise RequestError(f"{path}: has changed while the sweep ran; what it was is needed to go on")
    return content


def _check_all(grid: Grid, raw: Mapping[str, bytes]) -> None:
    """Each file with all the settings that it will be cut by; read once, since columns change slower than those."""
    from lstm_tutorial.workflow.prepare import check

    last: Any = None
    wrong = dict[str, str]()
    for values in grid.cover([*READ, *CUT]):
        settings = choose_settings(values)
        columns = [values.get(name) for name in READ]
        if settings.csv in wrong:
            continue
        try:
            with blame(settings.csv):
                if columns != last:
                    frame, last = read_columns(values, settings, raw.get(settings.csv)), columns
                check(frame, settings)
        except RequestError as error:
            wrong[settings.csv] = str(error)
    if wrong:
        first, *others = wrong
        names = ", ".join(Path(csv).name for csv in others[:NAMED]) + ", ..." * (len(others) > NAMED)
        more = f"; {len(others)} more of the {len(grid.axes['csv'])} can't be used: {names}" if others else ""
        raise RequestError(f"{wrong[first]}{more}")


def _place(name: str, value: Any, chapter: Chapter) -> Any:
    """As `find`; a default names a file beside the chapter."""
    value = find(name, value, chapter)
    if isinstance(value, str) and value and value == chapter.defaults[name] and name != "csv":
        beside = chapter.path.parent / value
        return str(beside) if beside.is_file() else value
    return value


def _print(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
