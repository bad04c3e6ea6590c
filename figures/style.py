"""One look for all figures, and files that are the same bytes in every run.

Fonts and sizes are settings that matplotlib reads while drawing *and* while saving (outside them it
would embed Type 3 fonts), so everything happens inside ``with style.active()``. STIX fonts ship
with matplotlib: no TeX is needed. Dates are left out of the files.

Colours are seaborn's colour-blind palette; every curve also has its own marker and dash.
"""

from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, NamedTuple

import matplotlib
import seaborn
from matplotlib.figure import Figure

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


class Look(NamedTuple):
    """How one curve is told apart: colour, marker, and dash pattern of its line."""

    colour: Colour
    marker: str
    dash: Any


def active() -> AbstractContextManager[None]:
    """Return the context in which figures are built and saved."""
    return matplotlib.rc_context(RC)


def save(figure: Figure, out_dir: Path, name: str) -> list[Path]:
    """Write ``name.pdf`` and ``name.png``, inside `active`, and return their paths."""
    out_dir.mkdir(parents=True, exist_ok=True)
    pdf, png = (out_dir / f"{name}.{kind}" for kind in ("pdf", "png"))
    figure.savefig(pdf, metadata={"CreationDate": None})
    figure.savefig(png, metadata={"Software": None})
    return [pdf, png]
