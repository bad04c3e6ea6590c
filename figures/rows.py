"""Rows of a table: chosen, and as columns."""

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from treesmc.sims.sweeps.shards import Row
from treesmc.sims.trees.tree import FloatArray


def column(rows: Iterable[Row], key: str) -> FloatArray:
    """Return one column of the rows, [n]; absent values are nan."""
    return np.array([row[key] for row in rows], dtype=np.float64)


def of(rows: Iterable[Row], **wanted: Any) -> list[Row]:
    """Return the rows whose columns have the wanted values."""
    return [row for row in rows if all(row[key] == value for key, value in wanted.items())]


def bars(rows: Sequence[Row]) -> FloatArray:
    """Return how far the interval of n_star reaches below and above it, [2, n]."""
    return np.abs([column(rows, end) - column(rows, "n_star") for end in ("low", "high")])
