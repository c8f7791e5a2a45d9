"""Speech to text: recordings, split by speaker, a bidirectional LSTM trained with CTC, and what it understands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from lstm_tutorial.applications.ctc import BLANK, beam_search, ctc_loss, greedy, log_softmax
from lstm_tutorial.applications.errors import error_rate
from lstm_tutorial.applications.features import BANDS, describe, stack, vary
from lstm_tutorial.applications.voices import ACCENTS, RATE, SPEAKERS, Line, speak
from lstm_tutorial.applications.wav import DIGITS, Recording
from lstm_tutorial.checkpoint import fingerprint
from lstm_tutorial.text import Unit, Vocabulary, bucket, pad, split_text
from lstm_tutorial.training import Losses, Trained, describe_model, keep_best

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True)
class Examples:
    """What a network reads, (steps, features) each, and the ids of what it should say."""

    x: list[np.ndarray]
    y: list[np.ndarray]
    texts: list[str]

    def __len__(self) -> int:
        return len(self.x)


def synthesize(
    count: int, speakers: Sequence[str] = SPEAKERS, seed: int = 0, folder: str | Path | None = None
) -> list[Recording]:
    """One to six digits in a row, said by each of the speakers in turn: `count` recordings, 8,000 samples a second.

    Digits, accent, speed (140 to 210 words a minute) and pitch are drawn by `seed`. Kept in `folder`, see `speak`.
    """
    rng = np.random.default_rng(seed)
    lines = [
        Line(
            " ".join(rng.choice(DIGITS, rng.integers(1, 7))),
            speakers[number % len(speakers)],
            str(rng.choice(ACCENTS)),
            int(rng.integers(140, 211)),
            int(rng.integers(35, 66)),
        )
        for number in range(count)
    ]
    return [
        Recording((sound / 32768).astype(np.float32), RATE, line.text, line.speaker, f"line {number}")
        for number, (line, sound) in enumerate(zip(lines, speak(lines, folder), strict=True))
    ]


def prepare(recordings: Sequence[Recording], vocabulary: Vocabulary) -> Examples:
    """Features and ids of recordings. Raises ValueError, with its name, for one too short for what it says.

    Where words are recognized, capitals do not count and a punctuation mark is a word.
    """
    x, y = [describe(one.samples, one.rate) for one in recordings], [vocabulary.encode(one.text) for one in recordings]
    for one, steps, ids in zip(recordings, x, y, strict=True):
        needed = fewest_steps(ids)
        if len(steps) < needed:
            raise ValueError(
                f"{one.name}: {one.text!r} needs {needed} steps and the {one.seconds:.2f} seconds of sound give "
                f"{len(steps)}; is the label right?"
            )
    by_words = vocabulary.unit == "words"
    return Examples(x, y, [" ".join(split_text(one.text)) if by_words else one.text for one in recordings])


def fewest_steps(ids: np.ndarray) -> int:
    """How many steps a label needs: one for each id, and one for a blank between equal neighbors."""
    return len(ids) + int(np.sum(ids[1:] == ids[:-1]))


def build(
    vocabulary: Vocabulary,
    updates: int,
    features: int = 120,
    layers: int = 2,
    units: int = 64,
    noise: float = 0.3,
    learning_rate: float = 0.005,
    seed: int = 0,
    both: bool = True,
) -> keras.Model:
    """Bidirectional LSTM layers below one Dense layer: logits (batch, steps, ids) for blank and every id.

    Without `both` the layers read forward only. With 0 layers a network without memory, which hears nothing but the
    step: two Dense layers of 6 `units`, which have about as many weights as two bidirectional ones. Inputs are (batch,
    steps, features), zeros at their end are padding. Noise on them, in training, keeps the network from learning
    recordings by heart. Adam's rate rises over the first twentieth of the updates and then falls to 0.
    """
    import keras

    keras.utils.set_random_seed(seed)
    inputs = keras.Input((None, features))
    h = keras.layers.GaussianNoise(noise)(keras.layers.Masking()(inputs))
    if not layers:
        h = keras.layers.Dense(6 * units, "relu")(keras.layers.Dense(6 * units, "relu")(h))
    for _ in range(layers):
        reader = keras.layers.LSTM(units, return_sequences=True)
        h = (keras.layers.Bidirectional(reader) if both else reader)(h)
    model = keras.Model(inputs, keras.layers.Dense(len(vocabulary))(h))
    warmup = max(1, updates // 20)
    rate = keras.optimizers.schedules.CosineDecay(
        learning_rate / 10, max(1, updates - warmup), warmup_target=learning_rate, warmup_steps=warmup
    )
    model.compile(keras.optimizers.Adam(rate, clipnorm=1.0))
    return model


def train(
    examples: Examples,
    validation: Examples,
    vocabulary: Vocabulary,
    epochs: int,
    batch_size: int = 32,
    folder: str | Path | None = None,
    layers: int = 2,
    units: int = 64,
    noise: float = 0.3,
    learning_rate: float = 0.005,
    seed: int = 0,
    both: bool = True,
) -> Trained:
    """Train a network by CTC and keep the weights with the lowest validation loss.

    Losses are nats a recording; `history` also has the word error rate on the validation part, "val_errors". With a
    `folder`, training can be stopped and taken up again (`keep_best`).
    """
    import keras
    import tensorflow as tf

    lengths = [len(steps) for steps in examples.x]
    updates = epochs * -(-len(lengths) // batch_size)
    model = build(vocabulary, updates, examples.x[0].shape[1], layers, units, noise, learning_rate, seed, both)
    kinds = [tf.TensorSpec((None, None, examples.x[0].shape[1])), tf.TensorSpec((None, None), tf.int32)]
    kinds += [tf.TensorSpec((None,), tf.int32)] * 2

    def update(x: tf.Tensor, y: tf.Tensor, steps: tf.Tensor, count: tf.Tensor) -> tf.Tensor:
        with tf.GradientTape() as tape:
            logits = model(x, training=True)
            # `keras.losses.CTC` does not know which steps are padding.
            loss = tf.reduce_mean(keras.ops.ctc_loss(y, logits, count, steps, mask_index=BLANK))
        model.optimizer.apply(tape.gradient(loss, model.trainable_variables), model.trainable_variables)
        return loss

    # One trace for batches of all lengths.
    compiled = tf.function(update, input_signature=kinds)

    def learn(epoch: int) -> Losses:
        rng = np.random.default_rng([seed, epoch])
        batches = bucket(lengths, batch_size, rng)
        losses = [float(compiled(*_batch(examples, batch, rng))) for batch in batches]
        return {"loss": float(np.average(losses, weights=[len(batch) for batch in batches]))}

    def score() -> Losses:
        said = listen(model, validation.x)
        losses = [ctc_loss(log_probs, ids) for log_probs, ids in zip(said, validation.y, strict=True)]
        return {"loss": float(np.mean(losses)), "errors": errors(validation.texts, read(said, vocabulary))}

    data = fingerprint([*examples.x, *examples.y, *validation.x, *validation.y])
    run = describe_model(model) | {"data": data, "batch_size": batch_size, "seed": seed, "noise": noise}
    return keep_best(model, learn, score, epochs, folder=folder, run=run)


def passes(count: int, batch_size: int, updates: int) -> int:
    """How many epochs make at least so many updates: few recordings need many."""
    return -(-updates // -(-count // batch_size))


def _batch(examples: Examples, places: np.ndarray, rng: np.random.Generator) -> tuple[np.ndarray, ...]:
    """Padded inputs, varied, and ids, and how many of each are real."""
    varied = [stack(vary(examples.x[place].reshape(-1, BANDS), rng)) for place in places]
    fits = [len(steps) >= fewest_steps(examples.y[place]) for steps, place in zip(varied, places, strict=True)]
    x, steps = pad([one if fit else examples.x[p] for one, fit, p in zip(varied, fits, places, strict=True)])
    y, count = pad([examples.y[place] for place in places])
    return x, y, steps.sum(axis=1, dtype=np.int32), count.sum(axis=1, dtype=np.int32)


def listen(model: keras.Model, x: Sequence[np.ndarray], batch_size: int = 64) -> list[np.ndarray]:
    """The log probability of blank and every id at each step of each input: arrays (steps, ids)."""
    order, said = np.argsort([len(steps) for steps in x], kind="stable"), [np.zeros((0, 0))] * len(x)
    for start in range(0, len(x), batch_size):
        batch = order[start : start + batch_size]
        logits = model.predict_on_batch(pad([x[place] for place in batch])[0]).astype(np.float64)
        for place, row in zip(batch, logits, strict=True):
            said[place] = log_softmax(row[: len(x[place])])
    return said


def read(said: Sequence[np.ndarray], vocabulary: Vocabulary, width: int = 1) -> list[str]:
    """What is said as text: by the best path, or for a `width` above 1 by a search with that many beginnings."""
    labels = [greedy(one) if width == 1 else beam_search(one, width)[0][0] for one in said]
    return [vocabulary.decode(label) for label in labels]


def errors(truths: Sequence[str], saids: Sequence[str], unit: Unit = "words") -> float:
    """The error rate of words or of characters, over all texts."""
    split = list if unit == "characters" else str.split
    return error_rate([split(text) for text in truths], [split(text) for text in saids])
