"""Every picture says in words what it shows, and is small."""

import io
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from lstm_tutorial import plots
from lstm_tutorial.plots.sweep import sweep_lines
from lstm_tutorial.settings import Settings
from lstm_tutorial.workflow.design import build, plain
from lstm_tutorial.workflow.schema import Schema

INDEX = pd.date_range("2020-01-01", periods=600, freq="h")
SERIES = pd.Series(np.random.default_rng(0).normal(size=600), index=INDEX, name="load")
VALLEYS = {"round": np.eye(2), "long": np.diag([1.0, 9.0])}
PATHS = {("SGD", name): np.array([[-3.0, 1.0], [-1.0, 0.5], [0.0, 0.1]]) for name in VALLEYS}
LOSSES = {"loss": [1.0, 0.5, 0.4], "val_loss": [1.0, 0.6, 0.7]}
STEPS, MARKS = (*"ifogc", "answer"), np.arange(9) % 3 == 0
ADDING = np.stack([np.linspace(-1, 1, 9), np.eye(9)[2] + np.eye(9)[5]], axis=1)
UNITS = {name: np.random.default_rng(0).uniform(size=(9, 4)) for name in "ifc"}
DOTS = {"standard": [0.02, 0.03], "no_input_gate": [0.1, 0.2]}
ROWS = {"first": np.arange(6, 36), "training": np.arange(30) < 15}
ROWS |= {
    name: (np.abs(np.arange(40) - ROWS["first"][:, None] + back) < 4) + 0.1
    for name, back in (("inputs", 4), ("targets", 0))
}
PREPARED = SimpleNamespace(
    scaler=SimpleNamespace(timesteps=24, horizon=6, anchor="season", log=True),
    schema=SimpleNamespace(columns=("load", "wind"), unit="MW"),
    values=SERIES.to_numpy(),
    train=SimpleNamespace(x=np.ones((500, 1, 48)), y=np.ones((500, 6)), first=np.arange(24, 524)),
)
TRIALS = pd.DataFrame(
    {"units": [50, 8, 128, 20], "dropout": [0.3, 0.0, 0.6, 0.1], "error": [0.7, 0.8, 0.9, 0.65]}, index=range(1, 5)
).assign(state=["complete", "complete", "pruned", "complete"])
DESIGNS = pd.DataFrame({"weights": [90, 20], "seed 0": [2.0, 1.0], "seed 1": [2.1, 1.2]}, index=["LSTM", "GRU"])
CALLS = {
    "series": lambda: plots.series(SERIES, (400, 500, 600)),
    "series without times": lambda: plots.series(SERIES.reset_index(drop=True), (400, 500, 600)),
    "windows": lambda: plots.windows(SERIES.to_numpy(), 24, 2),
    "learning_curve": lambda: plots.learning_curve({"loss": [1, 0.5, 0.4], "val_loss": [1, 0.6, 0.7]}, 2),
    "learning_curve from the start": lambda: plots.learning_curve({"loss": [1, 0.5], "val_loss": [1, 0.6]}, 0, 0.5),
    "forecasts": lambda: plots.forecasts(SERIES, {"LSTM": SERIES.to_numpy()[:, None], "rule": SERIES.to_numpy()}),
    "future": lambda: plots.future(SERIES, SERIES.iloc[:5]),
    "scores": lambda: plots.scores(pd.DataFrame({"RMSE": [1.0, 2.0]}, index=["LSTM", "rule"]), "RMSE", "load", "MW"),
    "speed_ratios": lambda: plots.speed_ratios(
        [{"part": "training", "shape": (2, 3, 1, 4), "other": "Keras", "ratio": ratio} for ratio in (0.5, 2.0, 80.0)]
    ),
    "speed_steps": lambda: plots.speed_steps({"slow": 3.0, "fast": 1.0}),
    "descents": lambda: plots.descents(VALLEYS, PATHS),
    "rate_sweep": lambda: plots.rate_sweep([1e-4, 1e-3, 1e-2], [1.0, 0.5, 9.0], [1.0, 0.7, 4.0], 1e-4),
    "rate_race": lambda: plots.rate_race({"SGD": {0.1: [0.5, 0.6], 1: [1, 1]}, "Adam": {0.002: [0.4, 0.5]}}),
    "seed_scores": lambda: plots.seed_scores({"none": [1.0, 1.1], "dropout": [0.9, 1.2]}, "RMSE", "MW"),
    "step_sizes": lambda: plots.step_sizes(
        [0.1, 1], {("SGD", "round"): [0.1, np.nan], ("SGD", "long"): [1.0, 2.0]}, 9, {"SGD": 0.5}
    ),
    "squashing_functions": plots.squashing_functions,
    "cell_diagram": plots.cell_diagram,
    "gates": lambda: plots.gates({name: np.linspace(0, 1, 9) for name in STEPS}, np.ones(9), MARKS, ~MARKS, scale=10),
    "learning_curves": lambda: plots.learning_curves({"NumPy": [LOSSES, LOSSES], "Keras": [LOSSES]}),
    "recall": lambda: plots.recall([5, 10], {"RNN": np.array([[1, 0.9], [0.5, 0.3]])}, 0.25),
    "gradients": lambda: plots.gradients(
        [1, 10], {"RNN": {"×1": np.zeros((3, 2))}, "LSTM": {"bias 1": -np.eye(2)}}, {"bias 1": np.array([-1.0, -2.0])}
    ),
    "trials": lambda: plots.trials({"LSTM": [np.geomspace(1, 0.01, 500)]}, 16, 0.2, 0.01, "adding"),
    "memory": lambda: plots.memory(ADDING, UNITS),
    "state_growth": lambda: plots.state_growth({"LSTM": np.ones((5, 2)), "RNN": np.full((5, 2), 3.0)}, every=100),
    "ablation": lambda: plots.ablation(DOTS, DOTS, 100),
    "token_losses": lambda: plots.token_losses({"with attention": [3.0, 1.0, 0.01], "without": [3.0, 2.0, 1.0]}),
    "attention_map": lambda: plots.attention_map(["forty", "-", "two"], [*"zweiundvierzig"], np.ones((14, 3)) / 3),
    "attention_map of words": lambda: plots.attention_map(["go"], ["geh", "doch"], np.ones((2, 1))),
    "attention_map in two lines": lambda: plots.attention_map(
        ["a", " "], [*"one and then another"] * 2, np.ones((40, 2))
    ),
    "errors_by_length": lambda: plots.errors_by_length(
        {"with attention": {"1": 0.5, "2 to 3": 0.1}}, {"1": 10, "2 to 3": 100}, "digits"
    ),
    "bits_curve": lambda: plots.bits_curve({"loss": [3, 2.9], "val_loss": [2.8, 2.7]}, 2, 2.9, 2.9),
    "bits_curve from far away": lambda: plots.bits_curve({"loss": [3], "val_loss": [2.8]}, 1, 9.0, 2.9),
    "bits_saved": lambda: plots.bits_saved([0.1, -0.2, 0.3], [9, 9, 2], "word"),
    "cells": lambda: plots.cells(["cat", "house"], {"unit 1": [np.ones(3), -np.ones(5)], "2": [np.ones(3)] * 2}),
    "unrolled": plots.unrolled,
    "nudge_sizes": lambda: plots.nudge_sizes([1e-9, 1e-5, 1e-1], [1e-6, 1e-10, 1e-2]),
    "architecture": lambda: plots.architecture(
        build(Settings(timesteps=4, horizon=2, fold=2), Schema("load", ("wind",)))
    ),
    "architecture of a Sequential": lambda: plots.architecture(plain(4, 3, 0.01, 0)),
    "designs": lambda: plots.designs([DESIGNS, DESIGNS.iloc[::-1]], {"ridge": 1.5}),
    "designs of one kind": lambda: plots.designs([DESIGNS], {}),
    "starts": lambda: plots.starts({"zeros": np.ones((2, 5)), "usual": np.full((2, 5), 2.0)}, 10, 1.5),
    "by_step": lambda: plots.by_step({"direct": np.ones((3, 6)), "recursive": np.full((3, 6), 2.0)}),
    "by_step of a single step": lambda: plots.by_step({"direct": np.ones((3, 1))}),
    "gradient_flow": lambda: plots.gradient_flow({"small": ([1e-9, 1.0], [1e-8, 0.5]), "large": ([9, 1], [8, 1])}),
    "fan": lambda: plots.fan(
        SERIES, np.datetime64("2020-01-26") + np.arange(3), np.ones(3), {0.8: (np.zeros(3), np.full(3, 2.0))}
    ),
    "fan without times": lambda: plots.fan(
        SERIES.reset_index(drop=True), np.arange(1, 4), np.ones(3), {0.8: (np.zeros(3), np.full(3, 2.0))}
    ),
    "health": lambda: plots.health(
        ["Jun", "Jul"], {"fixed": [0.9, 0.6], "renewed": [0.8, 0.8]}, 0.8, 0.05, [False, True], {"load": [0, 9]}, 0.25
    ),
    "wall": lambda: plots.wall([-1, 0, 1], [1, 0.5, 0], (0.1, 0.4), {"clipped": (0.5, 0.2), "not": (99.0, 0.9)}),
    "missing": lambda: plots.missing(pd.DataFrame({"wind": SERIES.where(SERIES > 0), "load": SERIES}), "a table"),
    "missing without times": lambda: plots.missing(pd.DataFrame({"wind": [1.0, np.nan, np.nan]}), "a table"),
    "autocorrelation": lambda: plots.autocorrelation(
        {"values": np.cos(np.arange(49) / 4), "changes": np.sin(np.arange(49) / 4)}, "load", 24
    ),
    "autocorrelation without season": lambda: plots.autocorrelation({"values": np.cos(np.arange(9) / 4)}, "load"),
    "normalized": lambda: plots.normalized(PREPARED),
    "influence": lambda: plots.influence(
        {"none": ROWS, "scaler": ROWS | {"inputs": ROWS["targets"]}}, split=20, ahead=2
    ),
    "attempts": lambda: plots.attempts(
        pd.DataFrame([[1, 2, 3], [2, 3, 4]], ["none", "jitter"]), "RMSE in °C", "the sea"
    ),
    "search": lambda: plots.search(TRIALS),
    "importance": lambda: plots.importance(pd.Series({"units": 0.8, "dropout": 0.2})),
    "importance unknown": lambda: plots.importance(pd.Series({"units": np.nan, "dropout": np.nan})),
    "parallel": lambda: plots.parallel(TRIALS, ["units", "dropout"]),
    "seed_spread": lambda: plots.seed_spread(
        {part: {"given": np.array([2.0, 2.1]), "best": np.array([1.9, 2.2])} for part in ("validation", "test")}, "°C"
    ),
    "seed_spread in three panels": lambda: plots.seed_spread(
        {f"{weeks} weeks": dict.fromkeys(("left alone", "anew"), np.arange(1, 4)) for weeks in (1, 2, 4)}
    ),
    "intervals": lambda: plots.intervals(
        SERIES, np.arange(300, 590), np.zeros((290, 6)), {0.8: (-np.ones((290, 6)), np.ones((290, 6)))}
    ),
    "intervals one step ahead": lambda: plots.intervals(
        SERIES.reset_index(drop=True), np.arange(595, 600), np.zeros((5, 1)), {}
    ),
    "errors_by_step": lambda: plots.errors_by_step({"blend": np.arange(1, 4), "drift": np.ones(3)}, "drift", "RMSE"),
    "lags": lambda: plots.lags({"blend": np.zeros(24), "persistence": np.arange(1, 25)}),
    "sound": lambda: plots.sound(
        np.sin(np.arange(8000)), 8000, np.random.default_rng(0).normal(size=(98, 40)), "one", {500: 11.6}
    ),
    "ctc_training": lambda: plots.ctc_training({**LOSSES, "val_errors": [0.5, 0.4, 0.3]}, 3),
    "mel_filters": lambda: plots.mel_filters(np.eye(9), 8000),
    "utterance": lambda: plots.utterance(
        np.eye(4)[[0, 1, 0, 3, 3, 2]], ["", "?", "one", "two"], np.eye(20, 40), "two one", {500: 11.6}
    ),
    "voice_errors": lambda: plots.voice_errors({f"voice {n}": n / 100 for n in range(18)}, 0.08),
    "voices_curve": lambda: plots.voices_curve({2: [0.5, 0.4], 40: [0.02, 0.03]}, 18),
    "scoreboard": lambda: plots.scoreboard(
        pd.DataFrame(
            {"ratio": [1.1, 0.9, 1], "the blend is": ["worse", "better", "tied"], "best other": ["ridge"] * 3},
            index=["one", "two", "three"],
        )
    ),
}


@pytest.mark.parametrize("call", CALLS.values(), ids=CALLS.keys())
def test_a_picture_has_alt_text_a_caption_and_few_bytes(call, monkeypatch):
    shown = []
    monkeypatch.setattr("IPython.display.display", lambda data, raw, metadata: shown.append((data, metadata)))
    call()
    (data, metadata) = shown[0]
    picture = Image.open(io.BytesIO(data["image/png"]))
    assert len(shown) == 1
    assert picture.width >= 900
    assert len(picture.getcolors(256)) > 3
    assert len(data["image/png"]) < 80_000
    assert data["text/plain"] == metadata["image/png"]["alt"]
    assert len(metadata["image/png"]["alt"]) > 60
    assert metadata["image/png"]["caption"].endswith(".")


def test_a_label_names_the_unit_where_there_is_one():
    series = SERIES.rename("sea_temperature")
    assert plots.label(series) == "sea temperature"
    series.attrs["unit"] = "°C"
    assert plots.label(series) == "sea temperature (°C)"


def test_the_longest_time_outside_an_interval_is_said(monkeypatch):
    shown = []
    monkeypatch.setattr("IPython.display.display", lambda data, raw, metadata: shown.append(metadata["image/png"]))
    first, forecast = np.arange(300, 590), np.zeros((290, 6))
    series = SERIES.copy()
    series.iloc[:] = 0
    series.iloc[540:544] = 5
    series.iloc[560] = -5
    plots.intervals(series, first, forecast, {0.8: (forecast - 1, forecast + 1), 0.95: (forecast - 9, forecast + 9)})
    assert "At most 4 values in a row lie outside the 80% interval." in shown[0]["caption"]


def test_dollars_in_a_name_are_no_formula():
    name = r"cost $\frac{$ in %"
    plots.future(SERIES.rename(name), SERIES.iloc[-3:])
    plots.series(SERIES.rename(name), (400, 500, 600))
    png, alt = sweep_lines({name: ["$\\", "b$"]}, [{name: "$\\", "x$^$": 1.0}, {name: "b$", "x$^$": 2.0}], "x$^$")
    assert png.startswith(b"\x89PNG") and "x$^$" in alt
