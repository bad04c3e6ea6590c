"""The bounds on cost side by side: logarithms of what each claim says suffices, or is needed.

Keys name the claim; ``ZL-5.1 middle`` is the bound inside that theorem's proof, ``S2 closed`` the
closed form that follows from S2's sum; in S8 L is the ratio bound of V*. ZL-4.1, ZL-4.2 and S3
are lower bounds on queries, S13 counts M H of Algorithm 2, and the others count particles.
`treesmc.theory.growth` classifies them along schedules of the Bellman error.
"""

from __future__ import annotations

import sympy as sp

from treesmc.theory.symbols import L, T, delta, eps, t

_r = 1 + eps
_q = L**2 * _r ** (2 * (T - t))

LOG_BOUNDS: dict[str, sp.Expr] = {
    "ZL-4.1": 2 * T / 3 * sp.log(L),
    "ZL-4.2": 2 * T / 3 * sp.log(_r),
    "ZL-5.1": sp.log(L**6 * T * _r ** (6 * (T - 1)) / (2 * delta)),
    "ZL-5.1 middle": sp.log(sp.Sum(_q * (_q**2 - 1), (t, 1, T)) / (2 * delta)),
    "S2": sp.log(sp.Sum(L * _r ** (2 * (T - t) + 1) - 1, (t, 1, T)) / delta),
    "S2 closed": sp.log(L * T * _r ** (2 * T - 1) / delta),
    "S3": sp.log((sp.Rational(1, 2) - delta) * _r ** (2 * (T - 1)) - 1),
    "S5": sp.log(sp.Sum(_r ** (2 * (T - t)) - 1, (t, 1, T - 1)) / delta),
    "S8": sp.log(sp.Sum(L * _r ** (2 * (T - t + 1)) - 1, (t, 1, T)) / delta),
    "S13": sp.log(L * _r * T * sp.log(4 / delta) * 21 * _r ** (2 * (T - 1)) * sp.log(2 / delta)),
}
