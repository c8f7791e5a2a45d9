"""Recordings of every usual kind are read alike; what can't be used is refused by name."""

import base64
import io
import re
import wave

import numpy as np
import pytest
from scipy.io import wavfile

from lstm_tutorial.applications.wav import (
    Recording,
    players,
    read_folder,
    read_wav,
    resample,
    says_digits,
    speakers_known,
    split_recordings,
    split_speakers,
)

TONE = 0.5 * np.sin(2 * np.pi * 440 * np.arange(4000) / 8000)


def write(path, samples=TONE, kind=np.int16, rate=8000):
    if np.dtype(kind).kind == "f":
        values = samples.astype(kind)
    elif kind == np.uint8:
        values = np.round(samples * 127 + 128).astype(kind)
    else:
        values = np.round(samples * np.iinfo(kind).max).astype(kind)
    wavfile.write(path, rate, values)
    return path


@pytest.mark.parametrize(
    ("kind", "step", "note"),
    [
        (np.uint8, 1 / 127, ("converted from 8 bits",)),
        (np.int16, 1e-4, ()),
        (np.int32, 1e-6, ("converted from 24 or 32 bits",)),
        (np.float32, 1e-6, ("converted from floats",)),
        (np.float64, 1e-6, ("converted from floats",)),
    ],
)
def test_every_depth_gives_the_same_samples_and_its_conversion_is_stated(tmp_path, kind, step, note):
    recording = read_wav(write(tmp_path / "tone.wav", kind=kind))
    assert recording.rate == 8000
    assert recording.samples.dtype == np.float32
    assert recording.seconds == 0.5
    assert recording.notes == note
    assert recording.samples == pytest.approx(TONE, abs=step)


def test_24_bits_are_read(tmp_path):
    values = np.round(TONE * (2**23 - 1)).astype("<i4")
    with wave.open(str(tmp_path / "tone.wav"), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(3)
        file.setframerate(8000)
        file.writeframes(values.view(np.uint8).reshape(-1, 4)[:, :3].tobytes())
    recording = read_wav(tmp_path / "tone.wav")
    assert recording.samples == pytest.approx(TONE, abs=1e-6)
    assert recording.notes == ("converted from 24 or 32 bits",)


@pytest.mark.parametrize("rate", [11025, 16000, 44100, 48000])
def test_other_rates_are_resampled_and_said_so(tmp_path, rate):
    tone = 0.5 * np.sin(2 * np.pi * 440 * np.arange(rate // 2) / rate)
    recording = read_wav(write(tmp_path / "tone.wav", tone, rate=rate))
    assert recording.notes == (f"resampled from {rate} to 8000 a second",)
    assert len(recording.samples) == pytest.approx(4000, abs=1)
    assert recording.samples[200:3800] == pytest.approx(TONE[200:3800], abs=5e-3)


def test_what_a_lower_rate_cannot_hold_is_filtered_out():
    rate = 16000
    high = np.sin(2 * np.pi * 6000 * np.arange(rate) / rate)
    assert np.abs(resample(high, rate, 8000)[100:-100]).max() < 0.01


def test_channels_are_mixed_down_and_said_so(tmp_path):
    both = np.stack([TONE, np.zeros_like(TONE)], axis=1)
    recording = read_wav(write(tmp_path / "both.wav", both))
    assert recording.notes == ("2 channels mixed down to one",)
    assert recording.samples == pytest.approx(TONE / 2, abs=1e-4)


def test_silence_is_refused_by_name_however_it_is_written(tmp_path):
    for kind in (np.uint8, np.int16, np.float32):
        for level in (0, 0.5):
            with pytest.raises(ValueError, match=r"a\.wav: silent"):
                read_wav(write(tmp_path / "a.wav", np.full(4000, level), kind))


def test_clipping_is_noted(tmp_path):
    assert read_wav(write(tmp_path / "b.wav", np.clip(5 * TONE, -1, 1))).notes == ("clipped",)
    assert read_wav(write(tmp_path / "c.wav", 2 * TONE)).notes == ()


def test_floats_beyond_full_scale_are_scaled_down_and_said_so(tmp_path):
    recording = read_wav(write(tmp_path / "loud.wav", 6 * TONE, np.float32))
    assert "scaled down from a peak of 3" in recording.notes
    assert np.abs(recording.samples).max() == 1


def test_a_title_in_the_file_is_no_problem(tmp_path):
    path = write(tmp_path / "tone.wav")
    body = path.read_bytes() + b"LIST" + (4).to_bytes(4, "little") + b"INFO"
    path.write_bytes(body[:4] + (len(body) - 8).to_bytes(4, "little") + body[8:])
    assert len(read_wav(path).samples) == 4000


def test_broken_files_are_refused_by_name(tmp_path):
    whole = write(tmp_path / "whole.wav").read_bytes()
    broken = {
        "nothing.wav": (b"", "not a whole WAV file"),
        "header.wav": (whole[:20], "not a whole WAV file"),
        "cut.wav": (whole[:2001], "not a whole WAV file"),
        "text.wav": (b"this is a text and no sound at all", "not a whole WAV file"),
    }
    for name, (body, message) in broken.items():
        (tmp_path / name).write_bytes(body)
        with pytest.raises(ValueError, match=message) as raised:
            read_wav(tmp_path / name)
        assert name in str(raised.value)
        assert "\n" not in str(raised.value)
    with pytest.raises(ValueError, match=r"absent\.wav: there is no such file"):
        read_wav(tmp_path / "absent.wav")
    with pytest.raises(ValueError, match=r"short\.wav: lasts 0 ms; wanted at least 50"):
        read_wav(write(tmp_path / "short.wav", np.zeros(0)))
    with pytest.raises(ValueError, match=r"nan\.wav: holds samples that are no finite numbers"):
        read_wav(write(tmp_path / "nan.wav", np.full(4000, np.nan), np.float32))


def test_a_folder_is_read_by_the_names_of_its_files(tmp_path):
    for name in ("7_theo_0.wav", "0_anna_lee_12.WAV"):
        write(tmp_path / name)
    first, second = read_folder(tmp_path)
    assert (first.text, first.speaker, first.name) == ("zero", "anna_lee", "0_anna_lee_12.WAV")
    assert (second.text, second.speaker) == ("seven", "theo")
    write(tmp_path / "noise.wav")
    with pytest.raises(ValueError, match=r"noise\.wav: wanted a name such as 7_anna_0\.wav"):
        read_folder(tmp_path)


def test_a_folder_is_read_by_its_table(tmp_path):
    write(tmp_path / "b.wav")
    write(tmp_path / "a.wav")
    (tmp_path / "labels.csv").write_text("file,text,speaker\nb.wav,  Two  THREE ,tom\na.wav,six,\n", encoding="utf-8")
    first, second = read_folder(tmp_path)
    assert (first.text, first.speaker) == ("six", "")
    assert (second.text, second.speaker) == ("two three", "tom")


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("name,text\na.wav,six\n", r"labels\.csv: its columns are \['name', 'text'\]; wanted file, text"),
        ("file,text\na.wav,six\na.wav,\n", r"labels\.csv, line 3: no text"),
        ("file,text\n,six\n", r"labels\.csv, line 2: no file"),
        ("file,text\nother.wav,six\n", r"other\.wav: there is no such file"),
        ("file,text\n", "holds no WAV file"),
    ],
)
def test_a_table_that_cannot_be_used_is_refused(tmp_path, table, message):
    write(tmp_path / "a.wav")
    (tmp_path / "labels.csv").write_text(table, encoding="utf-8")
    with pytest.raises(ValueError, match=message):
        read_folder(tmp_path)


def test_a_folder_without_recordings_is_refused(tmp_path):
    with pytest.raises(ValueError, match="holds no WAV file"):
        read_folder(tmp_path)
    with pytest.raises(ValueError, match="no such folder"):
        read_folder(tmp_path / "absent")


def test_no_speaker_is_in_two_parts():
    who = split_speakers(["d", "a", "b", "a", "c"], 1, 1, seed=3)
    assert sorted(name for part in who.values() for name in part) == ["a", "b", "c", "d"]
    assert {part: len(names) for part, names in who.items()} == {"train": 2, "validation": 1, "test": 1}
    assert who == split_speakers(["c", "d", "b", "a"], 1, 1, seed=3)
    with pytest.raises(ValueError, match=r"2 speakers \(a, b\) can't be split into 1 for validation, 1 for the test"):
        split_speakers(["a", "b"], 1, 1)


def test_players_hold_the_sound_and_escape_what_is_said():
    body = players([Recording(TONE, 8000, "<b>", "me"), Recording(TONE, 8000, "six", "you")])
    assert body.count("<audio") == 2 and "<b>" not in body and "me: “&lt;b&gt;”" in body
    sound = base64.b64decode(re.search('base64,([^"]+)', body)[1])
    rate, samples = wavfile.read(io.BytesIO(sound))
    assert rate == 8000 and samples / 32767 == pytest.approx(TONE, abs=1e-4)


def test_texts_of_digits_are_told_from_others():
    assert says_digits("seven") and says_digits("Seven EIGHT zero")
    assert not any(says_digits(text) for text in ("7", "turn on", "seven, eight", "oh", ""))


def recordings_of(*speakers):
    return [Recording(np.zeros(800), 8000, "one", name, f"{n}.wav") for n, name in enumerate(speakers)]


def test_recordings_are_split_by_speaker_and_without_speakers_one_by_one():
    parts = split_recordings(recordings_of(*"abcdefab" * 5), seed=1)
    heard = {part: {one.speaker for one in found} for part, found in parts.items()}
    assert {part: len(names) for part, names in heard.items()} == {"train": 4, "validation": 1, "test": 1}
    assert sum(map(len, parts.values())) == 40
    assert set.union(*heard.values()) == set("abcdef")
    for few in ([""] * 20, ["me"] * 20, ["me", "you"] * 10, ["me", "you", "they", ""] * 5):
        alone = recordings_of(*few)
        assert not speakers_known(alone)
        parts = split_recordings(alone, seed=1)
        assert {part: len(found) for part, found in parts.items()} == {"train": 12, "validation": 4, "test": 4}
    with pytest.raises(ValueError, match="can't be split"):
        split_recordings(recordings_of("", ""))
