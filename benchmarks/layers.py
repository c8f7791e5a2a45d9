"""The sides of one LSTM layer over whole sequences: a training step (forward and backward) and inference.

All start from the same weights and the same x (batch, time, features). A training step gives the outputs h and the
gradients by the weights of the sum of h times a fixed random dh; the gradient by x is asked of nobody but the textbook,
which can't leave it out. Data lie in memory as each library likes them, so that nobody pays for a conversion.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.measure import Array, Side
from lstm_tutorial.scratch.cell import LSTMCell
from lstm_tutorial.scratch.initial import lstm_weights
from lstm_tutorial.scratch.lstm import LSTM
from lstm_tutorial.scratch.rnn import Recurrent

Shape = tuple[int, int, int, int]


class Case:
    """What the sides of one shape (batch, time, features, hidden) share."""

    def __init__(self, shape: Shape) -> None:
        batch, time, features, hidden = shape
        rng = np.random.default_rng(0)
        self.shape, self.features, self.hidden = shape, features, hidden
        self.x = rng.normal(size=(batch, time, features)).astype(np.float32)
        self.dh = rng.normal(size=(batch, time, hidden)).astype(np.float32)
        self.params = lstm_weights(features, hidden, 1.0, np.dtype(np.float32), rng)


def share(case: Case, layer: Any) -> Any:
    """The layer, with the case's weights."""
    for name, value in case.params.items():
        layer.params[name][...] = value
    return layer


def train_numpy(case: Case) -> Side:
    """The fast layer."""
    layer = share(case, LSTM(case.features, case.hidden))
    dh = np.ascontiguousarray(case.dh.transpose(1, 2, 0)).transpose(2, 0, 1)  # in memory as the layer's own h
    return _train_ours("NumPy", layer, case.x, dh, need_dx=False)


def train_textbook(case: Case) -> Side:
    """The textbook cell in a loop, in float32 like the others."""
    layer = Recurrent(LSTMCell(case.features, case.hidden, dtype=np.float32))
    return _train_ours("textbook", share(case, layer), case.x, case.dh)


def _train_ours(name: str, layer: Any, x: Array, dh: Array, **options: bool) -> Side:
    def run() -> Any:
        for gradient in layer.grads.values():
            gradient.fill(0)
        h, _ = layer.forward(x)
        layer.backward(dh, **options)
        return h, layer.grads

    return Side(name, run, lambda result: {"h": result[0], **result[1]})


def train_products(case: Case) -> Side:
    """The fast layer's matrix products and nothing else: no NumPy layer of this design can be faster."""
    batch, time, features, hidden = case.shape
    rng = np.random.default_rng(0)
    rows = hidden + features + 1

    def draw(*size: int) -> Array:
        return rng.normal(size=size).astype(np.float32)

    weights, back, inputs = draw(4 * hidden, rows), draw(hidden, 4 * hidden), draw(time, rows, batch)
    z, dz = draw(time, 4 * hidden, batch), draw(4 * hidden, batch)
    dweights, dh = np.empty_like(weights), draw(hidden, batch)

    def run() -> None:
        for t in range(time):
            np.dot(weights, inputs[t], z[t])
        for t in reversed(range(time)):
            np.dot(dz, inputs[t].T, dweights)
            np.dot(back, dz, dh)

    return Side("products", run)


def train_keras(case: Case) -> Side:
    """Keras' layer and its gradient in one `tf.function`."""
    import tensorflow as tf

    layer = _keras_layer(case)
    x, dh = tf.constant(case.x), tf.constant(case.dh)

    def step() -> Any:
        with tf.GradientTape() as tape:
            h = layer(x)
        return h, tape.gradient(h, layer.trainable_variables, output_gradients=dh)

    def read(result: Any) -> dict[str, Array]:
        return {"h": result[0].numpy()} | {
            name: gradient.numpy() for name, gradient in zip(case.params, result[1], strict=True)
        }

    return Side("Keras", tf.function(step), read)


def train_torch(case: Case) -> Side:
    """torch's layer and autograd."""
    import torch

    module, x = _torch_module(case), torch.from_numpy(_by_time(case.x))
    dh = torch.from_numpy(_by_time(case.dh))
    weights = [module.weight_ih_l0, module.weight_hh_l0, module.bias_ih_l0, module.bias_hh_l0]

    def run() -> Any:
        h, _ = module(x)
        return h, torch.autograd.grad(h, weights, dh)

    def read(result: Any) -> dict[str, Array]:
        kernel, recurrent_kernel, bias, _ = (gradient.numpy().T for gradient in result[1])
        h = result[0].detach().numpy().transpose(1, 0, 2)
        return {"h": h, "kernel": kernel, "recurrent_kernel": recurrent_kernel, "bias": bias}

    return Side("torch", run, read)


def infer_numpy(case: Case) -> Side:
    """The fast layer, keeping nothing for a backward pass."""
    layer = share(case, LSTM(case.features, case.hidden))
    return Side("NumPy", lambda: layer.inference(case.x), lambda result: {"h": result[0]})


def infer_keras(case: Case) -> Side:
    """Keras' layer in a `tf.function`."""
    import tensorflow as tf

    layer, x = _keras_layer(case), tf.constant(case.x)
    return Side("Keras", tf.function(lambda: layer(x)), lambda h: {"h": h.numpy()})


def infer_torch(case: Case) -> Side:
    """torch's layer without autograd."""
    import torch

    module, x = _torch_module(case), torch.from_numpy(_by_time(case.x))

    def run() -> Any:
        with torch.inference_mode():
            return module(x)[0]

    return Side("torch", run, lambda h: {"h": h.numpy().transpose(1, 0, 2)})


def infer_onnx(case: Case) -> Side:
    """ONNX Runtime's LSTM operator."""
    session, x = onnx_session(case.params), _by_time(case.x)
    zeros = np.zeros((1, len(case.x), case.hidden), np.float32)
    feed = {"x": x, "h": zeros, "c": zeros}
    return Side("ONNX Runtime", lambda: session.run(["y"], feed)[0], lambda y: {"h": y[:, 0].transpose(1, 0, 2)})


def onnx_session(params: dict[str, Array]) -> Any:
    """A session of one thread: y (time, 1, batch, hidden), last h and c, from x (time, batch, features), h and c."""
    import onnxruntime
    from onnx import TensorProto, helper, numpy_helper

    hidden = len(params["recurrent_kernel"])
    order = np.arange(4 * hidden).reshape(4, hidden)[[0, 3, 1, 2]].ravel()  # i, f, c, o to i, o, f, c
    bias = np.concatenate([params["bias"][order], np.zeros(4 * hidden, np.float32)])
    weights = {"W": params["kernel"].T[order], "R": params["recurrent_kernel"].T[order], "B": bias}
    node = helper.make_node("LSTM", ["x", *weights, "", "h", "c"], ["y", "h_last", "c_last"], hidden_size=hidden)
    free = {"x": 3, "h": 3, "c": 3, "y": 4, "h_last": 3, "c_last": 3}
    info = {name: helper.make_tensor_value_info(name, TensorProto.FLOAT, [None] * axes) for name, axes in free.items()}
    graph = helper.make_graph(
        [node],
        "lstm",
        [info[name] for name in ("x", "h", "c")],
        [info[name] for name in ("y", "h_last", "c_last")],
        [numpy_helper.from_array(np.ascontiguousarray(value[None]), name) for name, value in weights.items()],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = options.inter_op_num_threads = 1
    return onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])


def _keras_layer(case: Case) -> Any:
    import keras

    layer = keras.layers.LSTM(case.hidden, return_sequences=True)
    layer.build(case.x.shape)
    layer.set_weights(list(case.params.values()))
    return layer


def _torch_module(case: Case) -> Any:
    import torch

    module = torch.nn.LSTM(case.features, case.hidden)
    bias = case.params["bias"]
    with torch.no_grad():
        for name, value in (
            ("weight_ih_l0", case.params["kernel"].T),
            ("weight_hh_l0", case.params["recurrent_kernel"].T),
            ("bias_ih_l0", bias),
            ("bias_hh_l0", np.zeros_like(bias)),
        ):
            getattr(module, name).copy_(torch.from_numpy(np.ascontiguousarray(value)))
    return module


def _by_time(values: Array) -> Array:
    return np.ascontiguousarray(values.transpose(1, 0, 2))
