"""From the start of a process to its first forecast: the command `predict` beside a process that asks Keras.

Both load the same folder, read the same CSV and print the same forecast.

    python -m benchmarks.start FORECASTER_DIR CSV

is the second of them.
"""

from __future__ import annotations

import io
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.measure import Spread
from lstm_tutorial.workflow.deploy import load
from lstm_tutorial.workflow.history import read_history, write_forecast

ROOT = Path(__file__).parents[1]
OURS = [sys.executable, "-c", "from lstm_tutorial.cli import main; main()", "predict"]
THEIRS = [sys.executable, "-m", "benchmarks.start"]


def time_starts(rounds: int, units: int = 50) -> dict[str, Spread]:
    """Seconds of whole processes, in turns; the first round warms the disk's cache and is not counted.

    The forecaster has the default size for the sample `jfk`, a day ahead. It is not trained, which takes a network
    no less time to run. Raises ValueError if the two forecasts differ.
    """
    seconds: dict[str, list[float]] = {"NumPy": [], "Keras": []}
    with tempfile.TemporaryDirectory() as place:
        arguments = save_forecaster(Path(place), units)
        for _ in range(1 + rounds):
            texts = []
            for name, command in (("NumPy", OURS), ("Keras", THEIRS)):
                start = time.perf_counter()
                done = subprocess.run([*command, *arguments], cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
                seconds[name].append(time.perf_counter() - start)
                texts.append(done.stdout)
            ours, theirs = (np.genfromtxt(io.StringIO(text), delimiter=",", skip_header=1)[:, 1:] for text in texts)
            if not np.allclose(ours, theirs, rtol=1e-4, atol=1e-4):
                raise ValueError("Keras: another forecast than NumPy's")
    return {name: Spread.of(readings[1:]) for name, readings in seconds.items()}


def save_forecaster(place: Path, units: int) -> list[str]:
    """A folder and a CSV below `place`, as arguments."""
    from lstm_tutorial.settings import Settings
    from lstm_tutorial.workflow.blend import Blend
    from lstm_tutorial.workflow.design import build
    from lstm_tutorial.workflow.export import make_forecaster
    from lstm_tutorial.workflow.linear import fit_linear
    from lstm_tutorial.workflow.prepare import prepare, read_frame

    frame = read_frame("jfk")
    features = list(frame.columns[1:])
    chosen: dict[str, Any] = {"units": units, "features": features, "anchor": "last", "log": False}
    prepared = prepare(frame, Settings(**chosen))
    models = [build(prepared.settings.model_copy(update={"seed": seed}), prepared.schema) for seed in range(3)]
    make_forecaster(prepared, Blend(fit_linear(prepared), models, 0.5)).save(place / "forecaster")
    frame.to_csv(place / "history.csv", index_label="time")
    return [str(place / "forecaster"), str(place / "history.csv")]


def main() -> None:
    """Forecast as `lstm-tutorial predict` does, but through Keras."""
    folder, csv = sys.argv[1:]
    import keras

    forecaster = load(folder)
    values, last, known = read_history(csv, forecaster)
    model = keras.models.load_model(Path(folder) / "model.keras")

    def predict(x: np.ndarray, extras: np.ndarray) -> np.ndarray:
        return np.asarray(model.predict_on_batch([x, extras][: len(model.inputs)]))

    forecaster.network.predict = predict  # type: ignore[method-assign]
    write_forecast(forecaster.predict(values, last, known), forecaster.levels, sys.stdout)


if __name__ == "__main__":
    main()
