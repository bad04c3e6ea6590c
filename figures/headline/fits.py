"""Growth of the headline's costs with T, curve by curve; shorter horizons are not asymptotic."""

from collections.abc import Sequence
from typing import Any

from treesmc.figures.rates import Exponent, fit_counts, log_growth, log_log
from treesmc.figures.rows import of
from treesmc.sims.base import portable
from treesmc.sims.fits import Fit, fit_growth
from treesmc.sims.sweeps.shards import Row

FIT_FROM = {"log T": 16, "T": 48}  # by the last term, whose coefficient is of interest
GROWTH: dict[str, tuple[str, ...]] = {  # terms of log N*, by series
    "naive": ("1", "sqrt T", "T"),
    "naive-constant": ("1", "sqrt T", "T"),
    "constant": ("1", "T"),
    "log-over-T": ("1", "log T"),
    "over-T": ("1", "log T"),
    "exact": ("1", "log T"),
}


def asymptotic(rows: Sequence[Row], name: str) -> list[Row]:
    """Return the rows of a series that are fitted."""
    first = FIT_FROM[GROWTH[name][-1]]
    return [row for row in of(rows, series=name) if row["T"] >= first and not row["censored"]]


def fit_series(rows: Sequence[Row], name: str) -> Fit | None:
    """Fit the growth of n_star along one series of the table; None if too few points are left.

    A measured n_star is an estimate rounded up: half a unit too large on average.
    """
    used = asymptotic(rows, name)
    if len(used) <= len(GROWTH[name]):
        return None
    if used[0]["method"] == "smc":
        return fit_counts(used, GROWTH[name], excess=0.5)
    log_n = [portable.log(row["n_star"]) for row in used]
    return fit_growth([row["T"] for row in used], log_n, None, GROWTH[name])


def kl_rate(rows: Sequence[Row]) -> float:
    """Return KL(pi || pi_ref) per step after the first, at eps = 0 and the longest horizon."""
    last = of(rows, series="naive")[-1]
    return float(last["kl"] / (last["T"] - 1))


def _divergence_rate(rows: Sequence[Row]) -> float:
    """Return KL(pi || pi_ref) per step, from the two longest horizons."""
    before, last = rows[-2:]
    return float((last["kl"] - before["kl"]) / (last["T"] - before["T"]))


def _exponent(name: str, quantity: str, theory: float, **more: Any) -> Exponent:
    terms = GROWTH[name]
    chosen = {"series": name}
    return Exponent(
        f"headline-{name}", quantity, chosen, FIT_FROM[terms[-1]], theory, terms, **more
    )


EXPONENTS = (
    _exponent(
        "naive",
        "rate of log n* in T beside sqrt T over KL per step, naive sampling, from T = 48 on (S7)",
        1.0,
        scale=_divergence_rate,
    ),
    _exponent(
        "constant",
        "rate of log N* in T over log(1 + eps), needle in drift, from T = 48 on (S2, S3)",
        2.0,
        scale=log_growth,
    ),
    _exponent(
        "over-T",
        "degree of N* in T, needle in drift at eps = 1/T, from T = 16 on (ZL-5.2, S2)",
        1.0,
    ),
    _exponent(
        "log-over-T",
        "degree of N* log T in T, needle in drift at eps = log T / (2T), from T = 16 on (S2, S3)",
        2.0,
        offset=log_log,
        allowance=0.1,
    ),
    _exponent(
        "exact",
        "degree of N* in T, needle in drift with V = V*, from T = 16 on (S6, independent steps)",
        0.5,
    ),
)
