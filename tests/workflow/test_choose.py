"""What the data decide: by rule, or by what a linear model gains on stretches before the test part."""

import numpy as np
import pandas as pd
import pytest

from lstm_tutorial.settings import Settings
from lstm_tutorial.workflow.choose import GAIN, by_rule, choose, error_on_folds

LENGTH = 240
TREND, SEASON = np.arange(LENGTH), np.sin(np.arange(LENGTH) * 2 * np.pi / 12)


def monthly(values: np.ndarray, **more: np.ndarray) -> pd.DataFrame:
    index = pd.date_range("2000-01-01", periods=len(values), freq="MS")
    frame = pd.DataFrame({"sales": values, **more}, index)
    frame.attrs = {"season": 12, "filled": np.zeros(len(values), bool)}
    return frame


def noise(size: float, seed: int = 0) -> np.ndarray:
    return size * np.random.default_rng(seed).normal(size=LENGTH)


def test_nothing_is_left_open():
    chosen = choose(monthly(SEASON + noise(0.1)), Settings())
    for name in ("timesteps", "horizon", "fold", "anchor", "log", "level", "features"):
        assert getattr(chosen, name) is not None, name


def test_what_was_asked_for_is_kept():
    asked = {"timesteps": 7, "horizon": 3, "fold": 7, "anchor": "ratio", "log": True, "level": True, "features": []}
    chosen = choose(monthly(9 + SEASON, wind=noise(1)), Settings(**asked))
    assert {name: getattr(chosen, name) for name in asked} == asked


def test_a_series_that_multiplies_is_taken_in_logarithms_and_one_that_adds_is_not():
    growth = np.exp(TREND / 60 + 0.4 * SEASON + noise(0.02))
    assert choose(monthly(growth), Settings()).log
    assert not choose(monthly(5 + TREND / 60 + SEASON + noise(0.1)), Settings()).log
    assert not choose(monthly(SEASON + noise(0.1)), Settings()).log, "it has negative values"


def test_a_walk_starts_from_its_last_value():
    assert choose(monthly(noise(1).cumsum()), Settings()).anchor == "last"


@pytest.mark.parametrize("values", [noise(1).cumsum(), 5 * SEASON + noise(1), TREND / 9 + 5 * SEASON + noise(0.2)])
def test_the_anchor_has_the_least_error_on_the_folds_or_is_the_plainest_and_nearly_has(values):
    frame = monthly(values)
    chosen = choose(frame, Settings(log=False))
    errors = {name: error_on_folds(frame, chosen, anchor=name) for name in ("last", "season", "ratio")}
    assert chosen.anchor == ("last" if GAIN * errors["last"] < min(errors.values()) else min(errors, key=errors.get))


@pytest.mark.parametrize("seed", range(3))
def test_covariates_are_used_where_they_help(seed):
    wind = noise(1, seed)
    driven = 9 + np.concatenate([[0], wind[:-1]]) + noise(0.1, seed + 10)
    settings = Settings(horizon=1, anchor="last", log=False)
    assert choose(monthly(driven, wind=wind), settings).features == ["wind"]
    assert choose(monthly(9 + noise(1, seed + 20), wind=wind), settings).features == []


def test_the_level_is_left_out_where_validation_leaves_the_training_range():
    assert by_rule(monthly(SEASON), Settings()).level
    assert not by_rule(monthly(SEASON + TREND), Settings()).level


def test_long_windows_are_folded_by_the_season():
    frame = monthly(np.tile(SEASON, 10))
    frame.attrs["season"] = 24
    chosen = by_rule(frame, Settings())
    assert (chosen.timesteps, chosen.horizon, chosen.fold) == (72, 24, 24)
    frame.attrs["season"] = 12
    assert by_rule(frame, Settings()).fold == 1


def test_a_short_series_gets_a_short_window_and_one_without_season_a_horizon_of_one():
    assert by_rule(monthly(SEASON[:100]), Settings()).timesteps == 12
    frame = monthly(SEASON)
    frame.attrs["season"] = None
    assert (by_rule(frame, Settings()).timesteps, by_rule(frame, Settings()).horizon) == (24, 1)


def test_nothing_of_the_test_part_is_looked_at():
    frame = monthly(9 + SEASON + noise(0.1), wind=noise(1, 1))
    changed = frame.copy()
    changed.iloc[192:] = np.exp(np.arange(48) / 5)[:, None]
    changed.attrs = frame.attrs
    assert choose(frame, Settings()) == choose(changed, Settings())
