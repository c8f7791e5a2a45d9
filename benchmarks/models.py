"""The sides of a small forecaster, LSTM and Dense: one update with Adam, and the article's example from start to end.

    python -m benchmarks.models numpy 100

does the article's example as a process of its own: 1000 windows of 30 values, 50 units, batches of 32, here for 100
epochs; it prints the mean squared error that it ends with. Every side starts from the same weights and sees the same
batches in the same order, so that all end with the same error.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as np

from benchmarks.measure import Array, Side
from lstm_tutorial.scratch.losses import mean_squared_error
from lstm_tutorial.scratch.lstm import LSTM
from lstm_tutorial.scratch.network import Dense, Last, Stack
from lstm_tutorial.scratch.optimizers import Adam

BATCH, UNITS = 32, 50


def update_numpy(x: Array, y: Array, hidden: int) -> Side:
    """One update on the batch x (batch, time, features), y (batch, 1); reads the error before it."""
    model, adam = _build_ours(x.shape[2], hidden), Adam()
    return Side("NumPy", lambda: _update(model, adam, x, y), lambda loss: {"loss": np.array(loss)})


def update_keras(x: Array, y: Array, hidden: int) -> Side:
    """The same by Keras' `train_on_batch`, without metrics."""
    model = _build_keras(x.shape[1:], hidden)
    return Side("train_on_batch", lambda: model.train_on_batch(x, y), lambda loss: {"loss": np.array(loss)})


def example_numpy(x: Array, y: Array, epochs: int) -> float:
    """The article's example in NumPy; returns its error on all windows at the end."""
    model, adam = _build_ours(x.shape[2], UNITS), Adam()
    for _ in range(epochs):
        for start in range(0, len(x), BATCH):
            _update(model, adam, x[start : start + BATCH], y[start : start + BATCH])
    return mean_squared_error(model.forward(x)[0], y)[0]


def example_keras(x: Array, y: Array, epochs: int) -> float:
    """The same by Keras' `fit`."""
    model = _build_keras(x.shape[1:], UNITS)
    model.fit(x, y, batch_size=BATCH, epochs=epochs, shuffle=False, verbose=0)
    return float(model.evaluate(x, y, batch_size=len(x), verbose=0))


def example_torch(x: Array, y: Array, epochs: int) -> float:
    """The same by torch, in the loop that its tutorials teach."""
    import torch

    class Forecaster(torch.nn.Module):  # type: ignore[misc, unused-ignore]  # torch may be absent
        def __init__(self) -> None:
            super().__init__()
            self.lstm = torch.nn.LSTM(x.shape[2], UNITS, batch_first=True)
            self.dense = torch.nn.Linear(UNITS, 1)

        def forward(self, inputs: Any) -> Any:
            return self.dense(self.lstm(inputs)[0][:, -1])

    ours, model = _build_ours(x.shape[2], UNITS), Forecaster()
    kernel, recurrent_kernel, bias, dense_kernel, dense_bias = (torch.from_numpy(w) for w in ours.params.values())
    with torch.no_grad():
        for weight, value in zip(
            model.parameters(),
            (kernel.T, recurrent_kernel.T, bias, torch.zeros_like(bias), dense_kernel.T, dense_bias),
            strict=True,
        ):
            weight.copy_(value)
    model.lstm.bias_hh_l0.requires_grad_(False)  # torch has two biases, and Adam would move both
    adam, measure = torch.optim.Adam(model.parameters(), eps=1e-7), torch.nn.MSELoss()
    inputs, targets = torch.from_numpy(x), torch.from_numpy(y)
    for _ in range(epochs):
        for start in range(0, len(x), BATCH):
            adam.zero_grad()
            measure(model(inputs[start : start + BATCH]), targets[start : start + BATCH]).backward()
            adam.step()
    with torch.no_grad():
        return float(measure(model(inputs), targets))


def make_windows() -> tuple[Array, Array]:
    """1000 windows (1000, 30, 1) of a noisy sine in random order, and the value after each (1000, 1)."""
    rng = np.random.default_rng(0)
    series = np.sin(np.arange(1030) / 4) + 0.1 * rng.normal(size=1030)
    windows = np.lib.stride_tricks.sliding_window_view(series, 31)[rng.permutation(1000), :, None].astype(np.float32)
    return np.ascontiguousarray(windows[:, :30]), np.ascontiguousarray(windows[:, 30])


def _build_ours(features: int, hidden: int) -> Stack:
    rng = np.random.default_rng(0)
    return Stack([LSTM(features, hidden, rng=rng), Last(), Dense(hidden, 1, rng=rng)])


def _build_keras(shape: tuple[int, ...], hidden: int) -> Any:
    import keras

    model = keras.Sequential([keras.Input(shape), keras.layers.LSTM(hidden), keras.layers.Dense(1)])
    model.set_weights(list(_build_ours(shape[1], hidden).params.values()))
    model.compile("adam", "mse")
    return model


def _update(model: Stack, adam: Adam, x: Array, y: Array) -> float:
    prediction, _ = model.forward(x)
    loss, dprediction = mean_squared_error(prediction, y)
    model.backward(dprediction, need_dx=False)
    adam.update(model.params, model.grads)
    return loss


EXAMPLES: dict[str, Callable[[Array, Array, int], float]] = {
    "numpy": example_numpy,
    "keras": example_keras,
    "torch": example_torch,
}

if __name__ == "__main__":
    print(EXAMPLES[sys.argv[1]](*make_windows(), int(sys.argv[2])))
