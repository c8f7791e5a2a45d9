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
from lstm_tutorial.reruns.page import render
from lstm_tutorial.reruns.results import read_results
from lstm_tutorial.workflow.prepare import step_words

SHOWN = 6  # steps of the forecast on the first page


def bind(
    folder: Path, executed: Mapping[str, NotebookNode], titles: Mapping[str, str], about: Mapping[str, Any]
) -> None:
    """Write index.html, with the summary, into an edition's folder."""
    target = read_results(executed["prepare"])["target"].replace("_", " ")
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
    if scores["verdict"] == "worse":
        whose = f"**It is that of the blend, although {scores['best_other']} had the smaller error.**"
        if scores["best_other"] == "ridge":
            whose += " How to deploy the linear model, [Evaluate](evaluate.html#one-page-for-whoever-decides) shows."
    columns = ", ".join([schema["target"], *schema["features"], *schema["known"]])
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
        "data": f"## The data\n\n{data['rows']:,} rows of *{data['target']}*, from {first} to {last}"
        f"{step}. The last {settings['test_fraction']:.0%} of them were held out to score forecasts, the "
        f"{settings['validation_fraction']:.0%} before them to choose by.{thinned}",
        "verdict": "## Which method won, by how much, and how sure is that?\n\nThe *blend* mixes a linear model and "
        f"the mean of {members} LSTM{'s' * (members > 1)}, in the shares that did best on the validation part. Errors "
        "are root mean squared errors (RMSE) on the test part, in the units of the data. What the other methods do, "
        "[Evaluate](evaluate.html#the-table) tells.",
        "forecast": f"## The forecast\n\n{whose} Its LSTMs have learned from values up to "
        f"{row}{_day(learned['LSTM'])}, its linear model from values up to {row}{_day(learned['linear'])}. The "
        f"intervals should contain 80 and 95 of 100 values.\n\n{_table(folder / 'forecast.csv')}",
        "distrust": "## What to distrust\n\nWhat a test part has shown holds as long as the series goes on as it "
        "was. Nothing here was chosen by it, but what it says of small differences is luck in part.",
        "more": f"## More\n\n{listed}\n\nThe executed notebooks are in `notebooks`, all key figures in "
        '<a href="results.json">results.json</a>, every setting in <a href="edition.json">edition.json</a>, from '
        "which the first of these commands makes the edition again. The others forecast from newer data.\n\n```\n"
        "lstm-tutorial edition --from edition.json --out again\nlstm-tutorial predict forecaster newer.csv\n"
        f"lstm-tutorial serve forecaster\n```\n\n{newer}",
    }


def _day(time: str) -> str:
    return time.removesuffix(" 00:00:00")


def _table(path: Path) -> str:
    """The first steps of a forecast, in as many digits as tell something, and where the others are."""
    with path.open(newline="", encoding="utf-8") as file:
        header, *rows = csv.reader(file)
    shown = [[name.replace("_", " ") for name in header], ["---", *["--:"] * (len(header) - 1)]]
    shown += [[time.replace("T", " ").removesuffix(":00"), *map(_short, numbers)] for time, *numbers in rows[:SHOWN]]
    table = "\n".join(f"| {' | '.join(row)} |" for row in shown)
    left = len(rows) - SHOWN
    where = f"The other {left} steps are" if left > 1 else "The last step is" if left == 1 else "The same is"
    return f'{table}\n\n{where} in <a href="forecast.csv">forecast.csv</a>.'


def _short(number: str) -> str:
    return write_number(float(number))
