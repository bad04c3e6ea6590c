"""The degree of the cost of Algorithm 2 in T, from T = 24 on."""

import math
from collections.abc import Sequence

from treesmc.figures.rates import Exponent
from treesmc.figures.rows import column, of
from treesmc.sims.base import portable
from treesmc.sims.fits import Fit, fit_growth
from treesmc.sims.sweeps.shards import Row

FIT_FROM = 24

EXPONENTS = tuple(
    Exponent(
        f"pool-{name}",
        f"degree of the cost M T (H + 1) of Algorithm 2 in T at eps = {schedule}, "
        "least over M and H, from T = 24 on",
        {"series": "least", "c": c},
        first=FIT_FROM,
        theory=theory,
        terms=("1", "log T"),
        allowance=0.05,  # M is an integer, and small
        cost="cost",
    )
    for name, schedule, c, theory in (
        ("exact", "0", 0.0, 1.5),
        ("over-T", "1/T", 1.0, 2.0),
    )
)


def fit_degree(rows: Sequence[Row], c: float) -> Fit:
    """Fit log cost = a + b log T at eps = c/T and fixed H; b is the degree.

    M is rounded up, so a half is taken off, and its errors are the rounding's, of variance 1/12.
    """
    used = [row for row in of(rows, series="fixed H", c=c) if row["T"] >= FIT_FROM]
    M = column(used, "M") - 0.5
    log_cost = portable.log(column(used, "cost") * M / column(used, "M"))
    return fit_growth(column(used, "T"), log_cost, 1 / (math.sqrt(12) * M), ("1", "log T"))
