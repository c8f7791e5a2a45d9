"""What counting gets: n-grams of the best order, going on or not; what they expect in text of their own; xz."""

from __future__ import annotations

import lzma
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from lstm_tutorial.applications.corpus import Corpus
from lstm_tutorial.applications.ngrams import SMOOTHINGS, NGrams, Smoothing

FOLDS = 10  # parts of the training data, each with counts of the others


@dataclass(frozen=True)
class Counting:
    """N-grams read with one order and one smoothing."""

    ngrams: NGrams
    order: int
    smoothing: Smoothing

    def bits(self, sequences: Sequence[np.ndarray]) -> float:
        """Mean of what each symbol of the sequences costs."""
        return float(self.each(sequences).mean())

    def each(self, sequences: Sequence[np.ndarray]) -> np.ndarray:
        """-log2 of the probability of each symbol of the sequences, one after the other: (symbols,)."""
        return -np.log2(self.ngrams.probabilities(sequences, self.order, self.smoothing))


def best_order(ngrams: NGrams, validation: Sequence[np.ndarray]) -> tuple[Counting, dict[Smoothing, list[float]]]:
    """Length and smoothing with the fewest bits on validation sequences, and the bits of all: one a length."""
    bits = {
        each: [Counting(ngrams, order, each).bits(validation) for order in range(1, ngrams.longest + 1)]
        for each in SMOOTHINGS
    }
    best = min(SMOOTHINGS, key=lambda each: min(bits[each]))
    return Counting(ngrams, int(np.argmin(bits[best])) + 1, best), bits


def adaptive_bits(counting: Counting, before: np.ndarray, text: np.ndarray, step: int = 500) -> float:
    """Bits a symbol of a text (length,) if what has been read of it is counted too, anew after each `step` symbols."""
    ngrams, costs = counting.ngrams, []
    for start in range(0, len(text), step):
        read = np.concatenate([before, text[:start]])
        counted = NGrams.count([read], ngrams.symbols, ngrams.longest)
        known = read[-ngrams.longest :]
        going_on = np.concatenate([known, text[start : start + step]])
        costs.append(replace(counting, ngrams=counted).each([going_on])[len(known) :])
    return float(np.concatenate(costs).mean())


def cross_fit(counting: Counting, corpus: Corpus) -> list[np.ndarray]:
    """Logarithms of what n-grams expect in each place of the training sequences: of each (length, kinds).

    The text is divided into `FOLDS` parts, and what is expected in each comes from counts of the others: in text that
    was counted, n-grams would look better than they are. The parts of a running text are pieces of it.
    """
    pieces, ngrams = corpus.train, counting.ngrams
    if corpus.running:
        pieces = np.array_split(pieces[0], FOLDS)
        ngrams = NGrams.count(pieces, ngrams.symbols, ngrams.longest)
    found = [np.zeros((0, ngrams.symbols), np.float32)] * len(pieces)
    for fold in range(min(FOLDS, len(pieces))):
        part = pieces[fold::FOLDS]
        others = ngrams.without(part).distributions(part, counting.order, counting.smoothing)
        found[fold::FOLDS] = np.split(np.log(others), np.cumsum([len(piece) for piece in part])[:-1])
    return found


def compressed_bits(before: bytes, text: bytes, symbols: int) -> float:
    """Bits a symbol that xz needs for a text of so many symbols, once it has seen what came `before`."""
    options = {"format": lzma.FORMAT_RAW, "filters": [{"id": lzma.FILTER_LZMA2, "preset": 9 | lzma.PRESET_EXTREME}]}
    both, first = (len(lzma.compress(part, **options)) for part in (before + text, before))  # type: ignore[arg-type]
    return 8 * (both - first) / symbols
