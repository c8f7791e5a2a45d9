"""Text, and other sequences of different lengths, as arrays: ids, padding, masks, batches of like lengths."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

PADDING, UNKNOWN = 0, 1  # ids; 0 is what Keras' `mask_zero` masks
Unit = Literal["characters", "words"]


def split_text(text: str, unit: Unit = "words") -> list[str]:
    """A text's characters, or its words in lower case, each punctuation mark a word of its own."""
    return list(text) if unit == "characters" else re.findall(r"\w+|[^\w\s]", text.lower())


@dataclass(frozen=True)
class Vocabulary:
    """Tokens and their ids: `tokens[0]` has id 2, since 0 is padding and 1 whatever is unknown."""

    tokens: tuple[str, ...]
    unit: Unit = "words"

    @classmethod
    def of(cls, texts: Iterable[str], unit: Unit = "words", size: int | None = None) -> Vocabulary:
        """The most frequent tokens of the *training* texts, at most `size`; ties in order of the alphabet."""
        counts = Counter(token for text in texts for token in split_text(text, unit))
        return cls(tuple(sorted(counts, key=lambda token: (-counts[token], token))[:size]), unit)

    def __len__(self) -> int:
        return len(self.tokens) + 2

    def encode(self, text: str) -> np.ndarray:
        """A text's ids, (tokens,)."""
        ids = {token: place for place, token in enumerate(self.tokens, 2)}
        return np.array([ids.get(token, UNKNOWN) for token in split_text(text, self.unit)], dtype=np.int32)

    def decode(self, ids: Iterable[int]) -> str:
        """The text that ids stand for, without padding and with "?" for what is unknown; words joined by spaces."""
        names = ("", "?", *self.tokens)
        return ("" if self.unit == "characters" else " ").join(names[place] for place in ids if place != PADDING)


def pad(sequences: Sequence[np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Sequences of different lengths as one array, filled up with zeros at the end, and a mask of what is real.

    From arrays (length, ...): an array (batch, longest, ...) and a bool mask (batch, longest). Raises ValueError
    where there is no sequence.
    """
    if not sequences:
        raise ValueError("no sequences to pad; wanted at least one")
    longest, first = max(map(len, sequences)), sequences[0]
    padded = np.zeros((len(sequences), longest, *first.shape[1:]), first.dtype)
    for row, sequence in zip(padded, sequences, strict=True):
        row[: len(sequence)] = sequence
    mask: np.ndarray = np.arange(longest) < np.array([len(sequence) for sequence in sequences])[:, None]
    return padded, mask


def bucket(lengths: Sequence[int], batch_size: int, rng: np.random.Generator) -> list[np.ndarray]:
    """Batches of places, each (batch,), in random order, of sequences of like lengths, so that little is padded.

    Sequences of equal length are shuffled among each other, and so are the batches.
    """
    order = rng.permutation(len(lengths))
    order = order[np.argsort(np.asarray(lengths)[order], kind="stable")]
    batches = [order[start : start + batch_size] for start in range(0, len(order), batch_size)]
    return [batches[place] for place in rng.permutation(len(batches))]
