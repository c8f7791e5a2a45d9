"""Intervals hold as often as they say, from errors that were known in time."""

import subprocess
import sys

import numpy as np
import pytest

from lstm_tutorial.workflow import conformal, metrics


def scores(n=900, horizon=4, seed=0):
    return np.random.default_rng(seed).normal(size=(n, horizon))


def test_bounds_cover_the_share_they_should_of_new_values():
    """With 99 exchangeable scores, 80 of 100 by the theory of ranks."""
    rng = np.random.default_rng(0)
    past, new = rng.gumbel(size=(99, 20_000)), rng.gumbel(size=20_000)
    low, high = conformal.bounds(past, 0.8, np.ones(20_000))
    assert np.mean((low <= new) & (new <= high)) == pytest.approx(0.8, abs=0.01)
    assert np.mean(new > high) == pytest.approx(0.1, abs=0.01)


def test_bounds_are_the_extremes_where_scores_are_few():
    few = np.array([[3.0], [1.0], [2.0]])
    low, high = conformal.bounds(few, 0.95)
    assert (low[0], high[0]) == (1, 3)


def test_bounds_are_wider_further_ahead_where_errors_overlap():
    same = np.repeat(scores(300, 1), 24, axis=1)
    low, high = conformal.bounds(same, 0.8)
    assert (np.diff(high) >= 0).all() and (np.diff(low) <= 0).all()
    assert high[23] > high[0] and low[23] < low[0]


def test_rolling_bounds_are_the_bounds_of_the_last_scores_known_in_time():
    values, first = scores(), np.delete(np.arange(50, 1000), slice(300, 350))  # a gap in the windows
    origins = np.array([0, 1, 3, 10, 310, 600, 899])
    low, high = conformal.rolling_bounds(values, first, origins, 0.8, most=200)
    for i, origin in enumerate(origins):
        for step in range(4):
            known = [row for row in range(len(first)) if first[row] + step < first[origin]]
            if not known:
                assert np.isnan(low[i, step])
                continue
            wanted = conformal.bounds(values[known[-200:]], 0.8)
            assert (low[i, step], high[i, step]) == (wanted[0][step], wanted[1][step])


def test_no_bound_depends_on_a_score_that_was_not_known_yet():
    values, first, origins = scores(), np.arange(900), np.array([700])
    before = conformal.rolling_bounds(values, first, origins, 0.8)
    for step in range(4):
        values[700 - step :, step] = 99
    after = conformal.rolling_bounds(values, first, origins, 0.8)
    np.testing.assert_array_equal(after, before)
    values[699, 0] = 99
    values[300:699, 0] = 99
    assert conformal.rolling_bounds(values, first, origins, 0.8)[1][0, 0] == 99


def test_a_scale_is_a_ridge_for_the_logarithm_of_the_error():
    from sklearn.linear_model import Ridge

    rng = np.random.default_rng(0)
    features, errors = rng.normal(5, 3, size=(400, 6)), rng.normal(size=(400, 2))
    standard = (features - features.mean(axis=0)) / features.std(axis=0)
    logs = np.log(np.abs(errors) + conformal.FLOOR * np.abs(errors).mean(axis=0))
    wanted = np.exp(Ridge(conformal.PENALTY).fit(standard, logs).predict(standard[:50]))
    fitted = conformal.fit_scale(features, errors)
    np.testing.assert_allclose(fitted.predict(features[:50]), wanted, rtol=1e-6)


def test_a_scale_stands_features_and_errors_that_never_change():
    fitted = conformal.fit_scale(np.ones((50, 2)), np.zeros((50, 3)))
    assert np.isfinite(fitted.predict(np.ones((4, 2)))).all()
    far = conformal.fit_scale(scores(400, 2), scores(400, 1, seed=1)).predict(np.full((1, 2), 1e9))
    assert np.isfinite(far).all()


def test_scaled_intervals_are_narrow_in_calm_and_better_by_the_interval_score():
    rng = np.random.default_rng(0)
    wild = rng.uniform(size=(3000, 1)) < 0.3
    errors = rng.normal(size=(3000, 2)) * np.where(wild, 5, 1)
    first, origins = np.arange(3000), np.arange(1500, 3000)
    size = conformal.fit_scale(wild[:1000].astype(float), errors[:1000]).predict(wild.astype(float))
    found = {}
    for name, scale in (("constant", np.ones_like(errors)), ("scaled", size)):
        low, high = (bound * scale[origins] for bound in conformal.rolling_bounds(errors / scale, first, origins, 0.8))
        found[name] = metrics.interval_score(errors[origins], low, high, 0.8)
        assert metrics.coverage(errors[origins], low, high) == pytest.approx(0.8, abs=0.02)
    assert found["scaled"] < 0.85 * found["constant"]


def test_rolling_bounds_follow_errors_that_grow():
    errors = np.random.default_rng(0).normal(size=(3000, 1)) * np.linspace(1, 4, 3000)[:, None]
    first, origins = np.arange(3000), np.arange(1000, 3000)
    low, high = conformal.rolling_bounds(errors, first, origins, 0.8)
    still_low, still_high = conformal.bounds(errors[:1000], 0.8)
    assert metrics.coverage(errors[origins], low, high) == pytest.approx(0.8, abs=0.06)
    assert metrics.coverage(errors[origins], still_low, still_high) < 0.6


def test_few_windows_are_said_to_be_few():
    assert conformal.warning(conformal.ENOUGH) == ""
    assert "42 past errors" in conformal.warning(42)
    assert "off by more than two points" in conformal.warning(42)
    assert "too narrow" in conformal.warning(3)


def test_the_least_number_of_scores_is_what_the_95_percent_interval_takes():
    for n, inside in ((conformal.LEAST, True), (conformal.LEAST - 1, False)):
        rank = np.ceil(np.round((n + 1) * 0.975, 9))
        assert (rank <= n) == inside


def test_serving_needs_numpy_alone():
    code = "import sys, lstm_tutorial.workflow.conformal as c; print(*sorted({n.split('.')[0] for n in sys.modules}))"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert "numpy" in loaded
    assert not {"pandas", "sklearn", "scipy", "keras", "tensorflow"} & set(loaded)


def test_where_errors_are_too_few_is_where_ends_are_the_extremes():
    scores = np.random.default_rng(0).normal(size=(47, 14))
    low, high = conformal.bounds(scores, 0.95)
    assert conformal.count_short(47, 0.95, 14) == 13
    assert (high[1:] == scores.max(axis=0)[1:]).all() and (low[1:] == scores.min(axis=0)[1:]).all()
    assert conformal.count_short(39, 0.95, 1) == 0 and conformal.count_short(38, 0.95, 1) == 1
    assert conformal.count_short(500, 0.95, 24) == 0
    said = conformal.warn_of_few(47, 0.95, 14)
    assert said.startswith("**47 past errors are too few for a 95% interval** at 13 of 14 steps: there, read its ends")
    assert conformal.warn_of_few(500, 0.95, 24) == ""
