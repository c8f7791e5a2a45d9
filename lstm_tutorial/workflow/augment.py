"""More training windows out of the ones there are, by four well-known ways. NumPy only.

Each takes inputs `x` (n, steps, inputs), `extras` (n, k), targets `y` (n, horizon) and a random generator, and returns
new arrays of the same shapes. It pays only where validation says so; for the package's own model see the chapter.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

Arrays = tuple[np.ndarray, np.ndarray, np.ndarray]


def jitter(x: np.ndarray, extras: np.ndarray, y: np.ndarray, rng: np.random.Generator, strength: float = 0.1) -> Arrays:
    """Noise of standard deviation `strength`, in scaled units, on every input value.

    Um et al. 2017, https://arxiv.org/abs/1706.00527.
    """
    return x + rng.normal(0, strength, x.shape).astype(x.dtype), extras, y


def magnify(
    x: np.ndarray, extras: np.ndarray, y: np.ndarray, rng: np.random.Generator, strength: float = 0.1
) -> Arrays:
    """Each window and its targets times one random factor around 1: the same movement, larger or smaller.

    "Scaling" in Um et al. 2017; here the targets grow too, since they are changes on the scale of the window.
    """
    factor = rng.normal(1, strength, (len(x), 1)).astype(x.dtype)
    return x * factor[:, :, None], extras, y * factor


def slice_windows(
    x: np.ndarray, extras: np.ndarray, y: np.ndarray, rng: np.random.Generator, strength: float = 0.5
) -> Arrays:
    """Only the latest part of each window; the steps before it repeat its first one.

    A random share of the steps is cut off, `strength` at most. Window slicing of Le Guennec, Malinowski and Tavenard
    2016, https://halshs.archives-ouvertes.fr/halshs-01357973; a forecast needs the slice to end where the window ends.
    """
    steps = x.shape[1]
    start = rng.integers(0, int(strength * steps) + 1, len(x))
    places = np.maximum(np.arange(steps), start[:, None])
    return np.take_along_axis(x, places[:, :, None], axis=1), extras, y


def mixup(x: np.ndarray, extras: np.ndarray, y: np.ndarray, rng: np.random.Generator, strength: float = 0.2) -> Arrays:
    """Weighted means of each window with another one, of inputs and targets alike.

    The weights come from Beta(strength, strength). Zhang et al. 2018, https://arxiv.org/abs/1710.09412.
    """
    weight, other = rng.beta(strength, strength, len(x)).astype(x.dtype), rng.permutation(len(x))

    def mix(array: np.ndarray) -> np.ndarray:
        share = weight.reshape(-1, *[1] * (array.ndim - 1))
        return np.asarray(share * array + (1 - share) * array[other], array.dtype)

    return mix(x), mix(extras), mix(y)


METHODS: dict[str, Callable[..., Arrays]] = {
    "jitter": jitter,
    "scaling": magnify,
    "window slicing": slice_windows,
    "mixup": mixup,
}
