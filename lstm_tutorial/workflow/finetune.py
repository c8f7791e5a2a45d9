"""A trained network meets new data: leave it alone, train it a little more, or begin anew."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from lstm_tutorial.settings import Settings
from lstm_tutorial.workflow.blend import predict_mean
from lstm_tutorial.workflow.choose import choose, cut_fold
from lstm_tutorial.workflow.design import build
from lstm_tutorial.workflow.epochs import Epochs, read_state, write_state
from lstm_tutorial.workflow.judge import Fold, fit_briefly, rmse
from lstm_tutorial.workflow.linear import fit_linear
from lstm_tutorial.workflow.parse import DataError
from lstm_tutorial.workflow.prepare import check
from lstm_tutorial.workflow.windows import Prepared, Split, Windows, make_part

RATE = 0.3  # of the learning rate: smaller steps, so that less of what was learned is lost
EPOCHS, PATIENCE = 20, 4
FEW = 1_000  # windows of new data to train on; more are thinned out
HELD_OUT = 0.2  # share of the data that tells when to stop
WAYS = ("left alone", "head tuned", "all tuned", "anew", "ridge anew")


class Learner:
    """A network that can be trained from any weights and on any windows, and is compiled once.

    With `head_only` the LSTM keeps its weights, and only the Dense head after it learns. `rate` is a share of the
    settings' learning rate.
    """

    def __init__(self, settings: Settings, fold: Fold, *, rate: float = 1.0, head_only: bool = False) -> None:
        self.model = build(settings.model_copy(update={"learning_rate": rate * settings.learning_rate}), fold.schema)
        for layer in self.model.layers[:-1]:
            layer.trainable = not head_only
        self._epochs = Epochs(self.model, fold, settings.batch_size)
        self._untrained = read_state(self.model)

    def learn(self, weights: list[np.ndarray], fold: Fold, seed: int) -> list[np.ndarray]:
        """The weights that did best on the fold's validation windows, on the way from `weights`; those included."""
        write_state(self.model, self._untrained)
        self.model.set_weights(weights)
        self._epochs.turn_to(fold.train, fold.validation)
        fit_briefly(self._epochs, seed, EPOCHS, PATIENCE)
        found: list[np.ndarray] = self.model.get_weights()
        return found

    def predict(self, weights: list[np.ndarray], windows: Windows) -> np.ndarray:
        """Scaled changes (n, horizon)."""
        self.model.set_weights(weights)
        return predict_mean([self.model], windows)


def compare_ways(
    old: pd.DataFrame, new: pd.DataFrame, settings: Settings, amounts: Sequence[int], seeds: int = 3
) -> pd.DataFrame:
    """What to do with a network trained on one series when there is a little of another: RMSE on its test part.

    Both frames have the same columns; `old` should end where the test part of `new` begins. Of `new`, each of the
    `amounts` is how many of the last rows before the test part there are. One row for each amount and seed (index
    "new values", "seed"), one column for each of `WAYS`, in the data's units. All see the same windows, scaled as
    the old data were. Raises `DataError` where an amount is too small for windows to learn from and to stop by.
    """
    parts, chosen = check(new, settings), choose(old, settings)
    held_out = max(chosen.horizon or 1, round(len(old) * HELD_OUT))
    prepared = cut_fold(old, chosen, Split(len(old) - held_out, len(old), len(old)))
    known = Fold(_thin(prepared.train, 2 * FEW), prepared.validation, prepared.schema)
    there = replace(prepared, frame=new, table=new[list(prepared.schema.columns)].to_numpy(float))
    windows = make_part(there.scaler, new, there.table, 0, len(new))
    test = _between(windows, parts.test, parts.length)
    fresh = {amount: _newest(windows, parts.test, amount, there) for amount in amounts}
    beginner = Learner(chosen, known)
    tuners = {way: Learner(chosen, known, rate=RATE, head_only=way == WAYS[1]) for way in WAYS[1:3]}
    rows = {}
    for seed in range(chosen.seed, chosen.seed + seeds):
        blank = build(chosen.model_copy(update={"seed": seed}), prepared.schema).get_weights()
        trained = beginner.learn(blank, known, seed)
        for amount, fold in fresh.items():
            weights = {way: tuner.learn(trained, fold, seed) for way, tuner in tuners.items()}
            weights |= {"left alone": trained, "anew": beginner.learn(blank, fold, seed)}
            changes = {way: beginner.predict(found, test) for way, found in weights.items()}
            ridge = fit_linear(replace(there, train=fold.train, validation=fold.validation))
            changes["ridge anew"] = ridge.predict(there, test)
            rows[amount, seed] = {way: rmse(there, changes[way], test) for way in WAYS}
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis(["new values", "seed"]).sort_index()


def _newest(windows: Windows, end: int, amount: int, prepared: Prepared) -> Fold:
    """What can be made of the last `amount` rows before `end`, inputs included."""
    scaler = prepared.scaler
    held = end - max(scaler.horizon, round(amount * HELD_OUT))
    train, held_out = _between(windows, end - amount + scaler.reach, held), _between(windows, held, end)
    if not len(train.y) or not len(held_out.y):
        need = int((scaler.reach + scaler.horizon) / (1 - HELD_OUT)) + 1
        raise DataError(f"{amount} new values leave no window to train on; take {need} or more without gaps")
    return Fold(_thin(train, FEW), held_out, prepared.schema)


def _between(windows: Windows, start: int, end: int) -> Windows:
    """Those whose targets all lie in these rows."""
    inside = (windows.first >= start) & (windows.first + windows.y.shape[1] <= end)
    return windows.take(inside)


def _thin(windows: Windows, most: int) -> Windows:
    return windows.take(slice(None, None, -(-len(windows.y) // most)))
