"""Growth of N* with T under each way of resampling, from T = 16 on: its degree, and its slope."""

import math
from collections.abc import Sequence

from treesmc.figures.rates import Exponent
from treesmc.figures.rows import column
from treesmc.sims.base import portable
from treesmc.sims.fits import Fit, fit_growth
from treesmc.sims.laws.schemes import SCHEMES
from treesmc.sims.sweeps.shards import Row

FIT_FROM = 16

# What theory says of the degree: 1 where every step resamples by independent draws, 0 where the
# weights of a whole path vary little and few resamplings, or nearly noiseless ones, remain.
DEGREES = (
    ("needle", "multinomial", 1.0, 1.0),
    *(("needle", scheme, 0.5, 0.0) for scheme in SCHEMES),
    *(("needle", scheme, 1.0, 0.0) for scheme in SCHEMES if scheme != "multinomial"),
    ("needle_in_drift", "multinomial", 1.0, 1.0),
)
EXPONENTS = tuple(
    Exponent(
        f"resampling-{tree}-{scheme}-{'every-step' if kappa == 1 else 'adaptive'}",
        "degree of N* in T at (1 + eps)^(T - 1) = e, from T = 16 on"
        + (", where N* = a + b T" if theory else ""),
        {"family": tree, "scheme": scheme, "kappa": kappa},
        first=FIT_FROM,
        theory=theory,
        terms=("1", "log T"),
        allowance=0.1 if theory else 0.0,
    )
    for tree, scheme, kappa, theory in DEGREES
)


def fit_slope(rows: Sequence[Row]) -> Fit:
    """Fit N* = a + b T itself along one variant: the cost is a T + b T^2.

    Errors contain the rounding of N* to an integer, of variance 1/12.
    """
    used = _asymptotic(rows)
    T, n = column(used, "T"), column(used, "n_star")
    stderr = portable.hypot(column(used, "log_stderr") * n, 1 / math.sqrt(12))
    return fit_growth(T, n, stderr, ("1", "T"))


def law_slope(rows: Sequence[Row]) -> float:
    """Return b of a first-order law, between its first horizon from 16 on and its last."""
    first, *_, last = _asymptotic(rows)
    return float((last["predicted"] - first["predicted"]) / (last["T"] - first["T"]))


def _asymptotic(rows: Sequence[Row]) -> list[Row]:
    return [row for row in rows if row["T"] >= FIT_FROM]
