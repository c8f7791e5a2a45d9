"""The arrays that the fast layer writes into, call after call, and its views of them, made once."""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite
from types import MappingProxyType
from typing import Any

import numpy as np

Array = np.ndarray


ORDER = [2, 1, 0, 3]  # where g, f, i, o stand in Keras' i, f, g, o, and the other way around


def swap(rows: Array) -> Array:
    """Weights (rows, 4 hidden) from the order i, f, g, o to the workspace's g, f, i, o, or back; a copy."""
    return np.take(rows.reshape(len(rows), 4, -1), ORDER, axis=1).reshape(rows.shape)


class Rows:
    """A layer's weights in one array, a row for each thing a step reads: first h, then x, then the 1 of the bias."""

    def __init__(self, weights: Array) -> None:
        self.weights, self.gradients = weights, np.zeros_like(weights)
        self.work: Any = None

    def __getstate__(self) -> dict[str, Any]:
        """A copy begins without a workspace, since views don't survive copying."""
        return {**self.__dict__, "work": None}

    @property
    def params(self) -> Mapping[str, Array]:
        """The weights as views: what is written into them is what the layer uses."""
        return self._named(self.weights)

    @property
    def grads(self) -> Mapping[str, Array]:
        """The gradients by the weights, to which `backward` adds."""
        return self._named(self.gradients)

    def _named(self, rows: Array) -> Mapping[str, Array]:
        hidden = rows.shape[1] // 4
        return MappingProxyType({"kernel": rows[hidden:-1], "recurrent_kernel": rows[:hidden], "bias": rows[-1]})


class Workspace:
    """What a forward pass writes for one shape of input, and a backward pass reads; time first, then units, then batch.

    `gates[t]` holds the cell state c before step t, its candidate g, and its gates f, i, o. In this order one product
    of neighbors makes f c and i g, and one call does all sigmoids. `inputs[t]`, what step t reads, (h; x; 1), is new in
    every call, since its h is what the call returns. With `room` for fewer steps than there are, but two at least,
    gates are written over and over: enough to run, not to go back.
    """

    def __init__(self, shape: tuple[int, ...], hidden: int, dtype: np.dtype, room: int) -> None:
        batch, time, _ = shape
        self.shape = batch, time
        self.one = np.ones((), dtype)
        self.mask: Array | None = None
        self.inputs: Any = None
        self.gates = np.empty((room, 5, hidden, batch), dtype)
        self.squashed = np.empty((room, hidden, batch), dtype)
        self.pair = np.empty((2, hidden, batch), dtype)
        self.c_last = np.empty((hidden, batch), dtype)
        self.forward, self.backward = [], []
        for t in range(time):
            gates, squashed = self.gates[t % room], self.squashed[t % room]
            _, g, f, i, o = gates
            z, sigmoids, c_g, f_i = gates[1:].reshape(4 * hidden, batch), gates[2:], gates[:2], gates[2:4]
            c_next = self.gates[(t + 1) % room, 0] if t + 1 < time else self.c_last
            self.forward.append((z, sigmoids, g, f_i, c_g, o, c_next, squashed))
            if room >= time:
                self.backward.append((sigmoids, g, f, i, o, c_g, squashed))


class Stream(tuple[Array, Array]):
    """The state (h, c) of one stream of single steps, each (batch, hidden), and the arrays its steps write into."""

    inputs: Array
    x: Array
    z: Array
    scale: Array
    shift: Array
    gates: tuple[Array, ...]

    def __new__(cls, state: tuple[Array, Array], input_size: int) -> Stream:
        """A stream that begins at a copy of `state`."""
        (batch, hidden), dtype = state[0].shape, state[0].dtype
        inputs = np.ones((batch, hidden + input_size + 1), dtype)
        inputs[:, :hidden] = state[0]
        self = super().__new__(cls, (inputs[:, :hidden], state[1].copy()))
        self.inputs, self.x = inputs, inputs[:, hidden:-1]
        self.z = np.empty((batch, 4 * hidden), dtype)
        self.gates = tuple(np.split(self.z, 4, axis=1))
        # sigmoid(z) = 0.5 tanh(0.5 z) + 0.5, so that one tanh does for all four parts.
        self.scale = np.tile(np.repeat(np.array([0.5, 0.5, 1, 0.5], dtype), hidden), (batch, 1))
        self.shift = 1 - self.scale
        return self

    def __reduce__(self) -> tuple[Any, ...]:
        """A copy is a plain state, from which a new stream can begin."""
        return tuple, ((self[0].copy(), self[1].copy()),)

    def fits(self, x_t: Array, weights: Array) -> bool:
        """Whether this is the state for such an input and such weights, and the input finite."""
        return (
            isinstance(x_t, np.ndarray)
            and x_t.shape == self.x.shape
            and x_t.dtype == self.z.dtype
            and weights.shape == (self.inputs.shape[1], self.z.shape[1])
            and isfinite(np.vdot(x_t, x_t))
        )

    def advance(self, x_t: Array, weights: Array) -> None:
        """One step in place, with the weights (hidden + input + 1, 4 hidden) in Keras' order i, f, c, o."""
        (h, c), (i, f, g, o), z = self, self.gates, self.z
        self.x[...] = x_t
        np.dot(self.inputs, weights, z)
        np.multiply(z, self.scale, z)
        np.tanh(z, z)
        np.multiply(z, self.scale, z)
        np.add(z, self.shift, z)
        np.multiply(f, c, c)
        np.multiply(i, g, g)
        np.add(c, g, c)
        np.tanh(c, g)
        np.multiply(o, g, h)
