"""Sound as what an LSTM reads: the strength of forty bands, a hundred times a second, as a logarithm."""

from __future__ import annotations

from functools import cache

import numpy as np

BANDS = 40
WINDOW, HOP = 0.025, 0.010  # seconds
FLOOR = 1e-8  # power below which all is silence


def mel(hertz: np.ndarray | float) -> np.ndarray:
    """Pitch as heard: equal steps in mel sound about equally large (O'Shaughnessy, Speech Communication, 1987)."""
    return 2595 * np.log10(1 + np.asarray(hertz) / 700)


def hertz(mels: np.ndarray | float) -> np.ndarray:
    """The inverse of `mel`."""
    return 700 * (10 ** (np.asarray(mels) / 2595) - 1)


def band_of(hertz: float, rate: int, bands: int = BANDS) -> float:
    """Where a frequency is among the bands, counted from 1: a whole number in the middle of a band."""
    return float(mel(hertz) / mel(rate / 2) * (bands + 1))


@cache
def mel_filters(rate: int, size: int, bands: int = BANDS) -> np.ndarray:
    """Triangles, (bands, size // 2 + 1), over the frequencies of a spectrum of `size` samples.

    Their corners are equally spaced in mel from 0 to half the rate; each one rises from its left neighbor's peak to 1
    and falls to its right neighbor's.
    """
    corners = hertz(np.linspace(0, mel(rate / 2), bands + 2))
    frequencies = np.arange(size // 2 + 1) * rate / size
    left, peak, right = corners[:-2, None], corners[1:-1, None], corners[2:, None]
    rising, falling = (frequencies - left) / (peak - left), (right - frequencies) / (right - peak)
    return np.clip(np.minimum(rising, falling), 0, None)


def frame(samples: np.ndarray, rate: int) -> np.ndarray:
    """Overlapping pieces of 25 ms, one each 10 ms: (frames, 0.025 rate). Sound shorter than one is filled up."""
    size, hop = round(WINDOW * rate), round(HOP * rate)
    filled = np.pad(samples, (0, max(0, size - len(samples))))
    return np.lib.stride_tricks.sliding_window_view(filled, size)[::hop]


def power(samples: np.ndarray, rate: int) -> np.ndarray:
    """The power spectrum of each piece, faded in and out by a Hann window: (frames, frequencies)."""
    pieces = frame(samples, rate)
    return np.abs(np.fft.rfft(pieces * np.hanning(pieces.shape[1]), fft_size(rate))) ** 2


def fft_size(rate: int) -> int:
    """The first power of two that holds two windows, so that even the narrowest band holds a frequency."""
    return 2 ** int(np.ceil(np.log2(2 * WINDOW * rate)))


def log_mel(samples: np.ndarray, rate: int, bands: int = BANDS) -> np.ndarray:
    """The logarithm of each band's power, (frames, bands), of samples between -1 and 1."""
    return np.log(power(samples, rate) @ mel_filters(rate, fft_size(rate), bands).T + FLOOR)


def normalize(frames: np.ndarray) -> np.ndarray:
    """Each band with mean 0 and deviation about 1 over one recording: loudness and microphone hardly matter then."""
    return (frames - frames.mean(axis=0)) / (frames.std(axis=0) + 0.1)


def stack(frames: np.ndarray, count: int = 3) -> np.ndarray:
    """`count` neighbors side by side, (frames / count, count * bands): fewer steps for the LSTM. A rest is dropped."""
    steps = max(1, len(frames) // count)
    filled = np.pad(frames, ((0, max(0, steps * count - len(frames))), (0, 0)), mode="edge")
    return filled[: steps * count].reshape(steps, -1)


def vary(frames: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """The same words as if by somebody else, for training: (frames, bands) into (other frames, bands).

    Bands are moved and stretched, as by a longer or shorter throat (Jaitly and Hinton 2013), and their middle against
    their ends, as by one of another shape; the tempo is changed by up to a sixth, and some neighboring bands are
    blanked out (Park and others 2019).
    """
    bands = frames.shape[1]
    rows = np.arange(0, len(frames) - 1e-6, rng.uniform(6 / 7, 7 / 6)).astype(int)
    bent = rng.uniform(-4, 4) * np.linspace(-1, 1, bands) ** 2
    places = np.clip(rng.uniform(-4, 4) + np.arange(bands) * rng.uniform(0.8, 1.2) + bent, 0, bands - 1)
    below = np.minimum(places.astype(int), bands - 2)
    share = (places - below).astype(frames.dtype)
    moved = frames[rows][:, below] * (1 - share) + frames[rows][:, below + 1] * share
    width = rng.integers(0, bands // 5 + 1)
    start = rng.integers(0, bands - width + 1)
    moved[:, start : start + width] = 0
    return moved


def describe(samples: np.ndarray, rate: int) -> np.ndarray:
    """What the network reads of one recording: (steps, 120) float32, one step each 30 ms, which hears 45 ms."""
    return stack(normalize(log_mel(samples, rate))).astype(np.float32)
