"""Growth of N* with T at eps = 1/10: exponential where errors compound."""

from collections.abc import Sequence

from treesmc.figures.perturbations.points import EPS
from treesmc.figures.rates import Exponent, fit_counts, log_growth
from treesmc.figures.rows import of
from treesmc.sims.fits import Fit
from treesmc.sims.sweeps.shards import Row

COMPOUNDING = ("persistent", "hidden")
FIT_FROM = 24

EXPONENTS = (
    *(
        Exponent(
            f"{name}-constant",
            "rate of log N* in T over log(1 + eps), compounding errors, from T = 24 on (S2)",
            {"series": name, "eps": EPS},
            first=FIT_FROM,
            theory=2.0,
            terms=("1", "T"),
            scale=log_growth,
        )
        for name in COMPOUNDING
    ),
    Exponent(
        "value-noise-constant",
        "degree of N* in T, errors that do not compound, eps = 0.1, from T = 16 on (S2 under A3)",
        {"series": "value_noise", "eps": EPS},
        first=16,
        theory=0.5,
        terms=("1", "log T"),
    ),
)


def fit_rate(rows: Sequence[Row], series: str) -> Fit:
    """Fit log N* = a + b T along the horizons of a series."""
    used = [row for row in of(rows, series=series, eps=EPS) if row["T"] >= FIT_FROM]
    return fit_counts(used, ("1", "T"))
