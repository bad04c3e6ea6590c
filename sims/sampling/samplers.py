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

The result depends on the seed but not on the number of jobs: see `replicates`.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import numpy as np

from treesmc.sims.base import portable
from treesmc.sims.base.checks import check_fraction, check_integer, check_one_of
from treesmc.sims.base.errors import BadInput
from treesmc.sims.laws.schemes import SCHEMES
from treesmc.sims.sampling.kernels import counts, pool, smc, walk
from treesmc.sims.sampling.kernels.sfc64 import uniform
from treesmc.sims.sampling.kernels.tables import moves, single_row, tabulate
from treesmc.sims.sampling.replicates import (
    MOST_PARTICLES,
    log_mean,
    per_replicate,
    replicate,
    stream,
)
from treesmc.sims.trees.tree import FloatArray, IntArray, TreeMDP
from treesmc.sims.trees.values import log_normalizer, reference_law, target_policy

# What is sampled, each with streams of its own.
NAIVE, REJECTION, SMC, GUIDED, POOL_MH, GENEALOGY, TARGET, CONDITIONAL = range(8)

MOST_COUNTED = 2**53  # the largest counts that floats hold exactly
MOST_STEPS = 1e11  # about an hour: rejection refuses to be expected to take more
# A step by counts costs as much as one of 16 particles per class, or of 8 where tables outgrow the
# caches (measured for 16 to 4096 classes of 2 to 8 symbols): from here on it is the cheaper, or
# dearer by a third at most.
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
    check_integer("n", n, 1, MOST_COUNTED)
    by_counts = _use_counts(kernel, n)
    log_phi = np.array(tree.log_value_at(tree.horizon))
    table = single_row(reference_law(tree)) if by_counts else moves(tree)
    kernel_block = walk.naive_counts_block if by_counts else walk.naive_block
    block = partial(kernel_block, table, log_phi, n)
    return _estimated(tree, block, replicates, seed, NAIVE, jobs, 0.0, (n * tree.horizon, n))


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
    block = partial(walk.sequence_block, table)
    log_Z = log_normalizer(tree)
    return _estimated(tree, block, replicates, seed, TARGET, jobs, log_Z, (tree.horizon, 0))


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
    log_sup = _log_sup_reward(tree)
    attempts = np.zeros(len(per_replicate(replicates)), np.int64)
    _check_expected_attempts(log_sup - log_normalizer(tree), replicates * tree.horizon)
    acceptance = portable.exp(tree.log_value_at(tree.horizon) - log_sup)
    block = partial(walk.rejection_block, moves(tree), acceptance)
    law, stderr = replicate(block, tree, attempts, seed, REJECTION, jobs)
    rate = (replicates - 1) / (attempts.sum() - 1)
    relative = np.sqrt((1 - rate) / replicates)
    cost = float(attempts.mean())
    nothing = np.full(replicates, np.nan)
    log_Z = log_sup + float(portable.log(rate))
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
    resampling : str
        A key of `SCHEMES`. There is no resampling after the last step.
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
    check_one_of("resampling", resampling, SCHEMES)
    check_fraction("ess_threshold", ess_threshold)
    check_integer("N", N, 1, MOST_COUNTED)
    countable = is_countable(resampling, ess_threshold)
    cheaper = N * tree.horizon >= PARTICLES_PER_CLASS * tree.class_start[-2]
    by_counts = _use_counts(kernel, N, countable, countable and bool(cheaper))
    block = partial(counts.smc_counts_block, moves(tree, guided), N)
    if not by_counts:
        scheme = SCHEMES[resampling].number
        block = partial(smc.smc_block, moves(tree, guided), N, scheme, float(ess_threshold))
    scored = int(tree.n_symbols.sum()) if guided else tree.horizon
    cost = N * tree.horizon, N * scored
    return _estimated(tree, block, replicates, seed, SMC, jobs, tree.log_value[0], cost)


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
    block = partial(walk.sequence_block, moves(tree, guided=True))
    cost = tree.horizon, int(tree.n_symbols.sum())
    return _estimated(tree, block, replicates, seed, GUIDED, jobs, tree.log_value[0], cost)


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
    check_integer("M", M, 1, MOST_PARTICLES)
    check_integer("H", H, 0, MOST_PARTICLES)
    block = partial(pool.pool_mh_block, moves(tree), M, H)
    cost = (M * tree.horizon * (H + 1),) * 2
    return _estimated(tree, block, replicates, seed, POOL_MH, jobs, tree.log_value[0], cost)


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
    check_one_of("resampling", resampling, SCHEMES)
    check_fraction("ess_threshold", ess_threshold)
    check_integer("N", N, 1, MOST_PARTICLES)
    table = moves(tree, guided)
    particles = smc.population(N, tree.horizon + 1)
    draws = stream(seed, GENEALOGY, 0)
    log_Z_hat = smc.smc(table, SCHEMES[resampling].number, float(ess_threshold), particles, draws)
    edges, weights, total = particles.edges[1:, :N], particles.weights, particles.weights.sum()
    rows = table.next_row[edges] - table.first_row[1:, None]
    symbols = (edges - table.first_row[:-1, None]) & ((1 << table.bits[:-1, None]) - 1)
    return Genealogy(
        classes=(rows >> table.bits[1:, None]).astype(np.int64),
        symbols=symbols.astype(np.int64),
        ancestors=particles.ancestors[1:, :N].astype(np.int64),
        weights=weights / total,
        drawn=int(pool.pick(weights, total, uniform(draws))),
        log_Z_hat=float(log_Z_hat + tree.log_value[0]),
    )


def is_countable(resampling: str, ess_threshold: float) -> bool:
    """Whether a variant of SMC resamples multinomially at every step, so that counts are enough."""
    return resampling == "multinomial" and ess_threshold == 1


def rejection_samples(tree: TreeMDP) -> float:
    """Return the expected number of samples of rejection sampling, sup phi / Z."""
    return float(portable.exp(_log_sup_reward(tree) - log_normalizer(tree)))


def _log_sup_reward(tree: TreeMDP) -> float:
    """Return log sup phi, over the terminal classes that can be reached."""
    return float(tree.log_value_at(tree.horizon)[reference_law(tree) > 0].max())


def _estimated(
    tree: TreeMDP,
    block: Callable[..., None],
    replicates: int,
    seed: int,
    method: int,
    jobs: int,
    log_scale: float,
    cost: tuple[float, float],
) -> Estimate:
    """Run a kernel that writes log Zhat, but for ``log_scale``, of every replicate."""
    log_Z_hat = per_replicate(replicates)
    law, stderr = replicate(block, tree, log_Z_hat, seed, method, jobs)
    log_Z_hat += log_scale
    return Estimate(law, stderr, log_Z_hat, *log_mean(log_Z_hat), *cost)


def _use_counts(kernel: str, n: int, countable: bool = True, cheaper: bool = True) -> bool:
    """Decide between the kernels for n particles; by default take the cheaper."""
    check_one_of("kernel", kernel, ("auto", "particles", "counts"))
    if kernel == "counts" and not countable:
        raise BadInput("kernel: counts need multinomial resampling at every step")
    by_counts = kernel == "counts" or (kernel == "auto" and cheaper)
    if not by_counts:
        check_integer("number of particles", n, 1, MOST_PARTICLES)
    return by_counts


def _check_expected_attempts(log_attempts: float, steps_per_attempt: int) -> None:
    if log_attempts + portable.log(steps_per_attempt) > portable.log(MOST_STEPS):
        raise BadInput(
            f"rejection: sup phi / Z = exp({log_attempts:.1f}) attempts per replicate, "
            f"more than {MOST_STEPS:.0e} steps in all"
        )
