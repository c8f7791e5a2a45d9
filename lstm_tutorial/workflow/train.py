"""From an untrained model and windows to a trained one; after a crash, from where it was."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from lstm_tutorial.checkpoint import Run, fingerprint
from lstm_tutorial.settings import Settings
from lstm_tutorial.training import Losses, Trained, describe_model, keep_best, read_state, write_state
from lstm_tutorial.workflow.design import build
from lstm_tutorial.workflow.epochs import Epochs, inputs
from lstm_tutorial.workflow.windows import Prepared

if TYPE_CHECKING:
    import keras

# Where data are from and what is done with trained models: a run is the same without.
ELSEWHERE = {"csv", "time", "target", "timezone", "members", "trials", "minutes", "folder"}
ELSEWHERE |= {"workers", "scheduler", "storage"}


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
    watchers = [watcher for watcher in (tensorboard and _tensorboard(tensorboard), on_epoch) if watcher]

    def watch(epoch: int, losses: Losses) -> None:
        for watcher in watchers:
            watcher(epoch, losses)

    return _train(Epochs(model, prepared, settings.batch_size), prepared, settings, folder, watch)


def train_members(prepared: Prepared, settings: Settings, folder: str | Path | None = None) -> list[Trained]:
    """Train `settings.members` networks with seeds `seed`, `seed` + 1 and so on; with a `folder`, each at `home`.

    One model is compiled and used for all.
    """
    members, epochs = [], Epochs(build(settings, prepared.schema), prepared, settings.batch_size)
    for seed in range(settings.seed, settings.seed + settings.members):
        chosen = settings.model_copy(update={"seed": seed})
        model = build(chosen, prepared.schema)
        place = home(folder, model, prepared, chosen) if folder else None
        write_state(epochs.model, read_state(model))
        trained = _train(epochs, prepared, chosen, place)
        model.set_weights(epochs.model.get_weights())
        members.append(replace(trained, model=model))
    return members


def _train(
    epochs: Epochs,
    prepared: Prepared,
    settings: Settings,
    folder: str | Path | None,
    watch: Callable[[int, Losses], None] | None = None,
) -> Trained:
    def learn(epoch: int) -> Losses:
        return epochs.fit(np.random.default_rng([settings.seed, epoch]).permutation(epochs.count))

    run = _describe(epochs.model, prepared, settings) if folder else None
    return keep_best(epochs.model, learn, epochs.score, settings.epochs, settings.patience, folder, run, watch)


def home(folder: str | Path, model: keras.Model, prepared: Prepared, settings: Settings) -> Path:
    """Where in a folder a run is kept: under a name made of all that makes it this one.

    So whoever asks for the same run, with the same data, finds it trained, and others don't get in its way.
    """
    described = json.dumps(_describe(model, prepared, settings), sort_keys=True)
    return Path(folder) / "networks" / hashlib.sha256(described.encode()).hexdigest()[:16]


def _describe(model: keras.Model, prepared: Prepared, settings: Settings) -> Run:
    """What makes a run this one and no other."""
    parts = (prepared.train, prepared.validation)
    data = fingerprint([array for part in parts for array in (*inputs(model, part), part.y)])
    return settings.model_dump(exclude=ELSEWHERE) | describe_model(model) | {"data": data}


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
