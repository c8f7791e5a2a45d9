"""A phrase table: what each piece of a source stands for, learned from pairs alone, written down in the same order."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lstm_tutorial.applications.pairs import Pairs
from lstm_tutorial.text import Unit, split_text

Piece = tuple[str, bool]  # and whether it is the last
MOST = 2000  # pairs to learn from: time and memory grow with them


@dataclass(frozen=True)
class Phrases:
    """The likeliest phrase for each piece of a source; nothing for pieces that were not seen."""

    table: dict[Piece, str]
    units: tuple[Unit, Unit]

    def translate(self, sources: Sequence[str]) -> list[str]:
        """Phrases in the order of the source."""
        space = "" if self.units[1] == "characters" else " "
        found = ([self._look_up(piece) for piece in cut(source, self.units[0])] for source in sources)
        return [space.join(phrase for phrase in phrases if phrase) for phrases in found]

    def _look_up(self, piece: Piece) -> str:
        return self.table.get(piece) or self.table.get((piece[0], not piece[1]), "")


def cut(source: str, unit: Unit) -> list[Piece]:
    """A source's characters, or what stands between its spaces."""
    pieces = [*source] if unit == "characters" else source.lower().split()
    return [(piece, place == len(pieces)) for place, piece in enumerate(pieces, 1)]


def learn_phrases(train: Pairs, count: int = MOST, rounds: int = 10) -> Phrases:
    """Expectation maximization over all ways to cut the targets of the first `count` pairs into phrases.

    Each piece of the source stands for one phrase, perhaps an empty one, in the same order, and
    p(target, cut | source) is the product of p(phrase | piece). All cuts count as likely at first. A round adds up
    how probable each phrase is for each piece over all cuts, by the forward-backward algorithm, and takes these sums
    for the new probabilities: as in model 1 of Brown and others 1993 (https://aclanthology.org/J93-2003/), but in
    order and with phrases in place of words. Phrases of more than one token must occur three times.
    """
    sources = [cut(text, train.units[0]) for text in train.sources[:count]]
    targets = [split_text(texts[0], train.units[1]) for texts in train.targets[:count]]
    longest = min(int(np.ceil(3 * sum(map(len, targets)) / sum(map(len, sources)))), max(map(len, targets)))
    names: dict[Piece | None, int] = {None: 0}  # stands for what is not there
    pieces = np.zeros((len(sources), max(map(len, sources))), np.int64)
    for row, source in zip(pieces, sources, strict=True):
        row[: len(source)] = [names.setdefault(piece, len(names)) for piece in source]
    ids, phrases = number_phrases(targets, longest)
    chances = np.full((len(names), len(phrases)), 1 / len(phrases))
    ends = np.array([len(target) for target in targets])
    for _ in range(rounds):
        chances[0] = np.arange(len(phrases)) == 0
        counts = count_phrases(chances, pieces, ids, ends)
        chances = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1e-300)
    space = "" if train.units[1] == "characters" else " "
    best = chances.argmax(axis=1)
    return Phrases({p: space.join(phrases[best[at]]) for p, at in names.items() if p is not None}, train.units)


def number_phrases(targets: Sequence[Sequence[str]], longest: int) -> tuple[np.ndarray, list[tuple[str, ...]]]:
    """Ids of the phrases (longest + 1, targets, tokens + 1) by length and place of the first token; -1 where none.

    And the phrases by id: 0 is the empty one.
    """
    occurrences: dict[tuple[str, ...], int] = {}
    spans = [
        (row, start, tuple(target[start : start + length]))
        for row, target in enumerate(targets)
        for start in range(len(target))
        for length in range(1, min(longest, len(target) - start) + 1)
    ]
    for _, _, phrase in spans:
        occurrences[phrase] = occurrences.get(phrase, 0) + 1
    phrases = [(), *(phrase for phrase, times in occurrences.items() if times >= 3 or len(phrase) == 1)]
    known = {phrase: number for number, phrase in enumerate(phrases)}
    ids = np.full((longest + 1, len(targets), max(map(len, targets)) + 1), -1)
    ids[0] = 0
    for row, start, phrase in spans:
        ids[len(phrase), row, start] = known.get(phrase, -1)
    return ids, phrases


def count_phrases(chances: np.ndarray, pieces: np.ndarray, ids: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """How often each piece stands for each phrase, expected over all cuts: (pieces, phrases). A round's first half."""
    padded = np.concatenate([chances, np.zeros((len(chances), 1))], axis=1)  # what id -1 picks
    lengths, rows, width = len(ids), len(pieces), ids.shape[2]
    steps = pieces.shape[1]

    def chance(step: int, length: int) -> np.ndarray:
        return padded[pieces[:, step, None], ids[length]][:, : width - length]

    forward = np.zeros((steps + 1, rows, width))
    backward = np.zeros_like(forward)
    forward[0, :, 0] = backward[steps, np.arange(rows), ends] = 1
    for step in range(steps):
        for length in range(lengths):
            forward[step + 1, :, length:] += forward[step, :, : width - length] * chance(step, length)
    total = forward[steps, np.arange(rows), ends]
    scale = np.divide(1, total, out=np.zeros(rows), where=total > 0)[:, None]  # what can't be cut does not count
    keys, weights = [], []
    for step in reversed(range(steps)):
        for length in range(lengths):
            here = chance(step, length) * backward[step + 1, :, length:]
            backward[step, :, : width - length] += here
            weight = forward[step, :, : width - length] * here * scale
            row, start = np.nonzero(weight)
            keys.append(pieces[row, step] * padded.shape[1] + ids[length][row, start])
            weights.append(weight[row, start])
    counts = np.bincount(np.concatenate(keys), np.concatenate(weights), padded.size)
    return counts.reshape(padded.shape)[:, :-1]
