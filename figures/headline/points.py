r"""The headline: exponential cost becomes polynomial when the reward model is good enough.

On `needle_in_drift` (drift 1/2) and for TV <= 1/10 over terminal classes, the cost in reference
draws, N* T, against the horizon T:

`naive`      naive sampling at eps = 0, its cheapest instance; exact. Rate KL(pi || pi_ref) / T.
`naive-constant`  the same at eps = 1/20, where hiding the needle makes it dearer.
`exact`      SMC at eps = 0.
`over-T`     SMC at eps = 1/T: polynomial (ZL-5.2, S2).
`log-over-T` SMC at eps = log T / (2 T): polynomial, the edge of it (S2, S3).
`constant`   SMC at eps = 1/20: exponential, at rate 2 log(1 + eps) (S2, S3).

The points are ``headline.toml``, an ordinary sweep file. Each SMC cost has a 95% interval, and
beside it the first-order prediction of S6.
"""

from dataclasses import dataclass

from treesmc.sims.base import portable
from treesmc.sims.fits import Fit, fit_growth, rounded_stderr
from treesmc.sims.sweeps.shards import Row

CONSTANT = 0.05  # eps of the curves of that name
# Shorter horizons are left out of fits, where laws of growth are not asymptotic.
FIT_FROM = {"log T": 16, "T": 48}


@dataclass(frozen=True)
class Series:
    """One curve.

    Attributes
    ----------
    method : str
        As in `treesmc.sims.cost.cost`.
    growth : tuple of str
        Terms of the fit to log n_star, keys of `treesmc.sims.fits.TERMS`; the last one is the
        exponent of interest.
    """

    method: str
    growth: tuple[str, ...]


SERIES: dict[str, Series] = {
    "naive": Series("naive", ("1", "sqrt T", "T")),
    "naive-constant": Series("naive", ("1", "sqrt T", "T")),
    "constant": Series("smc", ("1", "T")),
    "log-over-T": Series("smc", ("1", "log T")),
    "over-T": Series("smc", ("1", "log T")),
    "exact": Series("smc", ("1", "log T")),
}


def fit_series(rows: list[Row], name: str) -> Fit | None:
    """Fit the growth of n_star along one series of the table; None if too few points are left.

    A measured n_star is an estimate rounded up: half a unit too large on average, with an
    additional variance of 1/12.
    """
    series = SERIES[name]
    first = FIT_FROM[series.growth[-1]]
    used = [r for r in rows if r["series"] == name and r["T"] >= first and not r["censored"]]
    if len(used) <= len(series.growth):
        return None
    T, n = ([row[key] for row in used] for key in ("T", "n_star"))
    if series.method == "naive":
        return fit_growth(T, [portable.log(x) for x in n], None, series.growth)
    stderr = [rounded_stderr(row["log_stderr"], row["n_star"]) for row in used]
    return fit_growth(T, [portable.log(x - 0.5) for x in n], stderr, series.growth)
