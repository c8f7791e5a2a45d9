"""The linear model that stands beside every LSTM: a ridge regression on the target's window and the extras."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from lstm_tutorial.workflow.scale import target_window

if TYPE_CHECKING:
    from lstm_tutorial.workflow.windows import Prepared, Windows

STRENGTHS = tuple(10.0**power for power in range(-2, 6))


@dataclass(frozen=True)
class Linear:
    """Scaled changes as weighted sums of what `flat` gives: kernel (inputs, horizon), bias (horizon,)."""

    kernel: np.ndarray
    bias: np.ndarray
    strength: float

    def predict(self, prepared: Prepared, windows: Windows) -> np.ndarray:
        """Scaled changes (n, horizon)."""
        return flat(prepared, windows) @ self.kernel + self.bias


def flat(prepared: Prepared, windows: Windows) -> np.ndarray:
    """The target's window and the extras beside it as one row of numbers, (n, timesteps + extras).

    Of the past covariates it takes what is among the extras, not each value: the chapter workflow/design shows a ridge
    on every value beside it.
    """
    return np.concatenate([target_window(windows.x, len(prepared.schema.columns)), windows.extras], axis=1)


def fit_ridge(x: np.ndarray, y: np.ndarray, strength: float) -> Linear:
    """Least squares with a penalty of `strength` on the squared weights: x (n, inputs), y (n, horizon)."""
    from sklearn.linear_model import Ridge

    fitted = Ridge(strength, solver="cholesky").fit(x.astype(float), y)
    kernel = np.asarray(fitted.coef_, np.float32).reshape(y.shape[1], -1).T
    return Linear(kernel, np.asarray(fitted.intercept_, np.float32).reshape(-1), strength)


def fit_linear(prepared: Prepared) -> Linear:
    """Fitted to the training windows, with the strength that does best on the validation windows."""
    x, y = flat(prepared, prepared.train), prepared.train.y
    fitted = [fit_ridge(x, y, strength) for strength in STRENGTHS]
    held_out = prepared.validation
    errors = [np.mean((linear.predict(prepared, held_out) - held_out.y) ** 2) for linear in fitted]
    return fitted[int(np.argmin(errors))]


def refit_linear(prepared: Prepared, strength: float) -> Linear:
    """Fitted to the training and validation windows together: what is known when the test part begins."""
    x = np.concatenate([flat(prepared, prepared.train), flat(prepared, prepared.validation)])
    return fit_ridge(x, np.concatenate([prepared.train.y, prepared.validation.y]), strength)
