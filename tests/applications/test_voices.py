"""Voices say the same to the bit, are kept and checked, and are asked for in one line where they are missing."""

import subprocess
import sys
import time

import numpy as np
import pytest

from lstm_tutorial.applications import voices
from lstm_tutorial.applications.voices import (
    ACCENTS,
    APART,
    MISSING,
    RATE,
    SPEAKERS,
    Espeak,
    Line,
    MissingVoicesError,
    cache_folder,
    distances,
    families,
    nearest,
    sketch,
    speak,
    split,
)

espeak = pytest.importorskip("espeakng_loader", reason=MISSING)
LINES = [Line("three seven zero", "f3"), Line("one", "m1", "en-029", speed=200, pitch=30), Line("one", "f3")]


def test_equal_lines_give_equal_samples_to_the_bit(tmp_path):
    first = speak(LINES, tmp_path / "a")
    time.sleep(1.1)  # left alone, espeak-ng takes its seed from the clock
    second = speak(LINES, tmp_path / "b")
    assert all(np.array_equal(*pair) for pair in zip(first, second, strict=True))
    assert [sound.dtype for sound in first] == [np.int16] * 3
    assert 0.6 < len(first[0]) / RATE < 2.5
    assert len(first[1]) < len(first[0])
    assert np.abs(first[0].astype(float)).max() > 3000


def test_what_was_said_is_read_from_the_cache(tmp_path, monkeypatch):
    first = speak(LINES, tmp_path)
    monkeypatch.setattr(voices, "_ask", None)
    again = speak(LINES, tmp_path)
    assert all(np.array_equal(*pair) for pair in zip(first, again, strict=True))
    assert len(list(tmp_path.iterdir())) == 1


def test_a_damaged_cache_is_noticed_and_made_anew(tmp_path):
    first = speak(LINES, tmp_path)
    (path,) = tmp_path.iterdir()
    body = bytearray(path.read_bytes())
    body[len(body) // 3] ^= 255
    for broken in (bytes(body), b""):
        path.write_bytes(broken)
        with pytest.warns(UserWarning, match="is damaged .* made anew"):
            again = speak(LINES, tmp_path)
        assert all(np.array_equal(*pair) for pair in zip(first, again, strict=True))


def test_many_lines_are_said_by_several_processes_in_order(tmp_path, monkeypatch):
    whole = speak(LINES[:1], tmp_path) + speak(LINES[1:2], tmp_path) + speak(LINES[2:], tmp_path)
    monkeypatch.setattr(voices, "CHUNK", 1)
    apart = speak(LINES, tmp_path / "apart")
    assert all(np.array_equal(*pair) for pair in zip(whole, apart, strict=True))


def test_no_lines_are_no_sound(tmp_path):
    assert speak([], tmp_path) == []


def test_all_voices_and_accents_can_speak_and_differ():
    library = Espeak()
    assert library.rate == 22050
    sounds = [library.say(Line("one", name, ACCENTS[number % 7])) for number, name in enumerate(SPEAKERS)]
    assert all(len(sound) > 0.1 * library.rate and np.abs(sound.astype(float)).max() > 3000 for sound in sounds)
    assert len({sound.tobytes() for sound in sounds}) == len(SPEAKERS) == len(set(SPEAKERS)) == 62


def test_families_are_chains_of_near_relatives():
    apart = np.array([[0, 0.3, 0.5, 0.9], [0.3, 0, 0.3, 0.9], [0.5, 0.3, 0, 0.9], [0.9, 0.9, 0.9, 0]])
    assert families("abcd", apart, 0.35) == [["a", "b", "c"], ["d"]]
    assert families("abcd", apart, 0.2) == [["a"], ["b"], ["c"], ["d"]]


def test_nobody_held_out_sounds_nearly_like_somebody_in_another_part(tmp_path):
    who = split(tmp_path)
    assert {part: len(names) for part, names in who.items()} == {"train": 40, "validation": 4, "test": 18}
    assert sorted(name for names in who.values() for name in names) == sorted(SPEAKERS)
    names = [name for part in who.values() for name in part]
    apart = distances(names, tmp_path)
    near = nearest(who, tmp_path)
    assert near.keys() == set(who["test"])
    assert all(other not in who["test"] and gap > APART for other, gap in near.values())
    assert apart == pytest.approx(apart.T)
    assert not apart.diagonal().any()
    assert np.all(apart[44:, :44] > APART) and np.all(apart[40:44, :40] > APART)
    # Most voices are nearer than that to themselves when they speak as high as any line is spoken.
    higher = np.abs(sketch(names, tmp_path, pitch=65) - sketch(names, tmp_path)).mean(axis=(1, 2))
    assert np.median(higher) < 0.3 < APART
    # The rule has something to do: among those trained on there are near twins.
    assert np.sort(apart[:40, :40], axis=1)[:, 1].min() < 0.15


def test_an_unknown_voice_is_refused_in_one_line(tmp_path):
    with pytest.raises(ValueError, match=r"^espeak-ng has no voice 'xx\+f3'; wanted an accent and a variant"):
        speak([Line("one", "f3", "xx")], tmp_path)


def test_the_cache_may_be_put_elsewhere(tmp_path, monkeypatch):
    monkeypatch.setenv("LSTM_TUTORIAL_CACHE", str(tmp_path))
    assert cache_folder() == tmp_path
    monkeypatch.delenv("LSTM_TUTORIAL_CACHE")
    assert cache_folder().name == "lstm-tutorial"


def test_without_the_extra_one_line_says_how_to_get_it(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "espeakng_loader", None)
    with pytest.raises(MissingVoicesError) as raised:
        speak(LINES, tmp_path)
    assert str(raised.value) == MISSING
    assert raised.value._render_traceback_() == [MISSING], "what a notebook shows"
    assert 'pip install "lstm-tutorial[speech]"' in MISSING
    assert not list(tmp_path.iterdir())


def test_the_library_is_not_loaded_into_the_callers_process(tmp_path):
    code = f"import sys; from lstm_tutorial.applications.voices import *; speak([Line('one', 'f3')], {str(tmp_path)!r})"
    check = f"{code}; print('/espeak' in open('/proc/self/maps').read() if sys.platform == 'linux' else False)"
    done = subprocess.run([sys.executable, "-c", check], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"
