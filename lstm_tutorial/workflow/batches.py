"""Forecasts for requests that wait at the same time, computed together."""

from __future__ import annotations

import asyncio

import numpy as np

from lstm_tutorial.workflow.deploy import Forecast, Forecaster
from lstm_tutorial.workflow.messages import Rows

MOST = 32  # forecasts in a batch: more of them at once gain little, and all wait for the last
GATHER = 0.003  # seconds that a batch is held open where the one before it had more than one request


class Batches:
    """Gathers what arrives within two turns of the event loop, and for longer while requests come thick and fast.

    A request that is alone waits for nobody. In a batch a forecast costs a fraction of what it costs alone, because
    most of that is the overhead of many small operations. An answer is the same to the bit whoever else asks:
    `Forecaster.predict_batch` sees to that.
    """

    def __init__(self, forecaster: Forecaster) -> None:
        self._forecaster = forecaster
        self._waiting: list[tuple[Rows, asyncio.Future[Forecast]]] = []
        self._crowded = False

    async def predict(self, rows: Rows) -> Forecast:
        """The forecast, or what the forecaster raises."""
        loop = asyncio.get_running_loop()
        if not self._waiting:
            if self._crowded:
                loop.call_later(GATHER, self._run)
            else:
                # In the next turn the loop reads what has arrived meanwhile, and in the one after it the batch runs.
                loop.call_soon(loop.call_soon, self._run)
        future: asyncio.Future[Forecast] = loop.create_future()
        self._waiting.append((rows, future))
        return await future

    def predict_now(self, rows: Rows) -> Forecast:
        """The same, at once and alone."""
        with np.errstate(all="ignore"):  # what overflows is refused when it is written
            return self._forecaster.predict(*rows)

    def _run(self) -> None:
        batch, self._waiting = self._waiting[:MOST], self._waiting[MOST:]
        self._crowded = len(batch) > 1
        if self._waiting:
            asyncio.get_running_loop().call_soon(self._run)
        outcomes: list[Forecast | Exception]
        try:
            with np.errstate(all="ignore"):
                outcomes = [*self._forecaster.predict_batch([rows for rows, _ in batch])]
        except Exception:
            # One of them, perhaps, can't be used; who asked for the others shall not suffer from it.
            outcomes = [self._try(rows) for rows, _ in batch]
        for (_, future), outcome in zip(batch, outcomes, strict=True):
            if future.cancelled():
                continue
            if isinstance(outcome, Exception):
                future.set_exception(outcome)
            else:
                future.set_result(outcome)

    def _try(self, rows: Rows) -> Forecast | Exception:
        try:
            return self.predict_now(rows)
        except Exception as error:
            return error
