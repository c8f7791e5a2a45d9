"""Designs trained alike: the same windows, the same seeds, the same number of updates."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from time import process_time
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from lstm_tutorial.numbers import write_number
from lstm_tutorial.settings import Settings
from lstm_tutorial.training import Arrays, read_state, write_state
from lstm_tutorial.workflow.design import build
from lstm_tutorial.workflow.epochs import Epochs
from lstm_tutorial.workflow.heads import predict
from lstm_tutorial.workflow.schema import Schema
from lstm_tutorial.workflow.windows import Prepared

if TYPE_CHECKING:
    import keras

Design = Callable[[Settings, Schema], "keras.Model"]


@dataclass(frozen=True)
class Runs:
    """One design trained with several seeds.

    `losses` (seeds, 1 + checks): validation loss before training and after every `every` updates; `best`: for each
    seed the weights at its lowest; `model` is any of them: see `forecasts`; `seconds` (seeds,): processor time of
    the updates, with that of compiling in the first.
    """

    model: keras.Model
    losses: np.ndarray
    best: list[Arrays]
    every: int
    seconds: np.ndarray

    def forecasts(self, forecast: Callable[[keras.Model], np.ndarray]) -> list[np.ndarray]:
        """What `forecast` makes of the model with each seed's best weights."""
        made = []
        for weights in self.best:
            self.model.set_weights(weights)
            made.append(forecast(self.model))
        return made


def changed(**changes: Any) -> Design:
    """The book's design with some settings changed."""
    return lambda settings, schema: build(settings.model_copy(update=changes), schema)


def thin(prepared: Prepared, most: int) -> Prepared:
    """At most `most` training and as many validation windows; see `Windows.thin`."""
    return replace(prepared, train=prepared.train.thin(most), validation=prepared.validation.thin(most))


def train_seeds(design: Design, prepared: Prepared, updates: int, seeds: int = 3, every: int = 10) -> Runs:
    """Train a design `seeds` times for `updates` updates of `prepared.settings.batch_size` windows each.

    One model is compiled and used for all seeds: compiling takes longer than a short training.
    """
    settings = prepared.settings
    model = design(settings, prepared.schema)
    epochs = Epochs(model, prepared, settings.batch_size)
    every = min(every, updates)
    checks = updates // every
    losses, seconds, best = np.empty((seeds, 1 + checks)), np.zeros(seeds), []
    for number in range(seeds):
        seed = settings.seed + number
        if number:
            fresh = design(settings.model_copy(update={"seed": seed}), prepared.schema)
            write_state(model, read_state(fresh))
        order = _order(epochs.count, checks * every * settings.batch_size, seed)
        losses[number, 0], weights = epochs.score()["loss"], model.get_weights()
        for check, rows in enumerate(np.split(order, checks), start=1):
            started = process_time()
            epochs.fit(rows)
            seconds[number] += process_time() - started
            losses[number, check] = epochs.score()["loss"]
            if losses[number, check] == np.nanmin(losses[number, : check + 1]):
                weights = model.get_weights()
        best.append(weights)
    return Runs(model, losses, best, every, seconds)


def compare(designs: Mapping[str, Design], prepared: Prepared, updates: int, seeds: int = 3) -> pd.DataFrame:
    """A row of `score` for each design, trained by `train_seeds`."""
    rows = {name: score(train_seeds(design, prepared, updates, seeds), prepared) for name, design in designs.items()}
    return pd.DataFrame.from_dict(rows, orient="index")


def score(runs: Runs, prepared: Prepared, forecasts: list[np.ndarray] | None = None) -> dict[str, float]:
    """The number of weights, and each seed's RMSE on the validation windows: in the data's units, over all steps.

    `forecasts`, one (n, horizon) a seed, are the model's own unless given.
    """
    windows = prepared.validation
    made = forecasts or runs.forecasts(
        lambda model: prepared.unscale(predict(model, windows.x, windows.extras), windows)
    )
    errors = {f"seed {seed}": rmse(prepared, forecast) for seed, forecast in enumerate(made)}
    return {"weights": runs.model.count_params(), **errors}


def costs(runs: Mapping[str, Runs]) -> pd.DataFrame:
    """What training each design took: a row each, the first being what the others are measured by.

    "weights"; "time", the processor time of its quickest seed as a ratio to the first design's; "lowest at", after how
    many updates each seed's validation loss was lowest; "improving", whether one of them was at the very end.
    """
    unit = next(iter(runs.values())).seconds.min()
    lowest = {name: np.nanargmin(run.losses, axis=1) for name, run in runs.items()}
    rows = {
        name: {
            "weights": run.model.count_params(),
            "time": run.seconds.min() / unit,
            "lowest at": (lowest[name] * run.every).tolist(),
            "improving": bool((lowest[name] == run.losses.shape[1] - 1).any()),
        }
        for name, run in runs.items()
    }
    return pd.DataFrame.from_dict(rows, orient="index")


def verdicts(table: pd.DataFrame) -> dict[str, str]:
    """Whether each design is "better" or "worse" than that of the first row with every seed, else "no different".

    If two designs of three seeds each were equally good, one of both would still come out in 2 of 20 cases.
    """
    errors = table.filter(like="seed")
    low, high = errors.min(axis=1), errors.max(axis=1)
    return {
        str(name): "better" if high[name] < low.iloc[0] else "worse" if low[name] > high.iloc[0] else "no different"
        for name in table.index[1:]
    }


def describe(table: pd.DataFrame) -> str:
    """Mean and range of each design's seeds and its verdict against the first row, as a list in Markdown."""
    said = {table.index[0]: ""} | {name: f", **{verdict}**" for name, verdict in verdicts(table).items()}
    seeds = table.filter(like="seed").agg(["mean", "min", "max"], axis=1)
    return "\n".join(
        f"- {name}: {write_number(mean)} ({write_number(low)} to {write_number(high)}){said[name]}"
        for name, mean, low, high in seeds.itertuples()
    )


def rmse(prepared: Prepared, forecast: np.ndarray) -> float:
    """Of forecasts (n, horizon) of the validation windows, in the data's units."""
    return float(np.sqrt(np.mean(rmse_by_step(prepared, forecast) ** 2)))


def rmse_by_step(prepared: Prepared, forecast: np.ndarray) -> np.ndarray:
    """As `rmse`, for each step ahead: (horizon,)."""
    squares = np.mean((forecast - prepared.truth(prepared.validation)) ** 2, axis=0)
    return np.asarray(np.sqrt(squares))


def _order(count: int, length: int, seed: int) -> np.ndarray:
    """Row numbers, each pass over all windows in an order of its own."""
    rng = np.random.default_rng(seed)
    return np.concatenate([rng.permutation(count) for _ in range(-(-length // count))])[:length]
