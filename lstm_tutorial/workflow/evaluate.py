"""How good is a forecast, how sure is that, and what was the LSTM worth?"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from lstm_tutorial.settings import Settings
from lstm_tutorial.workflow import baselines, metrics
from lstm_tutorial.workflow.baselines import RULES, persistence
from lstm_tutorial.workflow.blend import Blend, best_weight, predict_mean
from lstm_tutorial.workflow.conformal import Scale
from lstm_tutorial.workflow.design import plain
from lstm_tutorial.workflow.intervals import Interval, fit_size, rolling_intervals
from lstm_tutorial.workflow.linear import fit_linear
from lstm_tutorial.workflow.prepare import Prepared, Windows
from lstm_tutorial.workflow.train import train

if TYPE_CHECKING:
    import keras

__all__ = ["RULES", "Evaluation", "after", "evaluate", "over_seeds", "persistence", "predict", "score_table"]
__all__ += ["simple_rules", "verdict"]

LEVELS = (0.8, 0.95)
FEW = 100  # windows: with fewer, no ranking is safe
ENOUGH = 400  # with as many, the blend was never significantly worse than the best of the others

CLOSE = 0.01  # forecasts whose RMSEs are closer than that score practically the same: seeds differ by as much


@dataclass(frozen=True, eq=False)
class Evaluation:
    """A blend and its rivals on the test windows; forecasts (n, horizon) by name, in the data's units.

    `forecasts` holds "blend", "LSTM" (the networks' mean, alone) and the baselines; `members` the forecasts of a
    blend with one of the networks at a time, and `weights` the networks' share in each; `weight` their share in
    the blend. `held_out` and `changes` are the blend's forecasts of validation and test as scaled changes.
    """

    prepared: Prepared
    forecasts: dict[str, np.ndarray]
    weight: float
    members: list[np.ndarray]
    weights: list[float]
    held_out: np.ndarray
    changes: np.ndarray

    @cached_property
    def truth(self) -> np.ndarray:
        """What came after each test window, in the data's units: (n, horizon)."""
        return self.prepared.truth(self.prepared.test)

    @cached_property
    def best_other(self) -> str:
        """The baseline with the smallest RMSE, picked with hindsight, which favors it a little."""
        others = {name: forecast for name, forecast in self.forecasts.items() if name in baselines.METHODS}
        return min(others, key=lambda name: float(np.mean((others[name] - self.truth) ** 2)))

    @cached_property
    def size(self) -> Scale:
        """How large an error to expect after a window."""
        return fit_size(self.prepared)

    @cached_property
    def best_rule(self) -> str | None:
        """The rule without any fitting that has the smallest RMSE, if there is one."""
        rmse = self.rmse()
        return min((name for name in baselines.SIMPLE if name in rmse), key=rmse.__getitem__, default=None)

    @cached_property
    def spread(self) -> float:
        """How far apart the RMSEs of blends with one of the networks each are."""
        scores = [float(np.sqrt(np.mean((each - self.truth) ** 2))) for each in self.members]
        return max(scores) - min(scores)

    def compare(self, name: str) -> metrics.Comparison:
        """Whether the blend's squared errors are smaller or larger than those of another by more than chance."""
        blend, other = ((self.forecasts[each] - self.truth) ** 2 for each in ("blend", name))
        return metrics.diebold_mariano(blend, other)

    def table(self) -> pd.DataFrame:
        """Scores, best RMSE first, and whether the blend is better than each, with the p-value."""
        table = score_table(self.prepared, self.prepared.test, self.forecasts)
        compared = {name: self.compare(name) for name in table.index if name != "blend"}
        table["the blend is"] = pd.Series({name: each.verdict for name, each in compared.items()})
        table["p"] = pd.Series({name: each.p_value for name, each in compared.items()})
        return table

    def interval(self, level: float, scaled: bool = True) -> Interval:
        """Lower and upper ends (n, horizon) by rolling conformal prediction, in the data's units."""
        if (level, scaled) not in self._intervals:
            size = self.size if scaled else None
            made = rolling_intervals(self.prepared, self.held_out, self.changes, level, size)
            self._intervals[level, scaled] = made
        return self._intervals[level, scaled]

    @cached_property
    def _intervals(self) -> dict[tuple[float, bool], Interval]:
        return {}

    def interval_table(self) -> pd.DataFrame:
        """Coverage and interval score of intervals of constant and of scaled width."""
        rows = {}
        for level in LEVELS:
            for name, scaled in (("constant", False), ("scaled", True)):
                low, high = self.interval(level, scaled)
                score = metrics.interval_score(self.truth, low, high, level)
                rows[f"{level:.0%}", name] = {
                    "coverage": metrics.coverage(self.truth, low, high),
                    "mean width": float(np.mean(high - low)),
                    "interval score": score,
                }
        return pd.DataFrame.from_dict(rows, orient="index").rename_axis(["level", "width"])

    def rmse(self) -> dict[str, float]:
        """The root mean squared error of each forecast, in the data's units."""
        return {name: float(np.sqrt(np.mean((each - self.truth) ** 2))) for name, each in self.forecasts.items()}

    def warning(self) -> str:
        """One sentence where there are too few windows to rank anything; empty where there are enough."""
        settings, horizon = self.prepared.settings, self.prepared.scaler.horizon
        shares = {"validation": settings.validation_fraction, "test": settings.test_fraction}
        counts = {part: len(getattr(self.prepared, part).first) for part in shares}
        short = [f"{count} {part}" for part, count in counts.items() if count < FEW]
        if not short:
            return ""
        rows = max((FEW + horizon) / share for part, share in shares.items() if counts[part] < FEW)
        return (
            f"Only {' and '.join(short)} windows: with fewer than {FEW}, no weight and no ranking is safe. That takes "
            f"about {rows:,.0f} rows."
        )


def evaluate(prepared: Prepared, blend: Blend, names: Sequence[str] = baselines.CLASSICAL) -> Evaluation:
    """Forecast every test window with the blend, with its parts alone, and with the baselines of these `names`."""
    test, held_out = prepared.test, prepared.validation
    # The blend's linear model has seen the validation part, so its errors there come from one that has not.
    honest = fit_linear(prepared).predict(prepared, held_out)
    linear = blend.linear.predict(prepared, test)
    before = [predict_mean([model], held_out) for model in blend.models]
    lstms = [predict_mean([model], test) for model in blend.models]
    mean_before, mean = np.mean(before, axis=0), np.mean(lstms, axis=0)
    weights = [best_weight(held_out.y, honest, each) for each in before]

    def mix(weight: float, lstm: np.ndarray, linear: np.ndarray) -> np.ndarray:
        return np.asarray(linear + weight * (lstm - linear), float)

    changes = mix(blend.weight, mean, linear)
    members = [prepared.unscale(mix(w, lstm, linear), test) for w, lstm in zip(weights, lstms, strict=True)]
    forecasts = {"blend": prepared.unscale(changes, test), "LSTM": prepared.unscale(mean, test)}
    forecasts |= baselines.forecasts(prepared, test, names)
    return Evaluation(
        prepared, forecasts, blend.weight, members, weights, mix(blend.weight, mean_before, honest), changes
    )


def predict(model: keras.Model, prepared: Prepared, windows: Windows) -> np.ndarray:
    """The model's forecast after each window, in the data's units: (n, horizon)."""
    return prepared.unscale(model.predict(windows.x, batch_size=1024, verbose=0), windows)


def simple_rules(prepared: Prepared, windows: Windows) -> dict[str, np.ndarray]:
    """Forecasts in the data's units by the simplest rules that this series allows, by name."""
    return baselines.forecasts(prepared, windows, baselines.SIMPLE)


def score_table(prepared: Prepared, windows: Windows, forecasts: Mapping[str, np.ndarray]) -> pd.DataFrame:
    """A row of MAE, RMSE and MASE for each forecast, best RMSE first."""
    scale = metrics.mase_scale(prepared.values[: prepared.split.validation], prepared.schema.season)
    truth = prepared.truth(windows)
    rows = {name: metrics.scores(truth, forecast, scale) for name, forecast in forecasts.items()}
    return pd.DataFrame.from_dict(rows, orient="index")[["MAE", "RMSE", "MASE"]].sort_values("RMSE")


def verdict(errors: pd.Series, rule: float) -> str:
    """Whether a model "beats", "ties with" or "loses to" a rule: a difference below the seeds' spread is a tie."""
    difference, spread = errors.mean() - rule, errors.max() - errors.min()
    if abs(difference) <= spread:
        return "ties with"
    return "beats" if difference < 0 else "loses to"


def over_seeds(prepared: Prepared, settings: Settings, seeds: Sequence[int]) -> dict[str, np.ndarray]:
    """Train the model anew with each seed and forecast the test part: "LSTM, seed 0" and so on to (n, horizon)."""
    forecasts = {}
    for seed in seeds:
        chosen = settings.model_copy(update={"seed": seed})
        model = train(
            plain(settings.timesteps or 1, settings.units, settings.learning_rate, seed), prepared, chosen
        ).model
        forecasts[f"LSTM, seed {seed}"] = predict(model, prepared, prepared.test)
    return forecasts


def after(series: pd.Series, values: np.ndarray) -> pd.Series:
    """Forecast values on the steps that follow the series' last one."""
    index = series.index
    if isinstance(index, pd.DatetimeIndex):
        freq = index.freq or pd.infer_freq(index) or index[-1] - index[-2]
        steps: pd.Index = pd.date_range(index[-1], periods=len(values) + 1, freq=freq)[1:]
    else:
        steps = pd.RangeIndex(index[-1] + 1, index[-1] + 1 + len(values))
    return pd.Series(values, index=steps, name=series.name)
