"""Networks side by side are what each would be alone."""

import re

import numpy as np
import pytest

from lstm_tutorial.scratch.cell import VARIANTS
from lstm_tutorial.scratch.losses import mean_squared_error
from lstm_tutorial.scratch.optimizers import Adam, clip_by_global_norm
from lstm_tutorial.scratch.seeds import Design, SideBySide

CELLS = ["lstm", "rnn", "gru", *VARIANTS, "standard + peepholes", "coupled + peepholes"]


def draw_pairs(rng, networks):
    x = rng.normal(size=(networks, 4, 6, 2)).astype(np.float32)
    return x, rng.normal(size=(networks, 4, 3)).astype(np.float32)


@pytest.mark.parametrize("cell", CELLS)
def test_networks_side_by_side_learn_as_each_alone(cell):
    design = Design(cell, forget_bias=2, input_bias=-1, hidden_size=5)
    seeds, rng = (3, 1, 4), np.random.default_rng(0)
    together = SideBySide(design, 2, 3, seeds)
    alone = [(design.build(2, 3, seed), Adam(design.learning_rate)) for seed in seeds]
    for _ in range(4):
        x, y = draw_pairs(rng, len(seeds))
        predictions, _ = together.forward(x)
        gradients = []
        for (network, adam), own_x, own_y, prediction in zip(alone, x, y, predictions, strict=True):
            expected, _ = network.forward(own_x)
            np.testing.assert_allclose(prediction, expected, atol=2e-5)
            _, gradient = mean_squared_error(expected, own_y)
            network.backward(gradient)
            clip_by_global_norm(network.grads, 1.0)
            adam.update(network.params, network.grads)
            gradients.append(gradient)
        together.update(np.stack(gradients), range(3))
    for number, (network, _) in enumerate(alone):
        for name, weights in together.alone(number).params.items():
            np.testing.assert_allclose(weights, network.params[name], atol=1e-4)


def test_there_are_never_weights_between_networks():
    networks = SideBySide(Design(hidden_size=4), 2, 3, [0, 1])
    rng = np.random.default_rng(0)
    for _ in range(3):
        x, y = draw_pairs(rng, 2)
        prediction, _ = networks.forward(x)
        networks.update(prediction - y, range(2))
    x, _ = draw_pairs(rng, 2)
    before, _ = networks.forward(x)
    after, _ = networks.forward(np.stack([x[0], -x[1]]))
    np.testing.assert_array_equal(before[0], after[0])
    assert not np.allclose(before[1], after[1])


def test_only_the_networks_named_are_updated():
    networks = SideBySide(Design(hidden_size=4), 2, 3, [0, 1])
    kept = {name: weights.copy() for name, weights in networks.alone(0).params.items()}
    other = networks.alone(1).params["0.kernel"].copy()
    x, y = draw_pairs(np.random.default_rng(0), 2)
    prediction, _ = networks.forward(x)
    networks.update(prediction - y, [1])
    for name, weights in networks.alone(0).params.items():
        np.testing.assert_array_equal(weights, kept[name])
    assert not np.array_equal(networks.alone(1).params["0.kernel"], other)


@pytest.mark.parametrize("cell", ["lstm", "standard + peepholes", "no_input_gate"])
def test_a_design_sets_the_biases_of_its_gates(cell):
    bias = Design(cell, forget_bias=5, input_bias=-4, hidden_size=3).build(2, 1, 0).params["0.bias"]
    np.testing.assert_array_equal(bias, [-4] * 3 + [5] * 3 + [0] * 6)


@pytest.mark.parametrize("cell", ["elman", "standard + peephole"])
def test_an_unknown_cell_is_refused(cell):
    with pytest.raises(ValueError, match=f"variant: got '{re.escape(cell)}', wanted one of standard, "):
        Design(cell).build(2, 1, 0)
