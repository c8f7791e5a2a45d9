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
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from lstm_tutorial.settings import Settings
from lstm_tutorial.workflow.blend import Blend, fit_blend
from lstm_tutorial.workflow.checkpoint import fingerprint
from lstm_tutorial.workflow.conformal import MOST, bounds
from lstm_tutorial.workflow.deploy import LEVELS, Forecaster
from lstm_tutorial.workflow.intervals import fit_size, size_features
from lstm_tutorial.workflow.monitor import deciles, watched
from lstm_tutorial.workflow.prepare import Prepared, prepare
from lstm_tutorial.workflow.runtime import Head, Intervals, Layer, Network

if TYPE_CHECKING:
    import keras

PACKAGES = ("lstm-tutorial", "numpy", "keras", "tensorflow")


def fit_forecaster(frame: pd.DataFrame, settings: Settings) -> Forecaster:
    """Train a blend on a table and make a forecaster of it. Raises `DataError` for data that can't be used."""
    prepared = prepare(frame, settings)
    return make_forecaster(prepared, fit_blend(prepared))


def make_forecaster(prepared: Prepared, blend: Blend) -> Forecaster:
    """The forecaster that gives the blend's forecasts, with intervals from its errors on the test part."""
    network = make_network(prepared, blend)
    model = make_model(prepared, network)
    index, train = prepared.frame.index, prepared.train
    seen = train.first, train.x, train.extras
    about = {
        "rows": len(index),
        "first": str(index[0]),
        "last": str(index[-1]),
        "calibrated": min(MOST, len(prepared.test.first)),
        "versions": {"python": platform.python_version()} | {name: _version(name) for name in PACKAGES},
    }
    return Forecaster(
        prepared.scaler,
        network,
        calibrate(prepared, network),
        prepared.settings.model_dump(exclude={"csv", "folder", "trials", "minutes"}),
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


def calibrate(prepared: Prepared, network: Network) -> Intervals:
    """Intervals as `evaluate` judges them: how far to go is said by the latest errors on the test part."""
    test, scale = prepared.test, fit_size(prepared)
    errors = np.asarray(test.y - network.predict(test.x, test.extras), float)
    sizes = scale.predict(size_features(test.x, test.extras, len(prepared.schema.columns)))
    low, high = zip(*(bounds((errors / sizes)[-MOST:], level) for level in LEVELS), strict=True)
    return Intervals(LEVELS, scale, np.stack(low), np.stack(high))


def fingerprint_of(frame: pd.DataFrame) -> str:
    """A hash of times and values, the same on every machine."""
    index = frame.index
    steps = index.to_numpy("datetime64[s]") if isinstance(index, pd.DatetimeIndex) else np.arange(len(index))
    return fingerprint([steps.astype("<i8"), frame.to_numpy("<f8")])


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
