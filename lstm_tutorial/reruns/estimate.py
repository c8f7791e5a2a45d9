"""How long an edition will take."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lstm_tutorial.reruns.run import Checked

# Processor seconds, measured on six series of 300 to a million rows: for kernels and what does not grow, an update in
# each comparison, a trial of the search, a row read, a window in all that is fitted once, and in an epoch, for each
# number that an LSTM step takes. The first is less, by reckoning, what each kernel no longer imports for itself.
STARTS, UPDATE, TRIAL, READS, FITS, EACH = 95.0, 0.3, 2.5, 4e-4, 0.004, 1.2e-7
EPOCHS = 25  # after which training has stopped, as a rule
LONG = 15  # minutes, from which on it is said how long a quicker one takes
WAYS = 1.8  # of two processes that share two cores


def estimate(data: Checked, settings: Mapping[str, Any], workers: int) -> float:
    """How many minutes an edition will take, from what others took on two cores of 2026."""
    windows, epochs = min(data.rows, settings["windows"] or data.rows), min(settings["epochs"], EPOCHS)
    season = data.season or 8
    timesteps = settings["timesteps"] or (3 * season if season <= 60 else 96)
    steps = timesteps // season if timesteps > 60 and timesteps % season == 0 else timesteps
    each = EACH * (timesteps * data.columns + steps * settings["units"])
    seconds = STARTS + settings.get("updates", 130) * UPDATE + settings["trials"] * TRIAL + data.rows * READS
    seconds += windows * (FITS + epochs * (settings["members"] + 6) * each)
    return float(seconds / 60 / min(workers, WAYS))


def write_duration(minutes: float) -> str:
    """Minutes as one says them."""
    if minutes > 90:
        return f"about {minutes / 60:.0f} hours"
    return f"about {minutes:.0f} minutes" if minutes > 1.5 else "a minute or two"
