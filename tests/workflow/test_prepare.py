"""Windows lose nothing, cross nothing and know nothing of the future."""

from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

import lstm_tutorial.workflow.prepare as module
from lstm_tutorial.settings import Settings, article
from lstm_tutorial.workflow.parse import DataError
from lstm_tutorial.workflow.prepare import Prepared, Windows, check, make_windows, prepare, split

sizes = st.tuples(st.integers(1, 20), st.integers(1, 8), st.integers(0, 40))


def walk(length: int, seed: int = 0, filled: tuple[int, ...] = ()) -> pd.Series:
    series = pd.Series(np.random.default_rng(seed).normal(size=length).cumsum(), name="sales")
    mask = np.zeros(length, dtype=bool)
    mask[list(filled)] = True
    series = series.mask(mask).interpolate()
    series.attrs = {"filled": mask, "season": None}
    return series


@given(sizes)
def test_every_window_and_no_other_is_made(size):
    timesteps, horizon, more = size
    values = np.arange(timesteps + horizon + more)
    x, y = make_windows(values, timesteps, horizon)
    assert x.shape == (more + 1, timesteps, 1)
    assert y.shape == (more + 1, horizon)
    assert y[-1, -1] == values[-1]
    for i in range(len(x)):
        assert x[i, :, 0].tolist() == list(range(i, i + timesteps))
        assert y[i].tolist() == list(range(i + timesteps, i + timesteps + horizon))
    assert (y.min(axis=1) > x.max(axis=(1, 2))).all()


@given(sizes, st.integers(1, 4))
def test_windows_are_views(size, features):
    timesteps, horizon, more = size
    table = np.arange((timesteps + horizon + more) * features, dtype=float).reshape(-1, features)
    x, y = make_windows(table, timesteps, horizon)
    assert x.shape == (more + 1, timesteps, features)
    assert np.shares_memory(x, table)
    assert np.shares_memory(y, table)
    assert y[0].tolist() == table[timesteps : timesteps + horizon, 0].tolist()


def test_too_few_values_for_one_window_are_refused():
    with pytest.raises(ValueError, match="5 values are too few: timesteps \\+ horizon is 6"):
        make_windows(np.arange(5), 4, 2)


PLAIN = {"anchor": "mean", "log": False, "level": False, "fold": 1}  # one scale for all windows, as in the article


settings = st.builds(
    Settings,
    **{name: st.just(value) for name, value in PLAIN.items()},
    timesteps=st.integers(1, 12),
    horizon=st.integers(1, 5),
    validation_fraction=st.sampled_from([0.05, 0.1, 0.3]),
    test_fraction=st.sampled_from([0.1, 0.2, 0.33, 0.5]),
)


any_settings = st.builds(
    Settings,
    anchor=st.sampled_from(["mean", "last", "season", "ratio"]),
    log=st.booleans(),
    level=st.booleans(),
    features=st.just(["wind"]),
    timesteps=st.sampled_from([4, 8, 12]),
    horizon=st.integers(1, 15),
    fold=st.sampled_from([1, 2, 4]),
    validation_fraction=st.sampled_from([0.15, 0.3]),
    test_fraction=st.sampled_from([0.15, 0.33]),
)


def table(length: int, seed: int = 0, gap: slice = slice(0)) -> pd.DataFrame:
    """Hourly: a positive target with a season of 12, a covariate, one known ahead."""
    rng = np.random.default_rng(seed)
    index = pd.date_range("2024-01-01", periods=length, freq="h")
    target = 50 + 10 * np.sin(np.arange(length) * 2 * np.pi / 12) + rng.normal(size=length)
    target[gap] = np.nan
    frame = pd.DataFrame(
        {"sales": target, "wind": rng.normal(3, 2, length), "holiday": rng.integers(0, 2, length).astype(float)}, index
    )
    frame.attrs = {"filled": np.zeros(length, bool), "season": 12, "known": ["holiday"], "unit": "EUR"}
    return frame


def parts_of(prepared: Prepared) -> list[tuple[Windows, int, int]]:
    ends = pairwise((0, *prepared.split))
    return [(w, *e) for w, e in zip((prepared.train, prepared.validation, prepared.test), ends, strict=True)]


@given(any_settings, st.integers(180, 240))
def test_each_target_lies_in_one_part_and_no_training_window_passes_the_split(settings, length):
    prepared = prepare(table(length), settings)
    for windows, start, end in parts_of(prepared):
        assert len(windows.x) == len(windows.y) == len(windows.extras) == len(windows.first) > 0
        assert windows.first[0] == max(start, prepared.scaler.reach)
        assert windows.first[-1] + prepared.settings.horizon == end
        places = windows.first[:, None] + np.arange(prepared.settings.horizon)
        np.testing.assert_array_equal(prepared.truth(windows), prepared.values[places])
        np.testing.assert_allclose(prepared.unscale(windows.y, windows), prepared.truth(windows), rtol=1e-5)


@given(any_settings, st.integers(180, 240))
def test_a_window_holds_the_scaled_values_before_its_target(settings, length):
    prepared = prepare(table(length), settings)
    scaler, windows = prepared.scaler, prepared.validation
    x = windows.x.reshape(len(windows.x), scaler.timesteps, 3)
    rows = windows.first[:, None] + np.arange(-scaler.timesteps, 0)
    target = np.log(prepared.values) if settings.log else prepared.values
    origin = scaler.mean[0] if settings.anchor == "mean" else target[windows.first - 1][:, None]
    np.testing.assert_allclose(x[:, :, 0], (target[rows] - origin) / scaler.change, rtol=1e-3, atol=1e-5)
    wind = prepared.table[:, 1]
    seen = wind[: prepared.split.validation]
    scaled = ((wind - seen.mean()) / seen.std())[rows]
    last = 0 if settings.anchor == "mean" else scaled[:, -1:]
    np.testing.assert_allclose(x[:, :, 1], scaled - last, rtol=1e-3, atol=1e-5)
    place = int(settings.level)
    beside = np.stack([scaled[:, -1], scaled[:, -12:].mean(axis=1)], axis=1)
    np.testing.assert_allclose(windows.extras[:, place : place + 2], beside, rtol=1e-3, atol=1e-5)


@given(any_settings, st.integers(180, 240), st.data())
def test_no_value_after_the_split_changes_training_data_or_scaler(settings, length, data):
    frame = table(length)
    before = prepare(frame, settings)
    changed = frame.copy()
    changed.attrs = frame.attrs
    place = data.draw(st.integers(before.split.validation, length - 1))
    changed.iloc[place, data.draw(st.integers(0, 2))] += data.draw(st.floats(1, 1e9))
    after = prepare(changed, settings)
    for one, other in zip(before.train, after.train, strict=True):
        np.testing.assert_array_equal(one, other)
    np.testing.assert_equal(vars(before.scaler), vars(after.scaler))
    if place >= before.split.test:
        np.testing.assert_array_equal(before.validation.y, after.validation.y)


@given(any_settings, st.integers(180, 240), st.data())
def test_what_a_model_sees_ends_before_its_target_but_for_what_is_known_ahead(settings, length, data):
    frame = table(length)
    before = prepare(frame, settings).test
    row = data.draw(st.integers(0, len(before.first) - 1))
    changed = frame.copy()
    changed.attrs = frame.attrs
    changed.iloc[before.first[row] :, :2] = 77.0
    after = prepare(changed, settings).test
    np.testing.assert_array_equal(before.x[row], after.x[row])
    np.testing.assert_array_equal(before.extras[row], after.extras[row])


def test_what_is_known_ahead_is_seen_for_each_step_of_the_horizon():
    frame = table(200)
    prepared = prepare(frame, Settings(timesteps=12, horizon=5, features=[], anchor="last"))
    windows, holiday = prepared.test, frame["holiday"].to_numpy(float)
    seen = holiday[: prepared.split.validation]
    ahead = holiday[windows.first[:, None] + np.arange(5)]
    np.testing.assert_allclose(windows.extras[:, -5:], (ahead - seen.mean()) / seen.std(), rtol=1e-5, atol=1e-6)


def test_windows_that_touch_a_gap_are_left_out():
    frame = table(240, gap=slice(60, 66))
    prepared = prepare(frame, Settings(timesteps=8, horizon=3, anchor="last", log=False))
    first = prepared.train.first
    assert not ((first + 3 > 60) & (first - 8 < 66)).any()
    assert {60 - 3, 66 + 8} <= set(first.tolist())
    for windows, *_ in parts_of(prepared):
        assert all(np.isfinite(array).all() for array in windows)


def test_gaps_that_leave_no_window_are_refused():
    frame = table(240)
    frame.iloc[192::7, 0] = np.nan
    with pytest.raises(DataError, match=r"'sales': its gaps leave no window of 8 \+ 3 values in the test part"):
        prepare(frame, Settings(timesteps=8, horizon=3, anchor="last", log=False, features=[]))


def test_a_missing_covariate_counts_as_its_mean():
    frame = table(240)
    frame.iloc[:30, 1] = np.nan
    prepared = prepare(frame, Settings(timesteps=8, horizon=3, anchor="last", log=False, features=["wind"], fold=1))
    assert (prepared.train.x[0, :, 1] == 0).all()
    assert (prepared.train.x[60, :-1, 1] != 0).all()


def test_a_gap_across_the_split_is_not_filled_from_the_future():
    chosen = article(timesteps=5)
    edge = split(100, chosen.validation_fraction, chosen.test_fraction).validation
    series = walk(100, filled=(edge - 2, edge - 1, edge))
    prepared = prepare(series, chosen)
    known = series.iloc[edge - 3]
    assert prepared.values[edge - 2 : edge].tolist() == [known, known]
    assert prepared.values[edge] == pytest.approx(series.iloc[edge])
    inside = prepare(walk(100, filled=(40, 41)), chosen)
    np.testing.assert_array_equal(inside.values, inside.series)


def test_scaler_fits_the_training_part_and_is_undone():
    prepared = prepare(walk(200), article(timesteps=5))
    past = prepared.values[: prepared.split.validation]
    assert prepared.scaler.mean[0] == pytest.approx(past.mean())
    assert prepared.scaler.change == pytest.approx(past.std())
    truth = prepared.values[prepared.test.first]
    np.testing.assert_allclose(prepared.test.y[:, 0], (truth - past.mean()) / past.std(), rtol=1e-5, atol=1e-6)
    np.testing.assert_allclose(prepared.unscale(prepared.test.y, prepared.test)[:, 0], truth, rtol=1e-5)


def test_changes_from_an_anchor_are_of_size_one_in_training():
    for anchor in ("last", "season", "ratio"):
        prepared = prepare(table(240), Settings(timesteps=12, horizon=4, anchor=anchor))
        assert np.sqrt(np.mean(prepared.train.y**2)) == pytest.approx(1, abs=1e-5)


@given(settings)
def test_the_minimum_that_is_named_is_the_minimum(settings):
    with pytest.raises(DataError, match="need at least") as refused:
        check(walk(3), settings)
    least = int(str(refused.value).split()[-1])
    prepared = prepare(walk(least), settings)
    assert min(len(part.x) for part in (prepared.train, prepared.validation, prepared.test)) >= 1
    with pytest.raises(DataError, match=f"'sales' has {least - 1} values; .* need at least {least}"):
        check(walk(least - 1), settings)


def test_a_constant_training_part_is_refused():
    series = walk(100)
    series.iloc[:80] = 3.0
    with pytest.raises(DataError, match=r"'sales' is constant \(3\) over the 70 values that train"):
        prepare(series, article(timesteps=5))


@pytest.mark.parametrize(
    ("chosen", "message"),
    [
        ({"timesteps": 10, "fold": 4}, "timesteps=10 is no multiple of fold=4; choose one that is"),
        ({"anchor": "season"}, "anchor='season' needs a season, and column 'sales' has none; choose 'last'"),
        ({"log": True}, "log=True needs positive values; the least of column 'sales' is -"),
    ],
)
def test_settings_at_odds_with_the_data_are_refused(chosen, message):
    with pytest.raises(DataError, match=message):
        check(walk(300), Settings(**chosen))


def test_of_many_windows_so_many_are_drawn_in_each_part_and_in_order():
    series = pd.Series(np.random.default_rng(0).normal(size=600).cumsum(), name="walk")
    wanted = {"timesteps": 6, "horizon": 2, "anchor": "last", "log": False, "level": False}
    every, few = (prepare(series, Settings(**wanted, windows=most)) for most in (None, 30))
    for name in ("train", "validation", "test"):
        all_of_them, drawn = getattr(every, name), getattr(few, name)
        assert len(drawn.first) == 30 < len(all_of_them.first)
        thin = all_of_them.thin(30)
        for one, other in zip(thin, drawn, strict=True):
            np.testing.assert_array_equal(one, other)
        assert (np.diff(drawn.first) > 0).all() and len({*np.diff(drawn.first)}) > 2
    assert few.scaler.change == every.scaler.change
    few = prepare(series, Settings(**wanted, windows=10_000))
    assert len(few.train.first) == len(every.train.first)


@pytest.mark.parametrize("horizon", [1, 2, 7])
@pytest.mark.parametrize(("validation", "test"), [(0.1, 0.2), (0.35, 0.05), (0.49, 0.5), (0.013, 0.2)])
def test_the_least_length_is_the_least(horizon, validation, test):
    settings = Settings(horizon=horizon, validation_fraction=validation, test_fraction=test)

    def fits(length):
        parts = module.split(length, validation, test)
        return parts.validation >= 5 + horizon and min(parts.test - parts.validation, length - parts.test) >= horizon

    found = module._minimum(settings, 5)
    assert fits(found) and not any(fits(length) for length in range(5 + 3 * horizon, found))


def test_the_least_length_of_tiny_parts_is_found_at_once():
    assert module._minimum(Settings(horizon=2, test_fraction=1e-9), 5) == 1_500_000_000
