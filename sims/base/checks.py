"""Checks of arguments: each raises `BadInput` with one line that names argument, value and need."""

from collections.abc import Iterable
from typing import Any

import numpy as np

from treesmc.sims.base.errors import BadInput

LARGEST_LOG_VALUE = 1e9
"""Largest size of log V. A float beyond it has fewer than seven digits after the point left, so
that V itself is hardly known; up to it no sum over steps leaves the range of floats."""


LARGEST_HORIZON = 100_000

LEAST_TOLERANCE = 1e-100
"""Far below what total variation can be told to, and its square is still a float."""


def check_tolerance(name: str, value: float) -> None:
    """Raise BadInput unless 1e-100 <= value < 1."""
    check_inner_fraction(name, value)
    if value < LEAST_TOLERANCE:
        raise BadInput(f"{name}: {value} is too small, the least is {LEAST_TOLERANCE:g}")


def check_integer(name: str, value: Any, least: int, most: int | None = None) -> None:
    """Raise BadInput unless a value is an integer from ``least`` to ``most``."""
    if not isinstance(value, int | np.integer) or isinstance(value, bool):
        raise BadInput(f"{name}: {value!r} is not an integer")
    if value < least:
        raise BadInput(f"{name}: {value} is too small, the least is {least}")
    if most is not None and value > most:
        raise BadInput(f"{name}: {value} is too large, the most is {most}")


def check_horizon(T: int, least: int, most: int = LARGEST_HORIZON) -> None:
    """Raise BadInput unless a tree family has a member of horizon T that can be held."""
    if T < least:
        raise BadInput(f"horizon: {T} is too short; this family needs at least {least}")
    if T > most:
        raise BadInput(f"horizon: {T} is too long; trees of this family have at most {most} steps")


def check_positive(name: str, value: float) -> None:
    """Raise BadInput unless 0 < value < inf."""
    if not 0 < value < np.inf:
        raise BadInput(f"{name}: {value} is not a positive number")


def check_nonnegative(name: str, value: float) -> None:
    """Raise BadInput unless 0 <= value < inf."""
    if not 0 <= value < np.inf:
        raise BadInput(f"{name}: {value} is not a nonnegative number")


def check_at_most(name: str, value: float, most: float) -> None:
    """Raise BadInput unless value <= most."""
    if value > most:
        raise BadInput(f"{name}: {value} is too large, the most is {most:g}")


def check_fraction(name: str, value: Any) -> None:
    """Raise BadInput unless a value is a number with 0 <= value <= 1."""
    if not isinstance(value, int | float) or not 0 <= value <= 1:
        raise BadInput(f"{name}: {value!r} is not a number between 0 and 1")


def check_inner_fraction(name: str, value: float) -> None:
    """Raise BadInput unless 0 < value < 1."""
    if not 0 < value < 1:
        raise BadInput(f"{name}: {value} is not strictly between 0 and 1")


def check_one_of(name: str, value: Any, known: Iterable[Any]) -> None:
    """Raise BadInput unless a value is known."""
    if value not in (known := tuple(known)):
        raise BadInput(f"{name}: {value!r} is not one of {', '.join(map(str, known))}")
