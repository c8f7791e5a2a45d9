"""Features agree with sums written out, and with what is known of tones."""

import numpy as np
import pytest
from scipy.signal import ShortTimeFFT
from scipy.signal.windows import hann

from lstm_tutorial.applications.features import (
    BANDS,
    band_of,
    describe,
    fft_size,
    frame,
    hertz,
    log_mel,
    mel,
    mel_filters,
    normalize,
    power,
    stack,
    vary,
)

NOISE = np.random.default_rng(0).normal(scale=0.1, size=1234)


def test_mel_and_hertz_are_inverses_and_1000_hertz_are_1000_mel():
    assert mel(1000) == pytest.approx(1000, abs=0.1)
    assert hertz(mel(np.array([0, 50, 4000]))) == pytest.approx([0, 50, 4000])


def test_frames_are_25_ms_long_and_10_ms_apart():
    pieces = frame(np.arange(1000), 8000)
    assert pieces.shape == (11, 200)
    assert (pieces[3] == np.arange(240, 440)).all()
    assert frame(np.arange(10), 8000).shape == (1, 200)


def test_the_spectrum_is_the_discrete_fourier_transform_written_out():
    size = fft_size(8000)
    faded = frame(NOISE, 8000)[5] * (0.5 - 0.5 * np.cos(2 * np.pi * np.arange(200) / 199))
    waves = np.exp(-2j * np.pi * np.arange(size // 2 + 1)[:, None] * np.arange(200) / size)
    assert power(NOISE, 8000)[5] == pytest.approx(np.abs(waves @ faded) ** 2)


def test_the_spectrum_is_scipys():
    other = ShortTimeFFT(hann(200), hop=80, fs=8000, mfft=fft_size(8000), phase_shift=None)
    # scipy centers its windows: its second begins at 2 * 80 - 100 samples.
    later = np.concatenate([np.zeros(60), NOISE])
    assert power(NOISE, 8000)[:10] == pytest.approx(other.spectrogram(later, p0=2, p1=12).T)


@pytest.mark.parametrize("rate", [8000, 16000])
def test_filters_are_triangles_between_equal_steps_in_mel(rate):
    size = fft_size(rate)
    filters = mel_filters(rate, size)
    corners = [hertz(mel(rate / 2) * number / (BANDS + 1)) for number in range(BANDS + 2)]
    wanted = np.zeros((BANDS, size // 2 + 1))
    for band in range(BANDS):
        for place in range(size // 2 + 1):
            f, (left, peak, right) = place * rate / size, corners[band : band + 3]
            if left < f <= peak:
                wanted[band, place] = (f - left) / (peak - left)
            elif peak < f < right:
                wanted[band, place] = (right - f) / (right - peak)
    assert filters == pytest.approx(wanted, abs=1e-9)
    assert (filters.sum(axis=1) > 0).all(), "each band holds a frequency"


@pytest.mark.parametrize("pitch", [300, 1000, 3000])
def test_a_tone_is_loudest_in_its_band(pitch):
    tone = np.sin(2 * np.pi * pitch * np.arange(8000) / 8000)
    peaks = hertz(np.linspace(0, mel(4000), BANDS + 2))[1:-1]
    assert abs(log_mel(tone, 8000).mean(axis=0).argmax() - np.abs(peaks - pitch).argmin()) <= 1
    assert [band_of(float(peak), 8000) for peak in peaks] == pytest.approx(np.arange(1, BANDS + 1))


def test_loudness_does_not_matter_and_silence_is_no_problem():
    assert describe(NOISE, 8000) == pytest.approx(describe(NOISE / 3, 8000), abs=1e-3)
    assert np.isfinite(describe(np.zeros(800), 8000)).all()
    frames = normalize(log_mel(NOISE, 8000))
    assert frames.mean(axis=0) == pytest.approx(np.zeros(BANDS), abs=1e-9)


def test_neighbors_are_stacked_and_a_rest_is_dropped():
    frames = np.arange(16).reshape(8, 2)
    assert (stack(frames) == [[0, 1, 2, 3, 4, 5], [6, 7, 8, 9, 10, 11]]).all()
    assert (stack(frames[:1]) == [[0, 1, 0, 1, 0, 1]]).all()
    assert describe(NOISE, 8000).shape == (4, 3 * BANDS)


def test_varied_frames_stay_in_size_and_range():
    frames = normalize(log_mel(NOISE, 8000)).astype(np.float32)
    rng = np.random.default_rng(0)
    for _ in range(50):
        varied = vary(frames, rng)
        assert varied.shape[1] == BANDS
        assert 6 / 7 - 0.1 < len(varied) / len(frames) < 7 / 6 + 0.1
        assert varied.dtype == np.float32
        assert np.abs(varied).max() <= np.abs(frames).max()
