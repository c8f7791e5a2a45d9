"""N-grams are those of nltk and of slow dictionaries, and their probabilities sum to one."""

import itertools
from collections import Counter, defaultdict

import numpy as np
import pytest
from nltk.lm.models import InterpolatedLanguageModel
from nltk.lm.smoothing import KneserNey, WittenBell
from nltk.util import everygrams

from lstm_tutorial.applications.ngrams import SMOOTHINGS, NGrams, estimate_discounts

WORDS = ["abda", "cadabda", "abba", "bad", "cab", "a", "dab", "acab", "dadac", "bab"]
CODES = [np.array(["abcd".index(letter) for letter in word] + [4]) for word in WORDS]
HELD_OUT = [np.array([0, 1, 0, 4]), np.array([3, 0, 2, 0, 1, 4]), np.array([2, 2, 4])]
SYMBOLS, DISCOUNT, BEGIN = 5, 0.4, -1


class TheirWittenBell(WittenBell):
    """Unlike nltk's, ours goes on from single symbols to all symbols being equally likely."""

    def unigram_score(self, word):
        counts = self.counts.unigrams
        return (counts[word] + len(counts) / SYMBOLS) / (counts.N() + len(counts))


class TheirKneserNey(KneserNey):
    """Nothing stands before a beginning, so n-grams that begin with one count as often as they were seen."""

    def _continuation_counts(self, word, context=()):
        if context and context[0] == "<s>":
            return self.counts[context][word], self.counts[context].N()
        return super()._continuation_counts(word, context)

    def unigram_score(self, word):
        counts = self.counts.unigrams
        seen, total = (counts[word], counts.N()) if self._order == 1 else self._continuation_counts(word)
        return (max(seen - self.discount, 0) + self.discount * len(counts) / SYMBOLS) / total


THEIRS = {
    "Witten-Bell": lambda order: InterpolatedLanguageModel(TheirWittenBell, order),
    "Kneser-Ney": lambda order: InterpolatedLanguageModel(
        TheirKneserNey, order, params={"discount": DISCOUNT, "order": order}
    ),
}


def fit_theirs(smoothing: str, order: int) -> InterpolatedLanguageModel:
    model = THEIRS[smoothing](order)
    padded = [["<s>", *map(str, word)] if order > 1 else [*map(str, word)] for word in CODES]
    # Nobody forecasts a beginning.
    kept = [[gram for gram in everygrams(word, max_len=order) if gram[-1] != "<s>"] for word in padded]
    model.fit(kept, ["<s>", *map(str, range(SYMBOLS))])
    return model


@pytest.mark.parametrize("smoothing", THEIRS)
@pytest.mark.parametrize("order", [1, 2, 3, 4])
def test_probabilities_are_those_of_nltk(smoothing, order):
    theirs = fit_theirs(smoothing, order)
    ours = iter(NGrams.count(CODES, SYMBOLS, 5).probabilities(HELD_OUT, order, smoothing, [DISCOUNT] * 3))
    for word in HELD_OUT:
        padded = ["<s>", *map(str, word)]
        for place in range(1, len(padded)):
            context = tuple(padded[max(0, place - order + 1) : place])
            assert np.isclose(next(ours), theirs.unmasked_score(padded[place], context), rtol=1e-12)


def count_slowly(order: int, kinds: int, before: tuple[int, ...]) -> list[float]:
    """Kneser-Ney with dictionaries, straight from the formulas, after one context: a probability for each symbol."""
    found = [1 / SYMBOLS] * SYMBOLS
    for length in range(1, order + 1):
        context = (BEGIN, *before)[len(before) + 2 - length :]
        if len(context) < length - 1:
            break
        seen: Counter[tuple[int, ...]] = Counter()
        earlier = defaultdict(set)
        for word in CODES:
            padded = (BEGIN, *word)
            for end in range(1, len(padded)):
                if end + 1 >= length:
                    gram = padded[end + 1 - length : end + 1]
                    seen[gram] += 1
                    earlier[gram].add(padded[end - length] if end >= length else None)
        if length < order:
            seen = Counter({gram: n if gram[0] == BEGIN else len(earlier[gram]) for gram, n in seen.items()})
        n1, n2, n3, n4 = (sum(n == often for n in seen.values()) for often in (1, 2, 3, 4))
        one = n1 / (n1 + 2 * n2) if n1 else 0.5
        three = [one] * 3
        if kinds == 3 and n1:
            three[1] = min(max(2 - 3 * one * n3 / n2, one), 2) if n2 else one
            three[2] = min(max(3 - 4 * one * n4 / n3, one), 3) if n3 else one
        after = {gram[-1]: n for gram, n in seen.items() if gram[:-1] == context}
        less = {symbol: three[min(n, 3) - 1] for symbol, n in after.items()}
        if after:
            found = [
                (after.get(symbol, 0) - less.get(symbol, 0) + sum(less.values()) * found[symbol]) / sum(after.values())
                for symbol in range(SYMBOLS)
            ]
    return found


@pytest.mark.parametrize(("smoothing", "kinds"), [("Kneser-Ney", 1), ("modified Kneser-Ney", 3)])
@pytest.mark.parametrize("order", [1, 2, 3, 4, 5])
def test_probabilities_are_those_of_counting_slowly(smoothing, kinds, order):
    ngrams = NGrams.count(CODES, SYMBOLS, 5)
    slow = [count_slowly(order, kinds, tuple(word[:place])) for word in HELD_OUT for place in range(len(word))]
    fast = ngrams.distributions(HELD_OUT, order, smoothing)
    np.testing.assert_allclose(fast, slow, rtol=1e-5)
    chosen = np.take_along_axis(np.array(slow), np.concatenate(HELD_OUT)[:, None], axis=1)[:, 0]
    np.testing.assert_allclose(ngrams.probabilities(HELD_OUT, order, smoothing), chosen, rtol=1e-12)
    histories = np.array([[0, 1], [2, 2], [4, 4]])
    expected = [count_slowly(order, kinds, tuple(history)) for history in histories]
    np.testing.assert_allclose(ngrams.after(histories, order, smoothing), expected, rtol=1e-12)


def test_discounts_are_those_of_chen_and_goodman():
    times = np.repeat([1, 2, 3, 4, 9], [40, 20, 10, 6, 5])
    assert estimate_discounts(times, 1) == [0.5] * 3
    assert np.allclose(estimate_discounts(times), [0.5, 2 - 1.5 * 10 / 20, 3 - 2 * 6 / 10])
    assert estimate_discounts(np.array([5, 5, 7])) == [0.5] * 3, "something is left for symbols that were never seen"


@pytest.mark.parametrize("smoothing", SMOOTHINGS)
@pytest.mark.parametrize("order", [1, 2, 3, 5])
def test_probabilities_after_any_context_sum_to_one(smoothing, order):
    ngrams = NGrams.count(CODES, SYMBOLS, 5)
    for length in range(4):
        before = np.array([*itertools.product(range(SYMBOLS), repeat=length)], int).reshape(SYMBOLS**length, length)
        every = ngrams.after(before, order, smoothing)
        np.testing.assert_allclose(every.sum(axis=1), 1)
        assert every.min() > 0


@pytest.mark.parametrize("smoothing", SMOOTHINGS)
def test_counts_without_some_words_are_those_of_the_others(smoothing):
    less = NGrams.count(CODES, SYMBOLS, 6).without(CODES[2:5])
    fresh = NGrams.count(CODES[:2] + CODES[5:], SYMBOLS, 6)
    for order in (1, 3, 6):
        np.testing.assert_array_equal(
            less.distributions(HELD_OUT, order, smoothing), fresh.distributions(HELD_OUT, order, smoothing)
        )


def test_more_beginnings_than_one_count_nothing_twice():
    """In words of one symbol a longer order has nothing to add."""
    letters = [np.array([symbol]) for symbol in (0, 0, 0, 1, 1, 2)]
    ngrams = NGrams.count(letters, 4, 6)
    for smoothing in SMOOTHINGS:
        two, six = (ngrams.after(np.zeros((1, 0), int), order, smoothing) for order in (2, 6))
        np.testing.assert_array_equal(two, six)


def test_a_large_table_is_made_in_pieces(monkeypatch):
    ngrams = NGrams.count(CODES, SYMBOLS, 5)
    whole = ngrams.distributions(HELD_OUT, 4), ngrams.probabilities(HELD_OUT, 4)
    monkeypatch.setattr("lstm_tutorial.applications.ngrams.CELLS", 10)
    np.testing.assert_array_equal(ngrams.distributions(HELD_OUT, 4), whole[0])
    np.testing.assert_array_equal(ngrams.probabilities(HELD_OUT, 4), whole[1])


def test_the_longest_counted_does_not_change_a_shorter_order():
    short, long = (NGrams.count(CODES, SYMBOLS, longest) for longest in (3, 6))
    for smoothing in SMOOTHINGS:
        np.testing.assert_array_equal(
            short.probabilities(HELD_OUT, 3, smoothing), long.probabilities(HELD_OUT, 3, smoothing)
        )


def test_too_long_codes_and_no_symbols_are_refused():
    with pytest.raises(ValueError, match="13 of 40 symbols are too many"):
        NGrams.count(CODES, 40, 13)
    with pytest.raises(ValueError, match="no symbols to count"):
        NGrams.count([np.array([], int)], 4, 2)
