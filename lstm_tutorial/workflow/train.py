"""From an untrained model and windows to a trained one; after a crash, from where it was."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from lstm_tutorial.settings import Settings
from lstm_tutorial.workflow.checkpoint import Run, State, fingerprint, load, save
from lstm_tutorial.workflow.design import build
from lstm_tutorial.workflow.epochs import Epochs, Losses, inputs, read_state, write_state
from lstm_tutorial.workflow.windows import Prepared

if TYPE_CHECKING:
    import keras

# Where data are from and what is done with trained models: a run is the same without.
ELSEWHERE = {"csv", "time", "target", "timezone", "members", "trials", "minutes", "folder"}


@dataclass(frozen=True)
class Trained:
    """A trained model and its losses.

    `history` maps "loss" and "val_loss" (and the model's other metrics) to one value an epoch; `best_epoch`,
    counted from 1, has the lowest validation loss, and the model has its weights. 0: no epoch did better than
    the untrained model, whose validation loss is `start`.
    """

    model: keras.Model
    history: dict[str, list[float]]
    start: float
    best_epoch: int


def train(
    model: keras.Model,
    prepared: Prepared,
    settings: Settings,
    folder: str | Path | None = None,
    *,
    tensorboard: str | Path | None = None,
    on_epoch: Callable[[int, Losses], None] | None = None,
) -> Trained:
    """Fit a compiled model until its validation loss has not improved for `patience` epochs; keep the best weights.

    With a `folder`, the state after each epoch is kept there. Stopped at any moment and called again, training goes
    on after the last whole epoch and ends with the same weights to the bit; a finished run returns at once. Each
    epoch's order of the windows follows from (seed, epoch).

    Losses are written to the folder `tensorboard` for TensorBoard, and given to `on_epoch(epoch, losses)`, which may
    raise to stop. Draws a progress bar on stderr unless the environment variable LSTM_TUTORIAL_PROGRESS is 0.
    Raises ValueError if the folder holds another run (other data, model or settings).
    """
    from tqdm import tqdm

    epochs = Epochs(model, prepared, settings.batch_size)
    where, run = Path(folder) if folder else None, _describe(model, prepared, settings) if folder else {}
    state = load(where, run) if where else None
    if state:
        write_state(model, state.arrays)
    else:
        state = State(epochs.score()["loss"], arrays={"best": model.get_weights()} | read_state(model))
        if where:
            save(where, run, state)
    watchers = [watcher for watcher in (tensorboard and _tensorboard(tensorboard), on_epoch) if watcher]
    quiet = os.environ.get("LSTM_TUTORIAL_PROGRESS", "1") == "0"
    with tqdm(total=settings.epochs, initial=state.epoch, unit="epoch", leave=False, disable=quiet) as bar:
        while not _done(state, settings):
            order = np.random.default_rng([settings.seed, state.epoch]).permutation(epochs.count)
            losses = epochs.fit(order) | {f"val_{name}": value for name, value in epochs.score().items()}
            for name, value in losses.items():
                state.history.setdefault(name, []).append(value)
            if state.best == state.epoch:
                state.arrays["best"] = model.get_weights()
            for watch in watchers:
                watch(state.epoch, losses)
            if where:
                state.arrays |= read_state(model)
                save(where, run, state)
            bar.set_postfix({name: f"{value:.4f}" for name, value in losses.items()})
            bar.update()
    if not np.isfinite(state.history["loss"][-1]):
        warnings.warn(
            f"the loss became {state.history['loss'][-1]} in epoch {state.epoch}; the weights kept are those after "
            f"epoch {state.best}; a smaller learning_rate may help",
            stacklevel=2,
        )
    model.set_weights(state.arrays["best"])
    return Trained(model, state.history, state.start, state.best)


def train_members(prepared: Prepared, settings: Settings, folder: str | Path | None = None) -> list[Trained]:
    """Train `settings.members` networks with seeds `seed`, `seed` + 1 and so on, each in a folder of its own."""
    members = []
    for seed in range(settings.seed, settings.seed + settings.members):
        chosen = settings.model_copy(update={"seed": seed})
        place = Path(folder) / f"seed-{seed}" if folder else None
        members.append(train(build(chosen, prepared.schema), prepared, chosen, place))
    return members


def _done(state: State, settings: Settings) -> bool:
    broken = state.epoch > 0 and not np.isfinite(state.history["loss"][-1])
    return state.epoch >= settings.epochs or state.epoch - state.best >= settings.patience or broken


def _describe(model: keras.Model, prepared: Prepared, settings: Settings) -> Run:
    """What makes a run this one and no other."""
    loss, optimizer = model.loss, model.optimizer.get_config()
    optimizer.pop("name", None)  # Keras numbers them within a process
    parts = (prepared.train, prepared.validation)
    return settings.model_dump(exclude=ELSEWHERE) | {
        "weights": [list(variable.shape) for variable in model.variables],
        "loss": loss if isinstance(loss, str) else getattr(loss, "name", None) or getattr(loss, "__name__", ""),
        "optimizer": optimizer,
        "data": fingerprint([array for part in parts for array in (*inputs(model, part), part.y)]),
    }


def _tensorboard(folder: str | Path) -> Callable[[int, Losses], None]:
    """A watcher that writes losses as TensorBoard reads them; the package `tensorboard` is needed only to look."""
    import tensorflow as tf

    writer = tf.summary.create_file_writer(str(folder))
    scalars = tf.compat.v1.SummaryMetadata()
    scalars.plugin_data.plugin_name = "scalars"

    def write(epoch: int, losses: Losses) -> None:
        with writer.as_default(step=epoch):
            for name, value in losses.items():
                tf.summary.write(name, tf.constant(value, tf.float32), metadata=scalars)
        writer.flush()

    return write
