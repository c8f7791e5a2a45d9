"""From an untrained model and windows to a trained one."""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from lstm_tutorial.settings import Settings
from lstm_tutorial.workflow.prepare import Prepared

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True)
class Trained:
    """A trained model and its losses: `history` maps "loss" and "val_loss" to one value an epoch."""

    model: keras.Model
    history: dict[str, list[float]]

    @property
    def best_epoch(self) -> int:
        """The epoch, counted from 1, with the lowest validation loss; the model has its weights."""
        return int(np.argmin(self.history["val_loss"])) + 1


def train(model: keras.Model, prepared: Prepared, settings: Settings) -> Trained:
    """Fit until the validation loss has not improved for `patience` epochs, then go back to the best weights.

    Draws a progress bar on stderr unless the environment variable LSTM_TUTORIAL_PROGRESS is 0.
    """
    import keras

    callbacks: list[Any] = [
        keras.callbacks.EarlyStopping(patience=settings.patience, restore_best_weights=True),
    ]
    if os.environ.get("LSTM_TUTORIAL_PROGRESS", "1") != "0":
        callbacks.append(_progress_bar())
    history = model.fit(
        prepared.train.x,
        prepared.train.y,
        validation_data=(prepared.validation.x, prepared.validation.y),
        epochs=settings.epochs,
        batch_size=settings.batch_size,
        callbacks=callbacks,
        verbose=0,
    )
    return Trained(model, history.history)


def _progress_bar() -> keras.callbacks.Callback:
    import keras
    from tqdm import tqdm

    class ProgressBar(keras.callbacks.Callback):  # type: ignore[misc]
        def on_train_begin(self, logs: dict[str, float] | None = None) -> None:
            self.bar = tqdm(total=self.params["epochs"], unit="epoch", leave=False)

        def on_epoch_end(self, epoch: int, logs: dict[str, float] | None = None) -> None:
            self.bar.set_postfix({name: f"{value:.4f}" for name, value in (logs or {}).items()})
            self.bar.update()

        def on_train_end(self, logs: dict[str, float] | None = None) -> None:
            self.bar.close()

    return ProgressBar()
