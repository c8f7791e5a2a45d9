"""The leak test finds what was planted, and nothing where nothing was."""

from dataclasses import dataclass
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from lstm_tutorial.settings import Settings
from lstm_tutorial.workflow.leaks import Parts, change, find_leaks, influence
from lstm_tutorial.workflow.prepare import Prepared, Windows, make_windows, parse_frame, prepare

rng = np.random.default_rng(0)
SERIES = pd.Series(rng.normal(size=200).cumsum(), name="sales")
GAPS = SERIES.mask(np.isin(np.arange(200), [30, 31, 120, 150, 151, 175]))


@dataclass(frozen=True)
class Plan:
    """How to prepare: honest, but for what a test changes."""

    timesteps: int = 6
    horizon: int = 2
    scaled_by: int | None = 100  # rows; None: all
    shift: int = 0  # of the inputs, toward their own targets
    smoothed: bool = False
    carried: bool = True  # missing values from the past; else from both sides
    shuffled: bool = False
    gap: bool = True


def simple(data: pd.Series, plan: Plan) -> Parts:
    filled = data.ffill() if plan.carried else data.interpolate()
    values = filled.rolling(3, center=True, min_periods=1).mean() if plan.smoothed else filled
    fitted = values.iloc[: plan.scaled_by]
    scaled = ((values - fitted.mean()) / fitted.std()).to_numpy()
    _, y = make_windows(scaled, plan.timesteps, plan.horizon)
    first = np.arange(plan.timesteps, plan.timesteps + len(y))
    x = np.stack([scaled[row - plan.timesteps + plan.shift : row + plan.shift, None] for row in first])
    ends = (plan.timesteps, 100, 140, 200)
    if plan.shuffled:
        order = np.random.default_rng(0).permutation(len(y))
        rows = np.split(np.sort(order[: len(y) // 3 * 3].reshape(3, -1), axis=1).ravel(), 3)
    else:
        last = [end - plan.horizon if plan.gap else end - 1 for end in ends]
        last[-1] = ends[-1] - plan.horizon
        rows = [np.flatnonzero((first >= a) & (first <= b)) for a, b in zip(ends, last[1:], strict=False)]
    return Parts(*(Windows(x[row], np.zeros((len(row), 0)), y[row], first[row]) for row in rows))


@pytest.mark.parametrize("data", [SERIES, GAPS], ids=["whole", "gaps"])
@pytest.mark.parametrize("plan", [Plan(), Plan(horizon=1), Plan(timesteps=1, horizon=9)], ids=str)
def test_an_honest_preparation_has_no_leak(data, plan):
    assert find_leaks(simple, data, plan) == []


def test_a_scaler_fitted_on_everything_is_found():
    found = find_leaks(simple, SERIES, Plan(scaled_by=None))
    assert [sentence.split(":")[0] for sentence in found] == [
        "The train part knows the future",
        "The validation part knows the future",
    ]
    assert "93 of its 93 windows that end before row 100 change" in found[0]


def test_a_target_inside_its_window_is_found():
    found = find_leaks(simple, SERIES, Plan(shift=1))
    assert any(sentence.startswith("Inputs of test windows know their targets") for sentence in found)


def test_centered_smoothing_is_found():
    found = find_leaks(simple, SERIES, Plan(smoothed=True, scaled_by=90))
    assert "The train part knows the future: 1 of its 93 windows" in found[0]
    assert any(sentence.startswith("Inputs of test windows know their targets") for sentence in found)


def test_gaps_filled_from_both_sides_are_found():
    found = find_leaks(simple, GAPS, Plan(carried=False))
    assert found
    assert all(sentence.startswith("Inputs of") for sentence in found)


def test_a_shuffled_split_is_found():
    found = find_leaks(simple, SERIES, Plan(shuffled=True))
    assert found
    assert found[0].startswith("The train part overlaps the part after it")


def test_a_split_without_a_gap_for_the_horizon_is_found():
    found = find_leaks(simple, SERIES, Plan(gap=False, horizon=4))
    assert "The train part overlaps the part after it: 3 of its 94 windows" in found[0]


@pytest.mark.parametrize("wrong", [-1, 1])
def test_targets_that_are_not_where_they_are_said_to_be_are_found(wrong):
    def misplaced(data: pd.Series, plan: Plan) -> Parts:
        return Parts(*(part._replace(first=part.first + wrong) for part in simple(data, plan)))

    assert any(sentence.startswith("Targets of test windows") for sentence in find_leaks(misplaced, SERIES, Plan()))


def test_what_is_chosen_by_test_values_is_found():
    def chosen_late(data: pd.Series, plan: Plan | None) -> SimpleNamespace:
        plan = plan or Plan(timesteps=6 if data.iloc[-1] == SERIES.iloc[-1] else 7)
        return SimpleNamespace(**simple(data, plan)._asdict(), settings=plan)

    assert find_leaks(chosen_late, SERIES, Plan()) == []
    assert find_leaks(chosen_late, SERIES)[0].startswith("The validation part knows the future")


def table(length: int = 420) -> pd.DataFrame:
    """Two weeks and more of hours: positive, with a season, covariates and a gap."""
    rng, hours = np.random.default_rng(1), np.arange(length)
    frame = pd.DataFrame(
        {
            "load": 50 + hours / 50 + 9 * np.sin(hours * np.pi / 12) + rng.normal(size=length),
            "wind": rng.gamma(2, 3, length),
            "holiday": (hours // 24 % 7 == 6).astype(float),
        },
        index=pd.date_range("2024-03-01", periods=length, freq="h"),
    )
    frame.iloc[[200, 330, 400], 0] = np.nan
    frame.iloc[[100, 331], 1] = np.nan
    frame.attrs = {"known": ["holiday"], "season": 24, "notes": [], "unit": "MW", "filled": np.zeros(length, bool)}
    return frame


@pytest.mark.parametrize(
    "chosen",
    [
        {"anchor": "last", "log": False, "fold": 1},
        {"anchor": "last", "log": True, "fold": 6, "features": []},
        {"anchor": "season", "log": False, "fold": 24, "timezone": "Europe/Berlin"},
        {"anchor": "ratio", "log": True, "fold": 12, "horizon": 30},
        {"anchor": "mean", "log": False, "fold": 1, "horizon": 1},
        {"validation_fraction": 0.25, "test_fraction": 0.25},
    ],
    ids=str,
)
def test_prepare_has_no_leak(chosen):
    settings = Settings(**({"timesteps": 24, "horizon": 6} | chosen))
    assert find_leaks(prepare, table(), settings, tries=5) == []


def test_prepare_has_no_leak_where_it_makes_all_choices():
    frame = table()[["load"]].interpolate()
    frame.attrs = table().attrs | {"known": []}
    assert find_leaks(prepare, frame, Settings(), tries=3) == []


def from_csv(data: pd.DataFrame, settings: Settings) -> Prepared:
    """All the way from the bytes of a file."""
    return prepare(parse_frame(data.to_csv(index_label="time").encode(), target="load", known=["holiday"]), settings)


def test_reading_and_preparing_have_no_leak():
    settings = Settings(timesteps=12, horizon=3, anchor="last", log=False, features=["wind"], level=True)
    assert find_leaks(from_csv, table(), settings, tries=4) == []


def test_values_that_were_filled_are_no_leak():
    frame = parse_frame(table().to_csv(index_label="time").encode(), target="load", known=["holiday"])
    assert frame.attrs["filled"].sum() == 3
    settings = Settings(timesteps=12, horizon=3, anchor="last", log=False, features=["wind"], level=True)
    assert find_leaks(prepare, frame, settings, tries=40) == []


def test_influence_shows_which_rows_windows_are_made_of():
    plan = Plan(timesteps=3, horizon=2, scaled_by=100)
    rows = influence(simple, SERIES, plan)
    place = int(np.flatnonzero(simple(SERIES, plan).test.first == 160)[0]) - len(simple(SERIES, plan).test.first)
    assert np.flatnonzero(rows["inputs"][place])[100:].tolist() == [157, 158, 159]
    assert np.flatnonzero(rows["targets"][place])[100:].tolist() == [160, 161]
    assert rows["inputs"][:, :100].all()  # by way of the scaler
    assert rows["inputs"][place, 157:160].min() > 5 * rows["inputs"][place, :100].max(), "which moves it less"


def test_change_adds_to_the_rows_named_and_leaves_the_original_alone():
    frame = table()
    changed = change(frame, 300, keep=("holiday",))
    pd.testing.assert_frame_equal(frame, table())
    pd.testing.assert_frame_equal(changed.iloc[:300], frame.iloc[:300])
    assert (changed["wind"].iloc[300:] > frame["wind"].iloc[300:]).sum() == 119
    assert changed["holiday"].equals(frame["holiday"])
    assert changed.attrs.keys() == frame.attrs.keys()
    assert changed["load"].isna().sum() == 3
