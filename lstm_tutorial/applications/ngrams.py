"""N-grams: what a language model has to beat. Counts of short stretches of symbols, smoothed, all in sorted arrays.

Two smoothings, both interpolated: Witten-Bell (Witten and Bell 1991) and Kneser-Ney with one discount for each length
(Kneser and Ney 1995, in the form of Chen and Goodman 1999, equation 21).
"""

from __future__ import annotations

import lzma
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, NamedTuple

import numpy as np

Smoothing = Literal["Witten-Bell", "Kneser-Ney"]


class Counts(NamedTuple):
    """N-grams of one length as sorted codes (grams,), how often each was seen, and the same of their contexts.

    A context is all but the last symbol of an n-gram; `kinds` are the different symbols seen after it.
    """

    grams: np.ndarray
    times: np.ndarray
    contexts: np.ndarray
    totals: np.ndarray
    kinds: np.ndarray


@dataclass(frozen=True)
class NGrams:
    """Stretches of up to `longest` symbols in sequences of codes below `symbols`, each (length,), counted once.

    Before each sequence stand beginnings, a symbol of their own. Raises ValueError where codes of that length do
    not fit into 64 bits, or nothing is there to count.
    """

    sequences: Sequence[np.ndarray]
    symbols: int
    longest: int

    def __post_init__(self) -> None:
        if self.longest * np.log2(self.symbols + 1) >= 63:
            raise ValueError(f"{self.longest} of {self.symbols} symbols are too many for a code; take fewer")
        if not any(map(len, self.sequences)):
            raise ValueError("no symbols to count; wanted at least one")

    def probabilities(
        self,
        sequences: Sequence[np.ndarray],
        order: int,
        smoothing: Smoothing = "Kneser-Ney",
        discount: float | None = None,
    ) -> np.ndarray:
        """Of each symbol of the sequences, one after the other, given the `order` - 1 before it: (symbols,).

        Kneser-Ney takes `discount` from each count; None: n1 / (n1 + 2 n2), with n1 n-grams that were seen once and
        n2 that were seen twice, for each length.
        """
        windows = self._windows(sequences)
        found = np.full(len(windows), 1 / self.symbols)
        for length in range(1, order + 1):
            top = length == order or smoothing == "Witten-Bell"
            counts = self._seen[length - 1] if top else self._continued[length - 1]
            codes = self._code(windows, length)
            times = _look_up(counts.grams, counts.times, codes)
            totals, kinds = (
                _look_up(counts.contexts, each, codes // (self.symbols + 1)) for each in (counts.totals, counts.kinds)
            )
            if smoothing == "Witten-Bell":
                taken, left, whole = times, kinds, totals + kinds
            else:
                less = _discount(counts.times) if discount is None else discount
                taken, left, whole = np.maximum(times - less, 0), less * kinds, totals
            found = np.where(totals > 0, (taken + left * found) / np.maximum(whole, 1), found)
        return found

    def bits(self, sequences: Sequence[np.ndarray], order: int, smoothing: Smoothing = "Kneser-Ney") -> float:
        """Mean of -log2 of these probabilities: bits a symbol."""
        return float(-np.log2(self.probabilities(sequences, order, smoothing)).mean())

    @cached_property
    def _seen(self) -> list[Counts]:
        """For each length, n-grams and how often they were seen."""
        windows = self._windows(self.sequences)
        return [
            self._count(*np.unique(self._code(windows, length), return_counts=True))
            for length in range(1, self.longest + 1)
        ]

    @cached_property
    def _continued(self) -> list[Counts]:
        """For each length but the longest, n-grams and how many different symbols were seen before them.

        What begins a sequence has nothing but beginnings before it, and keeps how often it was seen.
        """
        found, base = [], self.symbols + 1
        for length, (here, longer) in enumerate(zip(self._seen, self._seen[1:], strict=False), start=1):
            grams, before = np.unique(longer.grams % base**length, return_counts=True)
            begins = grams // base ** (length - 1) == self.symbols
            found.append(self._count(grams, np.where(begins & (length > 1), here.times, before)))
        return found

    def _count(self, grams: np.ndarray, times: np.ndarray) -> Counts:
        contexts, first, kinds = np.unique(grams // (self.symbols + 1), return_index=True, return_counts=True)
        return Counts(grams, times, contexts, np.add.reduceat(times, first), kinds)

    def _windows(self, sequences: Sequence[np.ndarray]) -> np.ndarray:
        """Each symbol with the `longest` - 1 before it: (symbols, longest)."""
        start = np.full(self.longest - 1, self.symbols)
        padded = [np.concatenate([start, sequence]) for sequence in sequences if len(sequence)]
        return np.concatenate([np.lib.stride_tricks.sliding_window_view(each, self.longest) for each in padded])

    def _code(self, windows: np.ndarray, length: int) -> np.ndarray:
        code = np.zeros(len(windows), np.int64)
        for column in windows[:, self.longest - length :].T:
            code = code * (self.symbols + 1) + column
        return code


def best_order(
    ngrams: NGrams, validation: Sequence[np.ndarray]
) -> tuple[tuple[int, Smoothing], dict[Smoothing, list[float]]]:
    """Length and smoothing with the fewest bits on validation sequences, and the bits of all: one a length."""
    smoothings: tuple[Smoothing, ...] = ("Witten-Bell", "Kneser-Ney")
    bits = {
        each: [ngrams.bits(validation, order, each) for order in range(1, ngrams.longest + 1)] for each in smoothings
    }
    best = min(smoothings, key=lambda each: min(bits[each]))
    return (int(np.argmin(bits[best])) + 1, best), bits


def compressed_bits(before: bytes, text: bytes, symbols: int) -> float:
    """Bits a symbol that xz needs for a text of so many symbols, once it has seen what came `before`."""
    options = {"format": lzma.FORMAT_RAW, "filters": [{"id": lzma.FILTER_LZMA2, "preset": 9 | lzma.PRESET_EXTREME}]}
    both, first = (len(lzma.compress(part, **options)) for part in (before + text, before))  # type: ignore[arg-type]
    return 8 * (both - first) / symbols


def _discount(times: np.ndarray) -> float:
    once, twice = (int(np.sum(times == often)) for often in (1, 2))
    return once / (once + 2 * twice) if once else 0.0


def _look_up(keys: np.ndarray, values: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """The values of `wanted` keys, 0 where there is none; `keys` are sorted."""
    place = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return np.where(keys[place] == wanted, values[place], 0)
