"""A learning rate: guessed from one short run in which it grows, or chosen by what several reach on validation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from lstm_tutorial.settings import Settings
from lstm_tutorial.workflow.design import build
from lstm_tutorial.workflow.epochs import Epochs, unchanged
from lstm_tutorial.workflow.windows import Prepared

if TYPE_CHECKING:
    import keras


@dataclass(frozen=True)
class Sweep:
    """Learning rates in the order tried, and the loss on each one's batch before its update."""

    rates: np.ndarray
    losses: np.ndarray

    @property
    def smooth(self) -> np.ndarray:
        """The losses, each an average of those so far that counts recent ones most."""
        keep, average, averages = 0.95, 0.0, []
        for step, loss in enumerate(self.losses, start=1):
            average = keep * average + (1 - keep) * loss
            averages.append(average / (1 - keep**step))
        return np.array(averages)

    @property
    def suggested(self) -> float:
        """A tenth of the rate at which the smoothed loss was lowest: there it still falls, with room to the cliff."""
        return float(self.rates[np.argmin(self.smooth)] / 10)


def find_rate(
    model: keras.Model,
    prepared: Prepared,
    settings: Settings,
    lowest: float = 1e-5,
    highest: float = 1.0,
    steps: int = 200,
) -> Sweep:
    """Train on one batch at each of `steps` rates from `lowest` to `highest`, each the same factor above the last.

    Stops early where the smoothed loss is more than four times its lowest, or no number. The model is left as it was.
    The "learning rate range test" of Smith 2015 (https://arxiv.org/abs/1506.01186), with rates that grow by a factor.
    Raises ValueError if the optimizer follows a schedule.
    """
    if not isinstance(model.optimizer.get_config()["learning_rate"], float):
        raise ValueError("the optimizer follows a schedule; to find a rate, compile it with a number as learning_rate")
    rng = np.random.default_rng(settings.seed)
    rates, losses = np.geomspace(lowest, highest, steps), []
    with unchanged(model):
        epochs = Epochs(model, prepared, settings.batch_size)
        size = min(settings.batch_size, epochs.count)
        for rate in rates:
            model.optimizer.learning_rate = rate
            losses.append(epochs.fit(rng.choice(epochs.count, size, replace=False))["loss"])
            smooth = Sweep(rates[: len(losses)], np.array(losses)).smooth
            if not smooth[-1] <= 4 * smooth.min():
                break
    return Sweep(rates[: len(losses)], np.array(losses))


def try_rates(
    optimizer: keras.optimizers.Optimizer, rates: Sequence[float], prepared: Prepared, updates: int, seeds: int = 3
) -> dict[float, list[float]]:
    """What each rate reaches in `updates` updates: a share of the untrained network's validation loss for each seed.

    The lowest of five looks on the way counts, as it would with early stopping. All rates start from the same weights
    and see the same batches.
    """
    settings = prepared.settings
    models = [
        build(settings.model_copy(update={"seed": settings.seed + more}), prepared.schema) for more in range(seeds)
    ]
    model, starts = models[0], [model.get_weights() for model in models]
    model.compile(optimizer, "mean_squared_error")
    epochs, reached = Epochs(model, prepared, settings.batch_size), {}
    rng, needed = np.random.default_rng(settings.seed), updates * settings.batch_size
    order = np.concatenate([rng.permutation(epochs.count) for _ in range(-(-needed // epochs.count))])[:needed]
    for rate in rates:
        shares = []
        for start in starts:
            with unchanged(model):
                model.set_weights(start)
                model.optimizer.learning_rate = rate
                losses = [epochs.score()["loss"]]
                for rows in np.array_split(order, 5):
                    epochs.fit(rows)
                    losses.append(epochs.score()["loss"])
            shares.append(float(np.nanmin(losses) / losses[0]))
        reached[rate] = shares
    return reached
