"""Beam search: keep the few likeliest beginnings of an answer instead of one. Knows no framework."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np


class Hypothesis(NamedTuple):
    """An answer, with the edge at its end if it came to one, and the logarithm of its probability."""

    ids: tuple[int, ...]
    score: float


def search(
    step: Callable[[np.ndarray, Any], tuple[np.ndarray, Any]],
    pick: Callable[[Any, np.ndarray], Any],
    state: Any,
    edge: int,
    beam: int,
    longest: int,
) -> list[Hypothesis]:
    """Whole answers of at most `longest` tokens, the likeliest first, at most `beam` of them.

    `step(last ids (n,), state)` gives log-probabilities (n, tokens) and the state after it; `pick(state, rows)` the
    state of some rows, which may stand twice. All start from `state`, of one row, with `edge` as the last token, and
    an answer ends with `edge`. It is sorted by the probability of the whole answer, with nothing added for its length.
    Answers cut off at `longest` are given only where none came to its end. Raises ValueError for a beam below 1.
    """
    if beam < 1:
        raise ValueError(f"a beam of {beam} keeps nothing; wanted 1 or more")
    open_ids, scores, last = [()], np.zeros(1), np.array([edge])
    done: list[Hypothesis] = []
    for _ in range(longest):
        chances, state = step(last, state)
        totals = (scores[:, None] + chances).ravel()
        # As many as are enough to fill a beam with open ones, should half of them end.
        order = np.argsort(-totals, kind="stable")[: 2 * beam]
        rows, tokens = np.divmod(order, chances.shape[1])
        ended = tokens == edge
        for place in order[:beam][ended[:beam]]:
            done.append(Hypothesis((*open_ids[place // chances.shape[1]], edge), float(totals[place])))
        done = sorted(done, key=lambda found: -found.score)[:beam]
        rows, tokens, scores = rows[~ended][:beam], tokens[~ended][:beam], totals[order[~ended][:beam]]
        # A longer answer is never likelier than its beginning.
        if not len(rows) or (len(done) == beam and scores[0] <= done[-1].score):
            return done
        open_ids = [(*open_ids[row], int(token)) for row, token in zip(rows, tokens, strict=True)]
        last, state = tokens, pick(state, rows)
    return done or [Hypothesis(ids, float(score)) for ids, score in zip(open_ids, scores, strict=True)]
