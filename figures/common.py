"""What the figures share: columns of a table, and colours in the order of a parameter."""

from collections.abc import Iterable
from typing import Any

import numpy as np
import seaborn
from matplotlib.markers import MarkerStyle

from treesmc.figures import style
from treesmc.figures.shards import Row
from treesmc.figures.style import Look
from treesmc.sims.trees.tree import FloatArray

MARKERS: tuple[str | MarkerStyle, ...] = ("o", "s", style.DIAMOND, "^", "v", ">")
HANDLE: dict[str, Any] = {"markeredgecolor": "white", "linestyle": "none"}


def column(rows: Iterable[Row], key: str) -> FloatArray:
    """Return one column of the rows, [n]; absent values are nan."""
    return np.array([row[key] for row in rows], dtype=np.float64)


def of(rows: Iterable[Row], **wanted: Any) -> list[Row]:
    """Return the rows whose columns have the wanted values."""
    return [row for row in rows if all(row[key] == value for key, value in wanted.items())]


def ordered_looks(n: int) -> list[Look]:
    """Return up to six looks, light to dark, for the values of an ordered parameter."""
    shades = seaborn.color_palette("crest", n)
    return [Look(shade, marker, "none") for shade, marker in zip(shades, MARKERS, strict=False)]


def bound_look(ours: bool) -> dict[str, Any]:
    """Return the line style of a bound: this project's solid, the paper's dashed."""
    return {
        "color": style.RED if ours else style.INK,
        "linestyle": "-" if ours else (0, (5, 2)),
        "zorder": 1,
    }
