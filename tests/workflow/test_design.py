"""Networks have the weights that formulas count, start as the naive forecast, and are compared alike."""

from functools import partial

import keras
import numpy as np
import pandas as pd
import pytest

from lstm_tutorial.settings import Settings
from lstm_tutorial.workflow import compare, heads
from lstm_tutorial.workflow.design import build
from lstm_tutorial.workflow.epochs import inputs
from lstm_tutorial.workflow.prepare import Windows, prepare
from lstm_tutorial.workflow.schema import Schema

SETTINGS = Settings(timesteps=6, horizon=3, fold=2, units=5, batch_size=16, anchor="last", log=False, features=["rain"])
BOTH_WAYS = {"direct": heads.direct, "decoder": heads.decoder}


@pytest.fixture(scope="module")
def frame():
    index = pd.date_range("2024-01-01", periods=150, freq="D")
    steps = np.arange(150)
    noise = np.random.default_rng(0).normal(size=(150, 2))
    columns = {"sales": 50 + 9 * np.sin(steps) + noise[:, 0], "rain": noise[:, 1], "holiday": steps % 7 == 0}
    made = pd.DataFrame(columns, index).astype(float)
    made.attrs = {"known": ["holiday"], "season": 7}
    return made


@pytest.fixture(scope="module")
def prepared(frame):
    return prepare(frame, SETTINGS)


@pytest.fixture(scope="module")
def one_step(frame):
    return prepare(frame, SETTINGS.model_copy(update={"horizon": 1}))


def forecast_changes(model: keras.Model, windows: Windows) -> np.ndarray:
    return heads.predict(model, windows.x, windows.extras)


def lstm_weights(inputs: int, units: int) -> int:
    return 4 * units * (inputs + units + 1)


@pytest.mark.parametrize("layers", [1, 3])
@pytest.mark.parametrize("fold", [1, 6])
def test_a_model_has_the_weights_that_the_formula_counts(layers, fold):
    schema = Schema("sales", ("rain", "wind"), ("holiday",), level=True)
    model = build(SETTINGS.model_copy(update={"layers": layers, "fold": fold}), schema)
    extras = 1 + 2 * 2 + 3 * 1  # level; last value and mean of two covariates; three steps known ahead
    wanted = lstm_weights(4 * fold, 5) + (layers - 1) * lstm_weights(5, 5) + 3 * (5 + extras + 1)
    assert model.count_params() == wanted
    assert [tuple(tensor.shape) for tensor in model.inputs] == [(None, 6 // fold, 4 * fold), (None, extras)]
    assert model.output_shape == (None, 3)


def test_without_extras_a_model_takes_windows_alone():
    model = build(SETTINGS, Schema("sales", level=False))
    assert len(model.inputs) == 1
    assert model.count_params() == lstm_weights(2, 5) + 3 * (5 + 1)
    assert heads.predict(model, np.ones((4, 3, 2)), np.ones((4, 0))).shape == (4, 3)


@pytest.mark.parametrize("head", BOTH_WAYS.values(), ids=BOTH_WAYS.keys())
def test_an_untrained_model_forecasts_no_change(prepared, head):
    model = build(prepared.settings, prepared.schema, head=head)
    windows = prepared.validation
    changes = forecast_changes(model, windows)
    assert changes.shape == windows.y.shape
    assert not changes.any()
    last = prepared.values[windows.first - 1]
    np.testing.assert_allclose(prepared.unscale(changes, windows), np.repeat(last[:, None], 3, axis=1), rtol=1e-6)


def test_the_usual_start_forecasts_something_else(prepared):
    model = build(prepared.settings, prepared.schema, head=partial(heads.direct, start="glorot_uniform"))
    assert np.abs(forecast_changes(model, prepared.validation)).mean() > 0.1


@pytest.mark.parametrize("head", BOTH_WAYS.values(), ids=BOTH_WAYS.keys())
def test_every_weight_of_a_model_is_trained(prepared, head):
    model = build(prepared.settings, prepared.schema, head=head)
    before = model.get_weights()
    model.fit(inputs(model, prepared.train), prepared.train.y, epochs=2, verbose=0)
    assert all((old != new).any() for old, new in zip(before, model.get_weights(), strict=True) if old.ndim)


def test_a_seed_makes_the_same_weights_and_another_does_not(prepared):
    def kernel(seed: int) -> np.ndarray:
        return build(prepared.settings.model_copy(update={"seed": seed}), prepared.schema).get_weights()[0]

    np.testing.assert_array_equal(kernel(0), kernel(0))
    assert (kernel(0) != kernel(1)).any()


def test_another_layer_takes_the_place_of_the_lstm(prepared):
    settings = prepared.settings.model_copy(update={"layers": 2})
    model = build(settings, prepared.schema, layer=keras.layers.GRU)
    assert [type(layer).__name__ for layer in model.layers].count("GRU") == 2
    assert model.output_shape == (None, 3)


def test_a_recursive_forecast_of_one_step_is_the_model_itself(one_step):
    model = build(one_step.settings, one_step.schema, head=partial(heads.direct, start="glorot_uniform"))
    windows = one_step.validation
    direct = one_step.unscale(forecast_changes(model, windows), windows)
    np.testing.assert_allclose(heads.recursive(model, one_step, windows, 1), direct, rtol=1e-6)


def test_a_recursive_forecast_goes_on_from_its_own_steps(one_step):
    model = build(one_step.settings, one_step.schema)
    model.get_layer("changes").set_weights([model.get_layer("changes").get_weights()[0], np.array([0.5])])
    windows = one_step.validation
    forecast = heads.recursive(model, one_step, windows, 3)
    climb = 0.5 * one_step.scaler.change * np.array([1, 2, 3])
    np.testing.assert_allclose(forecast, one_step.values[windows.first - 1][:, None] + climb, rtol=1e-5)


@pytest.mark.parametrize(("column", "matters"), [("sales", False), ("rain", False), ("holiday", True)])
def test_a_recursive_forecast_sees_of_the_future_what_is_known_ahead_alone(one_step, frame, column, matters):
    model = build(one_step.settings, one_step.schema, head=partial(heads.direct, start="glorot_uniform"))
    windows = one_step.validation._replace(first=one_step.validation.first[:1])
    before = heads.recursive(model, one_step, windows, 3)
    place = one_step.schema.columns.index(column)
    kept = one_step.table[:, place].copy()
    one_step.table[windows.first[0] :, place] += 3.0
    after = heads.recursive(model, one_step, windows, 3)
    one_step.table[:, place] = kept
    assert np.array_equal(before, after) is not matters


def test_windows_are_left_out_at_random_until_few_remain(prepared):
    few = compare.thin(prepared, 20)
    assert len(few.train.first) == 20
    assert len(few.train.x) == len(few.train.extras) == len(few.train.y) == 20
    steps = np.diff(few.train.first)
    assert (steps > 0).all()
    assert len(set(steps)) > 2
    assert np.array_equal(few.test.first, prepared.test.first)
    assert np.array_equal(compare.thin(prepared, 1_000).train.x, prepared.train.x)


def test_seeds_that_share_a_model_are_trained_as_if_alone(prepared):
    together = compare.train_seeds(build, prepared, updates=20, seeds=2)
    later = prepared.settings.model_copy(update={"seed": 1})
    alone = compare.train_seeds(build, compare.replace(prepared, settings=later), updates=20, seeds=1)
    np.testing.assert_array_equal(together.losses[1], alone.losses[0])
    assert together.losses.shape == (2, 3)
    assert together.losses[0, 0] == together.losses[1, 0] == pytest.approx(np.mean(prepared.validation.y**2), rel=1e-5)
    assert (together.losses[0, 1:] != together.losses[1, 1:]).all()


def test_a_run_keeps_the_weights_with_the_lowest_loss(prepared):
    runs = compare.train_seeds(build, prepared, updates=60, seeds=2, every=20)
    held_out = prepared.validation
    errors = runs.forecasts(lambda model: np.mean((forecast_changes(model, held_out) - held_out.y) ** 2))
    np.testing.assert_allclose(errors, runs.losses.min(axis=1), rtol=1e-5)


def test_a_table_has_weights_and_an_error_in_the_data_s_units_for_each_seed(prepared):
    table = compare.compare({"LSTM": build, "wide": compare.changed(units=9)}, prepared, updates=10, seeds=2)
    assert list(table.columns) == ["weights", "seed 0", "seed 1"]
    assert table.loc["wide", "weights"] - table.loc["LSTM", "weights"] > lstm_weights(6, 9) - lstm_weights(6, 5)
    naive = compare.rmse(prepared, prepared.unscale(0 * prepared.validation.y, prepared.validation))
    assert (table.filter(like="seed") <= naive * (1 + 1e-6)).to_numpy().all()


def test_costs_are_told_beside_those_of_the_first_design():
    def run(losses: list[list[float]], seconds: list[float]) -> compare.Runs:
        return compare.Runs(
            keras.Sequential([keras.Input((2,)), keras.layers.Dense(3)]), np.array(losses), [], 10, seconds
        )

    done = run([[3, 1, 2], [3, np.nan, 2.9]], np.array([9.0, 2.0]))
    table = compare.costs({"LSTM": done, "slow": run([[3, 2, 2.5], [3, 1, 2]], np.array([9.0, 5.0]))})
    assert table.loc["LSTM"].tolist() == [9, 1.0, [10, 20], True]
    assert table.loc["slow"].tolist() == [9, 2.5, [10, 10], False]


def test_the_time_of_training_is_told_for_each_seed(prepared):
    seconds = compare.train_seeds(build, prepared, updates=20, seeds=2).seconds
    assert seconds.shape == (2,)
    assert (seconds > 0).all()


def test_designs_differ_only_if_no_seed_of_one_reaches_any_of_the_other():
    rows = {"LSTM": [1, 2.0, 2.2, 2.4], "worse": [1, 2.5, 2.6, 2.7], "like it": [1, 2.3, 9, 9], "better": [1, 1, 1, 1]}
    table = pd.DataFrame.from_dict(rows, orient="index", columns=["weights", "seed 0", "seed 1", "seed 2"])
    assert compare.verdicts(table) == {"worse": "worse", "like it": "no different", "better": "better"}
    lines = compare.describe(table).splitlines()
    assert lines[:2] == ["- LSTM: 2.200 (2.000 to 2.400)", "- worse: 2.600 (2.500 to 2.700), **worse**"]
