"""The textbook: one step of an LSTM, forward and backward, in every variant. Written to be read, not to be fast."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from lstm_tutorial.scratch.checks import check_array, check_layer, check_step
from lstm_tutorial.scratch.initial import lstm_weights

Array = np.ndarray
State = tuple[Array, Array]
# A function, and its derivative written with the function's own value a, which the forward pass has at hand.
Activation = tuple[Callable[[Array], Array], Callable[[Array], Array]]


def sigmoid(z: Array) -> Array:
    """1 / (1 + exp(-z)), element by element, without overflow: a tanh, halved and shifted."""
    return 0.5 + 0.5 * np.tanh(0.5 * z)


SIGMOID: Activation = (sigmoid, lambda a: a * (1 - a))
TANH: Activation = (np.tanh, lambda a: 1 - a * a)
LINEAR: Activation = (lambda z: z, np.ones_like)
OPEN: Activation = (np.ones_like, np.zeros_like)  # a gate that is not there lets everything pass
STANDARD = {"i": SIGMOID, "f": SIGMOID, "g": TANH, "o": SIGMOID, "h": TANH}

# What each variant does differently: six of Greff et al. 2017, there called NIG, NFG, NOG, NIAF, NOAF and CIFG, and the
# cell of Hochreiter and Schmidhuber 1997, which had no forget gate and squashed to (-2, 2) and (-1, 1).
VARIANTS: dict[str, dict[str, Activation]] = {
    "standard": {},
    "no_input_gate": {"i": OPEN},
    "no_forget_gate": {"f": OPEN},
    "no_output_gate": {"o": OPEN},
    "no_input_activation": {"g": LINEAR},
    "no_output_activation": {"h": LINEAR},
    "coupled": {},  # f = 1 - i
    "1997": {
        "f": OPEN,
        "g": (lambda z: 2 * np.tanh(z / 2), lambda a: 1 - a * a / 4),
        "h": (lambda z: np.tanh(z / 2), lambda a: (1 - a * a) / 2),
    },
}


class LSTMCell:
    """One LSTM step, in the notation of Keras: gates in the order i, f, c (the candidate, here g), o.

    `params`: kernel (input_size, 4 hidden), recurrent_kernel (hidden, 4 hidden), bias (4 hidden,) and, with
    peepholes, peepholes (3, hidden) in the order i, f, o. A variant without one of the gates keeps its unused
    weights, so that weights can be handed from variant to variant; their gradient is zero.
    Formulas: Hochreiter and Schmidhuber 1997; forget gate, Gers et al. 2000; peepholes, Gers et al. 2002;
    variants, Greff et al. 2017. Raises ValueError for an unknown variant or sizes below 1.
    """

    state_names = "hc"

    def __init__(
        self,
        input_size: int,
        hidden_size: int,
        *,
        peephole: bool = False,
        variant: str = "standard",
        forget_bias: float = 1.0,
        dtype: type = np.float64,
        rng: np.random.Generator | None = None,
    ) -> None:
        self.input_size, self.hidden_size, _ = check_layer(input_size, hidden_size, dtype)
        if variant not in VARIANTS:
            raise ValueError(f"variant: got {variant!r}, wanted one of {', '.join(VARIANTS)}")
        if variant == "1997" and peephole:
            raise ValueError("peephole: got True, wanted False: the 1997 cell had no peepholes")
        self.variant = variant
        self.params = lstm_weights(input_size, hidden_size, forget_bias, np.dtype(dtype), rng)
        if peephole:
            self.params["peepholes"] = np.zeros((3, hidden_size), dtype)
        self.grads = {name: np.zeros_like(value) for name, value in self.params.items()}

    def forward(self, x: Array, state: State) -> tuple[State, tuple[Array, ...]]:
        """From x (batch, input) and state (h, c), each (batch, hidden), to the next state and what backward needs."""
        check_step(x, state, self)
        (h_prev, c_prev), activation = state, {**STANDARD, **VARIANTS[self.variant]}
        peephole_i, peephole_f, peephole_o = self.params.get("peepholes", np.zeros((3, 1), x.dtype))

        z = x @ self.params["kernel"] + h_prev @ self.params["recurrent_kernel"] + self.params["bias"]
        z_i, z_f, z_g, z_o = np.split(z, 4, axis=1)
        i = activation["i"][0](z_i + peephole_i * c_prev)
        f = 1 - i if self.variant == "coupled" else activation["f"][0](z_f + peephole_f * c_prev)
        g = activation["g"][0](z_g)
        c = f * c_prev + i * g
        o = activation["o"][0](z_o + peephole_o * c)
        squashed = activation["h"][0](c)
        h = o * squashed
        return (h, c), (x, h_prev, c_prev, i, f, g, c, o, squashed)

    def backward(self, dh: Array, dc: Array, cache: tuple[Array, ...]) -> tuple[Array, State]:
        """From the loss' gradient by h and c to that by x and the state before; adds that by the weights to `grads`."""
        x, h_prev, c_prev, i, f, g, c, o, squashed = cache
        check_array("dh", dh, c.shape, c.dtype)
        check_array("dc", dc, c.shape, c.dtype)
        slope = {place: derivative for place, (_, derivative) in {**STANDARD, **VARIANTS[self.variant]}.items()}
        peephole_i, peephole_f, peephole_o = self.params.get("peepholes", np.zeros((3, 1), x.dtype))

        dz_o = dh * squashed * slope["o"](o)
        dc = dc + dh * o * slope["h"](squashed) + dz_o * peephole_o
        di, df, dg = dc * g, dc * c_prev, dc * i
        if self.variant == "coupled":
            di, df = di - df, np.zeros_like(df)
        dz_i, dz_f, dz_g = di * slope["i"](i), df * slope["f"](f), dg * slope["g"](g)
        dz = np.concatenate([dz_i, dz_f, dz_g, dz_o], axis=1)

        self.grads["kernel"] += x.T @ dz
        self.grads["recurrent_kernel"] += h_prev.T @ dz
        self.grads["bias"] += dz.sum(axis=0)
        if "peepholes" in self.grads:
            seen = np.stack([dz_i * c_prev, dz_f * c_prev, dz_o * c])
            self.grads["peepholes"] += seen.sum(axis=1)
        dc_prev = dc * f + dz_i * peephole_i + dz_f * peephole_f
        return dz @ self.params["kernel"].T, (dz @ self.params["recurrent_kernel"].T, dc_prev)
