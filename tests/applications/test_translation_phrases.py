"""Phrases are counted as if all cuts were looked at one by one, and a language without swaps is learned."""

import itertools

import numpy as np
import pytest

from lstm_tutorial.applications.pairs import Pairs
from lstm_tutorial.applications.phrases import MOST, count_phrases, cut, learn_phrases, number_phrases


def test_counts_are_those_over_all_cuts():
    """Against all cuts written down, for two pairs with two and three pieces."""
    targets, pieces = [[*"aba"], [*"ab"]], np.array([[1, 2, 1], [2, 3, 0]])
    ids, phrases = number_phrases(targets * 3, 2)
    ids = ids[:, :2]
    chances = np.random.default_rng(0).uniform(size=(4, len(phrases)))
    chances[0] = np.arange(len(phrases)) == 0
    wanted = np.zeros_like(chances)
    for row, target in enumerate(targets):
        cuts = {}
        for lengths in itertools.product(range(3), repeat=3):
            if sum(lengths) == len(target):
                starts = np.cumsum([0, *lengths])
                used = [phrases.index(tuple(target[a:b])) for a, b in itertools.pairwise(starts)]
                cuts[tuple(used)] = np.prod(chances[pieces[row], used])
        for used, chance in cuts.items():
            for piece, phrase in zip(pieces[row], used, strict=True):
                wanted[piece, phrase] += chance / sum(cuts.values())
    found = count_phrases(chances, pieces, ids, np.array([3, 2]))
    assert found == pytest.approx(wanted)
    assert found.sum() == pytest.approx(6)  # three pieces in each row


def test_a_language_of_phrases_in_order_is_learned():
    rng = np.random.default_rng(0)
    words = {"one": "un", "two": "deux", "three": "trois", "and": "", "ten": "dix"}
    sources = [" ".join(rng.choice(list(words), rng.integers(2, 6))) for _ in range(300)]
    pairs = [(source, "".join(words[word] for word in source.split())) for source in sources]
    found = learn_phrases(Pairs.of("made up", pairs[:200], ("words", "characters")), rounds=15)
    assert found.translate(sources[200:]) == [target for _, target in pairs[200:]]
    assert found.translate(["two unheard-of three"]) == ["deuxtrois"]


def test_as_many_pairs_are_learned_from_as_is_said():
    pairs = [("one two", "undeux"), ("two one", "deuxun")] * 300 + [("three", "trois")] * 3
    sources, targets = zip(*pairs, strict=True)
    train = Pairs("made up", sources, tuple((text,) for text in targets), ("words", "characters"))
    assert len(train) <= MOST
    assert learn_phrases(train).translate(["three"]) == ["trois"]
    assert learn_phrases(train, count=600).translate(["three"]) == [""]


def test_pieces_are_characters_or_what_stands_between_spaces():
    assert cut("Forty-two, ten", "words") == [("forty-two,", False), ("ten", True)]
    assert cut("go", "characters") == [("g", False), ("o", True)]
