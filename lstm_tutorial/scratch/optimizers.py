"""From gradients to better weights, with the formulas, names and defaults of Keras."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

Array = np.ndarray


class SGD:
    """Stochastic gradient descent: a step against the gradient, with momentum the running sum of such steps.

    With v the `momentum` times the last v, minus `learning_rate` times the gradient, the step is v; with `nesterov`
    it looks ahead: momentum times the new v, minus learning_rate times the gradient (Sutskever et al. 2013).
    """

    def __init__(self, learning_rate: float = 0.01, momentum: float = 0.0, nesterov: bool = False) -> None:
        _check("momentum", momentum, 0 <= momentum <= 1, "0 to 1")
        self.learning_rate, self.momentum, self.nesterov = _positive("learning_rate", learning_rate), momentum, nesterov
        self.velocity: dict[str, Array] = {}

    def update(self, params: Mapping[str, Array], grads: Mapping[str, Array]) -> None:
        """Change `params` in place, then set `grads` to zero. Raises ValueError where their names or shapes differ."""
        for name, param, gradient in _pairs(params, grads):
            step = -self.learning_rate * gradient
            if self.momentum:
                velocity = _kept(self.velocity, name, param)
                velocity *= self.momentum
                velocity += step
                step = step + self.momentum * velocity if self.nesterov else velocity
            param += step
            gradient[...] = 0


class RMSprop:
    """Each weight's step is divided by the root of a running mean of its squared gradient, the `velocity`.

    Tieleman and Hinton 2012, lecture 6.5 of their course. `epsilon` stands under the root, as in Keras.
    """

    def __init__(
        self, learning_rate: float = 0.001, rho: float = 0.9, momentum: float = 0.0, epsilon: float = 1e-7
    ) -> None:
        _check("rho", rho, 0 <= rho < 1, "at least 0 and below 1")
        _check("momentum", momentum, 0 <= momentum <= 1, "0 to 1")
        self.learning_rate, self.epsilon = _positive("learning_rate", learning_rate), _positive("epsilon", epsilon)
        self.rho, self.momentum = rho, momentum
        self.velocity: dict[str, Array] = {}
        self.steps: dict[str, Array] = {}

    def update(self, params: Mapping[str, Array], grads: Mapping[str, Array]) -> None:
        """Change `params` in place, then set `grads` to zero. Raises ValueError where their names or shapes differ."""
        for name, param, gradient in _pairs(params, grads):
            velocity, steps = _kept(self.velocity, name, param), _kept(self.steps, name, param)
            velocity += (1 - self.rho) * (gradient**2 - velocity)
            steps *= self.momentum
            steps += self.learning_rate * gradient / np.sqrt(velocity + self.epsilon)
            param -= steps
            gradient[...] = 0


class Adam:
    """RMSprop's division, and a running mean of the gradient in its place; both start at zero and are corrected for it.

    Kingma and Ba 2015, in the form of the end of their section 2, where `epsilon` is added after the correction.
    """

    def __init__(
        self, learning_rate: float = 0.001, beta_1: float = 0.9, beta_2: float = 0.999, epsilon: float = 1e-7
    ) -> None:
        _check("beta_1", beta_1, 0 <= beta_1 < 1, "at least 0 and below 1")
        _check("beta_2", beta_2, 0 <= beta_2 < 1, "at least 0 and below 1")
        self.learning_rate, self.epsilon = _positive("learning_rate", learning_rate), _positive("epsilon", epsilon)
        self.beta_1, self.beta_2 = beta_1, beta_2
        self.iterations = 0
        self.mean: dict[str, Array] = {}
        self.velocity: dict[str, Array] = {}

    def update(self, params: Mapping[str, Array], grads: Mapping[str, Array]) -> None:
        """Change `params` in place, then set `grads` to zero. Raises ValueError where their names or shapes differ."""
        self.iterations += 1
        correction = np.sqrt(1 - self.beta_2**self.iterations) / (1 - self.beta_1**self.iterations)
        rate = float(self.learning_rate * correction)
        for name, param, gradient in _pairs(params, grads):
            mean, velocity = _kept(self.mean, name, param), _kept(self.velocity, name, param)
            mean += (1 - self.beta_1) * (gradient - mean)
            velocity += (1 - self.beta_2) * (gradient**2 - velocity)
            param -= rate * mean / (np.sqrt(velocity) + self.epsilon)
            gradient[...] = 0


def clip_by_global_norm(grads: Mapping[str, Array], limit: float) -> float:
    """Scale all gradients in place so that their common norm is at most `limit`; returns the norm before.

    The norm is the root of the sum of all squares (Pascanu et al. 2013). Raises ValueError if it is not finite.
    """
    _positive("limit", limit)
    norm = float(np.sqrt(sum(np.sum(np.square(gradient, dtype=np.float64)) for gradient in grads.values())))
    if not np.isfinite(norm):
        raise ValueError(f"grads: got a norm of {norm}, wanted finite numbers")
    if norm > limit:
        for gradient in grads.values():
            gradient *= limit / norm
    return norm


def _pairs(params: Mapping[str, Array], grads: Mapping[str, Array]) -> list[tuple[str, Array, Array]]:
    if params.keys() != grads.keys():
        raise ValueError(f"grads: got {sorted(grads)}, wanted one for each of params: {sorted(params)}")
    for name, param in params.items():
        if grads[name].shape != param.shape:
            raise ValueError(f"grads: got shape {grads[name].shape} for {name}, wanted {param.shape}")
    return [(name, param, grads[name]) for name, param in params.items()]


def _kept(memory: dict[str, Array], name: str, param: Array) -> Array:
    if name not in memory:
        memory[name] = np.zeros_like(param)
    return memory[name]


def _positive(name: str, value: float) -> float:
    _check(name, value, 0 < value < np.inf, "above 0")
    return value


def _check(name: str, value: float, fits: bool, wanted: str) -> None:
    if not fits:
        raise ValueError(f"{name}: got {value!r}, wanted a number {wanted}")
