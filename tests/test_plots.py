"""Every picture says in words what it shows, and is small."""

import io

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from lstm_tutorial import plots

INDEX = pd.date_range("2020-01-01", periods=600, freq="h")
SERIES = pd.Series(np.random.default_rng(0).normal(size=600), index=INDEX, name="load")
VALLEYS = {"round": np.eye(2), "long": np.diag([1.0, 9.0])}
PATHS = {("SGD", name): np.array([[-3.0, 1.0], [-1.0, 0.5], [0.0, 0.1]]) for name in VALLEYS}
LOSSES = {"loss": [1.0, 0.5, 0.4], "val_loss": [1.0, 0.6, 0.7]}
STEPS, MARKS = (*"ifogc", "answer"), np.arange(9) % 3 == 0
ADDING = np.stack([np.linspace(-1, 1, 9), np.eye(9)[2] + np.eye(9)[5]], axis=1)
UNITS = {name: np.random.default_rng(0).uniform(size=(9, 4)) for name in "ifc"}
DOTS = {"standard": [0.02, 0.03], "no_input_gate": [0.1, 0.2]}
CALLS = {
    "series": lambda: plots.series(SERIES, (400, 500, 600)),
    "series without times": lambda: plots.series(SERIES.reset_index(drop=True), (400, 500, 600)),
    "windows": lambda: plots.windows(SERIES.to_numpy(), 24, 2),
    "learning_curve": lambda: plots.learning_curve({"loss": [1, 0.5, 0.4], "val_loss": [1, 0.6, 0.7]}, 2),
    "forecasts": lambda: plots.forecasts(SERIES, {"LSTM": SERIES.to_numpy()[:, None], "rule": SERIES.to_numpy()}),
    "future": lambda: plots.future(SERIES, SERIES.iloc[:5]),
    "scores": lambda: plots.scores(pd.DataFrame({"RMSE": [1.0, 2.0]}, index=["LSTM", "rule"]), "RMSE", "load", "MW"),
    "speed_ratios": lambda: plots.speed_ratios(
        [{"part": "training", "shape": (2, 3, 1, 4), "other": "Keras", "ratio": ratio} for ratio in (0.5, 2.0, 80.0)]
    ),
    "speed_steps": lambda: plots.speed_steps({"slow": 3.0, "fast": 1.0}),
    "descents": lambda: plots.descents(VALLEYS, PATHS),
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
    "unrolled": plots.unrolled,
    "nudge_sizes": lambda: plots.nudge_sizes([1e-9, 1e-5, 1e-1], [1e-6, 1e-10, 1e-2]),
    "gradient_flow": lambda: plots.gradient_flow({"small": ([1e-9, 1.0], [1e-8, 0.5]), "large": ([9, 1], [8, 1])}),
    "wall": lambda: plots.wall([-1, 0, 1], [1, 0.5, 0], (0.1, 0.4), {"clipped": (0.5, 0.2), "not": (99.0, 0.9)}),
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
