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

import math
from dataclasses import dataclass
from pathlib import Path

from treesmc.sims.experiments.shards import Parameters, Row, collect, run
from treesmc.sims.fits import Fit, fit_growth
from treesmc.sims.sweeps.plan import load_sweep
from treesmc.sims.sweeps.point import compute_point

PLAN = Path(__file__).with_suffix(".toml")
CONSTANT = 0.05  # eps of the curves of that name
QUICK_HORIZONS = (4, 8, 16, 32, 64)
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

COLUMNS = (
    *("series", "method", "T", "eps", "delta", "drift", "L", "kl"),
    *("n_star", "low", "high", "log_stderr", "evidence", "censored", "reference_draws"),
    *("first_order", "bracket_low", "bracket_high", "replicates", "seed"),
)


def points(quick: bool = False) -> list[Parameters]:
    """Return the parameters of all points, curve by curve."""
    full = list(load_sweep(PLAN))
    return [_coarse(point) for point in full if point["T"] in QUICK_HORIZONS] if quick else full


def _coarse(point: Parameters) -> Parameters:
    return {**point, "replicates": max(point["replicates"] // 4, 256)}


def compute(results_dir: Path, jobs: int = 1, quick: bool = False) -> Path:
    """Compute what is missing and return the table, ``results_dir/headline.csv``."""
    shards = results_dir / "shards" / "headline"
    rows = run(points(quick), compute_point, shards, _describe, _effort, jobs)
    return collect(rows, COLUMNS, results_dir / "headline.csv")


def _describe(point: Parameters) -> str:
    return f"headline {point['series']} T={point['T']}"


def _effort(point: Parameters) -> float:
    """A replicate takes T^2, but there are about 1/T of them."""
    return float(point["T"])


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
        return fit_growth(T, [math.log(x) for x in n], None, series.growth)
    stderr = [math.hypot(row["log_stderr"], 12**-0.5 / row["n_star"]) for row in used]
    return fit_growth(T, [math.log(x - 0.5) for x in n], stderr, series.growth)
