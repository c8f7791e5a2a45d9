"""What all pictures share: size, colors, legend, and how they are displayed."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

TRUTH, MODEL, RULES = "#1d2530", "#0f6fb5", ("#c8591b", "#5a8f29", "#8a5aa8", "#8c6d1f")
STATE, GRAY, BARS, PALE = "#b98300", "#8a929c", "#b8c2cc", "#c9d1da"
SIZE = 12  # of type that can be read on a phone


def new_figure(
    height: float = 2.9, ratios: Sequence[int] = (1,), columns: int = 1, sharex: bool = True, sharey: bool = False
) -> tuple[Figure, Any]:
    """A figure six inches wide and its axes: one, or an array with a row of axes for each of `ratios`."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(6, height), layout="constrained")
    panels = figure.subplots(len(ratios), columns, sharex=sharex, sharey=sharey, squeeze=False, height_ratios=ratios)
    for axes in panels.flat:
        axes.spines[["top", "right"]].set_visible(False)
        axes.tick_params(labelsize=9)
    return figure, panels[0, 0] if panels.size == 1 else panels.ravel()


def as_text(name: str) -> str:
    """A name of somebody's for a label: Matplotlib would take what stands between dollars for a formula."""
    return name.replace("$", r"\$")


def legend(figure: Figure, size: int = 9) -> None:
    """Above the picture, where it covers nothing."""
    figure.legend(loc="outside upper left", ncols=4, fontsize=size, frameon=False)


def enlarge(axes: Axes) -> None:
    """Type that can be read on a phone; to be called once the labels are set."""
    axes.tick_params(labelsize=SIZE)
    axes.xaxis.label.set_fontsize(SIZE)
    axes.yaxis.label.set_fontsize(SIZE)


def scale_losses(axes: Axes) -> None:
    """A logarithmic axis for losses, with plain numbers at 1, 2, 5, 10 ..."""
    from matplotlib.ticker import LogLocator

    axes.set_yscale("log")
    axes.yaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axes.yaxis.set_major_formatter("{x:g}")
    axes.yaxis.set_minor_formatter("")


def date_axis(axes: Axes, index: Any) -> None:
    """Few short dates across, if an index is one of times; to be called once the data are drawn."""
    if not hasattr(index, "year"):
        return
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter

    locator = AutoDateLocator(minticks=3, maxticks=7)  # fewer can fail
    axes.xaxis_date()
    axes.xaxis.set_major_locator(locator)
    formatter = ConciseDateFormatter(locator)
    if index[0].month != index[-1].month:
        formatter.offset_formats[2] = "%Y"  # the ticks name the months
    axes.xaxis.set_major_formatter(formatter)
    axes.xaxis.get_offset_text().set_fontsize(SIZE)


def to_png(figure: Figure) -> bytes:
    """The picture as PNG of few colors."""
    from PIL import Image

    raw, small = io.BytesIO(), io.BytesIO()
    figure.savefig(raw, format="png", dpi=160)
    Image.open(raw).convert("RGB").quantize(64).save(small, format="png", optimize=True)
    return small.getvalue()


def show(figure: Figure, alt: str, caption: str) -> None:
    """Display as PNG of few colors. `make refresh` hands alt text and caption on to the rendered page."""
    from IPython.display import display

    metadata = {"image/png": {"alt": alt, "caption": caption}}
    display({"image/png": to_png(figure), "text/plain": alt}, raw=True, metadata=metadata)
