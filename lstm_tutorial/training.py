"""Epoch after epoch until it no longer helps; after a crash, from where it was. Keras models, whatever they learn."""

from __future__ import annotations

import os
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from lstm_tutorial.checkpoint import Run, State, load, save

if TYPE_CHECKING:
    import keras

Losses = dict[str, float]
Arrays = list[np.ndarray]


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


def keep_best(
    model: keras.Model,
    learn: Callable[[int], Losses],
    score: Callable[[], Losses],
    epochs: int,
    patience: int | None = None,
    folder: str | Path | None = None,
    run: Run | None = None,
    on_epoch: Callable[[int, Losses], None] | None = None,
) -> Trained:
    """Train until the validation loss has not improved for `patience` epochs, `epochs` at most; keep the best weights.

    `learn(epoch)`, counted from 0, makes one epoch of a compiled model and gives its losses; all that it draws should
    follow from the number of the epoch. `score()` gives the losses on validation data.

    With a `folder`, the state after each epoch is kept there, and `run` says what run it is. Stopped at any moment and
    called again, training goes on after the last whole epoch and ends with the same weights to the bit; a finished run
    returns at once. Losses are given to `on_epoch(epoch, losses)`, which may raise to stop. Draws a progress bar on
    stderr unless the environment variable LSTM_TUTORIAL_PROGRESS is 0. Raises ValueError if the folder holds another
    run.
    """
    from tqdm import tqdm

    where, patience = Path(folder) if folder else None, patience or epochs
    state = load(where, run or {}) if where else None
    if state:
        write_state(model, state.arrays)
    else:
        state = State(score()["loss"], arrays={"best": model.get_weights()} | read_state(model))
        if where:
            save(where, run or {}, state)
    with tqdm(total=epochs, initial=state.epoch, unit="epoch", leave=False, disable=quiet()) as bar:
        while not _done(state, epochs, patience):
            losses = learn(state.epoch) | {f"val_{name}": value for name, value in score().items()}
            for name, value in losses.items():
                state.history.setdefault(name, []).append(value)
            if state.best == state.epoch:
                state.arrays["best"] = model.get_weights()
            if on_epoch:
                on_epoch(state.epoch, losses)
            if where:
                state.arrays |= read_state(model)
                save(where, run or {}, state)
            bar.set_postfix({name: f"{value:.4f}" for name, value in losses.items()})
            bar.update()
    if not np.isfinite(state.history["loss"][-1]):
        warnings.warn(
            f"the loss became {state.history['loss'][-1]} in epoch {state.epoch}; the weights kept are those after "
            f"epoch {state.best}; a smaller learning_rate may help",
            stacklevel=3,
        )
    model.set_weights(state.arrays["best"])
    return Trained(model, state.history, state.start, state.best)


def quiet() -> bool:
    """Whether the user wants no progress bars."""
    return os.environ.get("LSTM_TUTORIAL_PROGRESS", "1") == "0"


def read_state(model: keras.Model) -> dict[str, Arrays]:
    """All that training changes: weights and the counters behind dropout; moments, step count, learning rate."""
    return {name: [variable.numpy() for variable in variables] for name, variables in _variables(model).items()}


def write_state(model: keras.Model, state: dict[str, Arrays]) -> None:
    """Put back what `read_state` gave."""
    for name, variables in _variables(model).items():
        for variable, value in zip(variables, state[name], strict=True):
            variable.assign(value)


def describe_model(model: keras.Model) -> Run:
    """What of a model makes a run this one and no other."""
    loss, optimizer = model.loss, model.optimizer.get_config()
    optimizer.pop("name", None)  # Keras numbers them within a process
    return {
        "weights": [list(variable.shape) for variable in model.variables],
        "loss": loss if isinstance(loss, str) else getattr(loss, "name", None) or getattr(loss, "__name__", ""),
        "optimizer": optimizer,
    }


def _variables(model: keras.Model) -> dict[str, Any]:
    model.optimizer.build(model.trainable_variables)
    return {"model": model.variables, "optimizer": model.optimizer.variables}


def _done(state: State, epochs: int, patience: int) -> bool:
    broken = state.epoch > 0 and not np.isfinite(state.history["loss"][-1])
    return state.epoch >= epochs or state.epoch - state.best >= patience or broken
