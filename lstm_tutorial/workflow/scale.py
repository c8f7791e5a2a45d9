"""From rows in the data's units to what a model sees, and back. NumPy only: training and serving share it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from lstm_tutorial.workflow.schema import Schema, angles


def rows_needed(timesteps: int, anchor: str | None, season: int | None) -> int:
    """How many rows before a forecast such a window needs: an anchor in the last season may lie before it."""
    return max(timesteps, (season or 0) + 1) if anchor in ("season", "ratio") else timesteps


def target_window(x: np.ndarray, columns: int) -> np.ndarray:
    """The target alone of a scaler's x (n, timesteps / fold, fold x columns): (n, timesteps)."""
    return x.reshape(len(x), x.shape[1] * x.shape[2] // columns, columns)[:, :, 0]


@dataclass(frozen=True)
class Scaler:
    """Windows relative to where they end, changes relative to an anchor, in units that fit both.

    An *anchor* is the forecast that costs nothing, from which a model learns the change: "mean" (of the training
    part), "last" (value), "season" (the value one season ago) or "ratio" (the last value moved as the season
    moved a cycle ago; with logarithms a ratio). All numbers come from the training part alone.
    """

    schema: Schema
    anchor: str
    log: bool
    timesteps: int
    horizon: int
    fold: int
    mean: np.ndarray  # (columns,), of logarithms where the target is taken so
    deviation: np.ndarray  # (columns,)
    change: float  # root mean square of the target's change from its anchor

    @property
    def reach(self) -> int:
        """How many rows before a forecast it needs."""
        return rows_needed(self.timesteps, self.anchor, self.schema.season)

    def inputs(
        self, table: np.ndarray, first: np.ndarray, times: np.ndarray | None, ahead: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """What the models see of the windows before the rows `first` (n,).

        `table` (rows, columns) in the data's units, `times` (n,) of the first steps ahead, None where there are
        none, `ahead` (n, horizon, known) in the data's units. Returns x (n, timesteps / fold, fold x columns) and
        extras (n, k), float32: the level of the target, the last value and the last season's mean of each past
        covariate, the place in the calendar, and what is known ahead. A missing covariate counts as its mean.
        """
        schema, count = self.schema, len(self.schema.columns)
        rows = first[:, None] + np.arange(-self.timesteps, 0)
        target = self._target(table)
        now = target[first - 1][:, None]
        x = np.empty((len(first), self.timesteps, count), np.float32)
        x[:, :, 0] = (target[rows] - (self.mean[0] if self.anchor == "mean" else now)) / self.change
        x[:, :, 1:] = _fill((table[:, 1:] - self.mean[1:]) / self.deviation[1:])[rows]
        past = x[:, :, 1 : 1 + len(schema.features)]
        latest = past[:, -1].copy()
        extras = [(now - self.mean[0]) / self.deviation[0]] if schema.level else []
        extras += [latest, past[:, -(schema.season or 1) :].mean(axis=1)]
        if self.anchor != "mean":
            past -= latest[:, None]
        if times is not None and schema.cycles:
            extras.append(angles(times, schema.cycles, schema.timezone))
        place = slice(count - len(schema.known), count)
        known = _fill((ahead - self.mean[place]) / self.deviation[place])
        extras.append(known.reshape(len(first), self.horizon * len(schema.known)))
        x = x.reshape(len(first), self.timesteps // self.fold, self.fold * count)
        return x, np.concatenate(extras, axis=1).astype(np.float32)

    def changes(self, table: np.ndarray, first: np.ndarray) -> np.ndarray:
        """What a model is to predict: the scaled change from the anchor, (n, horizon)."""
        wanted = self._target(table)[first[:, None] + np.arange(self.horizon)]
        changes: np.ndarray = ((wanted - self.anchors(table, first)) / self.change).astype(np.float32)
        return changes

    def restore(self, changes: np.ndarray, table: np.ndarray, first: np.ndarray) -> np.ndarray:
        """Changes as forecasts in the data's units, both (n, horizon)."""
        forecast: np.ndarray = self.anchors(table, first) + np.asarray(changes, float) * self.change
        return np.exp(forecast) if self.log else forecast

    def anchors(self, table: np.ndarray, first: np.ndarray) -> np.ndarray:
        """The forecast by the anchor alone (n, horizon), as a logarithm where the target is taken so."""
        target, ahead = self._target(table), np.arange(self.horizon)
        if self.anchor == "mean":
            return np.full((len(first), self.horizon), self.mean[0])
        last: np.ndarray = np.repeat(target[first - 1][:, None], self.horizon, axis=1)
        if self.anchor == "last":
            return last
        season = self.schema.season or 1
        before = target[first[:, None] - season + ahead % season]
        return before if self.anchor == "season" else last + before - target[first - 1 - season][:, None]

    def _target(self, table: np.ndarray) -> np.ndarray:
        target: np.ndarray = np.log(table[:, 0]) if self.log else table[:, 0]
        return target


def _fill(standard: np.ndarray) -> np.ndarray:
    """Standardized values with 0, the mean, for what is missing; np.nan_to_num does more and takes much longer."""
    standard[np.isnan(standard)] = 0
    return standard
