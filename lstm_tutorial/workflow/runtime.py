"""A trained blend without Keras: its LSTMs side by side, one weighted sum, and intervals. NumPy only."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from lstm_tutorial.workflow.conformal import MOST, Scale, bounds
from lstm_tutorial.workflow.scale import target_window

Array = np.ndarray
MANY = 1024  # windows at once: more take memory, and no less time


class Layer(NamedTuple):
    """One LSTM layer of each member: kernel (members, inputs, 4 units), recurrent_kernel (members, units, 4 units),
    bias (members, 4 units), gates in Keras' order i, f, c, o; float32."""

    kernel: Array
    recurrent_kernel: Array
    bias: Array


class Head(NamedTuple):
    """The sum that ends the blend: kernel (timesteps + extras + members x units, horizon) and bias (horizon,).

    Its inputs are the target's window, the extras and what each member's LSTM ends with. The linear model and the
    members' own heads are sums as well, so that the blend of them all is a single one; float32.
    """

    kernel: Array
    bias: Array


class Network:
    """Scaled changes from windows, as the Keras model of the same folder computes them.

    The arithmetic is that of `scratch.LSTM.step`, and a test holds that they agree. But here the weights never
    change, all members run side by side in one set of arrays, and an input that they share is not copied for each: so
    one forecast takes a fraction of the time. sigmoid(z) = tanh(z / 2) / 2 + 1 / 2: that half is in the weights.
    """

    def __init__(self, layers: list[Layer], head: Head, columns: int) -> None:
        self.layers, self.head, self.columns = layers, head, columns
        units = layers[0].recurrent_kernel.shape[1] if layers else 0
        self._scale = np.repeat(np.array([0.5, 0.5, 1, 0.5], np.float32), units)
        self._shift = 1 - self._scale
        self._parts = [slice(part * units, (part + 1) * units) for part in range(4)]
        self._scaled = [Layer(*(weights * self._scale for weights in layer)) for layer in layers]

    def predict(self, x: Array, extras: Array) -> Array:
        """From x (n, steps, inputs) and extras (n, k), as `Scaler.inputs` makes them, to changes (n, horizon)."""
        if len(x) > MANY:
            parts = [slice(start, start + MANY) for start in range(0, len(x), MANY)]
            return np.concatenate([self.predict(x[part], extras[part]) for part in parts])
        target = target_window(x, self.columns)
        seen = [target, extras, self._remember(x)] if self.layers else [target, extras]
        changes: Array = _multiply(np.concatenate(seen, axis=1), self.head.kernel) + self.head.bias
        return changes

    def _remember(self, x: Array) -> Array:
        """What each member's last layer holds after the last step, (n, members x units)."""
        steps = list(x.swapaxes(0, 1))
        for kernel, recurrent_kernel, bias in self._scaled:
            c: Array = np.zeros(())
            for t, x_t in enumerate(steps):
                z = _multiply(x_t, kernel) + bias[:, None]  # (members, n, 4 units)
                gates = np.tanh(z + _multiply(steps[t - 1], recurrent_kernel) if t else z)
                gates *= self._scale
                gates += self._shift
                i, f, g, o = (gates[..., part] for part in self._parts)
                c = f * c + i * g
                steps[t] = o * np.tanh(c)
        last: Array = np.concatenate(list(steps[-1]), axis=1)
        return last


def _multiply(rows: Array, weights: Array) -> Array:
    """`rows @ weights`, row by row: with as many rows as come, each result is the same to the bit as alone."""
    product: Array = (rows[..., None, :] @ weights[..., None, :, :])[..., 0, :]
    return product


@dataclass(frozen=True)
class Intervals:
    """Between which changes the truth should lie: the size of error to expect, times scores of past forecasts.

    `low` and `high` (levels, horizon) are the scores between which a share of `levels` lay.
    """

    levels: tuple[float, ...]
    scale: Scale
    low: Array
    high: Array

    def bounds(self, changes: Array, features: Array) -> tuple[Array, Array]:
        """Lower and upper changes (levels, n, horizon) around `changes` (n, horizon); features (n, k)."""
        size = self.scale.predict(features)
        return changes + self.low[:, None] * size, changes + self.high[:, None] * size


def fit_intervals(levels: tuple[float, ...], scale: Scale, features: Array, errors: Array) -> Intervals:
    """Intervals that held the latest of some scaled errors (n, horizon), oldest first; features (n, k)."""
    scores = np.asarray(errors, float)[-MOST:] / scale.predict(features[-MOST:])
    low, high = zip(*(bounds(scores, level) for level in levels), strict=True)
    return Intervals(levels, scale, np.stack(low), np.stack(high))
