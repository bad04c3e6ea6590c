"""The exponent of N* in x = T log(1 + eps), eps by eps, from x = 3 on: 2."""

from collections.abc import Sequence

from treesmc.figures.rates import Exponent, fit_counts, log_growth
from treesmc.figures.rooms import plan
from treesmc.sims.base import portable
from treesmc.sims.fits import Fit
from treesmc.sims.sweeps.shards import Row

FIT_FROM = 3.0  # in x; what is left out of exp(2x) is x exp(-2x) of it

EXPONENTS = tuple(
    Exponent(
        f"needle-constant-{eps:g}",
        "rate of log N* in T over log(1 + eps), from T log(1 + eps) = 3 on (S2, S3)",
        {"eps": eps},
        first=FIT_FROM / portable.log1p(eps),
        theory=2.0,
        terms=("1", "T"),
        scale=log_growth,
    )
    for eps in sorted({point["eps"] for point in plan("exponent")})
)


def fit_exponent(rows: Sequence[Row], eps: float) -> Fit:
    """Fit log N* = a + b T at one eps; b / log(1 + eps) is the exponent."""
    used = [r for r in rows if r["eps"] == eps and r["T"] * portable.log1p(eps) >= FIT_FROM]
    return fit_counts(used, ("1", "T"))
