"""A trained forecaster in a folder, and forecasts from it with NumPy alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from lstm_tutorial.workflow.conformal import Scale
from lstm_tutorial.workflow.folder import WEIGHTS, pack, read_folder, unpack, write_folder
from lstm_tutorial.workflow.intervals import size_features
from lstm_tutorial.workflow.runtime import Head, Intervals, Layer, Network
from lstm_tutorial.workflow.scale import Scaler
from lstm_tutorial.workflow.schema import Schema, next_times, step_seconds

if TYPE_CHECKING:
    import pandas as pd

    from lstm_tutorial.settings import Settings

LEVELS = (0.8, 0.95)  # the share of future values that should lie in each interval
DECILES = np.linspace(0, 1, 11)


class Forecast(NamedTuple):
    """What comes next: the times (horizon,) as datetime64[s], or steps ahead where there are no times; the mean
    (horizon,); lower and upper ends of the intervals (levels, horizon). In the data's units."""

    times: np.ndarray
    mean: np.ndarray
    lower: np.ndarray
    upper: np.ndarray


@dataclass(frozen=True, eq=False)
class Forecaster:
    """A trained blend with all that it takes to forecast: `Forecaster.fit(...)`, or `load(folder)`, makes one.

    `weight` is the LSTM's share, `fingerprint` a hash of the data that it was fitted to, `quantiles` (columns,
    deciles) how its inputs were distributed in the training part: see `monitor`. `about` tells what else is known of
    the training, `files` holds the same network for Keras and for ONNX Runtime.
    """

    scaler: Scaler
    network: Network
    intervals: Intervals
    settings: dict[str, Any]
    weight: float
    fingerprint: str
    quantiles: np.ndarray
    about: dict[str, Any]
    files: dict[str, bytes]

    @classmethod
    def fit(
        cls, frame: pd.DataFrame, settings: Settings, folder: str | Path | None = None, networks: str | None = None
    ) -> Forecaster:
        """Train the blend on what `read_frame` returned, and save it to `folder`, if one is named.

        Networks that `train_members` kept in the folder `networks` are taken from there. The network is the one that
        `evaluate` judges: it is not trained again with the test part. Its intervals come from its latest errors there
        and stay as they are, while `evaluate` renews them with each forecast. Needs Keras. Raises `DataError` for data
        that can't be used.
        """
        from lstm_tutorial.workflow.export import fit_forecaster

        forecaster = fit_forecaster(frame, settings, networks)
        if folder is not None:
            forecaster.save(folder)
        return forecaster

    @property
    def schema(self) -> Schema:
        """The data's columns, unit and calendar."""
        return self.scaler.schema

    @property
    def timesteps(self) -> int:
        """How many rows a window has."""
        return self.scaler.timesteps

    @property
    def reach(self) -> int:
        """How many rows `predict` needs at least."""
        return self.scaler.reach

    @property
    def horizon(self) -> int:
        """How many steps it forecasts."""
        return self.scaler.horizon

    @property
    def levels(self) -> tuple[float, ...]:
        """The share of future values that should lie in each interval."""
        return self.intervals.levels

    def predict(
        self, values: np.ndarray, last: np.datetime64 | None = None, known: np.ndarray | None = None
    ) -> Forecast:
        """The forecast that follows `values` (rows, columns), in the order of `schema.columns`, oldest row first.

        `last` is the last row's time, `known` (horizon, known) the columns known ahead in the steps to come. Only the
        last `reach` rows count. NaN in a covariate stands for an unknown value. Raises ValueError for too few rows,
        other columns, a missing target, what has no logarithm where the target is taken so, and a missing `last`.
        """
        return self.predict_batch([(values, last, known)])[0]

    def predict_batch(
        self, requests: Sequence[tuple[np.ndarray, np.datetime64 | None, np.ndarray | None]]
    ) -> list[Forecast]:
        """The forecasts for several requests, with the arguments of `predict` each, in a fraction of the time.

        Each is the same to the bit as alone. Raises ValueError for the first one that can't be used.
        """
        tables = np.concatenate([self._check(values) for values, _, _ in requests])
        ahead = np.stack([self._check_known(known) for _, _, known in requests])
        times = np.stack([self._times(last) for _, last, _ in requests])
        first = None if times.dtype.kind == "i" else times[:, 0]
        mean, lower, upper = self.forecast(tables, self.reach * np.arange(1, len(requests) + 1), first, ahead)
        return [Forecast(times[n], mean[n], lower[:, n], upper[:, n]) for n in range(len(requests))]

    def forecast(
        self, table: np.ndarray, first: np.ndarray, times: np.ndarray | None, ahead: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Forecasts from before the rows `first` (n,) of a table: mean (n, horizon), lower and upper (levels, n,
        horizon). Arguments as those of `Scaler.inputs`; nothing is checked."""
        x, extras = self.scaler.inputs(table, first, times, ahead)
        changes = self.network.predict(x, extras)
        low, high = self.intervals.bounds(changes, size_features(x, extras, len(self.schema.columns)))
        every = np.concatenate([changes[None], low, high]).reshape(-1, self.horizon)
        restored = self.scaler.restore(every, table, np.tile(first, 1 + 2 * len(self.levels)))
        mean, *bounds = restored.reshape(-1, len(first), self.horizon)
        return mean, np.stack(bounds[: len(self.levels)]), np.stack(bounds[len(self.levels) :])

    def save(self, folder: str | Path) -> None:
        """Write a folder that `load` reads, whole or not at all.

        Raises ValueError for a folder that can't be written or holds something else than a forecaster.
        """
        scaler, scale = self.scaler, vars(self.intervals.scale)
        numbers = {name: getattr(scaler, name) for name in ("anchor", "log", "timesteps", "horizon", "fold", "change")}
        about = {
            "schema": asdict(scaler.schema),
            "settings": self.settings,
            "scaler": numbers,
            "levels": self.levels,
            "weight": self.weight,
            "fingerprint": self.fingerprint,
            **self.about,
        }
        arrays = {"mean": scaler.mean, "deviation": scaler.deviation, "quantiles": self.quantiles}
        for number, layer in enumerate(self.network.layers):
            arrays |= {f"lstm_{number}_{name}": array for name, array in layer._asdict().items()}
        arrays |= {f"head_{name}": array for name, array in self.network.head._asdict().items()}
        arrays |= {f"scale_{name}": array for name, array in scale.items()}
        arrays |= {"low": self.intervals.low, "high": self.intervals.high}
        write_folder(Path(folder), about, {WEIGHTS: pack(arrays), **self.files})

    def _check(self, values: np.ndarray) -> np.ndarray:
        """The last `reach` rows, if they can be used."""
        columns = self.schema.columns
        values = np.asarray(values, float)
        if values.ndim != 2 or values.shape[1] != len(columns):
            raise ValueError(f"values: got shape {values.shape}, wanted (rows, {len(columns)}): {', '.join(columns)}")
        if len(values) < self.reach:
            raise ValueError(f"values: got {len(values)} rows, wanted at least {self.reach}")
        table = values[-self.reach :]
        if np.isinf(table).any() or not np.isfinite(table[:, 0]).all():
            row, column = np.argwhere(np.isinf(table) | (np.isnan(table) & (np.arange(len(columns)) == 0)))[0]
            back = self.reach - row
            raise ValueError(f"values: {columns[column]!r} is {table[row, column]} {back} rows from the end")
        if self.scaler.log and table[:, 0].min() <= 0:
            raise ValueError(f"values: {columns[0]!r} should be above 0, since its logarithm is taken")
        return table

    def _check_known(self, known: np.ndarray | None) -> np.ndarray:
        wanted = (self.horizon, len(self.schema.known))
        if known is None and not wanted[1]:
            return np.empty(wanted)
        ahead = np.empty(0) if known is None else np.asarray(known, float)
        if ahead.shape != wanted:
            names = f" ({', '.join(self.schema.known)})" if wanted[1] else ""
            got = "none" if known is None else f"shape {ahead.shape}"
            raise ValueError(f"known: got {got}, wanted {wanted[0]} rows of {wanted[1]} columns{names}")
        if np.isinf(ahead).any():
            raise ValueError("known: got an infinite value, wanted finite ones")
        return ahead

    def _times(self, last: np.datetime64 | None) -> np.ndarray:
        if self.schema.step is None:
            return np.arange(1, self.horizon + 1)
        if last is None or np.isnat(last):
            raise ValueError("last: is missing; wanted the time of the last row")
        return next_times(last, self.schema.step, self.horizon)


def load(folder: str | Path) -> Forecaster:
    """The forecaster that was saved to `folder`; needs NumPy alone, and executes nothing from the folder.

    Raises ValueError, in one line, for whatever is missing, was altered, does not fit together, or was written in a
    newer format.
    """
    about, files = read_folder(Path(folder))
    try:
        return _restore(about, unpack(files.pop(WEIGHTS)), files)
    except (ValueError, KeyError, TypeError, AttributeError, OSError) as error:
        reason = f"{error.args[0]} is missing" if isinstance(error, KeyError) else " ".join(str(error).split())
        raise ValueError(f"{folder}: its parts don't fit together: {reason}") from None


def _restore(about: dict[str, Any], arrays: dict[str, np.ndarray], files: dict[str, bytes]) -> Forecaster:
    named, numbers, settings = about.pop("schema"), about.pop("scaler"), about.pop("settings")
    fields: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in named.items()}
    schema = Schema(**fields)
    if schema.step:
        step_seconds(schema.step)
    scaler = Scaler(schema, mean=arrays["mean"], deviation=arrays["deviation"], **numbers)
    levels, weight, count = tuple(about.pop("levels")), float(about.pop("weight")), len(schema.columns)
    members, layers = (settings["members"], settings["layers"]) if weight else (0, 0)
    for name, shape in _shapes(scaler, members, layers, settings["units"], len(levels)).items():
        array = arrays[name]
        if array.shape != shape or array.dtype.kind != "f" or not np.isfinite(array).all():
            raise ValueError(f"{name} is {array.dtype} of shape {array.shape}, wanted finite numbers of shape {shape}")
    lstm = [Layer(*(arrays[f"lstm_{number}_{part}"] for part in Layer._fields)) for number in range(layers)]
    network = Network(lstm, Head(arrays["head_kernel"], arrays["head_bias"]), count)
    scale = Scale(*(arrays[f"scale_{name}"] for name in ("center", "spread", "weights", "bias")))
    intervals, print_ = Intervals(levels, scale, arrays["low"], arrays["high"]), str(about.pop("fingerprint"))
    return Forecaster(scaler, network, intervals, settings, weight, print_, arrays["quantiles"], about, files)


def _shapes(scaler: Scaler, members: int, layers: int, units: int, levels: int) -> dict[str, tuple[int, ...]]:
    """What shape each array in the weights' file should have."""
    count, horizon, extras = len(scaler.schema.columns), scaler.horizon, scaler.schema.extras(scaler.horizon)
    shapes: dict[str, tuple[int, ...]] = {"mean": (count,), "deviation": (count,)}
    for number in range(layers):
        inputs = units if number else scaler.fold * count
        shapes |= {
            f"lstm_{number}_kernel": (members, inputs, 4 * units),
            f"lstm_{number}_recurrent_kernel": (members, units, 4 * units),
            f"lstm_{number}_bias": (members, 4 * units),
        }
    shapes |= {"head_kernel": (scaler.timesteps + extras + members * units, horizon), "head_bias": (horizon,)}
    sizes = scaler.timesteps + extras + 1
    shapes |= {"scale_center": (sizes,), "scale_spread": (sizes,)}
    shapes |= {"scale_weights": (sizes, horizon), "scale_bias": (horizon,)}
    shapes |= {"low": (levels, horizon), "high": (levels, horizon)}
    return shapes | {"quantiles": (count + scaler.schema.level, len(DECILES))}
