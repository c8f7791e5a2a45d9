"""Windows lose nothing, cross nothing and know nothing of the future."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lstm_tutorial.settings import Settings
from lstm_tutorial.workflow.parse import DataError
from lstm_tutorial.workflow.prepare import check, make_windows, prepare, split

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


settings = st.builds(
    Settings,
    timesteps=st.integers(1, 12),
    horizon=st.integers(1, 5),
    validation_fraction=st.sampled_from([0.05, 0.1, 0.3]),
    test_fraction=st.sampled_from([0.1, 0.2, 0.33, 0.5]),
)


@given(settings, st.integers(120, 200))
def test_each_target_lies_in_one_part_and_no_training_window_passes_the_split(settings, length):
    prepared = prepare(walk(length), settings)
    ends = (prepared.split.validation, prepared.split.test, prepared.split.length)
    start = 0
    for windows, end in zip((prepared.train, prepared.validation, prepared.test), ends, strict=True):
        assert len(windows.x) == len(windows.y) == len(windows.first) > 0
        assert windows.first[0] == max(start, settings.timesteps)
        assert windows.first[-1] + settings.horizon == end
        places = windows.first[:, None] + np.arange(settings.horizon)
        np.testing.assert_allclose(prepared.unscale(windows.y), prepared.values[places])
        inputs = windows.first[:, None] + np.arange(-settings.timesteps, 0)
        np.testing.assert_allclose(prepared.unscale(windows.x[..., 0]), prepared.values[inputs])
        start = end


@given(settings, st.integers(120, 200), st.data())
def test_no_value_after_the_split_changes_training_data_or_scaler(settings, length, data):
    series = walk(length)
    before = prepare(series, settings)
    changed = series.copy()
    changed.attrs = series.attrs
    place = data.draw(st.integers(before.split.validation, length - 1))
    changed.iloc[place] += data.draw(st.floats(1, 1e9))
    after = prepare(changed, settings)
    np.testing.assert_array_equal(before.train.x, after.train.x)
    np.testing.assert_array_equal(before.train.y, after.train.y)
    assert (before.scaler.mean_, before.scaler.scale_) == (after.scaler.mean_, after.scaler.scale_)
    if place >= before.split.test:
        np.testing.assert_array_equal(before.validation.y, after.validation.y)


def test_a_gap_across_the_split_is_not_filled_from_the_future():
    chosen = Settings(timesteps=5)
    edge = split(100, chosen.validation_fraction, chosen.test_fraction).validation
    series = walk(100, filled=(edge - 2, edge - 1, edge))
    prepared = prepare(series, chosen)
    known = series.iloc[edge - 3]
    assert prepared.values[edge - 2 : edge].tolist() == [known, known]
    assert prepared.values[edge] == pytest.approx(series.iloc[edge])
    inside = prepare(walk(100, filled=(40, 41)), chosen)
    np.testing.assert_array_equal(inside.values, inside.series)


def test_scaler_fits_the_training_part_and_is_undone():
    prepared = prepare(walk(200), Settings(timesteps=5))
    past = prepared.values[: prepared.split.validation]
    assert prepared.scaler.mean_[0] == pytest.approx(past.mean())
    assert prepared.scaler.scale_[0] == pytest.approx(past.std())
    np.testing.assert_allclose(prepared.unscale(prepared.scale(prepared.values)), prepared.values)


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
        prepare(series, Settings(timesteps=5))
