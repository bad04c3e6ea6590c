"""The least number of particles for a total variation: exact where the law is, else searched for.

The first-order law TV ~ C/N (S6) supplies the start, C/delta. From there N <- N TV/delta, kept
inside the bracket found so far, until TV is within a factor 1.5 of delta. Two full measurements,
below and above, are then interpolated linearly in (log N, log TV). Beyond a cap the cost is
censored: n_star is the cap, a lower bound, and is recorded as such.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np

from treesmc.sims.base import portable
from treesmc.sims.base.checks import check_inner_fraction, check_integer, check_positive
from treesmc.sims.laws.certificate import terminal_constant
from treesmc.sims.laws.lineage import EXACT_CAP, has_exact_law, least_particles_exact
from treesmc.sims.methods.distance import BATCHES, Measured, measured_tv
from treesmc.sims.sampling.samplers import PARTICLES_PER_CLASS, is_countable, sample_smc
from treesmc.sims.trees.tree import FloatArray, TreeMDP
from treesmc.sims.trees.values import guided_law, reference_law, target_law, total_variation

STUDENT = 2.042  # 97.5% quantile of Student's t with 30 degrees of freedom
COUNTED_CAP = 10**15
PARTICLE_CAP = 10**5
NEAR = 1.5  # a located N has TV within this factor of delta
STRIDE = 16.0  # largest factor of one step of the search
SPREAD = 4 / 3  # the two final measurements are this factor below and above
PRECISION = 0.1
FEWEST_REPLICATES = 1024
LARGEST_GROWTH = 64  # of the replicates, from one search to the next
BUDGET = 2e9  # steps of particles in a measurement, about half a minute
SLOPES = (-4.0, -0.25)  # admitted d log TV / d log N; the first-order law has -1


@dataclass(frozen=True)
class Cost:
    """What an accuracy costs.

    Attributes
    ----------
    n_star : float
        Least number of particles or samples, an integer (rejection: the expected number of
        samples); infinite if no number is enough.
    interval : (float, float)
        95% confidence interval; both ends equal n_star if exact.
    evidence : str
        "exact" or "measured".
    censored : bool
        Whether n_star is only a lower bound, the largest number tried.
    reference_draws : float
        Tokens drawn at n_star: n_star T.
    log_stderr : float
        Standard error of log n_star, 0 if exact.
    replicates : int
        Of each of the two final measurements, 0 if exact.
    """

    n_star: float
    interval: tuple[float, float]
    evidence: str
    censored: bool
    reference_draws: float
    log_stderr: float
    replicates: int

    def row(self) -> dict[str, Any]:
        """Return what tables say of a cost: number, ends of the interval, error and evidence."""
        low, high = self.interval
        ends = {"n_star": self.n_star, "low": low, "high": high}
        return {**ends, "log_stderr": self.log_stderr, "evidence": self.evidence}


def exact_cost(tree: TreeMDP, n: float) -> Cost:
    """Return the cost of a least number that is known."""
    return Cost(float(n), (float(n), float(n)), "exact", False, float(n) * tree.horizon, 0.0, 0)


def one_is_enough(tree: TreeMDP, delta: float, guided: bool) -> bool:
    """Whether one particle, a plain draw from the proposal, is within delta; exact."""
    law = guided_law(tree) if guided else reference_law(tree)
    return total_variation(law, target_law(tree)) <= delta


def least_particles(
    tree: TreeMDP,
    delta: float,
    *,
    guided: bool = False,
    resampling: str = "multinomial",
    ess_threshold: float = 1.0,
    replicates: int | None = None,
    precision: float = PRECISION,
    seed: int = 0,
    jobs: int = 1,
    cap: int | None = None,
) -> Cost:
    """Return the least N for which SMC's output law is within TV delta of the target.

    Parameters
    ----------
    tree : TreeMDP
    delta : float
        Strictly between 0 and 1.
    guided, resampling, ess_threshold
        The variant of SMC, as in `sample_smc`.
    replicates : int, optional
        Replicates of each of the two final measurements, at least 256; a quarter of it locates. By
        default as many as the precision takes, unless that is about a minute of work.
    precision : float
        Wanted half width of the interval, in log N, where replicates are not given.
    seed, jobs : int
        Root seed, and threads; the result does not depend on the latter.
    cap : int, optional
        Largest N tried; by default 1e15 where particles can be counted (multinomial resampling
        at every step), else 1e5.

    Notes
    -----
    Exact where `lineage.has_exact_law` says so. S6 predicts N* near
    `terminal_constant` / delta.

    Raises
    ------
    BadInput
        If an argument is out of range.
    """
    check_inner_fraction("delta", delta)
    check_positive("precision", precision)
    if replicates is not None:
        check_integer("replicates", replicates, 8 * BATCHES)
    if one_is_enough(tree, delta, guided):
        return exact_cost(tree, 1)
    countable = is_countable(resampling, ess_threshold)
    cap = cap or (COUNTED_CAP if countable else PARTICLE_CAP)
    start = terminal_constant(tree, guided) / delta
    if countable and not guided and has_exact_law(tree, start):
        n_star = least_particles_exact(tree, delta, min(cap, EXACT_CAP))
        if n_star is not None:
            return exact_cost(tree, n_star)

    def measure(N: int, replicates: int) -> Measured:
        draw = partial(
            sample_smc,
            tree,
            N,
            replicates // BATCHES,
            guided=guided,
            resampling=resampling,
            ess_threshold=ess_threshold,
        )
        return measured_tv(tree, draw, seed, N, jobs=jobs)

    def work(N: float) -> float:
        """Return about how many steps of a particle a replicate costs, its law included."""
        by_counts = PARTICLES_PER_CLASS * float(tree.class_start[-2]) if countable else math.inf
        return min(N * tree.horizon, by_counts) + float(tree.n_classes[-1])

    search = partial(_search, measure, tree.horizon, delta, cap)
    if replicates is not None:
        return search(start, replicates)
    return _precise(search, work, start, precision)


def _precise(
    search: Callable[[float, int], Cost],
    work: Callable[[float], float],
    start: float,
    precision: float,
) -> Cost:
    """Search with more and more replicates, until the interval is narrow or work would be long.

    Errors fall with the root of the replicates or, biased on trees of many leaves, faster.
    """
    replicates = FEWEST_REPLICATES
    while True:
        found = search(start, replicates)
        low, high = found.interval
        most = BUDGET / work(found.n_star)
        lacking = (0.5 * portable.log(high / low) / precision) ** 2
        if found.censored or lacking <= 1 or high - low <= 2 or 2 * replicates > most:
            return found
        replicates = math.ceil(min(replicates * min(max(lacking, 2), LARGEST_GROWTH), most))
        start = found.n_star


def _search(
    measure: Callable[[int, int], Measured],
    T: int,
    delta: float,
    cap: int,
    start: float,
    replicates: int,
) -> Cost:
    """Locate N* with a quarter of the replicates, then interpolate between two measurements."""

    def located_tv(N: int) -> float:
        return measure(N, replicates // 4).value

    centre = _locate(located_tv, int(np.clip(start, 2, cap)), delta, cap)
    below = min(max(2, math.floor(centre / SPREAD)), cap - 1)
    above = min(max(below + 1, math.ceil(centre * SPREAD)), cap)
    measured = [measure(N, replicates) for N in (below, above)]
    if above == cap and measured[1].value > delta:
        above_cap = float(cap), math.inf
        return Cost(float(cap), above_cap, "measured", True, float(cap * T), math.nan, replicates)
    log_n, stderr, bias = _interpolate(portable.log([below, above]), measured, delta)
    half = STUDENT * stderr + bias
    # One particle was ruled out exactly, hence the 2.
    ends = portable.exp([log_n - half, log_n, log_n + half])
    low, n_star, high = map(float, np.maximum(2.0, np.ceil(ends)))
    return Cost(n_star, (low, high), "measured", False, n_star * T, stderr, replicates)


def _locate(tv: Callable[[int], float], N: int, delta: float, cap: int) -> float:
    """Return about N* from coarse measurements; the cap if N* is not below it."""
    low, high = 1, cap + 1
    while high - low > 1:
        factor = tv(N) / delta
        if factor > 1:
            low = N
        else:
            high = N
        if 1 / NEAR < factor < NEAR:
            return min(N * factor, cap)
        proposal = int(N * min(max(factor, 1 / STRIDE), STRIDE))
        N = proposal if low < proposal < high else max(low + 1, math.isqrt(low * high))
        N = min(N, cap)
    return min(high, cap)


def _interpolate(
    log_N: FloatArray, measured: list[Measured], delta: float
) -> tuple[float, float, float]:
    """Solve log TV = log delta on the line through two points: log N*, its error, its bias."""
    log_tv = portable.log([m.value for m in measured])
    slope = float(np.clip(np.diff(log_tv)[0] / np.diff(log_N)[0], *SLOPES))
    log_n = float(log_N.mean() + (portable.log(delta) - log_tv.mean()) / slope)
    share = (log_n - log_N[0]) / (log_N[1] - log_N[0])
    weights = np.array([1 - share, share]) / slope  # d log N* / d log TV, up to sign
    relative = np.array([[m.stderr / m.value, m.bias / m.value] for m in measured])
    stderr = portable.hypot(*(weights * relative[:, 0]))
    return log_n, stderr, portable.matmul(np.abs(weights), relative[:, 1])
