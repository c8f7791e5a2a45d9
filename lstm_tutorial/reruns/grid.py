"""The runs of a sweep: which values each swept parameter takes, and whether the chapter has any use for them."""

from __future__ import annotations

import glob
import math
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from nbformat import NotebookNode

from lstm_tutorial.reruns.chapters import Chapter, find_chapter
from lstm_tutorial.reruns.errors import RequestError
from lstm_tutorial.reruns.source import check_use
from lstm_tutorial.settings import Settings

LONGEST = 100_000  # values of one parameter
MOST = 10_000  # runs that nobody has to say --yes to
_RANGE = re.compile(r"(log|lin|int):")


@dataclass(frozen=True)
class Grid:
    """Every combination of the values of `axes`, numbered from 1 on; the last axis changes fastest."""

    chapter: Chapter
    fixed: dict[str, Any]
    axes: dict[str, list[Any]]

    def __len__(self) -> int:
        return math.prod(len(values) for values in self.axes.values())

    def swept(self, number: int) -> dict[str, Any]:
        """What run `number` has in the place of the other runs' values."""
        rest, chosen = number - 1, {}
        for name, values in reversed(self.axes.items()):
            rest, place = divmod(rest, len(values))
            chosen[name] = values[place]
        return {name: chosen[name] for name in self.axes}

    def values(self, number: int) -> dict[str, Any]:
        """All parameters of run `number`."""
        return {**self.fixed, **self.swept(number)}

    def cover(self, names: Sequence[str]) -> Iterator[dict[str, Any]]:
        """All combinations of the parameters `names`, each once, with the first run's values for the others."""
        axes = {name: self.axes[name] for name in names if name in self.axes}
        part = Grid(self.chapter, self.values(1), axes)
        return (part.values(number) for number in range(1, len(part) + 1))


def make_grid(
    chapter: Chapter,
    notebook: NotebookNode,
    grid: Mapping[str, Any],
    fixed: Mapping[str, Any],
    csvs: Sequence[str | Path] | None = None,
) -> Grid:
    """The runs of `grid`, each value as its parameter wants it. Raises `RequestError` for what makes no sense.

    A value of `grid` is a list, or text: "16,32" ("1,2;3,4" for a parameter that is a list), "log:LOW:HIGH:COUNT",
    "lin:LOW:HIGH:COUNT" or "int:LOW:HIGH:STEP". `csvs` are files to run the chapter on, each with every combination.
    """
    axes = {"csv": [str(path) for path in csvs]} if csvs is not None else {}
    if "csv" in axes and "csv" in {*grid, *fixed}:
        raise RequestError("parameter csv: given beside a list of CSV files; one of them is enough")
    for name, given in grid.items():
        if name in fixed:
            raise RequestError(f"parameter {name}: both swept and fixed; one of them is enough")
        chapter.convert({name: None} if name not in chapter.parameters else {})
        axes[name] = spell_out(name, given, chapter.parameters[name].annotation)
    for name, values in axes.items():
        if not values:
            raise RequestError(f"parameter {name}: no values; wanted some such as {name} 1,2,3")
        axes[name] = [chapter.convert({name: value})[name] for value in values]
        ((often, count),) = Counter(map(repr, axes[name])).most_common(1)
        if count > 1:
            raise RequestError(f"parameter {name}: {often} stands there twice; each value once is enough")
    if not axes:
        raise RequestError("nothing is swept; wanted at least one parameter with values, such as -g units 16,32")
    if "folder" in {*axes, *fixed}:
        raise RequestError("parameter folder: the runs of a sweep would write into each other's; leave it out")
    check_use(chapter, notebook, axes)
    return Grid(chapter, {**chapter.defaults, **chapter.convert(fixed)}, axes)


def spell_out(name: str, given: Any, annotation: str) -> list[Any]:
    """The values that a parameter is to take, from a list or from text. Raises `RequestError`."""
    if not isinstance(given, str):
        return list(given) if isinstance(given, Sequence) else [given]
    if _RANGE.match(given):
        return _spread(name, given, annotation.startswith("int"))
    separator = ";" if annotation.startswith("list[") else ","
    return [part.strip() for part in given.split(separator) if part.strip()]


def _spread(name: str, text: str, whole: bool) -> list[float | int]:
    """The values of "log:1e-4:1e-2:5" and its like; `whole` numbers where the parameter wants them."""
    import numpy as np

    kind, *ends = text.split(":")
    wanted = {
        "log": "log:LOW:HIGH:COUNT, 0 < LOW",
        "lin": "lin:LOW:HIGH:COUNT",
        "int": "int:LOW:HIGH or int:LOW:HIGH:STEP",
    }
    try:
        low, high, *more = [float(end) for end in ends]
        if not low < high < math.inf:
            raise ValueError
        if kind == "int":
            (step,) = more or [1.0]
            if step <= 0 or any(number % 1 for number in (low, high, step)):
                raise ValueError
            values = np.arange(low, min(high + 1, low + (LONGEST + 1) * step), step)
        else:
            (count,) = more
            if not low > -math.inf or not high - low < math.inf:
                raise ValueError
            if count % 1 or not 2 <= count <= LONGEST or (kind == "log" and low <= 0):
                raise ValueError
            values = (np.geomspace if kind == "log" else np.linspace)(low, high, int(count))
    except (ValueError, OverflowError, ZeroDivisionError):
        raise RequestError(f"parameter {name}: {text!r} is no range; wanted {wanted[kind]}, LOW < HIGH") from None
    if len(values) > LONGEST:
        raise RequestError(f"parameter {name}: {text!r} is more than {LONGEST:,} values; wanted fewer")
    whole = whole or kind == "int"
    return list(dict.fromkeys(round(value) if whole else float(f"{value:.6g}") for value in values.tolist()))


def split_file(chapter: Chapter, content: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """What a parameter file sweeps, and what it fixes: a list of values is swept, and so is a range such as "log:...".

    For a parameter that is a list itself, only a list of lists is swept.
    """
    grid: dict[str, Any] = {}
    for name, value in content.items():
        chapter.convert({name: value} if name not in chapter.parameters else {})
        kind = Settings.model_fields[name].annotation if name in Settings.model_fields else None
        is_list = "list[" in f"{kind} {chapter.parameters[name].annotation}"
        several = isinstance(value, list) and not (is_list and not any(isinstance(one, list) for one in value))
        if several or (
            isinstance(value, str) and _RANGE.match(value) and "str" not in chapter.parameters[name].annotation
        ):
            grid[name] = value
    return grid, {name: value for name, value in content.items() if name not in grid}


def read_grid(
    name: str, files: Sequence[Mapping[str, Any]], swept: Sequence[tuple[str, Any]], fixed: Sequence[tuple[str, Any]]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """What a command line sweeps and fixes: its pairs win over what its files say. Raises `RequestError`."""
    chapter = find_chapter(name)
    grid, parameters = dict[str, Any](), dict[str, Any]()
    for content in files:
        for one in content:
            grid.pop(one, None), parameters.pop(one, None)
        more = split_file(chapter, content)
        grid |= more[0]
        parameters |= more[1]
    for one, _ in (*swept, *fixed):
        grid.pop(one, None), parameters.pop(one, None)
    for one, values in swept:
        if one in grid:
            raise RequestError(f"-g {one}: given twice; wanted all its values in one")
        grid[one] = values
    return grid, parameters | dict(fixed)


def list_csvs(source: str) -> list[str]:
    """The CSV files that a pattern such as "data/*.csv" finds, or that stand in a text file, a line each."""
    if glob.has_magic(source) and not Path(source).exists():
        found = sorted(path for path in glob.glob(source, recursive=True) if Path(path).is_file())
    else:
        try:
            lines = Path(source).read_text(encoding="utf-8").splitlines()
        except (OSError, UnicodeDecodeError) as error:
            why = getattr(error, "strerror", None) or "not UTF-8 text"
            raise RequestError(
                f"{source}: can't be read ({why}); wanted a list of CSV files, a path on each line"
            ) from None
        found = [line.strip() for line in lines if line.strip() and not line.startswith("#")]
    if not found:
        raise RequestError(
            f"{source}: no CSV files; wanted a pattern such as 'data/*.csv' or a file with a path on each line"
        )
    return found
