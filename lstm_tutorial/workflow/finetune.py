"""A trained network meets new data: leave it alone, train it a little more, or begin anew."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pandas as pd

from lstm_tutorial.settings import Settings
from lstm_tutorial.training import read_state, write_state
from lstm_tutorial.workflow.blend import predict_mean
from lstm_tutorial.workflow.choose import choose, cut_fold
from lstm_tutorial.workflow.design import build
from lstm_tutorial.workflow.epochs import Epochs
from lstm_tutorial.workflow.judge import Fold, fit_briefly, rmse
from lstm_tutorial.workflow.linear import fit_linear
from lstm_tutorial.workflow.parse import DataError
from lstm_tutorial.workflow.prepare import check
from lstm_tutorial.workflow.windows import Prepared, Split, Windows, make_part

RATE = 0.3  # of the learning rate: smaller steps, so that less of what was learned is lost
EPOCHS, PATIENCE = 20, 4
UPDATES, CHECK = 200, 5  # however few the windows are: so many updates if need be, and from one check to the next
FEW = 1_000  # windows of new data to train on, at most, and twice as many of the old
HELD_OUT = 0.2  # share of the data that tells when to stop
WAYS = ("left alone", "head tuned", "all tuned", "anew", "ridge anew")


class Learner:
    """A network that can be trained from any weights and on any windows, and is compiled once.

    With `head_only` the LSTM keeps its weights, and only the Dense head after it learns. `rate` is a share of the
    settings' learning rate.
    """

    def __init__(
        self, settings: Settings, fold: Fold | Prepared, *, rate: float = 1.0, head_only: bool = False
    ) -> None:
        self.model = build(settings.model_copy(update={"learning_rate": rate * settings.learning_rate}), fold.schema)
        for layer in self.model.layers[:-1]:
            layer.trainable = not head_only
        self._epochs = Epochs(self.model, fold, settings.batch_size)
        self._untrained = read_state(self.model)

    def learn(self, weights: list[np.ndarray], fold: Fold | Prepared, seed: int) -> list[np.ndarray]:
        """The weights that did best on the fold's validation windows, on the way from `weights`; those included."""
        write_state(self.model, self._untrained)
        self.model.set_weights(weights)
        self._epochs.turn_to(fold.train, fold.validation)
        count, batch = self._epochs.count, self._epochs.batch_size
        passes = -(-CHECK * batch // count)
        most = max(EPOCHS, UPDATES * batch // (passes * count))
        fit_briefly(self._epochs, seed, most, most * PATIENCE // EPOCHS, passes)
        found: list[np.ndarray] = self.model.get_weights()
        return found

    def predict(self, weights: list[np.ndarray], windows: Windows) -> np.ndarray:
        """Scaled changes (n, horizon)."""
        self.model.set_weights(weights)
        return predict_mean([self.model], windows)


class Move:
    """From a series that a network can be trained on to another, of which there is little.

    Both frames have the same columns; `old` should end where the test part of `new` begins. What `settings` leave
    open is decided by the old series, as is the scale of both. `old` and `new` are the data, prepared: the last fifth
    of the old ones tells when to stop, and the new ones have a test part. Raises `DataError` for data too short.
    """

    def __init__(self, old: pd.DataFrame, new: pd.DataFrame, settings: Settings) -> None:
        parts, chosen = check(new, settings), choose(old, settings)
        held_out = max(chosen.horizon or 1, round(len(old) * HELD_OUT))
        cut = cut_fold(old, chosen, Split(len(old) - held_out, len(old), len(old)))
        table = new[list(cut.schema.columns)].to_numpy(float)
        self._windows = make_part(cut.scaler, new, table, 0, len(new))
        test = _between(self._windows, parts.test, parts.length)
        self.settings, self.old = chosen, replace(cut, train=cut.train.thin(2 * FEW))
        self.new = replace(cut, frame=new, split=parts, table=table, test=test)
        self.learner = Learner(chosen, self.old)
        self._trained: dict[int, list[np.ndarray]] = {}

    def blank(self, seed: int) -> list[np.ndarray]:
        """The weights of an untrained network."""
        weights: list[np.ndarray] = build(
            self.settings.model_copy(update={"seed": seed}), self.old.schema
        ).get_weights()
        return weights

    def trained(self, seed: int) -> list[np.ndarray]:
        """The weights that the old series has taught it; trained once."""
        if seed not in self._trained:
            self._trained[seed] = self.learner.learn(self.blank(seed), self.old, seed)
        return self._trained[seed]

    def newest(self, amount: int) -> Prepared:
        """The new data, with windows from the last `amount` rows before the test part, inputs included.

        Raises `DataError` where these rows leave no window to learn from or none to stop by.
        """
        scaler, end = self.new.scaler, self.new.split.test
        held = end - max(scaler.horizon, round(amount * HELD_OUT))
        train = _between(self._windows, end - amount + scaler.reach, held)
        held_out = _between(self._windows, held, end)
        if not len(train.y) or not len(held_out.y):
            need = int((scaler.reach + scaler.horizon) / (1 - HELD_OUT)) + 1
            raise DataError(f"{amount} new values leave no window to train on; take {need} or more without gaps")
        return replace(self.new, train=train.thin(FEW), validation=held_out)


def compare_ways(move: Move, amounts: Sequence[int], seeds: int = 3) -> pd.DataFrame:
    """What to do with a trained network when there is a little new data: RMSE on the new series' test part.

    Each of the `amounts` is how many of the last rows before the test part there are. One row for each amount and
    seed (index "new values", "seed"), one column for each of `WAYS`, in the data's units.
    """
    fresh = {amount: move.newest(amount) for amount in amounts}
    tuners = {way: Learner(move.settings, move.old, rate=RATE, head_only=way == WAYS[1]) for way in WAYS[1:3]}
    new, rows = move.new, {}
    for seed in range(move.settings.seed, move.settings.seed + seeds):
        blank, trained = move.blank(seed), move.trained(seed)
        for amount, some in fresh.items():
            weights = {way: tuner.learn(trained, some, seed) for way, tuner in tuners.items()}
            weights |= {"left alone": trained, "anew": move.learner.learn(blank, some, seed)}
            changes = {way: move.learner.predict(found, new.test) for way, found in weights.items()}
            changes["ridge anew"] = fit_linear(some).predict(new, new.test)
            rows[amount, seed] = {way: rmse(new, changes[way], new.test) for way in WAYS}
    return pd.DataFrame.from_dict(rows, orient="index").rename_axis(["new values", "seed"]).sort_index()


def _between(windows: Windows, start: int, end: int) -> Windows:
    """Those whose targets all lie in these rows."""
    inside = (windows.first >= start) & (windows.first + windows.y.shape[1] <= end)
    return windows.take(inside)
