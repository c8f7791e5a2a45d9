"""Gaps, covariates and outliers: what is mended, what is said, and that nothing comes from the future."""

import numpy as np
import pandas as pd
import pytest

from lstm_tutorial.workflow.mend import describe_outliers, mend
from lstm_tutorial.workflow.samples import SAMPLES

HOURS = pd.date_range("2024-05-01", periods=400, freq="h")
RNG = np.random.default_rng


def run(columns, known=(), asked=()):
    frame = pd.DataFrame(columns, index=HOURS, dtype=float)
    notes = []
    return mend(frame, pd.Series(range(2, 402), index=HOURS), list(known), asked, notes), notes


def test_short_gaps_of_the_target_are_interpolated_and_long_ones_stay():
    load = np.sin(np.arange(400.0))
    load[[10, 20, 21, 22, *range(50, 54), *range(100, 107)]] = np.nan
    frame, notes = run({"load": load})
    assert list(np.flatnonzero(frame.attrs["filled"])) == [10, 20, 21, 22]
    assert frame["load"].iloc[20] == pytest.approx(load[19] + (load[23] - load[19]) / 4)
    assert list(np.flatnonzero(frame["load"].isna())) == [*range(50, 54), *range(100, 107)]
    assert notes == [
        "Missing values were interpolated: 4 (1.0%), at most 3 in a row.",
        "Gaps of more than 3 steps stay empty, and windows that touch one are left out: 11 steps in 2, "
        "the longest of 7 after row 101 (2024-05-05 03:00).",
    ]


def test_half_of_the_target_may_be_missing_and_no_more():
    load = np.where(np.arange(400) % 2, np.nan, np.arange(400) % 7)  # ends empty: 399 steps of which 199 are missing
    frame, _ = run({"load": load})
    assert frame.attrs["filled"].sum() == 199
    load[200] = np.nan
    with pytest.raises(ValueError, match="column 'load': 200 of 399 steps are missing; at most half of them may be"):
        run({"load": load})


def test_covariates_are_carried_forward_and_never_know_the_future():
    heat = np.arange(400) % 13.0
    heat[[*range(30), 40, 41, *range(60, 70)]] = np.nan
    columns = {"load": np.arange(400) % 5, "heat": heat}
    frame, notes = run(columns)
    assert frame["heat"].iloc[:30].isna().all()
    np.testing.assert_array_equal(frame["heat"].iloc[60:70], heat[59])
    assert notes == [
        "Missing values of covariates are the last one seen: 'heat' 12 (3.0%).",
        "Column 'heat' begins 30 steps late; windows that touch these are left out.",
    ]
    later = heat.copy()
    later[65:] += 100
    other, _ = run(columns | {"heat": later})
    pd.testing.assert_series_equal(other["heat"].iloc[:65], frame["heat"].iloc[:65])


def test_a_covariate_is_carried_from_before_the_targets_first_value():
    heat = np.arange(400) % 13.0
    heat[8:12] = np.nan
    frame, notes = run({"load": [*[np.nan] * 10, *range(390)], "heat": heat})
    assert frame.index[0] == HOURS[10]
    assert frame["heat"].iloc[0] == 7
    assert notes[0] == "Empty steps at the ends were left out: 10."


N = np.arange(3000)
NOISE = RNG(0).normal(size=3000)
CALM = {
    "noise": NOISE,
    "walk": NOISE.cumsum(),
    "season": np.sin(N * np.pi / 12),
    "season with noise": 10 * np.sin(N * np.pi / 12) + NOISE,
    "trend": N + NOISE,
    "growth": np.exp(N / 300) * (1 + 0.05 * NOISE),
    "jumps to new levels": np.where(N // 50 % 2, 100, 0) + NOISE,
    "mostly zero": RNG(0).poisson(0.3, 3000) * RNG(1).poisson(5, 3000).astype(float),
    "one busy hour a day": np.where(N % 24 == 8, 50, 0) + RNG(0).poisson(3, 3000),
    "one busy hour a week": np.where(N % 168 == 8, 50, 0) + RNG(0).poisson(3, 3000),
    "constant": np.ones(3000),
    "on and off": N // 12 % 2,
}


@pytest.mark.parametrize("values", CALM.values(), ids=CALM.keys())
def test_seasons_trends_and_zeros_are_no_outliers(values):
    assert describe_outliers(pd.Series(values, name="load", dtype=float)) == ""


@pytest.mark.parametrize("name", ["elnino", "co2", "sunspots", "air_passengers", "departures"])
def test_the_samples_have_no_outliers(name):
    frame, _ = SAMPLES[name]()
    assert describe_outliers(frame.iloc[:, 0]) == ""


def test_a_slip_of_the_decimal_point_and_codes_for_missing_are_found_and_kept():
    load = (20 + 5 * np.sin(N[:400] * np.pi / 12) + NOISE[:400]).round(1)
    load[77] *= 10
    frame, notes = run({"load": load})
    assert notes == [
        f"Far from the values before and after, perhaps wrong, and unchanged: 'load' {load[77]:g} "
        "at row 79 (2024-05-04 05:00)."
    ]
    assert frame["load"].iloc[77] == load[77]
    load[120:130] = -999
    frame, notes = run({"load": load})
    assert "'load' 2 times, the worst -999 at row 122 (2024-05-06)." in notes[0]
    assert describe_outliers(pd.Series(load, name="load")) == "'load' 2 times, the worst -999 at step 120"
