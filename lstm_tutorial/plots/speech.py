"""Sound, the bands that an ear or an LSTM hears in it, and what a network says about it at each step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from lstm_tutorial.plots.figure import (
    GRAY,
    MODEL,
    PALE,
    RULES,
    SIZE,
    TRUTH,
    enlarge,
    legend,
    new_figure,
    scale_losses,
    show,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes

COLORS = (MODEL, *RULES)


def sound(samples: np.ndarray, rate: int, frames: np.ndarray, text: str, places: Mapping[int, float]) -> None:
    """The wave, (time,), above its normalized log-mel features, (frames, bands), a frame each 10 ms.

    `places` maps frequencies, in Hz, to where they are among the bands, which are counted from 1.
    """
    figure, (wave, bands) = new_figure(height=4.4, ratios=(2, 3))
    time = np.arange(len(samples)) / rate
    wave.plot(time, samples, color=MODEL, linewidth=0.5)
    wave.set_ylabel("sample")
    _spectrogram(bands, frames, places)
    bands.set_xlabel("seconds")
    for axes in (wave, bands):
        enlarge(axes)
    show(
        figure,
        alt=f"Two panels over {time[-1]:.1f} seconds in which {text!r} is said. Above: the sound wave, one bulge for "
        f"each syllable. Below: an image of {frames.shape[1]} bands from low to high, bright where a band is louder "
        "than it is on average.",
        caption=f"“{text}”. Above: the wave, {rate:,} samples a second. Below: its log-mel features, {frames.shape[1]} "
        "bands, 100 frames a second. Bright: louder than this band is on average.",
    )


def _spectrogram(axes: Axes, frames: np.ndarray, places: Mapping[int, float]) -> None:
    bands = frames.shape[1]
    # The middle of frame n is at 10 n + 12.5 ms.
    ends = (0.0075, 0.0075 + len(frames) / 100)
    axes.imshow(frames.T, origin="lower", aspect="auto", cmap="magma", extent=(*ends, 0.5, bands + 0.5))
    axes.set_yticks(list(places.values()), [f"{hertz:,}" for hertz in places])
    axes.set_ylabel("Hz")


def mel_filters(filters: np.ndarray, rate: int) -> None:
    """Triangles, (bands, frequencies), over the frequencies from 0 to half the rate; each fourth one stands out."""
    figure, axes = new_figure(height=2.6)
    hertz = np.linspace(0, rate / 2, filters.shape[1])
    for number, triangle in enumerate(filters):
        strong = number % 4 == 0
        axes.plot(hertz, triangle, color=MODEL if strong else PALE, linewidth=1.8 if strong else 1, zorder=2 + strong)
    axes.set_xlabel("frequency (Hz)")
    axes.set_ylabel("weight")
    axes.set_ylim(0)
    enlarge(axes)
    show(
        figure,
        alt=f"{len(filters)} overlapping triangles over the frequencies from 0 to {rate / 2:,.0f} hertz, narrow and "
        "close together on the left, wide and far apart on the right. Each fourth one is drawn in a strong color.",
        caption=f"The weights with which frequencies count toward the {len(filters)} bands, each fourth one drawn "
        "strong. Equally wide in mel, they grow wider in hertz.",
    )


def utterance(
    probabilities: np.ndarray, names: Sequence[str], frames: np.ndarray, text: str, places: Mapping[int, float]
) -> None:
    """The features of a recording of `text`, (frames, bands), above what is said at each step.

    `probabilities` is (steps, ids), the blank first, a step each 30 ms; ids that are ever likely (one half or more) are
    named. `places` as in `sound`.
    """
    figure, (above, below) = new_figure(height=4.6, ratios=(3, 3))
    _spectrogram(above, frames, places)
    # A step hears 45 ms, of which this is the middle.
    time = 0.03 * np.arange(len(probabilities)) + 0.0225
    below.plot(time, probabilities[:, 0], color=GRAY, linestyle="--", linewidth=1)
    likely = [place for place in range(1, probabilities.shape[1]) if probabilities[:, place].max() >= 0.5]
    for number, place in enumerate(likely):
        below.plot(time, probabilities[:, place], color=COLORS[number % len(COLORS)], linewidth=1.8)
    at = probabilities.argmax(axis=1)
    starts = [step for step in range(len(at)) if at[step] and (step == 0 or at[step] != at[step - 1])]
    # Words that are close together stand at two heights.
    close = len(starts) > 1 and np.diff(time[starts]).min() < 0.12 * time[-1]
    for number, step in enumerate(starts):
        above.axvline(time[step], color="white", linewidth=1, linestyle=":")
        height = 1.18 if close and number % 2 else 1.03
        below.text(time[step], height, names[at[step]], fontsize=SIZE, color=TRUTH, ha="center", va="bottom")
    below.set_ylim(0, 1.02)
    below.set_xlabel("seconds")
    below.set_ylabel("probability")
    for axes in (above, below):
        enlarge(axes)
    said = ", ".join(f"{names[at[step]]} at {time[step]:.2f} s" for step in starts) or "nothing"
    show(
        figure,
        alt=f"Two panels over a recording of {text!r}. Above: its log-mel features. Below: probabilities; dashed, the "
        f"blank, which is high between the peaks of the words, which say: {said}.",
        caption=f"“{text}”. Above: what the network hears, dotted where it says a word. Below: what it says, a line "
        "for each word, dashed the blank.",
    )


def voice_errors(rates: Mapping[str, float], overall: float) -> None:
    """The word error rate of each voice as a bar, the worst on top, and a line at that of all of them."""
    figure, axes = new_figure(height=1.2 + 0.2 * len(rates))
    names = sorted(rates, key=lambda name: rates[name])
    axes.barh(names, [100 * rates[name] for name in names], color=MODEL)
    axes.axvline(100 * overall, color=RULES[0], linestyle="--", linewidth=1.5, label=f"all: {100 * overall:.1f} %")
    axes.set_xlabel("word errors (%)")
    axes.set_xlim(0, max(1, 105 * max(rates.values())))
    axes.margins(y=0.01)
    enlarge(axes)
    legend(figure, SIZE)
    rows = ", ".join(f"{name} {100 * rates[name]:.1f} %" for name in reversed(names))
    show(
        figure,
        alt=f"A bar for each of {len(rates)} voices, the word errors: {rows}. A dashed line marks {100 * overall:.1f} "
        "%, that of all words.",
        caption=f"Word errors of {len(rates)} voices never heard in training. Dashed: of all words together.",
    )


def voices_curve(heard: Mapping[int, Sequence[float]], held_out: int) -> None:
    """Word error rates on `held_out` voices, for each number of voices heard in training; the axis of voices by ratio.

    A dot for each draw of so many voices, a line through the means.
    """
    figure, axes = new_figure(height=3.0)
    counts = sorted(heard)
    axes.plot(counts, [100 * np.mean(heard[count]) for count in counts], color=MODEL, linewidth=1.5)
    for count in counts:
        axes.plot([count] * len(heard[count]), 100 * np.asarray(heard[count]), "o", color=MODEL, markersize=6)
    axes.set_xscale("log")
    axes.set_xticks(counts, [str(count) for count in counts], minor=False)
    axes.set_xticks([], minor=True)
    axes.set_ylim(0)
    axes.set_xlabel("voices heard in training (equal ratios, equal steps)")
    axes.set_ylabel("word errors (%)")
    enlarge(axes)
    rows = "; ".join(f"{n}: " + ", ".join(f"{100 * rate:.1f} %" for rate in sorted(heard[n])) for n in counts)
    show(
        figure,
        alt=f"Word error rates on {held_out} voices never heard, a dot for each training, by the number of voices "
        f"heard in it, and a line through the means: {rows}.",
        caption=f"Errors on {held_out} held-out voices by the number of voices heard in training, a dot for each draw "
        "of voices. All trainings have as many recordings and updates.",
    )


def ctc_training(history: Mapping[str, Sequence[float]], best_epoch: int) -> None:
    """Training and validation loss by epoch, and below them the word error rate on validation voices."""
    figure, (above, below) = new_figure(height=4.2, ratios=(3, 2))
    epochs = np.arange(1, len(history["loss"]) + 1)
    above.plot(epochs, history["loss"], color=TRUTH, marker=".", label="training")
    above.plot(epochs, history["val_loss"], color=RULES[0], marker=".", label="validation")
    scale_losses(above)
    above.set_ylabel("nats")
    below.plot(epochs, 100 * np.asarray(history["val_errors"]), color=RULES[0], marker=".")
    below.xaxis.get_major_locator().set_params(integer=True)
    below.set_ylim(0)
    below.set_ylabel("errors (%)")
    below.set_xlabel("epoch")
    for axes in (above, below):
        axes.axvline(best_epoch, color=MODEL, linestyle=":", label="weights kept" if axes is above else None)
        enlarge(axes)
    legend(figure, SIZE)
    show(
        figure,
        alt="Two panels by epoch. Above: the loss on training and on validation recordings, on a logarithmic axis. "
        "Below: the share of words wrong on the validation voices. A dotted line marks the epoch whose weights were "
        f"kept, {best_epoch}.",
        caption="Above: the loss of a recording, in training with varied recordings. Below: word errors on voices that "
        f"pick the epoch. The weights kept are those after epoch {best_epoch}.",
    )
