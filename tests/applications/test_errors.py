"""Edit distances and error rates agree with jiwer's, and with plain recursion."""

from functools import cache

import jiwer
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lstm_tutorial.applications.errors import edits, error_rate

WORDS = st.lists(st.sampled_from(["one", "two", "three"]), min_size=1, max_size=6)


def edits_by_recursion(truth, said):
    @cache
    def left(i, j):
        if i == len(truth) or j == len(said):
            return len(truth) - i + len(said) - j
        return min(left(i + 1, j) + 1, left(i, j + 1) + 1, left(i + 1, j + 1) + (truth[i] != said[j]))

    return left(0, 0)


def test_edits_of_known_pairs():
    assert edits("kitten", "sitting") == 3
    assert edits("", "abc") == 3
    assert edits("abc", "") == 3
    assert edits([], []) == 0
    assert edits((1, 2, 3), [1, 3]) == 1


@given(st.text("ab", max_size=6), st.text("ab", max_size=6))
def test_edits_are_the_fewest(truth, said):
    assert edits(truth, said) == edits_by_recursion(truth, said) == edits(said, truth)


@given(st.lists(st.tuples(WORDS, WORDS), min_size=1, max_size=5))
def test_word_and_character_error_rates_are_jiwers(pairs):
    truths, saids = zip(*pairs, strict=True)
    lines = [" ".join(words) for words in truths], [" ".join(words) for words in saids]
    assert error_rate(truths, saids) == pytest.approx(jiwer.wer(*map(list, lines)))
    assert error_rate(*lines) == pytest.approx(jiwer.cer(*map(list, lines)))


def test_an_error_rate_may_exceed_one():
    assert error_rate([["one"]], [["one", "two", "three"]]) == 2


def test_an_error_rate_of_nothing_or_of_unequal_numbers_is_refused():
    with pytest.raises(ValueError, match="at least one token"):
        error_rate([[]], [["one"]])
    with pytest.raises(ValueError, match="zip"):
        error_rate([["one"]], [])
