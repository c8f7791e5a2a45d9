"""The sides of streaming: one sequence, one step at a time, the state kept between calls.

Each call takes the same x_t (features,) in the form that its library likes, and gives the output h (hidden,).
"""

from __future__ import annotations

from typing import Any

import numpy as np

from benchmarks.layers import Case, onnx_session, share
from benchmarks.measure import Array, Side
from lstm_tutorial.scratch.lstm import LSTM


def step_numpy(case: Case) -> Side:
    """The fast layer's `step`."""
    layer = share(case, LSTM(case.features, case.hidden))
    x, state = case.x[:, 0], None

    def run() -> Array:
        nonlocal state
        h, state = layer.step(x, state)
        return h

    return Side("NumPy", run, lambda h: {"h": h.ravel()})


def step_onnx(case: Case) -> Side:
    """ONNX Runtime's LSTM operator on a sequence of one step."""
    session = onnx_session(case.params)
    zeros = np.zeros((1, 1, case.hidden), np.float32)
    feed = {"x": case.x[:, :1], "h": zeros, "c": zeros}

    def run() -> Array:
        feed["h"], feed["c"] = session.run(["h_last", "c_last"], feed)
        return feed["h"]

    return Side("ONNX Runtime", run, lambda h: {"h": h.ravel()})


def step_torch(case: Case) -> Side:
    """torch's `LSTMCell` without autograd."""
    import torch

    cell, x = torch.nn.LSTMCell(case.features, case.hidden), torch.from_numpy(case.x[:, 0])
    bias = case.params["bias"]
    values = (case.params["kernel"].T, case.params["recurrent_kernel"].T, bias, np.zeros_like(bias))
    with torch.no_grad():
        for weight, value in zip(cell.parameters(), values, strict=True):
            weight.copy_(torch.from_numpy(np.ascontiguousarray(value)))
    state: Any = None

    def run() -> Any:
        nonlocal state
        with torch.inference_mode():
            state = cell(x, state)
        return state[0]

    return Side("torch LSTMCell", run, lambda h: {"h": h.numpy().ravel()})


def step_function(case: Case) -> Side:
    """Keras' cell in a `tf.function`."""
    import keras
    import tensorflow as tf

    cell = keras.layers.LSTMCell(case.hidden)
    cell.build((1, case.features))
    cell.set_weights(list(case.params.values()))
    step, x = tf.function(lambda x, h, c: cell(x, [h, c])[1]), tf.constant(case.x[:, 0])
    state = [tf.zeros((1, case.hidden))] * 2

    def run() -> Any:
        nonlocal state
        state = step(x, *state)
        return state[0]

    return Side("tf.function", run, lambda h: {"h": h.numpy().ravel()})


def step_predict(case: Case) -> Side:
    """A stateful Keras model's `predict_on_batch`."""
    import keras

    layer = keras.layers.LSTM(case.hidden, stateful=True)
    model = keras.Sequential([keras.Input(batch_shape=(1, 1, case.features)), layer])
    layer.set_weights(list(case.params.values()))
    x = case.x[:, :1]
    return Side("predict_on_batch", lambda: model.predict_on_batch(x), lambda h: {"h": h.ravel()})
