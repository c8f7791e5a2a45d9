"""A language model: an LSTM that gives the probability of the next symbol, trained by truncated backpropagation."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from lstm_tutorial.applications.corpus import END, Contexts, Corpus
from lstm_tutorial.checkpoint import fingerprint
from lstm_tutorial.training import Losses, Trained, describe_model, keep_best

if TYPE_CHECKING:
    import keras

States = list[Any]  # of each layer its output and its cell state, (rows, units) each


@dataclass(frozen=True)
class Recipe:
    """How the network is made and trained; see the chapter's parameters."""

    units: int = 160
    layers: int = 1
    embedding: int = 32
    context: int = 5
    least: int = 8
    dropout: float = 0.1
    timesteps: int = 20
    batch_size: int = 128
    epochs: int = 4
    learning_rate: float = 0.01
    weight_decay: float = 0.0001
    seed: int = 0


class LanguageModel:
    """A network that reads symbols one after the other, and says each time what may come next."""

    def __init__(self, corpus: Corpus, recipe: Recipe) -> None:
        import keras

        self.corpus, self.recipe = corpus, recipe
        self.contexts = Contexts.of(corpus.train, len(corpus.symbols), recipe.context, recipe.least)
        length = sum(map(len, corpus.train))
        self.rows = max(1, min(recipe.batch_size, length // (4 * recipe.timesteps)))
        windows = -(-length // (self.rows * recipe.timesteps))
        keras.utils.set_random_seed(recipe.seed)
        self.model = build(self.contexts, recipe, windows * recipe.epochs)
        self._learn, self._look = _compile(self.model)

    def train(self, folder: str | Path | None = None) -> Trained:
        """Pass over the training part `epochs` times; losses are in bits a symbol. See `training.keep_best`."""

        def learn(epoch: int) -> Losses:
            rng = np.random.default_rng([self.recipe.seed, epoch])
            bits, count = 0.0, 0.0
            states = self.start(self.rows)
            for x, y, weights in self._windows(self._shuffle(rng), self.rows, self.recipe.timesteps):
                sum_bits, states = self._learn(x, y, weights, states)
                bits, count = bits + float(sum_bits), count + float(weights.sum())
            return {"loss": bits / count}

        def score() -> Losses:
            return {"loss": self.bits(self.corpus.validation)}

        run = None
        if folder:
            data = fingerprint([np.concatenate(part) for part in (self.corpus.train, self.corpus.validation)])
            run = asdict(self.recipe) | describe_model(self.model) | {"data": data}
        return keep_best(
            self.model,
            learn,
            lambda: {"loss": self.bits(self.corpus.validation)},
            self.recipe.epochs,
            None,
            folder,
            run,
        )

    def bits(self, sequences: Sequence[np.ndarray]) -> float:
        """Mean of -log2 of the probability of each symbol: bits a symbol."""
        return float(self.each(sequences).mean())

    def each(self, sequences: Sequence[np.ndarray]) -> np.ndarray:
        """-log2 of the probability of each symbol of the sequences, one after the other: (symbols,)."""
        rows = max(1, min(64, sum(map(len, sequences)) // 200))
        states, costs, kept = self.start(rows), [], []
        for x, y, weights in self._windows(sequences, rows, 64):
            logarithms, states = self._look(x, states)
            costs.append(-np.take_along_axis(logarithms.numpy(), y[..., None], axis=2)[..., 0] / np.log(2))
            kept.append(weights > 0)
        # Rows stand one behind the other in the text, windows side by side in the rows.
        found: np.ndarray = np.concatenate(costs, axis=1)[np.concatenate(kept, axis=1)]
        return found

    def probabilities(self, x: np.ndarray, states: States) -> tuple[np.ndarray, States]:
        """What may come after each of the contexts (rows, steps, longest): (rows, steps, symbols); and the states."""
        logarithms, states = self._look(x, states)
        return np.exp(logarithms.numpy()), states

    def start(self, rows: int) -> States:
        """States of a network that has read nothing."""
        return [np.zeros((rows, self.recipe.units), np.float32) for _ in range(2 * self.recipe.layers)]

    def sample(self, count: int, temperature: float = 1.0, seed: int = 0, longest: int = 30) -> list[str]:
        """Texts made up by the network, each up to the end of a line or to `longest` symbols.

        Each symbol is drawn from its probabilities, raised to the power 1 / `temperature` and scaled to sum to one.
        """
        if temperature <= 0:
            raise ValueError(f"temperature is {temperature:g}; wanted more than 0")
        rng, states = np.random.default_rng(seed), self.start(count)
        made = np.full((count, 0), 0)
        for _ in range(longest):
            logarithms, states = self._look(self.contexts.after(made)[:, None], states)
            # The largest of logarithms with Gumbel noise is a draw from their probabilities.
            noise = rng.gumbel(size=(count, len(self.corpus.symbols)))
            made = np.column_stack([made, np.argmax(logarithms.numpy()[:, 0] / temperature + noise, axis=1)])
        texts = (self.corpus.text(row) for row in made)
        return list(texts) if self.corpus.running else [text.split(END)[0] for text in texts]

    def read(self, sequence: np.ndarray) -> np.ndarray:
        """The last layer's cell state after it has read each symbol but the last: (symbols - 1, units)."""
        x, _ = self.contexts.before([sequence])
        states, seen = self.start(1), []
        for numbers in x[1:]:
            _, states = self._look(numbers[None, None], states)
            seen.append(np.asarray(states[-1])[0])
        return np.array(seen)

    def _shuffle(self, rng: np.random.Generator) -> list[np.ndarray]:
        """Lines in another order, or the running text from another place on, which moves the edges of its windows."""
        train = self.corpus.train
        if not self.corpus.running:
            return [train[place] for place in rng.permutation(len(train))]
        return [train[0][rng.integers(min(self.recipe.timesteps, len(train[0]) // 2)) :]]

    def _windows(
        self, sequences: Sequence[np.ndarray], rows: int, steps: int
    ) -> Iterator[tuple[np.ndarray, np.ndarray, np.ndarray]]:
        """The text in so many rows, cut where lines begin, in windows one after the other.

        Each window: numbers of contexts (rows, steps, longest), symbols (rows, steps), and weights that are 0 where a
        row has ended.
        """
        x, y = self.contexts.before(sequences)
        cuts = np.arange(1, rows) * len(y) // rows
        if not self.corpus.running:
            begins = np.cumsum([len(sequence) for sequence in sequences])
            cuts = begins[np.minimum(np.searchsorted(begins, cuts), len(begins) - 1)]
        parts = np.split(np.arange(len(y)), cuts)
        whole = -(-max(map(len, parts)) // steps) * steps
        places = np.array([np.pad(part, (0, whole - len(part)), constant_values=-1) for part in parts])
        for window in np.split(places, whole // steps, axis=1):
            yield x[window], y[window], (window >= 0).astype(np.float32)


def build(contexts: Contexts, recipe: Recipe, updates: int) -> keras.Model:
    """An embedding for each length of context, LSTM layers, and a Dense layer that gives a logit for each symbol.

    Inputs: numbers of contexts (rows, steps, longest), and the states. Outputs: logits (rows, steps, symbols), and
    the states after the last step. The learning rate rises for 100 updates and falls to nothing by the last of
    `updates`, along a cosine (Loshchilov and Hutter 2017).
    """
    import keras

    x = keras.Input((None, recipe.context), dtype="int32")
    states = [keras.Input((recipe.units,)) for _ in range(2 * recipe.layers)]
    # The longer a context, the rarer: it starts as a small correction.
    scales = [0.05] + [0.01] * (recipe.context - 1)
    rows = [
        keras.layers.Embedding(size, recipe.embedding, keras.initializers.RandomUniform(-scale, scale))(x[:, :, place])
        for place, (size, scale) in enumerate(zip(contexts.sizes, scales, strict=True))
    ]
    h = keras.layers.Dropout(recipe.dropout)(keras.layers.Add()(rows) if len(rows) > 1 else rows[0])
    after: list[Any] = []
    for layer in range(recipe.layers):
        lstm = keras.layers.LSTM(recipe.units, return_sequences=True, return_state=True)
        h, *ends = lstm(h, initial_state=states[2 * layer : 2 * layer + 2])
        h, after = keras.layers.Dropout(recipe.dropout)(h), after + ends
    model = keras.Model([x, *states], [keras.layers.Dense(contexts.symbols)(h), *after])
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
    def learn(x: Any, y: Any, weights: Any, states: States) -> tuple[Any, States]:
        # The states come in as numbers: no gradient goes back beyond the window.
        with tf.GradientTape() as tape:
            logits, *after = model([x, *states], training=True)
            nats = tf.reduce_sum(weights * tf.nn.sparse_softmax_cross_entropy_with_logits(y, logits))
            loss = nats / tf.maximum(tf.reduce_sum(weights), 1.0)
        gradients = tape.gradient(loss, model.trainable_variables)
        model.optimizer.apply_gradients(zip(gradients, model.trainable_variables, strict=True))
        return nats / np.log(2), after

    @tf.function(reduce_retracing=True, autograph=False)  # type: ignore[untyped-decorator]
    def look(x: Any, states: States) -> tuple[Any, States]:
        logits, *after = model([x, *states], training=False)
        return tf.nn.log_softmax(logits), after

    return learn, look


def best_cell(states: Sequence[np.ndarray], wanted: Sequence[np.ndarray]) -> tuple[int, float]:
    """The unit whose cell state goes most nearly along with a quantity, and their correlation.

    For each sequence its states (symbols, units) and the quantity after each symbol (symbols,).
    """
    cells, target = np.concatenate(list(states)), np.concatenate(list(wanted)).astype(float)
    cells, target = cells - cells.mean(axis=0), target - target.mean()
    scale = np.sqrt((cells**2).sum(axis=0) * (target**2).sum())
    correlation = np.divide(target @ cells, scale, out=np.zeros(cells.shape[1]), where=scale > 0)
    unit = int(np.argmax(np.abs(correlation)))
    return unit, float(correlation[unit])
