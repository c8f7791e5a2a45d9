"""Passes over the windows as compiled functions: what `model.fit` does in an epoch, with less around it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from time import process_time
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from lstm_tutorial.training import Losses, read_state, write_state
from lstm_tutorial.workflow.windows import Prepared, Windows

if TYPE_CHECKING:
    import keras


def inputs(model: keras.Model, windows: Windows) -> list[np.ndarray]:
    """What this network takes of the windows: x, and the extras if it has an input for them."""
    return [windows.x, windows.extras][: len(model.inputs)]


class Parts(Protocol):
    """What has windows to train on and windows to judge by: a `Prepared`, or a fold of a search."""

    @property
    def train(self) -> Windows: ...  # noqa: D102

    @property
    def validation(self) -> Windows: ...  # noqa: D102


class Epochs:
    """Passes of a compiled model over training and validation windows, by its own `train_step` and `test_step`.

    All batches of an epoch run in one call: `model.fit` goes back to Python for each batch, which takes longer
    than the arithmetic of a small network.
    """

    def __init__(self, model: keras.Model, prepared: Parts, batch_size: int) -> None:
        model.optimizer.build(model.trainable_variables)
        self.model, self.batch_size = model, batch_size
        self.turn_to(prepared.train, prepared.validation)
        self._fit = _compile(model.train_step, self._train)
        self._score = _compile(model.test_step, self._held_out)

    def turn_to(self, train: Windows, held_out: Windows) -> None:
        """Go on with other windows of the same shape; nothing is compiled again."""
        import keras
        import tensorflow as tf

        kind = keras.config.floatx()
        self.count, self._last = len(train.y), len(held_out.y)
        self._train, self._held_out = (
            (tuple(tf.constant(x, kind) for x in inputs(self.model, part)), tf.constant(part.y, kind))
            for part in (train, held_out)
        )

    def fit(self, order: np.ndarray) -> Losses:
        """Update the weights once for each batch of the training windows `order`; the losses meanwhile."""
        return self._run(partial(self._fit, *self._train), order, self.batch_size)

    def score(self) -> Losses:
        """The losses on the validation windows."""
        return self._run(partial(self._score, *self._held_out), np.arange(self._last), 1024)

    def _run(self, batches: Callable[[np.ndarray], None], order: np.ndarray, size: int) -> Losses:
        self.model.reset_metrics()
        full = len(order) // size * size
        for rows in (order[:full].reshape(-1, size), order[None, full:]):
            if rows.size:
                batches(rows.astype(np.int32))
        return {name: float(value) for name, value in self.model.get_metrics_result().items()}


@contextmanager
def unchanged(model: keras.Model) -> Iterator[None]:
    """Whatever happens to the model inside is undone."""
    state = read_state(model)
    try:
        yield
    finally:
        write_state(model, state)


def time_epochs(model: keras.Model, prepared: Prepared, batch_size: int, count: int = 5) -> tuple[float, float]:
    """Seconds of processor time for the first epoch by `Epochs.fit`, and for the quickest of the others.

    Processor time, because on a busy machine the clock on the wall measures the others.
    """
    ends = [process_time()]
    epochs = Epochs(model, prepared, batch_size)
    for _ in range(count):
        epochs.fit(np.arange(epochs.count))
        ends.append(process_time())
    first, *others = np.diff(ends).tolist()
    return first, min(others)


def time_fit(
    model: keras.Model, prepared: Prepared, batch_size: int, count: int = 5, **options: object
) -> tuple[float, float]:
    """The same by `model.fit`, the model compiled with `options`."""
    import keras

    model.compile(model.optimizer, model.loss, **options)
    ends, windows = [process_time()], prepared.train
    note = keras.callbacks.LambdaCallback(on_epoch_end=lambda *_: ends.append(process_time()))
    model.fit(inputs(model, windows), windows.y, batch_size=batch_size, epochs=count, callbacks=[note], verbose=0)
    first, *others = np.diff(ends).tolist()
    return first, min(others)


def _compile(step: Callable[[Any], Any], data: tuple[tuple[Any, ...], Any]) -> Callable[..., None]:
    import tensorflow as tf

    def any_length(array: Any) -> Any:
        return tf.TensorSpec((None, *array.shape[1:]), array.dtype)

    # It warns, on standard output, of models that follow each other quickly, as if one were traced again and again.
    tf.get_logger().setLevel("ERROR")
    # Rewriting the graphs of networks of this size takes longer than it saves.
    tf.config.optimizer.set_experimental_options({"disable_meta_optimizer": True})
    x, y = data
    signature = [tuple(map(any_length, x)), any_length(y), tf.TensorSpec((None, None), tf.int32)]

    # A plain while loop: AutoGraph would read the source file again, which may have changed since.
    @tf.function(input_signature=signature, autograph=False)  # type: ignore[untyped-decorator]
    def batches(x: Any, y: Any, rows: Any) -> None:
        def one(number: Any) -> tuple[Any]:
            batch = rows[number]
            seen = tuple(tf.gather(array, batch) for array in x)
            step((seen if len(seen) > 1 else seen[0], tf.gather(y, batch)))
            return (number + 1,)

        # The next batch must not start before this one has changed the weights.
        tf.while_loop(lambda number: number < tf.shape(rows)[0], one, [tf.constant(0)], parallel_iterations=1)

    return batches  # type: ignore[no-any-return]
