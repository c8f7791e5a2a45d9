"""Whatever does not fit is refused in one line that names the argument, what was got and what was wanted."""

import re

import numpy as np
import pytest

from lstm_tutorial.scratch.cell import LSTMCell
from lstm_tutorial.scratch.checks import check_array, check_size
from lstm_tutorial.scratch.lstm import LSTM
from lstm_tutorial.scratch.network import Bidirectional
from lstm_tutorial.scratch.rnn import GRUCell, Recurrent, RNNCell

BATCH, TIME, INPUT, HIDDEN = 4, 6, 3, 5
LAYERS = {
    "fast": lambda: LSTM(INPUT, HIDDEN, dtype=np.float64),
    "LSTM": lambda: Recurrent(LSTMCell(INPUT, HIDDEN)),
    "RNN": lambda: Recurrent(RNNCell(INPUT, HIDDEN)),
    "GRU": lambda: Recurrent(GRUCell(INPUT, HIDDEN)),
}
CELLS = {"LSTM": LSTMCell, "RNN": RNNCell, "GRU": GRUCell}
each_layer = pytest.mark.parametrize("kind", LAYERS)


def refused(message):
    """Just this one line."""
    return pytest.raises(ValueError, match=f"^{re.escape(message)}$")


def ones(*shape, dtype=np.float64):
    return np.ones(shape, dtype)


def spoiled(value, *shape):
    array = ones(*shape)
    array.flat[-1] = value
    return array


X = {
    "list": ([[[1.0] * INPUT]], "got a list, wanted a NumPy array of shape (batch, time, 3)"),
    "None": (None, "got a NoneType, wanted a NumPy array of shape (batch, time, 3)"),
    "two axes": (ones(BATCH, INPUT), "got shape (4, 3), wanted (batch, time, 3)"),
    "features": (ones(BATCH, TIME, INPUT + 1), "got shape (4, 6, 4), wanted (batch, time, 3)"),
    "float32": (
        ones(BATCH, TIME, INPUT, dtype=np.float32),
        "got dtype float32, wanted float64; convert it with .astype('float64')",
    ),
    "int": (
        ones(BATCH, TIME, INPUT, dtype=np.int64),
        "got dtype int64, wanted float64; convert it with .astype('float64')",
    ),
    "NaN": (spoiled(np.nan, BATCH, TIME, INPUT), "got nan at (3, 5, 2), wanted finite numbers"),
    "infinity": (spoiled(-np.inf, BATCH, TIME, INPUT), "got -inf at (3, 5, 2), wanted finite numbers"),
    "no time": (ones(BATCH, 0, INPUT), "got shape (4, 0, 3), wanted at least one sequence of at least one step"),
    "no batch": (ones(0, TIME, INPUT), "got shape (0, 6, 3), wanted at least one sequence of at least one step"),
}


@pytest.mark.parametrize("way", ["forward", "inference"])
@pytest.mark.parametrize(("x", "message"), X.values(), ids=X)
@each_layer
def test_an_unfit_x_is_refused(kind, x, message, way):
    layer = LAYERS[kind]()
    if not hasattr(layer, way):
        assert kind != "fast"
        return
    with refused(f"x: {message}"):
        getattr(layer, way)(x)


MASKS = {
    "length": (ones(BATCH, TIME - 1, dtype=bool), "got shape (4, 5), wanted (4, 6)"),
    "batch": (ones(1, TIME, dtype=bool), "got shape (1, 6), wanted (4, 6)"),
    "axes": (ones(BATCH, TIME, 1, dtype=bool), "got shape (4, 6, 1), wanted (4, 6)"),
    "dtype": (ones(BATCH, TIME), "got dtype float64, wanted bool; convert it with .astype('bool')"),
    "list": ([[True] * TIME] * BATCH, "got a list, wanted a NumPy array of shape (4, 6)"),
}


@pytest.mark.parametrize(("mask", "message"), MASKS.values(), ids=MASKS)
@each_layer
def test_an_unfit_mask_is_refused(kind, mask, message):
    with refused(f"mask: {message}"):
        LAYERS[kind]().forward(ones(BATCH, TIME, INPUT), None, mask)


PARTS = {
    "batch": (ones(BATCH - 1, HIDDEN), "got shape (3, 5), wanted (4, 5)"),
    "size": (ones(BATCH, HIDDEN + 1), "got shape (4, 6), wanted (4, 5)"),
    "axes": (ones(HIDDEN), "got shape (5,), wanted (4, 5)"),
    "dtype": (
        ones(BATCH, HIDDEN, dtype=np.float32),
        "got dtype float32, wanted float64; convert it with .astype('float64')",
    ),
    "NaN": (spoiled(np.nan, BATCH, HIDDEN), "got nan at (3, 4), wanted finite numbers"),
    "list": ([[1.0] * HIDDEN] * BATCH, "got a list, wanted a NumPy array of shape (4, 5)"),
}


@pytest.mark.parametrize(("part", "message"), PARTS.values(), ids=PARTS)
@each_layer
def test_an_unfit_state_is_refused(kind, part, message):
    layer, x, fit = LAYERS[kind](), ones(BATCH, TIME, INPUT), ones(BATCH, HIDDEN)
    names = "hc" if kind in ("fast", "LSTM") else "h"
    for place, name in enumerate(names):
        state = tuple(part if n == place else fit for n in range(len(names)))
        with refused(f"state {name}: {message}"):
            layer.forward(x, state)
        layer.forward(x)
        with refused(f"dstate {name}: {message}"):
            layer.backward(ones(BATCH, TIME, HIDDEN), state)
        if kind == "fast":
            with refused(f"state {name}: {message}"):
                layer.step(x[:, 0], state)
            with refused(f"state {name}: {message}"):
                layer.inference(x, state)


STATES = {
    "array": (ones(2, BATCH, HIDDEN), "a ndarray"),
    "one array": ((ones(BATCH, HIDDEN),), "a tuple of 1"),
    "none": ((), "a tuple of 0"),
    "three arrays": ((ones(BATCH, HIDDEN),) * 3, "a tuple of 3"),
    "dict": ({"h": ones(BATCH, HIDDEN)}, "a dict"),
}


@pytest.mark.parametrize(("state", "got"), STATES.values(), ids=STATES)
@each_layer
def test_a_state_of_other_parts_is_refused(kind, state, got):
    layer, x = LAYERS[kind](), ones(BATCH, TIME, INPUT)
    lstm = kind in ("fast", "LSTM")
    if isinstance(state, tuple) and len(state) == 1 and not lstm:
        layer.forward(x, state)
        return
    wanted = "wanted a tuple (h, c)" if lstm else "wanted a tuple (h,)"
    with refused(f"state: got {got}, {wanted}"):
        layer.forward(x, state)
    layer.forward(x)
    with refused(f"dstate: got {got}, {wanted}"):
        layer.backward(ones(BATCH, TIME, HIDDEN), state)
    if kind == "fast":
        with refused(f"state: got {got}, {wanted}"):
            layer.step(x[:, 0], state)


GRADIENTS = {
    "time": (ones(BATCH, TIME - 1, HIDDEN), "got shape (4, 5, 5), wanted (4, 6, 5)"),
    "batch": (ones(1, TIME, HIDDEN), "got shape (1, 6, 5), wanted (4, 6, 5)"),
    "hidden": (ones(BATCH, TIME, 1), "got shape (4, 6, 1), wanted (4, 6, 5)"),
    "last step only": (ones(BATCH, HIDDEN), "got shape (4, 5), wanted (4, 6, 5)"),
    "dtype": (
        ones(BATCH, TIME, HIDDEN, dtype=np.float32),
        "got dtype float32, wanted float64; convert it with .astype('float64')",
    ),
    "NaN": (spoiled(np.nan, BATCH, TIME, HIDDEN), "got nan at (3, 5, 4), wanted finite numbers"),
    "None": (None, "got a NoneType, wanted a NumPy array of shape (4, 6, 5)"),
}


@pytest.mark.parametrize(("dh", "message"), GRADIENTS.values(), ids=GRADIENTS)
@each_layer
def test_an_unfit_gradient_is_refused(kind, dh, message):
    layer = LAYERS[kind]()
    layer.forward(ones(BATCH, TIME, INPUT))
    with refused(f"dh: {message}"):
        layer.backward(dh)


@pytest.mark.parametrize("kind", [*LAYERS, "bidirectional"])
def test_backward_before_forward_is_refused(kind):
    layer = (LAYERS | {"bidirectional": lambda: Bidirectional(LAYERS["fast"](), LAYERS["LSTM"]())})[kind]()
    size = layer.hidden_size
    with refused("dh: got one before any forward, wanted forward first"):
        layer.backward(ones(BATCH, TIME, size))


STEPS = {
    "list": ([[1.0] * INPUT], "got a list, wanted a NumPy array of shape (batch, 3)"),
    "a sequence": (ones(BATCH, TIME, INPUT), "got shape (4, 6, 3), wanted (batch, 3)"),
    "one row": (ones(INPUT), "got shape (3,), wanted (batch, 3)"),
    "dtype": (
        ones(BATCH, INPUT, dtype=np.float32),
        "got dtype float32, wanted float64; convert it with .astype('float64')",
    ),
    "NaN": (spoiled(np.nan, BATCH, INPUT), "got nan at (3, 2), wanted finite numbers"),
    "infinity": (spoiled(np.inf, BATCH, INPUT), "got inf at (3, 2), wanted finite numbers"),
}


@pytest.mark.parametrize("running", [False, True], ids=["at first", "in a stream"])
@pytest.mark.parametrize(("x_t", "message"), STEPS.values(), ids=STEPS)
def test_an_unfit_step_is_refused(x_t, message, running):
    layer = LAYERS["fast"]()
    state = layer.step(ones(BATCH, INPUT))[1] if running else None
    with refused(f"x_t: {message}"):
        layer.step(x_t, state)


def test_a_stream_of_another_batch_size_is_refused():
    layer = LAYERS["fast"]()
    _, state = layer.step(ones(2, INPUT))
    with refused("state h: got shape (2, 5), wanted (4, 5)"):
        layer.step(ones(BATCH, INPUT), state)


def test_large_but_finite_numbers_are_no_mistake():
    layer = LSTM(INPUT, HIDDEN)
    _, state = layer.step(np.ones((1, INPUT), np.float32))
    h, _ = layer.step(np.full((1, INPUT), 1e30, np.float32), state)  # whose square is infinite
    assert np.isfinite(h).all()


CELL_X = {name: case for name, case in STEPS.items() if name != "a sequence"}


@pytest.mark.parametrize(("x", "message"), CELL_X.values(), ids=CELL_X)
@pytest.mark.parametrize("kind", CELLS)
def test_a_cell_refuses_an_unfit_x(kind, x, message):
    cell = CELLS[kind](INPUT, HIDDEN)
    with refused(f"x: {message}"):
        cell.forward(x, (ones(BATCH, HIDDEN),) * len(cell.state_names))


@pytest.mark.parametrize(("part", "message"), PARTS.values(), ids=PARTS)
@pytest.mark.parametrize("kind", CELLS)
def test_a_cell_refuses_an_unfit_state_and_an_unfit_gradient(kind, part, message):
    cell, fit = CELLS[kind](INPUT, HIDDEN), ones(BATCH, HIDDEN)
    _, cache = cell.forward(ones(BATCH, INPUT), (fit,) * len(cell.state_names))
    for place, name in enumerate(cell.state_names):
        state = tuple(part if n == place else fit for n in range(len(cell.state_names)))
        with refused(f"state {name}: {message}"):
            cell.forward(ones(BATCH, INPUT), state)
        with refused(f"d{name}: {message}"):
            cell.backward(*state, cache)


SIZES = {"zero": 0, "negative": -3, "fraction": 2.5, "text": "3", "truth": True, "nothing": None}


@pytest.mark.parametrize("size", SIZES.values(), ids=SIZES)
@pytest.mark.parametrize("kind", [LSTM, LSTMCell, RNNCell, GRUCell])
def test_an_unfit_size_is_refused(kind, size):
    with refused(f"input_size: got {size!r}, wanted a whole number of at least 1"):
        kind(size, HIDDEN)
    with refused(f"hidden_size: got {size!r}, wanted a whole number of at least 1"):
        kind(INPUT, size)


DTYPES = {"half": (np.float16, "float16"), "int": (int, "int"), "text": ("no such", "no such"), "none": (None, "None")}


@pytest.mark.parametrize(("dtype", "got"), DTYPES.values(), ids=DTYPES)
@pytest.mark.parametrize("kind", [LSTM, LSTMCell, RNNCell, GRUCell])
def test_an_unfit_dtype_is_refused(kind, dtype, got):
    with refused(f"dtype: got {got}, wanted float32 or float64"):
        kind(INPUT, HIDDEN, dtype=dtype)


@pytest.mark.parametrize("dtype", [np.float32, np.dtype("float32"), "float32"])
@pytest.mark.parametrize("kind", [LSTM, LSTMCell, RNNCell, GRUCell])
def test_a_dtype_may_be_given_in_each_of_numpys_ways(kind, dtype):
    assert kind(INPUT, HIDDEN, dtype=dtype).params["kernel"].dtype == np.float32


def test_sizes_may_be_numpys():
    assert LSTM(np.int64(2), np.int32(3)).params["kernel"].shape == (2, 12)
    check_size("units", np.int64(1))


def test_a_shape_of_one_size_is_shown_as_numpy_shows_it():
    with refused("bias: got shape (2,), wanted (3,)"):
        check_array("bias", np.zeros(2), (3,), np.dtype(float))
