"""The LSTM's relatives, a plain RNN and a GRU, as cells; and any cell as a layer, by a plain loop over time."""

from __future__ import annotations

from typing import Any

import numpy as np

from lstm_tutorial.scratch.cell import LSTMCell, sigmoid
from lstm_tutorial.scratch.checks import check_array, check_gradient, check_layer, check_sequence, check_step
from lstm_tutorial.scratch.initial import glorot_uniform, orthogonal

Array = np.ndarray
State = tuple[Array, ...]


class HiddenCell:
    """What the two cells without a cell state share: their state (h,), and weights for `parts` sums for each unit."""

    state_names = "h"
    parts: int = 1
    bias_rows: tuple[int, ...] = ()

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        *,
        dtype: type = np.float64,
        rng: np.random.Generator | None = None,
    ) -> None:
        self.input_size, self.hidden_size, _ = check_layer(input_size, hidden_size, dtype)
        rng, columns = rng or np.random.default_rng(), self.parts * hidden_size
        self.params: dict[str, Array] = {
            "kernel": glorot_uniform(input_size, columns, rng).astype(dtype),
            "recurrent_kernel": orthogonal(hidden_size, columns, rng).astype(dtype),
            "bias": np.zeros((*self.bias_rows, columns), dtype),
        }
        self.grads = {name: np.zeros_like(value) for name, value in self.params.items()}


class RNNCell(HiddenCell):
    """One step of a plain recurrent network: h = tanh(x kernel + h recurrent_kernel + bias) (Elman 1990).

    `params`: kernel (input_size, hidden), recurrent_kernel (hidden, hidden), bias (hidden,). The state is (h,).
    Raises ValueError for sizes below 1.
    """

    def forward(self, x: Array, state: State) -> tuple[State, tuple[Array, ...]]:
        """From x (batch, input) and the state (h,), (batch, hidden), to the next state and what backward needs."""
        check_step(x, state, self)
        (h_prev,) = state
        h = np.tanh(x @ self.params["kernel"] + h_prev @ self.params["recurrent_kernel"] + self.params["bias"])
        return (h,), (x, h_prev, h)

    def backward(self, dh: Array, cache: tuple[Array, ...]) -> tuple[Array, State]:
        """From the loss' gradient by h to that by x and the state before; adds that by the weights to `grads`."""
        x, h_prev, h = cache
        check_array("dh", dh, h.shape, h.dtype)
        dz = dh * (1 - h * h)
        self.grads["kernel"] += x.T @ dz
        self.grads["recurrent_kernel"] += h_prev.T @ dz
        self.grads["bias"] += dz.sum(axis=0)
        return dz @ self.params["kernel"].T, (dz @ self.params["recurrent_kernel"].T,)


class GRUCell(HiddenCell):
    """One step of a gated recurrent unit: an update gate z that both keeps and writes, a reset gate r, no cell state.

    `params`: kernel (input_size, 3 hidden), recurrent_kernel (hidden, 3 hidden), bias (2, 3 hidden), in the order
    z, r, g (the candidate); the second row of the bias belongs to the recurrent product, as in Keras with
    `reset_after=True`. The state is (h,). Cho et al. 2014; raises ValueError for sizes below 1.
    """

    parts, bias_rows = 3, (2,)

    def forward(self, x: Array, state: State) -> tuple[State, tuple[Array, ...]]:
        """From x (batch, input) and the state (h,), (batch, hidden), to the next state and what backward needs."""
        check_step(x, state, self)
        (h_prev,), bias = state, self.params["bias"]
        x_z, x_r, x_g = np.split(x @ self.params["kernel"] + bias[0], 3, axis=1)
        h_z, h_r, h_g = np.split(h_prev @ self.params["recurrent_kernel"] + bias[1], 3, axis=1)
        z, r = sigmoid(x_z + h_z), sigmoid(x_r + h_r)
        g = np.tanh(x_g + r * h_g)
        h = z * h_prev + (1 - z) * g
        return (h,), (x, h_prev, z, r, g, h_g)

    def backward(self, dh: Array, cache: tuple[Array, ...]) -> tuple[Array, State]:
        """From the loss' gradient by h to that by x and the state before; adds that by the weights to `grads`."""
        x, h_prev, z, r, g, h_g = cache
        check_array("dh", dh, g.shape, g.dtype)
        dz = dh * (h_prev - g) * z * (1 - z)
        dg = dh * (1 - z) * (1 - g * g)
        dr = dg * h_g * r * (1 - r)
        dx_part = np.concatenate([dz, dr, dg], axis=1)
        dh_part = np.concatenate([dz, dr, dg * r], axis=1)
        self.grads["kernel"] += x.T @ dx_part
        self.grads["recurrent_kernel"] += h_prev.T @ dh_part
        self.grads["bias"] += [dx_part.sum(axis=0), dh_part.sum(axis=0)]
        return dx_part @ self.params["kernel"].T, (dh_part @ self.params["recurrent_kernel"].T + dh * z,)


class Recurrent:
    """A cell as a layer over whole sequences; where the mask is False, the state stays and the output is repeated.

    Like Keras, it gives zeros as output before the first step that is not masked.
    """

    def __init__(self, cell: LSTMCell | RNNCell | GRUCell) -> None:
        self.cell: Any = cell
        self.input_size, self.hidden_size = cell.input_size, cell.hidden_size
        self.params, self.grads, self.dtype = cell.params, cell.grads, cell.params["kernel"].dtype
        self.mask: Array | None = None
        self.shape: Any = None

    def forward(self, x: Array, state: State | None = None, mask: Array | None = None) -> tuple[Array, State]:
        """Outputs h (batch, time, hidden) and the last state, from x (batch, time, input) and the state before it.

        `mask` is boolean, (batch, time). Raises ValueError for wrong shapes and dtypes, and for NaN in an input.
        """
        check_sequence(x, state, mask, self, self.cell.state_names)
        batch, time, _ = x.shape
        state = self._zeros(batch) if state is None else state
        h = np.empty((batch, time, self.hidden_size), self.dtype)
        self.shape, self.mask, self.caches = (batch, time), mask, []
        for t in range(time):
            new, cache = self.cell.forward(x[:, t], state)
            if mask is not None:
                new = tuple(np.where(mask[:, t, None], after, before) for after, before in zip(new, state, strict=True))
            state, h[:, t] = new, new[0]
            self.caches.append(cache)
        if mask is not None:
            h *= np.logical_or.accumulate(mask, axis=1)[:, :, None]
        return h, state

    def backward(self, dh: Array, dstate: State | None = None) -> tuple[Array, State]:
        """From the loss' gradient by h and the last state to that by x and the first; adds that by the weights.

        Belongs to the last `forward`. Raises ValueError for wrong shapes and dtypes.
        """
        check_gradient(dh, dstate, self.shape, self, self.cell.state_names)
        batch, time = dh.shape[:2]
        dstate = self._zeros(batch) if dstate is None else dstate
        dx = np.empty((batch, time, self.input_size), self.dtype)
        if self.mask is not None:
            dh = dh * np.logical_or.accumulate(self.mask, axis=1)[:, :, None]
        for t in reversed(range(time)):
            dstate = (dstate[0] + dh[:, t], *dstate[1:])
            if self.mask is None:
                dx[:, t], dstate = self.cell.backward(*dstate, self.caches[t])
            else:
                open_, shut = self.mask[:, t, None], ~self.mask[:, t, None]
                dx[:, t], dprevious = self.cell.backward(*(part * open_ for part in dstate), self.caches[t])
                dstate = tuple(part + kept * shut for part, kept in zip(dprevious, dstate, strict=True))
        return dx, dstate

    def _zeros(self, batch: int) -> State:
        return tuple(np.zeros((batch, self.hidden_size), self.dtype) for _ in self.cell.state_names)
