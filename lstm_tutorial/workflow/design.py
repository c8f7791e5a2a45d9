"""From settings to an untrained model."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lstm_tutorial.settings import Settings

if TYPE_CHECKING:
    import keras


def build(settings: Settings, features: int = 1) -> keras.Model:
    """One LSTM layer and one Dense layer: (batch, timesteps, features) to (batch, horizon), compiled.

    Mean squared error and Adam, as in the article. The weights depend on `settings.seed` alone.
    """
    import keras

    keras.utils.set_random_seed(settings.seed)
    model = keras.Sequential(
        [
            keras.Input((settings.timesteps, features)),
            keras.layers.LSTM(settings.units),
            keras.layers.Dense(settings.horizon),
        ]
    )
    model.compile(optimizer=keras.optimizers.Adam(settings.learning_rate), loss="mean_squared_error")
    return model
