"""RNN and GRU do what their formulas say, and any cell in a loop masks as Keras does."""

import math

import numpy as np
import pytest

from lstm_tutorial.scratch.cell import LSTMCell, sigmoid
from lstm_tutorial.scratch.rnn import GRUCell, Recurrent, RNNCell

RNG = np.random.default_rng
CELLS = {
    "RNN": lambda **choice: RNNCell(2, 3, **choice),
    "GRU": lambda **choice: GRUCell(2, 3, **choice),
    "LSTM": lambda **choice: LSTMCell(2, 3, peephole=True, **choice),
}
each_cell = pytest.mark.parametrize("kind", CELLS)


def filled(kind, seed=0):
    rng, cell = RNG(seed), CELLS[kind]()
    for value in cell.params.values():
        value[...] = rng.normal(0, 0.7, value.shape)
    return cell


def run(cell, x, state):
    """Outputs and state after the whole of x, by single steps of the cell."""
    h = []
    for t in range(x.shape[1]):
        state, _ = cell.forward(x[:, t], state)
        h.append(state[0])
    return np.stack(h, axis=1), state


def zeros(cell, batch):
    return tuple(np.zeros((batch, 3)) for _ in cell.state_names)


def test_a_step_of_the_rnn_is_its_formula():
    cell, x, h = filled("RNN"), RNG(1).normal(size=(4, 2)), RNG(2).normal(size=(4, 3))
    (found,), _ = cell.forward(x, (h,))
    for row, unit in np.ndindex(found.shape):
        z = cell.params["bias"][unit] + sum(x[row, n] * cell.params["kernel"][n, unit] for n in range(2))
        z += sum(h[row, n] * cell.params["recurrent_kernel"][n, unit] for n in range(3))
        assert found[row, unit] == pytest.approx(math.tanh(z), abs=1e-12)


def test_a_step_of_the_gru_keeps_by_its_update_gate_and_forgets_by_its_reset_gate():
    cell, x, h = filled("GRU"), RNG(1).normal(size=(4, 2)), RNG(2).normal(size=(4, 3))
    bias = cell.params["bias"]
    bias[:, :3], bias[:, 3:6] = 50, 0  # z = 1
    np.testing.assert_allclose(cell.forward(x, (h,))[0][0], h)
    bias[:, :3], bias[:, 3:6] = -50, -50  # z = 0, r = 0
    g = np.tanh(x @ cell.params["kernel"][:, 6:] + bias[0, 6:])
    np.testing.assert_allclose(cell.forward(x, (h,))[0][0], g)
    bias[:, 3:6] = 50  # r = 1
    g = np.tanh(x @ cell.params["kernel"][:, 6:] + h @ cell.params["recurrent_kernel"][:, 6:] + bias[:, 6:].sum(axis=0))
    np.testing.assert_allclose(cell.forward(x, (h,))[0][0], g)
    bias[:, :3] = 0  # z in the middle
    z = sigmoid(x @ cell.params["kernel"][:, :3] + h @ cell.params["recurrent_kernel"][:, :3])
    np.testing.assert_allclose(cell.forward(x, (h,))[0][0], z * h + (1 - z) * g)


@each_cell
def test_a_layer_is_its_cell_step_by_step(kind):
    cell, x = filled(kind), RNG(1).normal(size=(4, 6, 2))
    state = tuple(RNG(2).normal(size=part.shape) for part in zeros(cell, 4))
    for given, first in ((state, state), (None, zeros(cell, 4))):
        h, last = Recurrent(cell).forward(x, given)
        expected, end = run(cell, x, first)
        np.testing.assert_allclose(h, expected, rtol=1e-12)
        np.testing.assert_allclose(last, end, rtol=1e-12)


@each_cell
def test_a_false_step_leaves_the_state_and_repeats_the_output(kind):
    cell, x = filled(kind), RNG(1).normal(size=(1, 6, 2))
    mask = np.array([[False, True, False, True, True, False]])
    first = tuple(RNG(2).normal(size=part.shape) for part in zeros(cell, 1))
    h, last = Recurrent(cell).forward(x, first, mask)
    seen, end = run(cell, x[mask][None], first)
    assert not h[0, 0].any()  # nothing to repeat yet
    np.testing.assert_allclose(h[0, 1:], seen[0, [0, 0, 1, 2, 2]], rtol=1e-12)
    np.testing.assert_allclose(last, end, rtol=1e-12)


@each_cell
def test_a_row_masked_throughout_gives_zeros_and_keeps_its_state(kind):
    cell, x = filled(kind), RNG(1).normal(size=(2, 5, 2))
    first = tuple(RNG(2).normal(size=part.shape) for part in zeros(cell, 2))
    h, last = Recurrent(cell).forward(x, first, np.array([[True] * 5, [False] * 5]))
    assert h[0].all() and not h[1].any()
    for before, after in zip(first, last, strict=True):
        np.testing.assert_array_equal(before[1], after[1])
        assert not np.array_equal(before[0], after[0])


@each_cell
def test_what_a_masked_step_holds_changes_nothing(kind):
    layer, x = Recurrent(filled(kind)), RNG(1).normal(size=(2, 5, 2))
    mask = RNG(3).random((2, 5)) < 0.5
    results = []
    for filling in (0, 1e3):
        x[~mask] = filling
        h, last = layer.forward(x, None, mask)
        dx, dfirst = layer.backward(np.ones_like(h), last)
        results.append([h, *last, dx, *dfirst, *(value.copy() for value in layer.grads.values())])
        for gradient in layer.grads.values():
            gradient[...] = 0
    for one, other in zip(*results, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-12, atol=1e-15)


@each_cell
def test_what_forward_returned_is_not_changed_by_the_next_call(kind):
    layer, rng = Recurrent(filled(kind)), RNG(1)
    h, last = layer.forward(rng.normal(size=(2, 5, 2)))
    kept = h.copy(), *(part.copy() for part in last)
    layer.forward(rng.normal(size=(2, 5, 2)), last)
    layer.backward(np.ones_like(h), last)
    for now, before in zip((h, *last), kept, strict=True):
        np.testing.assert_array_equal(now, before)


@each_cell
def test_first_weights_are_those_of_keras_in_kind(kind):
    parts = {"RNN": 1, "GRU": 3, "LSTM": 4}[kind]
    cell = CELLS[kind](rng=RNG(0))
    limit = math.sqrt(6 / (2 + parts * 3))
    assert 0.5 * limit < np.abs(cell.params["kernel"]).max() <= limit
    recurrent_kernel = cell.params["recurrent_kernel"]
    np.testing.assert_allclose(recurrent_kernel @ recurrent_kernel.T, np.eye(3), atol=1e-12)
    assert set(cell.params["bias"].ravel()) == ({0, 1} if kind == "LSTM" else {0})


@each_cell
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_layer_computes_in_its_own_precision(kind, dtype):
    layer = Recurrent(CELLS[kind](dtype=dtype))
    h, last = layer.forward(np.ones((2, 3, 2), dtype), None, np.array([[True, False, True]] * 2))
    dx, first = layer.backward(np.ones((2, 3, 3), dtype))
    for value in (h, *last, dx, *first, *layer.params.values(), *layer.grads.values()):
        assert value.dtype == dtype
