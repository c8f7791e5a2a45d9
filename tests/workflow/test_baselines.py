"""Each baseline is what its name says, sees no value after its window, and copes with gaps."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from lstm_tutorial.settings import Settings
from lstm_tutorial.workflow import baselines
from lstm_tutorial.workflow.prepare import prepare, read_series


def seasonal(values, season, freq):
    series = pd.Series(values, index=pd.date_range("2000-01-01", periods=len(values), freq=freq), name="load")
    series.attrs = {"notes": [], "filled": np.zeros(len(values), bool), "season": season, "unit": ""}
    return series


@pytest.fixture(scope="module")
def monthly():
    return prepare(read_series("air_passengers"), Settings(timesteps=12, horizon=3, anchor="last", log=False))


@pytest.fixture(scope="module")
def with_gap():
    rng = np.random.default_rng(0)
    values = 10 + 3 * np.sin(np.arange(400) * 2 * np.pi / 12) + rng.normal(scale=0.3, size=400)
    values[340:354] = np.nan
    return prepare(seasonal(values, 12, "MS"), Settings(timesteps=12, horizon=6, anchor="last", log=False))


def test_rules_use_known_values_and_the_right_ones(monthly):
    y, windows = monthly.values, monthly.test
    rules = baselines.forecasts(monthly, windows, ["persistence", "drift", "seasonal naive", "seasonal ratio"])
    for i, first in enumerate(windows.first):
        growth, slope = y[first - 1] / y[first - 13], (y[first - 1] - y[0]) / (first - 1)
        for step in range(3):
            assert rules["persistence"][i, step] == y[first - 1]
            assert rules["drift"][i, step] == pytest.approx(y[first - 1] + (step + 1) * slope)
            assert rules["seasonal naive"][i, step] == y[first + step - 12]
            assert rules["seasonal ratio"][i, step] == pytest.approx(y[first + step - 12] * growth)


@pytest.mark.parametrize(
    "name", ["persistence", "drift", "seasonal naive", "seasonal ratio", "NLinear", "ETS", "ARIMA"]
)
def test_no_forecast_depends_on_what_comes_after_it(monthly, name):
    windows, place = monthly.test, 5
    spoiled = monthly.table.copy()
    spoiled[windows.first[place] :] *= 1.5
    before, after = (baselines.METHODS[name](each, windows) for each in (monthly, replace(monthly, table=spoiled)))
    np.testing.assert_allclose(after[: place + 1], before[: place + 1])
    assert not np.allclose(after[place + 1 :], before[place + 1 :])


def test_the_names_are_those_that_the_book_explains(monthly):
    assert set(baselines.METHODS) == set(baselines.RULES)
    simple = set(baselines.SIMPLE) - {"weekly naive"}
    assert set(baselines.forecasts(monthly, monthly.test, baselines.SIMPLE)) == simple


def test_a_week_is_a_rule_of_its_own_where_a_season_is_a_day():
    values = 10 + np.arange(24 * 7 * 11) % 168 + np.random.default_rng(0).normal(size=24 * 7 * 11)
    prepared = prepare(seasonal(values, 24, "h"), Settings(timesteps=24, horizon=170, anchor="last", log=False))
    made = baselines.forecasts(prepared, prepared.test, ["seasonal naive", "weekly naive"])
    first = prepared.test.first[:, None] + np.arange(170)
    np.testing.assert_array_equal(made["weekly naive"][:, :168], values[first - 168][:, :168])
    np.testing.assert_array_equal(made["weekly naive"][:, 168:], made["weekly naive"][:, :2])
    error = {name: np.abs(made[name] - prepared.truth(prepared.test)).mean() for name in made}
    assert error["weekly naive"] < 0.1 * error["seasonal naive"]
    for season, step in ((7, "D"), (24, "h")):
        short = prepare(
            seasonal(values[:300], season, step), Settings(timesteps=24, horizon=2, anchor="last", log=False)
        )
        assert list(baselines.forecasts(short, short.test, ["weekly naive"])) == []


def test_the_season_repeats_beyond_one_cycle():
    settings = Settings(timesteps=13, horizon=15, validation_fraction=0.2, anchor="last", log=False)
    prepared = prepare(read_series("air_passengers"), settings)
    forecast = baselines.seasonal_naive(prepared, prepared.test)
    np.testing.assert_array_equal(forecast[:, 12:], forecast[:, :3])


def test_a_series_without_a_season_gets_no_seasonal_rule():
    prepared = prepare(read_series("sunspots"), Settings(timesteps=11))
    names = set(baselines.forecasts(prepared, prepared.test, ["persistence", "seasonal naive", "ridge by place"]))
    assert names == {"persistence"}
    with pytest.raises(ValueError, match="no season of at most"):
        baselines.seasonal_naive(prepared, prepared.test)


@pytest.mark.parametrize("method", [baselines.linear_autoregression, baselines.nlinear, baselines.ridge])
def test_linear_models_find_a_linear_law(method):
    values = [1.0, 2.0]
    for _ in range(120):
        values.append(1.6 * values[-1] - 0.95 * values[-2] + 0.1)
    settings = Settings(timesteps=3, horizon=1, anchor="last", log=False)
    prepared = prepare(pd.Series(values, name="law"), settings)
    np.testing.assert_allclose(method(prepared, prepared.test), prepared.truth(prepared.test), atol=1e-2)


def test_a_ridge_for_each_place_learns_what_one_ridge_can_not():
    """By night the series stays; by day it turns round its mean."""
    values, rng = np.zeros(24 * 80), np.random.default_rng(0)
    for t in range(1, len(values)):
        values[t] = (1 if t % 24 < 12 else -0.9) * values[t - 1] + rng.normal(scale=0.1)
    prepared = prepare(seasonal(values, 24, "h"), Settings(timesteps=24, horizon=1, anchor="last", log=False))
    truth = prepared.truth(prepared.test)
    errors = {
        name: np.sqrt(np.mean((f - truth) ** 2))
        for name, f in baselines.forecasts(prepared, prepared.test, ["ridge", "ridge by place"]).items()
    }
    assert errors["ridge by place"] < 0.7 * errors["ridge"]


@pytest.mark.filterwarnings("ignore:possible convergence problem")
def test_arima_carried_forward_in_one_pass_is_what_statsforecast_forecasts_from_each_place(monthly):
    from statsforecast.models import AutoARIMA

    for values, season in ((monthly.values, 12), (read_series("sunspots").to_numpy(), 1)):
        model = AutoARIMA(season_length=season, approximation=True).fit(values[:-20])
        first = np.arange(len(values) - 20, len(values), 7)
        wanted = [model.forward(values[:place], h=3)["mean"] for place in first]
        got = baselines.carry_forward(model.model_, values, first, 3)
        np.testing.assert_allclose(got, wanted, rtol=1e-4)


def test_ets_carried_forward_is_what_statsforecast_forecasts_with_parameters_fixed(monthly):
    from statsforecast.models import AutoETS

    model = AutoETS(season_length=12).fit(monthly.values[: monthly.split.test])
    wanted = model.forward(monthly.values[: monthly.test.first[4]], h=3)["mean"]
    np.testing.assert_allclose(baselines.ets(monthly, monthly.test)[4], wanted)


def test_gaps_are_filled_from_the_past_only():
    values = np.array([np.nan, 1.0, 2.0, np.nan, 4.0, np.nan, np.nan])
    np.testing.assert_array_equal(baselines.fill(values, None), [1, 1, 2, 2, 4, 4, 4])
    np.testing.assert_array_equal(baselines.fill(values, 2), [1, 1, 2, 1, 4, 1, 4])
    changed = values.copy()
    changed[4:] = 9
    np.testing.assert_array_equal(baselines.fill(changed, 2)[:4], baselines.fill(values, 2)[:4])


def test_every_method_gives_numbers_where_the_series_has_a_gap(with_gap):
    found = baselines.forecasts(with_gap, with_gap.test)
    assert {"ETS", "ARIMA", "ridge by place", "seasonal ratio"} <= set(found)
    assert all(np.isfinite(forecast).all() for forecast in found.values())
    assert all(forecast.shape == with_gap.test.y.shape for forecast in found.values())
