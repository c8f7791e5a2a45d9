"""Recordings as they come: WAV files of any rate, depth and number of channels, and who is heard in which part."""

from __future__ import annotations

import base64
import csv
import html
import io
import re
import warnings
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import gcd
from pathlib import Path
from typing import Literal

import numpy as np

DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
Part = Literal["train", "validation", "test"]
SHORTEST = 0.05  # seconds; nothing can be said in less
SILENT = 1e-4  # difference between the highest and the lowest sample, of full scale
CLIPPED = 0.001  # share of samples, three in a row at full scale, from which a recording counts as clipped

# What scipy gives for each depth; it shifts 24 bits up to 32.
_DEPTHS = {"uint8": "8 bits", "int32": "24 or 32 bits", "int64": "64 bits", "float32": "floats", "float64": "floats"}


@dataclass(frozen=True)
class Recording:
    """Samples between -1 and 1 at `rate` samples a second, what is said in them and by whom.

    `notes` tells what was converted, and whether it is clipped.
    """

    samples: np.ndarray
    rate: int
    text: str = ""
    speaker: str = ""
    name: str = ""
    notes: tuple[str, ...] = field(default=())

    @property
    def seconds(self) -> float:
        """How long it lasts."""
        return len(self.samples) / self.rate


def read_wav(path: str | Path, rate: int = 8000, text: str = "", speaker: str = "") -> Recording:
    """A WAV file of 8, 16, 24 or 32 bits or of floats, mixed down to one channel and resampled to `rate`.

    Each conversion from 16 bits, one channel and `rate` is stated in `notes`, and whether the sound is clipped, which
    is left as it is. Raises ValueError, with the file's name, where it is no WAV file, cut short, shorter than 50 ms,
    silent, or holds values that are no numbers.
    """
    from scipy.io import wavfile

    path, notes = Path(path), []
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            # Chunks with a title or a place hold no sound and are nothing to warn of.
            warnings.filterwarnings("ignore", message="Chunk .*not understood")
            found, values = wavfile.read(path)
    except FileNotFoundError:
        raise ValueError(f"{path}: there is no such file") from None
    except Exception as error:  # scipy raises what its parser stumbles on
        raise ValueError(f"{path}: not a whole WAV file ({str(error).strip() or type(error).__name__})") from None
    if found <= 0:
        raise ValueError(f"{path}: its header gives a rate of {found} samples a second")
    if len(values) < SHORTEST * found:
        raise ValueError(f"{path}: lasts {1000 * len(values) / found:.0f} ms; wanted at least {1000 * SHORTEST:.0f}")
    if values.dtype != np.int16:
        notes.append(f"converted from {_DEPTHS.get(values.dtype.name, values.dtype.name)}")
    samples = to_float(values)
    if not np.isfinite(samples).all():
        raise ValueError(f"{path}: holds samples that are no finite numbers")
    if samples.ndim == 2:
        notes.append(f"{samples.shape[1]} channels mixed down to one" if samples.shape[1] > 1 else "")
        samples = samples.mean(axis=1)
    if np.abs(samples).max() > 1:
        notes.append(f"scaled down from a peak of {np.abs(samples).max():.3g}")
        samples /= np.abs(samples).max()
    if np.ptp(samples) < SILENT:
        raise ValueError(f"{path}: silent; its samples differ by less than {SILENT:g} of full scale")
    if is_clipped(samples):
        notes.append("clipped")
    if found != rate:
        notes.append(f"resampled from {found} to {rate} a second")
        samples = resample(samples, found, rate)
    return Recording(samples.astype(np.float32), rate, text, speaker, path.name, tuple(filter(None, notes)))


def players(recordings: Sequence[Recording]) -> str:
    """HTML with a player for each, under who says what. As a table, since pages put other HTML into a light box."""
    from scipy.io import wavfile

    rows = []
    for one in recordings:
        body = io.BytesIO()
        wavfile.write(body, one.rate, np.round(np.clip(one.samples, -1, 1) * 32767).astype(np.int16))
        sound = base64.b64encode(body.getvalue()).decode()
        told = html.escape(f"{one.speaker}: “{one.text}”")
        player = f'<audio controls src="data:audio/wav;base64,{sound}" aria-label="{told}"></audio>'
        rows.append(f'<tr><td style="text-align: left">{told}<br>{player}</td></tr>')
    return f'<table class="dataframe" style="color-scheme: light dark"><tbody>{"".join(rows)}</tbody></table>'


def is_clipped(samples: np.ndarray) -> bool:
    """Whether the peaks were cut off: too many samples stand at full scale with both neighbors."""
    full = np.abs(samples) > 0.99
    return bool(np.mean(full[2:] & full[1:-1] & full[:-2]) > CLIPPED)


def to_float(values: np.ndarray) -> np.ndarray:
    """Samples as floats, full scale at 1. Eight bits are unsigned."""
    if values.dtype.kind == "f":
        return values.astype(np.float64)
    if values.dtype == np.uint8:
        return (values.astype(np.float64) - 128) / 128
    return values / -float(np.iinfo(values.dtype).min)


def resample(samples: np.ndarray, rate: int, wanted: int) -> np.ndarray:
    """Samples at another rate; what the lower of both can't hold is filtered out."""
    from scipy.signal import resample_poly

    common = gcd(rate, wanted)
    return samples if rate == wanted else resample_poly(samples, wanted // common, rate // common)


def read_folder(folder: str | Path, rate: int = 8000) -> list[Recording]:
    """All recordings of a folder, sorted by file.

    With a `labels.csv` (columns file, text and, if known, speaker) what that lists, texts in lower case; otherwise all
    WAV files, named `{digit}_{speaker}_{number}.wav` as in the Free Spoken Digit Dataset. Raises ValueError, with the
    file or the line, for what can't be used.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise ValueError(f"{folder}: there is no such folder; wanted one with WAV files")
    table = folder / "labels.csv"
    rows = (
        _read_labels(table) if table.exists() else [_read_name(path) for path in sorted(folder.glob("*.[wW][aA][vV]"))]
    )
    if not rows:
        raise ValueError(f"{folder}: holds no WAV file")
    return [read_wav(folder / name, rate, text, speaker) for name, text, speaker in rows]


def _read_name(path: Path) -> tuple[str, str, str]:
    match = re.fullmatch(r"(\d)_(.+)_\d+", path.stem)
    if not match:
        raise ValueError(
            f"{path}: wanted a name such as 7_anna_0.wav (digit, speaker, number), or a labels.csv beside it with "
            "columns file, text, speaker"
        )
    return path.name, DIGITS[int(match[1])], match[2]


def _read_labels(table: Path) -> list[tuple[str, str, str]]:
    with table.open(encoding="utf-8-sig", newline="") as file:
        lines = csv.DictReader(file)
        if not {"file", "text"} <= set(lines.fieldnames or ()):
            raise ValueError(f"{table}: its columns are {lines.fieldnames}; wanted file, text and perhaps speaker")
        rows = [
            (line["file"], " ".join((line["text"] or "").lower().split()), line.get("speaker") or "") for line in lines
        ]
    for number, (name, text, _) in enumerate(rows, 2):
        if not name or not text:
            raise ValueError(f"{table}, line {number}: no {'text' if name else 'file'}")
    return sorted(rows)


def split_speakers(speakers: Sequence[str], validation: int, test: int, seed: int = 0) -> dict[Part, list[str]]:
    """Who is heard in training, who picks the epoch and who is held out; drawn by `seed`, none in two parts.

    Raises ValueError if nobody is left to train on.
    """
    drawn = [str(one) for one in np.random.default_rng(seed).permutation(sorted(set(speakers)))]
    if len(drawn) <= validation + test:
        raise ValueError(
            f"{len(drawn)} speakers ({', '.join(sorted(drawn))}) can't be split into {validation} for validation, "
            f"{test} for the test and at least one to train on"
        )
    return {
        "test": drawn[:test],
        "validation": drawn[test : test + validation],
        "train": drawn[test + validation :],
    }


def speakers_known(recordings: Sequence[Recording]) -> bool:
    """Whether all are named and there are at least three: one to train on, one to pick the epoch, one held out."""
    names = {one.speaker for one in recordings}
    return len(names) >= 3 and all(names)


def says_digits(text: str) -> bool:
    """Whether a text is nothing but the ten digits' names, capitals or not."""
    words = text.lower().split()
    return bool(words) and set(words) <= set(DIGITS)


def split_recordings(recordings: Sequence[Recording], seed: int = 0) -> dict[Part, list[Recording]]:
    """A fifth of the speakers, at least one, are held out for the test, as many pick the epoch; none is in two parts.

    Where that can't be (`speakers_known`), the same is done with single recordings, and everybody is in all parts.
    """
    known = speakers_known(recordings)
    names = [one.speaker if known else one.name for one in recordings]
    few = max(1, len(set(names)) // 5)
    who = split_speakers(names, few, few, seed)
    return {part: [one for one, name in zip(recordings, names, strict=True) if name in who[part]] for part in who}
