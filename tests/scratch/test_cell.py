"""The textbook cell does what its formulas say, in every variant."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lstm_tutorial.scratch.cell import VARIANTS, LSTMCell, sigmoid

RNG = np.random.default_rng
BATCH, INPUT, HIDDEN = 3, 2, 4
GATES = {"i": 0, "f": 1, "g": 2, "o": 3}
PEEPHOLES = {"i": 0, "f": 1, "o": 2}


def filled(variant="standard", peephole=False, seed=0):
    """A cell with random weights, and an input and a state for it."""
    rng, cell = RNG(seed), LSTMCell(INPUT, HIDDEN, variant=variant, peephole=peephole)
    for value in cell.params.values():
        value[...] = rng.normal(0, 0.7, value.shape)
    return cell, rng.normal(size=(BATCH, INPUT)), tuple(rng.normal(size=(BATCH, HIDDEN)) for _ in "hc")


def columns(gate):
    return slice(GATES[gate] * HIDDEN, (GATES[gate] + 1) * HIDDEN)


def logistic(z):
    return 1 / (1 + math.exp(-z))


def by_hand(cell, x, state, row, unit):
    """One unit's h and c for one row of the batch, number by number, as the papers write it."""
    kernel, recurrent_kernel, bias = (cell.params[name] for name in ("kernel", "recurrent_kernel", "bias"))
    (h_before, c_before), variant = state, cell.variant
    before = c_before[row, unit]
    z = {}
    for gate, place in GATES.items():
        column = place * HIDDEN + unit
        z[gate] = bias[column] + sum(x[row, n] * kernel[n, column] for n in range(INPUT))
        z[gate] += sum(h_before[row, n] * recurrent_kernel[n, column] for n in range(HIDDEN))
    look = cell.params["peepholes"][:, unit] if "peepholes" in cell.params else (0, 0, 0)
    i = 1 if variant == "no_input_gate" else logistic(z["i"] + look[0] * before)
    f = 1 if variant in ("no_forget_gate", "1997") else logistic(z["f"] + look[1] * before)
    if variant == "coupled":
        f = 1 - i
    g = {"no_input_activation": z["g"], "1997": 4 * logistic(z["g"]) - 2}.get(variant, math.tanh(z["g"]))
    c = f * before + i * g
    o = 1 if variant == "no_output_gate" else logistic(z["o"] + look[2] * c)
    h = o * {"no_output_activation": c, "1997": 2 * logistic(c) - 1}.get(variant, math.tanh(c))
    return h, c


@pytest.mark.parametrize(
    ("variant", "peephole"), [(name, peephole) for name in VARIANTS for peephole in (False, True)][:-1]
)  # all but the last: the 1997 cell had no peepholes
def test_a_step_is_what_the_formulas_say(variant, peephole):
    cell, x, state = filled(variant, peephole)
    (h, c), _ = cell.forward(x, state)
    for row, unit in np.ndindex(h.shape):
        assert (h[row, unit], c[row, unit]) == pytest.approx(by_hand(cell, x, state, row, unit), abs=1e-12)


@pytest.mark.parametrize(
    ("variant", "gate"),
    [("no_input_gate", "i"), ("no_forget_gate", "f"), ("1997", "f"), ("no_output_gate", "o"), ("coupled", "f")],
)
def test_the_weights_of_a_missing_gate_change_nothing(variant, gate):
    cell, x, state = filled(variant, peephole=variant != "1997")
    before, _ = cell.forward(x, state)
    for name, value in cell.params.items():
        if name == "peepholes":
            value[PEEPHOLES[gate]] += 1
        else:
            value[..., columns(gate)] += 1
    after, _ = cell.forward(x, state)
    np.testing.assert_array_equal(before, after)


@pytest.mark.parametrize(
    ("variant", "gate"), [("no_input_gate", "i"), ("no_forget_gate", "f"), ("no_output_gate", "o")]
)
def test_a_missing_gate_is_a_gate_that_is_always_open(variant, gate):
    cell, x, state = filled(variant)
    standard = LSTMCell(INPUT, HIDDEN)
    for name, value in cell.params.items():
        standard.params[name][...] = value
    standard.params["bias"][columns(gate)] = 100
    np.testing.assert_allclose(standard.forward(x, state)[0], cell.forward(x, state)[0], rtol=1e-12)


def test_peepholes_of_zero_change_nothing_and_are_where_training_starts():
    plain, x, state = filled()
    cell = LSTMCell(INPUT, HIDDEN, peephole=True)
    assert not cell.params["peepholes"].any()
    for name, value in plain.params.items():
        cell.params[name][...] = value
    np.testing.assert_array_equal(cell.forward(x, state)[0], plain.forward(x, state)[0])


def test_forward_changes_neither_input_nor_state():
    cell, x, state = filled(peephole=True)
    kept = x.copy(), state[0].copy(), state[1].copy()
    (h, c), cache = cell.forward(x, state)
    cell.backward(np.ones_like(h), np.ones_like(c), cache)
    for now, before in zip((x, *state), kept, strict=True):
        np.testing.assert_array_equal(now, before)


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("variant", VARIANTS)
def test_a_cell_computes_in_its_own_precision(variant, dtype):
    cell = LSTMCell(INPUT, HIDDEN, variant=variant, peephole=variant != "1997", dtype=dtype)
    x, state = np.ones((1, INPUT), dtype), (np.ones((1, HIDDEN), dtype), np.ones((1, HIDDEN), dtype))
    after, cache = cell.forward(x, state)
    dx, before = cell.backward(np.ones((1, HIDDEN), dtype), np.ones((1, HIDDEN), dtype), cache)
    for value in (*after, dx, *before, *cell.params.values(), *cell.grads.values()):
        assert value.dtype == dtype


def test_first_weights_are_those_of_keras_in_kind():
    cell = LSTMCell(30, 20, forget_bias=3, rng=RNG(0))
    kernel, recurrent_kernel, bias = cell.params.values()
    limit = math.sqrt(6 / (30 + 80))
    assert 0.98 * limit < np.abs(kernel).max() <= limit
    assert abs(kernel.mean()) < 0.05 * limit
    np.testing.assert_allclose(recurrent_kernel @ recurrent_kernel.T, np.eye(20), atol=1e-12)
    np.testing.assert_array_equal(bias, np.repeat([0, 3, 0, 0], 20))
    assert LSTMCell(30, 20).params["bias"][20] == 1


def test_one_seed_gives_one_cell():
    one, other, third = (LSTMCell(2, 3, rng=RNG(seed)).params for seed in (5, 5, 6))
    assert all(np.array_equal(one[name], other[name]) for name in one)
    assert not np.array_equal(one["kernel"], third["kernel"])


@given(st.lists(st.floats(-1e300, 1e300), min_size=1, max_size=9))
def test_sigmoid_is_the_logistic_function_without_overflow(values):
    expected = [logistic(z) if z > -700 else 0 for z in values]
    np.testing.assert_allclose(sigmoid(np.array(values)), expected, atol=1e-15)


@pytest.mark.parametrize("variant", ["", "lstm", "Standard"])
def test_an_unknown_variant_is_refused(variant):
    with pytest.raises(ValueError, match=f"^variant: got '{variant}', wanted one of standard, no_input_gate, .*1997$"):
        LSTMCell(2, 3, variant=variant)


def test_the_1997_cell_has_no_peepholes():
    with pytest.raises(ValueError, match=r"^peephole: got True, wanted False"):
        LSTMCell(2, 3, variant="1997", peephole=True)
