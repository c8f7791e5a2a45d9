"""Bits are those of reading symbol by symbol; it learns, resumes to the bit, and samples what it learned."""

import re

import numpy as np
import pytest

from lstm_tutorial.applications.corpus import END, Corpus
from lstm_tutorial.applications.language_model import LanguageModel, Recipe, best_cell

SYMBOLS = (END, "a", "b", "c")
RECIPE = Recipe(units=16, embedding=4, context=2, least=2, timesteps=5, batch_size=8, epochs=4, learning_rate=0.03)


def make_corpus(running: bool = False) -> Corpus:
    """Lines of two to five times "ab" or "ba", with a c in the end; or all of them as one text."""
    rng = np.random.default_rng(0)
    lines = [np.array([*((1, 2) if rng.random() < 0.5 else (2, 1)) * rng.integers(2, 6), 3, 0]) for _ in range(240)]
    parts = [lines[:200], lines[200:220], lines[220:]]
    return Corpus(SYMBOLS, *([np.concatenate(part)] if running else part for part in parts), running)


@pytest.fixture(scope="module", params=[False, True], ids=["lines", "running"])
def trained(request: pytest.FixtureRequest) -> LanguageModel:
    model = LanguageModel(make_corpus(request.param), RECIPE)
    model.train()
    return model


def test_it_learns_what_can_be_learned(trained):
    # The first symbol is one bit, each pair after the second goes on with 3/4, 2/3 or 1/2 or ends.
    assert trained.bits(trained.corpus.test) < 0.6
    assert trained.bits(trained.corpus.test) < 0.5 * LanguageModel(trained.corpus, RECIPE).bits(trained.corpus.test)


def test_bits_are_those_of_reading_symbol_by_symbol(trained):
    sequences = [sequence[:300] for sequence in trained.corpus.test[:3]]  # so few are read in one row
    x, y = trained.contexts.before(sequences)
    states, total = trained.start(1), 0.0
    for numbers, symbol in zip(x, y, strict=True):
        chances, states = trained.probabilities(numbers[None, None], states)
        assert np.isclose(chances.sum(), 1, atol=1e-5)
        total -= np.log2(chances[0, 0, symbol])
    assert np.isclose(trained.bits(sequences), total / len(y), rtol=1e-5)


def test_every_symbol_of_a_text_stands_in_one_window(trained):
    sequences = trained.corpus.train
    for rows, steps in ((1, 7), (5, 4), (64, 20)):
        windows = list(trained._windows(sequences, rows, steps))
        assert {window[1].shape for window in windows} == {(rows, steps)}
        counted = np.concatenate([y[weights > 0] for _, y, weights in windows])
        expected = np.concatenate(sequences)
        assert np.bincount(counted).tolist() == np.bincount(expected).tolist()
        if not trained.corpus.running:
            first = [row[0] for row in windows[0][0][windows[0][2][:, 0] > 0]]
            begin = trained.contexts.before([sequences[0]])[0][0]
            assert all((row == begin).all() for row in first), "rows begin where lines do"


def follows(words: list[str]) -> float:
    """The share of words in which a and b take turns until a c."""
    return float(np.mean([bool(re.fullmatch("b?(ab)*a?c", word)) for word in words]))


def test_samples_follow_the_rule_the_colder_the_more(trained):
    if trained.corpus.running:
        assert len(set(map(len, trained.sample(3, longest=12)))) == 1
        return
    cold, warm = (trained.sample(200, temperature, seed=1) for temperature in (0.5, 3.0))
    assert follows(cold) > 0.9 > 0.6 > follows(warm)
    assert cold == trained.sample(200, temperature=0.5, seed=1) != trained.sample(200, temperature=0.5, seed=2)
    assert len(set(cold)) < len(set(warm))
    with pytest.raises(ValueError, match="temperature is 0; wanted more than 0"):
        trained.sample(1, temperature=0)


def test_an_interrupted_training_ends_as_if_it_had_not_been(tmp_path):
    class StopError(Exception):
        pass

    corpus = make_corpus()
    whole = LanguageModel(corpus, RECIPE)
    whole.train()
    broken = LanguageModel(corpus, RECIPE)
    learn, calls = broken._learn, []

    def stop(*window):
        calls.append(1)
        if len(calls) > 60:
            raise StopError
        return learn(*window)

    broken._learn = stop
    with pytest.raises(StopError):
        broken.train(tmp_path)
    again = LanguageModel(corpus, RECIPE)
    assert again.train(tmp_path).history["loss"]
    for one, other in zip(whole.model.get_weights(), again.model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_cell_states_are_those_of_the_last_layer_after_each_symbol():
    model = LanguageModel(make_corpus(), RECIPE)
    word = np.array([1, 2, 1, 3, 0])
    states = model.read(word)
    assert states.shape == (4, RECIPE.units)
    np.testing.assert_allclose(states[:2], model.read(word[:3]), atol=1e-6)
    assert np.abs(states[2] - states[0]).max() > 1e-3


def test_the_bits_of_each_symbol_stand_in_the_order_of_the_text(trained):
    sequences = [sequence[:400] for sequence in trained.corpus.test]
    many = trained.each(sequences)
    assert len(many) == sum(map(len, sequences))
    if not trained.corpus.running:
        # The end of a line is certain: it always follows c.
        assert many[np.concatenate(sequences) == 0].max() < 0.2


def test_the_unit_that_goes_along_with_a_quantity_is_found():
    rng = np.random.default_rng(0)
    states = [rng.normal(size=(length, 5)) for length in (30, 50)]
    unit, correlation = best_cell(states, [-3 * each[:, 3] + 0.1 * rng.normal(size=len(each)) for each in states])
    assert unit == 3 and correlation < -0.99
    assert best_cell(states, [np.ones(30), np.ones(50)])[1] == 0
