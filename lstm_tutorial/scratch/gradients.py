"""Is a backward pass right? Compare it with finite differences."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

Array = np.ndarray


def numerical_gradient(loss: Callable[[], float], array: Array, step: float = 1e-5) -> Array:
    """The gradient of `loss()` by `array`, from central differences: each entry is moved by `step` both ways.

    `array` (float64, any shape) is what `loss` reads; it is changed in place and put back. The error is of order
    step squared from the formula and of order 1e-16 / step from rounding. Raises ValueError unless float64.
    """
    if array.dtype != np.float64:
        raise ValueError(f"array: got dtype {array.dtype}, wanted float64: differences of float32 are mostly rounding")
    gradient = np.zeros_like(array)
    for place in np.ndindex(array.shape):
        kept = array[place]
        array[place] = kept + step
        above = loss()
        array[place] = kept - step
        below = loss()
        array[place] = kept
        gradient[place] = (above - below) / (2 * step)
    return gradient


def relative_error(a: Array, b: Array) -> float:
    """The largest difference between two arrays, relative to the largest absolute value in either; 0 if both are 0."""
    if a.shape != b.shape:
        raise ValueError(f"b: got shape {b.shape}, wanted {a.shape}, as a")
    scale = max(np.abs(a).max(initial=0), np.abs(b).max(initial=0))
    return float(np.abs(a - b).max() / scale) if scale else 0.0


def check(
    layer: Any, x: Array, state: tuple[Array, ...] | None = None, mask: Array | None = None, seed: int = 0
) -> dict[str, float]:
    """The relative error of a recurrent layer's `backward`, for each of its weights, its input and its first state.

    The loss is the sum of all outputs and last states, each times a random number from `seed`. The layer and
    `x` (batch, time, input) are float64; a right backward pass stays below 1e-7. Raises ValueError for other weights.
    """
    for name, value in layer.params.items():
        if value.dtype != np.float64:
            raise ValueError(f"layer: got {name} of dtype {value.dtype}, wanted float64")
    rng = np.random.default_rng(seed)
    x = x.copy()
    h, last = layer.forward(x, state, mask)
    state = tuple(part.copy() for part in state) if state is not None else tuple(np.zeros_like(part) for part in last)
    dh, dlast = rng.normal(size=h.shape), tuple(rng.normal(size=part.shape) for part in last)

    def loss() -> float:
        h, last = layer.forward(x, state, mask)
        return float(np.sum(h * dh) + sum(np.sum(part * dpart) for part, dpart in zip(last, dlast, strict=True)))

    for gradient in layer.grads.values():
        gradient[...] = 0
    layer.forward(x, state, mask)
    dx, dstate = layer.backward(dh, dlast)
    pairs = {name: (layer.params[name], layer.grads[name]) for name in layer.params}
    pairs["x"] = x, dx
    pairs |= {f"state {number}": pair for number, pair in enumerate(zip(state, dstate, strict=True))}
    return {name: relative_error(numerical_gradient(loss, array), found) for name, (array, found) in pairs.items()}
