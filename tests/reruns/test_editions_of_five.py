"""Editions of five very different series, by the book's own chapters: no claim fails, and no sentence is another's."""

import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from bs4 import BeautifulSoup

from lstm_tutorial.numbers import write_number
from lstm_tutorial.reruns import edition as module
from lstm_tutorial.workflow.deploy import load
from lstm_tutorial.workflow.words import CALLED

# As little work as shows what the chapters say; what they find is of no use.
LITTLE = {"updates": 3, "epochs": 2, "trials": 2, "members": 2, "units": 8}
# Of the book's own examples; and what text looks like when a value is missing in it.
LEFTOVERS = re.compile(
    r"JFK|jfk|LaGuardia|airport|nycflights|departures|temperature|carbon|CO2|co2|airline|passenger|[Ss]unspot|elni|"
    r"\bnan\b|\bNaN\b|\bNone\b|\binf\b|-0\.0\b|\b1 (steps|windows|trials|networks|rows|members|LSTMs|stretches)\b|"
    r"(?<=\s)\{\w*\}|  \*\*"
)


def noise(count: int, keeps: float, seed: int) -> np.ndarray:
    """An autoregressive process of order one."""
    shocks, values = np.random.default_rng(seed).standard_normal(count), np.zeros(count)
    for i in range(1, count):
        values[i] = keeps * values[i - 1] + shocks[i]
    return values


def plain() -> pd.DataFrame:
    """Around zero, without times or season."""
    return pd.DataFrame({"signal": noise(260, 0.8, 0).round(3)})


def shop() -> pd.DataFrame:
    """Days, with weeks and gaps, past covariates, and one that is known ahead of the last sale."""
    count, rng = 420, np.random.default_rng(1)
    days = pd.date_range("2022-01-01", periods=count)
    offer = (rng.random(count) < 0.2).astype(float)
    visitors = 500 + 200 * (days.dayofweek >= 5) + 30 * rng.standard_normal(count)
    sales = (0.4 * visitors + 80 * offer + 10 * rng.standard_normal(count)).round(1)
    sales[200:208] = np.nan
    table = pd.DataFrame({"day": days, "sales": sales, "visitors": visitors.round(), "offer": offer})
    table.loc[table.index[-7:], ["sales", "visitors"]] = np.nan
    return table


def meter() -> pd.DataFrame:
    """Local hours through two changes of the clocks, with a cycle of the day and one of the week."""
    hours = pd.date_range("2023-03-01", periods=6000, freq="h", tz="UTC").tz_convert("Europe/Berlin")
    load_kw = 50 + 12 * np.sin(2 * np.pi * hours.hour / 24) + 6 * (hours.dayofweek < 5) + noise(6000, 0.9, 2)
    return pd.DataFrame({"zeit": hours.tz_localize(None).strftime("%d.%m.%Y %H:%M"), "load_kw": load_kw.round(2)})


def growth() -> pd.DataFrame:
    """Years, few, growing by a share."""
    return pd.DataFrame({"year": range(1940, 2020), "output": (100 * 1.04 ** np.arange(80)).round(1) + noise(80, 0, 3)})


def counts() -> pd.DataFrame:
    """Small counts by the quarter of an hour, most of them zero."""
    times = pd.date_range("2024-05-06", periods=2000, freq="15min")
    rate = np.where((times.hour > 7) & (times.hour < 19), 0.9, 0.05)
    return pd.DataFrame({"at": times, "calls": np.random.default_rng(4).poisson(rate)})


SERIES = {
    "signal": (plain, {"horizon": 3}, 260),
    "sales": (shop, {"target": "sales", "known": "offer"}, 413),
    "load_kw": (meter, {"timezone": "Europe/Berlin", "windows": 500}, 6000),
    "output": (growth, {"target": "output"}, 80),
    "calls": (counts, {"horizon": 8}, 2000),
}


def text_of(page: Path) -> str:
    """What a reader sees of a page, without code."""
    soup = BeautifulSoup(page.read_text(encoding="utf-8"), "html.parser")
    for gone in soup.main.select("details, pre, code, table, script, style"):
        gone.decompose()
    captions = " ".join(image.get("alt", "") for image in soup.main.find_all("img"))
    return re.sub(r"\s+", " ", f"{soup.main.get_text(' ')} {captions}")


def dead_links(page: Path) -> list[str]:
    """What a page links to in its own folder, and is not there."""
    targets = [
        link["href"] for link in BeautifulSoup(page.read_text(encoding="utf-8"), "html.parser").select("a[href]")
    ]
    own = [target.partition("#") for target in targets if not target.startswith("http")]
    return [
        f"{name}#{heading}"
        for name, _, heading in own
        if not (page.parent / (name or page.name)).exists()
        or (heading and f'id="{heading}"' not in (page.parent / (name or page.name)).read_text(encoding="utf-8"))
    ]


@pytest.mark.parametrize("name", SERIES)
def test_every_sentence_is_about_these_data(name, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    make, parameters, rows = SERIES[name]
    make().to_csv("my.csv", index=False)
    results = module.edition("my.csv", "out", {**LITTLE, **parameters}, workers=2, progress=False)
    assert set(results) == set(module.NAMES) and results["prepare"]["target"] == name
    for page in ("index", *module.NAMES):
        assert not dead_links(Path(f"out/{page}.html")), page
        text = text_of(Path(f"out/{page}.html"))
        found = LEFTOVERS.search(text)
        assert not found, f"{page}: ...{text[max(0, found.start() - 80) : found.end() + 80]}..."
        if page != "index":
            assert "?" in text and len(text) > 1500, page
    index = text_of(Path("out/index.html"))
    assert f"{rows:,} rows of {name}" in index
    evaluated = results["evaluate"]
    best = CALLED.get(evaluated["best_other"], evaluated["best_other"])
    assert f"{best}, with an RMSE of {write_number(evaluated['rmse_best_other'])}" in index
    assert ("drawn at random" in index) == ("windows" in parameters)
    forecast = pd.read_csv("out/forecast.csv")
    assert len(forecast) == load(Path("out/forecaster")).horizon == parameters.get("horizon", len(forecast))
    assert np.isfinite(forecast.filter(regex="forecast|lower|upper")).all(axis=None)
    assert json.loads(Path("out/edition.json").read_text())["settings"]["units"] == LITTLE["units"]
