"""From a table to a forecaster: the blend trained, its intervals calibrated, one network for three runtimes."""

from __future__ import annotations

import contextlib
import io
import logging
import platform
import tempfile
import warnings
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from lstm_tutorial.checkpoint import fingerprint
from lstm_tutorial.settings import Settings
from lstm_tutorial.workflow import baselines
from lstm_tutorial.workflow.blend import Blend, fit_blend
from lstm_tutorial.workflow.conformal import MOST
from lstm_tutorial.workflow.deploy import LEVELS, Forecaster
from lstm_tutorial.workflow.intervals import fit_size, size_features
from lstm_tutorial.workflow.monitor import deciles, watched
from lstm_tutorial.workflow.prepare import Prepared, Windows, prepare
from lstm_tutorial.workflow.runtime import Head, Layer, Network, fit_intervals

if TYPE_CHECKING:
    import keras

    from lstm_tutorial.workflow.conformal import Scale

RULES = ("persistence", "seasonal naive", "seasonal ratio")
UNUSED = {"folder", "trials", "minutes", "workers", "scheduler", "storage"}  # by a forecaster
PACKAGES = ("lstm-tutorial", "numpy", "keras", "tensorflow")


def fit_forecaster(frame: pd.DataFrame, settings: Settings, networks: str | None = None) -> Forecaster:
    """Train a blend on a table and make a forecaster of it. Raises `DataError` for data that can't be used.

    Networks that are trained already in the folder `networks` are taken from there.
    """
    prepared = prepare(frame, settings)
    return make_forecaster(prepared, fit_blend(prepared, networks))


def make_forecaster(prepared: Prepared, blend: Blend) -> Forecaster:
    """The forecaster that gives the blend's forecasts, with intervals from its latest errors on the test part."""
    network = make_network(prepared, blend)
    model = make_model(prepared, network)
    index, train, test, scale = prepared.frame.index, prepared.train, prepared.test, fit_size(prepared)
    seen = train.first, train.x, train.extras
    errors, features = _errors(prepared, network)
    about = {
        # A URL's query may hold a password, and a folder is nobody's affair.
        "data": Path(prepared.settings.csv.partition("?")[0]).name,
        "rows": len(index),
        "first": str(index[0]),
        "last": str(index[-1]),
        # The linear model is fitted again with the validation part, the LSTMs are not.
        "learned": {"LSTM": str(index[_end(prepared, train)]), "linear": str(index[_end(prepared)])},
        "calibrated": min(MOST, len(test.first)),
        "scores": score(prepared, network, scale),
        "versions": {"python": platform.python_version()} | {name: _version(name) for name in PACKAGES},
    }
    return Forecaster(
        prepared.scaler,
        network,
        fit_intervals(LEVELS, scale, features, errors),
        prepared.settings.model_dump(exclude={"csv", *UNUSED}),
        blend.weight,
        fingerprint_of(prepared.frame),
        np.stack([deciles(values) for values in watched(prepared.scaler, prepared.table, *seen).values()]),
        about,
        {"model.keras": _save(model, "model.keras"), "model.onnx": _save(model, "model.onnx")},
    )


def make_network(prepared: Prepared, blend: Blend) -> Network:
    """The blend as LSTM layers side by side and one sum: (1 - weight) x linear + weight x the members' mean.

    Without the members where their weight is 0.
    """
    weight, linear, steps = blend.weight, blend.linear, prepared.scaler.timesteps
    models = blend.models if weight else []
    share = weight / max(1, len(models))
    units = prepared.settings.units
    kernel, bias = (1 - weight) * linear.kernel, (1 - weight) * linear.bias
    members = []
    for model in models:
        weights, added = model.get_layer("changes").get_weights()
        kernel[steps:] += share * weights[units:]
        bias = bias + share * added
        members.append([layer.get_weights() for layer in model.layers if type(layer).__name__ == "LSTM"])
    heads = [share * model.get_layer("changes").get_weights()[0][:units] for model in models]
    head = Head(np.concatenate([kernel, *heads]).astype(np.float32), bias.astype(np.float32))
    layers = [Layer(*(np.stack(arrays) for arrays in zip(*same, strict=True))) for same in zip(*members, strict=True)]
    return Network(layers, head, len(prepared.schema.columns))


def make_model(prepared: Prepared, network: Network) -> keras.Model:
    """The same as one Keras model: windows (batch, steps, inputs) and extras (batch, k) to (batch, horizon)."""
    import keras

    scaler = prepared.scaler
    columns, extras = len(scaler.schema.columns), scaler.schema.extras(scaler.horizon)
    windows = keras.Input((scaler.timesteps // scaler.fold, scaler.fold * columns), name="windows")
    beside = [keras.Input((extras,), name="extras")] if extras else []
    parts, new = [keras.layers.Flatten()(windows), *beside], []
    for member in range(len(network.layers[0].bias) if network.layers else 0):
        h = windows
        for number, layer in enumerate(network.layers):
            lstm = keras.layers.LSTM(
                layer.recurrent_kernel.shape[1],
                return_sequences=number < len(network.layers) - 1,
                name=f"member_{member}_lstm_{number}",
            )
            h = lstm(h)
            new.append((lstm, [weights[member] for weights in layer]))
        parts.append(h)
    joined = keras.layers.Concatenate()(parts) if len(parts) > 1 else parts[0]
    dense = keras.layers.Dense(scaler.horizon, name="changes")
    model = keras.Model([windows, *beside], dense(joined))
    # Of the past covariates the sum takes none: rows of zeros in the place of their windows.
    wide = np.zeros((scaler.timesteps, columns, scaler.horizon), np.float32)
    wide[:, 0] = network.head.kernel[: scaler.timesteps]
    kernel = np.concatenate([wide.reshape(-1, scaler.horizon), network.head.kernel[scaler.timesteps :]])
    for part, weights in [*new, (dense, [kernel, network.head.bias])]:
        part.set_weights(weights)
    return model


def score(prepared: Prepared, network: Network, scale: Scale) -> dict[str, Any]:
    """How the network did on the test part, for who finds the folder later.

    "RMSE" and that of the "best rule" without any fitting, in the data's units; and what intervals "held" of the
    second half of the test part, for each level, whose widths its first half set: they are fixed, as the folder's are.
    """
    test, (errors, features) = prepared.test, _errors(prepared, network)
    forecasts = {"": prepared.unscale(test.y - errors, test)} | baselines.forecasts(prepared, test, RULES)
    truth = prepared.truth(test)
    rmse = {name: float(np.sqrt(np.mean((each - truth) ** 2))) for name, each in forecasts.items()}
    own, best = rmse.pop(""), min(rmse, key=rmse.__getitem__)
    found = {"RMSE": own, "best rule": best, "its RMSE": rmse[best], "windows": len(truth), "held": None}
    middle = test.first[len(test.first) // 2]
    known, later = test.first + prepared.scaler.horizon <= middle, test.first >= middle
    if known.any():
        fixed = fit_intervals(LEVELS, scale, features[known], errors[known])
        low, high = fixed.bounds(np.zeros_like(errors[later]), features[later])
        inside = (low <= errors[later]) & (errors[later] <= high)
        found["held"] = inside.mean(axis=(1, 2)).tolist()
    return found


def fingerprint_of(frame: pd.DataFrame) -> str:
    """A hash of times and values, the same on every machine."""
    index = frame.index
    steps = index.to_numpy("datetime64[s]") if isinstance(index, pd.DatetimeIndex) else np.arange(len(index))
    return fingerprint([steps.astype("<i8"), frame.to_numpy("<f8")])


def _errors(prepared: Prepared, network: Network) -> tuple[np.ndarray, np.ndarray]:
    """The network's scaled errors on the test part (n, horizon), and what tells their size (n, k)."""
    test = prepared.test
    errors = np.asarray(test.y - network.predict(test.x, test.extras), float)
    return errors, size_features(test.x, test.extras, len(prepared.schema.columns))


def _end(prepared: Prepared, *parts: Windows) -> int:
    """The last row that is a target in any of these parts; by default in training or validation."""
    last = max(int(part.first[-1]) for part in parts or (prepared.train, prepared.validation) if len(part.first))
    return last + prepared.scaler.horizon - 1


def _save(model: keras.Model, name: str) -> bytes:
    """The bytes of a file that Keras writes; nothing of what its exporter prints."""
    with tempfile.TemporaryDirectory() as folder, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        path = Path(folder) / name
        if name.endswith(".keras"):
            model.save(path)
            return path.read_bytes()
        model([np.zeros((1, *tensor.shape[1:]), np.float32) for tensor in model.inputs])
        logging.disable(logging.WARNING)
        try:
            with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
                model.export(path, format="onnx", verbose=False)
        finally:
            logging.disable(logging.NOTSET)
        return path.read_bytes()


def _version(name: str) -> str:
    names = (name, f"{name}-cpu")
    for each in names:
        with contextlib.suppress(Exception):
            return version(each)
    return ""
