"""Weights before training: Keras' defaults."""

from __future__ import annotations

import numpy as np

Array = np.ndarray


def lstm_weights(
    input_size: int, hidden_size: int, forget_bias: float, dtype: np.dtype, rng: np.random.Generator | None
) -> dict[str, Array]:
    """Keras' defaults: Glorot-uniform kernel, orthogonal recurrent kernel, bias zero but for the forget gate."""
    rng = rng or np.random.default_rng()
    bias = np.zeros(4 * hidden_size)
    bias[hidden_size : 2 * hidden_size] = forget_bias
    weights = {
        "kernel": glorot_uniform(input_size, 4 * hidden_size, rng),
        "recurrent_kernel": orthogonal(hidden_size, 4 * hidden_size, rng),
        "bias": bias,
    }
    return {name: value.astype(dtype) for name, value in weights.items()}


def glorot_uniform(rows: int, columns: int, rng: np.random.Generator) -> Array:
    """Weights (rows, columns) drawn between -a and a, a = sqrt(6 / (rows + columns)) (Glorot and Bengio 2010)."""
    limit = np.sqrt(6 / (rows + columns))
    return rng.uniform(-limit, limit, (rows, columns))


def orthogonal(rows: int, columns: int, rng: np.random.Generator) -> Array:
    """A random matrix (rows, columns) with orthonormal rows, or columns if these are fewer (Saxe et al. 2014)."""
    q, r = np.linalg.qr(rng.normal(size=(max(rows, columns), min(rows, columns))))
    q *= np.sign(np.diag(r))
    return q if rows >= columns else q.T
