"""Augmented windows are new, of the same shape, and keep the relation of inputs and targets."""

import numpy as np
import pytest

from lstm_tutorial.workflow import augment

rng = np.random.default_rng(0)
X = rng.normal(size=(50, 8, 3)).astype("float32")
EXTRAS = rng.normal(size=(50, 4)).astype("float32")
Y = X[:, -1, :2] + 1


@pytest.mark.parametrize("method", augment.METHODS.values(), ids=augment.METHODS.keys())
def test_shapes_and_dtypes_stay_and_originals_are_not_touched(method):
    before = X.copy(), EXTRAS.copy(), Y.copy()
    new = method(X, EXTRAS, Y, np.random.default_rng(1))
    for old, kept, made in zip(before, (X, EXTRAS, Y), new, strict=True):
        np.testing.assert_array_equal(old, kept)
        assert (made.shape, made.dtype) == (kept.shape, kept.dtype)
    assert not np.array_equal(new[0], X)


@pytest.mark.parametrize("method", augment.METHODS.values(), ids=augment.METHODS.keys())
def test_the_same_generator_gives_the_same_windows(method):
    first, second, other = (method(X, EXTRAS, Y, np.random.default_rng(seed))[0] for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, second)
    assert not np.array_equal(first, other)


@pytest.mark.parametrize("extras", [EXTRAS, EXTRAS[:, :0]], ids=["extras", "none"])
def test_mixup_keeps_every_linear_relation(extras):
    x, mixed, y = augment.mixup(X, extras, Y, np.random.default_rng(1))
    np.testing.assert_allclose(y, x[:, -1, :2] + 1, atol=1e-6)
    assert mixed.shape == extras.shape


def test_scaling_keeps_the_ratio_of_targets_to_inputs():
    x, _, y = augment.magnify(X, EXTRAS, X[:, -1, :2], np.random.default_rng(1))
    np.testing.assert_allclose(y, x[:, -1, :2])
    factor = x[:, 0, 0] / X[:, 0, 0]
    assert factor.std() == pytest.approx(0.1, rel=0.3)


def test_jitter_has_the_strength_named_and_leaves_targets_alone():
    x, _, y = augment.jitter(X, EXTRAS, Y, np.random.default_rng(1), strength=0.5)
    assert (x - X).std() == pytest.approx(0.5, rel=0.1)
    assert y is Y


def test_a_slice_ends_where_the_window_ends():
    x, _, _ = augment.slice_windows(X, EXTRAS, Y, np.random.default_rng(1), strength=0.5)
    np.testing.assert_array_equal(x[:, 4:], X[:, 4:])
    starts = (x[:, 1:] == x[:, :-1]).all(axis=2).sum(axis=1)
    assert set(starts) == {0, 1, 2, 3, 4}
    for window, original, start in zip(x, X, starts, strict=True):
        assert (window[:start] == original[start]).all()


def test_a_window_of_one_step_is_not_sliced():
    x, _, _ = augment.slice_windows(X[:, :1], EXTRAS, Y, np.random.default_rng(1))
    np.testing.assert_array_equal(x, X[:, :1])
