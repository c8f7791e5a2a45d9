"""The fast layer is the textbook cell, keeps its promises about states and copies, and its memory within bounds."""

import copy
import pickle
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lstm_tutorial.scratch.cell import LSTMCell
from lstm_tutorial.scratch.gradients import relative_error
from lstm_tutorial.scratch.lstm import LSTM
from lstm_tutorial.scratch.network import Bidirectional, Dense, Stack
from lstm_tutorial.scratch.rnn import Recurrent

RNG = np.random.default_rng
INPUT, HIDDEN = 3, 5


def normal(rng, *shape, dtype=np.float64):
    return rng.normal(size=shape).astype(dtype)


def make_layer(dtype=np.float64, seed=0):
    layer, rng = LSTM(INPUT, HIDDEN, dtype=dtype), RNG(seed)
    for value in layer.params.values():
        value[...] = rng.normal(0, 0.6, value.shape)
    return layer


def make_state(rng, batch, dtype=np.float64):
    return normal(rng, batch, HIDDEN, dtype=dtype), normal(rng, batch, HIDDEN, dtype=dtype)


def gradients(layer):
    return {name: value.copy() for name, value in layer.grads.items()}


@settings(max_examples=40)
@given(
    shape=st.tuples(st.integers(1, 5), st.integers(1, 9)),
    sizes=st.tuples(st.integers(1, 5), st.integers(1, 7)),
    masked=st.booleans(),
    given_state=st.booleans(),
    seed=st.integers(0, 2**32 - 1),
)
def test_the_fast_layer_is_the_textbook_cell(shape, sizes, masked, given_state, seed):
    (batch, time), (input_size, hidden), rng = shape, sizes, RNG(seed)
    fast, slow = LSTM(input_size, hidden, dtype=np.float64, rng=rng), Recurrent(LSTMCell(input_size, hidden))
    for name, value in fast.params.items():
        value += rng.normal(0, 0.5, value.shape)
        slow.params[name][...] = value
    x, dh = normal(rng, batch, time, input_size), normal(rng, batch, time, hidden)
    mask = rng.random((batch, time)) < 0.6 if masked else None
    state, dstate = (
        (normal(rng, batch, hidden), normal(rng, batch, hidden)) if given_state else None for _ in range(2)
    )
    for _ in range(2):  # the second time into used arrays
        results = []
        for layer in (fast, slow):
            h, last = layer.forward(x, state, mask)
            dx, first = layer.backward(dh, dstate)
            results.append([h, *last, dx, *first, *gradients(layer).values()])
        for one, other in zip(*results, strict=True):
            assert relative_error(one, other) < 1e-12


def test_steps_one_by_one_are_the_whole():
    layer, rng = make_layer(), RNG(1)
    x = normal(rng, 4, 12, INPUT)
    for first in (None, make_state(rng, 4)):
        h, last = layer.forward(x, first)
        state = first
        for t in range(12):
            h_t, state = layer.step(x[:, t], state)
            np.testing.assert_allclose(h_t, h[:, t], atol=1e-12)
        np.testing.assert_allclose(state, last, atol=1e-12)


def test_a_stream_goes_on_from_a_forward_and_a_forward_from_a_stream():
    layer, rng = make_layer(), RNG(1)
    x = normal(rng, 2, 9, INPUT)
    h, last = layer.forward(x)
    _, state = layer.forward(x[:, :3])
    kept, state_t = copy.deepcopy(state), state
    for t in range(3, 6):
        h_t, state_t = layer.step(x[:, t], state_t)
        np.testing.assert_allclose(h_t, h[:, t], atol=1e-12)
    np.testing.assert_array_equal(state, kept)  # a stream begins with a copy
    rest, end = layer.forward(x[:, 6:], state_t)
    np.testing.assert_allclose(rest, h[:, 6:], atol=1e-12)
    np.testing.assert_allclose(end, last, atol=1e-12)


def test_streams_do_not_disturb_each_other():
    layer, rng = make_layer(), RNG(1)
    xs = [normal(rng, batch, 8, INPUT) for batch in (1, 1, 3)]
    wholes = [layer.forward(x)[0].copy() for x in xs]
    states = [None] * 3
    for t in range(8):
        for n, x in enumerate(xs):
            _, states[n] = layer.step(x[:, t], states[n])
        layer.forward(xs[2])
        for whole, state in zip(wholes, states, strict=True):
            np.testing.assert_allclose(state[0], whole[:, t], atol=1e-12)


def test_a_stream_follows_the_weights():
    layer, rng = make_layer(), RNG(1)
    x = normal(rng, 1, 2, INPUT)
    _, state = layer.step(x[:, 0])
    before = state[0].copy(), state[1].copy()
    layer.params["kernel"][...] *= 2
    h, _ = layer.step(x[:, 1], state)
    np.testing.assert_allclose(h, layer.forward(x[:, 1:], before)[0][:, 0], atol=1e-12)


def test_a_kept_copy_of_a_stream_goes_on_by_itself():
    layer, rng = make_layer(), RNG(1)
    x = normal(rng, 1, 3, INPUT)
    _, state = layer.step(x[:, 0])
    for copied in (copy.deepcopy(state), pickle.loads(pickle.dumps(state))):
        expected = copied[0].copy(), copied[1].copy()
        layer.step(x[:, 1], state)
        np.testing.assert_array_equal(copied, expected)
        h, _ = layer.step(x[:, 2], copied)
        np.testing.assert_allclose(h, layer.forward(x[:, 2:], expected)[0][:, 0], atol=1e-12)
        _, state = layer.step(x[:, 0])


@pytest.mark.parametrize("next_call", ["forward", "forward of another shape", "backward", "step", "inference"])
def test_what_forward_returned_is_not_changed_by_the_next_call(next_call):
    layer, rng = make_layer(), RNG(1)
    x = normal(rng, 2, 6, INPUT)
    mask = np.arange(6) < np.array([[4], [6]])
    for given_mask in (None, mask):
        h, last = layer.forward(x, None, given_mask)
        dx, first = layer.backward(normal(rng, 2, 6, HIDDEN), make_state(rng, 2))
        returned = h, *last, dx, *first
        kept = [value.copy() for value in returned]
        other = normal(rng, 2, 6, INPUT)
        {
            "forward": lambda other=other, last=last: layer.forward(other, last),
            "forward of another shape": lambda other=other: layer.forward(other[:1, :3]),
            "backward": lambda: layer.backward(normal(rng, 2, 6, HIDDEN)),
            "step": lambda other=other, last=last: layer.step(other[:, 0], last),
            "inference": lambda other=other, last=last: layer.inference(other, last),
        }[next_call]()
        for now, before in zip(returned, kept, strict=True):
            np.testing.assert_array_equal(now, before)


def test_outputs_can_not_be_written_since_backward_reads_them():
    layer, x = make_layer(), normal(RNG(1), 2, 6, INPUT)
    for h in (layer.forward(x)[0], layer.inference(x)[0]):
        with pytest.raises(ValueError, match="read-only"):
            h += 1


def test_a_first_layer_need_not_pass_its_gradient_on():
    layer, rng = make_layer(), RNG(1)
    x, dh = normal(rng, 2, 6, INPUT), normal(rng, 2, 6, HIDDEN)
    layer.forward(x)
    _, first = layer.backward(dh)
    once = gradients(layer)
    layer.forward(x)
    dx, first_again = layer.backward(dh, need_dx=False)
    assert dx is None
    np.testing.assert_allclose(first_again, first, rtol=1e-12)
    for name, value in gradients(layer).items():
        np.testing.assert_allclose(value, 2 * once[name], rtol=1e-12)


def test_forward_and_backward_leave_their_arguments_alone():
    layer, rng = make_layer(), RNG(1)
    given = [normal(rng, 2, 6, INPUT), *make_state(rng, 2), normal(rng, 2, 6, HIDDEN), *make_state(rng, 2)]
    mask = rng.random((2, 6)) < 0.5
    kept, kept_mask = [value.copy() for value in given], mask.copy()
    x, h_first, c_first, dh, dh_last, dc_last = given
    layer.forward(x, (h_first, c_first), mask)
    layer.backward(dh, (dh_last, dc_last))
    layer.inference(x, (h_first, c_first), mask)
    layer.step(x[:, 0], (h_first, c_first))
    np.testing.assert_array_equal(mask, kept_mask)
    for now, before in zip(given, kept, strict=True):
        np.testing.assert_array_equal(now, before)


def test_changed_arguments_do_not_reach_backward():
    rng = RNG(1)
    x, state, mask = normal(rng, 2, 6, INPUT), make_state(rng, 2), rng.random((2, 6)) < 0.5
    dh, results = normal(rng, 2, 6, HIDDEN), []
    for spoil in (False, True):
        layer = make_layer()
        given = x.copy(), (state[0].copy(), state[1].copy()), mask.copy()
        layer.forward(*given)
        if spoil:
            given[0][...], given[1][0][...], given[1][1][...], given[2][...] = 0, 0, 0, True
        dx, first = layer.backward(dh)
        results.append([dx, *first, *gradients(layer).values()])
    for one, other in zip(*results, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("time", [1, 2, 7])
def test_inference_is_forward_and_leaves_a_pending_backward_alone(time, masked):
    layer, rng = make_layer(), RNG(1)
    x, dh, state = normal(rng, 2, time, INPUT), normal(rng, 2, time, HIDDEN), make_state(rng, 2)
    mask = rng.random((2, time)) < 0.5 if masked else None
    h, last = layer.forward(x, state, mask)
    expected, _ = layer.backward(dh)
    layer.forward(x, state, mask)
    seen, end = layer.inference(x, state, mask)
    np.testing.assert_array_equal(seen, h)
    np.testing.assert_array_equal(end, last)
    layer.inference(normal(rng, 3, time + 4, INPUT))
    layer.step(x[:, 0])
    found, _ = layer.backward(dh)
    np.testing.assert_array_equal(found, expected)


def test_a_masked_call_leaves_no_mask_behind():
    layer, rng = make_layer(), RNG(1)
    x, dh = normal(rng, 2, 6, INPUT), normal(rng, 2, 6, HIDDEN)
    h, _ = layer.forward(x)
    dx, _ = layer.backward(dh)
    layer.forward(x, None, np.zeros((2, 6), bool))
    again, _ = layer.forward(x)
    dx_again, _ = layer.backward(dh)
    np.testing.assert_array_equal(again, h)
    np.testing.assert_array_equal(dx_again, dx)


def test_a_state_or_mask_of_one_call_does_not_reach_the_next():
    layer, rng = make_layer(), RNG(1)
    x = normal(rng, 2, 6, INPUT)
    h, last = layer.forward(x)
    layer.forward(x, make_state(rng, 2))
    again, end = layer.forward(x)
    np.testing.assert_array_equal(again, h)
    np.testing.assert_array_equal(end, last)


COPIES = {"deepcopy": copy.deepcopy, "pickle": lambda layer: pickle.loads(pickle.dumps(layer))}
LAYERS = {
    "LSTM": make_layer,
    "textbook": lambda: Recurrent(LSTMCell(INPUT, HIDDEN, peephole=True)),
    "bidirectional": lambda: Bidirectional(make_layer(), make_layer(seed=1)),
    "stack": lambda: Stack([make_layer(), Dense(HIDDEN, 2, dtype=np.float64)]),
}


@pytest.mark.parametrize("way", COPIES)
@pytest.mark.parametrize("kind", LAYERS)
def test_a_copied_layer_works_and_is_its_own(kind, way):
    layer, rng = LAYERS[kind](), RNG(1)
    x = normal(rng, 2, 6, INPUT)
    h, _ = layer.forward(x)
    copied = COPIES[way](layer)
    np.testing.assert_array_equal(copied.forward(x)[0], h)
    copied.backward(np.ones_like(h))
    assert all(value.any() for name, value in copied.grads.items() if name != "peepholes")
    assert not any(value.any() for value in layer.grads.values())
    for value in copied.params.values():
        value *= 0.5
    assert relative_error(copied.forward(x)[0], h) > 0.01, "params of the copy are not what it computes with"
    np.testing.assert_array_equal(layer.forward(x)[0], h)


def test_params_are_changed_in_place_and_only_so():
    layer = make_layer()
    x = normal(RNG(1), 1, 2, INPUT)
    h, _ = layer.forward(x)
    with pytest.raises(TypeError):
        layer.params["kernel"] = np.zeros((INPUT, 4 * HIDDEN))
    layer.params["bias"][...] += 1
    assert relative_error(layer.forward(x)[0], h) > 0.01


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_a_layer_computes_in_its_own_precision(dtype):
    layer, rng = make_layer(dtype), RNG(1)
    x, state = normal(rng, 2, 4, INPUT, dtype=dtype), make_state(rng, 2, dtype)
    mask = np.array([[True, False, True, True]] * 2)
    h, last = layer.forward(x, state, mask)
    dx, first = layer.backward(np.ones_like(h), last)
    seen, end = layer.inference(x, state, mask)
    h_t, state_t = layer.step(x[:, 0], state)
    for value in (h, *last, dx, *first, seen, *end, h_t, *state_t, *layer.params.values(), *layer.grads.values()):
        assert value.dtype == dtype


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_saturated_gates_give_no_warning_and_no_nan(dtype):
    layer = make_layer(dtype)
    layer.params["bias"][...] = np.tile(np.array([1e4, -1e4], dtype), 2 * HIDDEN)
    x = np.ones((2, 4, INPUT), dtype)
    h, last = layer.forward(x)
    dx, _ = layer.backward(np.ones_like(h))
    h_t, _ = layer.step(x[:, 0])
    for value in (h, *last, dx, h_t):
        assert np.isfinite(value).all()


def traced(work):
    """Bytes held after `work` above those before, and at its peak; the second time, when everything is warm."""
    work()
    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        result = work()
        after, peak = tracemalloc.get_traced_memory()
        del result
    finally:
        tracemalloc.stop()
    return after - before, peak - before


@pytest.mark.parametrize("batch", [1, 4])
def test_a_step_of_a_stream_allocates_nothing(batch):
    layer, x = LSTM(8, 64), np.ones((batch, 8), np.float32)
    _, state = layer.step(x)

    def steps():
        for _ in range(100):
            layer.step(x, state)

    held, peak = traced(steps)
    assert held < 200
    if batch == 1:  # with several rows, NumPy's own iterators take a few KB for the time of a call
        assert peak < 600  # a number, a tuple; an array of the gates would be 1 KB
    h, after = layer.step(x, state)
    assert after is state and h is state[0]


@pytest.mark.parametrize(("batch", "time", "features", "hidden"), [(64, 50, 4, 64), (32, 100, 16, 128)])
def test_memory_stays_near_what_backward_needs(batch, time, features, hidden):
    rng = RNG(0)
    x, dh = normal(rng, batch, time, features, dtype=np.float32), normal(rng, batch, time, hidden, dtype=np.float32)

    def train():
        layer = LSTM(features, hidden, rng=RNG(0))
        h, _ = layer.forward(x)
        del h
        layer.backward(dh)
        return layer

    held, peak = traced(train)
    floats = 4 * batch * time
    weights = 4 * 4 * hidden * (hidden + features + 1)
    kept = (7 * hidden + features + 1) * floats  # h, c, i, f, g, o, tanh(c), x, 1
    assert held - 2 * weights < 1.05 * kept
    # On the way back there are also dx, the gradients of one step, and copies of the weights and their gradient.
    assert peak - 6 * weights < 1.1 * kept + features * floats
    assert peak > 0.9 * kept


def test_inference_keeps_no_gates():
    layer, x = LSTM(4, 64, rng=RNG(0)), np.ones((16, 200, 4), np.float32)
    held, peak = traced(lambda: layer.inference(x)[1])
    floats = 4 * 16 * 200
    assert held < 0.1 * 64 * floats
    assert peak < 3 * 64 * floats
