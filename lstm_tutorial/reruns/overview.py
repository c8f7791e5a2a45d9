"""The page of a sweep: its runs as a table, best first, and pictures of what its parameters do."""

from __future__ import annotations

import base64
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd

from lstm_tutorial.reruns.folder import COLUMNS
from lstm_tutorial.reruns.grid import Grid

ROWS = 5000  # in the page; runs.csv has them all
Key = tuple[str | None, bool]  # a figure's name, and whether the greatest comes first


def key_figure(table: pd.DataFrame, grid: Grid, by: str | None) -> Key:
    """What runs are sorted by: `by` ("-NAME": greatest first), or the first number that the chapter records."""
    figures = [name for name in table.columns if name not in {*grid.axes, *COLUMNS}]
    if by is not None:
        name = by.removeprefix("-")
        name = f"recorded_{name}" if f"recorded_{name}" in figures else name
        return (name if name in figures else None), by.startswith("-")
    return next((name for name in figures if any(_is_number(value) for value in table[name])), None), False


def sort_runs(table: pd.DataFrame, key: Key) -> pd.DataFrame:
    """Runs with a key figure first, best first; then those without one, failed ones, and those that have not run."""
    name, descending = key
    state = table["state"].map({"done": 0, "failed": 1, "not run": 2})
    figure = pd.to_numeric(table[name], errors="coerce") if name else table["run"]
    order = pd.DataFrame({"state": state, "figure": -figure if descending else figure})
    return table.loc[order.sort_values(["state", "figure"], na_position="last", kind="stable").index]


def render_overview(table: pd.DataFrame, grid: Grid, by: str | None, versions: dict[str, str]) -> str:
    """One HTML page that needs no other file and no network."""
    from jinja2 import Environment, FileSystemLoader

    key = key_figure(table, grid, by)
    name, descending = key
    ordered = sort_runs(table, key)
    shown = ordered[ordered["state"] != "not run"].head(ROWS)
    figures = [column for column in table.columns if column not in {*grid.axes, *COLUMNS}]
    if name:
        figures = [name, *(column for column in figures if column != name)]
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "page"), autoescape=True, trim_blocks=True
    )
    environment.filters["figure"] = _figure
    return environment.get_template("sweep.html.j2").render(
        chapter=grid.chapter,
        counts=table["state"].value_counts().to_dict(),
        total=len(table),
        key=name,
        descending=descending,
        swept=list(grid.axes),
        fixed={name: value for name, value in grid.fixed.items() if name not in grid.axes},
        figures=figures,
        rows=shown.to_dict("records"),
        left_out=int((table["state"] != "not run").sum()) - len(shown),
        pictures=_draw(ordered, grid, name),
        versions=versions,
    )


def _draw(table: pd.DataFrame, grid: Grid, key: str | None) -> list[dict[str, str]]:
    """The pictures, best runs first in `table`; none as long as fewer than two runs have a key figure."""
    from lstm_tutorial.plots.sweep import sweep_effect, sweep_lines

    if key is None:
        return []
    done = [number for number, value in zip(table["run"], table[key], strict=True) if _is_number(value)]
    values = dict(zip(table["run"], table[key], strict=True))
    # The values as they were given: a column of a table has made floats of whole numbers beside None.
    runs: Sequence[dict[str, Any]] = [{**grid.swept(number), key: values[number]} for number in done]
    if len(runs) < 2:
        return []
    drawn = [(*sweep_lines(grid.axes, runs, key), f"Each run as a line through its settings to {key}; dark is small.")]
    for name, axis in grid.axes.items():
        if len(axis) > 1:
            caption = f"{key} against {name}. Each dot is a run, the other parameters vary; orange: their median."
            drawn.append((*sweep_effect(name, axis, runs, key), caption))
    return [
        {"source": f"data:image/png;base64,{base64.b64encode(png).decode()}", "alt": alt, "caption": caption}
        for png, alt, caption in drawn
    ]


def _is_number(value: Any) -> bool:
    import numbers

    return isinstance(value, numbers.Real) and not isinstance(value, bool) and math.isfinite(value)


def _figure(value: Any) -> str:
    """A table's cell: numbers short, nothing for what is not there."""
    if value is None or value is pd.NA or (isinstance(value, float) and math.isnan(value)):
        return ""
    return f"{value:.6g}" if isinstance(value, float) else str(value)
