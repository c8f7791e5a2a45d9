"""Each optimizer takes the steps that Keras' takes, and clipping is that of TensorFlow."""

import numpy as np
import pytest

from lstm_tutorial.scratch import optimizers

SETTINGS = [
    ("SGD", {}),
    ("SGD", {"learning_rate": 0.1, "momentum": 0.9}),
    ("SGD", {"learning_rate": 0.1, "momentum": 0.9, "nesterov": True}),
    ("RMSprop", {}),
    ("RMSprop", {"learning_rate": 0.01, "rho": 0.5, "epsilon": 1e-3}),
    ("RMSprop", {"learning_rate": 0.01, "momentum": 0.9}),
    ("Adam", {}),
    ("Adam", {"learning_rate": 0.05, "beta_1": 0.5, "beta_2": 0.9, "epsilon": 1e-2}),
]


def weights(seed: int, dtype: type = np.float32) -> dict[str, np.ndarray]:
    rng = np.random.default_rng(seed)
    return {"kernel": rng.normal(size=(4, 3)).astype(dtype), "bias": rng.normal(size=3).astype(dtype)}


@pytest.mark.parametrize(("name", "chosen"), SETTINGS)
def test_steps_are_those_of_keras(name, chosen):
    import keras

    ours, theirs = getattr(optimizers, name)(**chosen), getattr(keras.optimizers, name)(**chosen)
    params = weights(0)
    variables = [keras.Variable(value) for value in params.values()]
    for step in range(200):
        grads = {key: value * np.float32(1 + step % 7) for key, value in weights(step).items()}
        theirs.apply(list(grads.values()), variables)  # first: ours sets the gradients to zero
        ours.update(params, grads)
    for value, variable in zip(params.values(), variables, strict=True):
        np.testing.assert_allclose(value, variable.numpy(), rtol=2e-6, atol=2e-6)


@pytest.mark.parametrize("name", ["SGD", "RMSprop", "Adam"])
def test_names_and_defaults_are_those_of_keras(name):
    import inspect

    import keras

    ours = inspect.signature(getattr(optimizers, name)).parameters
    theirs = inspect.signature(getattr(keras.optimizers, name)).parameters
    assert {key: value.default for key, value in ours.items()} == {key: theirs[key].default for key in ours}


@pytest.mark.parametrize("name", ["SGD", "RMSprop", "Adam"])
@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_an_update_changes_weights_in_place_and_sets_gradients_to_zero(name, dtype):
    params, grads = weights(0, dtype), weights(1, dtype)
    arrays, before = list(params.values()), weights(0, dtype)
    getattr(optimizers, name)().update(params, grads)
    for key, array in zip(params, arrays, strict=True):
        assert params[key] is array
        assert array.dtype == dtype
        assert np.all(array != before[key])
        assert not grads[key].any()


def test_without_a_gradient_nothing_moves_but_by_momentum():
    for optimizer in (optimizers.SGD(), optimizers.RMSprop(), optimizers.Adam()):
        params = weights(0)
        optimizer.update(params, {name: np.zeros_like(value) for name, value in params.items()})
        assert all(np.array_equal(params[name], weights(0)[name]) for name in params)


@pytest.mark.parametrize("limit", [0.5, 1.0, 100.0])
def test_clipping_is_that_of_tensorflow(limit):
    import tensorflow as tf

    grads = weights(0)
    wanted, norm = tf.clip_by_global_norm([tf.constant(value) for value in grads.values()], limit)
    assert optimizers.clip_by_global_norm(grads, limit) == pytest.approx(float(norm), rel=1e-6)
    for value, clipped in zip(grads.values(), wanted, strict=True):
        np.testing.assert_allclose(value, clipped.numpy(), rtol=1e-6)


def test_clipping_survives_squares_beyond_float32():
    grads = {"kernel": np.array([3e30, 4e30], np.float32)}
    assert optimizers.clip_by_global_norm(grads, 1.0) == pytest.approx(5e30, rel=1e-6)
    np.testing.assert_allclose(grads["kernel"], [0.6, 0.8], rtol=1e-6)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: optimizers.SGD(0), "learning_rate: got 0, wanted a number above 0"),
        (lambda: optimizers.SGD(momentum=2.0), "momentum: got 2.0, wanted a number 0 to 1"),
        (lambda: optimizers.RMSprop(rho=1.0), "rho: got 1.0, wanted a number at least 0 and below 1"),
        (lambda: optimizers.RMSprop(epsilon=0.0), "epsilon: got 0.0, wanted a number above 0"),
        (lambda: optimizers.Adam(float("nan")), "learning_rate: got nan, wanted a number above 0"),
        (lambda: optimizers.Adam(beta_1=-0.1), "beta_1: got -0.1, wanted"),
        (lambda: optimizers.Adam(beta_2=1.0), "beta_2: got 1.0, wanted"),
        (lambda: optimizers.clip_by_global_norm(weights(0), 0.0), "limit: got 0.0, wanted a number above 0"),
        (lambda: optimizers.clip_by_global_norm({"a": np.array([np.inf])}, 1.0), "grads: got a norm of inf"),
        (lambda: optimizers.SGD().update(weights(0), {}), r"grads: got \[\], wanted one for each of params"),
        (
            lambda: optimizers.Adam().update({"a": np.zeros(2)}, {"a": np.zeros(3)}),
            r"grads: got shape \(3,\) for a, wanted \(2,\)",
        ),
    ],
)
def test_a_mistake_is_answered_with_its_name_and_what_was_wanted(call, message):
    with pytest.raises(ValueError, match=message):
        call()
