"""Several series in one file: an edition of each, and a page that ranks them."""

from __future__ import annotations

import csv as csv_module
import re
from collections.abc import Mapping, Sequence
from html import escape
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import nbformat
from tqdm import tqdm

from lstm_tutorial.reruns import callable_module
from lstm_tutorial.reruns.data import blame
from lstm_tutorial.reruns.edition import check_request, edition
from lstm_tutorial.reruns.errors import ChapterFailed, RequestError
from lstm_tutorial.reruns.page import plain_text, render
from lstm_tutorial.reruns.run import check_data, save_json
from lstm_tutorial.settings import Settings, convert

if TYPE_CHECKING:
    from lstm_tutorial.workflow.prepare import Part

TABLE, MARK = "editions.csv", "editions.json"
FIELDS = ("series", "folder", "rows", "best_other", "ratio", "verdict", "mase_blend", "coverage_80", "error")


def editions(
    csv: str, series: str, out: str | Path, parameters: Mapping[str, Any] | None = None, **options: Any
) -> list[dict[str, Any]]:
    """An edition for each of the series that the column `series` of a CSV file names, each in a folder in `out`.

    `out` gets index.html, which ranks them, and editions.csv with the same table, which is returned: one dict for each,
    best first, with "error" for a series that could not be used, the last of all. A second call goes on where the
    first one stopped. Options are those of `edition`. Raises `RequestError` for a file that can't be used at all.
    """
    from lstm_tutorial.workflow.prepare import read_bytes, split_series

    folder = Path(out).expanduser()
    with blame(csv):
        parts = split_series(read_bytes(csv), series)
    if folder.exists() and not folder.is_dir():
        raise RequestError(f"{folder}: a file; name a folder")
    check_request(parameters or {}, options.get("preset", "normal"))
    _check_parts(parts, parameters or {})
    names = _folders(list(parts))
    there = {path.name for path in folder.iterdir()} if folder.exists() else set()
    if there and MARK not in there:
        raise RequestError(f"{folder}: not empty, and not a folder of editions; name another")
    strangers = there - {*names.values(), "data", MARK, TABLE, "index.html"}
    if strangers:
        raise RequestError(f"{folder}: holds {min(strangers)}, which is none of these series; name another folder")
    try:
        folder.mkdir(parents=True, exist_ok=True)
        save_json(folder / MARK, {"csv": csv, "series": series})
        (folder / "data").mkdir(exist_ok=True)
    except OSError as error:
        raise RequestError(f"{folder}: can't be written ({error.strerror})") from None
    rows = []
    for name, part in tqdm(parts.items(), unit="series", disable=not options.get("progress", True)):
        path = folder / "data" / f"{names[name]}.csv"
        path.write_bytes(part.content)
        row: dict[str, Any] = {"series": name, "folder": names[name]}
        try:
            results = edition(str(path), folder / names[name], parameters, keep=True, **options)
            row |= {"rows": results["prepare"]["rows"]} | {
                n: results["evaluate"][n] for n in FIELDS[3:8] if n != "ratio"
            }
            row["ratio"] = results["evaluate"]["rmse_blend"] / results["evaluate"]["rmse_best_other"]
        except (RequestError, ChapterFailed) as error:
            row["error"] = _told(error, path, part.rows)
        rows.append(row)
    rows.sort(key=lambda row: row.get("ratio", float("inf")))
    with (folder / TABLE).open("w", encoding="utf-8", newline="") as file:
        writer = csv_module.DictWriter(file, FIELDS)
        writer.writeheader()
        writer.writerows(rows)
    (folder / "index.html").write_text(_overview(rows, series), encoding="utf-8")
    return rows


def _folders(names: list[str]) -> dict[str, str]:
    """A folder's name for each series: its own, without what file systems dislike, and each only once."""
    found: dict[str, str] = {}
    for name in names:
        plain = re.sub(r"[^\w.-]+", "-", name).strip("-.") or "series"
        taken = {each.lower() for each in found.values()} | {"data"}
        number = next(n for n in range(1, len(names) + 2) if (plain if n == 1 else f"{plain}-{n}").lower() not in taken)
        found[name] = plain if number == 1 else f"{plain}-{number}"
    return found


def _overview(rows: list[dict[str, Any]], series: str) -> str:
    made = [row for row in rows if "ratio" in row]
    ahead = sum(row["ratio"] < 1 for row in made)
    proven = sum(row["verdict"] == "better" for row in made)
    lines = [
        f"# {len(rows)} series, by {plain_text(series)}",
        f"The blend of a linear model and LSTMs has a smaller error than the best of the other methods on {ahead} of "
        f"{len(made)} series, on {proven} of them by more than chance. *Ratio* is its RMSE divided by theirs; below 1 "
        "it is ahead. *MASE* is its mean absolute error, divided by that of the seasonal naive rule on the training "
        "part. The last column says how many values the 80 % intervals held.",
        "| series | rows | best other | ratio | the blend is | MASE | held |\n"
        "| :-- | --: | :-- | --: | :-- | --: | --: |\n"
        + "\n".join(
            f'| <a href="{escape(row["folder"])}/index.html">{plain_text(row["series"])}</a> | {row["rows"]:,} | '
            f"{row['best_other']} | {row['ratio']:.3f} | {row['verdict']} | {row['mase_blend']:.2f} | "
            f"{row['coverage_80']:.0%} |"
            for row in made
        ),
    ]
    failed = [f"- {plain_text(row['series'])}: {plain_text(row['error'])}" for row in rows if "error" in row]
    if failed:
        lines += ["## Without an edition", "\n".join(failed)]
    page = nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell(line) for line in lines])
    return render(page, f"{len(rows)} series")


def _told(error: Exception, path: Path, rows: Sequence[int]) -> str:
    """What is wrong with a series, with the row numbers of the file that it came from."""

    def number(found: re.Match[str]) -> str:
        row = int(found[1])
        return f"row {rows[row - 1] if row <= len(rows) else row}"

    return re.sub(r"\brow (\d+)", number, str(error).replace(f"{path}: ", "", 1))


def _check_parts(parts: Mapping[str, Part], parameters: Mapping[str, Any]) -> None:
    """That there is a series that can be used, before anything is written. Raises `RequestError`, the first's."""
    wrong = []
    with TemporaryDirectory() as folder:
        for number, (name, part) in enumerate(parts.items()):
            path = Path(folder) / f"{number}.csv"
            path.write_bytes(part.content)
            known = {each: convert(each, v, "") for each, v in parameters.items() if each in Settings.model_fields}
            try:
                check_data(Settings().model_dump() | known | {"csv": str(path)}, path.with_suffix(".kept"))
                return
            except RequestError as error:
                wrong.append(f"{name}: {_told(error, path, part.rows)}")
    raise RequestError(f"none of {len(parts)} series can be used: {wrong[0]}")


callable_module(__name__)
