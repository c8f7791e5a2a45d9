"""The last part of a network: from what the LSTM remembers to a forecast of all steps. Each starts at no change."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from lstm_tutorial.settings import Settings
from lstm_tutorial.workflow.windows import Prepared, Windows

if TYPE_CHECKING:
    import keras


def direct(memory: Any, extras: Any | None, settings: Settings, start: str = "zeros") -> Any:
    """One Dense layer for all steps at once: memory (batch, units) and extras (batch, k) to (batch, horizon).

    `start` names the Keras initializer of its kernel. With "zeros" the untrained network forecasts no change.
    """
    import keras

    dense = keras.layers.Dense(settings.horizon, kernel_initializer=start, name="changes")
    return dense(_join(memory, extras))


def decoder(memory: Any, extras: Any | None, settings: Settings) -> Any:
    """A second LSTM that takes one step for each step of the horizon: shapes as in `direct`.

    At each step it sees the encoder's summary, as in Cho et al. 2014 (arXiv 1406.1078), and the extras; one Dense
    unit turns each of its outputs into a change.
    """
    import keras

    repeated = keras.layers.RepeatVector(settings.horizon)(_join(memory, extras))
    h = keras.layers.LSTM(settings.units, return_sequences=True, name="decoder")(repeated)
    return keras.layers.Flatten()(keras.layers.Dense(1, kernel_initializer="zeros", name="changes")(h))


def recursive(model: keras.Model, prepared: Prepared, windows: Windows, horizon: int) -> np.ndarray:
    """Forecasts (n, horizon) in the data's units by a model of one step, each fed back as if it had come true.

    `prepared` is of horizon 1; the windows' targets lie `horizon` steps inside the table. Covariates known ahead are
    taken from the table; past covariates keep their last value, since nobody knows better.
    """
    scaler, schema = prepared.scaler, prepared.schema
    reach, count = scaler.reach, len(windows.first)
    past = slice(1, 1 + len(schema.features))
    # One table a window, one below the other, so that each can go on in its own way.
    rows = windows.first[:, None] + np.arange(-reach, horizon)
    tables = prepared.table[rows]
    tables[:, reach:, 0] = np.nan
    tables[:, reach:, past] = tables[:, reach - 1, None, past]
    times = prepared.frame.index.to_numpy() if schema.cycles else None
    for step in range(horizon):
        table, first = tables.reshape(-1, tables.shape[2]), np.arange(count) * (reach + horizon) + reach + step
        ahead = table[first[:, None], 1 + len(schema.features) :]
        x, extras = scaler.inputs(table, first, None if times is None else times[windows.first + step], ahead)
        tables[:, reach + step, 0] = scaler.restore(predict(model, x, extras), table, first)[:, 0]
    return tables[:, reach:, 0]


def predict(model: keras.Model, x: np.ndarray, extras: np.ndarray) -> np.ndarray:
    """Scaled changes (n, horizon) by a model, all at once.

    Calls it as a function: `model.predict` compiles each model anew.
    """
    return np.asarray(model([x, extras] if len(model.inputs) > 1 else x))


def _join(memory: Any, extras: Any | None) -> Any:
    import keras

    return memory if extras is None else keras.layers.Concatenate()([memory, extras])
