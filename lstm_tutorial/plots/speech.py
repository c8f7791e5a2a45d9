"""Sound, the bands that an ear or an LSTM hears in it, and what a network says about it at each step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from lstm_tutorial.plots.figure import GRAY, MODEL, RULES, SIZE, TRUTH, enlarge, legend, new_figure, scale_losses, show

COLORS = (MODEL, *RULES)


def sound(samples: np.ndarray, rate: int, frames: np.ndarray, text: str) -> None:
    """The wave, (time,), above its log-mel features, (frames, bands), a frame each 10 ms."""
    figure, (wave, bands) = new_figure(height=4.4, ratios=(2, 3))
    time = np.arange(len(samples)) / rate
    wave.plot(time, samples, color=MODEL, linewidth=0.5)
    wave.set_ylabel("sample")
    bands.imshow(
        frames.T, origin="lower", aspect="auto", cmap="magma", extent=(0, len(frames) / 100, 0.5, frames.shape[1] + 0.5)
    )
    bands.set_ylabel("band")
    bands.set_xlabel("seconds")
    for axes in (wave, bands):
        enlarge(axes)
    show(
        figure,
        alt=f"Two panels over {time[-1]:.1f} seconds in which {text!r} is said. Above: the sound wave, one bulge for "
        f"each syllable. Below: an image of {frames.shape[1]} bands from low to high, bright where a band is loud.",
        caption=f"“{text}”. Above: the wave, {rate:,} samples a second. Below: its log-mel features, {frames.shape[1]} "
        "bands, 100 frames a second; bright is loud.",
    )


def mel_filters(filters: np.ndarray, rate: int) -> None:
    """Triangles, (bands, frequencies), over the frequencies from 0 to half the rate."""
    figure, axes = new_figure(height=2.6)
    hertz = np.linspace(0, rate / 2, filters.shape[1])
    for number, triangle in enumerate(filters):
        axes.plot(hertz, triangle, color=COLORS[number % 2], linewidth=1.2)
    axes.set_xlabel("frequency (Hz)")
    axes.set_ylabel("weight")
    axes.set_ylim(0)
    enlarge(axes)
    show(
        figure,
        alt=f"{len(filters)} overlapping triangles over the frequencies from 0 to {rate / 2:,.0f} hertz, narrow and "
        "close together on the left, wide and far apart on the right.",
        caption=f"The weights with which frequencies count toward the {len(filters)} bands. Equally wide in mel, they "
        "grow wider in hertz.",
    )


def utterance(probabilities: np.ndarray, names: Sequence[str], seconds: float, text: str) -> None:
    """What is said at each step: `probabilities` (steps, ids), the blank first, of a recording of `text`.

    Only ids that are ever likely (one half or more) are named.
    """
    figure, axes = new_figure(height=3.2)
    time = (np.arange(len(probabilities)) + 0.5) * seconds / len(probabilities)
    axes.plot(time, probabilities[:, 0], color=GRAY, linestyle="--", linewidth=1)
    likely = [place for place in range(1, probabilities.shape[1]) if probabilities[:, place].max() >= 0.5]
    for number, place in enumerate(likely):
        axes.plot(time, probabilities[:, place], color=COLORS[number % len(COLORS)], linewidth=1.8)
    at = probabilities.argmax(axis=1)
    starts = [step for step in range(len(at)) if at[step] and (step == 0 or at[step] != at[step - 1])]
    for step in starts:
        axes.text(time[step], 1.03, names[at[step]], rotation=45, fontsize=11, color=TRUTH, ha="left", va="bottom")
    axes.set_ylim(0, 1.02)
    axes.set_xlabel("seconds")
    axes.set_ylabel("probability")
    enlarge(axes)
    said = ", ".join(f"{names[at[step]]} at {time[step]:.2f} s" for step in starts) or "nothing"
    show(
        figure,
        alt=f"Probabilities over {seconds:.1f} seconds of a recording of {text!r}. Dashed, the blank, which is high "
        f"between the peaks of the words; these say: {said}.",
        caption=f"What the network says while it hears “{text}”: a line for each word, dashed the blank.",
    )


def voices_curve(heard: Mapping[int, Sequence[float]], held_out: int) -> None:
    """Word error rates on `held_out` voices, for each number of voices heard in training, on logarithmic axes."""
    figure, axes = new_figure(height=3.0)
    counts = sorted(heard)
    axes.plot(counts, [100 * np.mean(heard[count]) for count in counts], color=MODEL, linewidth=1.5)
    for count in counts:
        axes.plot([count] * len(heard[count]), 100 * np.asarray(heard[count]), "o", color=MODEL, markersize=6)
    axes.set_xscale("log")
    axes.set_xticks(counts, [str(count) for count in counts], minor=False)
    axes.set_xticks([], minor=True)
    axes.set_ylim(0)
    axes.set_xlabel("voices heard in training")
    axes.set_ylabel("word errors (%)")
    enlarge(axes)
    rows = "; ".join(f"{count}: {100 * np.mean(heard[count]):.1f} %" for count in counts)
    show(
        figure,
        alt=f"Word error rate on {held_out} voices never heard, by the number of voices heard in training, in all "
        f"trainings equally long: {rows}.",
        caption=f"Errors on {held_out} held-out voices by the number of voices heard in training. All trainings have "
        "as many recordings and updates.",
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
