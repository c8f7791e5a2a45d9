"""One epoch of training: the recipe of the workflow chapters beside the article's plain setup, on the same windows.

The recipe's network reads three days of the sample `jfk`, all variables, folded into three steps, and forecasts 24
values, in batches of 128 by `Epochs`. The plain one reads the same hours of the target alone, one at a time, and
forecasts the next value, in batches of 32 by `model.fit`. An epoch includes the losses on the validation windows.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import numpy as np

from benchmarks.measure import Spread


def time_epochs(rounds: int, units: int) -> tuple[dict[str, Spread], int]:
    """Seconds of an epoch, in turns, and the number of training windows; the first round, which compiles, is left out.

    Raises ValueError if a side does not learn.
    """
    from lstm_tutorial.settings import Settings
    from lstm_tutorial.workflow.design import build, plain
    from lstm_tutorial.workflow.epochs import Epochs
    from lstm_tutorial.workflow.prepare import prepare, read_frame
    from lstm_tutorial.workflow.scale import target_window

    frame = read_frame("jfk")
    chosen = Settings(units=units, features=list(frame.columns[1:]), timesteps=72, anchor="last", log=False)
    prepared = prepare(frame, chosen)
    settings, columns = prepared.settings, len(prepared.schema.columns)
    recipe = Epochs(build(settings, prepared.schema), prepared, settings.batch_size)
    simple = plain(chosen.timesteps or 0, units, 0.001, settings.seed)
    seen, held_out = (
        (target_window(part.x, columns)[..., None], part.y[:, :1]) for part in (prepared.train, prepared.validation)
    )

    def learn() -> float:
        recipe.fit(np.random.default_rng(settings.seed).permutation(recipe.count))
        return recipe.score()["loss"]

    def learn_plainly() -> float:
        history = simple.fit(*seen, batch_size=32, epochs=1, validation_data=held_out, verbose=0).history
        loss: float = history["val_loss"][0]
        return loss

    sides: dict[str, Callable[[], float]] = {"recipe": learn, "plain setup": learn_plainly}
    untrained = {"recipe": recipe.score()["loss"], "plain setup": simple.evaluate(*held_out, verbose=0)}
    seconds: dict[str, list[float]] = {name: [] for name in sides}
    for _ in range(1 + rounds):
        for name, side in sides.items():
            start = time.perf_counter()
            loss = side()
            seconds[name].append(time.perf_counter() - start)
            if not loss < untrained[name]:
                raise ValueError(f"{name}: an epoch led from the loss {untrained[name]:.3f} to {loss:.3f}")
    return {name: Spread.of(each[1:]) for name, each in seconds.items()}, recipe.count
