"""Layers that answer as one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np

Array = np.ndarray


class Joined:
    """Several layers, whose `params` and `grads` are theirs, under the layer's name, a dot, and their own."""

    def __init__(self, names: Iterable[Any], layers: Iterable[Any]) -> None:
        self.layers, self._names = list(layers), list(names)

    @property
    def params(self) -> dict[str, Array]:
        """The layers' own arrays; to be changed in place."""
        return self._collect("params")

    @property
    def grads(self) -> dict[str, Array]:
        """The gradients by `params`, to which `backward` adds."""
        return self._collect("grads")

    # Asked for anew each time, because a dictionary kept here would not belong to the layers of a copy.
    def _collect(self, kind: str) -> dict[str, Array]:
        named = zip(self._names, self.layers, strict=True)
        return {f"{name}.{key}": array for name, layer in named for key, array in getattr(layer, kind).items()}
