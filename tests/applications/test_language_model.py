"""Bits are those of reading symbol by symbol; it starts as the n-grams, learns, resumes, and samples."""

import re

import numpy as np
import pytest

from lstm_tutorial.applications.corpus import END, Corpus
from lstm_tutorial.applications.counting import Counting
from lstm_tutorial.applications.language_model import LanguageModel, Recipe
from lstm_tutorial.applications.ngrams import NGrams

SYMBOLS = (END, "a", "b", "c")
RECIPE = Recipe(units=16, embedding=4, timesteps=10, batch_size=8, epochs=5, learning_rate=0.03)


def make_corpus(running: bool = False) -> Corpus:
    """Lines of an a or b, one to four times c, and the first letter again; or all of them as one text."""
    rng = np.random.default_rng(0)
    lines = [np.array([first, *[3] * rng.integers(1, 5), first, 0]) for first in rng.integers(1, 3, 1_040)]
    parts = [lines[:1_000], lines[1_000:1_020], lines[1_020:]]
    return Corpus(SYMBOLS, *([np.concatenate(part)] if running else part for part in parts), running)


def make_model(running: bool = False, counted: bool = True) -> LanguageModel:
    corpus = make_corpus(running)
    counting = Counting(NGrams.count(corpus.train, len(SYMBOLS), 3), 2, "modified Kneser-Ney")
    return LanguageModel(corpus, RECIPE, counting if counted else None)


@pytest.fixture(
    scope="module",
    params=[(False, True), (True, True), (False, False)],
    ids=["lines", "running", "lines that start as nothing"],
)
def trained(request: pytest.FixtureRequest) -> LanguageModel:
    model = make_model(*request.param)
    model.train()
    return model


@pytest.mark.parametrize("running", [False, True])
def test_it_starts_as_the_ngrams(running):
    model = make_model(running)
    np.testing.assert_allclose(model.each(model.corpus.test), model.counting.each(model.corpus.test), atol=1e-4)
    assert make_model(running, False).bits(model.corpus.test) > 1.9, "and without them as nothing"


def test_it_learns_what_can_be_learned(trained):
    # A line has one bit for its first letter and two for its length, and five and a half symbols: 0.55 bits a symbol.
    bits = trained.bits(trained.corpus.test)
    assert bits < (0.9 if trained.corpus.running else 0.63)
    assert not trained.counting or trained.counting.bits(trained.corpus.test) > 1


@pytest.mark.parametrize("carry", [True, False])
def test_bits_are_those_of_reading_symbol_by_symbol(trained, carry):
    sequences = [sequence[:30] for sequence in trained.corpus.test[:3]]  # so few are read in one row
    states, costs = trained.start(1), []
    for sequence in sequences:
        for place, symbol in enumerate(sequence):
            last, before = sequence[place - 1] if place else len(SYMBOLS), np.zeros((1, 0))
            if trained.counting:
                before = np.log(trained.counting.ngrams.after(sequence[None, :place], 2))
            if not carry and len(costs) % 4 == 0:
                states = trained.start(1)
            found = trained.model([np.array([[last]], np.int32), before[None].astype(np.float32), *states])
            logits, *states = (np.asarray(each) for each in found)
            chances = np.exp(logits[0, 0]) / np.exp(logits[0, 0]).sum()
            costs.append(-np.log2(chances[symbol]))
    for steps in (1, 7, 64) if carry else (4,):
        np.testing.assert_allclose(trained.each(sequences, steps, carry), costs, rtol=1e-3, atol=1e-5)


def test_every_symbol_of_a_text_stands_in_one_window(trained):
    sequences = trained.corpus.train
    expected = trained._expect(sequences)
    for rows, steps in ((1, 7), (5, 4), (64, 20)):
        windows = list(trained._windows(sequences, expected, rows, steps))
        assert {window[1].shape for window in windows} == {(rows, steps)}
        counted = np.concatenate([y[weights > 0] for _, y, weights, _ in windows])
        assert np.bincount(counted).tolist() == np.bincount(np.concatenate(sequences)).tolist()
        if not trained.corpus.running:
            first = [row[0] for row in windows[0][0][windows[0][2][:, 0] > 0]]
            assert set(first) == {len(SYMBOLS)}, "rows begin where lines do"
        if trained.counting:
            before = np.concatenate([before[weights > 0] for _, _, weights, before in windows])
            np.testing.assert_allclose(before.sum(axis=0), expected.sum(axis=0), rtol=1e-2)


def follows(lines: list[str]) -> float:
    """The share of lines in which the first letter comes again."""
    return float(np.mean([bool(re.fullmatch("ac+a|bc+b", line)) for line in lines]))


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


@pytest.mark.parametrize("counted", [False, True])
def test_an_interrupted_training_ends_as_if_it_had_not_been(tmp_path, counted):
    class StopError(Exception):
        pass

    whole = make_model(counted=counted)
    whole.train()
    broken = make_model(counted=counted)
    learn, calls = broken._learn, []

    def stop(*window):
        calls.append(1)
        if len(calls) > 60:
            raise StopError
        return learn(*window)

    broken._learn = stop
    with pytest.raises(StopError):
        broken.train(tmp_path)
    again = make_model(counted=counted)
    assert again.train(tmp_path).history["loss"]
    for one, other in zip(whole.model.get_weights(), again.model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_cell_states_are_those_of_the_last_layer_after_each_symbol():
    model = make_model()
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
        # The first letter is one bit, the end of a line is certain.
        flat = np.concatenate(sequences)
        assert many[flat == 0].mean() < 0.3 < 0.9 < many[np.append(True, flat[:-1] == 0)].mean() < 1.1


def test_rows_are_fewer_where_the_text_is_short():
    """So that an epoch has updates enough."""
    corpus = make_corpus()
    model = LanguageModel(corpus, Recipe(units=4, timesteps=5, batch_size=500, epochs=3))
    length = sum(map(len, corpus.train))
    assert model.rows == length // 500 and 300 <= model.updates < 450


def test_too_long_a_text_is_refused_in_one_line(monkeypatch):
    monkeypatch.setattr("lstm_tutorial.applications.language_model.LARGEST", 100)
    with pytest.raises(ValueError, match="symbols of 4 kinds are too many to start as n-grams; start as nothing"):
        make_model()
    make_model(counted=False)
