"""The forecaster that the book arrives at: a linear model and some LSTMs, in the share that validation says."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from lstm_tutorial.workflow.heads import predict
from lstm_tutorial.workflow.linear import Linear, fit_linear, refit_linear
from lstm_tutorial.workflow.train import train_members
from lstm_tutorial.workflow.windows import Prepared, Windows

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True)
class Blend:
    """(1 - weight) x linear + weight x the networks' mean, in scaled changes.

    `weight` is what the LSTM was worth: 0 where the linear model alone did best on validation.
    """

    linear: Linear
    models: list[keras.Model]
    weight: float

    def predict(self, prepared: Prepared, windows: Windows) -> np.ndarray:
        """Forecasts in the data's units, (n, horizon)."""
        return prepared.unscale(self.changes(prepared, windows), windows)

    def changes(self, prepared: Prepared, windows: Windows) -> np.ndarray:
        """Forecasts as scaled changes, (n, horizon)."""
        linear = self.linear.predict(prepared, windows)
        lstm = predict_mean(self.models, windows) if self.weight else linear
        return linear + self.weight * (lstm - linear)


def fit_blend(prepared: Prepared, folder: str | None = None) -> Blend:
    """Train `settings.members` networks, weigh their mean against a ridge, fit the ridge again with validation.

    Networks that `train_members` kept in the `folder` are taken from there.
    """
    models = [trained.model for trained in train_members(prepared, prepared.settings, folder)]
    linear, held_out = fit_linear(prepared), prepared.validation
    weight = best_weight(held_out.y, linear.predict(prepared, held_out), predict_mean(models, held_out))
    return Blend(refit_linear(prepared, linear.strength), models, weight)


def best_weight(truth: np.ndarray, linear: np.ndarray, lstm: np.ndarray) -> float:
    """The share of `lstm` in a mixture with `linear` that makes the squared error smallest, from 0 to 1.

    With d = lstm - linear, setting the derivative of sum (truth - linear - w d)^2 to zero gives
    w = sum d (truth - linear) / sum d^2. Arrays of one shape.
    """
    difference = (lstm - linear).astype(float)
    most = float(np.sum(difference**2))
    return float(np.clip(np.sum(difference * (truth - linear)) / most, 0, 1)) if most else 0.0


def predict_mean(models: list[keras.Model], windows: Windows) -> np.ndarray:
    """The networks' mean forecast as scaled changes, (n, horizon)."""
    parts = [windows.take(slice(start, start + 4096)) for start in range(0, len(windows.first), 4096)]
    made = [np.concatenate([predict(model, part.x, part.extras) for part in parts]) for model in models]
    return np.asarray(np.mean(made, axis=0))
