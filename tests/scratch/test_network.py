"""Layers and losses have the gradients that finite differences find, and do what Keras' of the same name do."""

import numpy as np
import pytest

from lstm_tutorial.scratch import network
from lstm_tutorial.scratch.cell import LSTMCell
from lstm_tutorial.scratch.gradients import check, numerical_gradient, relative_error
from lstm_tutorial.scratch.lstm import LSTM
from lstm_tutorial.scratch.rnn import GRUCell, Recurrent, RNNCell

RNG = np.random.default_rng


def errors(layer, x) -> dict[str, float]:
    """How far a layer's gradients by its weights and its input are from finite differences."""
    dy = RNG(1).normal(size=layer.forward(x).shape)
    pairs = {}
    dx = layer.backward(dy)
    if dx is not None:
        pairs["x"] = x, dx
    pairs |= {name: (layer.params[name], layer.grads[name]) for name in layer.params}

    def loss() -> float:
        return float(np.sum(layer.forward(x) * dy))

    return {name: relative_error(numerical_gradient(loss, array), found) for name, (array, found) in pairs.items()}


class Undecided(network.Dropout):
    """Dropout that drops the same entries in every call, so that differences can be taken."""

    def forward(self, x):
        self.rng = RNG(5)
        return super().forward(x)


@pytest.mark.parametrize(
    ("layer", "shape"),
    [
        (network.Dense(3, 2, dtype=np.float64, rng=RNG(0)), (4, 3)),
        (network.Dense(3, 2, dtype=np.float64, rng=RNG(0)), (4, 5, 3)),
        (Undecided(0.4), (6, 5)),
        (network.Last(), (2, 4, 3)),
    ],
    ids=["Dense", "Dense at each step", "Dropout", "Last"],
)
def test_gradients_are_those_of_finite_differences(layer, shape):
    found = errors(layer, RNG(2).normal(size=shape))
    assert {"x", *layer.params} == set(found)
    assert max(found.values()) < 1e-8


def test_an_embedding_counts_a_repeated_number_each_time():
    layer = network.Embedding(4, 3, dtype=np.float64, rng=RNG(0))
    found = errors(layer, np.array([[0, 2, 2], [2, 1, 0]]))
    assert found["embeddings"] < 1e-8
    assert not layer.grads["embeddings"][3].any()


def test_backward_adds_to_the_gradients():
    dense, embedding = network.Dense(3, 2, rng=RNG(0)), network.Embedding(4, 2, rng=RNG(0))
    for layer, x in ((dense, np.ones((2, 3), np.float32)), (embedding, np.array([[1, 2]]))):
        y = layer.forward(x)
        layer.backward(np.ones_like(y))
        once = {name: value.copy() for name, value in layer.grads.items()}
        layer.backward(np.ones_like(y))
        assert all(np.array_equal(layer.grads[name], 2 * value) and value.any() for name, value in once.items())


def test_dense_and_embedding_are_those_of_keras():
    import keras

    dense, embedding = network.Dense(3, 2, rng=RNG(0)), network.Embedding(7, 4, rng=RNG(0))
    dense.params["bias"][:] = 0.5, -0.5
    theirs_dense, theirs_embedding = keras.layers.Dense(2), keras.layers.Embedding(7, 4)
    theirs_dense.build((None, 3))
    theirs_embedding.build()
    theirs_dense.set_weights(list(dense.params.values()))
    theirs_embedding.set_weights(list(embedding.params.values()))
    x, numbers = RNG(1).normal(size=(5, 3)).astype("float32"), RNG(1).integers(0, 7, (5, 6))
    np.testing.assert_allclose(dense.forward(x), theirs_dense(x).numpy(), atol=1e-6)
    np.testing.assert_array_equal(embedding.forward(numbers), theirs_embedding(numbers).numpy())


def test_dropout_keeps_the_mean_while_training_and_everything_after():
    layer, x = network.Dropout(0.3, RNG(0)), np.ones((400, 500), np.float32)
    y = layer.forward(x)
    assert y.dtype == np.float32
    assert np.mean(y == 0) == pytest.approx(0.3, abs=0.01)
    assert y.mean() == pytest.approx(1, abs=0.01)
    layer.training = False
    np.testing.assert_array_equal(layer.forward(x), x)
    np.testing.assert_array_equal(layer.backward(x), x)


def test_a_stack_switches_its_dropouts():
    stack = network.Stack([network.Dropout(0.5, RNG(0)), network.Dense(3, 1), network.Dropout(0.5, RNG(0))])
    stack.set_training(False)
    assert [layer.training for layer in stack.layers[::2]] == [False, False]
    stack.set_training(True)
    assert [layer.training for layer in stack.layers[::2]] == [True, True]


LOSSES = {
    "mean_squared_error": RNG(3).normal(size=(4, 5)),
    "softmax_cross_entropy": RNG(3).integers(0, 5, 4),
    "sigmoid_cross_entropy": RNG(3).random((4, 5)),
}


@pytest.mark.parametrize("weighted", [False, True])
@pytest.mark.parametrize("name", LOSSES)
def test_gradients_of_losses_are_those_of_finite_differences(name, weighted):
    loss, target, prediction = getattr(network, name), LOSSES[name], RNG(4).normal(size=(4, 5))
    weights = RNG(5).random(target.shape) if weighted else None
    _, found = loss(prediction, target, weights)
    expected = numerical_gradient(lambda: loss(prediction, target, weights)[0], prediction)
    assert relative_error(found, expected) < 1e-8


@pytest.mark.parametrize("kind", ["none", "weights", "mask"])
@pytest.mark.parametrize("name", LOSSES)
def test_losses_are_those_of_keras(name, kind):
    import keras

    choice = {"reduction": "mean_with_sample_weight"} | ({"from_logits": True} if "cross" in name else {})
    theirs = {
        "mean_squared_error": keras.losses.MeanSquaredError,
        "softmax_cross_entropy": keras.losses.SparseCategoricalCrossentropy,
        "sigmoid_cross_entropy": keras.losses.BinaryCrossentropy,
    }[name](**choice)
    classes = name == "softmax_cross_entropy"
    prediction = RNG(4).normal(size=(4, 6, 5) if classes else (4, 6)).astype("float32") * 5
    target = RNG(5).integers(0, 5, (4, 6)) if classes else RNG(5).random((4, 6)).astype("float32")
    weights = {
        "none": None,
        "weights": RNG(6).random((4, 6)).astype("float32"),
        "mask": RNG(6).random((4, 6)) < 0.5,
    }[kind]
    axes = (..., None) if not classes else ...  # Keras' other losses average over a last axis before they weigh
    found, _ = getattr(network, name)(prediction, target, weights)
    assert found == pytest.approx(float(theirs(target[axes], prediction[axes], weights)), rel=1e-5)


@pytest.mark.parametrize("size", [1e3, 1e30])
def test_cross_entropies_survive_large_predictions(size):
    certain = np.array([[size, -size]], np.float32)
    for name, right, wrong in (
        ("softmax_cross_entropy", np.array([0]), np.array([1])),
        ("sigmoid_cross_entropy", np.array([[1, 0]], np.float32), np.array([[0, 1]], np.float32)),
    ):
        assert getattr(network, name)(certain, right)[0] == pytest.approx(0, abs=1e-6)
        loss, gradient = getattr(network, name)(certain, wrong)
        assert loss >= size
        assert np.isfinite(loss) and np.isfinite(gradient).all()


def lstm(inputs: int, hidden: int, seed: int) -> Recurrent:
    return Recurrent(LSTMCell(inputs, hidden, rng=RNG(seed)))


PAIRS = {
    "LSTM": lambda: network.Bidirectional(lstm(3, 4, 0), lstm(3, 2, 1)),
    "fast LSTM": lambda: network.Bidirectional(
        LSTM(3, 4, dtype=np.float64, rng=RNG(0)), LSTM(3, 2, dtype=np.float64, rng=RNG(1))
    ),
    "GRU": lambda: network.Bidirectional(Recurrent(GRUCell(3, 4, rng=RNG(0))), Recurrent(GRUCell(3, 2, rng=RNG(1)))),
    "RNN": lambda: network.Bidirectional(Recurrent(RNNCell(3, 4, rng=RNG(0))), Recurrent(RNNCell(3, 2, rng=RNG(1)))),
}


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("kind", PAIRS)
def test_gradients_pass_through_both_directions_with_masks_and_states(kind, masked):
    layer, rng = PAIRS[kind](), RNG(2)
    x = rng.normal(size=(3, 5, 3))
    sizes = [part.shape[1] for part in layer.forward(x)[1]]
    state = tuple(rng.normal(size=(3, size)) for size in sizes)
    mask = np.array([[1, 1, 1, 0, 0], [0, 1, 0, 1, 1], [0, 0, 0, 0, 0]], bool) if masked else None
    assert max(check(layer, x, state, mask).values()) < 1e-7


def test_the_second_direction_reads_backwards_and_answers_in_order():
    layer, x = PAIRS["LSTM"](), RNG(2).normal(size=(2, 5, 3))
    h, state = layer.forward(x)
    back, last = layer.layers[1].forward(x[:, ::-1])
    np.testing.assert_array_equal(h[:, :, 4:], back[:, ::-1])
    np.testing.assert_array_equal(h[:, 0, 4:], state[2])
    np.testing.assert_array_equal(state[3], last[1])


def stack(dtype: type = np.float64) -> network.Stack:
    """Words to vectors, both ways over them, once more forward, and a number at the end."""
    rng = RNG(0)
    pair = network.Bidirectional(LSTM(4, 3, dtype=dtype, rng=rng), LSTM(4, 3, dtype=dtype, rng=rng))
    layers = [network.Embedding(6, 4, dtype=dtype, rng=rng), pair, LSTM(6, 2, dtype=dtype, rng=rng)]
    return network.Stack([*layers, Undecided(0.3), network.Last(), network.Dense(2, 1, dtype=dtype, rng=rng)])


def test_gradients_pass_through_a_stack_with_masks_and_states():
    rng, layers = RNG(1), stack()
    words, mask = rng.integers(0, 6, (3, 5)), np.array([[1, 1, 1, 0, 0], [0, 1, 0, 1, 1], [1, 1, 1, 1, 1]], bool)
    states = [tuple(rng.normal(size=(3, 3)) for _ in range(4)), tuple(rng.normal(size=(3, 2)) for _ in range(2))]
    y, last = layers.forward(words, states, mask)
    dy, dlast = rng.normal(size=y.shape), [tuple(rng.normal(size=part.shape) for part in state) for state in last]

    def loss() -> float:
        y, last = layers.forward(words, states, mask)
        pairs = zip(sum(last, ()), sum(dlast, ()), strict=True)
        return float(np.sum(y * dy) + sum(np.sum(part * dpart) for part, dpart in pairs))

    dx, dstates = layers.backward(dy, dlast)
    assert dx is None
    arrays = [*layers.params.values(), *sum(states, ())]
    found = [*layers.grads.values(), *sum(dstates, ())]
    for array, gradient in zip(arrays, found, strict=True):
        assert relative_error(numerical_gradient(loss, array), gradient) < 1e-7


def test_a_stack_refers_to_its_layers_weights_by_place_and_name():
    layers = stack()
    assert {"0.embeddings", "1.forward.kernel", "1.backward.bias", "2.recurrent_kernel", "5.kernel"} < set(
        layers.params
    )
    assert layers.params.keys() == layers.grads.keys()
    layers.params["1.backward.bias"][:] = 7
    assert (layers.layers[1].layers[1].params["bias"] == 7).all()
    assert layers.grads["5.bias"] is layers.layers[5].grads["bias"]


def test_a_stack_carries_states_on_from_one_part_of_a_sequence_to_the_next():
    layers = network.Stack([LSTM(2, 3, rng=RNG(0)), LSTM(3, 4, rng=RNG(1)), network.Dense(4, 1, rng=RNG(2))])
    x = RNG(3).normal(size=(2, 7, 2)).astype(np.float32)
    whole, _ = layers.forward(x)
    first, states = layers.forward(x[:, :3])
    second, _ = layers.forward(x[:, 3:], states)
    np.testing.assert_allclose(np.concatenate([first, second], axis=1), whole, atol=1e-6)


def test_the_last_step_of_a_padded_sequence_is_its_last_true_step():
    layer, x = LSTM(2, 3, rng=RNG(0)), RNG(1).normal(size=(1, 5, 2)).astype(np.float32)
    padded, _ = layer.forward(x, None, np.array([[True, True, True, False, False]]))
    short, _ = layer.forward(x[:, :3])
    np.testing.assert_allclose(network.Last().forward(padded), network.Last().forward(short), atol=1e-7)


F32 = np.zeros((2, 3), np.float32)


def dense(x, dy=None):
    layer = network.Dense(3, 4)
    y = layer.forward(x)
    return layer.backward(dy) if dy is not None else y


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: network.Dense(0, 1), "input_size: got 0, wanted"),
        (lambda: network.Dense(1, 2.5), r"units: got 2\.5, wanted"),
        (lambda: dense(F32[:, :2]), r"x: got shape \(2, 2\), wanted \(batch, 3\)"),
        (lambda: dense(np.zeros((2, 5, 4), np.float32)), r"x: got shape \(2, 5, 4\), wanted \(batch, time, 3\)"),
        (lambda: dense([[1.0, 2.0, 3.0]]), "x: got a list, wanted a NumPy array"),
        (lambda: dense(F32.astype(np.float64)), "x: got dtype float64, wanted float32"),
        (lambda: dense(F32 * np.nan), r"x: got nan at \(0, 0\), wanted finite numbers"),
        (lambda: dense(F32, F32), r"dy: got shape \(2, 3\), wanted \(2, 4\)"),
        (lambda: network.Embedding(0, 1), "vocabulary: got 0, wanted"),
        (lambda: network.Embedding(5, 0), "size: got 0, wanted"),
        (lambda: network.Embedding(5, 2).forward(np.array([[5]])), "x: got numbers from 5 to 5, wanted 0 to 4"),
        (lambda: network.Embedding(5, 2).forward(np.array([[-1]])), "x: got numbers from -1 to -1, wanted 0 to 4"),
        (lambda: network.Embedding(5, 2).forward(np.array([[1.0]])), "x: got dtype float64, wanted int64"),
        (lambda: network.Dropout(1.0), r"rate: got 1\.0, wanted 0 <= rate < 1"),
        (lambda: network.Last().forward(F32), r"x: got shape \(2, 3\), wanted \(batch, time, hidden\)"),
        (lambda: network.mean_squared_error(F32, F32[0]), r"target: got shape \(3,\), wanted \(2, 3\)"),
        (lambda: network.mean_squared_error([1.0], F32), "prediction: got list, wanted a NumPy array"),
        (lambda: network.mean_squared_error(F32 * np.nan, F32), "prediction: got nan"),
        (lambda: network.mean_squared_error(F32, F32, F32), "weights: got a least weight of 0 and a sum of 0"),
        (lambda: network.mean_squared_error(F32, F32, F32 - 1), "weights: got a least weight of -1"),
        (
            lambda: network.softmax_cross_entropy(F32, np.array([0, 3])),
            "target: got numbers from 0 to 3, wanted 0 to 2",
        ),
        (lambda: network.softmax_cross_entropy(F32, F32), r"target: got shape \(2, 3\), wanted \(2,\)"),
        (lambda: network.sigmoid_cross_entropy(F32, F32 + 2), "target: got numbers from 2 to 2, wanted 0 to 1"),
        (lambda: stack().forward(np.zeros((2, 3), int), [None]), "states: got 1, wanted one for each of 2"),
        (lambda: PAIRS["GRU"]().forward(np.zeros((1, 2, 3)), (np.zeros((1, 4)),)), "state: got 1 arrays, wanted"),
    ],
)
def test_a_mistake_is_answered_with_its_name_and_what_was_wanted(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_a_first_layer_leaves_out_the_gradient_by_x_where_nobody_needs_it():
    rng = np.random.default_rng(0)
    stack = network.Stack([LSTM(3, 4, rng=rng), LSTM(4, 2, rng=rng)])
    x = rng.normal(size=(2, 5, 3)).astype(np.float32)
    h, _ = stack.forward(x)
    dx, _ = stack.backward(np.ones_like(h))
    whole = {name: gradient.copy() for name, gradient in stack.grads.items()}
    for gradient in stack.grads.values():
        gradient[...] = 0
    nothing, _ = stack.backward(np.ones_like(h), need_dx=False)
    assert dx.shape == x.shape
    assert nothing is None
    for name, gradient in stack.grads.items():
        np.testing.assert_allclose(gradient, whole[name], rtol=1e-5, atol=1e-7)
