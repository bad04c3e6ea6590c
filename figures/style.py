"""One look for all figures, and files that are the same bytes in every run.

Fonts and sizes are settings that matplotlib reads while drawing *and* while saving (outside them it
would embed Type 3 fonts), so everything happens inside ``with style.active()``. STIX fonts ship
with matplotlib: no TeX is needed. Dates are left out of the files.

Colours are seaborn's colour-blind palette; every curve also has its own marker and dash. Importing
seaborn names its colour maps to matplotlib as well.
"""

import pathlib
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple
from unittest.mock import patch

import matplotlib
import numpy as np
import seaborn
from matplotlib.figure import Figure
from matplotlib.markers import MarkerStyle
from matplotlib.path import Path
from matplotlib.scale import LogTransform
from matplotlib.transforms import Affine2D

COLUMN_WIDTH = 3.25  # inches
PAGE_WIDTH = 6.75

RC: Any = {  # dict of settings; matplotlib's own type lists every key
    "font.family": "STIXGeneral",
    "mathtext.fontset": "stix",
    "font.size": 9,
    "axes.titlesize": 9,
    "axes.labelsize": 9,
    "legend.fontsize": 8,
    "xtick.labelsize": 8,
    "ytick.labelsize": 8,
    "axes.linewidth": 0.6,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "xtick.major.width": 0.6,
    "ytick.major.width": 0.6,
    "xtick.minor.size": 0,
    "ytick.minor.size": 0,
    "lines.linewidth": 1.1,
    "lines.markersize": 4.2,
    "lines.markeredgewidth": 0.5,
    "legend.frameon": False,
    "pdf.fonttype": 42,
    "figure.dpi": 100,
    "savefig.dpi": 300,
}

Colour = str | tuple[float, float, float]
BLUE, ORANGE, GREEN, RED, PURPLE, *_ = seaborn.color_palette("colorblind")
INK = "0.25"
# As "D", which is turned by 45 degrees, hence by a sine whose last bit is the library's.
DIAMOND = MarkerStyle(
    Path([(0, -1), (1, 0), (0, 1), (-1, 0), (0, -1)], closed=True),
    transform=Affine2D().scale(1.414214),
)
MARKERS: tuple[str | MarkerStyle, ...] = ("o", "s", DIAMOND, "^", "v", ">")


class Look(NamedTuple):
    """How one curve is told apart: colour, marker, and dash pattern of its line."""

    colour: Colour
    marker: str | MarkerStyle
    dash: Any = "none"

    def handle(self) -> dict[str, Any]:
        """Return the settings of its markers, without a line."""
        edge = {"markeredgecolor": "white", "linestyle": "none"}
        return {**edge, "marker": self.marker, "color": self.colour}

    def hollow(self, face: str = "none") -> dict[str, Any]:
        """Return the settings of its markers, hollow and without a line."""
        return {**self.handle(), "markerfacecolor": face, "markeredgecolor": self.colour}


def ordered_looks(n: int) -> list[Look]:
    """Return up to six looks, light to dark, for the values of an ordered parameter."""
    shades = seaborn.color_palette("crest", n)
    return [Look(shade, marker) for shade, marker in zip(shades, MARKERS, strict=False)]


def bound_look(ours: bool) -> dict[str, Any]:
    """Return the line style of a bound: this project's solid, the paper's dashed."""
    return {
        "color": RED if ours else INK,
        "linestyle": "-" if ours else (0, (5, 2)),
        "zorder": 1,
    }


@contextmanager
def active() -> Iterator[None]:
    """Build and save figures in this context.

    Logarithmic axes forget what is below 1e-9 of a decade: last bits of a logarithm depend on the
    machine, and now and then a pixel on them. They round at 0.49, since margins are twentieths of
    rounded numbers, and often end on 0.5.
    """
    exactly = LogTransform.transform_non_affine

    def rounded(self: LogTransform, values: Any) -> Any:
        return np.floor(np.asarray(exactly(self, values)) * 1e9 + 0.51) / 1e9

    with matplotlib.rc_context(RC), patch.object(LogTransform, "transform_non_affine", rounded):
        yield


def save(figure: Figure, out_dir: pathlib.Path, name: str) -> list[pathlib.Path]:
    """Write ``name.pdf`` and ``name.png``, inside `active`, and return their paths."""
    out_dir.mkdir(parents=True, exist_ok=True)
    pdf, png = (out_dir / f"{name}.{kind}" for kind in ("pdf", "png"))
    figure.savefig(pdf, metadata={"CreationDate": None})
    figure.savefig(png, metadata={"Software": None})
    return [pdf, png]
