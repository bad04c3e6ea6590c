"""What a formula is written with, so that it can be read both in numbers and in letters.

A function of `treesmc.theory.bounds` takes numbers and returns one; given letters of
`treesmc.theory.symbols` it returns the expression. Beside arithmetic it uses the functions below.
They keep numbers that grow like (1 + eps)^T as a `LogNumber`, which does not overflow, and leave
letters to sympy, which is only imported for them.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from treesmc.sims.base import portable


class LogNumber:
    """A number that is not negative, or an array of them, kept as its natural logarithm.

    Products, quotients and powers are sums of logarithms. Of differences only that to 1 is known:
    it is 0 where the number is below 1.
    """

    __array_ufunc__ = None  # so that NumPy leaves ``array * number`` to us

    def __init__(self, log: Any) -> None:
        self.log = log

    def __mul__(self, other: Any) -> LogNumber:
        return LogNumber(self.log + positive(other).log)

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> LogNumber:
        return LogNumber(self.log - positive(other).log)

    def __pow__(self, exponent: Any) -> LogNumber:
        return LogNumber(self.log * exponent)

    def __sub__(self, one: int) -> LogNumber:
        if one != 1:
            raise ValueError(f"LogNumber: {one} cannot be subtracted, only 1")
        return LogNumber(portable.log_expm1(self.log))

    def sum(self) -> LogNumber:
        """Return the sum of an array, 0 if it is empty."""
        return LogNumber(portable.logsumexp(self.log) if len(self.log) else -math.inf)


def _is_letter(x: Any) -> bool:
    return hasattr(x, "free_symbols")


def _for_both(name: str, of_number: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Return a function that is sympy's `name` on expressions and `of_number` on numbers."""

    def function(x: Any) -> Any:
        if not _is_letter(x):
            return of_number(x)
        import sympy as sp

        return getattr(sp, name)(x)

    return function


log = _for_both("log", lambda x: x.log if isinstance(x, LogNumber) else portable.log(x))
exp = _for_both("exp", LogNumber)
tanh = _for_both("tanh", portable.tanh)
sqrt = _for_both("sqrt", math.sqrt)
ceiling = _for_both("ceiling", math.ceil)


def positive(x: Any) -> Any:
    """Return a number as one that may be raised to large powers; a negative one counts as 0."""
    return x if _is_letter(x) or isinstance(x, LogNumber) else LogNumber(portable.log(max(x, 0)))


def one_plus(x: Any) -> Any:
    """Return 1 + x as a number that may be raised to large powers, x small or not."""
    if _is_letter(x):
        return 1 + x
    known = isinstance(x, LogNumber)
    return LogNumber(portable.logaddexp(0.0, x.log) if known else portable.log1p(x))


def from_logs(log_rho: float, log_L: float) -> tuple[Any, Any]:
    """Return eps and L from log(1 + eps) and log L: these are finite where eps and L are not."""
    return LogNumber(log_rho) - 1, LogNumber(log_L)


def total(term: Callable[[Any], Any], last: Any) -> Any:
    """Return the sum of ``term(t)`` over depths t = 1..last."""
    if not _is_letter(last):
        return term(np.arange(1.0, last + 1)).sum()
    import sympy as sp

    from treesmc.theory.symbols import t

    return sp.Sum(term(t), (t, 1, last))
