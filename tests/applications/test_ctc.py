"""CTC by hand agrees with the sum over all paths, with Keras' loss and with exhaustive search."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lstm_tutorial.applications.ctc import (
    beam_search,
    collapse,
    ctc_gradient,
    ctc_loss,
    greedy,
    log_softmax,
    occupancy,
    spell_out,
    with_blanks,
)

CASES = st.tuples(st.integers(0, 2**31), st.integers(1, 5), st.integers(2, 3))


def draw(seed, time, classes, spread=2.0):
    return log_softmax(np.random.default_rng(seed).normal(scale=spread, size=(time, classes)))


def test_paths_collapse_to_what_they_say():
    assert collapse((0, 1, 1, 0, 1, 2, 2, 0)) == (1, 1, 2)
    assert collapse((1, 1, 1)) == (1,)
    assert collapse((0, 0)) == ()


def test_an_example_worked_by_hand():
    """Two steps, one class with 0.6 and 0.7: said by "1 1", "1 -" and "- 1", and nothing by "- -"."""
    log_probs = np.log([[0.4, 0.6], [0.3, 0.7]])
    assert np.exp(-ctc_loss(log_probs, (1,))) == pytest.approx(0.6 * 0.7 + 0.6 * 0.3 + 0.4 * 0.7)
    assert np.exp(-ctc_loss(log_probs, ())) == pytest.approx(0.4 * 0.3)
    assert ctc_loss(log_probs, (1, 1)) == np.inf


@settings(max_examples=30)
@given(CASES)
def test_the_loss_is_the_sum_over_all_paths(case):
    log_probs = draw(*case)
    sums = spell_out(log_probs)
    assert sum(sums.values()) == pytest.approx(1)
    for label, probability in sums.items():
        assert ctc_loss(log_probs, label) == pytest.approx(-np.log(probability))


def test_a_label_with_too_few_steps_is_impossible():
    log_probs = draw(0, 3, 4)
    assert ctc_loss(log_probs, (1, 2, 3)) < np.inf
    assert ctc_loss(log_probs, (1, 1, 2)) == np.inf
    with pytest.raises(ValueError, match="no path of 3 steps"):
        occupancy(log_probs, (1, 1, 2))


@settings(max_examples=30)
@given(CASES)
def test_states_share_each_step(case):
    log_probs = draw(*case)
    for label in spell_out(log_probs):
        shares = occupancy(log_probs, label)
        assert shares.shape == (len(log_probs), len(with_blanks(label)))
        assert np.allclose(shares.sum(axis=1), 1)


def test_the_gradient_is_that_of_small_changes():
    logits = np.random.default_rng(1).normal(size=(7, 4))
    label, tiny = (2, 2, 3), 1e-6
    gradient = ctc_gradient(log_softmax(logits), label)
    for place in np.ndindex(logits.shape):
        nudge = np.zeros_like(logits)
        nudge[place] = tiny
        change = ctc_loss(log_softmax(logits + nudge), label) - ctc_loss(log_softmax(logits - nudge), label)
        assert gradient[place] == pytest.approx(change / (2 * tiny), abs=1e-7)


def test_loss_and_gradient_are_those_of_keras_on_a_padded_batch():
    import keras
    import tensorflow as tf

    rng = np.random.default_rng(2)
    logits = rng.normal(size=(3, 20, 6)).astype(np.float32)
    labels = np.array([[1, 1, 5, 0], [3, 0, 0, 0], [2, 4, 2, 2]], np.int32)
    steps, counts = np.array([20, 9, 13], np.int32), np.array([3, 1, 4], np.int32)
    x = tf.Variable(logits)
    with tf.GradientTape() as tape:
        losses = keras.ops.ctc_loss(labels, x, counts, steps, mask_index=0)
    gradients = tape.gradient(losses, x).numpy()
    for row in range(3):
        log_probs, label = log_softmax(logits[row, : steps[row]].astype(float)), labels[row, : counts[row]]
        assert float(losses[row]) == pytest.approx(ctc_loss(log_probs, label), rel=1e-5)
        assert gradients[row, : steps[row]] == pytest.approx(ctc_gradient(log_probs, label), abs=1e-5)
        assert not gradients[row, steps[row] :].any()


@settings(max_examples=30)
@given(CASES)
def test_a_wide_beam_finds_what_exhaustive_search_finds(case):
    log_probs = draw(*case)
    sums = spell_out(log_probs)
    found = dict(beam_search(log_probs, width=10_000))
    assert found.keys() == sums.keys()
    assert np.allclose([np.exp(found[label]) for label in sums], list(sums.values()))
    best, _ = beam_search(log_probs, width=10_000)[0]
    assert sums[best] == pytest.approx(max(sums.values()))


@settings(max_examples=30)
@given(CASES, st.integers(1, 4))
def test_a_narrow_beam_promises_no_more_than_there_is(case, width):
    log_probs = draw(*case)
    found, sums = beam_search(log_probs, width), spell_out(log_probs)
    assert len(found) <= width
    assert [chance for _, chance in found] == sorted((chance for _, chance in found), reverse=True)
    for label, chance in found:
        assert chance <= np.log(sums[label]) + 1e-9


def test_the_best_path_need_not_say_the_best_label():
    log_probs = np.log([[0.6, 0.4], [0.6, 0.4]])
    assert greedy(log_probs) == ()  # one path with 0.36, against three of 0.24, 0.24 and 0.16
    assert beam_search(log_probs, 2)[0][0] == (1,)


@settings(max_examples=30)
@given(CASES)
def test_greedy_says_the_label_of_the_best_path(case):
    log_probs = draw(*case)
    assert greedy(log_probs) == collapse(np.argmax(log_probs, axis=1))
    assert greedy(log_probs) in spell_out(log_probs)
