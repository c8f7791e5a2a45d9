"""Stands in for a trained forecaster where only the server is tested."""

from __future__ import annotations

from typing import Any

import numpy as np

from lstm_tutorial.workflow.deploy import Forecast
from lstm_tutorial.workflow.schema import Schema, next_times

REACH, HORIZON = 4, 3
MONTHLY = Schema("sea temp", unit="°C", step="MS", season=12)
HOURLY = Schema("temp", ("dewp", "wind"), ("holiday",), "°F", "h", 24, "America/New_York")
BARE = Schema("y")


class Naive:
    """Forecasts from the mean of the last rows, moved by what is known ahead."""

    timesteps, reach, horizon, levels = REACH, REACH, HORIZON, (0.8, 0.95)
    fingerprint, settings = "0123456789abcdef", {"horizon": HORIZON}

    def __init__(self, schema: Schema) -> None:
        self.schema = schema

    def predict(self, values: Any, last: Any = None, known: Any = None) -> Forecast:
        if values[-1, 0] < -1e6:
            raise ValueError("values: too\ncold")
        ahead = np.arange(1, HORIZON + 1)
        mean = 10 * np.nanmean(values[-REACH:], axis=0).sum() + 0.1 * ahead
        if known is not None:
            mean = mean + np.nan_to_num(known).sum(axis=1)
        width = np.array(self.levels)[:, None] * np.sqrt(ahead)
        times = ahead if last is None else next_times(last, str(self.schema.step), HORIZON)
        return Forecast(times, mean, mean - width, mean + width)

    def predict_batch(self, requests: Any) -> list[Forecast]:
        return [self.predict(*request) for request in requests]
