r"""The exponent: on `needle` the particles needed grow like (1 + eps)^(2 T), at every eps.

N* for TV <= 1/10, on a grid of x = T log(1 + eps) for each of several eps. The claims read, with
L = 1 + eps on this tree,

    S2       N* <= T exp(2x) / delta,
    ZL-5.1   N* <= T exp(6x) / (2 delta),
    S3       (1/2 - delta) exp(2x) / (1 + eps)^2 - 1 queries at least,
    ZL-4.2   of order exp(2x/3) queries at least.

N* / T is close to one function of x: as eps -> 0 the population becomes a diffusion in the time
t log(1 + eps). N* is exact while the Wright-Fisher chain fits, and measured by counts beyond.
"""

import math
from pathlib import Path

from treesmc.sims.cost import least_particles, terminal_constant
from treesmc.sims.experiments.common import tabulate
from treesmc.sims.experiments.shards import Parameters, Row
from treesmc.sims.families import needle
from treesmc.sims.fits import Fit, fit_growth

DELTA = 0.1
EPSILONS = (0.02, 0.05, 0.1, 0.25, 0.5, 1.0)
QUICK_EPSILONS = (0.25, 0.5)
SCALES = (0.75, 1.0, 1.5, 2.0, 2.75, 3.5, 4.5, 5.5, 6.5, 7.5, 8.5)
QUICK_SCALES = (1.0, 2.0, 3.5, 5.0, 6.5)
FIT_FROM = 3.0  # in x; what is left out of exp(2x) is x exp(-2x) of it

COLUMNS = (
    *("series", "T", "eps", "delta", "n_star", "low", "high", "log_stderr", "evidence"),
    *("first_order", "replicates", "seed"),
)


def points(quick: bool = False) -> list[Parameters]:
    """Return the parameters of all points: about the same x at every eps."""
    epsilons, scales = (QUICK_EPSILONS, QUICK_SCALES) if quick else (EPSILONS, SCALES)
    grid = [(eps, T) for eps in epsilons for T in _horizons(eps, scales)]
    return [
        {
            "experiment": "exponent",
            "series": f"{eps:g}",
            "T": T,
            "eps": eps,
            "delta": DELTA,
            "replicates": 1024 if quick else 4096,
            "seed": index,
        }
        for index, (eps, T) in enumerate(grid)
    ]


def _horizons(eps: float, scales: tuple[float, ...]) -> list[int]:
    return sorted({max(2, round(x / math.log1p(eps))) for x in scales})


def compute_point(point: Parameters) -> Row:
    """Return N* at one point, with the first-order prediction of S6."""
    tree = needle(point["T"], point["eps"])
    replicates, seed = point["replicates"], point["seed"]
    found = least_particles(tree, point["delta"], replicates=replicates, seed=seed)
    return {
        **found.row(),
        "first_order": terminal_constant(tree) / point["delta"],
    }


def compute(results_dir: Path, jobs: int = 1, quick: bool = False) -> Path:
    """Compute what is missing and return the table, ``results_dir/exponent.csv``."""
    return tabulate(points(quick), compute_point, COLUMNS, results_dir, jobs)


def fit_exponent(rows: list[Row], eps: float) -> Fit:
    """Fit log N* = a + b T at one eps, from x = 3 on; b / log(1 + eps) is the exponent.

    Errors contain the rounding of N* to an integer, of variance 1/12.
    """
    used = [r for r in rows if r["eps"] == eps and r["T"] * math.log1p(eps) >= FIT_FROM]
    stderr = [math.hypot(r["log_stderr"], 12**-0.5 / r["n_star"]) for r in used]
    log_n = [math.log(r["n_star"]) for r in used]
    return fit_growth([r["T"] for r in used], log_n, stderr, ("1", "T"))
