"""Weights from and to other frameworks. Nothing here imports one before it is called."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from lstm_tutorial.scratch.lstm import LSTM

Array = np.ndarray


def from_keras(cls: type[LSTM], layer: Any) -> LSTM:
    """The layer with the weights of a built `keras.layers.LSTM`, in its dtype.

    Raises ValueError for a layer that is something else, has no weights yet, or other activations than the default.
    """
    cell = getattr(layer, "cell", None)
    if type(layer).__name__ != "LSTM" or cell is None:
        raise ValueError(f"layer: got a {type(layer).__name__}, wanted a keras.layers.LSTM")
    if not layer.built:
        raise ValueError("layer: got one without weights, wanted a built one: call it once")
    _want_defaults("layer", _keras_activations(cell))
    kernel, recurrent_kernel, *bias = (np.asarray(value) for value in layer.get_weights())
    return _filled(cls, kernel, recurrent_kernel, bias[0] if bias else np.zeros(kernel.shape[1]))


def to_keras(self: LSTM, layer: Any) -> None:
    """Set the weights of a built `keras.layers.LSTM` of the same sizes.

    Raises ValueError if it is something else, not built, of other sizes, without bias, or has other activations.
    """
    shapes = [tuple(weight.shape) for weight in type(self).from_keras(layer).params.values()]
    wanted = [value.shape for value in self.params.values()]
    if shapes != wanted or not layer.use_bias:
        raise ValueError(f"layer: got weights {[value.shape for value in layer.get_weights()]}, wanted {wanted}")
    layer.set_weights([value.copy() for value in self.params.values()])


def from_torch(cls: type[LSTM], module: Any, layer: int = 0, reverse: bool = False) -> LSTM:
    """The layer with the weights of one layer, in one direction, of a `torch.nn.LSTM`, or of a `torch.nn.LSTMCell`.

    torch has the same order of gates, transposed weights and two biases, whose sum counts. Raises ValueError for
    other modules, a projection, or a layer or direction that is not there.
    """
    kind = type(module).__name__
    if kind not in ("LSTM", "LSTMCell") or not hasattr(module, "state_dict"):
        raise ValueError(f"module: got a {kind}, wanted a torch.nn.LSTM or torch.nn.LSTMCell")
    if getattr(module, "proj_size", 0):
        raise ValueError(f"module: got proj_size {module.proj_size}, wanted 0: no projection")
    if kind == "LSTMCell" and (layer or reverse):
        raise ValueError(f"layer: got {layer}, reverse: got {reverse}, but a torch.nn.LSTMCell has one layer, forward")
    end = "" if kind == "LSTMCell" else f"_l{layer}{'_reverse' if reverse else ''}"
    if not hasattr(module, f"weight_ih{end}"):
        raise ValueError(f"layer: got {layer}, reverse: got {reverse}, but the module has no weight_ih{end}")
    kernel, recurrent_kernel = (getattr(module, f"weight_{part}{end}").detach().numpy().T for part in ("ih", "hh"))
    bias = np.zeros(kernel.shape[1])
    if module.bias:
        bias = (getattr(module, f"bias_ih{end}") + getattr(module, f"bias_hh{end}")).detach().numpy()
    return _filled(cls, kernel, recurrent_kernel, bias)


def from_onnx(cls: type[LSTM], path: str | Path, node: int = 0, reverse: bool = False) -> LSTM:
    """The layer with the weights of an LSTM node, counted from 0, and of one direction, in an ONNX file.

    ONNX has the order i, o, f, c, transposed weights and two biases. Raises ValueError if the file can't be read,
    has no such node, or one with peepholes, other activations, or coupled gates.
    """
    import onnx
    from google.protobuf.message import DecodeError
    from onnx.numpy_helper import to_array

    try:
        graph = onnx.load(str(path)).graph
    except (OSError, DecodeError) as error:
        raise ValueError(f"path: got {path}, wanted an ONNX file: {str(error).splitlines()[0]}") from None
    nodes = [one for one in graph.node if one.op_type == "LSTM"]
    if not 0 <= node < len(nodes):
        raise ValueError(f"node: got {node}, but {path} holds {len(nodes)} LSTM nodes")
    names = dict(enumerate(nodes[node].input))
    settings = {one.name: onnx.helper.get_attribute_value(one) for one in nodes[node].attribute}
    values = {one.name: to_array(one) for one in graph.initializer}
    if names.get(7) or settings.get("input_forget") or "clip" in settings:
        raise ValueError(
            f"node: got {node} in {path} with peepholes, coupled gates or clipping, wanted a standard LSTM"
        )
    _want_defaults(f"node {node} in {path}", [name.decode().lower() for name in settings.get("activations", [])])
    direction = settings.get("direction", b"forward").decode()
    if direction != "bidirectional" and reverse != (direction == "reverse"):
        raise ValueError(f"reverse: got {reverse}, but node {node} in {path} has the direction {direction!r}")
    missing = [names[place] for place in (1, 2, 3) if names.get(place) and names[place] not in values]
    if missing:
        raise ValueError(f"node: got {node} in {path} whose weights {', '.join(missing)} are not stored in the file")
    row = int(reverse and direction == "bidirectional")
    kernel, recurrent_kernel = (values[names[place]][row] for place in (1, 2))
    bias = values[names[3]][row].reshape(2, -1).sum(axis=0) if names.get(3) else np.zeros(len(kernel))
    return _filled(cls, *(_from_iofc(part).T for part in (kernel, recurrent_kernel, bias)))


def _filled(cls: type[LSTM], kernel: Array, recurrent_kernel: Array, bias: Array) -> LSTM:
    layer = cls(len(kernel), len(recurrent_kernel), dtype=kernel.dtype)
    for name, value in (("kernel", kernel), ("recurrent_kernel", recurrent_kernel), ("bias", bias)):
        layer.params[name][...] = value
    return layer


def _from_iofc(rows: Array) -> Array:
    i, o, f, c = np.split(rows, 4)
    return np.concatenate([i, f, c, o])


def _keras_activations(cell: Any) -> list[str]:
    return [getattr(function, "__name__", str(function)) for function in (cell.recurrent_activation, cell.activation)]


def _want_defaults(name: str, activations: list[str]) -> None:
    if any(got != ("tanh" if place % 3 else "sigmoid") for place, got in enumerate(activations)):
        raise ValueError(f"{name}: got activations {activations}, wanted sigmoid for the gates and tanh for the rest")
