r"""The cost of a target accuracy: the least N with TV(output law, pi) <= delta.

TV is over terminal classes throughout. Naive, rejection and single-particle guided sampling have
exact laws, and so has SMC on two-lineage trees; elsewhere N* is measured.

**TV from replicates.** The plug-in TV(mean law, pi) is too large on average (TV is convex,
Jensen). Any event A gives pi(A) - law(A) <= TV, so choosing A = {pi > law} on some replicates and
evaluating it on others is too small on average. With 32 batches, each evaluated on the event the
other 15 choose,

    E[cross-fitted] <= TV <= E[plug-in],

and the gap closes like the noise. The estimate is the middle; half the gap bounds its bias, and
the spread over batches gives the standard error. Before that, noise is removed by a control
variate: Zhat/Z has mean one exactly, and the law of a population follows its Zhat closely, so each
class is regressed on it over the batches. (Estimating the slope costs a bias of third moments of
batch means, which are nearly normal.)

**Search.** The first-order law TV ~ C/N (S6) supplies the start, C/delta. C over terminal classes
is exact, by one forward pass: with h_t the density of the target's step t with respect to SMC's,
b(x) = sum_t (h_t - 1) and v = E_pi[b],

    C = (1/2) sum_c |E_pi[(b(x) - v) 1{x_T in c}]|.

From there N <- N TV/delta, kept inside the bracket found so far, until TV is within a factor 1.5
of delta. Two full measurements, below and above, are then interpolated linearly in (log N, log TV).
Beyond a cap the cost is censored: n_star is the cap, a lower bound, and is recorded as such.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from treesmc.sims.base import portable
from treesmc.sims.base.checks import (
    check_inner_fraction,
    check_integer,
    check_one_of,
    check_positive,
)
from treesmc.sims.base.streams import generator, map_blocks
from treesmc.sims.laws.lineage import is_two_lineage, least_particles_exact
from treesmc.sims.laws.moments import TargetChain
from treesmc.sims.laws.naive_law import least_samples
from treesmc.sims.sampling.samplers import PARTICLES_PER_CLASS, sample_smc
from treesmc.sims.trees.tree import FloatArray, TreeMDP
from treesmc.sims.trees.values import (
    class_laws,
    guided_law,
    log_expectation,
    log_normalizer,
    reference_law,
    target_law,
    target_policy,
    total_variation,
)

METHODS = ("naive", "smc", "guided-smc", "guided", "rejection")

BATCHES = 32
STUDENT = 2.042  # 97.5% quantile of Student's t with 30 degrees of freedom
EXACT_CAP = 5000
EXACT_WORK = 3e6  # largest N^(3/2) T of an exact law, a few seconds
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


@dataclass(frozen=True)
class Measured:
    """A measured total variation: value, standard error, and a bound on its bias."""

    value: float
    stderr: float
    bias: float


@dataclass(frozen=True)
class Sampler:
    """A variant of SMC on a tree, whose TV can be measured at any N.

    Attributes
    ----------
    tree, guided, resampling, ess_threshold, seed, jobs
        As in `least_particles`.
    """

    tree: TreeMDP
    guided: bool
    resampling: str
    ess_threshold: float
    seed: int
    jobs: int

    def work(self, N: float) -> float:
        """Return about how many steps of a particle a replicate costs, its law included."""
        steps = N * self.tree.horizon
        if self.resampling == "multinomial" and self.ess_threshold == 1:
            steps = min(steps, PARTICLES_PER_CLASS * float(self.tree.class_start[-2]))
        return steps + float(self.tree.n_classes[-1])

    def measure(self, N: int, replicates: int) -> Measured:
        """Estimate TV(output law, pi) at N from a number of replicates."""
        log_Z = log_normalizer(self.tree)

        def batch(b: int) -> tuple[FloatArray, float]:
            estimate = sample_smc(
                self.tree,
                N,
                replicates // BATCHES,
                int(generator(self.seed, N, b).integers(2**63)),
                guided=self.guided,
                resampling=self.resampling,
                ess_threshold=self.ess_threshold,
            )
            return estimate.law, float(portable.expm1(estimate.log_mean_Z_hat - log_Z))

        laws, excess = zip(*map_blocks(batch, BATCHES, self.jobs), strict=True)
        return estimate_tv(np.array(laws), target_law(self.tree), np.array(excess))


def cost(
    tree: TreeMDP,
    method: str,
    delta: float,
    *,
    resampling: str = "multinomial",
    ess_threshold: float = 1.0,
    replicates: int | None = None,
    precision: float = PRECISION,
    seed: int = 0,
    jobs: int = 1,
) -> Cost:
    """Return the cost of TV <= delta over terminal classes.

    Parameters
    ----------
    tree : TreeMDP
    method : {"naive", "smc", "guided-smc", "guided", "rejection"}
        "rejection" is exact at any delta, its n_star the expected number of samples, sup phi / Z;
        "guided" has one particle, and an infinite n_star where that is not enough.
    delta : float
        Strictly between 0 and 1.
    resampling, ess_threshold, replicates, precision, seed, jobs
        For the SMC methods, see `least_particles`.

    Raises
    ------
    BadInput
        If an argument is out of range.
    """
    check_inner_fraction("delta", delta)
    check_one_of("method", method, METHODS)
    if method in ("smc", "guided-smc"):
        return least_particles(
            tree,
            delta,
            guided=method == "guided-smc",
            resampling=resampling,
            ess_threshold=ess_threshold,
            replicates=replicates,
            precision=precision,
            seed=seed,
            jobs=jobs,
        )
    if method == "naive":
        return _exact(tree, least_samples(reference_law(tree), _log_reward(tree), delta))
    if method == "rejection":
        return _exact(tree, rejection_samples(tree))
    return _exact(tree, 1.0 if _one_is_enough(tree, delta, guided=True) else math.inf)


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
    Exact on two-lineage trees up to N = 5000, or less at long horizons. S6 predicts N* near
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
    if _one_is_enough(tree, delta, guided):
        return _exact(tree, 1.0)
    countable = resampling == "multinomial" and ess_threshold == 1
    cap = cap or (COUNTED_CAP if countable else PARTICLE_CAP)
    start = terminal_constant(tree, guided) / delta
    if countable and not guided:
        n_star = _exact_particles(tree, delta, start, cap)
        if n_star is not None:
            return _exact(tree, n_star)
    sampler = Sampler(tree, guided, resampling, ess_threshold, seed, jobs)
    if replicates is not None:
        return _search(sampler, start, delta, replicates, cap)
    return _precise(sampler, start, delta, precision, cap)


def terminal_constant(tree: TreeMDP, guided: bool = False) -> float:
    """Return lim N TV(output law of SMC, pi) over terminal classes, exactly.

    Notes
    -----
    Claim S6, for multinomial resampling at every step. The sum over terminal classes of conditional
    means is at most the constant over paths. The guided proposal multiplies h_t by
    E_ref[V(s') | s] / V(s'). Infinite beyond the largest float. Time O(edges).
    """
    chain, policy = TargetChain.of(tree), target_policy(tree)
    laws, log_m = class_laws(tree, policy), chain.log_root_forecast()
    b = np.zeros(1)  # E_pi[b so far; class]
    with np.errstate(over="ignore", invalid="ignore"):
        for t in range(tree.horizon):
            log_h = log_m[t] + chain.log_advantage(t)
            if guided:
                log_next = tree.log_value_at(t + 1)
                expected = log_expectation(tree, t, log_next)
                log_h = log_h + expected[:, None] - log_next[tree.child_at(t)]
            gain = b[:, None] + tree.layer(laws, t)[:, None] * portable.expm1(log_h)
            b = np.bincount(
                tree.child_at(t).ravel(),
                weights=(tree.edge_layer(policy, t) * gain).ravel(),
                minlength=int(tree.n_classes[t + 1]),
            ).astype(np.float64)
        value = 0.5 * float(np.abs(b - b.sum() * tree.layer(laws, tree.horizon)).sum())
    return math.inf if math.isnan(value) else value


def rejection_samples(tree: TreeMDP) -> float:
    """Return the expected number of samples of rejection sampling, sup phi / Z."""
    reachable = reference_law(tree) > 0
    return portable.exp(_log_reward(tree)[reachable].max() - log_normalizer(tree))


def estimate_tv(laws: FloatArray, target: FloatArray, excess: FloatArray) -> Measured:
    """Estimate TV(E[law], target) from independent unbiased estimates of the law.

    Parameters
    ----------
    laws : float64[n, S]
        At least 4 rows.
    target : float64[S]
    excess : float64[n]
        Control variate of each row, of mean zero: Zhat/Z - 1.

    Notes
    -----
    Plug-in and cross-fitted values bracket the TV in expectation, see the module.
    """
    n = len(laws)
    laws = _controlled(laws, excess)
    mean = laws.mean(axis=0)
    plug_in = total_variation(mean, target)
    others = (n * mean - laws) / (n - 1)
    crossed = np.sum((target > others) * (target - laws), axis=1)
    stderr = float(crossed.std(ddof=2)) / math.sqrt(n)
    middle = max(0.5 * (plug_in + float(crossed.mean())), 0.5 * plug_in)
    return Measured(middle, stderr, plug_in - middle)


def _controlled(laws: FloatArray, excess: FloatArray) -> FloatArray:
    """Subtract from each class its regression on the control variate, if that varies at all."""
    centred = excess - excess.mean()
    variance = portable.matmul(centred, centred)
    if variance < np.finfo(float).eps:
        return laws
    return laws - np.outer(excess, portable.matmul(centred, laws) / variance)


def has_exact_law(tree: TreeMDP, N: float) -> bool:
    """Whether the law of SMC with about N particles is computed, in seconds, not sampled."""
    affordable = N <= EXACT_CAP and N**1.5 * tree.horizon <= EXACT_WORK
    return affordable and is_two_lineage(tree)


def _exact_particles(tree: TreeMDP, delta: float, start: float, cap: int) -> int | None:
    """Return N* from the exact law, where there is one and it takes seconds."""
    if not has_exact_law(tree, start):
        return None
    return least_particles_exact(tree, delta, min(cap, EXACT_CAP))


def _precise(sampler: Sampler, start: float, delta: float, precision: float, cap: int) -> Cost:
    """Search with more and more replicates, until the interval is narrow or work would be long.

    Errors fall with the root of the replicates or, biased on trees of many leaves, faster.
    """
    replicates = FEWEST_REPLICATES
    while True:
        found = _search(sampler, start, delta, replicates, cap)
        low, high = found.interval
        most = BUDGET / sampler.work(found.n_star)
        lacking = (0.5 * portable.log(high / low) / precision) ** 2
        if found.censored or lacking <= 1 or high - low <= 2 or 2 * replicates > most:
            return found
        replicates = math.ceil(min(replicates * min(max(lacking, 2), LARGEST_GROWTH), most))
        start = found.n_star


def _search(sampler: Sampler, start: float, delta: float, replicates: int, cap: int) -> Cost:
    """Locate N* with a quarter of the replicates, then interpolate between two measurements."""

    def located_tv(N: int) -> float:
        return sampler.measure(N, replicates // 4).value

    T = sampler.tree.horizon
    centre = _locate(located_tv, int(np.clip(start, 2, cap)), delta, cap)
    below = min(max(2, math.floor(centre / SPREAD)), cap - 1)
    above = min(max(below + 1, math.ceil(centre * SPREAD)), cap)
    measured = [sampler.measure(N, replicates) for N in (below, above)]
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


def _exact(tree: TreeMDP, n: float) -> Cost:
    return Cost(float(n), (float(n), float(n)), "exact", False, float(n) * tree.horizon, 0.0, 0)


def _one_is_enough(tree: TreeMDP, delta: float, guided: bool) -> bool:
    """Whether one particle, a plain draw from the proposal, is within delta; exact."""
    law = guided_law(tree) if guided else reference_law(tree)
    return total_variation(law, target_law(tree)) <= delta


def _log_reward(tree: TreeMDP) -> FloatArray:
    return tree.log_value_at(tree.horizon)
