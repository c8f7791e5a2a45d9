"""Beam search finds what an exhaustive search finds, and with a beam of one what greedy search finds."""

import itertools

import numpy as np
import pytest

from lstm_tutorial.applications.beam import search

EDGE, TOKENS, LONGEST = 3, 4, 4


def chain(seed):
    """A made-up decoder: the chances of the next token depend on the two before it."""
    logits = np.random.default_rng(seed).normal(0, 2, (TOKENS, TOKENS, TOKENS))
    table = logits - np.log(np.exp(logits).sum(axis=-1, keepdims=True))

    def step(last, state):
        return table[state, last], last

    return table, step, lambda state, rows: state[rows]


def run(seed, beam):
    _, step, pick = chain(seed)
    return search(step, pick, np.array([EDGE]), EDGE, beam, LONGEST)


def every_answer(seed):
    """All whole answers with their scores, the likeliest first."""
    table, _, _ = chain(seed)
    found = []
    for length in range(LONGEST):
        for tokens in itertools.product([t for t in range(TOKENS) if t != EDGE], repeat=length):
            path = (EDGE, EDGE, *tokens, EDGE)
            found.append((path[2:], sum(table[a, b, c] for a, b, c in zip(path, path[1:], path[2:], strict=False))))
    return sorted(found, key=lambda pair: -pair[1])


@pytest.mark.parametrize("seed", range(20))
def test_a_wide_beam_finds_what_exhaustive_search_finds(seed):
    wanted = every_answer(seed)
    found = run(seed, 200)
    assert [answer.ids for answer in found[:5]] == [ids for ids, _ in wanted[:5]]
    assert [answer.score for answer in found] == pytest.approx([score for _, score in wanted])


@pytest.mark.parametrize("seed", range(20))
def test_a_beam_of_one_is_greedy(seed):
    table, _, _ = chain(seed)
    path = [EDGE, EDGE]
    while len(path) < LONGEST + 2 and (len(path) == 2 or path[-1] != EDGE):
        path.append(int(np.argmax(table[path[-2], path[-1]])))
    if path[-1] == EDGE:
        (only,) = run(seed, 1)
        assert only.ids == tuple(path[2:])


def test_a_narrow_beam_finds_a_likelier_answer_than_greedy_search_at_times_and_never_beats_the_exhaustive_one():
    gains = []
    for seed in range(50):
        greedy, narrow, best = run(seed, 1)[0], run(seed, 3)[0], every_answer(seed)[0]
        if greedy.ids[-1] == EDGE and narrow.ids[-1] == EDGE:
            gains.append(narrow.score - greedy.score)
            assert narrow.score <= best[1] + 1e-9
    assert max(gains) > 0.1


def test_answers_that_never_end_are_cut_off():
    never = np.log(np.array([0.6, 0.4, 1e-30]))
    found = search(lambda last, state: (np.tile(never, (len(last), 1)), state), lambda s, r: s, None, 2, 2, 3)
    assert found[0].ids[:3] == (0, 0, 0) or found[0].ids[-1] == 2
    with pytest.raises(ValueError, match="a beam of 0 keeps nothing"):
        search(lambda last, state: (never, state), lambda s, r: s, None, 2, 0, 3)
