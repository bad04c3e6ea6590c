r"""The headline: exponential cost becomes polynomial when the reward model is good enough.

On `needle_in_drift` (drift 1/2) and for TV <= 1/10 over terminal classes, the cost in reference
draws, N* T, against the horizon T:

`naive`      naive sampling at eps = 0, its cheapest instance; exact. Rate KL(pi || pi_ref) / T.
`naive-constant`  the same at eps = 1/20, where hiding the needle makes it dearer.
`exact`      SMC at eps = 0.
`over-T`     SMC at eps = 1/T: polynomial (ZL-5.2, S2).
`log-over-T` SMC at eps = log T / (2 T): polynomial, the edge of it (S2, S3).
`constant`   SMC at eps = 1/20: exponential, at rate 2 log(1 + eps) (S2, S3).

Each SMC cost has a 95% interval, and beside it the first-order prediction of S6.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from treesmc.sims.cost import cost, terminal_constant
from treesmc.sims.experiments.shards import Parameters, Row, collect, run
from treesmc.sims.families import needle_in_drift
from treesmc.sims.fits import Fit, fit_growth
from treesmc.sims.naive_law import sample_bracket
from treesmc.sims.values import kl, ratio_bound, reference_law

DELTA = 0.1
DRIFT = 0.5
CONSTANT = 0.05
HORIZONS = (4, 6, 8, 12, 16, 24, 32, 48, 64, 96, 128, 192, 256)
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
    epsilon : callable
        Bellman error at horizon T.
    growth : tuple of str
        Terms of the fit to log n_star, keys of `treesmc.sims.fits.TERMS`; the last one is the
        exponent of interest.
    draws : int
        The number of replicates is about this over T. With exact values N* is a few dozen, and
        populations that small need many replicates but cost little.
    """

    method: str
    epsilon: Callable[[int], float]
    growth: tuple[str, ...]
    draws: int = 2**17


SERIES: dict[str, Series] = {
    "naive": Series("naive", lambda T: 0.0, ("1", "sqrt T", "T")),
    "naive-constant": Series("naive", lambda T: CONSTANT, ("1", "sqrt T", "T")),
    "constant": Series("smc", lambda T: CONSTANT, ("1", "T")),
    "log-over-T": Series("smc", lambda T: 0.5 * math.log(T) / T, ("1", "log T")),
    "over-T": Series("smc", lambda T: 1 / T, ("1", "log T"), draws=2**18),
    "exact": Series("smc", lambda T: 0.0, ("1", "log T"), draws=2**21),
}

COLUMNS = (
    *("series", "method", "T", "eps", "delta", "drift", "L", "kl"),
    *("n_star", "low", "high", "log_stderr", "evidence", "censored", "reference_draws"),
    *("first_order", "bracket_low", "bracket_high", "replicates", "seed"),
)


def points(quick: bool = False) -> list[Parameters]:
    """Return the parameters of all points, curve by curve."""
    horizons = QUICK_HORIZONS if quick else HORIZONS
    return [_point(index, name, T, quick) for index, name in enumerate(SERIES) for T in horizons]


def _point(index: int, name: str, T: int, quick: bool) -> Parameters:
    replicates = min(max(SERIES[name].draws // T, 512), 8192) // (4 if quick else 1)
    return {
        "experiment": "headline",
        "series": name,
        "method": SERIES[name].method,
        "T": T,
        "eps": SERIES[name].epsilon(T),
        "drift": DRIFT,
        "delta": DELTA,
        "replicates": max(replicates, 256),
        "seed": 10_000 * index + T,
    }


def compute_point(point: Parameters) -> Row:
    """Return the cost at one point, with what theory says beside it."""
    tree = needle_in_drift(point["T"], point["eps"], point["drift"])
    method, delta = point["method"], point["delta"]
    found = cost(tree, method, delta, replicates=point["replicates"], seed=point["seed"])
    row: Row = {
        "L": ratio_bound(tree),
        "kl": kl(tree),
        "n_star": found.n_star,
        "low": found.interval[0],
        "high": None if found.censored else found.interval[1],
        "log_stderr": None if found.censored else found.log_stderr,
        "evidence": found.evidence,
        "censored": int(found.censored),
        "reference_draws": found.reference_draws,
    }
    if method == "smc":
        return {**row, "first_order": terminal_constant(tree) / delta}
    log_phi = tree.log_value_at(tree.horizon)
    low, high = sample_bracket(reference_law(tree), log_phi, delta)
    return {**row, "bracket_low": low, "bracket_high": high}


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
