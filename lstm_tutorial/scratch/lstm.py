"""The fast layer: a standard LSTM over whole sequences. The chapter scratch/speed measures what each choice buys.

Inside, time comes first, then features, then the batch. So one matrix product a step does inputs, recurrence and
bias, each gate is one contiguous block, and every operation writes into an array that the next call uses again.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from lstm_tutorial.scratch import convert
from lstm_tutorial.scratch.checks import check_array, check_gradient, check_layer, check_sequence, check_state
from lstm_tutorial.scratch.initial import lstm_weights
from lstm_tutorial.scratch.workspace import ORDER, Rows, Stream, Workspace, swap

Array = np.ndarray
State = tuple[Array, Array]


class LSTM(Rows):
    """A layer of `hidden_size` LSTM units with the weights and masks of Keras; the standard variant of `LSTMCell`.

    `params`: kernel (input_size, 4 hidden), recurrent_kernel (hidden, 4 hidden), bias (4 hidden,), gates in the order
    i, f, c, o; to be changed in place. Raises ValueError for sizes below 1 or a dtype other than float32 and float64.
    """

    from_keras, to_keras = classmethod(convert.from_keras), convert.to_keras
    from_torch, from_onnx = classmethod(convert.from_torch), classmethod(convert.from_onnx)

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        *,
        forget_bias: float = 1.0,
        dtype: type | np.dtype = np.float32,
        rng: np.random.Generator | None = None,
    ) -> None:
        self.input_size, self.hidden_size, self.dtype = check_layer(input_size, hidden_size, dtype)
        first = lstm_weights(input_size, hidden_size, forget_bias, self.dtype, rng)
        super().__init__(np.vstack([first["recurrent_kernel"], first["kernel"], first["bias"]]))

    def forward(self, x: Array, state: State | None = None, mask: Array | None = None) -> tuple[Array, State]:
        """Outputs h (batch, time, hidden), read-only, and the last state, from x (batch, time, input) and the first.

        `state` is (h, c), each (batch, hidden), zeros if None. Where `mask` (batch, time) is False the state stays and
        the output is repeated; before the first True it is zero. Raises ValueError for a wrong shape or dtype, or NaN.
        """
        check_sequence(x, state, mask, self, "hc")
        if self.work is None or self.work.shape != x.shape[:2]:
            self.work = Workspace(x.shape, self.hidden_size, self.dtype, room=x.shape[1])
        return self._run(self.work, x, state, mask)

    def inference(self, x: Array, state: State | None = None, mask: Array | None = None) -> tuple[Array, State]:
        """As `forward`, but keeps nothing for `backward`, which still belongs to the last `forward`."""
        check_sequence(x, state, mask, self, "hc")
        return self._run(Workspace(x.shape, self.hidden_size, self.dtype, room=2), x, state, mask)

    def step(self, x_t: Array, state: State | None = None) -> tuple[Array, State]:
        """One step of a stream: h (batch, hidden) and the state after it, from x_t (batch, input) and the one before.

        A state from elsewhere starts a new stream. The state returned, handed in again, is updated in place, and h is
        part of it: copy what you keep. Raises ValueError for a wrong shape or dtype, or NaN.
        """
        if not isinstance(state, Stream) or not state.fits(x_t, self.weights):
            check_array("x_t", x_t, ("batch", self.input_size), self.dtype)
            state = (np.zeros((len(x_t), self.hidden_size), self.dtype),) * 2 if state is None else state
            check_state(state, "hc", len(x_t), self.hidden_size, self.dtype)
            state = Stream(state, self.input_size)
        state.advance(x_t, self.weights)
        return state[0], state

    def _run(self, work: Workspace, x: Array, state: State | None, mask: Array | None) -> tuple[Array, State]:
        hidden, one, pair = self.hidden_size, work.one, work.pair
        weights = swap(self.weights).T.copy()
        weights[hidden:] *= -1  # the rows of the sigmoids, each 1 / (1 + exp(-z))
        work.inputs, work.mask = None, None if mask is None else mask.T.copy()
        work.inputs = np.ones((x.shape[1] + 1, len(self.weights), len(x)), self.dtype)
        work.inputs[:-1, hidden:-1] = x.transpose(1, 2, 0)
        work.inputs[0, :hidden], work.gates[0, 0] = (0, 0) if state is None else (state[0].T, state[1].T)
        with np.errstate(over="ignore"):  # exp(-z) may be infinite, and the gate is then 0, as it should be
            for t, (z, sigmoids, g, f_i, c_g, o, c, squashed) in enumerate(work.forward):
                np.dot(weights, work.inputs[t], z)
                np.exp(sigmoids, sigmoids)
                np.add(sigmoids, one, sigmoids)
                np.reciprocal(sigmoids, sigmoids)
                np.tanh(g, g)
                np.multiply(f_i, c_g, pair)
                np.add(pair[0], pair[1], c)
                np.tanh(c, squashed)
                np.multiply(o, squashed, work.inputs[t + 1, :hidden])
                if work.mask is not None:
                    np.copyto(c, c_g[0], where=~work.mask[t])
                    np.copyto(work.inputs[t + 1, :hidden], work.inputs[t, :hidden], where=~work.mask[t])
        h = work.inputs[1:, :hidden].transpose(2, 0, 1)
        if mask is not None:
            h = h * np.logical_or.accumulate(mask, axis=1)[:, :, None]
        h.flags.writeable = False
        return h, (work.inputs[-1, :hidden].T.copy(), work.c_last.T.copy())

    def backward(self, dh: Array, dstate: State | None = None, *, need_dx: bool = True) -> tuple[Any, State]:
        """From the loss' gradient by h and the last state to that by x and the first; adds that by the weights.

        Shapes as in the last `forward`, to which it belongs; None for x unless `need_dx`, for a first layer needs none.
        Raises ValueError for a wrong shape or dtype, or NaN.
        """
        check_gradient(dh, dstate, self.work and self.work.shape, self, "hc")
        work, hidden, one, (product, slope) = self.work, self.hidden_size, self.work.one, self.work.pair
        (batch, time), dh, weights = work.shape, dh.transpose(1, 2, 0), swap(self.weights[: -1 if need_dx else hidden])
        if work.mask is not None:
            dh = dh * np.logical_or.accumulate(work.mask, axis=0)[:, None]
        dz, dinputs = np.empty((4, hidden, batch), self.dtype), np.empty((len(weights), batch), self.dtype)
        dz_g, dz_sigmoids, dz_f_i, dz_o, dz_rows = dz[0], dz[1:], dz[1:3], dz[3], dz.reshape(4 * hidden, batch)
        sigmoid_slopes, dx = np.empty_like(dz_sigmoids), np.empty((time, len(weights) - hidden, batch), self.dtype)
        dweights = np.zeros((4 * hidden, len(self.weights)), self.dtype)
        dweights_t, dh_t, dc = np.empty_like(dweights), dinputs[:hidden], np.zeros_like(dz_o)
        dh_t[...], dc[...] = (0, 0) if dstate is None else (dstate[0].T, dstate[1].T)
        for t in reversed(range(time)):
            sigmoids, g, f, i, o, c_g, squashed = work.backward[t]
            np.add(dh_t, dh[t], dh_t)
            if work.mask is not None:
                around = dh_t * ~work.mask[t], dc * ~work.mask[t]
                np.multiply(dh_t, work.mask[t], dh_t)
                np.multiply(dc, work.mask[t], dc)
            np.multiply(dh_t, squashed, dz_o)
            np.multiply(dh_t, o, product)
            np.add(dc, product, dc)  # dh o (1 - tanh(c)^2) in two parts, the second of which is do h
            np.multiply(dz_o, work.inputs[t + 1, :hidden], product)
            np.subtract(dc, product, dc)
            np.multiply(dc, c_g, dz_f_i)
            np.multiply(dc, i, dz_g)
            np.subtract(one, sigmoids, sigmoid_slopes)
            np.multiply(sigmoid_slopes, sigmoids, sigmoid_slopes)
            np.multiply(dz_sigmoids, sigmoid_slopes, dz_sigmoids)
            np.multiply(g, g, slope)
            np.subtract(one, slope, slope)
            np.multiply(dz_g, slope, dz_g)
            np.multiply(dc, f, dc)
            np.dot(dz_rows, work.inputs[t].T, dweights_t)
            np.add(dweights, dweights_t, dweights)
            np.dot(weights, dz_rows, dinputs)
            dx[t] = dinputs[hidden:]
            if work.mask is not None:
                np.add(dh_t, around[0], dh_t)
                np.add(dc, around[1], dc)
        for inside, outside in enumerate(ORDER):
            self.gradients.reshape(-1, 4, hidden)[:, outside] += dweights.reshape(4, hidden, -1)[inside].T
        return dx.transpose(2, 0, 1) if need_dx else None, (dh_t.T.copy(), dc.T.copy())
