"""A language model: an LSTM that gives the probability of the next symbol, trained by truncated backpropagation."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from lstm_tutorial.applications.corpus import END, Corpus
from lstm_tutorial.applications.counting import Counting, cross_fit
from lstm_tutorial.checkpoint import fingerprint
from lstm_tutorial.training import Losses, Trained, describe_model, keep_best

if TYPE_CHECKING:
    import keras

States = list[Any]  # of each layer its output and its cell state, (rows, units) each
UPDATES = 100  # that an epoch has at least, where the text is long enough for rows of that length
LARGEST = 300_000_000  # expectations that are kept: 1.2 GB


@dataclass(frozen=True)
class Recipe:
    """How the network is made and trained; see the chapter's parameters."""

    units: int = 160
    layers: int = 1
    embedding: int = 32
    dropout: float = 0.1
    timesteps: int = 20
    batch_size: int = 128
    epochs: int = 3
    learning_rate: float = 0.01
    weight_decay: float = 0.0001
    seed: int = 0


class LanguageModel:
    """A network that reads symbols one after the other, and says each time what may come next.

    With a `counting` it starts as that: it reads what the n-grams expect, beside the symbols, and corrects it. What
    they expect of training text then comes from counts that have not seen it.
    """

    def __init__(self, corpus: Corpus, recipe: Recipe, counting: Counting | None = None) -> None:
        import keras

        self.corpus, self.recipe, self.counting = corpus, recipe, counting
        length = sum(map(len, corpus.train))
        if counting and length * len(corpus.symbols) > LARGEST:
            raise ValueError(
                f"{length:,} symbols of {len(corpus.symbols)} kinds are too many to start as n-grams; "
                "start as nothing, or take less text"
            )
        self.rows = max(1, min(recipe.batch_size, length // (UPDATES * recipe.timesteps)))
        self.updates = recipe.epochs * -(-length // (self.rows * recipe.timesteps))
        keras.utils.set_random_seed(recipe.seed)
        self.model = build(len(corpus.symbols), recipe, self.updates, bool(counting))
        self._learn, self._look = _compile(self.model)

    def train(self, folder: str | Path | None = None) -> Trained:
        """Pass over the training part `epochs` times; losses are in bits a symbol. See `training.keep_best`."""
        counting, validation = self.counting, self.corpus.validation
        expected = cross_fit(counting, self.corpus) if counting else None
        held_out = self._expect(validation)

        def learn(epoch: int) -> Losses:
            rng = np.random.default_rng([self.recipe.seed, epoch])
            bits, count = 0.0, 0.0
            states = self.start(self.rows)
            sequences, logarithms = self._shuffle(rng, expected)
            for x, y, weights, before in self._windows(sequences, logarithms, self.rows, self.recipe.timesteps):
                sum_bits, states = self._learn(x, y, weights, before, states)
                bits, count = bits + float(sum_bits), count + float(weights.sum())
            return {"loss": bits / count}

        def score() -> Losses:
            return {"loss": float(self._cost(validation, held_out).mean())}

        run = None
        if folder:
            data = fingerprint([np.concatenate(part) for part in (self.corpus.train, validation)])
            start = f"{counting.order} {counting.smoothing}" if counting else ""
            run = asdict(self.recipe) | describe_model(self.model) | {"data": data, "start": start}
        return keep_best(self.model, learn, score, self.recipe.epochs, None, folder, run)

    def bits(self, sequences: Sequence[np.ndarray]) -> float:
        """Mean of -log2 of the probability of each symbol: bits a symbol."""
        return float(self.each(sequences).mean())

    def each(self, sequences: Sequence[np.ndarray], steps: int = 64, carry: bool = True) -> np.ndarray:
        """-log2 of the probability of each symbol of the sequences, one after the other: (symbols,).

        They are read in windows of so many `steps`. Without `carry`, each window starts with an empty memory.
        """
        return self._cost(sequences, self._expect(sequences), steps, carry)

    def _cost(
        self, sequences: Sequence[np.ndarray], expected: np.ndarray | None, steps: int = 64, carry: bool = True
    ) -> np.ndarray:
        # A running text stays in one row, so that nothing begins without a memory.
        rows = 1 if self.corpus.running else max(1, min(64, sum(map(len, sequences)) // 200))
        states, costs, kept = self.start(rows), [], []
        for x, y, weights, before in self._windows(sequences, expected, rows, steps):
            logarithms, after = self._look(x, before, states)
            states = after if carry else states
            costs.append(-np.take_along_axis(logarithms.numpy(), y[..., None], axis=2)[..., 0] / np.log(2))
            kept.append(weights > 0)
        # Rows stand one behind the other in the text, windows side by side in the rows.
        found: np.ndarray = np.concatenate(costs, axis=1)[np.concatenate(kept, axis=1)]
        return found

    def _expect(self, sequences: Sequence[np.ndarray]) -> np.ndarray | None:
        """Logarithms of what the n-grams expect in each place (symbols, kinds)."""
        if not (counting := self.counting):
            return None
        found: np.ndarray = np.log(counting.ngrams.distributions(sequences, counting.order, counting.smoothing))
        return found

    def start(self, rows: int) -> States:
        """States of a network that has read nothing."""
        return [np.zeros((rows, self.recipe.units), np.float32) for _ in range(2 * self.recipe.layers)]

    def sample(self, count: int, temperature: float = 1.0, seed: int = 0, longest: int = 30) -> list[str]:
        """Texts made up by the network, each up to the end of a line or to `longest` symbols.

        Each symbol is drawn from its probabilities, raised to the power 1 / `temperature` and scaled to sum to one.
        """
        if temperature <= 0:
            raise ValueError(f"temperature is {temperature:g}; wanted more than 0")
        rng, states, counting = np.random.default_rng(seed), self.start(count), self.counting
        symbols = len(self.corpus.symbols)
        made, before = np.full((count, 0), 0), np.zeros((count, 0), np.float32)
        for place in range(longest):
            last = made[:, -1:] if place else np.full((count, 1), symbols)
            if counting:
                before = np.log(counting.ngrams.after(made, counting.order, counting.smoothing))
            logarithms, states = self._look(last.astype(np.int32), before[:, None].astype(np.float32), states)
            # The largest of logarithms with Gumbel noise is a draw from their probabilities.
            noise = rng.gumbel(size=(count, symbols))
            made = np.column_stack([made, np.argmax(logarithms.numpy()[:, 0] / temperature + noise, axis=1)])
        texts = (self.corpus.text(row) for row in made)
        return list(texts) if self.corpus.running else [text.split(END)[0] for text in texts]

    def read(self, sequence: np.ndarray) -> np.ndarray:
        """The last layer's cell state after it has read each symbol but the last: (symbols - 1, units)."""
        states, seen = self.start(1), []
        for place, (x, _, _, before) in enumerate(self._windows([sequence], self._expect([sequence]), 1, 1)):
            _, states = self._look(x, before, states)
            if place:
                seen.append(np.asarray(states[-1])[0])
        return np.array(seen)

    def _shuffle(
        self, rng: np.random.Generator, expected: list[np.ndarray] | None
    ) -> tuple[list[np.ndarray], np.ndarray | None]:
        """Lines in another order, or the running text from another place on, which moves the edges of its windows."""
        train = self.corpus.train
        if self.corpus.running:
            start = rng.integers(min(self.recipe.timesteps, len(train[0]) // 2))
            return [train[0][start:]], None if expected is None else np.concatenate(expected)[start:]
        order = rng.permutation(len(train))
        there = None if expected is None else np.concatenate([expected[place] for place in order])
        return [train[place] for place in order], there

    def _windows(
        self, sequences: Sequence[np.ndarray], expected: np.ndarray | None, rows: int, steps: int
    ) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]]:
        """The text in so many rows, cut where lines begin, in windows one after the other.

        Each window: the symbol before each (rows, steps), the symbols (rows, steps), weights that are 0 where a row has
        ended, and what the n-grams expect (rows, steps, kinds), or (rows, steps, 0).
        """
        y = np.concatenate(list(sequences)).astype(np.int32)
        begins = np.cumsum([0, *map(len, sequences)])
        x = np.concatenate([[0], y[:-1]]).astype(np.int32)
        x[begins[:-1]] = len(self.corpus.symbols)
        cuts = np.arange(1, rows) * len(y) // rows
        if not self.corpus.running:
            cuts = begins[np.minimum(np.searchsorted(begins, cuts), len(begins) - 1)]
        parts = np.split(np.arange(len(y)), cuts)
        whole = -(-max(map(len, parts)) // steps) * steps
        places = np.array([np.pad(part, (0, whole - len(part)), constant_values=-1) for part in parts])
        nothing = np.zeros((len(y), 0), np.float32)
        before = nothing if expected is None else expected
        for window in np.split(places, whole // steps, axis=1):
            yield x[window], y[window], (window >= 0).astype(np.float32), before[window]


def build(symbols: int, recipe: Recipe, updates: int, counted: bool = False) -> keras.Model:
    """An embedding, LSTM layers, and a Dense layer that gives a logit for each symbol.

    Inputs: the symbol before each (rows, steps), `symbols` for a beginning; logarithms of what n-grams expect (rows,
    steps, symbols), or (rows, steps, 0); and the states. Outputs: logits (rows, steps, symbols), and the states after
    the last step. If `counted`, a tenth of what is expected is read through a Dense layer beside the embedding, and
    all is added to the logits; the last layer starts with zeros, so the untrained network says what was expected. The
    learning rate rises for 100 updates and falls to nothing by the last of `updates`, along a cosine (Loshchilov and
    Hutter 2017).
    """
    import keras

    x, expected = keras.Input((None,), dtype="int32"), keras.Input((None, symbols if counted else 0))
    states = [keras.Input((recipe.units,)) for _ in range(2 * recipe.layers)]
    h = keras.layers.Embedding(symbols + 1, recipe.embedding)(x)
    if counted:
        # Logarithms of small probabilities are large; whole, they can saturate all gates before anything is learned.
        h = h + keras.layers.Dense(recipe.embedding)(0.1 * expected)
    h = keras.layers.Dropout(recipe.dropout)(h)
    after: list[Any] = []
    for layer in range(recipe.layers):
        lstm = keras.layers.LSTM(recipe.units, return_sequences=True, return_state=True)
        h, *ends = lstm(h, initial_state=states[2 * layer : 2 * layer + 2])
        h, after = keras.layers.Dropout(recipe.dropout)(h), after + ends
    logits = keras.layers.Dense(symbols, kernel_initializer="zeros" if counted else "glorot_uniform")(h)
    model = keras.Model([x, expected, *states], [logits + expected if counted else logits, *after])
    warm = min(100, updates // 4)
    rate = keras.optimizers.schedules.CosineDecay(
        0.05 * recipe.learning_rate, updates - warm, 0.002, warmup_target=recipe.learning_rate, warmup_steps=warm
    )
    model.compile(keras.optimizers.AdamW(rate, recipe.weight_decay, clipnorm=1.0))
    return model


def _compile(model: keras.Model) -> tuple[Any, Any]:
    """A step of training: bits of the window, and the states after it. And logarithms of probabilities, and states."""
    import tensorflow as tf

    @tf.function(reduce_retracing=True, autograph=False)  # type: ignore[untyped-decorator]
    def learn(x: Any, y: Any, weights: Any, expected: Any, states: States) -> tuple[Any, States]:
        # The states come in as numbers: no gradient goes back beyond the window.
        with tf.GradientTape() as tape:
            logits, *after = model([x, expected, *states], training=True)
            nats = tf.reduce_sum(weights * tf.nn.sparse_softmax_cross_entropy_with_logits(y, logits))
            loss = nats / tf.maximum(tf.reduce_sum(weights), 1.0)
        gradients = tape.gradient(loss, model.trainable_variables)
        model.optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
        return nats / np.log(2), after

    @tf.function(reduce_retracing=True, autograph=False)  # type: ignore[untyped-decorator]
    def look(x: Any, expected: Any, states: States) -> tuple[Any, States]:
        logits, *after = model([x, expected, *states], training=False)
        return tf.nn.log_softmax(logits), after

    return learn, look
