"""What a search for settings will try, and by what it judges."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd

from lstm_tutorial.settings import Settings
from lstm_tutorial.workflow import judge
from lstm_tutorial.workflow.choose import choose
from lstm_tutorial.workflow.prepare import check

if TYPE_CHECKING:
    import optuna

    Space = dict[str, optuna.distributions.BaseDistribution]

# What is searched: lowest, highest, and whether steps are by ratio. Widened to take in the setting one starts from.
RANGES = {
    "layers": (1, 2, False),
    "units": (8, 128, True),
    "dropout": (0.0, 0.6, False),
    "learning_rate": (3e-4, 3e-2, True),
}
BATCH_SIZES = (32, 64, 128, 256)
SEASONS = (1, 2, 3, 4, 7)  # `timesteps`; where they are no seasons, half and twice as many are tried


class Plan(NamedTuple):
    """The settings a search starts from, with nothing open, the rows it may see, and its folds by `timesteps`."""

    start: Settings
    known: pd.DataFrame
    folds: dict[int, list[judge.Fold]]

    @property
    def space(self) -> Space:
        """The values of each setting, for Optuna."""
        load_optuna()
        from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution

        space: Space = {"timesteps": CategoricalDistribution(sorted(self.folds))}
        for name, (low, high, log) in RANGES.items():
            kind: Any = IntDistribution if isinstance(low, int) else FloatDistribution
            value = getattr(self.start, name)
            space[name] = kind(min(low, value), max(high, value), log=log)
        space["batch_size"] = CategoricalDistribution(sorted({*BATCH_SIZES, self.start.batch_size}))
        return space

    def tried(self) -> pd.DataFrame:
        """The same in words: for each setting what is "tried", and how many "values" that makes (inf: any between)."""
        rows: dict[str, tuple[str, float]] = {}
        for name, values in self.space.items():
            settings = values.__dict__
            if "choices" in settings:
                rows[name] = ", ".join(map(str, settings["choices"])), len(settings["choices"])
            else:
                low, high, steps = settings["low"], settings["high"], " by ratio" * settings["log"]
                few = high - low + 1 if isinstance(low, int) else np.inf
                rows[name] = f"{low:g} to {high:g}{steps}", few
        return pd.DataFrame.from_dict(rows, orient="index", columns=["tried", "values"])

    def stretches(self) -> pd.DataFrame:
        """A row for each fold of the given `timesteps`: its windows, and the first and last target that judge it."""
        index = self.known.index[-judge.ROWS :]
        rows = []
        for fold in self.folds[self.start.timesteps or 1]:
            first, last = fold.validation.first[0], fold.validation.first[-1] + (self.start.horizon or 1) - 1
            rows.append([len(fold.train.y), len(fold.validation.y), *(str(index[row])[:10] for row in (first, last))])
        columns = ["trained on", "judged by", "from", "to"]
        return pd.DataFrame(rows, pd.RangeIndex(1, len(rows) + 1, name="stretch"), columns)


def load_optuna() -> None:
    """Import it without a word: in a notebook its progress bars miss ipywidgets, aloud."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import optuna  # noqa: F401


def make_plan(data: pd.Series | pd.DataFrame, settings: Settings) -> Plan:
    """Choose what the settings leave open, and cut stretches before the test part, which is not looked at.

    Raises `DataError` for data that are too short.
    """
    frame = data.to_frame() if isinstance(data, pd.Series) else data
    frame.attrs = data.attrs
    known = frame.iloc[: check(frame, settings).test]
    start = choose(frame, settings)
    lengths = _lengths(start, frame.attrs.get("season"))
    tried = [start.model_copy(update={"timesteps": timesteps}) for timesteps in lengths]
    return Plan(start, known, judge.cut_folds(known, tried, settings.level))


def _lengths(start: Settings, season: int | None) -> list[int]:
    """The lengths of windows to try, folded as those of `start`, which comes first."""
    given = start.timesteps or 1
    if season and given % season == 0:
        others = [seasons * season for seasons in SEASONS]
    else:
        others = [max(1, given // 2), 2 * given]
    return [given, *sorted({length for length in others if length % (start.fold or 1) == 0} - {given})]
