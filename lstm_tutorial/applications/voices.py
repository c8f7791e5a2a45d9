"""Synthetic speakers: espeak-ng, out of its wheel, says what it is told; kept in a cache and checked by hash."""

from __future__ import annotations

import ctypes
import hashlib
import io
import json
import os
import subprocess
import sys
import warnings
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from lstm_tutorial.applications.features import log_mel, normalize
from lstm_tutorial.applications.wav import DIGITS, Part, resample
from lstm_tutorial.checkpoint import fingerprint

NATIVE, RATE = 22050, 8000  # samples a second that espeak-ng makes, and that are kept, as on the telephone
CHUNK = 400  # utterances for one process
SEED = 1  # of the noise in a voice
APART = 0.35  # distance (`distances`) from which two voices are no near relatives: see `split`

# espeak-ng's variants without whispers, robots and twins to the letter; many are near relatives all the same.
_NAMES = """
Alex Alicia Andrea Andy Annie Denis Diogo Gene Jacky Lee Marco Mario Michael Nguyen Reed Storm Tweaky adam anika
announcer antonio aunty belinda boris david ed edward f1 f2 f3 f4 grandma grandpa gustave ian iven kaukovalta linda m1
m2 m3 m4 m5 m6 m7 m8 marcelo max mike2 norbert pablo paul pedro quincy rob robert sandro shelby steph travis victor
zac
"""
SPEAKERS = tuple(_NAMES.split())
ACCENTS = ("en-us", "en-us-nyc", "en-gb-x-rp", "en-gb-x-gbclan", "en-gb-x-gbcwmd", "en-gb-scotland", "en-029")
MISSING = 'synthetic voices need espeak-ng: pip install "lstm-tutorial[speech]"'


class MissingVoicesError(ImportError):
    """Says in one line what to install; a notebook shows no more than that, and stops."""

    def _render_traceback_(self) -> list[str]:
        return [str(self)]


@dataclass(frozen=True)
class Line:
    """What one speaker is to say: with which accent, how fast (words a minute) and how high (0 to 100)."""

    text: str
    speaker: str
    accent: str = "en-us"
    speed: int = 175
    pitch: int = 50


def speak(lines: Sequence[Line], folder: str | Path | None = None) -> list[np.ndarray]:
    """Each line as sound: 16-bit samples (time,), 8,000 a second.

    espeak-ng's sound depends a little on what it said before, so each `CHUNK` of lines is said by a fresh process, with
    a fixed seed for its noise: equal lists of lines then give equal samples to the bit on one machine. They are kept in
    `folder`, by default the user's cache folder, and read from there next time, unless their hash shows damage. Raises
    MissingVoicesError, with what to install, where espeak-ng is missing, and ValueError where it does not know a voice.
    """
    text = json.dumps([RATE, CHUNK, SEED, *[asdict(line) for line in lines]])
    kept = Path(folder or cache_folder()) / f"voices-{hashlib.sha256(text.encode()).hexdigest()[:16]}.npz"
    found = _read(kept)
    if found is None:
        require_espeak()
        chunks = [lines[start : start + CHUNK] for start in range(0, len(lines), CHUNK)]
        with ThreadPoolExecutor(os.cpu_count()) as pool:
            found = [_slow_down(sound) for part in pool.map(_ask, chunks) for sound in part]
        _write(kept, found)
    return found


def distances(speakers: Sequence[str] = SPEAKERS, folder: str | Path | None = None, **how: Any) -> np.ndarray:
    """How differently they say the ten digits, (speakers, speakers): 0 for the same, 0.64 at the median of all pairs.

    The mean difference of normalized log-mel features, with one accent, speed and pitch (others: `how`), stretched to
    equal length. For scale: half of the voices are less than 0.26 from themselves at the highest pitch used.
    """
    sketches = sketch(speakers, folder, **how)
    return np.array([np.abs(sketches - one).mean(axis=(1, 2)) for one in sketches])


def sketch(speakers: Sequence[str], folder: str | Path | None = None, **how: Any) -> np.ndarray:
    """The ten digits as said by each: (speakers, 400 frames, bands)."""
    sounds = speak([Line(" ".join(DIGITS), name, **how) for name in speakers], folder)
    frames = [normalize(log_mel(sound / 32768, RATE)) for sound in sounds]
    return np.array([one[np.linspace(0, len(one) - 1, 400).round().astype(int)] for one in frames])


def families(speakers: Sequence[str], apart: np.ndarray, least: float = APART) -> list[list[str]]:
    """Speakers in groups, so that nobody is nearer than `least` to anybody of another group; `apart`: `distances`."""
    from scipy.sparse.csgraph import connected_components

    _, group = connected_components(apart < least)
    return [[name for name, own in zip(speakers, group, strict=True) if own == one] for one in range(max(group) + 1)]


def split(folder: str | Path | None = None, validation: int = 4, test: int = 18) -> dict[Part, list[str]]:
    """Who is held out, who picks the epoch, and who is heard in training: nobody has a near relative in another part.

    Drawn, with seed 0, from those who have no near relative at all; all others are for training.
    """
    alone = [one[0] for one in families(SPEAKERS, distances(SPEAKERS, folder)) if len(one) == 1]
    drawn = [str(one) for one in np.random.default_rng(0).permutation(sorted(alone))[: test + validation]]
    rest = [name for name in SPEAKERS if name not in drawn]
    return {"train": rest, "validation": drawn[test:], "test": drawn[:test]}


def nearest(who: Mapping[Part, Sequence[str]], folder: str | Path | None = None) -> dict[str, tuple[str, float]]:
    """For each voice of the part "test" the nearest voice of the other parts, and how far it is."""
    apart, place = distances(SPEAKERS, folder), {name: number for number, name in enumerate(SPEAKERS)}
    others = [name for part, names in who.items() if part != "test" for name in names]
    pairs = {name: [(float(apart[place[name], place[other]]), other) for other in others] for name in who["test"]}
    return {name: min(found)[::-1] for name, found in pairs.items()}


def cache_folder() -> Path:
    """The user's cache folder for this package; the environment variable LSTM_TUTORIAL_CACHE names another."""
    from platformdirs import user_cache_path

    return Path(os.environ.get("LSTM_TUTORIAL_CACHE") or user_cache_path("lstm-tutorial"))


def require_espeak() -> None:
    """Raises MissingVoicesError where espeak-ng is not installed."""
    try:
        import espeakng_loader  # noqa: F401
    except ImportError:
        raise MissingVoicesError(MISSING) from None


class Espeak:
    """espeak-ng's library in this process."""

    def __init__(self) -> None:
        import espeakng_loader

        self.library, self.sound = ctypes.CDLL(espeakng_loader.get_library_path()), [np.zeros(0, np.int16)]
        kind = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p)
        self.callback = kind(self._collect)  # kept: the library calls it as long as it lives
        # 2: hand the sound over, do not play it.
        self.rate = self.library.espeak_Initialize(2, 0, espeakng_loader.get_data_path().encode(), 0)
        self.library.espeak_SetSynthCallback(self.callback)
        if self.rate != NATIVE:
            raise OSError(f"espeak-ng gives {self.rate} samples a second; wanted {NATIVE}")

    def _collect(self, samples: ctypes._Pointer[ctypes.c_short], count: int, events: int) -> int:
        if samples and count:
            self.sound.append(np.ctypeslib.as_array(samples, (count,)).copy())
        return 0

    def say(self, line: Line) -> np.ndarray:
        """One line at the library's own rate, 16 bits."""
        name, text = f"{line.accent}+{line.speaker}", line.text.encode()
        if self.library.espeak_SetVoiceByName(name.encode()):
            raise ValueError(f"espeak-ng has no voice {name!r}; wanted an accent and a variant, such as 'en-us+f3'")
        self.library.espeak_SetParameter(1, line.speed, 0)
        self.library.espeak_SetParameter(3, line.pitch, 0)
        self.library.espeak_ng_SetRandSeed(ctypes.c_long(SEED))  # by default the time of day
        self.sound = [np.zeros(0, np.int16)]
        self.library.espeak_Synth(text, len(text) + 1, 0, 1, 0, 1, None, None)
        return np.concatenate(self.sound)


def _ask(lines: Sequence[Line]) -> list[np.ndarray]:
    request = json.dumps([asdict(line) for line in lines]).encode()
    done = subprocess.run([sys.executable, "-m", __spec__.name], input=request, capture_output=True, check=False)
    if done.returncode:
        raise ValueError(done.stderr.decode(errors="replace").strip().splitlines()[-1])
    return _unpack(done.stdout)


def _slow_down(sound: np.ndarray) -> np.ndarray:
    """At the rate that is kept, still 16 bits; resampling may overshoot full scale."""
    return np.clip(np.round(resample(sound, NATIVE, RATE)), -32768, 32767).astype(np.int16)


def _pack(sounds: Sequence[np.ndarray]) -> bytes:
    body = io.BytesIO()
    joined = np.concatenate([np.zeros(0, np.int16), *sounds])
    np.savez(body, samples=joined, lengths=[len(sound) for sound in sounds], hash=fingerprint([joined]))
    return body.getvalue()


def _unpack(body: bytes) -> list[np.ndarray]:
    with np.load(io.BytesIO(body)) as archive:
        samples, lengths, expected = archive["samples"], archive["lengths"], str(archive["hash"])
    if fingerprint([samples]) != expected or lengths.sum() != len(samples):
        raise ValueError("the samples do not match their hash")
    return np.split(samples, np.cumsum(lengths)[:-1]) if len(lengths) else []


def _read(path: Path) -> list[np.ndarray] | None:
    try:
        return _unpack(path.read_bytes())
    except FileNotFoundError:
        return None
    except Exception as error:
        warnings.warn(f"{path} is damaged ({error}); its voices are made anew", stacklevel=3)
        return None


def _write(path: Path, sounds: Sequence[np.ndarray]) -> None:
    """Under its name only once it is whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(f".{os.getpid()}")
    draft.write_bytes(_pack(sounds))
    os.replace(draft, path)


def main() -> int:
    """Read lines as JSON from stdin, write their sound as an npz archive to stdout."""
    try:
        espeak = Espeak()
        sounds = [espeak.say(Line(**line)) for line in json.load(sys.stdin)]
    except (OSError, ValueError) as error:
        print(error, file=sys.stderr)
        return 1
    sys.stdout.buffer.write(_pack(sounds))
    return 0


if __name__ == "__main__":
    sys.exit(main())
