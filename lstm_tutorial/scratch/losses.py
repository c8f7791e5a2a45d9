"""How wrong is a prediction? Each loss returns the mean over all entries and its gradient by the prediction.

`weights` make it a weighted mean: the sum of weight times loss, over the sum of the weights. A boolean mask is one.
All raise ValueError for shapes that don't fit, for NaN, and for weights that are negative or all zero.
"""

from __future__ import annotations

import numpy as np

from lstm_tutorial.scratch.cell import sigmoid
from lstm_tutorial.scratch.checks import check_array

Array = np.ndarray


def mean_squared_error(prediction: Array, target: Array, weights: Array | None = None) -> tuple[float, Array]:
    """The mean of (prediction - target)²; all arrays of one shape."""
    _check_prediction(prediction)
    check_array("target", target, prediction.shape, prediction.dtype)
    difference = prediction - target
    share = _shares(weights, difference)
    return _sum(share * difference**2), 2 * share * difference


def softmax_cross_entropy(prediction: Array, target: Array, weights: Array | None = None) -> tuple[float, Array]:
    """The mean of -log(softmax(prediction)[target]), where `target` holds the number of the right class.

    `prediction` (..., classes) is what a Dense layer gives, before any softmax; target and weights (...).
    """
    _check_prediction(prediction)
    check_indices("target", target, prediction.shape[:-1], prediction.shape[-1])
    shifted = prediction - prediction.max(axis=-1, keepdims=True)  # exp can't overflow then
    log_sum = np.log(np.exp(shifted).sum(axis=-1, keepdims=True))
    right = np.expand_dims(target, -1)
    losses = (log_sum - np.take_along_axis(shifted, right, -1))[..., 0]
    share = _shares(weights, losses)
    gradient = np.exp(shifted - log_sum)
    np.put_along_axis(gradient, right, np.take_along_axis(gradient, right, -1) - 1, -1)
    return _sum(share * losses), share[..., None] * gradient


def sigmoid_cross_entropy(prediction: Array, target: Array, weights: Array | None = None) -> tuple[float, Array]:
    """The mean of -target log(p) - (1 - target) log(1 - p) with p = sigmoid(prediction); all arrays of one shape.

    `prediction` is what a Dense layer gives, before any sigmoid; `target` lies between 0 and 1.
    """
    _check_prediction(prediction)
    check_array("target", target, prediction.shape, prediction.dtype)
    if target.size and not 0 <= target.min() <= target.max() <= 1:
        raise ValueError(f"target: got numbers from {target.min():g} to {target.max():g}, wanted 0 to 1")
    # The same as above, but no exp can overflow and no log sees a zero.
    losses = np.maximum(prediction, 0) - prediction * target + np.log1p(np.exp(-np.abs(prediction)))
    share = _shares(weights, losses)
    return _sum(share * losses), share * (sigmoid(prediction) - target)


def check_indices(name: str, value: Array, shape: tuple[int | str, ...], limit: int) -> None:
    """Refuse what is no array of this shape of whole numbers from 0 to `limit` - 1."""
    whole = isinstance(value, np.ndarray) and value.dtype.kind in "iu"
    check_array(name, value, shape, value.dtype if whole else np.dtype(int))
    if value.size and not 0 <= value.min() <= value.max() < limit:
        raise ValueError(f"{name}: got numbers from {value.min()} to {value.max()}, wanted 0 to {limit - 1}")


def _check_prediction(prediction: Array) -> None:
    if not isinstance(prediction, np.ndarray) or prediction.dtype.kind != "f":
        got = getattr(prediction, "dtype", type(prediction).__name__)
        raise ValueError(f"prediction: got {got}, wanted a NumPy array of floating-point numbers")
    check_array("prediction", prediction, prediction.shape, prediction.dtype)


def _shares(weights: Array | None, losses: Array) -> Array:
    if weights is None:
        return np.full_like(losses, 1 / losses.size)
    kind = np.dtype(bool) if np.asarray(weights).dtype == bool else losses.dtype
    check_array("weights", weights, losses.shape, kind)
    total = weights.sum(dtype=np.float64)
    if weights.min(initial=0) < 0 or total == 0:
        raise ValueError(f"weights: got a least weight of {weights.min():g} and a sum of {total:g}, wanted 0 and more")
    return (weights / total).astype(losses.dtype)


def _sum(values: Array) -> float:
    return float(values.sum(dtype=np.float64))
