"""What a network needs beside its recurrent layers: other layers, ways to join them, and losses (from `losses`).

A layer keeps what `backward` needs from its last `forward`. `backward` adds to `grads`; an optimizer sets them back
to zero. Recurrent layers also take a state and a mask.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from lstm_tutorial.scratch.checks import check_array, check_size
from lstm_tutorial.scratch.initial import glorot_uniform
from lstm_tutorial.scratch.joined import Joined
from lstm_tutorial.scratch.losses import (
    check_indices,
    mean_squared_error,
    sigmoid_cross_entropy,
    softmax_cross_entropy,
)
from lstm_tutorial.scratch.lstm import LSTM

__all__ = ["Bidirectional", "Dense", "Dropout", "Embedding", "Last", "Stack"]
__all__ += ["mean_squared_error", "sigmoid_cross_entropy", "softmax_cross_entropy"]

Array = np.ndarray
State = tuple[Array, ...]


class Dense:
    """y = x kernel + bias, for x of two or three axes, the last of length `input_size`.

    `params`: kernel (input_size, units), at first Glorot-uniform, and bias (units,), at first zero, as in Keras.
    Raises ValueError for sizes below 1.
    """

    def __init__(
        self, input_size: int, units: int, *, dtype: type = np.float32, rng: np.random.Generator | None = None
    ) -> None:
        check_size("input_size", input_size)
        check_size("units", units)
        kernel: Array = glorot_uniform(input_size, units, rng or np.random.default_rng()).astype(dtype)
        self.params: dict[str, Array] = {"kernel": kernel, "bias": np.zeros(units, dtype)}
        self.grads = {name: np.zeros_like(value) for name, value in self.params.items()}

    def forward(self, x: Array) -> Array:
        """From x (batch, input_size) or (batch, time, input_size) to y, whose last axis has `units` entries."""
        kernel = self.params["kernel"]
        axes = ("batch", "time") if np.ndim(x) == 3 else ("batch",)
        check_array("x", x, (*axes, len(kernel)), kernel.dtype)
        self.x = x
        return x @ kernel + self.params["bias"]

    def backward(self, dy: Array) -> Array:
        """From the loss' gradient by y to that by x; adds that by the weights to `grads`."""
        kernel = self.params["kernel"]
        check_array("dy", dy, (*self.x.shape[:-1], kernel.shape[1]), kernel.dtype)
        rows = dy.reshape(-1, kernel.shape[1])
        self.grads["kernel"] += self.x.reshape(-1, len(kernel)).T @ rows
        self.grads["bias"] += rows.sum(axis=0)
        return dy @ kernel.T


class Embedding:
    """A row of `size` weights for each of the whole numbers 0 to `vocabulary` - 1.

    `params`: embeddings (vocabulary, size), at first between -0.05 and 0.05, as in Keras. Raises ValueError for
    sizes below 1.
    """

    def __init__(
        self, vocabulary: int, size: int, *, dtype: type = np.float32, rng: np.random.Generator | None = None
    ) -> None:
        check_size("vocabulary", vocabulary)
        check_size("size", size)
        rng = rng or np.random.default_rng()
        self.params: dict[str, Array] = {"embeddings": rng.uniform(-0.05, 0.05, (vocabulary, size)).astype(dtype)}
        self.grads = {"embeddings": np.zeros_like(self.params["embeddings"])}

    def forward(self, x: Array) -> Array:
        """From whole numbers x (batch, time) to vectors (batch, time, size)."""
        embeddings = self.params["embeddings"]
        check_indices("x", x, ("batch", "time"), len(embeddings))
        self.x = x
        return embeddings[x]

    def backward(self, dy: Array) -> None:
        """Add the loss' gradient by the weights to `grads`; whole numbers have none."""
        embeddings = self.params["embeddings"]
        check_array("dy", dy, (*self.x.shape, embeddings.shape[1]), embeddings.dtype)
        np.add.at(self.grads["embeddings"], self.x, dy)  # += would count a repeated number once


class Dropout:
    """While `training` is True, sets a share `rate` of the inputs to zero and scales the others up to make up for it.

    With `training` False it does nothing. Srivastava et al. 2014, there scaled after training instead. Raises
    ValueError unless 0 <= rate < 1.
    """

    def __init__(self, rate: float, rng: np.random.Generator | None = None) -> None:
        if not 0 <= rate < 1:
            raise ValueError(f"rate: got {rate!r}, wanted 0 <= rate < 1")
        self.rate, self.rng, self.training = rate, rng or np.random.default_rng(), True
        self.params: dict[str, Array] = {}
        self.grads: dict[str, Array] = {}

    def forward(self, x: Array) -> Array:
        """From x of any shape to y of the same."""
        self.factor = np.ones_like(x)
        if self.training:
            self.factor *= (self.rng.random(x.shape) >= self.rate) / (1 - self.rate)
        return x * self.factor

    def backward(self, dy: Array) -> Array:
        """From the loss' gradient by y to that by x, with the zeros of the last `forward`."""
        check_array("dy", dy, self.factor.shape, self.factor.dtype)
        return dy * self.factor


class Last:
    """The last step of a sequence: (batch, time, hidden) to (batch, hidden).

    A recurrent layer repeats its output where the mask is False, so with padding at the end this is the output after
    the last true step. A `Bidirectional` gives zeros there, and its second half has read a single step; take its state.
    """

    def __init__(self) -> None:
        self.params: dict[str, Array] = {}
        self.grads: dict[str, Array] = {}

    def forward(self, x: Array) -> Array:
        """From x (batch, time, hidden) to its last step (batch, hidden)."""
        check_array("x", x, ("batch", "time", "hidden"), x.dtype)
        self.shape = x.shape
        return x[:, -1]

    def backward(self, dy: Array) -> Array:
        """From the loss' gradient by the last step to that by all steps: zero for the others."""
        check_array("dy", dy, (self.shape[0], self.shape[2]), dy.dtype)
        dx = np.zeros(self.shape, dy.dtype)
        dx[:, -1] = dy
        return dx


class Bidirectional(Joined):
    """Two recurrent layers of one kind, of which the second reads backwards; outputs side by side at each time step.

    Its state is that of the first layer, then that of the second, in one tuple: (h, c, h, c) for two LSTMs. `params`
    are the layers' own, as "forward.kernel" or "backward.bias". Where the mask is False the output is zero, as in
    Keras. Schuster and Paliwal 1997.
    """

    def __init__(self, forward_layer: Any, backward_layer: Any) -> None:
        super().__init__(("forward", "backward"), (forward_layer, backward_layer))
        self.mask: Array | None = None
        self.hidden_size = forward_layer.hidden_size + backward_layer.hidden_size

    def forward(self, x: Array, state: State | None = None, mask: Array | None = None) -> tuple[Array, State]:
        """Outputs h (batch, time, hidden of both) and the last states, from x, the states before and a mask."""
        ahead, back = self._halves("state", state)
        h_ahead, last_ahead = self.layers[0].forward(x, ahead, mask)
        h_back, last_back = self.layers[1].forward(_reverse(x), back, None if mask is None else _reverse(mask))
        h, self.mask = np.concatenate([h_ahead, _reverse(h_back)], axis=2), mask
        return h if mask is None else h * mask[:, :, None], (*last_ahead, *last_back)

    def backward(self, dh: Array, dstate: State | None = None) -> tuple[Array, State]:
        """From the loss' gradient by h and the last states to that by x and the first; adds that by the weights."""
        ahead, back = self._halves("dstate", dstate)
        check_array("dh", dh, ("batch", "time", self.hidden_size), dh.dtype)
        dh = dh if self.mask is None else dh * self.mask[:, :, None]
        dh_ahead, dh_back = np.split(dh, [self.layers[0].hidden_size], axis=2)
        dx_ahead, first_ahead = self.layers[0].backward(np.ascontiguousarray(dh_ahead), ahead)
        dx_back, first_back = self.layers[1].backward(_reverse(dh_back), back)
        return dx_ahead + _reverse(dx_back), (*first_ahead, *first_back)

    def _halves(self, name: str, state: State | None) -> tuple[State | None, State | None]:
        if state is None:
            return None, None
        if len(state) % 2:
            raise ValueError(f"{name}: got {len(state)} arrays, wanted those of the first layer, then as many again")
        return state[: len(state) // 2], state[len(state) // 2 :]


class Stack(Joined):
    """Layers one after another. `params` and `grads` are theirs, named by place and name: "0.kernel", "2.bias"."""

    def __init__(self, layers: Sequence[Any]) -> None:
        super().__init__(range(len(layers)), layers)
        self.recurrent = [layer for layer in self.layers if hasattr(layer, "hidden_size")]

    def set_training(self, training: bool) -> None:
        """Switch every `Dropout` on or off."""
        for layer in self.layers:
            if isinstance(layer, Dropout):
                layer.training = training

    def forward(
        self, x: Array, states: Sequence[State | None] | None = None, mask: Array | None = None
    ) -> tuple[Array, list[State]]:
        """The last layer's output, and the last state of each recurrent layer in order.

        `states`, one entry for each recurrent layer, are those before the first step (None: zeros). `mask`, boolean
        (batch, time), goes to every recurrent layer. Raises ValueError for another number of states.
        """
        before, after = self._one_each("states", states), []
        for layer in self.layers:
            if layer in self.recurrent:
                x, state = layer.forward(x, next(before), mask)
                after.append(state)
            else:
                x = layer.forward(x)
        return x, after

    def backward(
        self, dy: Array, dstates: Sequence[State | None] | None = None, *, need_dx: bool = True
    ) -> tuple[Array | None, list[State]]:
        """From the loss' gradient by the output and the last states to that by x and the first; None from `Embedding`.

        Without `need_dx`, a first layer that is an `LSTM` leaves out the gradient by x: None. Adds the gradient by the
        weights to `grads`. Raises ValueError for another number of states.
        """
        after, before = self._one_each("dstates", dstates, -1), []
        dx: Any = dy
        for layer in reversed(self.layers):
            if layer in self.recurrent:
                leave_out = not need_dx and layer is self.layers[0] and isinstance(layer, LSTM)
                dx, dstate = layer.backward(dx, next(after), **({"need_dx": False} if leave_out else {}))
                before.append(dstate)
            else:
                dx = layer.backward(dx)
        return dx, before[::-1]

    def _one_each(self, name: str, states: Sequence[State | None] | None, order: int = 1) -> Any:
        if states is None:
            states = [None] * len(self.recurrent)
        if len(states) != len(self.recurrent):
            raise ValueError(
                f"{name}: got {len(states)}, wanted one for each of {len(self.recurrent)} recurrent layers"
            )
        return iter(states[::order])


def _reverse(steps: Array) -> Array:
    return np.ascontiguousarray(steps[:, ::-1])
