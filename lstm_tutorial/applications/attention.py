"""Where a translator looks: which text shows it well, and whether it jumps as German numbers make it jump."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Protocol

import numpy as np

# "zweiundvierzig" is two and forty: the ones, "und", the tens.
ONES_AND_TENS = re.compile(
    "(ein|zwei|drei|vier|fünf|sechs|sieben|acht|neun)und((?:zwan|drei|vier|fünf|sech|sieb|acht|neun)(?:z|ß)ig)$"
)


class Writer(Protocol):
    """What writes answers and tells where it looked: a `Translator` with characters as target tokens."""

    def write(self, texts: Sequence[str]) -> tuple[np.ndarray, np.ndarray]: ...  # noqa: D102


def pick_text(sources: Sequence[str], targets: Sequence[str], width: int = 30) -> int:
    """The place of a text to draw: with as many hyphens as any (swapped digits), and about `width` characters long."""
    return max(range(len(sources)), key=lambda at: (sources[at].count("-"), -abs(len(targets[at]) - width)))


def measure_jumps(writer: Writer, sources: Sequence[str], targets: Sequence[str]) -> np.ndarray:
    """For German numbers that end in ones and tens: where it looks for the ones, minus where for the tens, in tokens.

    Above zero it looks further right for what it writes first. Of each attention the middle is taken, the mean place
    of the source tokens. `targets` are what the writer answers; numbers that end otherwise are left out.
    """
    found = [(source, ONES_AND_TENS.search(target)) for source, target in zip(sources, targets, strict=True)]
    chosen = [(source, match) for source, match in found if match]
    if not chosen:
        return np.zeros(0)
    _, looked = writer.write([source for source, _ in chosen])
    middles = looked @ np.arange(looked.shape[2])
    return np.array(
        [
            row[slice(*match.span(1))].mean() - row[slice(*match.span(2))].mean()
            for row, (_, match) in zip(middles, chosen, strict=True)
        ]
    )
