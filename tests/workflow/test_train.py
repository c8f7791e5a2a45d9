"""Training stops in time with its best weights, repeats to the bit, and goes on after a crash as if there were none."""

import dataclasses
import multiprocessing
import os
import random
import runpy
import signal
import time
from pathlib import Path

import keras
import numpy as np
import pytest
import tensorflow as tf

from lstm_tutorial import checkpoint
from lstm_tutorial.settings import Settings
from lstm_tutorial.workflow.design import build
from lstm_tutorial.workflow.epochs import Epochs
from lstm_tutorial.workflow.prepare import prepare, read_frame
from lstm_tutorial.workflow.rate_finder import find_rate, try_rates
from lstm_tutorial.workflow.train import home, train, train_members

FRAME = read_frame("sunspots")
PREPARED = prepare(FRAME, Settings(csv="sunspots", timesteps=6, units=4, epochs=5, learning_rate=0.05))
SETTINGS = PREPARED.settings
SHORT = SETTINGS.model_copy(update={"epochs": 2})

RUN = """
import os, time
from pathlib import Path
from lstm_tutorial.settings import Settings
from lstm_tutorial.workflow.design import build
from lstm_tutorial.workflow.prepare import prepare, read_frame
from lstm_tutorial.workflow.train import train

folder, slow = Path(folder), os.fsync
os.fsync = lambda file: time.sleep(0.02) or slow(file)  # so that a kill may well come in the middle of a write
prepared = prepare(read_frame("sunspots"), Settings(csv="sunspots", timesteps=6, units=4, epochs=30, patience=30))
model = train(build(prepared.settings, prepared.schema), prepared, prepared.settings, folder).model
(folder / "weights").write_bytes(b"".join(weight.tobytes() for weight in model.get_weights()))
"""


class StopError(Exception):
    """Stands for whatever ends a run before its time."""


def stop_after(last: int):
    def stop(epoch: int, losses: dict[str, float]) -> None:
        if epoch > last:
            raise StopError

    return stop


def new(settings: Settings = SETTINGS) -> keras.Model:
    return build(settings, PREPARED.schema)


def weights(model: keras.Model) -> np.ndarray:
    return np.concatenate([weight.ravel() for weight in model.get_weights()])


@pytest.fixture(scope="module")
def undisturbed():
    return train(new(), PREPARED, SETTINGS)


def test_training_stops_in_time_with_its_best_weights():
    settings = SETTINGS.model_copy(update={"epochs": 60, "patience": 2})
    trained = train(new(), PREPARED, settings)
    losses = trained.history["val_loss"]
    assert len(losses) < settings.epochs
    assert len(losses) - trained.best_epoch == settings.patience
    assert losses[trained.best_epoch - 1] == min(losses) < trained.start
    held_out = PREPARED.validation
    loss = trained.model.evaluate([held_out.x, held_out.extras], held_out.y, verbose=0)
    assert loss == pytest.approx(min(losses), rel=1e-5)


def test_the_untrained_model_is_kept_where_no_epoch_does_better():
    misleading = dataclasses.replace(PREPARED, train=PREPARED.train._replace(y=-PREPARED.train.y))
    model = new()
    before = weights(model)
    trained = train(model, misleading, SETTINGS)
    assert trained.best_epoch == 0
    assert trained.start < min(trained.history["val_loss"])
    np.testing.assert_array_equal(weights(model), before)


def test_a_seed_repeats_to_the_bit_and_another_differs(undisturbed):
    np.testing.assert_array_equal(weights(train(new(), PREPARED, SETTINGS).model), weights(undisturbed.model))
    other = SETTINGS.model_copy(update={"seed": 1})
    assert not np.array_equal(weights(train(new(other), PREPARED, other).model), weights(undisturbed.model))


def test_an_epoch_is_that_of_keras_with_an_order_that_follows_from_seed_and_epoch():
    ours, theirs, (x, extras, y, _) = new(), new(), PREPARED.train
    history = train(ours, PREPARED, SHORT).history
    for epoch in range(SHORT.epochs):
        order = np.random.default_rng([SHORT.seed, epoch]).permutation(len(y))
        batches = ([x[order], extras[order]], y[order], SHORT.batch_size)
        loss = theirs.fit(*batches, shuffle=False, verbose=0).history["loss"]
        assert history["loss"][epoch] == pytest.approx(loss[0], rel=1e-6)
    np.testing.assert_allclose(weights(ours), weights(theirs), rtol=1e-5, atol=1e-7)


def test_killed_at_any_moment_it_ends_with_the_same_weights(tmp_path):
    rng, script, folder = random.Random(0), tmp_path / "run.py", tmp_path / "folder"
    script.write_text(RUN)
    server = multiprocessing.get_context("forkserver")  # imports TensorFlow once for all of the processes
    server.set_forkserver_preload(["keras", "tqdm", "lstm_tutorial.workflow.prepare"])

    def start(place: Path) -> multiprocessing.context.ForkServerProcess:
        process = server.Process(target=runpy.run_path, args=(str(script), {"folder": str(place)}))
        process.start()
        return process

    def last() -> str:
        return max((path.name for path in folder.glob("epoch-*")), default="")

    undisturbed = start(tmp_path / "undisturbed")
    for kill in range(6):
        process, before = start(folder), last()
        while last() == before or (kill % 2 and not (folder / "unfinished").exists()):
            assert process.is_alive(), "it ended before it could be killed"
            time.sleep(0.001)
        time.sleep(0 if kill % 2 else rng.random() / 10)  # odd: in the middle of a write; even: wherever it is
        process.kill()
        process.join()
        assert process.exitcode == -signal.SIGKILL
    for process in (undisturbed, start(folder)):
        process.join()
        assert process.exitcode == 0
    assert (folder / "weights").read_bytes() == (tmp_path / "undisturbed" / "weights").read_bytes()


def scheduled() -> keras.Model:
    model = new()
    model.compile(keras.optimizers.SGD(keras.optimizers.schedules.CosineDecay(0.1, 30), momentum=0.9), "mae")
    return model


def normalized() -> keras.Model:
    keras.utils.set_random_seed(0)
    lstm = keras.layers.LSTM(4, dropout=0.2, recurrent_dropout=0.2)
    layers = [keras.Input(PREPARED.train.x.shape[1:]), lstm, keras.layers.BatchNormalization(), keras.layers.Dense(1)]
    model = keras.Sequential(layers)
    model.compile("rmsprop", keras.losses.Huber(), metrics=["mae"])
    return model


@pytest.mark.parametrize("make", [new, scheduled, normalized])
def test_any_compiled_model_goes_on_where_it_was_stopped(make, tmp_path):
    wanted = train(make(), PREPARED, SETTINGS)
    with pytest.raises(StopError):
        train(make(), PREPARED, SETTINGS, tmp_path, on_epoch=stop_after(2))
    seen = []
    trained = train(make(), PREPARED, SETTINGS, tmp_path, on_epoch=lambda epoch, losses: seen.append(epoch))
    assert seen == [3, 4, 5]
    assert trained.history == wanted.history
    assert (trained.start, trained.best_epoch) == (wanted.start, wanted.best_epoch)
    np.testing.assert_array_equal(weights(trained.model), weights(wanted.model))


def test_a_finished_run_returns_at_once(tmp_path, undisturbed, monkeypatch):
    train(new(), PREPARED, SETTINGS, tmp_path)
    monkeypatch.delattr(Epochs, "fit")
    again = train(new(), PREPARED, SETTINGS, tmp_path)
    assert again.history == undisturbed.history
    np.testing.assert_array_equal(weights(again.model), weights(undisturbed.model))


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"learning_rate": 0.01}, "learning_rate was 0.05 and is 0.01 now"),
        ({"epochs": 6}, "epochs was 5 and is 6 now"),
        ({"validation_fraction": 0.2}, "validation_fraction was 0.1 and is 0.2 now"),
    ],
)
def test_another_runs_folder_is_refused_in_one_line(change, told, tmp_path):
    train(new(), PREPARED, SETTINGS, tmp_path, on_epoch=None)
    other = prepare(FRAME, SETTINGS.model_copy(update=change))
    with pytest.raises(ValueError, match=told) as error:
        train(build(other.settings, other.schema), other, other.settings, tmp_path)
    assert "\n" not in str(error.value)


def test_other_data_and_another_optimizer_are_refused_too(tmp_path):
    train(new(), PREPARED, SHORT, tmp_path)
    changed = FRAME.copy()
    changed.attrs = FRAME.attrs
    changed.iloc[3] += 1e-3
    with pytest.raises(ValueError, match="with other data"):
        train(new(), prepare(changed, SETTINGS), SHORT, tmp_path)
    with pytest.raises(ValueError, match="with other optimizer"):
        model = new()
        model.compile("adam", "mean_squared_error")
        train(model, PREPARED, SHORT, tmp_path)
    (tmp_path / "file").touch()
    with pytest.raises(ValueError, match="is a file; wanted a folder"):
        train(new(), PREPARED, SHORT, tmp_path / "file")


@pytest.mark.parametrize("damage", [lambda b: b[:-1], lambda b: b[:999] + b"!" + b[1000:], lambda b: b""])
def test_a_damaged_checkpoint_is_told_and_the_one_before_it_taken(damage, tmp_path, undisturbed):
    train(new(), PREPARED, SETTINGS, tmp_path)
    before, newest = sorted(tmp_path.iterdir())
    newest.write_bytes(damage(newest.read_bytes()))
    seen = []
    with pytest.warns(UserWarning, match=f"{newest.name} is damaged"):
        trained = train(new(), PREPARED, SETTINGS, tmp_path, on_epoch=lambda epoch, losses: seen.append(epoch))
    assert seen == [5]
    np.testing.assert_array_equal(weights(trained.model), weights(undisturbed.model))
    for path in (before, newest):
        path.write_bytes(damage(path.read_bytes()))
    with pytest.warns(UserWarning, match="is damaged"):
        trained = train(new(), PREPARED, SETTINGS, tmp_path)
    np.testing.assert_array_equal(weights(trained.model), weights(undisturbed.model))


@pytest.mark.parametrize("step", ["fsync", "replace"])
def test_a_write_that_fails_leaves_the_state_before_it(step, tmp_path, monkeypatch):
    state = checkpoint.State(1.0, {"loss": [0.5], "val_loss": [0.7]}, {"best": [np.arange(3.0)]})
    checkpoint.save(tmp_path, {}, state)

    def fail(*_):
        raise OSError("the disk is full")

    monkeypatch.setattr(os, step, fail)
    with pytest.raises(OSError, match="full"):
        checkpoint.save(tmp_path, {}, checkpoint.State(1.0, {"loss": [0.5, 0.4], "val_loss": [0.7, 0.6]}, {}))
    kept = checkpoint.load(tmp_path, {})
    assert kept.history == state.history
    np.testing.assert_array_equal(kept.arrays["best"][0], np.arange(3.0))


def test_a_loss_that_is_no_number_ends_training_with_the_weights_before(tmp_path):
    def explosive() -> keras.Model:
        model = new()
        model.compile(keras.optimizers.SGD(1e4), "mean_squared_error")
        return model

    for _ in range(2):  # the second call finds it finished
        with pytest.warns(UserWarning, match="a smaller learning_rate may help"):
            trained = train(explosive(), PREPARED, SETTINGS, tmp_path)
        assert len(trained.history["loss"]) < SETTINGS.epochs
        assert np.isfinite(weights(trained.model)).all()


def test_members_differ_in_their_seed_only(tmp_path, undisturbed):
    settings = SETTINGS.model_copy(update={"members": 2})
    first, second = train_members(PREPARED, settings, tmp_path)
    np.testing.assert_array_equal(weights(first.model), weights(undisturbed.model))
    other = SETTINGS.model_copy(update={"seed": 1})
    np.testing.assert_array_equal(weights(second.model), weights(train(new(other), PREPARED, other).model))
    kept = {path: path.stat().st_mtime_ns for path in tmp_path.glob("networks/*/*")}
    assert len({path.parent for path in kept}) == 2
    again = train_members(PREPARED, settings, tmp_path)
    np.testing.assert_array_equal(weights(again[1].model), weights(second.model))
    assert {path: path.stat().st_mtime_ns for path in tmp_path.glob("networks/*/*")} == kept
    # Other data or settings have a place of their own.
    fewer = dataclasses.replace(PREPARED, train=PREPARED.train.take(slice(1, None)))
    places = {home(tmp_path, new(), data, each) for data in (PREPARED, fewer) for each in (SETTINGS, SHORT)}
    assert len(places) == 4


def test_tensorboard_finds_every_loss(tmp_path):
    history = train(new(), PREPARED, SHORT, tensorboard=tmp_path).history
    found = {}
    for path in tmp_path.iterdir():
        for record in tf.data.TFRecordDataset(str(path)):
            event = tf.compat.v1.Event.FromString(record.numpy())
            for value in event.summary.value:
                assert value.metadata.plugin_data.plugin_name == "scalars"
                found.setdefault(value.tag, []).append((event.step, float(tf.make_ndarray(value.tensor))))
    assert found == {name: list(enumerate(map(pytest.approx, losses), 1)) for name, losses in history.items()}


def test_a_progress_bar_is_drawn_for_people_only(capsys, monkeypatch):
    train(new(), PREPARED, SHORT)
    assert capsys.readouterr().err == ""
    monkeypatch.setenv("LSTM_TUTORIAL_PROGRESS", "1")
    train(new(), PREPARED, SHORT)
    assert "0/2" in capsys.readouterr().err  # later counts are drawn only as often as time has passed


def test_the_rate_finder_stops_at_the_cliff_and_leaves_the_model_as_it_was(undisturbed):
    model = new()
    sweep = find_rate(model, PREPARED, SETTINGS, highest=100)
    assert len(sweep.rates) == len(sweep.losses) == len(sweep.smooth) < 200
    assert sweep.losses[-1] > 4 * sweep.losses.min()
    assert 1e-4 < sweep.suggested < 1
    np.testing.assert_array_equal(weights(train(model, PREPARED, SETTINGS).model), weights(undisturbed.model))


def test_one_easy_batch_does_not_end_the_rate_finder(monkeypatch):
    losses = iter([1.0] * 50 + [0.1] + [1.0] * 149)
    monkeypatch.setattr(Epochs, "fit", lambda *_: {"loss": next(losses)})
    assert len(find_rate(new(), PREPARED, SETTINGS).losses) == 200


def test_the_rate_finder_wants_a_rate_that_it_can_change():
    with pytest.raises(ValueError, match="follows a schedule"):
        find_rate(scheduled(), PREPARED, SETTINGS)


def test_rates_are_tried_from_the_same_starts_with_the_same_batches():
    idle, first, again = try_rates(keras.optimizers.SGD(), [1e-9, 0.1, 0.1000001], PREPARED, updates=20).values()
    assert idle == pytest.approx([1, 1, 1], abs=1e-5)
    assert first == pytest.approx(again, rel=1e-3)
    assert len(set(first)) == 3
    assert max(first) < 1
