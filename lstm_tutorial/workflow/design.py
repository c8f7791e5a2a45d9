"""From settings to an untrained model."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from lstm_tutorial.settings import Settings
from lstm_tutorial.workflow.heads import direct
from lstm_tutorial.workflow.schema import Schema

if TYPE_CHECKING:
    import keras


def build(
    settings: Settings, schema: Schema, layer: Callable[..., Any] | None = None, head: Callable[..., Any] = direct
) -> keras.Model:
    """A compiled network: windows (batch, timesteps / fold, fold x columns) and extras to (batch, horizon).

    LSTM layers, dropout, and a Dense head on the last output and the extras beside it. The head starts at zero, so
    the untrained network forecasts no change from the anchor. The weights depend on `settings.seed` alone.

    To compare other designs, `layer(units, return_sequences=...)` makes a recurrent layer in place of
    `keras.layers.LSTM`, and `head(memory, extras, settings)` is another function of `heads`.
    """
    import keras

    assert settings.timesteps and settings.horizon and settings.fold, "choose settings first"
    keras.utils.set_random_seed(settings.seed)
    columns = settings.fold * len(schema.columns)
    windows = keras.Input((settings.timesteps // settings.fold, columns), name="windows")
    h = windows
    for number in range(1, settings.layers + 1):
        h = (layer or keras.layers.LSTM)(settings.units, return_sequences=number < settings.layers)(h)
    if settings.dropout:
        h = keras.layers.Dropout(settings.dropout)(h)
    count = schema.extras(settings.horizon)
    extras = keras.Input((count,), name="extras") if count else None
    model = keras.Model([windows, extras] if count else windows, head(h, extras, settings))
    optimizer = keras.optimizers.AdamW(settings.learning_rate, settings.weight_decay, clipnorm=1.0)
    model.compile(optimizer=optimizer, loss="mean_squared_error")
    return model


def plain(timesteps: int, units: int, learning_rate: float, seed: int) -> keras.Model:
    """The article's network: windows (batch, timesteps, 1) through one LSTM layer and one Dense unit, compiled.

    Mean squared error and Adam, as there. The weights depend on `seed` alone.
    """
    import keras

    keras.utils.set_random_seed(seed)
    layers = [keras.Input((timesteps, 1)), keras.layers.LSTM(units), keras.layers.Dense(1)]
    model = keras.Sequential(layers)
    model.compile(optimizer=keras.optimizers.Adam(learning_rate), loss="mean_squared_error")
    return model
