"""What one unit's memory goes along with."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np


def best_cell(states: Sequence[np.ndarray], wanted: Sequence[np.ndarray]) -> tuple[int, float]:
    """The unit whose cell state goes most nearly along with a quantity, and their correlation.

    For each sequence its states (symbols, units) and the quantity after each symbol (symbols,). The unit is chosen on
    one half of the sequences and judged on the other. Raises ValueError for fewer than two.
    """
    if len(states) < 2:
        raise ValueError(f"{len(states)} sequences; wanted two or more, to choose on one half and judge on the other")
    unit = int(np.argmax(np.abs(_correlate(states[::2], wanted[::2]))))
    return unit, float(_correlate(states[1::2], wanted[1::2])[unit])


def _correlate(states: Sequence[np.ndarray], wanted: Sequence[np.ndarray]) -> np.ndarray:
    """Of each unit; 0 where nothing changes."""
    cells, target = np.concatenate(list(states)), np.concatenate(list(wanted)).astype(float)
    cells, target = cells - cells.mean(axis=0), target - target.mean()
    scale = np.sqrt((cells**2).sum(axis=0) * (target**2).sum())
    return np.divide(target @ cells, scale, out=np.zeros(cells.shape[1]), where=scale > 0)
