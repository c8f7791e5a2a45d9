"""How far what was said is from the truth: edit distance, and the error rate of words, characters or phonemes."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence


def edits(truth: Sequence[Hashable], said: Sequence[Hashable]) -> int:
    """The fewest tokens to insert, delete or replace that turn `said` into `truth` (Levenshtein 1966).

    A text is a sequence of characters; split it for words.
    """
    above = list(range(len(said) + 1))
    for row, wanted in enumerate(truth, 1):
        here = [row]
        for column, got in enumerate(said, 1):
            here.append(min(above[column] + 1, here[-1] + 1, above[column - 1] + (wanted != got)))
        above = here
    return above[-1]


def error_rate(truths: Iterable[Sequence[Hashable]], saids: Iterable[Sequence[Hashable]]) -> float:
    """All edits over all tokens of the truth: with words as tokens the word error rate. It may exceed 1.

    Raises ValueError if there are not as many answers as truths, or if the truths hold no token.
    """
    wrong = total = 0
    for truth, said in zip(truths, saids, strict=True):
        wrong, total = wrong + edits(truth, said), total + len(truth)
    if not total:
        raise ValueError("an error rate needs at least one token in the truths")
    return wrong / total
