"""Times go on as a calendar does, and a place in a cycle is an angle."""

import numpy as np
import pandas as pd
import pytest

from lstm_tutorial.workflow.schema import CYCLES, Schema, angles, next_times, step_seconds, step_words

STEPS = ["s", "30s", "15min", "h", "6h", "D", "7D", "W-SUN", "B", "MS", "2MS", "QS-JAN", "QS-OCT", "YS-JAN"]


@pytest.mark.parametrize("step", STEPS)
@pytest.mark.parametrize("start", ["2023-12-29 00:00", "2024-02-01 13:30"])
def test_the_next_times_are_those_of_pandas(step, start):
    index = pd.date_range(start, periods=9, freq=step)
    ahead = next_times(index[0].to_datetime64(), step, 8)
    assert ahead.dtype == "datetime64[s]"
    np.testing.assert_array_equal(ahead, index[1:].to_numpy().astype("datetime64[s]"))


def test_a_step_that_is_none_is_refused():
    with pytest.raises(ValueError, match="'fortnight' is no step; wanted one such as h, 15min"):
        next_times(np.datetime64("2024-01-01"), "fortnight", 1)


@pytest.mark.parametrize("step", STEPS)
def test_a_step_is_about_as_long_as_it_takes(step):
    index = pd.date_range("2023-01-01", periods=200, freq=step)
    mean = (index[-1] - index[0]) / pd.Timedelta("1s") / 199
    assert step_seconds(step) == pytest.approx(mean, rel=0.01)


@pytest.mark.parametrize(
    ("step", "words"),
    [("h", "hour"), ("15min", "15 minutes"), ("W-SUN", "week"), ("QS-OCT", "quarter"), ("B", "working day")],
)
def test_a_step_is_said_in_words(step, words):
    assert step_words(step) == words


@pytest.mark.parametrize(("cycle", "step", "length"), [("day", "h", 24), ("week", "D", 7), ("year", "MS", 12)])
def test_a_cycle_closes_and_tells_all_its_places_apart(cycle, step, length):
    times = pd.date_range("2021-01-01", periods=2 * length, freq=step).to_numpy()
    place = angles(times, [cycle])
    assert place.shape == (2 * length, 2 * CYCLES[cycle][1])
    np.testing.assert_allclose(place[:length], place[length:], atol=1e-9)
    apart = np.linalg.norm(place[:length, None] - place[None, :length], axis=2) + 9 * np.eye(length)
    assert apart.min() > 0.1
    steps = np.linalg.norm(np.diff(place[: length + 1], axis=0), axis=1)
    np.testing.assert_allclose(steps, steps[0], rtol=0.1)  # the last place is as near the first as any two neighbors


def test_local_hours_count_where_a_timezone_is_given():
    summer = np.array(["2024-07-01T12:00", "2024-07-01T13:00"], "datetime64[s]")
    winter = np.array(["2024-01-01T13:00"], "datetime64[s]")
    local = angles(np.concatenate([summer, winter]), ["day"], "Europe/Berlin")
    np.testing.assert_allclose(local[0], local[2], atol=1e-9)
    assert not np.allclose(local[1], local[2])


def test_extras_are_counted():
    schema = Schema("y", ("a", "b"), ("k",), cycles=("day", "week"), level=True)
    assert schema.columns == ("y", "a", "b", "k")
    assert schema.extras(horizon=5) == 1 + 2 * 2 + 2 * 2 + 2 * 3 + 5 * 1
