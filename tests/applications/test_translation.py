"""A translator learns, looks past padding, goes on after a stop, and writes as its model says."""

import itertools
from functools import cache

import numpy as np
import pytest

from lstm_tutorial.applications import translation
from lstm_tutorial.applications.pairs import Pairs, number_pairs
from lstm_tutorial.applications.translation import Examples

RNG = np.random.default_rng(0)
WORDS = ["".join(RNG.choice([*"abcd"], RNG.integers(1, 7))) for _ in range(400)]
BACKWARDS = Pairs.of("backwards", [(word, word[::-1]) for word in WORDS], ("characters", "characters"))
TRAIN, HELD_OUT = BACKWARDS.take(range(100)), BACKWARDS.take(range(100, 140))


def make(attention=True, units=8, seed=0, values="states"):
    return translation.make(TRAIN, units, attention=attention, values=values, seed=seed)


@cache
def trained(attention):
    """A few epochs, after which answers have ends and nothing is sure yet."""
    translator = make(attention, units=24)
    translation.fit(translator, TRAIN, HELD_OUT, epochs=8, batch_size=10, learning_rate=0.02)
    return translator


def test_texts_turned_around_are_learned_with_attention():
    assert (
        np.mean([a == w[::-1] for w, a in zip(TRAIN.sources, trained(True).translate(TRAIN.sources), strict=True)])
        > 0.5
    )


@pytest.mark.parametrize(("attention", "values"), [(True, "states"), (True, "tokens"), (False, "states")])
def test_padding_changes_nothing(attention, values):
    translator = make(attention, values=values)
    network, ((source, before), _, _) = translator.network, Examples(translator, HELD_OUT).batch(range(6))
    wide, longer = (np.pad(ids, ((0, 0), (0, 5))) for ids in (source, before))
    logits = network.model([source, before]).numpy()
    padded = network.model([wide, longer]).numpy()[:, : before.shape[1]]
    np.testing.assert_allclose(padded, logits, atol=1e-6)
    for wanted, got in zip(network.encoder(source)[-2:], network.encoder(wide)[-2:], strict=True):
        np.testing.assert_allclose(got, wanted, atol=1e-6)


def test_padding_would_change_much_if_it_were_not_masked():
    network = make().network
    one, other = np.array([[2, 3, 0, 0]]), np.array([[2, 3, 4, 4]])
    before = np.array([[2, 3]])
    assert np.abs(network.model([one, before]).numpy() - network.model([other, before]).numpy()).max() > 1e-3


def test_the_loss_is_the_mean_over_real_tokens():
    translator = make()
    translation.fit(translator, TRAIN, HELD_OUT, epochs=1, batch_size=50)
    model, batch = translator.network.model, Examples(translator, HELD_OUT).batch(range(40))
    model.reset_metrics()
    loss = float(model.test_step(batch)["loss"])
    (source, before), after, mask = batch
    logits = model([source, before]).numpy().astype(float)
    chances = np.exp(logits) / np.exp(logits).sum(-1, keepdims=True)
    each = [-np.log(chances[i, j, after[i, j]]) for i, j in zip(*np.nonzero(mask), strict=True)]
    assert loss == pytest.approx(np.mean(each), rel=1e-5)


def test_attention_is_a_share_of_the_real_tokens():
    translator = trained(True)
    _, looked = translator.write(["abcdab", "ab"])
    np.testing.assert_allclose(looked.sum(axis=2), 1, atol=1e-5)
    assert looked[1, :, 2:].max() < 1e-6
    source, said, weights = translator.attention("abc")
    assert source == [*"abc"]
    assert weights.shape == (len(said), 3)


@pytest.mark.parametrize("attention", [True, False])
def test_steps_give_what_the_teacher_forced_model_gives(attention):
    """The attention, too, is that of `softmax(query @ keys)`; the whole sequence at once is as good as step by step."""
    translator = trained(attention)
    ids, _ = translator.write(["abcd"])
    before = np.concatenate([[translator.edge], ids[0, :-1]])[None]
    logits = translator.network.model([translator.encode(["abcd"])[0], before]).numpy()
    assert logits[0].argmax(axis=1).tolist() == ids[0].tolist()


@pytest.mark.parametrize("attention", [True, False])
def test_who_else_is_translated_changes_nothing(attention):
    translator, texts = trained(attention), list(HELD_OUT.sources)
    assert translator.translate(texts) == [translator.translate([text])[0] for text in texts]


def test_a_wide_beam_finds_the_likeliest_of_all_answers():
    few = Pairs.of("few", [("ab", "ba"), ("b", "b"), ("aab", "baa"), ("a", "ab")], ("characters", "characters"))
    translator = translation.make(few, 6)
    translation.fit(translator, few, few, epochs=3, batch_size=2)
    translator = type(translator)(translator.network, translator.source, translator.target, longest=3)
    edge, source = translator.edge, translator.encode(["aab"])[0]
    scores = {}
    for length in range(4):
        for ids in itertools.product(range(edge), repeat=length):
            before = np.array([[edge, *ids]])
            logits = translator.network.model([source, before]).numpy()[0].astype(float)
            logs = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
            scores[(*ids, edge)] = sum(logs[at, token] for at, token in enumerate((*ids, edge)))
    found = translator.search("aab", beam=300)
    wanted = sorted(scores, key=lambda ids: -scores[ids])
    assert found[0].ids == wanted[0]
    assert [answer.score for answer in found[:5]] == pytest.approx([scores[ids] for ids in wanted[:5]], abs=1e-4)


def test_a_beam_of_one_writes_what_greedy_search_writes():
    translator = trained(True)
    for text in HELD_OUT.sources[:10]:
        assert translator.decode(translator.search(text, 1)[0].ids) == translator.translate([text])[0]
    answers, chances = translator.search_all(HELD_OUT.sources[:3], beam=3)
    assert answers == translator.translate(HELD_OUT.sources[:3], beam=3)
    assert (chances < 0).all()


class StoppedError(Exception):
    """Stands for a crash."""


def test_a_run_that_was_stopped_ends_as_if_it_had_not_been(tmp_path):
    def stop(epoch, losses):
        if epoch == 1:
            raise StoppedError

    options = {"epochs": 3, "batch_size": 20, "seed": 3}
    whole, broken = make(), make()
    translation.fit(whole, TRAIN, HELD_OUT, **options)
    with pytest.raises(StoppedError):
        translation.fit(broken, TRAIN, HELD_OUT, folder=tmp_path, on_epoch=stop, **options)
    again = make(seed=9)
    fitted = translation.fit(again, TRAIN, HELD_OUT, folder=tmp_path, **options)
    assert len(fitted.history["loss"]) == 3
    for wanted, got in zip(whole.network.model.get_weights(), again.network.model.get_weights(), strict=True):
        np.testing.assert_array_equal(wanted, got)
    with pytest.raises(ValueError, match="holds another run"):
        translation.fit(make(), TRAIN, HELD_OUT.take(range(9)), folder=tmp_path, **options)


def test_values_are_states_or_tokens():
    source = Examples(make(), HELD_OUT).batch(range(2))[0][0]
    assert [make(values=values).network.encoder(source)[0].shape[2] for values in ("states", "tokens")] == [16, 8]
    with pytest.raises(ValueError, match="values='words' is unknown; wanted states or tokens"):
        make(values="words")


def test_a_translator_of_words_takes_the_unknown_in_its_stride():
    pairs = Pairs.of("numbers", number_pairs(60), ("words", "characters"))
    translator = translation.make(pairs, 4)
    assert len(translator.translate(["a word it has never seen", "one"])) == 2
    assert translator.weights == translator.network.model.count_params()
