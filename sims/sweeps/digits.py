"""The digits of results: as many as are right, so that the last ones are not noise.

A result has nine significant digits. Double precision leaves it thirteen or more, so where its last
bits differ between machines (`portable` says for what that can be) those nine do not, but for a
chance of 1e-5 a number. A column that is a difference, such as a total variation or a Bellman
error, carries the absolute round-off of its terms however small it is itself; what is below that is
zero. Whole numbers are counts and keep all their digits.
"""

from collections.abc import Callable, Collection, Mapping
from functools import wraps
from typing import Any

from treesmc.sims.sweeps.shards import Parameters, Row

SIGNIFICANT = 9
ROUND_OFF = 1e-12  # of differences between numbers of order one


def digits(*differences: str) -> Callable[[Callable[[Parameters], Row]], Any]:
    """Return a decorator of functions that compute a point, which rounds what they return.

    Parameters
    ----------
    *differences : str
        Columns whose values below `ROUND_OFF` are zero.
    """

    def decorate(compute: Callable[[Parameters], Row]) -> Callable[[Parameters], Row]:
        @wraps(compute)
        def rounding(point: Parameters) -> Row:
            return rounded(compute(point), differences)

        return rounding

    return decorate


def rounded(row: Mapping[str, Any], differences: Collection[str]) -> Row:
    """Return a row of the digits that are right, given which columns are differences."""
    return {name: _right(value, name in differences) for name, value in row.items()}


def _right(value: Any, is_difference: bool) -> Any:
    if not isinstance(value, float) or value.is_integer():
        return value
    if is_difference and abs(value) < ROUND_OFF:
        return 0.0
    return float(f"{value:.{SIGNIFICANT}g}")
