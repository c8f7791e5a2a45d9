"""N-grams are those of nltk; probabilities sum to one; the best order is found; xz counts only what is new."""

import itertools

import numpy as np
import pytest
from nltk.lm.models import InterpolatedLanguageModel
from nltk.lm.preprocessing import padded_everygram_pipeline
from nltk.lm.smoothing import KneserNey, WittenBell

from lstm_tutorial.applications.ngrams import NGrams, best_order, compressed_bits

WORDS = ["abda", "cadabda", "abba", "bad", "cab", "a", "dab", "acab", "dadac", "bab"]
CODES = [np.array(["abcd".index(letter) for letter in word] + [4]) for word in WORDS]
HELD_OUT = [np.array([0, 1, 0, 4]), np.array([3, 0, 2, 0, 1, 4]), np.array([2, 2, 4])]
SYMBOLS, DISCOUNT = 5, 0.4


class TheirWittenBell(WittenBell):
    """Unlike nltk's, ours goes on from single symbols to all symbols being equally likely."""

    def unigram_score(self, word):
        counts = self.counts.unigrams
        return (counts[word] + len(counts) / SYMBOLS) / (counts.N() + len(counts))


class TheirKneserNey(KneserNey):
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
    grams, _ = padded_everygram_pipeline(order, [[str(code) for code in word] for word in CODES])
    # Nobody forecasts a beginning, and our words hold their own end.
    kept = [[gram for gram in each if gram[-1] != "<s>" and "</s>" not in gram] for each in grams]
    model.fit(kept, ["<s>", *map(str, range(SYMBOLS))])
    return model


@pytest.mark.parametrize("smoothing", THEIRS)
@pytest.mark.parametrize("order", [1, 2, 3, 4])
def test_probabilities_are_those_of_nltk(smoothing, order):
    theirs = fit_theirs(smoothing, order)
    ours = iter(NGrams(CODES, SYMBOLS, 5).probabilities(HELD_OUT, order, smoothing, DISCOUNT))
    compared = 0
    for word in HELD_OUT:
        padded = ["<s>"] * (order - 1) + [str(code) for code in word]
        for place in range(order - 1, len(padded)):
            context, found = tuple(padded[place - order + 1 : place]), next(ours)
            # nltk's Kneser-Ney takes what begins a word for seen once.
            if smoothing == "Witten-Bell" or "<s>" not in context:
                assert np.isclose(found, theirs.unmasked_score(padded[place], context), rtol=1e-12)
                compared += 1
    assert compared >= 4


@pytest.mark.parametrize("smoothing", THEIRS)
@pytest.mark.parametrize("order", [1, 2, 3, 5])
def test_probabilities_after_any_context_sum_to_one(smoothing, order):
    ngrams = NGrams(CODES, SYMBOLS, 5)
    for length in range(4):
        for before in itertools.product(range(SYMBOLS), repeat=length):
            words = [np.array([*before, symbol]) for symbol in range(SYMBOLS)]
            each = [ngrams.probabilities([word], order, smoothing)[-1] for word in words]
            assert np.isclose(sum(each), 1)
            assert min(each) > 0


def test_the_longest_counted_does_not_change_a_shorter_order():
    short, long = (NGrams(CODES, SYMBOLS, longest) for longest in (3, 6))
    for smoothing in THEIRS:
        assert short.bits(HELD_OUT, 3, smoothing) == long.bits(HELD_OUT, 3, smoothing)


def test_the_order_that_made_the_text_is_found():
    rng = np.random.default_rng(0)
    after = rng.dirichlet(np.full(3, 0.3), size=(3, 3))
    text = [0, 1]
    for _ in range(6_000):
        text.append(rng.choice(3, p=after[text[-2], text[-1]]))
    (order, smoothing), bits = best_order(NGrams([np.array(text[:5_000])], 3, 5), [np.array(text[5_000:])])
    assert order == 3 and smoothing in bits
    assert bits[smoothing][2] == min(map(min, bits.values()))
    assert bits[smoothing][2] < 0.9 * bits[smoothing][0]


def test_what_xz_has_seen_costs_little():
    noise = np.random.default_rng(0).bytes(3_000)
    assert compressed_bits(noise, noise, 3_000) < 0.3
    assert 7.5 < compressed_bits(b"", noise, 3_000) < 8.5


def test_too_long_codes_and_no_symbols_are_refused():
    with pytest.raises(ValueError, match="13 of 40 symbols are too many"):
        NGrams(CODES, 40, 13)
    with pytest.raises(ValueError, match="no symbols to count"):
        NGrams([np.array([], int)], 4, 2)
