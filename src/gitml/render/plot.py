"""Curves as a picture, by matplotlib: an optional extra."""

from __future__ import annotations

import math
from io import BytesIO
from itertools import pairwise
from typing import TYPE_CHECKING, Final

from gitml.errors import MissingExtra
from gitml.render.cells import cell, printable

if TYPE_CHECKING:
    from gitml.views.curves import Curve, Curves

SUFFIXES: Final = ("png", "svg")
# M. Okabe and K. Ito, "Color universal design", 2008; with a dash of its own each, for who prints without colour.
_COLOURS: Final = ("#0072B2", "#E69F00", "#009E73", "#D55E00", "#56B4E9", "#CC79A7", "#000000")
_DASHES: Final = ("-", "--", "-.", ":")
_INCHES: Final = (8.0, 4.5)
_DENSE: Final = 40


def plot(curves: Curves, suffix: str) -> bytes:
    """A PNG or SVG file of the curves; the same curves give the same bytes. Raises MissingExtra."""
    try:
        import matplotlib as mpl
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure
        from matplotlib.ticker import MaxNLocator
    except ImportError:
        raise MissingExtra("matplotlib", "plots") from None
    figure = Figure(figsize=_INCHES, layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.add_subplot()
    for number, curve in enumerate(curves.curves):
        xs, ys = [mark.at for mark in curve.marks], [_finite(mark.value) for mark in curve.marks]
        colour, dash = _COLOURS[number % len(_COLOURS)], _DASHES[number // len(_COLOURS) % len(_DASHES)]
        marker = "o" if len(xs) <= _DENSE else "" if _touching(ys) else "."
        axes.plot(xs, ys, dash, color=colour, marker=marker, markersize=3.5, linewidth=1.6, label=_label(curve))
    axes.set_xlabel(curves.along)
    axes.set_ylabel(_plain(curves.metric))
    axes.grid(visible=True, color="0.9")
    axes.spines[["top", "right"]].set_visible(False)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.legend(frameon=False, fontsize="small", loc="upper center", bbox_to_anchor=(0.5, -0.14))
    file = BytesIO()
    with mpl.rc_context({"svg.hashsalt": "gitml", "svg.fonttype": "none"}):
        figure.savefig(file, format=suffix, dpi=150, metadata={"Date": None} if suffix == "svg" else None)
    return file.getvalue()


def _finite(value: float) -> float:
    """What has no place on paper is a gap."""
    return float(value) if math.isfinite(value) else math.nan


def _touching(values: list[float]) -> bool:
    """Whether every point is joined to another: one between two gaps would not be seen without a mark."""
    alone = [math.isnan(value) for value in values]
    return not any(
        before and not here and after for (before, here), after in zip(pairwise(alone), alone[2:], strict=False)
    )


def _label(curve: Curve) -> str:
    """`run/wine/01JD…  last 0.918, best 0.92 at 37`."""
    last = f"last {cell(curve.last.value)}" if curve.last else ""
    best = f"best {cell(curve.best.value)} at {curve.best.at}" if curve.best else ""
    told = ", ".join(filter(None, [last, best]))
    return _plain(f"{curve.ref}  {told}".rstrip())


def _plain(text: str) -> str:
    """A text that is no formula to matplotlib."""
    return printable(text).replace("$", r"\$")
