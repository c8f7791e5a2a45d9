"""N-grams: what a language model has to beat. Counts of short stretches of symbols, smoothed, all in sorted arrays.

Three smoothings, all interpolated: Witten-Bell (Witten and Bell 1991); Kneser-Ney with one discount for each length
(Kneser and Ney 1995, in the form of Chen and Goodman 1999, equation 21); and Chen and Goodman's modified Kneser-Ney,
with three (their section 3).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal, NamedTuple

import numpy as np

Smoothing = Literal["Witten-Bell", "Kneser-Ney", "modified Kneser-Ney"]
SMOOTHINGS: tuple[Smoothing, ...] = ("Witten-Bell", "Kneser-Ney", "modified Kneser-Ney")
CELLS = 2_000_000  # numbers in the largest table that is made at once


class Counts(NamedTuple):
    """N-grams of one length as sorted codes (grams,), how often each was seen, and the sums over their contexts.

    A context is all but the last symbol of an n-gram; `first` is where its n-grams begin in `grams`, `kinds` how many
    different symbols were seen after it.
    """

    grams: np.ndarray
    times: np.ndarray
    contexts: np.ndarray
    first: np.ndarray
    totals: np.ndarray
    kinds: np.ndarray


@dataclass(frozen=True)
class NGrams:
    """Stretches of symbols, as often as they were `seen`: for each length from one on, up to `longest`.

    Before each sequence stands one beginning, a symbol of its own; no stretch reaches further back.
    """

    seen: tuple[Counts, ...]
    symbols: int
    longest: int

    @classmethod
    def count(cls, sequences: Sequence[np.ndarray], symbols: int, longest: int) -> NGrams:
        """Those of sequences of codes below `symbols`, each (length,).

        Raises ValueError where codes of that length do not fit into 64 bits, or nothing is there to count.
        """
        if longest * np.log2(symbols + 1) >= 63:
            raise ValueError(f"{longest} of {symbols} symbols are too many for a code; take fewer")
        if not any(map(len, sequences)):
            raise ValueError("no symbols to count; wanted at least one")
        found = [_sum_up(*each, symbols + 1) for each in _count(sequences, symbols, longest)]
        return cls(tuple(found), symbols, longest)

    def without(self, sequences: Sequence[np.ndarray]) -> NGrams:
        """The counts as they would be without some of the sequences that were counted."""
        found = []
        for counts, (grams, times) in zip(self.seen, _count(sequences, self.symbols, self.longest), strict=False):
            left = counts.times.copy()
            left[np.searchsorted(counts.grams, grams)] -= times
            if left.any():
                found.append(_sum_up(counts.grams[left > 0], left[left > 0], self.symbols + 1))
        return NGrams(tuple(found), self.symbols, self.longest)

    def probabilities(
        self,
        sequences: Sequence[np.ndarray],
        order: int,
        smoothing: Smoothing = "modified Kneser-Ney",
        discounts: Sequence[float] | None = None,
    ) -> np.ndarray:
        """Of each symbol of the sequences, one after the other, given the `order` - 1 before it: (symbols,).

        Kneser-Ney takes `discounts` from n-grams that were seen once, twice, and oftener; None: as many as the counts
        of each length suggest.
        """
        windows, reach = _windows(sequences, self.symbols, self.longest)
        found, step = np.empty(len(windows)), CELLS // self.symbols + 1
        for start in range(0, len(windows), step):
            part = slice(start, start + step)
            every = self._mix(windows[part, :-1], reach[part], order, smoothing, discounts)
            found[part] = np.take_along_axis(every, windows[part, -1:], axis=1)[:, 0]
        return found

    def distributions(
        self, sequences: Sequence[np.ndarray], order: int, smoothing: Smoothing = "modified Kneser-Ney"
    ) -> np.ndarray:
        """Probabilities of all symbols in the place of each: (length of all sequences, symbols)."""
        windows, reach = _windows(sequences, self.symbols, self.longest)
        found, step = np.empty((len(windows), self.symbols), np.float32), CELLS // self.symbols + 1
        for start in range(0, len(windows), step):
            part = slice(start, start + step)
            found[part] = self._mix(windows[part, :-1], reach[part], order, smoothing)
        return found

    def after(self, histories: np.ndarray, order: int, smoothing: Smoothing = "modified Kneser-Ney") -> np.ndarray:
        """Probabilities of all symbols after histories (n, length), each from its beginning on: (n, symbols)."""
        start = np.full((len(histories), self.longest - 1), self.symbols)
        before = np.concatenate([start, histories], axis=1)[:, histories.shape[1] :]
        return self._mix(before, np.full(len(before), histories.shape[1] + 2), order, smoothing)

    def _mix(
        self,
        before: np.ndarray,
        reach: np.ndarray,
        order: int,
        smoothing: Smoothing,
        discounts: Sequence[float] | None = None,
    ) -> np.ndarray:
        """From what stands before (n, longest - 1), and the longest stretch that there is (n,): (n, symbols)."""
        found, base = np.full((len(before), self.symbols), 1 / self.symbols), self.symbols + 1
        order = min(order, len(self.seen))  # no sequence may be long enough for more
        for length in range(1, order + 1):
            plain = length == order or smoothing == "Witten-Bell"
            counts = self.seen[length - 1] if plain else self._continued[length - 1]
            context = _code(before[:, before.shape[1] - length + 1 :], base)
            place = np.minimum(np.searchsorted(counts.contexts, context), len(counts.contexts) - 1)
            known = np.flatnonzero((counts.contexts[place] == context) & (reach >= length))
            place = place[known]
            if smoothing == "Witten-Bell":
                taken, left = counts.times, counts.kinds
                whole = counts.totals + counts.kinds
            else:
                three = discounts or estimate_discounts(counts.times, 1 if smoothing == "Kneser-Ney" else 3)
                less = np.minimum(np.array(three)[np.minimum(counts.times, 3) - 1], counts.times)
                taken, left, whole = counts.times - less, np.add.reduceat(less, counts.first), counts.totals
            found[known] *= (left / whole)[place, None]
            # Each place gets the n-grams of its context, as many as there are.
            kinds = counts.kinds[place]
            nth = np.arange(kinds.sum()) - np.repeat(np.cumsum(kinds) - kinds, kinds)
            gram = np.repeat(counts.first[place], kinds) + nth
            found[np.repeat(known, kinds), counts.grams[gram] % base] += taken[gram] / np.repeat(whole[place], kinds)
        return found

    @cached_property
    def _continued(self) -> list[Counts]:
        """For each length but the longest, n-grams and how many different symbols were seen before them.

        What begins a sequence has nothing before it, and keeps how often it was seen.
        """
        found, base = [], self.symbols + 1
        for length, (here, longer) in enumerate(zip(self.seen, self.seen[1:], strict=False), start=1):
            times = here.times.copy()
            inner, before = np.unique(longer.grams % base**length, return_counts=True)
            times[np.searchsorted(here.grams, inner)] = before
            found.append(_sum_up(here.grams, times, base))
        return found


def estimate_discounts(times: np.ndarray, kinds: Literal[1, 3] = 3) -> list[float]:
    """What to take from n-grams that were seen once, twice, and oftener: the same (1) or three discounts (3).

    From how many were seen once to four times, with D = n1 / (n1 + 2 n2): k - (k + 1) D n(k + 1) / n(k), kept between
    D and k. Where counts are too few for that, D; and where none was seen once, a half.
    """
    often = [int(np.sum(times == count)) for count in (1, 2, 3, 4)]
    one = often[0] / (often[0] + 2 * often[1]) if often[0] else 0.5
    if kinds == 1:
        return [one] * 3
    steps = zip((1, 2, 3), often, often[1:], strict=False)
    return [min(max(k - (k + 1) * one * more / n, one), k) if often[0] and n else one for k, n, more in steps]


def _windows(sequences: Sequence[np.ndarray], symbols: int, longest: int) -> tuple[np.ndarray, np.ndarray]:
    """Each symbol with the `longest` - 1 before it (n, longest), and how many of them reach to the beginning (n,)."""
    flat = np.concatenate(list(sequences))
    places = np.concatenate([np.arange(len(sequence)) for sequence in sequences])
    windows = np.full((len(flat), longest), symbols)
    for back in range(min(longest, len(flat))):
        there = places >= back
        windows[there, longest - 1 - back] = flat[np.flatnonzero(there) - back]
    return windows, places + 2


def _count(sequences: Sequence[np.ndarray], symbols: int, longest: int) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """For each length that there is, its n-grams and how often each stands in the sequences."""
    windows, reach = _windows(sequences, symbols, longest)
    for length in range(1, min(longest, reach.max(initial=0)) + 1):
        yield np.unique(_code(windows[reach >= length, longest - length :], symbols + 1), return_counts=True)


def _sum_up(grams: np.ndarray, times: np.ndarray, base: int) -> Counts:
    contexts, first, kinds = np.unique(grams // base, return_index=True, return_counts=True)
    return Counts(grams, times, contexts, first, np.add.reduceat(times, first), kinds)


def _code(stretches: np.ndarray, base: int) -> np.ndarray:
    """A number for each stretch (n, length)."""
    code = np.zeros(len(stretches), np.int64)
    for column in stretches.T:
        code = code * base + column
    return code
