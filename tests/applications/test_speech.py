"""A small network learns tones by CTC, stops and goes on to the bit, and speakers are never in two parts."""

import numpy as np
import pytest

from lstm_tutorial.applications import speech
from lstm_tutorial.applications.ctc import BLANK
from lstm_tutorial.applications.speech import (
    build,
    errors,
    listen,
    passes,
    prepare,
    read,
    synthesize,
    train,
)
from lstm_tutorial.applications.voices import MISSING
from lstm_tutorial.applications.wav import Recording
from lstm_tutorial.text import Vocabulary

PITCHES = {"one": 300, "two": 800, "three": 2000}
VOCABULARY = Vocabulary.of(PITCHES)


def hum(rng):
    """One to three words, each a tone of its own pitch, with pauses between."""
    words = [str(word) for word in rng.choice(list(PITCHES), rng.integers(1, 4))]
    parts = [np.zeros(800)]
    for word in words:
        time = np.arange(rng.integers(1200, 2000)) / 8000
        parts += [np.sin(2 * np.pi * PITCHES[word] * time), np.zeros(800)]
    samples = np.concatenate(parts) + rng.normal(scale=0.01, size=sum(map(len, parts)))
    return Recording(samples.astype(np.float32), 8000, " ".join(words), "a")


@pytest.fixture(scope="module")
def hummed():
    rng = np.random.default_rng(0)
    return [prepare([hum(rng) for _ in range(count)], VOCABULARY) for count in (96, 24)]


@pytest.fixture(scope="module")
def trained(hummed):
    return train(*hummed, VOCABULARY, epochs=20, batch_size=8, layers=1, units=16, learning_rate=0.02)


def test_tones_are_learned_and_read(hummed, trained):
    held_out = hummed[1]
    said = listen(trained.model, held_out.x)
    assert [len(one) for one in said] == [len(steps) for steps in held_out.x]
    assert np.allclose([np.exp(one).sum(axis=1).mean() for one in said], 1)
    assert errors(held_out.texts, read(said, VOCABULARY)) < 0.2
    assert errors(held_out.texts, read(said, VOCABULARY, width=5)) < 0.2
    assert trained.history["val_loss"][-1] < 0.5 * trained.start
    assert min(trained.history["val_errors"]) < 0.2


def test_padding_changes_nothing(hummed, trained):
    x = hummed[1].x
    alone = [listen(trained.model, [one])[0] for one in x[:4]]
    for one, other in zip(alone, listen(trained.model, x), strict=False):
        assert one == pytest.approx(other, abs=1e-4)


def test_a_stopped_training_goes_on_to_the_same_weights(hummed, tmp_path, monkeypatch):
    choices = {"epochs": 3, "batch_size": 16, "layers": 1, "units": 4}
    whole = train(*hummed, VOCABULARY, **choices)
    calls, plain = [], speech.bucket

    def fail_in_the_third_epoch(*args):
        calls.append(args)
        if len(calls) == 3:
            raise KeyboardInterrupt
        return plain(*args)

    monkeypatch.setattr(speech, "bucket", fail_in_the_third_epoch)
    with pytest.raises(KeyboardInterrupt):
        train(*hummed, VOCABULARY, folder=tmp_path, **choices)
    again = train(*hummed, VOCABULARY, folder=tmp_path, **choices)
    assert again.history == whole.history
    for one, other in zip(again.model.get_weights(), whole.model.get_weights(), strict=True):
        assert np.array_equal(one, other)
    with pytest.raises(ValueError, match="holds another run"):
        train(*hummed, VOCABULARY, folder=tmp_path, **choices | {"batch_size": 8})


def test_the_network_says_blank_and_every_word():
    model = build(VOCABULARY, 10, layers=2, units=8)
    assert model.output_shape == (None, None, len(VOCABULARY))
    assert VOCABULARY.decode([BLANK]) == ""
    kernel = 4 * 8 * (120 + 8 + 1), 4 * 8 * (16 + 8 + 1)
    assert model.count_params() == 2 * sum(kernel) + 17 * len(VOCABULARY)


def test_a_forward_network_knows_nothing_of_what_comes_later():
    x = np.random.default_rng(0).normal(size=(9, 120)).astype(np.float32)
    forward, both = (build(VOCABULARY, 10, layers=2, units=8, both=both) for both in (False, True))
    for model, same in ((forward, True), (both, False)):
        whole, begun = listen(model, [x])[0], listen(model, [x[:5]])[0]
        assert np.allclose(whole[:5], begun, atol=1e-5) == same


def test_few_recordings_need_many_passes():
    assert passes(3000, 32, 750) == 8
    assert passes(24, 32, 1000) == 1000
    assert passes(65, 32, 10) == 4


def test_without_layers_each_step_is_heard_by_itself():
    model = build(VOCABULARY, 10, layers=0, units=4)
    x = np.random.default_rng(0).normal(size=(5, 120)).astype(np.float32)
    whole, alone = listen(model, [x])[0], listen(model, [x[2:3]])[0]
    assert whole[2] == pytest.approx(alone[0], abs=1e-5)
    assert build(VOCABULARY, 10, layers=0).count_params() == pytest.approx(
        build(VOCABULARY, 10).count_params(), rel=0.05
    )


def test_what_was_sped_up_too_much_for_its_label_is_left_as_it_was():
    x = np.random.default_rng(0).normal(size=(7, 120)).astype(np.float32)
    label = np.array([2, 3, 2, 3, 2, 3, 2], np.int32)
    for seed in range(20):
        batch, ids, steps, count = speech._batch(speech.Examples([x], [label], [""]), [0], np.random.default_rng(seed))
        assert steps[0] >= count[0] == 7
        assert batch.shape == (1, steps[0], 120) and ids.shape == (1, 7)


def test_a_recording_too_short_for_its_label_is_named():
    sound = Recording(np.zeros(1000, np.float32), 8000, "one one two", "a", "short.wav")
    with pytest.raises(ValueError, match=r"short\.wav: 'one one two' needs 4 steps and the 0\.12 seconds .* give 3"):
        prepare([sound], VOCABULARY)


def test_capitals_do_not_count_where_words_are_recognized():
    sound = Recording(np.zeros(8000, np.float32), 8000, "One  TWO", "a", "a.wav")
    examples = prepare([sound], VOCABULARY)
    assert examples.texts == ["one two"] == [VOCABULARY.decode(examples.y[0])]
    assert prepare([sound], Vocabulary.of(["One  TWO"], "characters")).texts == ["One  TWO"]


def test_errors_of_words_and_of_characters():
    assert errors(["one two", "six"], ["one", "six"]) == pytest.approx(1 / 3)
    assert errors(["one two", "six"], ["one", "six"], "characters") == pytest.approx(4 / 10)


def test_digits_are_said_by_each_speaker_in_turn(tmp_path):
    pytest.importorskip("espeakng_loader", reason=MISSING)
    recordings = synthesize(6, ["f1", "m3"], seed=1, folder=tmp_path)
    assert [one.speaker for one in recordings] == ["f1", "m3"] * 3
    assert all(1 <= len(one.text.split()) <= 6 and 0.2 < one.seconds < 5 for one in recordings)
    assert len({one.text for one in recordings}) > 3
    assert all(0.05 < np.abs(one.samples).max() <= 1 for one in recordings)
    assert recordings[0].text == synthesize(6, ["f1", "m3"], seed=1, folder=tmp_path)[0].text
