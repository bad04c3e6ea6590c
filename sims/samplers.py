"""Samplers: checked entry points over the kernels, with replicates, error bars and costs.

Each sampler approximates the target pi of a tree (Zhu & Lu 2026, as stated in arXiv:2602.01381;
the kernels' docstrings state the algorithms). One replicate is one run; its output is one terminal
class. What is estimated is the law of that output:

    law = mean over replicates of (law of the final draw given the population),

which is the indicator of the class where nothing is drawn last (single-particle guided sampling,
rejection, pool Metropolis-Hastings). Its standard error is the standard deviation over replicates
divided by sqrt(R).

Cost is counted: reference draws are tokens drawn from the reference policy (or from the guided
proposal), value evaluations are calls of the reward model.

Replicates run in blocks of fixed size. Block b draws from stream b of (seed, method), its
replicates from consecutive stretches of it, and blocks are merged in order: the result depends on
the seed but not on the number of jobs.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from treesmc.sims.errors import BadInput
from treesmc.sims.kernels import counts, pool, smc, walk
from treesmc.sims.kernels.resampling import SCHEMES
from treesmc.sims.kernels.sfc64 import open_stream, uniform
from treesmc.sims.kernels.tables import moves, single_row, tabulate
from treesmc.sims.streams import map_blocks
from treesmc.sims.tree import FloatArray, IntArray, TreeMDP
from treesmc.sims.values import log_normalizer, reference_law, target_policy

Moments = tuple[int, FloatArray, FloatArray]  # count, mean law, sum of squared deviations

BLOCK = 32  # replicates per block
WAVE = 64  # blocks whose laws are in memory at once
NAIVE, REJECTION, SMC, GUIDED, POOL_MH, GENEALOGY, TARGET = range(7)

MOST_PARTICLES = 10**8  # arrays of this length still fit into memory
MOST_COUNTED = 2**53  # the largest counts that floats hold exactly
MOST_STEPS = 1e11  # about an hour: rejection refuses to be expected to take more
# A step by counts costs as much as one of 10 to 15 particles per class (measured for 16 to 16384
# classes of 2 to 8 symbols), so from here on it is the cheaper.
PARTICLES_PER_CLASS = 12


@dataclass(frozen=True, eq=False)
class Estimate:
    """What a sampler measured over R replicates.

    Attributes
    ----------
    law, stderr : float64[S_T]
        Output law over terminal classes, and its standard error.
    log_Z_hat : float64[R]
        log Zhat of each replicate, unbiased for Z on the natural scale; nan for rejection, where a
        single replicate has no good estimator.
    log_mean_Z_hat, log_mean_Z_hat_stderr : float
        Logarithm of the estimate of Z from all replicates, and its standard error (delta method).
    reference_draws, value_evaluations : float
        Mean cost of one replicate.
    """

    law: FloatArray
    stderr: FloatArray
    log_Z_hat: FloatArray
    log_mean_Z_hat: float
    log_mean_Z_hat_stderr: float
    reference_draws: float
    value_evaluations: float

    @property
    def replicates(self) -> int:
        """R, the number of replicates."""
        return len(self.log_Z_hat)


@dataclass(frozen=True, eq=False)
class Genealogy:
    """The history of one SMC population; row t is depth t + 1.

    Attributes
    ----------
    classes : int64[T, N]
        Class of particle i, within depth t + 1.
    symbols : int64[T, N]
        Symbol that led there.
    ancestors : int64[T, N]
        Particle of row t - 1 that it extends (for t = 0, itself at the root).
    weights : float64[N]
        Normalised final weights.
    drawn : int
        Particle returned, drawn by weight.
    log_Z_hat : float
        log Zhat.
    """

    classes: IntArray
    symbols: IntArray
    ancestors: IntArray
    weights: FloatArray
    drawn: int
    log_Z_hat: float


def sample_naive(
    tree: TreeMDP, n: int, replicates: int, seed: int, *, kernel: str = "auto", jobs: int = 1
) -> Estimate:
    """Naive sampling: n sequences from pi_ref, one returned with probability proportional to phi.

    Parameters
    ----------
    tree : TreeMDP
    n : int
        Samples per replicate.
    replicates, seed, jobs : int
        R >= 2, root seed, threads.
    kernel : {"auto", "particles", "counts"}
        One by one through the tree, or as counts over terminal classes, drawn from their exact
        reference law (same law of the output, cost independent of n); by default the latter.

    Returns
    -------
    Estimate
        n T reference draws and n value evaluations per replicate.

    Raises
    ------
    BadInput
        If an argument is out of range.
    """
    _check_integer("n", n, 1, MOST_COUNTED)
    by_counts = _use_counts(kernel, n)
    log_phi = np.array(tree.log_value_at(tree.horizon))
    log_Z_hat = _per_replicate(replicates)
    table = single_row(reference_law(tree)) if by_counts else moves(tree)
    run = walk.naive_counts_block if by_counts else walk.naive_block

    def block(part: slice, *out: Any) -> None:
        run(table, log_phi, n, *out, log_Z_hat[part])

    law, stderr = _replicate(block, tree, replicates, seed, NAIVE, jobs)
    return Estimate(law, stderr, log_Z_hat, *_log_mean(log_Z_hat), n * tree.horizon, n)


def sample_target(tree: TreeMDP, replicates: int, seed: int, *, jobs: int = 1) -> Estimate:
    """Draw from pi itself, by its exact policy: the control to hold other samplers against.

    Parameters
    ----------
    tree : TreeMDP
    replicates, seed, jobs : int
        R >= 2, root seed, threads.

    Returns
    -------
    Estimate
        T reference draws and no value evaluation per replicate; not counted is the dynamic
        programme that found the policy. The importance weight of every sequence is Z.

    Raises
    ------
    BadInput
        If an argument is out of range.
    """
    policy = target_policy(tree)
    table = tabulate(tree, policy, np.ones_like(policy), np.zeros(tree.horizon))
    log_Z_hat = _per_replicate(replicates)

    def block(part: slice, *out: Any) -> None:
        walk.sequence_block(table, *out, log_Z_hat[part])

    law, stderr = _replicate(block, tree, replicates, seed, TARGET, jobs)
    log_Z_hat += log_normalizer(tree)
    return Estimate(law, stderr, log_Z_hat, *_log_mean(log_Z_hat), tree.horizon, 0)


def sample_rejection(tree: TreeMDP, replicates: int, seed: int, *, jobs: int = 1) -> Estimate:
    """Rejection sampling: accept a sequence with probability phi / sup phi. The law is pi exactly.

    Parameters
    ----------
    tree : TreeMDP
    replicates, seed, jobs : int
        R >= 2, root seed, threads.

    Returns
    -------
    Estimate
        A T reference draws and A value evaluations for A attempts, on average over replicates. Z
        is estimated from the overall acceptance rate, as sup phi (R - 1) / (sum A - 1), which is
        unbiased.

    Raises
    ------
    BadInput
        If an argument is out of range, or if sup phi / Z attempts per replicate would take hours.
    """
    log_phi, table = tree.log_value_at(tree.horizon), moves(tree)
    log_sup = float(log_phi.max())
    attempts = np.zeros(len(_per_replicate(replicates)), np.int64)
    _check_expected_attempts(log_sup - log_normalizer(tree), replicates * tree.horizon)
    acceptance = np.exp(log_phi - log_sup)

    def block(part: slice, *out: Any) -> None:
        walk.rejection_block(table, acceptance, *out, attempts[part])

    law, stderr = _replicate(block, tree, replicates, seed, REJECTION, jobs)
    rate = (replicates - 1) / (attempts.sum() - 1)
    relative = np.sqrt((1 - rate) / replicates)
    cost = float(attempts.mean())
    nothing = np.full(replicates, np.nan)
    log_Z = log_sup + float(np.log(rate))
    return Estimate(law, stderr, nothing, log_Z, float(relative), cost * tree.horizon, cost)


def sample_smc(
    tree: TreeMDP,
    N: int,
    replicates: int,
    seed: int,
    *,
    guided: bool = False,
    resampling: str = "multinomial",
    ess_threshold: float = 1.0,
    kernel: str = "auto",
    jobs: int = 1,
) -> Estimate:
    """Sequential Monte Carlo with N particles, naive or guided proposal.

    Parameters
    ----------
    tree : TreeMDP
    N : int
        Particles.
    replicates, seed, jobs : int
        R >= 2, root seed, threads.
    guided : bool
        Propose from pi_ref V(child), normalised, instead of pi_ref.
    resampling : {"multinomial", "systematic", "stratified", "residual"}
        Scheme. There is no resampling after the last step.
    ess_threshold : float
        kappa in [0, 1]: resample when ESS < kappa N; 1 means at every step, 0 never.
    kernel : {"auto", "particles", "counts"}
        Counts have the same law at a cost independent of N, for multinomial resampling at every
        step; by default they are taken where they apply and N is at least `PARTICLES_PER_CLASS`
        times the mean number of classes per depth.

    Returns
    -------
    Estimate
        N T reference draws per replicate; N T value evaluations, or N sum_t B_t if guided (every
        child is scored).

    Raises
    ------
    BadInput
        If an argument is out of range.
    """
    scheme = _check_scheme(resampling)
    _check_fraction("ess_threshold", ess_threshold)
    _check_integer("N", N, 1, MOST_COUNTED)
    countable = resampling == "multinomial" and ess_threshold == 1
    cheaper = N * tree.horizon >= PARTICLES_PER_CLASS * tree.class_start[-2]
    by_counts = _use_counts(kernel, N, countable, countable and bool(cheaper))
    table = moves(tree, guided)
    log_Z_hat = _per_replicate(replicates)

    def block(part: slice, *out: Any) -> None:
        if by_counts:
            counts.smc_counts_block(table, N, *out, log_Z_hat[part])
        else:
            smc.smc_block(table, N, scheme, float(ess_threshold), *out, log_Z_hat[part])

    law, stderr = _replicate(block, tree, replicates, seed, SMC, jobs)
    log_Z_hat += tree.log_value[0]
    scored = int(tree.n_symbols.sum()) if guided else tree.horizon
    return Estimate(law, stderr, log_Z_hat, *_log_mean(log_Z_hat), N * tree.horizon, N * scored)


def sample_guided(tree: TreeMDP, replicates: int, seed: int, *, jobs: int = 1) -> Estimate:
    """Single-particle guided sampling: one sequence from pi_ref V(child), normalised (ZL-4.3, S4).

    Parameters
    ----------
    tree : TreeMDP
    replicates, seed, jobs : int
        R >= 2, root seed, threads.

    Returns
    -------
    Estimate
        T reference draws and sum_t B_t value evaluations per replicate. Zhat is the importance
        weight of the sequence.

    Raises
    ------
    BadInput
        If an argument is out of range.
    """
    table = moves(tree, guided=True)
    log_Z_hat = _per_replicate(replicates)

    def block(part: slice, *out: Any) -> None:
        walk.sequence_block(table, *out, log_Z_hat[part])

    law, stderr = _replicate(block, tree, replicates, seed, GUIDED, jobs)
    log_Z_hat += tree.log_value[0]
    scored = int(tree.n_symbols.sum())
    return Estimate(law, stderr, log_Z_hat, *_log_mean(log_Z_hat), tree.horizon, scored)


def sample_pool_mh(
    tree: TreeMDP, M: int, H: int, replicates: int, seed: int, *, jobs: int = 1
) -> Estimate:
    """Pool Metropolis-Hastings: H iterations after an initial proposal, pools of M (ZL-6.1).

    Parameters
    ----------
    tree : TreeMDP
    M, H : int
        Pool size M >= 1 and number of iterations H >= 0.
    replicates, seed, jobs : int
        R >= 2, root seed, threads.

    Returns
    -------
    Estimate
        M T (H + 1) reference draws and as many value evaluations per replicate, the initial
        proposal included. Zhat of a replicate is the mean over its proposals.

    Raises
    ------
    BadInput
        If an argument is out of range.
    """
    _check_integer("M", M, 1, MOST_PARTICLES)
    _check_integer("H", H, 0, MOST_PARTICLES)
    table = moves(tree)
    log_Z_hat = _per_replicate(replicates)

    def block(part: slice, *out: Any) -> None:
        pool.pool_mh_block(table, M, H, *out, log_Z_hat[part])

    law, stderr = _replicate(block, tree, replicates, seed, POOL_MH, jobs)
    log_Z_hat += tree.log_value[0]
    cost = M * tree.horizon * (H + 1)
    return Estimate(law, stderr, log_Z_hat, *_log_mean(log_Z_hat), cost, cost)


def smc_genealogy(
    tree: TreeMDP,
    N: int,
    seed: int,
    *,
    guided: bool = False,
    resampling: str = "multinomial",
    ess_threshold: float = 1.0,
) -> Genealogy:
    """Run SMC once and keep the whole history. Parameters as in `sample_smc`.

    Raises
    ------
    BadInput
        If an argument is out of range.
    """
    scheme = _check_scheme(resampling)
    _check_fraction("ess_threshold", ess_threshold)
    _check_integer("N", N, 1, MOST_PARTICLES)
    table = moves(tree, guided)
    particles = smc.population(N, tree.horizon + 1)
    stream = _stream(seed, GENEALOGY, 0)
    log_Z_hat = smc.smc(table, scheme, float(ess_threshold), particles, stream)
    edges, weights, total = particles.edges[1:, :N], particles.weights, particles.weights.sum()
    rows = table.next_row[edges] - table.first_row[1:, None]
    symbols = (edges - table.first_row[:-1, None]) & ((1 << table.bits[:-1, None]) - 1)
    return Genealogy(
        classes=(rows >> table.bits[1:, None]).astype(np.int64),
        symbols=symbols.astype(np.int64),
        ancestors=particles.ancestors[1:, :N].astype(np.int64),
        weights=weights / total,
        drawn=int(pool.pick(weights, total, uniform(stream))),
        log_Z_hat=float(log_Z_hat + tree.log_value[0]),
    )


def _replicate(
    block: Callable[..., None], tree: TreeMDP, replicates: int, seed: int, method: int, jobs: int
) -> tuple[FloatArray, FloatArray]:
    """Run ``block(part, rng, mean, spread)`` on all blocks; return mean law and standard error.

    `part` is the block's slice of the per-replicate arrays; the block writes the mean of its laws
    and their sum of squared deviations.
    """
    _check_integer("jobs", jobs, 1, 1024)
    _stream(seed, method, 0)

    def run(first: int, i: int) -> Moments:
        b = first + i
        part = slice(b * BLOCK, min((b + 1) * BLOCK, replicates))
        mean, spread = np.zeros((2, tree.n_classes[-1]))
        block(part, _stream(seed, method, b), mean, spread)
        return part.stop - part.start, mean, spread

    n_blocks = -(-replicates // BLOCK)
    total: Moments = (0, np.zeros(tree.n_classes[-1]), np.zeros(tree.n_classes[-1]))
    for first in range(0, n_blocks, WAVE):
        for moments in map_blocks(partial(run, first), min(WAVE, n_blocks - first), jobs):
            total = _merge(total, moments)
    _, mean, spread = total
    return mean, np.sqrt(spread / (replicates - 1) / replicates)


def _merge(a: Moments, b: Moments) -> Moments:
    """Merge the moments of two samples."""
    n = a[0] + b[0]
    shift = b[1] - a[1]
    return n, a[1] + shift * (b[0] / n), a[2] + b[2] + shift**2 * (a[0] * b[0] / n)


def _log_mean(log_Z_hat: FloatArray) -> tuple[float, float]:
    """Return log of the mean of Zhat, and its standard error by the delta method."""
    largest = log_Z_hat.max()
    Z_hat = np.exp(log_Z_hat - largest)
    mean = Z_hat.mean()
    stderr = Z_hat.std(ddof=1) / np.sqrt(len(Z_hat)) / mean
    return float(largest + np.log(mean)), float(stderr)


def _stream(seed: int, *key: int) -> NDArray[np.uint64]:
    _check_integer("seed", seed, 0, None)
    return open_stream(int(seed), *key)


def _per_replicate(replicates: int) -> FloatArray:
    _check_integer("replicates", replicates, 2, None)
    return np.zeros(replicates)


def _use_counts(kernel: str, n: int, countable: bool = True, cheaper: bool = True) -> bool:
    """Decide between the kernels for n particles; by default take the cheaper."""
    if kernel not in ("auto", "particles", "counts"):
        raise BadInput(f"kernel: {kernel!r} is not one of auto, particles, counts")
    if kernel == "counts" and not countable:
        raise BadInput("kernel: counts need multinomial resampling at every step")
    by_counts = kernel == "counts" or (kernel == "auto" and cheaper)
    if not by_counts:
        _check_integer("number of particles", n, 1, MOST_PARTICLES)
    return by_counts


def _check_integer(name: str, value: Any, least: int, most: int | None) -> None:
    if not isinstance(value, int | np.integer) or isinstance(value, bool):
        raise BadInput(f"{name}: {value!r} is not an integer")
    if value < least:
        raise BadInput(f"{name}: {value} is too small, the least is {least}")
    if most is not None and value > most:
        raise BadInput(f"{name}: {value} is too large, the most is {most}")


def _check_fraction(name: str, value: Any) -> None:
    if not isinstance(value, int | float) or not 0 <= value <= 1:
        raise BadInput(f"{name}: {value!r} is not a number between 0 and 1")


def _check_scheme(resampling: str) -> int:
    if resampling not in SCHEMES:
        raise BadInput(f"resampling: {resampling!r} is not one of {', '.join(SCHEMES)}")
    return SCHEMES[resampling]


def _check_expected_attempts(log_attempts: float, steps_per_attempt: int) -> None:
    if log_attempts + np.log(steps_per_attempt) > np.log(MOST_STEPS):
        raise BadInput(
            f"rejection: sup phi / Z = exp({log_attempts:.1f}) attempts per replicate, "
            f"more than {MOST_STEPS:.0e} steps in all"
        )
