"""Networks of one design and several seeds, side by side in one set of arrays.

A step of NumPy takes little longer for five small networks than for one. Side by side, five networks of 12 units are
one layer of 60 units, in which each is a block: weights between blocks are zero and never change.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from lstm_tutorial.scratch.cell import LSTMCell
from lstm_tutorial.scratch.checks import check_size
from lstm_tutorial.scratch.lstm import LSTM
from lstm_tutorial.scratch.network import Dense, Last, Stack
from lstm_tutorial.scratch.optimizers import Adam, clip_by_global_norm
from lstm_tutorial.scratch.rnn import GRUCell, Recurrent, RNNCell

Array = np.ndarray


@dataclass(frozen=True)
class Design:
    """A recurrent layer, a Dense layer, and the step size with which Adam trains them.

    `cell` is "lstm" (the fast layer), "rnn", "gru", or one of `cell.VARIANTS`, to which " + peepholes" may be added.
    The biases are those of the input and the forget gate before training; a GRU's update gate, which both keeps and
    writes, has the latter. Raises ValueError for an unknown cell.
    """

    cell: str = "lstm"
    forget_bias: float = 1.0
    input_bias: float = 0.0
    hidden_size: int = 12
    learning_rate: float = 0.02

    def build(self, inputs: int, outputs: int, seed: int, every_step: bool = False, count: int = 1) -> Stack:
        """A network with `count` times the units and outputs; it predicts at the last step, or at every step."""
        rng, hidden = np.random.default_rng(seed), count * self.hidden_size
        layer: Any
        if self.cell == "lstm":
            layer = LSTM(inputs, hidden, rng=rng)
        elif self.cell == "rnn":
            layer = Recurrent(RNNCell(inputs, hidden, dtype=np.float32, rng=rng))
        elif self.cell == "gru":
            layer = Recurrent(GRUCell(inputs, hidden, dtype=np.float32, rng=rng))
            layer.params["bias"][0, :hidden] = self.forget_bias
        else:
            variant = self.cell.removesuffix(" + peepholes")
            peephole = variant != self.cell
            layer = Recurrent(LSTMCell(inputs, hidden, peephole=peephole, variant=variant, dtype=np.float32, rng=rng))
        if self.cell not in ("rnn", "gru"):
            layer.params["bias"][:hidden] = self.input_bias
            layer.params["bias"][hidden : 2 * hidden] = self.forget_bias
        return Stack([layer, *([] if every_step else [Last()]), Dense(hidden, count * outputs, rng=rng)])


class SideBySide:
    """A network of a design for each seed, each with its own sequences and its own Adam.

    Gradients are clipped to a norm of 1, for each network by itself. `inputs` and `outputs` are those of one network.
    """

    def __init__(
        self, design: Design, inputs: int, outputs: int, seeds: Sequence[int], every_step: bool = False
    ) -> None:
        check_size("number of seeds", len(seeds))
        self.count, self.outputs = len(seeds), outputs
        self.networks = [design.build(inputs, outputs, seed, every_step) for seed in seeds]
        self.together = design.build(len(seeds) * inputs, outputs, 0, every_step, len(seeds))
        for weights in self.together.params.values():
            weights[...] = 0
        self.params = [self._blocks(self.together.params, number) for number in range(self.count)]
        self.grads = [self._blocks(self.together.grads, number) for number in range(self.count)]
        self.optimizers = [Adam(design.learning_rate) for _ in seeds]
        for blocks, network in zip(self.params, self.networks, strict=True):
            for name, block in blocks.items():
                block[...] = network.params[name].reshape(block.shape)

    def _blocks(self, arrays: dict[str, Array], number: int) -> dict[str, Array]:
        """Views of what belongs to one network: its columns in each gate, and its rows where rows are units as well."""
        blocks = {}
        for name, array in arrays.items():
            alone = self.networks[number].params[name].shape
            width = self.outputs if name.startswith(self._last) else self.networks[number].layers[0].hidden_size
            block = array.reshape(*array.shape[:-1], alone[-1] // width, self.count, width)[..., number, :]
            if array.ndim == 2 and len(array) != alone[0]:
                block = block[number * alone[0] : (number + 1) * alone[0]]
            blocks[name] = block
        return blocks

    @property
    def _last(self) -> str:
        return f"{len(self.together.layers) - 1}."

    def forward(self, x: Array, states: Any = None) -> tuple[Array, Any]:
        """From x (networks, batch, time, inputs) to predictions (networks, batch, outputs) and all last states.

        Where networks predict at every step, predictions are (networks, batch, time, outputs).
        """
        side_by_side = np.moveaxis(x, 0, 2).reshape(*x.shape[1:3], -1)
        prediction, states = self.together.forward(side_by_side, states)
        return np.moveaxis(prediction.reshape(*prediction.shape[:-1], self.count, -1), -2, 0), states

    def update(self, dprediction: Array, numbers: Iterable[int]) -> None:
        """A step of Adam for the networks with these numbers; `dprediction` is the gradient of each one's own loss."""
        side_by_side = np.moveaxis(dprediction, 0, -2)
        self.together.backward(side_by_side.reshape(*side_by_side.shape[:-2], -1))
        for number in numbers:
            clip_by_global_norm(self.grads[number], 1.0)
            self.optimizers[number].update(self.params[number], self.grads[number])
        for gradient in self.together.grads.values():
            gradient[...] = 0

    def alone(self, number: int) -> Stack:
        """One of the networks by itself, with its weights as they are now."""
        network = self.networks[number]
        for name, block in self.params[number].items():
            network.params[name][...] = block.reshape(network.params[name].shape)
        return network
