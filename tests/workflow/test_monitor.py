"""The drift index is right, coverage is counted right, and the rule says what it should."""

import numpy as np
import pandas as pd
import pytest

from lstm_tutorial.settings import Settings
from lstm_tutorial.workflow import monitor
from lstm_tutorial.workflow.blend import Blend
from lstm_tutorial.workflow.export import make_forecaster
from lstm_tutorial.workflow.linear import fit_linear
from lstm_tutorial.workflow.monitor import Health, advise, deciles, examine, origins, renew, stability, summarize
from lstm_tutorial.workflow.prepare import prepare, read_frame

RNG = np.random.default_rng(0)
LEVELS = (0.8, 0.95)


def test_the_index_is_that_of_the_formula():
    before = deciles(np.arange(10_000.0))
    later = np.arange(5_000.0)  # five bins hold a fifth each, five are empty
    empty = 0.5 / len(later)
    expected = 5 * (0.2 - 0.1) * np.log(2) + 5 * (empty - 0.1) * np.log(empty / 0.1)
    assert stability(before, later) == pytest.approx(expected, rel=1e-3)


def test_the_index_is_small_for_the_same_and_large_for_another_population():
    before = deciles(RNG.normal(size=5_000))
    assert stability(before, RNG.normal(size=2_000)) < 0.02
    assert stability(before, RNG.normal(size=2_000) + 1) > 0.5
    assert stability(before, RNG.normal(size=2_000) * 3) > 0.5


@pytest.mark.parametrize("share", [0.03, 0.5, 0.95])
@pytest.mark.parametrize("sign", [1, -1])
def test_values_that_are_mostly_one_number_are_no_drift_by_themselves(share, sign):
    values = sign * np.where(RNG.uniform(size=20_000) < share, 0.0, RNG.uniform(1, 9, 20_000))
    assert stability(deciles(values[:10_000]), values[10_000:]) < 0.2


def test_a_constant_is_no_drift_until_it_changes():
    assert stability(deciles(np.ones(50)), np.ones(50)) == pytest.approx(0, abs=1e-12)
    assert deciles(np.array([1.0, np.nan, 3.0]))[[0, 5, 10]].tolist() == [1, 2, 3]


@pytest.fixture(scope="module")
def made():
    frame = read_frame("elnino")
    settings = Settings(timesteps=12, horizon=4, anchor="last", log=False, level=True)
    prepared = prepare(frame, settings)
    return make_forecaster(prepared, Blend(fit_linear(prepared), [], 0.0)), prepared


def test_in_training_nothing_has_drifted_and_the_test_part_is_covered(made):
    forecaster, prepared = made
    seen = examine(forecaster, prepared.frame, 0, prepared.split.validation)
    assert set(seen.drift) == {"sea_temperature (change)", "sea_temperature (level)"}
    assert max(seen.drift.values()) < 0.05
    tested = examine(forecaster, prepared.frame, prepared.split.test, prepared.split.length)
    for level, share in zip(LEVELS, tested.coverage, strict=True):
        assert level <= share <= min(1, level + 0.12)
    assert tested.blocks == len(prepared.test.first) // 8


def test_errors_and_doubt_are_those_of_the_forecasts(made):
    forecaster, prepared = made
    health = examine(forecaster, prepared.frame, prepared.split.test, prepared.split.length)
    arguments = origins(forecaster, prepared.frame, prepared.split.test, prepared.split.length)
    np.testing.assert_array_equal(arguments[1], prepared.test.first)
    mean, lower, upper = forecaster.forecast(*arguments)
    truth = prepared.truth(prepared.test)
    assert health.error == pytest.approx(np.sqrt(np.mean((mean - truth) ** 2)))
    last = prepared.values[prepared.test.first - 1][:, None]
    assert health.naive == pytest.approx(np.sqrt(np.mean((last - truth) ** 2)))
    inside = ((lower[0] <= truth) & (truth <= upper[0])).mean(axis=1)
    parts = [inside[start : start + 8].mean() for start in range(0, len(inside) - 7, 8)]
    assert health.doubt[0] == pytest.approx(np.std(parts, ddof=1) / np.sqrt(len(parts)))


def test_a_shift_is_seen_in_level_and_intervals(made):
    forecaster, prepared = made
    moved = prepared.frame.copy()
    half = len(moved) // 2
    moved.iloc[half:, 0] = 3 * moved.iloc[half:, 0] - 40  # swings three times as far
    health = examine(forecaster, moved, half + 12, len(moved))
    assert health.drift["sea_temperature (change)"] > monitor.DRIFT
    assert health.drift["sea_temperature (level)"] > monitor.DRIFT
    assert health.coverage[0] < 0.7
    assert advise(health, LEVELS).startswith("renew: ")


def test_renewed_intervals_hold_where_the_old_ones_failed_and_nothing_else_changes(made):
    forecaster, prepared = made
    moved = prepared.frame.copy()
    half = len(moved) // 2
    moved.iloc[half:, 0] = 3 * moved.iloc[half:, 0] - 40
    middle = (half + 12 + len(moved)) // 2
    fresh = renew(forecaster, moved, half + 12, middle)
    before, after = (examine(each, moved, middle, len(moved)) for each in (forecaster, fresh))
    assert before.coverage[0] < 0.7 and 0.75 < after.coverage[0] < 0.92
    assert (before.error, before.drift) == (after.error, after.drift)
    assert fresh.about["renewed"] == str(moved.index[middle - 1])
    assert fresh.about["calibrated"] == middle - half - 12 - 3


def test_intervals_renewed_on_the_test_part_are_those_that_were_fitted_there(made):
    forecaster, prepared = made
    again = renew(forecaster, prepared.frame, prepared.split.test, prepared.split.length)
    np.testing.assert_allclose(again.intervals.low, forecaster.intervals.low, rtol=1e-5)
    np.testing.assert_allclose(again.intervals.high, forecaster.intervals.high, rtol=1e-5)


def test_windows_that_touch_a_gap_are_left_out(made):
    forecaster, prepared = made
    broken = prepared.frame.copy()
    broken.iloc[100, 0] = np.nan
    first = origins(forecaster, broken, 60, 160)[1]
    assert first.min() == 60 and first.max() == 156
    assert not {*range(97, 113)} & {*first} and {96, 113} <= {*first}
    with pytest.raises(ValueError, match="rows 98 to 105: no window of 12 \\+ 4 values without a gap"):
        origins(forecaster, broken, 98, 105)


def test_rows_keep_what_was_told_of_them():
    frame = pd.DataFrame({"load": np.arange(9.0)})
    frame.attrs = {"filled": np.arange(9) == 4, "unit": "MW"}
    part = monitor.rows(frame, 3, 6)
    assert part["load"].tolist() == [3, 4, 5]
    assert part.attrs["filled"].tolist() == [False, True, False] and part.attrs["unit"] == "MW"


def health(**changed) -> Health:
    usual = {"blocks": 12, "drift": {"load": 0.1, "wind": 0.2}, "coverage": np.array([0.8, 0.95])}
    usual |= {"doubt": np.array([0.03, 0.01]), "error": 1.0, "naive": 2.0}
    return Health(**usual | changed)


@pytest.mark.parametrize(
    ("changed", "advice"),
    [
        ({}, "keep: inputs and intervals are as they were"),
        ({"blocks": 1}, "look: 1 independent stretch is too few to judge by"),
        ({"blocks": 7, "error": 9.0}, "look: 7 independent stretches are too few to judge by; 8 would do"),
        ({"error": 2.5}, "retrain: an error of 2.50, above the 2.00 of the naive forecast"),
        ({"coverage": np.array([0.7, 0.95])}, "renew: the 80% intervals held 70% of the values"),
        ({"coverage": np.array([0.8, 0.89])}, "renew: the 95% intervals held 89% of the values"),
        ({"coverage": np.array([0.76, 0.95]), "doubt": np.array([0.001, 0.01])}, "keep: inputs"),
        ({"coverage": np.array([0.7, 0.95]), "doubt": np.array([0.06, 0.01])}, "keep: inputs"),
        ({"coverage": np.array([0.9, 0.99])}, "renew: the 80% intervals held 90% of the values"),
        ({"coverage": np.array([0.9, 0.99]), "doubt": np.array([0.06, 0.01])}, "keep: inputs"),
        ({"coverage": np.array([0.8, 1.0])}, "keep: inputs"),
        ({"coverage": np.array([0.7, 0.95]), "error": 2.5}, "retrain: an error of 2.50"),
        ({"drift": {"load": 0.1, "wind": 0.3}}, "look: wind has drifted (0.30), and the forecasts hold so far"),
        ({"drift": {"wind": 3.0}, "error": 3.0}, "retrain: an error of 3"),
    ],
)
def test_the_rule_says_what_to_do_and_why(changed, advice):
    assert advise(health(**changed), LEVELS).startswith(advice)


def test_a_table_has_a_row_for_each_stretch():
    table = summarize({"May": health(), "June": health(coverage=np.array([0.7, 0.95]))}, LEVELS)
    assert table.loc["June"].to_dict() == {
        "RMSE": 1.0,
        "naive": 2.0,
        "in 80%": "70%",
        "in 95%": "95%",
        "most drift": "wind: 0.20",
        "advice": "renew",
    }
    assert table.loc["May", "advice"] == "keep"


def test_a_stretch_too_short_for_a_block_is_examined_and_not_judged(made):
    forecaster, prepared = made
    seen = examine(forecaster, prepared.frame, prepared.split.test, prepared.split.test + 8)
    assert seen.blocks == 0 and np.isinf(seen.doubt).all() and 0 <= seen.coverage[0] <= 1
    assert advise(seen, LEVELS).startswith("look: 0 independent stretches")
