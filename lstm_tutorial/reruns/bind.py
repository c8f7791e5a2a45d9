"""The pages of an edition: a summary of what its chapters found, and the chapters."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from nbformat import NotebookNode

from lstm_tutorial.numbers import write_number
from lstm_tutorial.reruns.adapt import summarize
from lstm_tutorial.reruns.page import plain_text, render
from lstm_tutorial.reruns.results import read_results
from lstm_tutorial.workflow.prepare import step_words

SHOWN = 6  # steps of the forecast on the first page


def bind(
    folder: Path, executed: Mapping[str, NotebookNode], titles: Mapping[str, str], about: Mapping[str, Any]
) -> None:
    """Write index.html, with the summary, into an edition's folder."""
    target = plain_text(read_results(executed["prepare"])["target"].replace("_", " "))
    said = parts(folder, executed, titles, about)
    index = summarize(said, executed.values(), f"{target}: a forecast, and what it is worth")
    (folder / "index.html").write_text(render(index, "Summary", _pages(titles)), encoding="utf-8")


def write_page(folder: Path, name: str, notebook: NotebookNode, titles: Mapping[str, str]) -> None:
    """Write the page of a chapter, with links to all the others, into an edition's folder."""
    (folder / f"{name}.html").write_text(render(notebook, titles[name], _pages(titles)), encoding="utf-8")


def _pages(titles: Mapping[str, str]) -> dict[str, str]:
    return {"index.html": "Summary"} | {f"{name}.html": title for name, title in titles.items()}


def parts(
    folder: Path, executed: Mapping[str, NotebookNode], titles: Mapping[str, str], about: Mapping[str, Any]
) -> dict[str, str]:
    """What stands above the outputs in each part of the summary."""
    data, scores, own = (read_results(executed[name]) for name in ("prepare", "evaluate", "deploy"))
    settings = about["settings"]
    forecaster = json.loads((folder / "forecaster" / "forecaster.json").read_text(encoding="utf-8"))
    learned, schema = (forecaster[name] for name in ("learned", "schema"))
    whose = "It is that of the blend."
    if scores["verdict"] in ("tied", "too few"):
        whose += (
            " Where nothing tells methods apart, the simpler one is the safer choice; an edition deploys the blend."
        )
    if scores["verdict"] == "worse":
        whose = f"**It is that of the blend, although {scores['best_other']} had the smaller error.**"
    if scores["verdict"] != "better" and scores["best_other"] == "ridge":
        whose += f" How to deploy the linear model: [{titles['evaluate']}](evaluate.html#one-page-for-whoever-decides)"
    columns = ", ".join(map(plain_text, [schema["target"], *schema["features"], *schema["known"]]))
    columns = f"{'the time, ' * bool(schema['step'])}{columns}"
    newer = f"`newer.csv` holds the same columns ({columns}) and at least {own['reach']} rows"
    newer += ", and below them the rows to be forecast with what is known ahead." if schema["known"] else "."
    most, members = settings["windows"], settings["members"]
    used = [data[f"{part}_windows"] for part in ("training", "validation", "test")]
    thinned = f" **Of each part, at most {most:,} windows were used, drawn at random.**" if most in used else ""
    step = f", one for each {step_words(data['step'])}" if data["step"] else ""
    first, last, row = _day(data["first"]), _day(data["last"]), "" if data["step"] else "row "
    listed = "\n".join(f"- [{titles[name]}]({name}.html)" for name in executed)
    return {
        "data": f"## The data\n\n{data['rows']:,} rows of *{plain_text(data['target'])}*, from {first} to {last}"
        f"{step}. The last {settings['test_fraction']:.0%} of them, from {row}{_day(data['test_first'])} on, were held "
        f"out to score forecasts, the {settings['validation_fraction']:.0%} before them to choose by.{thinned}",
        "verdict": "## Which method won, by how much, and how sure is that?\n\nThe *blend* mixes a linear model and "
        f"the mean of {members} LSTM{'s' * (members > 1)}, in the shares that did best on the validation part. Errors "
        "are root mean squared errors (RMSE) on the test part, in the units of the data; they count large misses more. "
        f"What the other methods do stands in [{titles['evaluate']}](evaluate.html#the-table)",
        "forecast": f"## The forecast\n\n{whose} Its LSTMs have learned from values up to "
        f"{row}{_day(learned['LSTM'])}, its linear model from values up to {row}{_day(learned['linear'])}. What "
        "came later was kept to choose by and to score; the forecast starts from the latest values all the same. The "
        "intervals are meant to hold 80 and 95 of 100 values; below the table stands how far to trust that."
        f"\n\n{_table(folder / 'forecast.csv')}",
        "distrust": "## What to distrust\n\nWhat a test part has shown holds as long as the series goes on as it "
        "was, and of the times of the year that were in it. The blend was not chosen by it. The best of the others "
        "was, which favors that one a little, and the widths of the intervals come from its errors. What it says of "
        "small differences is luck in part.",
        "more": f"## More\n\n{listed}\n\nThe executed notebooks are in `notebooks`, all key figures in "
        '<a href="results.json">results.json</a>, every setting in <a href="edition.json">edition.json</a>. In this '
        "folder, the first of these commands makes the edition again, the second writes a forecast from newer data "
        "to the screen, and the third answers other programs on this machine.\n\n```\n"
        "lstm-tutorial edition --from edition.json --out again\nlstm-tutorial predict forecaster newer.csv\n"
        f"lstm-tutorial serve forecaster\n```\n\n{newer}",
    }


def _day(time: str) -> str:
    return time.removesuffix(" 00:00:00").removesuffix(":00") if " " in time else time


def _table(path: Path) -> str:
    """The first steps of a forecast, in as many digits as tell something, and where the others are."""
    with path.open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    when, *names = rows[0]
    levels = [name.removeprefix("lower_") for name in names if name.startswith("lower_")]
    shown = [[when, "forecast", *(f"{level} %" for level in levels)], ["---", *["--:"] * (1 + len(levels))]]
    for row in rows[:SHOWN]:
        ends = (f"{_short(row[f'lower_{level}'])} to {_short(row[f'upper_{level}'])}" for level in levels)
        shown.append([row[when].replace("T", " ").removesuffix(":00"), _short(row["forecast"]), *ends])
    table = "\n".join(f"| {' | '.join(row)} |" for row in shown)
    left = len(rows) - SHOWN
    where = f"The other {left} steps are" if left > 1 else "The last step is" if left == 1 else "The same is"
    return f'{table}\n\n{where} in <a href="forecast.csv">forecast.csv</a>.'


def _short(number: str) -> str:
    return write_number(float(number))
