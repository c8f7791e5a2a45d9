"""The best order is found; what has been seen costs little; expectations of training text have not seen it."""

import numpy as np
import pytest

from lstm_tutorial.applications.corpus import Corpus
from lstm_tutorial.applications.counting import Counting, adaptive_bits, best_order, compressed_bits, cross_fit
from lstm_tutorial.applications.ngrams import SMOOTHINGS, NGrams


def test_the_order_that_made_the_text_is_found():
    rng = np.random.default_rng(0)
    after = rng.dirichlet(np.full(3, 0.3), size=(3, 3))
    text = [0, 1]
    for _ in range(6_000):
        text.append(rng.choice(3, p=after[text[-2], text[-1]]))
    ngrams, rest = NGrams.count([np.array(text[:5_000])], 3, 5), [np.array(text[5_000:])]
    best, bits = best_order(ngrams, rest)
    assert best.order == 3 and set(bits) == set(SMOOTHINGS)
    assert best.bits(rest) == bits[best.smoothing][2] == min(map(min, bits.values()))
    assert bits[best.smoothing][2] < 0.9 * bits[best.smoothing][0]
    assert np.isclose(best.each(rest).mean(), -np.log2(ngrams.probabilities(rest, 3, best.smoothing)).mean())


def test_who_goes_on_counting_learns_what_repeats():
    rng = np.random.default_rng(0)
    before, new = rng.integers(0, 4, 400), np.tile(rng.integers(4, 8, 20), 10)
    frozen = Counting(NGrams.count([before], 8, 4), 4, "modified Kneser-Ney")
    assert frozen.bits([new]) > 4
    assert adaptive_bits(frozen, before, new, step=10) < 0.5 * frozen.bits([new])
    # With one step for all nothing new is counted; the first symbols differ, since they follow what stands before.
    whole = frozen.each([np.concatenate([before, new])])[len(before) :].mean()
    assert np.isclose(adaptive_bits(frozen, before, new, step=1_000), whole)


def test_what_xz_has_seen_costs_little():
    noise = np.random.default_rng(0).bytes(3_000)
    assert compressed_bits(noise, noise, 3_000) < 0.3
    assert 7.5 < compressed_bits(b"", noise, 3_000) < 8.5


@pytest.mark.parametrize("running", [False, True])
def test_what_is_expected_of_training_text_comes_from_counts_of_the_rest(running):
    rng = np.random.default_rng(0)
    lines = [rng.integers(0, 4, rng.integers(1, 9)) for _ in range(57)]
    train = [np.concatenate(lines)] if running else lines
    counting = Counting(NGrams.count(train, 4, 3), 3, "Kneser-Ney")
    found = cross_fit(counting, Corpus(("a", "b", "c", "d"), train, [], [], running))
    pieces = np.array_split(train[0], 10) if running else lines
    assert [each.shape for each in found] == [(len(piece), 4) for piece in pieces]
    for place in (0, 4, 7):
        others = [piece for other, piece in enumerate(pieces) if other % 10 != place]
        fresh = NGrams.count(others, 4, 3).distributions([pieces[place]], 3, "Kneser-Ney")
        np.testing.assert_allclose(found[place], np.log(fresh), rtol=1e-6)
    flat = np.concatenate(train)
    fitted = -np.take_along_axis(np.concatenate(found), flat[:, None], axis=1).mean() / np.log(2)
    assert counting.bits(train) < 2 < fitted, "of noise nothing can be known, unless it was counted"
