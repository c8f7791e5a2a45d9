"""Every backward pass is held to finite differences; and the check itself tells right from wrong."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lstm_tutorial.scratch.cell import VARIANTS, LSTMCell
from lstm_tutorial.scratch.gradients import check, numerical_gradient, relative_error
from lstm_tutorial.scratch.lstm import LSTM
from lstm_tutorial.scratch.network import Bidirectional, Dense, Stack
from lstm_tutorial.scratch.rnn import GRUCell, Recurrent, RNNCell


def cell_of(variant, peephole):
    return lambda d, h: Recurrent(LSTMCell(d, h, variant=variant, peephole=peephole))


class Flat(Stack):
    """A stack whose states are one flat tuple, as `check` wants them."""

    def forward(self, x, state=None, mask=None):
        y, states = super().forward(x, None if state is None else list(zip(state[::2], state[1::2], strict=True)), mask)
        return y, tuple(part for one in states for part in one)

    def backward(self, dy, dstate=None):
        dx, states = super().backward(dy, list(zip(dstate[::2], dstate[1::2], strict=True)))
        return dx, tuple(part for one in states for part in one)


LAYERS = {
    **{
        f"{variant}{', peepholes' * peephole}": cell_of(variant, peephole)
        for variant in VARIANTS
        for peephole in (False, True)
        if not (variant == "1997" and peephole)
    },
    "RNN": lambda d, h: Recurrent(RNNCell(d, h)),
    "GRU": lambda d, h: Recurrent(GRUCell(d, h)),
    "fast": lambda d, h: LSTM(d, h, dtype=np.float64),
    "bidirectional": lambda d, h: Bidirectional(LSTM(d, h, dtype=np.float64), Recurrent(LSTMCell(d, h))),
    "bidirectional RNN": lambda d, h: Bidirectional(Recurrent(RNNCell(d, h)), Recurrent(GRUCell(d, h))),
    "stack": lambda d, h: Flat(
        [LSTM(d, h, dtype=np.float64), Recurrent(LSTMCell(h, 2)), Dense(2, 2, dtype=np.float64)]
    ),
}


def random_mask(kind, batch, time, rng):
    """True where a step counts; the last row of a batch of several is False throughout."""
    if kind == "none":
        return None
    edge, steps = rng.integers(0, time + 1, (batch, 1)), np.arange(time)
    mask = {"left": steps >= edge, "right": steps < edge, "anywhere": rng.random((batch, time)) < 0.6}[kind]
    mask = np.broadcast_to(mask, (batch, time)).copy()
    mask[-1] &= batch == 1
    return mask


@pytest.mark.parametrize("name", LAYERS)
@settings(max_examples=8)
@given(
    sizes=st.tuples(*[st.integers(1, 3)] * 3, st.integers(1, 4)),
    mask=st.sampled_from(["none", "left", "right", "anywhere"]),
    given_state=st.booleans(),
    seed=st.integers(0, 2**32 - 1),
)
def test_backward_is_that_of_finite_differences(name, sizes, mask, given_state, seed):
    (input_size, hidden_size, batch, time), rng = sizes, np.random.default_rng(seed)
    layer = LAYERS[name](input_size, hidden_size)
    for value in layer.params.values():
        value[...] = rng.normal(0, 0.7, value.shape)
    x, mask = rng.normal(size=(batch, time, input_size)), random_mask(mask, batch, time, rng)
    zeros = layer.forward(x)[1]
    state = tuple(rng.normal(size=part.shape) for part in zeros) if given_state else None
    found = check(layer, x, state, mask, seed=seed)
    assert set(found) == {*layer.params, "x", *(f"state {number}" for number in range(len(zeros)))}
    assert max(found.values()) <= 1e-7, found


@pytest.mark.parametrize("name", LAYERS)
def test_no_gradient_is_zero_where_it_should_not_be(name):
    # Where both sides are zero they agree: here each weight, input and state does count.
    layer, rng = LAYERS[name](3, 4), np.random.default_rng(0)
    for value in layer.params.values():
        value[...] = rng.normal(0, 0.5, value.shape)
    h, last = layer.forward(rng.normal(size=(2, 5, 3)))
    dx, dstate = layer.backward(rng.normal(size=h.shape), tuple(rng.normal(size=part.shape) for part in last))
    assert dx.all() and all(part.all() for part in dstate)
    variant = name.split(",")[0]
    columns = {"no_input_gate": 0, "no_forget_gate": 1, "coupled": 1, "no_output_gate": 3, "1997": 1}.get(variant)
    for key, gradient in layer.grads.items():
        gates = np.ones(gradient.shape, bool)
        if columns is not None and key == "peepholes":
            gates[{0: 0, 1: 1, 3: 2}[columns]] = False
        elif columns is not None:
            gates.reshape(*gradient.shape[:-1], 4, 4)[..., columns, :] = False
        np.testing.assert_array_equal(gradient != 0, gates, err_msg=key)


@pytest.mark.parametrize("name", LAYERS)
def test_backward_adds_to_the_gradients(name):
    layer, x = LAYERS[name](2, 3), np.random.default_rng(0).normal(size=(2, 4, 2))
    h, last = layer.forward(x)
    dh, dstate = np.ones_like(h), tuple(np.ones_like(part) for part in last)
    layer.backward(dh, dstate)
    once = {key: value.copy() for key, value in layer.grads.items()}
    layer.backward(dh, dstate)
    for key, value in once.items():
        np.testing.assert_allclose(layer.grads[key], 2 * value, rtol=1e-12)


def test_a_numerical_gradient_is_that_of_calculus():
    x = np.array([[0.3, -1.2], [2.0, 0.7]])
    kept = x.copy()
    np.testing.assert_allclose(numerical_gradient(lambda: float(np.sum(np.sin(x))), x), np.cos(x), atol=1e-9)
    np.testing.assert_array_equal(x, kept)


def test_a_numerical_gradient_wants_float64():
    x = np.ones(3, np.float32)
    with pytest.raises(ValueError, match=r"^array: got dtype float32, wanted float64"):
        numerical_gradient(lambda: float(x.sum()), x)


def test_relative_error_is_by_the_largest_of_both():
    assert relative_error(np.array([1.0, -4.0]), np.array([1.0, -3.0])) == 0.25
    assert relative_error(np.array([3.0]), np.array([-4.0])) == 7 / 4
    assert relative_error(np.zeros(3), np.zeros(3)) == 0
    with pytest.raises(ValueError, match=r"^b: got shape \(2,\), wanted \(3,\)"):
        relative_error(np.zeros(3), np.zeros(2))


@pytest.mark.parametrize("part", ["kernel", "recurrent_kernel", "bias", "x", "state 0", "state 1"])
def test_check_points_at_what_is_wrong(part):
    class Wrong(LSTM):
        def backward(self, dh, dstate=None):
            dx, (dh_first, dc_first) = super().backward(dh, dstate)
            if part in self.grads:
                self.grads[part].flat[1] *= 1.001
            return dx * (1.001 if part == "x" else 1), (
                dh_first * (1.001 if part == "state 0" else 1),
                dc_first * (1.001 if part == "state 1" else 1),
            )

    rng = np.random.default_rng(0)
    state = rng.normal(size=(2, 3)), rng.normal(size=(2, 3))
    found = check(Wrong(2, 3, dtype=np.float64, rng=rng), rng.normal(size=(2, 4, 2)), state)
    assert {name for name, error in found.items() if error > 1e-7} == {part}


def test_check_leaves_its_arguments_and_the_weights_alone():
    rng = np.random.default_rng(0)
    layer, x, state = Recurrent(RNNCell(2, 3)), rng.normal(size=(2, 4, 2)), (rng.normal(size=(2, 3)),)
    weights = {name: value.copy() for name, value in layer.params.items()}
    kept = x.copy(), state[0].copy()
    check(layer, x, state)
    np.testing.assert_array_equal(x, kept[0])
    np.testing.assert_array_equal(state[0], kept[1])
    assert all(np.array_equal(layer.params[name], value) for name, value in weights.items())


def test_check_refuses_float32():
    with pytest.raises(ValueError, match=r"^layer: got kernel of dtype float32, wanted float64$"):
        check(LSTM(2, 3), np.ones((1, 2, 2), np.float32))
