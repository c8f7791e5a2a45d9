"""Translate one text into another: an encoder and a decoder with attention, from pairs to answers and their scores."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import Any, get_args

import numpy as np

from lstm_tutorial.applications.beam import Hypothesis, search
from lstm_tutorial.applications.pairs import Pairs
from lstm_tutorial.applications.seq2seq import Network, Values, build
from lstm_tutorial.checkpoint import Run, fingerprint
from lstm_tutorial.text import Vocabulary, bucket, pad, split_text
from lstm_tutorial.training import Losses, Trained, describe_model, keep_best

Texts = Sequence[str]
AT_ONCE = 256  # texts translated together


@dataclass(frozen=True)
class Translator:
    """A network and the vocabularies of both sides. The id after all tokens of the target, `edge`, marks both ends."""

    network: Network
    source: Vocabulary
    target: Vocabulary
    longest: int  # tokens in an answer, at most

    @property
    def edge(self) -> int:
        """What the decoder starts from and what it says when it is done."""
        return len(self.target)

    @property
    def weights(self) -> int:
        """How many numbers were learned."""
        return int(self.network.model.count_params())

    @cached_property
    def _read(self) -> Callable[..., Any]:
        """The encoder as one graph."""
        return _compile(self.network.encoder)

    @cached_property
    def _step(self) -> Callable[..., Any]:
        """The decoder's step as one graph."""
        return _compile(self.network.step)

    def encode(self, texts: Texts) -> tuple[np.ndarray, np.ndarray]:
        """Source ids (texts, longest) and the mask of what is real."""
        return pad([self.source.encode(text) for text in texts])

    def translate(self, texts: Texts, beam: int = 1) -> list[str]:
        """The likeliest answer to each text that a beam of this width finds; 1 takes the likeliest token each time."""
        if beam > 1:
            return self.search_all(texts, beam)[0]
        order = np.argsort([len(split_text(text, self.source.unit)) for text in texts], kind="stable")
        answers: dict[int, str] = {}
        for start in range(0, len(order), AT_ONCE):
            places = order[start : start + AT_ONCE].tolist()
            ids, _ = self.write([texts[place] for place in places])
            answers |= {place: self.decode(row) for place, row in zip(places, ids, strict=True)}
        return [answers[place] for place in range(len(texts))]

    def decode(self, ids: Sequence[int] | np.ndarray) -> str:
        """The text that ids stand for, up to the edge."""
        return self.target.decode(_until(self.edge, np.asarray(ids).tolist()))

    def write(self, texts: Texts) -> tuple[np.ndarray, np.ndarray]:
        """Greedy answers to some texts at once: ids (texts, steps), and where each looked (texts, steps, from).

        The texts are read once. Writing stops as soon as all answers have come to their edge.
        """
        values, keys, mask, h, c = self._read(self.encode(texts)[0])
        last, done = np.full((len(texts), 1), self.edge, np.int32), np.zeros(len(texts), bool)
        said: list[np.ndarray] = []
        looked: list[np.ndarray] = []
        while len(said) <= self.longest and not done.all():
            logits, h, c, attention = self._step(last, h, c, values, keys, mask)
            last = np.argmax(logits, axis=1).astype(np.int32)[:, None]
            done |= last[:, 0] == self.edge
            said.append(last[:, 0])
            looked.append(attention.numpy())
        return np.stack(said, axis=1), np.stack(looked, axis=1)

    def search_all(self, texts: Texts, beam: int) -> tuple[list[str], np.ndarray]:
        """The likeliest answer to each text that a beam of this width finds, and the logarithms of their chances."""
        best = [self.search(text, beam)[0] for text in texts]
        return [self.decode(answer.ids) for answer in best], np.array([answer.score for answer in best])

    def search(self, text: str, beam: int) -> list[Hypothesis]:
        """The likeliest answers that a beam of this width finds, the likeliest first."""
        *memory, h, c = (part.numpy() for part in self._read(self.encode([text])[0]))
        held = cache(lambda count: [np.repeat(part, count, axis=0) for part in memory])

        def go_on(last: np.ndarray, state: Any) -> tuple[np.ndarray, Any]:
            logits, *state, _ = self._step(last.astype(np.int32)[:, None], *state, *held(len(last)))
            logits = logits.numpy().astype(float)
            return logits - np.logaddexp.reduce(logits, axis=1, keepdims=True), [part.numpy() for part in state]

        def pick(state: Any, rows: np.ndarray) -> Any:
            return [part[rows] for part in state]

        return search(go_on, pick, [h, c], self.edge, beam, self.longest + 1)

    def attention(self, text: str) -> tuple[list[str], list[str], np.ndarray]:
        """The tokens of a text, those of its greedy answer, and where each of these looked (answer, text)."""
        ids, looked = self.write([text])
        said = _until(self.edge, ids[0].tolist())
        names = [self.target.decode([number]) for number in said]
        return split_text(text, self.source.unit), names, looked[0, : len(said)]


def make(
    train: Pairs,
    units: int,
    dropout: float = 0.0,
    attention: bool = True,
    values: Values = "states",
    seed: int = 0,
) -> Translator:
    """An untrained translator for the tokens of these training pairs; the rest as in `seq2seq.build`.

    Raises ValueError for unknown `values`.
    """
    if values not in get_args(Values):
        raise ValueError(f"values={values!r} is unknown; wanted {' or '.join(get_args(Values))}")
    source = Vocabulary.of(train.sources, train.units[0])
    target = Vocabulary.of((text for texts in train.targets for text in texts[:1]), train.units[1])
    longest = max(len(target.encode(texts[0])) for texts in train.targets)
    network = build(len(source), len(target) + 1, units, dropout, attention, values, seed)
    return Translator(network, source, target, longest + longest // 2)


def fit(
    translator: Translator,
    train: Pairs,
    validation: Pairs,
    *,
    epochs: int,
    batch_size: int = 64,
    learning_rate: float = 0.006,
    patience: int | None = None,
    seed: int = 0,
    folder: str | Path | None = None,
    on_epoch: Callable[[int, Losses], None] | None = None,
) -> Trained:
    """Teach a translator its training pairs, teacher forced; keep the weights of the best epoch on validation pairs.

    Batches hold texts of like lengths. The learning rate grows for a tenth of the updates and falls to zero along a
    cosine. A `folder` keeps the state of each epoch, from which a stopped run goes on (see `keep_best`).
    """
    import keras

    model, examples, held_out = translator.network.model, Examples(translator, train), Examples(translator, validation)
    updates = epochs * -(-len(train) // batch_size)
    warm = updates // 10
    schedule = keras.optimizers.schedules.CosineDecay(
        learning_rate / 10, updates - warm, warmup_target=learning_rate, warmup_steps=warm
    )
    # The mean over real tokens: padding has no weight.
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True, reduction="mean_with_sample_weight")
    model.compile(keras.optimizers.Adam(schedule, clipnorm=1.0), loss)
    learn_batch, score_batch = _over_batches(model.train_step), _over_batches(model.test_step)

    def learn(epoch: int) -> Losses:
        model.reset_metrics()
        for places in bucket(examples.lengths, batch_size, np.random.default_rng([seed, epoch])):
            learn_batch(examples.batch(places))
        return _read(model)

    def score() -> Losses:
        model.reset_metrics()
        for start in range(0, len(validation), AT_ONCE):
            score_batch(held_out.batch(range(start, min(start + AT_ONCE, len(validation)))))
        return _read(model)

    run: Run = describe_model(model) | {"seed": seed, "batch_size": batch_size, "epochs": epochs}
    run["data"] = fingerprint([array for part in (examples, held_out) for array in (*part.sources, *part.targets)])
    return keep_best(model, learn, score, epochs, patience, folder, run if folder else None, on_epoch)


class Examples:
    """Pairs as ids, and their batches as the model takes them."""

    def __init__(self, translator: Translator, pairs: Pairs) -> None:
        self.edge = translator.edge
        self.sources = [translator.source.encode(text) for text in pairs.sources]
        self.targets = [translator.target.encode(texts[0]) for texts in pairs.targets]
        # In order of length of what is written first: that costs most.
        self.lengths = [1000 * len(t) + len(s) for s, t in zip(self.sources, self.targets, strict=True)]

    def batch(self, places: Sequence[int] | np.ndarray) -> tuple[tuple[np.ndarray, np.ndarray], np.ndarray, np.ndarray]:
        """((source ids, ids written so far), the ids that should come next, the mask of what is real)."""
        edge = np.array([self.edge], dtype=np.int32)
        source, _ = pad([self.sources[place] for place in places])
        before, _ = pad([np.concatenate([edge, self.targets[place]]) for place in places])
        after, mask = pad([np.concatenate([self.targets[place], edge]) for place in places])
        return (source, before), after, mask.astype(np.float32)


def _compile(model: Any) -> Callable[..., Any]:
    """A model as a function of its inputs, of any batch and length."""
    import tensorflow as tf

    signature = [tf.TensorSpec((None, *part.shape[1:]), part.dtype) for part in model.inputs]
    inputs = (lambda *parts: model(parts[0])) if len(signature) == 1 else (lambda *parts: model(list(parts)))
    return tf.function(inputs, signature, autograph=False)  # type: ignore[no-any-return]


def _until(edge: int, ids: list[int]) -> list[int]:
    return ids[: ids.index(edge)] if edge in ids else ids


def _read(model: Any) -> Losses:
    return {name: float(value) for name, value in model.get_metrics_result().items()}


def _over_batches(step: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """One graph for batches of any size and length."""
    import tensorflow as tf

    ids, mask = tf.TensorSpec((None, None), tf.int32), tf.TensorSpec((None, None), tf.float32)
    return tf.function(step, input_signature=[((ids, ids), ids, mask)], autograph=False)  # type: ignore[no-any-return]
