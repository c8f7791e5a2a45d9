"""In float32 the same outputs and gradients as Keras, torch, ONNX Runtime and TensorFlow's peephole op.

Weights are each library's own first ones: with far larger weights an LSTM is chaotic, and over 1000 steps no two
programs agree. Inputs, first states and the loss' gradients are of order 1.
"""

import functools
import itertools

import numpy as np
import pytest

from lstm_tutorial.scratch.cell import LSTMCell
from lstm_tutorial.scratch.lstm import LSTM
from lstm_tutorial.scratch.network import Bidirectional, Stack
from lstm_tutorial.scratch.rnn import GRUCell, Recurrent, RNNCell

INPUT, HIDDEN = 5, 8
OUTPUTS, GRADIENTS = 1e-6, 5e-6  # absolute; relative to the largest in the array
SHAPES = [(batch, time) for time in (1, 10, 100, 1000) for batch in (1, 32)]
EACH_SHAPE = pytest.mark.parametrize(("batch", "time"), SHAPES)
RNG = np.random.default_rng


def normal(rng, *shape):
    return rng.normal(size=shape).astype(np.float32)


def close(found, expected):
    assert len(found) == len(expected)
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_allclose(one, other, rtol=0, atol=OUTPUTS, strict=True)


def close_gradients(found, expected):
    """`found` and `expected` are gradients by name; each within its share of the largest entry."""
    assert found.keys() == expected.keys()
    for name, value in expected.items():
        assert found[name].shape == value.shape
        assert np.abs(value).max() > 1e-6, f"nothing to compare: {name}"
        error = np.abs(found[name] - value).max() / np.abs(value).max()
        assert error <= GRADIENTS, f"{name}: {error:.1e}"


def ours(layers, case):
    """Outputs, last states and gradients, as the other sides give them, of recurrent layers one after another."""
    x, mask, dh, states, dstates = case
    stack = Stack(layers)
    for gradient in stack.grads.values():
        gradient[...] = 0
    h, last = stack.forward(x, states, mask)
    dx, first = stack.backward(dh, dstates)
    gradients = {"x": dx} | {f"state {n}": part for n, part in enumerate(sum(map(tuple, first), ()))}
    return [h, *sum(map(tuple, last), ())], gradients | {name: value.copy() for name, value in stack.grads.items()}


def make_case(batch, time, mask, sizes, width, seed=0):
    """Random input, mask, gradients and first states; `sizes` has a tuple of state sizes for each layer."""
    rng = RNG(seed)
    x, dh = normal(rng, batch, time, INPUT), normal(rng, batch, time, width)
    states, dstates = ([tuple(normal(rng, batch, size) for size in one) for one in sizes] for _ in range(2))
    return x, make_mask(mask, batch, time), dh, states, dstates


def make_mask(kind, batch, time):
    if kind == "none":
        return None
    steps, third = np.arange(time), max(time // 3, 1)
    rows = {
        "left": steps >= third,
        "right": steps < time - third,
        "middle": (steps < third) | (steps >= 2 * third),
        "row": steps < 0,
        "full": steps >= 0,
    }
    if kind == "mixed":
        return np.array([list(rows.values())[number % len(rows)] for number in range(batch)])
    mask = np.ones((batch, time), bool)
    mask[: (batch + 1) // 2] = rows[kind]
    return mask


# Keras


def keras_layers(kind):
    """Keras' layers, a function that turns their weights into ours, and the sizes of their states."""
    import keras

    keras.utils.set_random_seed(0)
    ends = {"return_sequences": True, "return_state": True}
    one = functools.partial(keras.layers.LSTM, HIDDEN, **ends)
    theirs = {
        "plain": lambda: [one()],
        "backwards": lambda: [one(go_backwards=True)],
        "stacked": lambda: [one(), one()],
        "bidirectional": lambda: [keras.layers.Bidirectional(one())],
        "RNN": lambda: [keras.layers.SimpleRNN(HIDDEN, **ends)],
        "GRU": lambda: [keras.layers.GRU(HIDDEN, **ends)],
    }[kind]()
    for layer, size in zip(theirs, (INPUT, HIDDEN), strict=False):
        layer.build((None, None, size))
    return theirs


def from_keras(layer):
    if hasattr(layer, "forward_layer"):
        return Bidirectional(LSTM.from_keras(layer.forward_layer), LSTM.from_keras(layer.backward_layer))
    if type(layer).__name__ == "LSTM":
        return LSTM.from_keras(layer)
    kind = {"SimpleRNN": RNNCell, "GRU": GRUCell}[type(layer).__name__]
    cell = kind(len(layer.get_weights()[0]), HIDDEN, dtype=np.float32)
    for value, weights in zip(cell.params.values(), layer.get_weights(), strict=True):
        value[...] = weights
    return Recurrent(cell)


@functools.cache
def keras_side(kind, masked):
    """Our layers, Keras' function (x, mask, dh, states, dstates) -> outputs and gradients; traced once."""
    import tensorflow as tf

    theirs = keras_layers(kind)
    layers = [from_keras(layer) for layer in theirs]
    # Of any batch and time, so that it is traced once.
    free = [tf.TensorSpec([None, HIDDEN])] * states_of(kind)
    steps = [tf.TensorSpec([None, None, size]) for size in (INPUT, layers[-1].hidden_size)]
    states = [free] * len(layers)

    @tf.function(input_signature=[steps[0], tf.TensorSpec([None, None], tf.bool), steps[1], states, states])
    def traced(x, mask, dh, states, dstates):
        with tf.GradientTape() as tape:
            tape.watch([x, states])
            h, last = x, []
            for layer, state in zip(theirs, states, strict=True):
                h, *after = layer(h, initial_state=list(state), mask=mask if masked else None)
                last += after
            parts = zip(last, tf.nest.flatten(dstates), strict=True)
            loss = tf.reduce_sum(h * dh) + tf.add_n([tf.reduce_sum(part * by) for part, by in parts])
        weights = [weight.value for layer in theirs for weight in layer.trainable_weights]
        return [h, *last], tape.gradient(loss, [x, *tf.nest.flatten(states), *weights])

    def run(x, mask, dh, states, dstates):
        mask = np.ones(x.shape[:2], bool) if mask is None else mask
        return traced(x, mask, dh, list(map(list, states)), list(map(list, dstates)))

    return layers, run


def states_of(kind):
    return {"RNN": 1, "GRU": 1, "bidirectional": 4}.get(kind, 2)


def compare_with_keras(kind, batch, time, mask):
    layers, run = keras_side(kind, mask != "none")
    sizes = [[HIDDEN] * states_of(kind)] * len(layers)
    x, mask, dh, states, dstates = case = make_case(batch, time, mask, sizes, layers[-1].hidden_size)
    if kind == "backwards":
        case = x[:, ::-1], mask if mask is None else mask[:, ::-1], dh, states, dstates
    outputs, gradients = ours(layers, case)
    if kind == "backwards":
        gradients["x"] = gradients["x"][:, ::-1]
    theirs, their_gradients = run(x, mask, dh, states, dstates)
    close(outputs, [value.numpy() for value in theirs])
    names = ["x", *(name for name in gradients if name.startswith("state"))]
    names += [name for name in gradients if name not in names]
    close_gradients(gradients, dict(zip(names, (value.numpy() for value in their_gradients), strict=True)))


@pytest.mark.parametrize("kind", ["plain", "backwards", "stacked", "bidirectional"])
@EACH_SHAPE
def test_the_lstm_is_that_of_keras(kind, batch, time):
    compare_with_keras(kind, batch, time, "none")


@pytest.mark.parametrize("kind", ["plain", "backwards", "stacked", "bidirectional"])
@pytest.mark.parametrize("time", [1, 10, 100, 1000])
def test_the_lstm_masks_as_keras_does(kind, time):
    compare_with_keras(kind, 32, time, "mixed")


@pytest.mark.parametrize("kind", ["plain", "backwards", "stacked", "bidirectional"])
@pytest.mark.parametrize("mask", ["left", "right", "middle"])
def test_a_single_masked_sequence_is_that_of_keras(kind, mask):
    compare_with_keras(kind, 1, 10, mask)


@pytest.mark.parametrize("kind", ["RNN", "GRU"])
@pytest.mark.parametrize("mask", ["none", "mixed"])
@pytest.mark.parametrize("time", [1, 10, 100])
def test_rnn_and_gru_are_those_of_keras(kind, time, mask):
    compare_with_keras(kind, 32, time, mask)


def test_a_sequence_masked_throughout_leaves_the_state_and_gives_zeros_as_in_keras():
    layers, run = keras_side("plain", True)
    x, mask, dh, states, dstates = case = make_case(1, 10, "row", [[HIDDEN] * 2], HIDDEN)
    outputs, gradients = ours(layers, case)
    theirs, their_gradients = run(x, mask, dh, states, dstates)
    for found in (outputs, [value.numpy() for value in theirs]):
        assert not found[0].any()
        np.testing.assert_array_equal(found[1], states[0][0])
        np.testing.assert_array_equal(found[2], states[0][1])
    for found, by in zip(their_gradients[1:3], dstates[0], strict=True):
        np.testing.assert_array_equal(found.numpy(), by)
    for name, by in zip(("state 0", "state 1"), dstates[0], strict=True):
        np.testing.assert_array_equal(gradients[name], by)
    assert not gradients["x"].any() and not gradients["0.kernel"].any()


# torch


TORCH = {"plain": {}, "stacked": {"num_layers": 2}, "bidirectional": {"bidirectional": True}}
TORCH["stacked bidirectional"] = {"num_layers": 2, "bidirectional": True}


def from_torch(module):
    """Our layers with the module's weights."""
    if not module.bidirectional:
        return [LSTM.from_torch(module, layer) for layer in range(module.num_layers)]
    pairs = [(LSTM.from_torch(module, n), LSTM.from_torch(module, n, reverse=True)) for n in range(module.num_layers)]
    return [Bidirectional(*pair) for pair in pairs]


def run_torch(torch, module, case, lengths):
    """Outputs, last states and gradients of a torch.nn.LSTM, in its own precision, under our names and in our form."""
    kind = module.weight_ih_l0.dtype
    x, _, dh, states, dstates = case
    x, dh = torch.tensor(x, dtype=kind, requires_grad=True), torch.tensor(dh, dtype=kind)
    first = [torch.tensor(part, dtype=kind, requires_grad=True) for one in states for part in one]
    wanted = [torch.tensor(part, dtype=kind) for one in dstates for part in one]
    tools, packed = torch.nn.utils.rnn, x
    if lengths is not None:
        packed = tools.pack_padded_sequence(x, torch.tensor(lengths), batch_first=True, enforce_sorted=False)
    h, last = module(packed, (torch.stack(first[::2]), torch.stack(first[1::2])))
    if lengths is not None:
        h, _ = tools.pad_packed_sequence(h, batch_first=True, total_length=x.shape[1])
    last = [part for pair in zip(*last, strict=True) for part in pair]
    module.zero_grad()
    ((h * dh).sum() + sum((part * by).sum() for part, by in zip(last, wanted, strict=True))).backward()
    found = {"x": x.grad.numpy()} | {f"state {n}": part.grad.numpy() for n, part in enumerate(first)}
    ends = {"forward.": "", "backward.": "_reverse"} if module.bidirectional else {"": ""}
    for layer, (side, end) in itertools.product(range(module.num_layers), ends.items()):
        for name, theirs in {"kernel": "weight_ih", "recurrent_kernel": "weight_hh", "bias": "bias_ih"}.items():
            found[f"{layer}.{side}{name}"] = getattr(module, f"{theirs}_l{layer}{end}").grad.numpy().T
    return [value.detach().numpy() for value in (h, *last)], found


def compare_with_torch(torch, kind, batch, time, lengths=None):
    torch.manual_seed(0)
    module = torch.nn.LSTM(INPUT, HIDDEN, batch_first=True, **TORCH[kind])
    directions = 2 if module.bidirectional else 1
    x, mask, dh, states, dstates = make_case(
        batch, time, "none", [[HIDDEN] * 2 * directions] * module.num_layers, directions * HIDDEN
    )
    if lengths is not None:
        mask = np.arange(time) < lengths[:, None]
        dh = dh * mask[:, :, None]
    case = x, mask, dh, states, dstates
    outputs, gradients = ours(from_torch(module), case)
    if lengths is not None:
        outputs[0] = outputs[0] * mask[:, :, None]
    theirs, their_gradients = run_torch(torch, module, case, lengths)
    close(outputs, theirs)
    if batch * time > 10_000:
        # Here torch's own sums for the bias are up to 7e-6 away from those it finds in float64; so take these.
        _, exact = run_torch(torch, module.double(), case, lengths)
        their_gradients |= {name: value for name, value in exact.items() if name.endswith("bias")}
    close_gradients(gradients, their_gradients)


@pytest.mark.parametrize("kind", TORCH)
@EACH_SHAPE
def test_the_lstm_is_that_of_torch(torch, kind, batch, time):
    compare_with_torch(torch, kind, batch, time)


@pytest.mark.parametrize("kind", ["plain", "stacked", "bidirectional"])
@pytest.mark.parametrize("time", [10, 100, 1000])
def test_padding_at_the_end_is_a_packed_sequence_of_torch(torch, kind, time):
    compare_with_torch(torch, kind, 32, time, RNG(1).integers(1, time + 1, 32))


# ONNX Runtime


def to_onnx(layers, peepholes=None):
    """W, R, B (and P) of an LSTM node, with gates in the order i, o, f, c; `layers` has one for each direction."""
    order = np.arange(4 * HIDDEN).reshape(4, HIDDEN)[[0, 3, 1, 2]].ravel()
    parts = [[layer.params[name].T[order] for layer in layers] for name in ("kernel", "recurrent_kernel", "bias")]
    kernel, recurrent_kernel, bias = (np.stack(part) for part in parts)
    weights = {"W": kernel, "R": recurrent_kernel, "B": np.concatenate([bias, np.zeros_like(bias)], axis=1)}
    return weights if peepholes is None else weights | {"P": peepholes[[0, 2, 1]].reshape(1, -1)}


@pytest.mark.parametrize("padded", [False, True], ids=["whole", "padded"])
@pytest.mark.parametrize("direction", ["forward", "reverse", "bidirectional"])
@EACH_SHAPE
def test_the_lstm_is_that_of_onnx_runtime(onnx_lstm, direction, batch, time, padded):
    rng = RNG(0)
    layers = [LSTM(INPUT, HIDDEN, rng=rng) for _ in range(2 if direction == "bidirectional" else 1)]
    x, _, _, states, _ = make_case(batch, time, "none", [[HIDDEN] * 2 * len(layers)], HIDDEN)
    lengths = rng.integers(1, time + 1, batch) if padded else np.full(batch, time)
    mask = np.arange(time) < lengths[:, None]
    if direction == "bidirectional":
        h, last = Bidirectional(*layers).forward(x, states[0], mask)
    elif direction == "forward":
        h, last = layers[0].forward(x, states[0], mask)
    else:
        h, last = layers[0].forward(x[:, ::-1], states[0], mask[:, ::-1])
        h = h[:, ::-1]
    model = onnx_lstm(to_onnx(layers), direction=direction)
    y, h_last, c_last = model.run(x, lengths.astype(np.int32), np.stack(states[0][::2]), np.stack(states[0][1::2]))
    close([h * mask[:, :, None], *last], [y, *(part for pair in zip(h_last, c_last, strict=True) for part in pair)])


def with_peepholes(variant="standard", rng=None):
    cell = LSTMCell(INPUT, HIDDEN, peephole=True, variant=variant, dtype=np.float32, rng=rng or RNG(0))
    cell.params["peepholes"][...] = RNG(1).normal(0, 0.5, (3, HIDDEN))
    return cell


@pytest.mark.parametrize("variant", ["standard", "coupled"])
@EACH_SHAPE
def test_peepholes_and_coupled_gates_are_those_of_onnx_runtime(onnx_lstm, variant, batch, time):
    cell = with_peepholes(variant)
    x, _, _, (state,), _ = make_case(batch, time, "none", [[HIDDEN] * 2], HIDDEN)
    h, last = Recurrent(cell).forward(x, state)
    model = onnx_lstm(to_onnx([cell], cell.params["peepholes"]), input_forget=int(variant == "coupled"))
    y, h_last, c_last = model.run(x, np.full(batch, time, np.int32), state[0][None], state[1][None])
    close([h, *last], [y, h_last[0], c_last[0]])


# TensorFlow's op with peepholes, in the order i, c, f, o and with time first. (The gradients by the peepholes of its
# successor, BlockLSTMV2, are wrong.)


@EACH_SHAPE
def test_peepholes_are_those_of_tensorflow(batch, time):
    import tensorflow as tf

    cell = with_peepholes()
    case = make_case(batch, time, "none", [[HIDDEN] * 2], HIDDEN)
    x, _, dh, ((h_first, c_first),), ((dh_last, dc_last),) = case
    outputs, gradients = ours([Recurrent(cell)], case)

    order = np.arange(4 * HIDDEN).reshape(4, HIDDEN)[[0, 2, 1, 3]].ravel()
    weights = np.vstack([cell.params["kernel"], cell.params["recurrent_kernel"]])[:, order]
    values = [x.transpose(1, 0, 2), h_first, c_first, weights, cell.params["bias"][order], *cell.params["peepholes"]]
    values = [tf.constant(value) for value in values]
    with tf.GradientTape() as tape:
        tape.watch(values)
        x_in, h_in, c_in, w, b, peephole_i, peephole_f, peephole_o = values
        found = tf.raw_ops.BlockLSTM(
            seq_len_max=tf.constant(time, tf.int64),
            x=x_in,
            cs_prev=c_in,
            h_prev=h_in,
            w=w,
            wci=peephole_i,
            wcf=peephole_f,
            wco=peephole_o,
            b=b,
            forget_bias=0.0,
            cell_clip=-1.0,
            use_peephole=True,
        )
        loss = tf.reduce_sum(found.h * dh.transpose(1, 0, 2))
        loss += tf.reduce_sum(found.h[-1] * dh_last) + tf.reduce_sum(found.cs[-1] * dc_last)
    dx, dh_first, dc_first, dw, db, *dpeepholes = (value.numpy() for value in tape.gradient(loss, values))
    close(outputs, [found.h.numpy().transpose(1, 0, 2), found.h[-1].numpy(), found.cs[-1].numpy()])
    expected = {"x": dx.transpose(1, 0, 2), "state 0": dh_first, "state 1": dc_first}
    expected |= {"0.kernel": dw[:INPUT][:, order], "0.recurrent_kernel": dw[INPUT:][:, order]}
    close_gradients(gradients, expected | {"0.bias": db[order], "0.peepholes": np.stack(dpeepholes)})
