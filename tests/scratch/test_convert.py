"""Weights go from and to other frameworks unchanged, and what does not fit is refused in one line."""

import re

import numpy as np
import pytest

from lstm_tutorial.scratch.lstm import LSTM

INPUT, HIDDEN = 3, 4
RNG = np.random.default_rng
X = RNG(0).normal(size=(2, 6, INPUT)).astype(np.float32)


def filled(dtype=np.float32):
    layer, rng = LSTM(INPUT, HIDDEN, dtype=dtype), RNG(1)
    for value in layer.params.values():
        value[...] = rng.normal(0, 0.5, value.shape)
    return layer


def refused(message):
    """Just this one line; `...` stands for what is not ours to say."""
    return pytest.raises(ValueError, match="^" + re.escape(message).replace(r"\.\.\.", ".*") + "$")


def same(one, other):
    assert one.params.keys() == other.params.keys()
    for name, value in one.params.items():
        np.testing.assert_array_equal(value, other.params[name], strict=True)


# Keras


def keras_lstm(units=HIDDEN, inputs=INPUT, kind="LSTM", **choices):
    import keras

    layer = getattr(keras.layers, kind)(units, **choices)
    layer.build((None, None, inputs))
    return layer


def test_weights_go_to_keras_and_back():
    layer, theirs = filled(), keras_lstm(return_sequences=True)
    assert layer.to_keras(theirs) is None
    np.testing.assert_allclose(theirs(X).numpy(), layer.forward(X)[0], atol=1e-6)
    same(LSTM.from_keras(theirs), layer)


def test_keras_own_weights_come_over():
    theirs = keras_lstm(return_sequences=True)
    np.testing.assert_allclose(LSTM.from_keras(theirs).forward(X)[0], theirs(X).numpy(), atol=1e-6)


def test_no_bias_in_keras_is_a_bias_of_zero():
    theirs = keras_lstm(use_bias=False, return_sequences=True)
    layer = LSTM.from_keras(theirs)
    assert not layer.params["bias"].any()
    np.testing.assert_allclose(layer.forward(X)[0], theirs(X).numpy(), atol=1e-6)


def test_a_keras_layer_of_float64_gives_one_of_float64():
    theirs = keras_lstm(dtype="float64", return_sequences=True)
    layer = LSTM.from_keras(theirs)
    assert layer.dtype == np.float64
    np.testing.assert_allclose(layer.forward(X.astype(float))[0], theirs(X.astype(float)).numpy(), atol=1e-12)


def test_weights_taken_over_are_copies():
    theirs = keras_lstm()
    layer = LSTM.from_keras(theirs)
    before = theirs.get_weights()
    for value in layer.params.values():
        value += 1
    for now, kept in zip(theirs.get_weights(), before, strict=True):
        np.testing.assert_array_equal(now, kept)
    layer.to_keras(theirs)
    kept = {name: value.copy() for name, value in layer.params.items()}
    theirs.set_weights([value * 0 for value in theirs.get_weights()])
    assert all(np.array_equal(layer.params[name], value) for name, value in kept.items())


def test_a_keras_layer_that_does_not_fit_is_refused():
    import keras

    wanted = "wanted sigmoid for the gates and tanh for the rest"
    for choices, got in (
        ({"activation": "relu"}, "['sigmoid', 'relu']"),
        ({"recurrent_activation": "hard_sigmoid"}, "['hard_sigmoid', 'tanh']"),
        ({"activation": None}, "['sigmoid', 'linear']"),
    ):
        for convert in (LSTM.from_keras, filled().to_keras):
            with refused(f"layer: got activations {got}, {wanted}"):
                convert(keras_lstm(**choices))
    for convert in (LSTM.from_keras, filled().to_keras):
        with refused("layer: got one without weights, wanted a built one: call it once"):
            convert(keras.layers.LSTM(HIDDEN))
        for other in ("GRU", "SimpleRNN", "Dense"):
            with refused(f"layer: got a {other}, wanted a keras.layers.LSTM"):
                convert(keras_lstm(kind=other))
        for other, name in ((None, "NoneType"), ("lstm.keras", "str"), (filled(), "LSTM")):
            with refused(f"layer: got a {name}, wanted a keras.layers.LSTM"):
                convert(other)


def test_keras_weights_of_other_sizes_are_refused():
    layer = filled()
    for theirs in (keras_lstm(units=5), keras_lstm(inputs=2)):
        before = theirs.get_weights()
        with refused("layer: got weights [...], wanted [(3, 16), (4, 16), (16,)]"):
            layer.to_keras(theirs)
        assert all(np.array_equal(now, kept) for now, kept in zip(theirs.get_weights(), before, strict=True))
    with refused("layer: got weights [(3, 16), (4, 16)], wanted [(3, 16), (4, 16), (16,)]"):
        layer.to_keras(keras_lstm(use_bias=False))


# torch


@pytest.mark.parametrize("bias", [True, False])
def test_each_layer_and_direction_of_torch_comes_over(torch, bias):
    torch.manual_seed(0)
    module = torch.nn.LSTM(INPUT, HIDDEN, num_layers=2, bidirectional=True, batch_first=True, bias=bias)
    x = X
    for number in range(2):
        ahead, back = (LSTM.from_torch(module, layer=number, reverse=reverse) for reverse in (False, True))
        assert ahead.params["bias"].any() == back.params["bias"].any() == bias
        h, h_back = ahead.forward(x)[0], back.forward(np.ascontiguousarray(x[:, ::-1]))[0]
        x = np.concatenate([h, h_back[:, ::-1]], axis=2)
    np.testing.assert_allclose(x, module(torch.tensor(X))[0].detach().numpy(), atol=1e-6)


def test_a_torch_cell_comes_over(torch):
    cell = torch.nn.LSTMCell(INPUT, HIDDEN)
    h, _ = LSTM.from_torch(cell).step(X[:, 0])
    np.testing.assert_allclose(h, cell(torch.tensor(X[:, 0]))[0].detach().numpy(), atol=1e-6)


def test_a_torch_module_of_float64_gives_a_layer_of_float64(torch):
    assert LSTM.from_torch(torch.nn.LSTM(INPUT, HIDDEN).double()).dtype == np.float64


def test_torchs_weights_are_copied(torch):
    module = torch.nn.LSTM(INPUT, HIDDEN)
    before = module.weight_ih_l0.detach().numpy().copy()
    LSTM.from_torch(module).params["kernel"][...] = 9
    np.testing.assert_array_equal(module.weight_ih_l0.detach().numpy(), before)


def test_a_torch_module_that_does_not_fit_is_refused(torch):
    for module, kind in ((torch.nn.GRU(INPUT, HIDDEN), "GRU"), (torch.nn.Linear(3, 4), "Linear"), (None, "NoneType")):
        with refused(f"module: got a {kind}, wanted a torch.nn.LSTM or torch.nn.LSTMCell"):
            LSTM.from_torch(module)
    with refused("module: got a LSTM, wanted a torch.nn.LSTM or torch.nn.LSTMCell"):
        LSTM.from_torch(filled())
    with refused("module: got proj_size 2, wanted 0: no projection"):
        LSTM.from_torch(torch.nn.LSTM(INPUT, HIDDEN, proj_size=2))
    module = torch.nn.LSTM(INPUT, HIDDEN)
    with refused("layer: got 1, reverse: got False, but the module has no weight_ih_l1"):
        LSTM.from_torch(module, layer=1)
    with refused("layer: got 0, reverse: got True, but the module has no weight_ih_l0_reverse"):
        LSTM.from_torch(module, reverse=True)
    for layer, reverse in ((1, False), (0, True)):
        with refused(f"layer: got {layer}, reverse: got {reverse}, but a torch.nn.LSTMCell has one layer, forward"):
            LSTM.from_torch(torch.nn.LSTMCell(INPUT, HIDDEN), layer, reverse)


# ONNX


def onnx_weights(directions=1, **more):
    rng = RNG(2)
    sizes = {"W": (4 * HIDDEN, INPUT), "R": (4 * HIDDEN, HIDDEN), "B": (8 * HIDDEN,)}
    return {name: rng.normal(0, 0.4, (directions, *size)).astype(np.float32) for name, size in sizes.items()} | more


def run(model, directions=1):
    zeros = np.zeros((directions, len(X), HIDDEN), np.float32)
    return model.run(X, np.full(len(X), X.shape[1], np.int32), zeros, zeros)[0]


def test_an_onnx_file_comes_over(onnx_lstm, tmp_path):
    model = onnx_lstm(onnx_weights())
    model.save(tmp_path / "lstm.onnx")
    for path in (tmp_path / "lstm.onnx", str(tmp_path / "lstm.onnx")):
        np.testing.assert_allclose(LSTM.from_onnx(path).forward(X)[0], run(model), atol=1e-6)


def test_both_directions_of_an_onnx_node_come_over(onnx_lstm, tmp_path):
    model, path = onnx_lstm(onnx_weights(2), direction="bidirectional"), tmp_path / "lstm.onnx"
    model.save(path)
    ahead, back = (LSTM.from_onnx(path, reverse=reverse) for reverse in (False, True))
    both = np.concatenate([ahead.forward(X)[0], back.forward(X[:, ::-1])[0][:, ::-1]], axis=2)
    np.testing.assert_allclose(both, run(model, 2), atol=1e-6)


def test_a_node_that_reads_backwards_comes_over_as_such(onnx_lstm, tmp_path):
    model, path = onnx_lstm(onnx_weights(), direction="reverse"), tmp_path / "lstm.onnx"
    model.save(path)
    h = LSTM.from_onnx(path, reverse=True).forward(X[:, ::-1])[0][:, ::-1]
    np.testing.assert_allclose(h, run(model), atol=1e-6)
    with refused(f"reverse: got False, but node 0 in {path} has the direction 'reverse'"):
        LSTM.from_onnx(path)


def test_no_bias_in_onnx_is_a_bias_of_zero(onnx_lstm, tmp_path):
    weights = onnx_weights()
    del weights["B"]
    model = onnx_lstm(weights, node_inputs=["x", "W", "R", "", "lengths", "h", "c"])
    model.save(tmp_path / "lstm.onnx")
    layer = LSTM.from_onnx(tmp_path / "lstm.onnx")
    assert not layer.params["bias"].any()
    np.testing.assert_allclose(layer.forward(X)[0], run(model), atol=1e-6)


def test_default_activations_may_be_written_out(onnx_lstm, tmp_path):
    model = onnx_lstm(onnx_weights(), activations=["Sigmoid", "Tanh", "Tanh"])
    model.save(tmp_path / "lstm.onnx")
    np.testing.assert_allclose(LSTM.from_onnx(tmp_path / "lstm.onnx").forward(X)[0], run(model), atol=1e-6)


def test_the_second_node_of_a_file_is_number_1(onnx_lstm, tmp_path):
    one, path = onnx_lstm(onnx_weights()).model, tmp_path / "lstm.onnx"
    other = onnx_lstm({name: value * 2 for name, value in onnx_weights().items()}).model
    for name in ("W", "R", "B"):
        (stored,) = [part for part in other.graph.initializer if part.name == name]
        stored.name = f"{name}2"
        one.graph.initializer.append(stored)
    node = other.graph.node[0]
    del node.input[:], node.output[:]
    node.input.extend(["x", "W2", "R2", "B2"])
    node.output.extend(["y2"])
    one.graph.node.append(node)
    path.write_bytes(one.SerializeToString())
    first, second = (LSTM.from_onnx(path, node=number) for number in (0, 1))
    for name, value in first.params.items():
        np.testing.assert_array_equal(second.params[name], 2 * value)
    for node in (2, -1):
        with refused(f"node: got {node}, but {path} holds 2 LSTM nodes"):
            LSTM.from_onnx(path, node=node)


def test_an_onnx_node_that_does_not_fit_is_refused(onnx_lstm, tmp_path):
    path = tmp_path / "lstm.onnx"
    peepholes = {"P": np.ones((1, 3 * HIDDEN), np.float32)}
    for weights, choices in (
        (onnx_weights(**peepholes), {}),
        (onnx_weights(), {"input_forget": 1}),
        (onnx_weights(), {"clip": 3.0}),
    ):
        onnx_lstm(weights, **choices).save(path)
        with refused(f"node: got 0 in {path} with peepholes, coupled gates or clipping, wanted a standard LSTM"):
            LSTM.from_onnx(path)
    onnx_lstm(onnx_weights(), activations=["HardSigmoid", "Tanh", "Tanh"]).save(path)
    with refused(
        f"node 0 in {path}: got activations ['hardsigmoid', 'tanh', 'tanh'], "
        "wanted sigmoid for the gates and tanh for the rest"
    ):
        LSTM.from_onnx(path)
    weights = onnx_weights()
    del weights["R"]
    onnx_lstm({**weights, "R": onnx_weights()["R"]}, node_inputs=["x", "W", "computed", "B"]).save(path)
    with refused(f"node: got 0 in {path} whose weights computed are not stored in the file"):
        LSTM.from_onnx(path)
    onnx_lstm(onnx_weights()).save(path)
    with refused(f"reverse: got True, but node 0 in {path} has the direction 'forward'"):
        LSTM.from_onnx(path, reverse=True)


def test_an_onnx_file_without_lstms_or_that_is_none_is_refused(onnx_lstm, tmp_path):
    path = tmp_path / "lstm.onnx"
    model = onnx_lstm(onnx_weights()).model
    model.graph.node[0].op_type = "GRU"
    path.write_bytes(model.SerializeToString())
    with refused(f"node: got 0, but {path} holds 0 LSTM nodes"):
        LSTM.from_onnx(path)
    with refused(f"path: got {tmp_path / 'missing'}, wanted an ONNX file: ..."):
        LSTM.from_onnx(tmp_path / "missing")
    path.write_text("no model")
    with refused(f"path: got {path}, wanted an ONNX file: ..."):
        LSTM.from_onnx(path)
