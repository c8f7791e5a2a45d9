"""Scores agree with independent implementations, and with several right answers the nearest counts."""

import jiwer
import numpy as np
import pytest
import sacrebleu
from hypothesis import given
from hypothesis import strategies as st

from lstm_tutorial.applications.errors import edits
from lstm_tutorial.applications.pairs import Pairs
from lstm_tutorial.applications.scores import errors_by, nearest, score

TRUTHS = ("the cat sat on the mat", "a dog ran to the house over there", "it was dark and stormy")
ANSWERS = ["the cat sat on a mat", "a dog ran home over there", "it was dark and stormy"]


def pairs_of(*targets, unit="words"):
    sources = tuple(str(number) for number in range(len(targets)))
    return Pairs("made up", sources, tuple(t if isinstance(t, tuple) else (t,) for t in targets), (unit, unit))


def test_word_error_rate_is_that_of_jiwer_and_bleu_that_of_sacrebleus_front_door():
    found = score(pairs_of(*TRUTHS), ANSWERS)
    assert found.exact == pytest.approx(1 / 3)
    assert found.error_rate == pytest.approx(jiwer.wer(list(TRUTHS), ANSWERS))
    assert found.bleu == pytest.approx(sacrebleu.corpus_bleu(ANSWERS, [list(TRUTHS)]).score)
    assert found.chrf == pytest.approx(sacrebleu.corpus_chrf(ANSWERS, [list(TRUTHS)]).score)
    letters = score(pairs_of(*TRUTHS, unit="characters"), ANSWERS)
    assert letters.error_rate == pytest.approx(jiwer.cer(list(TRUTHS), ANSWERS))


def test_of_several_right_answers_the_nearest_counts():
    pairs = pairs_of(("r eh d", "r iy d"), ("b ao t",))
    found = score(pairs, ["r iy d", "b ah t"])
    assert found.exact == 0.5
    assert found.error_rate == pytest.approx(1 / 6)
    assert score(pairs, ["r iy d", "b ao t"]).bleu == score(pairs, ["r eh d", "b ao t"]).bleu


def test_words_are_compared_in_lower_case_with_punctuation_apart():
    assert score(pairs_of("Let's go!"), ["let ' s go !"]).exact == 1
    assert score(pairs_of("Let's go!", unit="characters"), ["let's go!"]).exact == 0


def test_answers_must_be_as_many_as_sources():
    with pytest.raises(ValueError, match="1 answers to 3 sources"):
        score(pairs_of(*TRUTHS), ["one"])


words = st.text("abc", min_size=1, max_size=6)


@given(st.lists(words, min_size=1, max_size=8, unique=True), words)
def test_the_nearest_example_is_the_one_with_the_fewest_edits(sources, asked):
    train = Pairs("made up", tuple(sources), tuple((f"to {text}",) for text in sources), ("characters", "characters"))
    (answer,) = nearest(train, [asked])
    assert answer == f"to {min(sources, key=lambda text: edits(text, asked))}"


def test_errors_are_counted_by_group():
    found = errors_by(["6", "5", "6", "6"], np.array([True, False, False, True]))
    assert list(found.items()) == [("6", pytest.approx(1 / 3)), ("5", 1)]
