r"""Exact finite-N law of SMC on trees whose population is one number.

Let every depth have at most two classes, each with one parent.  Then the tree splits once, at some
depth tau, into two lineages, and the particles (naive proposal, multinomial resampling at every
step) are described by K, how many of them follow the first lineage.  With w the probability of the
first branch and g_t = G_t(first) / G_t(second),

    K_tau ~ Bin(N, w),    K_{t+1} ~ Bin(N, K_t g_t / (K_t g_t + N - K_t)),    t = tau .. T-1,

a Wright-Fisher chain with selection.  The output follows the first lineage with probability
E[K_T g_T / (K_T g_T + N - K_T)].  On `needle` (claim S3) the first branch is the hidden symbol,
w = 1/H, g_1 = 1 and g_t = (1 + eps)^2 afterwards.

The chain is exact up to rounding for every N whose N+1 states fit.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from treesmc.sims.base import portable
from treesmc.sims.base.checks import check_inner_fraction, check_integer
from treesmc.sims.base.errors import BadInput
from treesmc.sims.base.jit import kernel
from treesmc.sims.trees.tree import TreeMDP
from treesmc.sims.trees.values import target_law, total_variation

Array = NDArray[np.float64]

MOST = 10**12  # particles
EXACT_CAP = 5000
EXACT_WORK = 3e6  # largest N^(3/2) T of an exact law, a few seconds

# A pmf smaller than this, relative to the mode's, and a state of smaller mass are dropped. The pmf
# is log-concave, so what is left out in one step is below 3 (N + 1) times this: over the whole
# chain less than 1e-16 while N T < 3e8, far beyond what is affordable.
_NEGLIGIBLE = 1e-25
# Odds beyond exp(600) are certainty in double precision; the clip keeps K g finite.
_LARGEST_LOG_RATIO = 600.0


def is_two_lineage(tree: TreeMDP) -> bool:
    """Whether the population on this tree is one number.

    Parameters
    ----------
    tree : TreeMDP

    Returns
    -------
    True if S_t <= 2 at every depth and every class has one parent class along edges of positive
    probability.
    """
    if tree.n_classes.max() > 2:
        return False
    return all(_parents(tree, t).sum(axis=0).max() == 1 for t in range(tree.horizon))


def has_exact_law(tree: TreeMDP, N: float) -> bool:
    """Whether the law of SMC with about N particles is known here, and takes seconds."""
    affordable = N <= EXACT_CAP and N**1.5 * tree.horizon <= EXACT_WORK
    return affordable and is_two_lineage(tree)


def lineage_law(tree: TreeMDP, N: int) -> Array:
    """Exact output law of SMC with N particles on a two-lineage tree.

    Parameters
    ----------
    tree : TreeMDP with `is_two_lineage`.
    N : number of particles, N >= 1.

    Returns
    -------
    (S_T,) law of the output over terminal classes.  Takes O(N^(3/2) T) operations.

    Raises
    ------
    BadInput
        If the tree is not two-lineage or N < 1.

    Notes
    -----
    Naive proposal, multinomial resampling at every step; see the module for the chain.
    """
    check_integer("N", N, 1, MOST)
    split = _split(tree)
    if split is None:
        return np.ones(1)
    mass = np.zeros(N + 1)
    odds = split.probability / max(1 - split.probability, portable.exp(-_LARGEST_LOG_RATIO))
    more, scratch = _ratios(N), np.empty(N + 1)
    _spread(1.0, odds, more, scratch, mass)
    for g in split.weight_ratio[:-1]:
        mass = _step(mass, g, more, scratch)
    return split.law(portable.matmul(mass, _fraction(np.arange(N + 1), N, split.weight_ratio[-1])))


def least_particles_exact(tree: TreeMDP, delta: float, cap: int = EXACT_CAP) -> int | None:
    """Least number of particles N* with TV(output law, target) <= delta, from the exact law.

    Parameters
    ----------
    tree : TreeMDP with `is_two_lineage`.
    delta : total-variation tolerance in (0, 1).
    cap : largest N tried.

    Returns
    -------
    N*, or None if TV > delta at the cap.

    Raises
    ------
    BadInput
        If the tree is not two-lineage, delta is not in (0, 1) or cap < 1.

    Notes
    -----
    Doubling and bisection: TV(N*) <= delta < TV(N* - 1) is computed, that TV stays below delta
    beyond N* is assumed.
    """
    check_inner_fraction("delta", delta)
    check_integer("cap", cap, 1, MOST)
    target = target_law(tree)

    def suffices(N: int) -> bool:
        return total_variation(lineage_law(tree, N), target) <= delta

    low, high = 0, 1
    while not suffices(high):
        if high == cap:
            return None
        low, high = high, min(2 * high, cap)
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if suffices(middle) else (middle, high)
    return high


@dataclass(frozen=True)
class _Split:
    """The two lineages of a tree: the numbers that drive the chain."""

    probability: float  # of the first branch at the split
    weight_ratio: Array  # g_t at depths tau .. T
    first_terminal: int  # terminal class of the first lineage

    def law(self, first: float) -> Array:
        """Law over terminal classes from the first lineage's probability."""
        result = np.array([first, 1 - first])
        return result if self.first_terminal == 0 else result[::-1].copy()


def _split(tree: TreeMDP) -> _Split | None:
    """Read off the lineages, following class 0 of the split; None if the tree never splits."""
    if not is_two_lineage(tree):
        raise BadInput(f"tree {tree.name!r} is not two-lineage: a class has several parents")
    if tree.n_classes[-1] == 1:
        return None
    tau = int(np.argmax(tree.n_classes == 2))
    probability = float(tree.policy_at(tau - 1)[tree.child_at(tau - 1) == 0].sum())
    parents = [0, 0]
    lineages = [0, 1]
    log_ratio = []
    for t in range(tau, tree.horizon + 1):
        log_G = tree.log_value_at(t)[lineages] - tree.log_value_at(t - 1)[parents]
        log_ratio.append(log_G[0] - log_G[1])
        if t < tree.horizon:
            parents = lineages
            lineages = [int(np.argmax(_parents(tree, t)[s])) for s in parents]
    clipped = np.clip(log_ratio, -_LARGEST_LOG_RATIO, _LARGEST_LOG_RATIO)
    return _Split(probability, portable.exp(clipped), lineages[0])


def _parents(tree: TreeMDP, t: int) -> NDArray[np.bool_]:
    """(S_t, S_{t+1}): whether an edge of positive probability joins the two classes."""
    joined = np.zeros((tree.n_classes[t], tree.n_classes[t + 1]), dtype=bool)
    s, b = np.nonzero(tree.policy_at(t) > 0)
    joined[s, tree.child_at(t)[s, b]] = True
    return joined


def _fraction(K: NDArray[np.int64], N: int, g: float) -> Array:
    """Share of the first lineage's weight: K g / (K g + N - K)."""
    return np.asarray(K * g / (K * g + (N - K)))


def _ratios(N: int) -> Array:
    """(N - k) / (k + 1), k = 0 .. N: pmf(k+1) / pmf(k) of a binomial with odds 1."""
    k = np.arange(N + 1)
    return np.asarray((N - k) / (k + 1))


@kernel
def _step(mass: Array, g: float, more: Array, scratch: Array) -> Array:
    """One step of the chain: mass over K = 0 .. N becomes the returned mass.

    Overwrites scratch.
    """
    N = mass.shape[0] - 1
    result = np.zeros(N + 1)
    result[0] = mass[0]
    result[N] += mass[N]
    for K in range(1, N):
        if mass[K] > _NEGLIGIBLE:
            _spread(mass[K], K * g / (N - K), more, scratch, result)
    return result


@kernel
def _spread(amount: float, odds: float, more: Array, scratch: Array, result: Array) -> None:
    """Add amount times the Bin(N, odds / (1 + odds)) pmf to result.

    Runs outwards from the mode, where the pmf is set to 1, and normalises by the sum: no gamma
    functions, no underflow.  Overwrites scratch.
    """
    N = result.shape[0] - 1
    mode = min(N, int((N + 1) * (odds / (1.0 + odds))))
    scratch[mode] = total = term = 1.0
    last = mode
    while last < N and term > _NEGLIGIBLE:
        term *= more[last] * odds
        last += 1
        scratch[last] = term
        total += term
    first, term = mode, 1.0
    while first > 0 and term > _NEGLIGIBLE:
        first -= 1
        term /= more[first] * odds
        scratch[first] = term
        total += term
    scale = amount / total
    for k in range(first, last + 1):
        result[k] += scale * scratch[k]
