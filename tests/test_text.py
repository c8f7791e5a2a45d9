"""Ids come back as text, padding is masked, and a masked batch says what each sequence alone says."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lstm_tutorial.scratch.lstm import LSTM
from lstm_tutorial.text import PADDING, UNKNOWN, Vocabulary, bucket, pad, split_text

lengths = st.lists(st.integers(1, 12), min_size=1, max_size=30)


def sequences(sizes: list[int], features: int = 3) -> list[np.ndarray]:
    rng = np.random.default_rng(0)
    return [rng.normal(size=(size, features)).astype("float32") for size in sizes]


def test_words_are_lower_case_and_punctuation_stands_alone():
    assert " ".join(split_text("Don't panic: it's 5 °C!")) == "don ' t panic : it ' s 5 ° c !"
    assert split_text("Ab c", "characters") == ["A", "b", " ", "c"]


def test_ids_go_by_frequency_and_leave_room_for_padding_and_unknown():
    vocabulary = Vocabulary.of(["b a b", "a b c"])
    assert vocabulary.tokens == ("b", "a", "c")
    assert vocabulary.encode("a b z c").tolist() == [3, 2, UNKNOWN, 4]
    assert len(vocabulary) == 5
    assert Vocabulary.of(["b a b", "a b c"], size=1).encode("b a").tolist() == [2, UNKNOWN]


@given(st.text(max_size=40))
def test_characters_come_back(text):
    vocabulary = Vocabulary.of([text], "characters")
    ids = vocabulary.encode(text)
    assert vocabulary.decode([*ids, PADDING, PADDING]) == text
    assert ids.max(initial=0) < len(vocabulary)
    assert ids.min(initial=2) >= 2


def test_unknown_words_are_shown_as_such():
    vocabulary = Vocabulary.of(["rain at noon"])
    assert vocabulary.decode(vocabulary.encode("Snow at noon")) == "? at noon"


@given(lengths)
def test_padding_keeps_every_sequence_and_masks_the_rest(sizes):
    parts = sequences(sizes)
    padded, mask = pad(parts)
    assert padded.shape == (len(sizes), max(sizes), 3)
    assert mask.sum(axis=1).tolist() == sizes
    for row, real, part in zip(padded, mask, parts, strict=True):
        np.testing.assert_array_equal(row[real], part)
        assert (row[~real] == 0).all()


def test_nothing_to_pad_is_refused():
    with pytest.raises(ValueError, match="no sequences to pad"):
        pad([])


@given(lengths, st.integers(1, 7))
def test_each_sequence_is_in_one_batch_beside_others_of_like_length(sizes, batch_size):
    batches = bucket(sizes, batch_size, np.random.default_rng(0))
    assert sorted(np.concatenate(batches).tolist()) == list(range(len(sizes)))
    spans = sorted((min(sizes[i] for i in batch), max(sizes[i] for i in batch)) for batch in batches)
    assert all(later[0] >= earlier[1] for earlier, later in pairwise(spans))


def test_a_masked_batch_gives_what_each_sequence_gives_alone():
    parts = sequences([1, 4, 9])
    padded, mask = pad(parts)
    layer = LSTM(3, 5, rng=np.random.default_rng(0))
    together = layer.inference(padded, mask=mask)[1][0]
    alone = [layer.inference(part[None])[1][0][0] for part in parts]
    np.testing.assert_allclose(together, alone, atol=1e-6)
    assert np.abs(layer.inference(padded)[1][0] - together)[0].max() > 0.01


def test_keras_masks_what_the_vocabulary_pads():
    import keras

    vocabulary = Vocabulary.of(["rain at noon", "sun"])
    texts = ["sun", "rain at noon", "snow at noon"]
    ids, mask = pad([vocabulary.encode(text) for text in texts])
    keras.utils.set_random_seed(0)
    embedding = keras.layers.Embedding(len(vocabulary), 4, mask_zero=True)
    layer = keras.layers.LSTM(5)
    together = np.asarray(layer(embedding(ids)))
    alone = [np.asarray(layer(embedding(vocabulary.encode(text)[None])))[0] for text in texts]
    np.testing.assert_allclose(together, alone, atol=1e-6)
    ours = LSTM.from_keras(layer)
    np.testing.assert_allclose(ours.inference(np.asarray(embedding(ids)), mask=mask)[1][0], together, atol=1e-6)
