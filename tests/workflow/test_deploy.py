"""A saved forecaster is the one that was evaluated, in every runtime; damaged, it is refused; it serves with NumPy."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from lstm_tutorial.scratch.lstm import LSTM
from lstm_tutorial.settings import Settings
from lstm_tutorial.workflow import deploy, monitor, runtime
from lstm_tutorial.workflow.blend import Blend
from lstm_tutorial.workflow.deploy import Forecaster, load
from lstm_tutorial.workflow.design import build
from lstm_tutorial.workflow.export import fingerprint_of, make_forecaster, make_model
from lstm_tutorial.workflow.folder import pack, read_folder, write_folder
from lstm_tutorial.workflow.history import latest, read_history, save_forecast, take_history
from lstm_tutorial.workflow.linear import fit_linear
from lstm_tutorial.workflow.prepare import Prepared, Windows, prepare, read_frame

FOLDED = {"timesteps": 36, "fold": 12, "horizon": 12}
CASES = {
    "monthly": ("co2", {"timesteps": 12, "horizon": 6, "anchor": "last", "log": True, "level": False}),
    "folded": ("elnino", FOLDED | {"anchor": "last", "log": False, "layers": 2}),
    "season": ("air_passengers", {"timesteps": 6, "horizon": 3, "anchor": "season", "log": False, "members": 3}),
    "ratio": ("air_passengers", {"timesteps": 6, "horizon": 14, "anchor": "ratio", "log": True, "layers": 2}),
    "no extras": ("sunspots", {"timesteps": 9, "horizon": 2, "anchor": "mean", "log": False, "level": False}),
    "linear alone": ("sunspots", {"timesteps": 9, "horizon": 2, "anchor": "last", "log": False}),
    "covariates": ("jfk", {"timesteps": 24, "fold": 8, "anchor": "last", "log": False, "features": ["humidity"]}),
    "known ahead": ("departures", {"timesteps": 24, "horizon": 4, "anchor": "last", "log": False, "layers": 2}),
}


def make(name: str) -> tuple[Forecaster, Prepared, Blend]:
    """A forecaster of networks that were never trained: their heads hold random weights."""
    csv, chosen = CASES[name]
    known = ["scheduled"] if csv == "departures" else None
    frame = read_frame(csv, known=known)
    if len(frame) > 2000:
        frame = head(frame, 1200)
    settings = Settings(csv=csv, known=known, **{"units": 5, "members": 2, **chosen})
    prepared, rng, models = prepare(frame, settings), np.random.default_rng(0), []
    for seed in range(settings.members):
        model = build(prepared.settings.model_copy(update={"seed": seed}), prepared.schema)
        last = model.get_layer("changes")
        last.set_weights([rng.normal(size=weights.shape) / 4 for weights in last.get_weights()])
        models.append(model)
    blend = Blend(fit_linear(prepared), models, 0.0 if name == "linear alone" else 0.4)
    return make_forecaster(prepared, blend), prepared, blend


def head(frame: pd.DataFrame, count: int) -> pd.DataFrame:
    cut = frame.iloc[:count].copy()
    cut.attrs = frame.attrs | {"filled": frame.attrs["filled"][:count], "future": None}
    return cut


MADE: dict[str, tuple[Forecaster, Prepared, Blend]] = {}


@pytest.fixture(params=CASES)
def case(request: pytest.FixtureRequest, tmp_path: Path) -> tuple[Forecaster, Prepared, Blend, Path]:
    if request.param not in MADE:
        MADE[request.param] = make(request.param)
    forecaster, *rest = MADE[request.param]
    forecaster.save(tmp_path / "forecaster")
    return load(tmp_path / "forecaster"), *rest, tmp_path / "forecaster"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    if "season" not in MADE:
        MADE["season"] = make("season")
    MADE["season"][0].save(tmp_path / "forecaster")
    return tmp_path / "forecaster"


def ahead(prepared: Prepared, windows: Windows) -> np.ndarray:
    schema = prepared.schema
    rows = windows.first[:, None] + np.arange(prepared.scaler.horizon)
    return prepared.table[rows, len(schema.columns) - len(schema.known) :]


def test_it_forecasts_what_was_evaluated(case):
    forecaster, prepared, blend, _ = case
    windows = prepared.test
    wanted = blend.predict(prepared, windows)
    index = prepared.frame.index
    times = index.to_numpy()[windows.first] if forecaster.schema.step else None
    mean, lower, upper = forecaster.forecast(prepared.table, windows.first, times, ahead(prepared, windows))
    np.testing.assert_allclose(mean, wanted, rtol=1e-5, atol=1e-5 * prepared.scaler.change)
    assert lower.shape == upper.shape == (2, *mean.shape)
    for place in (0, len(windows.first) - 1):
        first = windows.first[place]
        last = index[first - 1].to_datetime64() if forecaster.schema.step else None
        known = ahead(prepared, windows)[place] if forecaster.schema.known else None
        one = forecaster.predict(prepared.table[:first], last, known)
        np.testing.assert_allclose(one.mean, mean[place], rtol=1e-6)
        np.testing.assert_allclose(one.lower, lower[:, place], rtol=1e-6)
        assert list(one.times) == list(index[first : first + forecaster.horizon].to_numpy())


def test_keras_and_onnx_runtime_compute_the_same(case):
    import keras
    import onnxruntime

    forecaster, prepared, _, folder = case
    x, extras = prepared.test.x[:40], prepared.test.extras[:40]
    ours = forecaster.network.predict(x, extras)
    model = keras.models.load_model(folder / "model.keras")
    given = [x, extras][: len(model.inputs)]
    np.testing.assert_allclose(model.predict_on_batch(given), ours, atol=1e-5)
    session = onnxruntime.InferenceSession(folder / "model.onnx")
    names = [one.name for one in session.get_inputs()]
    theirs = session.run(None, dict(zip(names, given, strict=True)))[0]
    np.testing.assert_allclose(theirs, ours, atol=1e-5)
    one = session.run(None, {name: array[:1] for name, array in zip(names, given, strict=True)})[0]
    np.testing.assert_allclose(one, ours[:1], atol=1e-5)


@pytest.mark.parametrize("name", ["folded", "ratio"])
def test_the_runtime_computes_what_the_layer_of_the_first_part_computes(name):
    if name not in MADE:
        MADE[name] = make(name)
    forecaster, prepared, _ = MADE[name]
    network, x = forecaster.network, prepared.test.x[:7]
    lasts = []
    for member in range(2):
        h = x
        for layer in network.layers:
            lstm = LSTM(h.shape[2], layer.recurrent_kernel.shape[1])
            for part, weights in layer._asdict().items():
                lstm.params[part][...] = weights[member]
            h, _ = lstm.inference(h)
        lasts.append(h[:, -1])
    np.testing.assert_allclose(network._remember(x), np.concatenate(lasts, axis=1), atol=1e-6)


def test_intervals_hold_on_the_windows_that_calibrated_them():
    MADE.setdefault("folded", make("folded"))
    forecaster, prepared, _ = MADE["folded"]
    windows = prepared.test
    times = prepared.frame.index.to_numpy()[windows.first]
    _, lower, upper = forecaster.forecast(prepared.table, windows.first, times, ahead(prepared, windows))
    truth = prepared.truth(windows)
    for level, low, high in zip(forecaster.levels, lower, upper, strict=True):
        assert level <= np.mean((low <= truth) & (truth <= high)) <= min(1, level + 0.12)


def test_fitting_ends_with_a_folder_that_loads(tmp_path):
    frame = read_frame("sunspots")
    settings = Settings(timesteps=6, horizon=2, units=3, members=1, epochs=1, anchor="last", log=False)
    fitted = Forecaster.fit(frame, settings, tmp_path / "new" / "sun")
    loaded = load(tmp_path / "new" / "sun")
    values, last, known = take_history(frame, loaded)
    np.testing.assert_array_equal(loaded.predict(values, last, known).mean, fitted.predict(values, last).mean)
    assert loaded.fingerprint == fitted.fingerprint == fingerprint_of(frame)
    assert loaded.settings["timesteps"] == 6
    assert loaded.schema == fitted.schema and loaded.about == fitted.about
    assert loaded.about["versions"]["keras"] and loaded.about["rows"] == len(frame)


def test_the_fingerprint_tells_times_and_values():
    frame = read_frame("sunspots")
    other, later = frame.copy(), frame.set_axis(frame.index.shift(1))
    other.iloc[3, 0] += 1e-9
    assert len({fingerprint_of(one) for one in (frame, other, later)}) == 3
    assert fingerprint_of(frame) == "416e773fcb18a7e745592f5e892e6e9fd3e172d2a3d8fcd0b9867c1835ae02fb"


HEAVY = ("pandas", "keras", "tensorflow", "sklearn", "scipy", "pydantic", "matplotlib")


def run(code: str, *arguments: str) -> str:
    done = subprocess.run([sys.executable, "-c", code, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_loading_and_predicting_imports_numpy_alone(case):
    folder = case[-1]
    known = "np.ones((f.horizon, len(f.schema.known)))"
    out = run(
        "import sys, numpy as np\nfrom lstm_tutorial.workflow.deploy import load\nf = load(sys.argv[1])\n"
        f"f.predict(np.ones((f.reach, len(f.schema.columns))), np.datetime64('2020-01-01'), {known})\n"
        "print(*{name.split('.')[0] for name in sys.modules})",
        str(folder),
    )
    assert "numpy" in out.split() and not {*out.split()} & {*HEAVY}


def test_a_table_of_forecasts_has_large_numbers_whole_and_small_ones_to_six_digits(tmp_path):
    ends = np.array([[-1e5]]), np.array([[0.000123456789]])
    save_forecast(deploy.Forecast(np.array([1]), np.array([1234567.89]), *ends), (0.8,), tmp_path / "table.csv")
    assert (tmp_path / "table.csv").read_text() == "step,forecast,lower_80,upper_80\n1,1234568,-100000,0.000123457\n"


def test_the_command_predicts_a_plain_file_without_pandas_and_keras(tmp_path):
    MADE.setdefault("monthly", make("monthly"))
    MADE["monthly"][0].save(tmp_path / "forecaster")
    frame = read_frame("co2")
    frame.to_csv(tmp_path / "co2.csv", index_label="month")
    code = "import sys\nfrom lstm_tutorial.cli import main\nsys.argv[0] = 'lstm-tutorial'\ntry:\n    main()\n"
    code += "finally:\n    print(*{name.split('.')[0] for name in sys.modules})"
    out = run(code, "predict", str(tmp_path / "forecaster"), str(tmp_path / "co2.csv"), "--out", str(tmp_path / "out"))
    assert not {*out.split()} & {"pandas", "keras", "tensorflow", "sklearn"}
    table = pd.read_csv(tmp_path / "out", index_col="time", parse_dates=True)
    assert list(table.columns) == ["forecast", "lower_80", "upper_80", "lower_95", "upper_95"]
    wanted = MADE["monthly"][0].predict(*take_history(frame, MADE["monthly"][0]))
    np.testing.assert_allclose(table["forecast"], wanted.mean, rtol=1e-5)
    np.testing.assert_allclose(table["upper_95"], wanted.upper[1], rtol=1e-5)
    assert list(table.index.to_numpy().astype("datetime64[s]")) == list(wanted.times)


# What is wrong with a folder, how to make it so, and what is said.
DAMAGES = {
    "nothing there": (shutil.rmtree, "no such folder"),
    "no list": (lambda f: (f / "forecaster.json").unlink(), "forecaster.json is missing"),
    "no weights": (lambda f: (f / "weights.npz").unlink(), "weights.npz is missing"),
    "no model": (lambda f: (f / "model.onnx").unlink(), "model.onnx is missing"),
    "altered weights": (lambda f: flip(f / "weights.npz"), "weights.npz is not what was saved"),
    "altered model": (lambda f: flip(f / "model.keras"), "model.keras is not what was saved"),
    "altered settings": (lambda f: edit(f, '"units": 5', '"units": 6'), "forecaster.json is not what was saved"),
    "not JSON": (lambda f: (f / "forecaster.json").write_text("{"), "forecaster.json is not what was saved"),
    "other JSON": (lambda f: (f / "forecaster.json").write_text("[1]"), "forecaster.json is not what was saved"),
    "newer": (lambda f: edit(f, '"format": 1', '"format": 2'), "has format 2, and this package reads up to 1"),
}


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def edit(folder: Path, old: str, new: str) -> None:
    path = folder / "forecaster.json"
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new), encoding="utf-8")


@pytest.mark.parametrize(("damage", "message"), DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_folder_is_refused_in_one_line(folder, damage, message):
    damage(folder)
    with pytest.raises(ValueError, match=message) as refused:
        load(folder)
    assert str(refused.value).startswith(f"{folder}: ") and "\n" not in str(refused.value)


def forge(folder: Path, change) -> None:
    """The same folder with other content and the right hashes, as somebody who means harm would write it."""
    about, files = read_folder(folder)
    arrays = deploy.unpack(files["weights.npz"])
    change(about, arrays)
    write_folder(folder, about, files | {"weights.npz": arrays.pop("raw", None) or pack(arrays)})


FORGERIES = {
    "a size": (lambda about, arrays: about["settings"].update(units=6), "lstm_0_kernel is"),
    "a horizon": (lambda about, arrays: about["scaler"].update(horizon=4), "head_kernel is"),
    "a column": (lambda about, arrays: about["schema"]["features"].append("x"), "mean is"),
    "no number": (lambda about, arrays: arrays.update(low=np.full((2, 3), np.nan)), "low is"),
    "a type": (lambda about, arrays: arrays.update(low=np.zeros((2, 3), int)), "low is int64"),
    "a part": (lambda about, arrays: arrays.pop("high"), "'?high'? is missing"),
    "a key": (lambda about, arrays: about.pop("weight"), "weight is missing"),
    "another key": (lambda about, arrays: about["scaler"].update(more=1), "more"),
    "a step": (lambda about, arrays: about["schema"].update(step="soon"), "'soon' is no step"),
    "not weights": (lambda about, arrays: arrays.update(raw=b"no archive"), "don't fit together"),
}


@pytest.mark.parametrize(("change", "message"), FORGERIES.values(), ids=FORGERIES)
def test_parts_that_do_not_fit_together_are_refused_in_one_line(folder, change, message):
    forge(folder, change)
    with pytest.raises(ValueError, match=message) as refused:
        load(folder)
    assert "\n" not in str(refused.value)


class Bomb:
    def __reduce__(self):
        return Path.touch, (Path("executed"),)


def test_nothing_in_the_folder_is_executed(folder, tmp_path, monkeypatch):
    import io

    monkeypatch.chdir(tmp_path)
    body = io.BytesIO()
    np.savez(body, head_kernel=np.array([Bomb()], dtype=object))
    forge(folder, lambda about, arrays: arrays.update(raw=body.getvalue()))
    with pytest.raises(ValueError, match="allow_pickle=False"):
        load(folder)
    assert not Path("executed").exists()


def test_saving_replaces_a_forecaster_whole_and_nothing_else(folder, tmp_path):
    (folder / "note.txt").write_text("of the old one")
    MADE["season"][0].save(folder)
    assert sorted(path.name for path in folder.iterdir()) == [
        "forecaster.json",
        "model.keras",
        "model.onnx",
        "weights.npz",
    ]
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos" / "cat.png").touch()
    for place in ("photos", "photos/cat.png"):
        with pytest.raises(ValueError, match="something else than a forecaster"):
            MADE["season"][0].save(tmp_path / place)
    (tmp_path / "empty").mkdir()
    MADE["season"][0].save(tmp_path / "empty")
    assert load(tmp_path / "empty").reach == load(folder).reach
    assert {path.name for path in tmp_path.iterdir()} == {"forecaster", "photos", "empty"}


def test_a_failed_save_leaves_the_old_forecaster(folder, monkeypatch):
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    rename = Path.rename

    def fail(self: Path, to: Path) -> Path:
        if self.name == "new":
            raise OSError(28, "No space left on device")
        return rename(self, to)

    monkeypatch.setattr(Path, "rename", fail)
    with pytest.raises(ValueError, match="can't be written \\(No space left on device\\)"):
        MADE["season"][0].save(folder)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before
    assert [path.name for path in folder.parent.iterdir()] == ["forecaster"]


def test_a_saved_copy_of_a_loaded_one_is_the_same(folder, tmp_path):
    load(folder).save(tmp_path / "copy")
    for path in folder.iterdir():
        assert (tmp_path / "copy" / path.name).read_bytes() == path.read_bytes()


ROWS = np.linspace(100, 200, 13)[:, None]
LAST = np.datetime64("1960-12-01")
MISTAKES = [
    (ROWS[1:], LAST, None, "values: got 12 rows, wanted at least 13"),
    (ROWS[:, 0], LAST, None, r"values: got shape \(13,\), wanted \(rows, 1\): passengers"),
    (np.hstack([ROWS, ROWS]), LAST, None, r"values: got shape \(13, 2\)"),
    (np.where(ROWS > 199, np.nan, ROWS), LAST, None, "values: 'passengers' is nan 1 rows from the end"),
    (np.where(ROWS < 101, np.inf, ROWS), LAST, None, "values: 'passengers' is inf 13 rows from the end"),
    (ROWS - 100, LAST, None, "values: 'passengers' should be above 0, since its logarithm is taken"),
    (ROWS, None, None, "last: is missing"),
    (ROWS, np.datetime64("NaT"), None, "last: is missing"),
    (ROWS, LAST, np.zeros((14, 1)), r"known: got shape \(14, 1\), wanted 14 rows of 0 columns"),
]


@pytest.mark.parametrize(("values", "last", "known", "message"), MISTAKES)
def test_what_can_not_be_forecast_from_is_refused(values, last, known, message):
    MADE.setdefault("ratio", make("ratio"))
    with pytest.raises(ValueError, match=message):
        MADE["ratio"][0].predict(values, last, known)


def test_what_is_known_ahead_has_to_be_given():
    MADE.setdefault("known ahead", make("known ahead"))
    forecaster, prepared, _ = MADE["known ahead"]
    last = np.datetime64("2013-02-01")
    with pytest.raises(ValueError, match=r"known: got none, wanted 4 rows of 1 columns \(scheduled\)"):
        forecaster.predict(prepared.table, last)
    with pytest.raises(ValueError, match="known: got an infinite value"):
        forecaster.predict(prepared.table, last, np.full((4, 1), np.inf))


def test_only_the_last_rows_count_and_nothing_is_changed():
    MADE.setdefault("covariates", make("covariates"))
    forecaster, prepared, _ = MADE["covariates"]
    values, last = prepared.table[:100].copy(), np.datetime64("2013-01-05")
    short = forecaster.predict(values[-forecaster.reach :], last)
    values[: -forecaster.reach] = np.nan
    before = values.copy()
    for got, wanted in zip(forecaster.predict(values, last), short, strict=True):
        np.testing.assert_array_equal(got, wanted)
    np.testing.assert_array_equal(values, before)


def test_a_missing_covariate_counts_as_its_mean():
    MADE.setdefault("covariates", make("covariates"))
    forecaster, prepared, _ = MADE["covariates"]
    values, last = prepared.table[:100].copy(), np.datetime64("2013-01-05")
    values[-5:, 1] = np.nan
    missing = forecaster.predict(values, last).mean
    values[-5:, 1] = forecaster.scaler.mean[1]
    np.testing.assert_allclose(missing, forecaster.predict(values, last).mean, rtol=1e-6)


def test_one_network_holds_the_whole_blend():
    forecaster, prepared, blend = MADE.setdefault("season", make("season"))
    model = make_model(prepared, forecaster.network)
    kinds = [type(layer).__name__ for layer in model.layers]
    assert kinds.count("LSTM") == 3 and kinds.count("Dense") == 1
    assert blend.weight == forecaster.weight == 0.4


# CSV files that are plain, and in which the plain reader must not see what `read_frame` would not.
def write(tmp_path: Path, text: str) -> str:
    path = tmp_path / "history.csv"
    path.write_text(text, encoding="utf-8")
    return str(path)


def monthly(months: int = 30, row=lambda place, month, value: f"{month},{value}") -> str:
    month = np.arange("2000-01", "2010-01", dtype="datetime64[M]")
    lines = [row(place, f"{month[place]}-01", round(100 + place + place % 7 / 3, 4)) for place in range(months)]
    return "month,co2\n" + "".join(f"{line}\n" for line in lines)


PLAIN = {
    "plain": monthly(),
    "windows": monthly().replace("\n", "\r\n"),
    "times": monthly(row=lambda p, m, v: f"{m} 00:00:00,{v}"),
    "no end of line": monthly().rstrip("\n"),
    "an old gap": monthly(row=lambda p, m, v: f"{m},{'' if p == 4 else v}"),
    "more columns": monthly(row=lambda p, m, v: f"{m},{v},{p}").replace("co2\n", "co2,sold\n"),
}
MENDED = {
    "semicolons": monthly(row=lambda p, m, v: f"{m};{str(v).replace('.', ',')}").replace("month,", "month;"),
    "backwards": "month,co2\n" + "".join(line + "\n" for line in monthly().split("\n")[-2:0:-1]),
    "a missing row": monthly(row=lambda p, m, v: "" if p == 20 else f"{m},{v}"),
    "a missing value": monthly(row=lambda p, m, v: f"{m},{'' if p == 28 else v}"),
    "quotes": monthly(row=lambda p, m, v: f'"{m}","{v}"'),
    "month ends": monthly(row=lambda p, m, v: f"{np.datetime64(m[:7]) + 1}-01,{v}").replace("-01,", "-02,"),
}


@pytest.mark.parametrize("text", [*PLAIN.values(), *MENDED.values()], ids=[*PLAIN, *MENDED])
def test_a_plain_file_is_read_as_any_other(tmp_path, text, monkeypatch):
    forecaster = MADE.setdefault("monthly", make("monthly"))[0]
    csv = write(tmp_path, text)
    wanted = take_history(read_frame(csv, target="co2", features=[]), forecaster)
    if text in PLAIN.values():
        monkeypatch.setattr("lstm_tutorial.workflow.read.read_frame", None)  # the plain reader alone
    got = read_history(csv, forecaster)
    np.testing.assert_array_equal(got.values, wanted.values[-len(got.values) :])
    assert got.last == wanted.last


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (monthly(5), "has 5 rows; the forecaster needs at least 12"),
        (monthly().replace("co2", "co3"), "no column 'co2'"),
        (monthly().replace("-01,", "-x,"), "history.csv: "),
    ],
)
def test_a_history_that_can_not_be_used_gets_one_line(tmp_path, text, message):
    forecaster = MADE.setdefault("monthly", make("monthly"))[0]
    with pytest.raises(ValueError, match=message) as refused:
        read_history(write(tmp_path, text), forecaster)
    assert "\n" not in str(refused.value)


def test_another_calendar_is_refused(tmp_path):
    forecaster = MADE.setdefault("monthly", make("monthly"))[0]
    days = pd.DataFrame({"co2": np.arange(40.0) % 9}, pd.date_range("2020-01-01", periods=40, freq="D"))
    days.to_csv(tmp_path / "days.csv", index_label="day")
    with pytest.raises(ValueError, match="has steps of 'D' where the forecaster was trained on steps of 'MS'"):
        read_history(str(tmp_path / "days.csv"), forecaster)


def test_what_is_known_ahead_stands_below_the_last_target(tmp_path):
    forecaster = MADE.setdefault("known ahead", make("known ahead"))[0]
    frame = read_frame("departures", known=["scheduled"]).iloc[100:160].copy()
    frame.index = frame.index.tz_localize("UTC")
    frame.iloc[-6:, 0] = np.nan
    frame.to_csv(tmp_path / "flights.csv", index_label="hour")
    values, last, known = read_history(str(tmp_path / "flights.csv"), forecaster)
    np.testing.assert_array_equal(known, frame[["scheduled"]].to_numpy()[-6:-2])
    assert len(values) == 54 and last == frame.index[-7].tz_localize(None)
    assert forecaster.predict(values, last, known).times[0] == frame.index[-6].tz_localize(None)
    frame.iloc[:-3].to_csv(tmp_path / "flights.csv", index_label="hour")
    with pytest.raises(ValueError, match="has 3 rows of scheduled after the last departures; the forecast needs 4"):
        read_history(str(tmp_path / "flights.csv"), forecaster)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("nowhere", "co2"), "nowhere: no such folder; name a forecaster's"),
        (("forecaster", "nowhere.csv"), "nowhere.csv: no such file; sample series are"),
        (("forecaster", "elnino"), "elnino: row 1: no column 'passengers'"),
        (("forecaster", "air_passengers", "--out", "no/such/file.csv"), "no/such/file.csv: can't be written"),
    ],
)
def test_a_mistake_gets_one_line_and_exit_code_2(folder, monkeypatch, capsys, arguments, message):
    from lstm_tutorial import cli

    monkeypatch.chdir(folder.parent)
    monkeypatch.setattr(sys, "argv", ["lstm-tutorial", "predict", *arguments])
    with pytest.raises(SystemExit) as stopped:
        cli.main()
    printed = capsys.readouterr()
    assert (stopped.value.code, printed.out) == (2, "")
    assert printed.err.startswith(f"lstm-tutorial: {message}") and printed.err.count("\n") == 1


def test_the_list_says_what_was_trained_on_what(folder):
    about = json.loads((folder / "forecaster.json").read_text(encoding="utf-8"))
    assert about["format"] == 1 and about["schema"]["target"] == "passengers"
    assert {"python", "numpy", "keras", "tensorflow", "lstm-tutorial"} == set(about["versions"])
    assert set(about["files"]) == {"weights.npz", "model.keras", "model.onnx"}
    assert not {"csv", "folder"} & set(about["settings"])


def test_the_list_says_how_well_it_did_and_up_to_when_it_learned(case):
    forecaster, prepared, _, place = case
    about, test = json.loads((place / "forecaster.json").read_text(encoding="utf-8")), prepared.test
    changes, truth = forecaster.network.predict(test.x, test.extras), prepared.truth(test)
    scores = about["scores"]
    assert scores["RMSE"] == pytest.approx(np.sqrt(np.mean((prepared.unscale(changes, test) - truth) ** 2)), rel=1e-5)
    naive = prepared.values[test.first - 1, None] - truth
    assert scores["its RMSE"] <= np.sqrt(np.mean(naive**2)) * (1 + 1e-9)
    assert scores["windows"] == len(truth)
    index, split = prepared.frame.index, prepared.split
    assert about["learned"] == {"LSTM": str(index[split.validation - 1]), "linear": str(index[split.test - 1])}


@pytest.mark.parametrize(
    ("csv", "name"), [("co2", "co2"), ("some/folder/load.csv", "load.csv"), ("https://host/load.csv?key=1", "load.csv")]
)
def test_the_list_names_the_data_and_tells_no_secret(csv, name):
    _, prepared, blend = make("linear alone")
    known = Prepared(**vars(prepared) | {"settings": prepared.settings.model_copy(update={"csv": csv})})
    assert make_forecaster(known, blend).about["data"] == name


def test_intervals_set_in_the_first_half_of_the_test_part_are_counted_in_the_second():
    forecaster, prepared, _ = make("monthly")
    first, horizon = prepared.test.first, forecaster.horizon
    middle = int(first[len(first) // 2])
    fixed = monitor.renew(forecaster, prepared.frame, prepared.split.test, middle)
    seen = monitor.examine(fixed, prepared.frame, middle, prepared.split.length)
    assert len(first) > 4 * horizon
    np.testing.assert_allclose(forecaster.about["scores"]["held"], seen.coverage, atol=2e-3)


def test_a_folder_of_before_there_were_scores_is_loaded(folder, tmp_path):
    about, files = read_folder(folder)
    older = {name: content for name, content in about.items() if name not in ("data", "learned", "scores")}
    write_folder(tmp_path / "older", older, files)
    loaded = load(tmp_path / "older")
    assert "scores" not in loaded.about and loaded.horizon == load(folder).horizon


def test_the_latest_history_ends_before_a_gap():
    forecaster, prepared, _ = make("monthly")
    whole, end = latest(prepared.frame, forecaster)
    assert end == len(prepared.frame)
    np.testing.assert_array_equal(whole.values, take_history(prepared.frame, forecaster).values)
    broken = prepared.frame.copy()
    broken.iloc[-5, 0] = np.nan
    history, end = latest(broken, forecaster)
    assert end == len(broken) - 5
    assert history.last == np.datetime64(broken.index[end - 1].to_datetime64(), "s")
    broken.iloc[::5, 0] = np.nan
    with pytest.raises(ValueError, match="has no 12 values without a gap"):
        latest(broken, forecaster)


@pytest.mark.parametrize("beyond", [0, 1, 9])
def test_the_latest_history_leaves_room_for_what_is_known_ahead(beyond):
    forecaster, prepared, _ = make("known ahead")
    cut = prepared.frame.iloc[: len(prepared.frame) - beyond].copy()
    cut.attrs = prepared.frame.attrs | {"future": prepared.frame.iloc[len(cut) :][["scheduled"]] if beyond else None}
    history, end = latest(cut, forecaster)
    assert end == len(cut) - max(0, 4 - beyond)
    np.testing.assert_array_equal(history.known, prepared.frame[["scheduled"]].to_numpy()[end : end + 4])
    assert len(forecaster.predict(*history).mean) == 4


def test_many_windows_are_forecast_in_pieces_to_the_same_bits(
    case: tuple[Forecaster, Prepared, Blend, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    forecaster, prepared, _, _ = case
    asked = monitor.origins(forecaster, prepared.frame, 0, len(prepared.frame))
    x, extras = forecaster.scaler.inputs(*asked)
    whole = forecaster.network.predict(x, extras)
    sizes = []
    remember = runtime.Network._remember
    monkeypatch.setattr(runtime.Network, "_remember", lambda self, x: (sizes.append(len(x)), remember(self, x))[1])
    monkeypatch.setattr(runtime, "MANY", 7)
    np.testing.assert_array_equal(forecaster.network.predict(x, extras), whole)
    assert max(sizes, default=0) <= 7 and sum(sizes) in (0, len(x)) and len(x) > 14
