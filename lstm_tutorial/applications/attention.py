"""Where a translator looks: which text shows it well, and whether it jumps as German numbers make it jump."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Protocol

import numpy as np

from lstm_tutorial.text import split_text

# "zweiundvierzig" is two and forty: the ones, "und", the tens.
ONES_AND_TENS = re.compile(
    "(ein|zwei|drei|vier|fünf|sechs|sieben|acht|neun)und((?:zwan|drei|vier|fünf|sech|sieb|acht|neun)(?:z|ß)ig)$"
)


class Writer(Protocol):
    """What writes answers and tells where it looked: a `Translator` with characters as target tokens."""

    def write(self, texts: Sequence[str]) -> tuple[np.ndarray, np.ndarray]: ...  # noqa: D102


def pick_text(sources: Sequence[str], lengths: Sequence[int], numbers: bool, longest: int = 20) -> int:
    """The place of a text to draw; `lengths` are the tokens that would have to be drawn.

    Of numbers the shortest with as many hyphens as any (swapped digits); else the longest with at most `longest`
    tokens, or the shortest of all.
    """
    if numbers:
        return max(range(len(sources)), key=lambda at: (sources[at].count("-"), -lengths[at]))
    return max(range(len(sources)), key=lambda at: -lengths[at] if lengths[at] > longest else lengths[at])


def follow_word(
    writer: Writer, sources: Sequence[str], targets: Sequence[str], word: str, written: str
) -> tuple[np.ndarray, int]:
    """While each letter of `written` is written: how much it looks at `word`, and how much further right.

    The mean (letters, 2) over all texts with both in them, and how many these are; texts that end with either are left
    out. Sources are taken apart into words, targets into characters; `targets` are what the writer answers.
    """
    found = []
    for source, target in zip(sources, targets, strict=True):
        tokens, start = split_text(source), target.find(written)
        if word in tokens[:-1] and 0 <= start < len(target) - len(written):
            found.append((source, tokens.index(word), start))
    if not found:
        return np.zeros((len(written), 2)), 0
    _, looked = writer.write([source for source, _, _ in found])
    rows = [(row[start : start + len(written)], at) for row, (_, at, start) in zip(looked, found, strict=True)]
    shares = [np.stack([row[:, at], row[:, at + 1 :].sum(axis=1)], axis=1) for row, at in rows]
    return np.mean(shares, axis=0), len(found)


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
