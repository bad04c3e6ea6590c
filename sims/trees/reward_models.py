r"""Reward models as people make them, on any tree: what training on rollouts does to V.

The truth is V*(s) = E_ref[phi | s], and the reward of a rollout from s is a draw of phi given s.
A reward model here is a function of class and depth, noise included: two prefixes of one class get
the same wrong value.

`exact`           V*.
`rollouts`        the mean reward of k rollouts from each class.
`hard_label`      "some rollout of k succeeded" in place of "what share did", which inflates V: with
                  p the chance of success, its mean is 1 - (1 - p)^k. Success is the largest reward,
                  and V is interpolated between the smallest and it, so V stays positive.
`power`           V*^gamma, in units of the largest reward: overconfident above 1, tempered below.
`regression`      logistic, of the rewards of n rollouts from the root on features of the prefixes.
`least_variance`  what serves SMC best, and it is not V*.
`centred`         any of them, rescaled depth by depth so that its Bellman error is least. SMC
                  compares particles of one depth, so its law does not change: what A2 charges for a
                  factor common to a depth, SMC does not pay.

The rewards of rollouts are not simulated where only their number counts. With P(phi = x | s) from
dynamic programming they are multinomial: the same law, at a cost that does not depend on k.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from treesmc.sims.base import portable
from treesmc.sims.base.checks import check_integer, check_positive
from treesmc.sims.base.errors import BadInput
from treesmc.sims.base.streams import generator
from treesmc.sims.trees.tree import FloatArray, IntArray, TreeMDP
from treesmc.sims.trees.values import bellman_log_ratio, log_expectation, log_true_value

LARGEST_LAW = 2**27  # entries, a gigabyte
MOST_ROLLOUTS = 10**9
NEWTON_STEPS = 50
CONVERGED = 1e-6  # nats that the next step would gain


@dataclass(frozen=True, eq=False)
class RewardLaw:
    """What a rollout from each class is paid.

    Attributes
    ----------
    levels : float64[R]
        Different rewards, ascending, in units of the largest: the last is 1.
    probability : float64[classes, R]
        P(phi = level | class).
    log_unit : float
        Logarithm of the largest reward.
    """

    levels: FloatArray
    probability: FloatArray
    log_unit: float

    def log_interpolated(self, share: FloatArray) -> FloatArray:
        """Return log V, V between the smallest (share 0) and the largest reward (share 1)."""
        low = self.levels[0]
        return portable.log(low + (1 - low) * share) + self.log_unit

    def share(self, reward: FloatArray) -> FloatArray:
        """Return where rewards, in units of the largest, are between the smallest and it."""
        low = self.levels[0]
        return (reward - low) / (1 - low) if low < 1 else np.zeros_like(reward)


def reward_law(tree: TreeMDP) -> RewardLaw:
    """Return the law of the reward given each class, exactly.

    Raises
    ------
    BadInput
        If classes times different rewards exceed a gigabyte.
    """
    log_phi = tree.log_value_at(tree.horizon)
    log_levels, level = np.unique(log_phi, return_inverse=True)
    n_entries = len(tree.log_value) * len(log_levels)
    if n_entries > LARGEST_LAW:
        raise BadInput(f"rollouts: {len(log_levels)} different rewards make {n_entries} entries")
    probability = np.zeros((len(tree.log_value), len(log_levels)))
    tree.layer(probability, tree.horizon)[:] = np.eye(len(log_levels))[level]
    for t in reversed(range(tree.horizon)):
        below = tree.layer(probability, t + 1)[tree.child_at(t)]
        for b, share in enumerate(tree.policy_at(t).T):
            tree.layer(probability, t)[:] += share[:, None] * below[:, b]
    probability /= probability.sum(axis=1, keepdims=True)  # round-off
    return RewardLaw(portable.exp(log_levels - log_levels[-1]), probability, float(log_levels[-1]))


def exact(tree: TreeMDP) -> TreeMDP:
    """Return the tree under its true value."""
    return tree.with_log_value(log_true_value(tree), f"{tree.name} + exact")


def rollouts(tree: TreeMDP, k: int, seed: int = 0) -> TreeMDP:
    """Return the tree under the mean reward of k rollouts from each class, unbiased for V*.

    Parameters
    ----------
    tree : TreeMDP
        Its own reward model is ignored, here and below.
    k : int
        Rollouts per class, at least 1.
    seed : int
        Non-negative.
    """
    check_integer("k", k, 1, MOST_ROLLOUTS)
    law = reward_law(tree)
    inner = law.probability[: tree.class_start[-2]]
    drawn = _split(generator(seed), np.full(len(inner), k), inner)
    mean = portable.matmul(drawn / k, law.levels)
    return _with_inner(tree, portable.log(mean) + law.log_unit, f"rollouts(k={k}, seed={seed})")


def hard_label(tree: TreeMDP, k: int, labels: int | None = None, seed: int = 0) -> TreeMDP:
    """Return the tree under hard labels, 1 if some of k rollouts got the largest reward.

    Parameters
    ----------
    tree : TreeMDP
    k : int
        Rollouts per label, at least 1.
    labels : int, optional
        Labels averaged per class; by default infinitely many, which is what a classifier trained on
        such labels aims at.
    seed : int
        Non-negative; of the labels.
    """
    check_integer("k", k, 1, MOST_ROLLOUTS)
    law = reward_law(tree)
    share = -portable.expm1(k * portable.log1p(-law.probability[: tree.class_start[-2], -1]))
    if labels is not None:
        check_integer("labels", labels, 1, MOST_ROLLOUTS)
        share = generator(seed).binomial(labels, share) / labels
    name = f"hard_label(k={k}, labels={labels or 'inf'})"
    return _with_inner(tree, law.log_interpolated(share), name)


def power(tree: TreeMDP, gamma: float) -> TreeMDP:
    """Return the tree under V*^gamma, in units of the largest reward; gamma is finite."""
    if not np.isfinite(gamma):
        raise BadInput(f"gamma: {gamma} is not a finite number")
    unit = tree.log_value_at(tree.horizon).max()
    tempered = unit + gamma * (log_true_value(tree)[: tree.class_start[-2]] - unit)
    return _with_inner(tree, tempered, f"power({gamma:g})")


def regression(
    tree: TreeMDP, features: FloatArray, n: int, seed: int = 0, ridge: float = 1.0
) -> TreeMDP:
    """Return the tree under a logistic regression on n rollouts from the root.

    V is interpolated between the smallest and the largest reward by a share that is logistic in the
    features, of greatest penalised likelihood over all prefixes of all rollouts.

    Parameters
    ----------
    tree : TreeMDP
    features : float64[classes below depth T, F]
    n : int
        Rollouts, at least 1; each gives T prefixes.
    seed : int
        Non-negative.
    ridge : float
        Precision of the Gaussian prior on each weight, positive.
    """
    check_integer("n", n, 1, MOST_ROLLOUTS)
    n_inner = int(tree.class_start[-2])
    if len(features) != n_inner:
        raise BadInput(f"features: {len(features)} rows, but {n_inner} classes below the leaves")
    check_positive("ridge", ridge)
    law = reward_law(tree)
    visits, paid = (x[:n_inner] for x in tallied(tree, n, seed))
    seen = visits > 0
    share = law.share(paid[seen] / visits[seen])
    weights = logistic_fit(features[seen], visits[seen], share, ridge)
    log_value = law.log_interpolated(_logistic(portable.matmul(features, weights)))
    return _with_inner(tree, log_value, f"regression(n={n}, seed={seed})")


def least_variance(tree: TreeMDP) -> TreeMDP:
    r"""Return the tree under the reward model of least asymptotic variance.

    Notes
    -----
    For SMC with the naive proposal that is V(s) = sqrt(E_ref[V*(s')^2 | s]), V* inflated where the
    next step decides much, up to one factor per depth (S10). With the guided proposal V* itself
    leaves no variance at all (S5).
    """
    log_true = log_true_value(tree)
    layers = [
        0.5 * log_expectation(tree, t, 2 * tree.layer(log_true, t + 1)) for t in range(tree.horizon)
    ]
    return _with_inner(tree, np.concatenate(layers), "least_variance")


def centred(tree: TreeMDP) -> TreeMDP:
    """Return the tree with V rescaled by one factor per depth, such that eps is least.

    Notes
    -----
    The factors move all log Bellman ratios of a depth alike; eps is least when their extremes are
    opposite. Neither SMC's law nor Zhat/Z sees them (S8), whatever the proposal or the resampling.
    """
    ratios, log_value = bellman_log_ratio(tree), tree.log_value.copy()
    shift = 0.0
    for t in reversed(range(tree.horizon)):
        ratio = tree.layer(ratios, t)
        shift += 0.5 * float(ratio.max() + ratio.min())
        tree.layer(log_value, t)[:] += shift
    return tree.with_log_value(log_value, f"{tree.name}, centred")


def tallied(tree: TreeMDP, n: int, seed: int) -> tuple[FloatArray, FloatArray]:
    """Return how often n rollouts from the root visit each class, and what they are paid.

    Parameters
    ----------
    tree : TreeMDP
    n, seed : int

    Returns
    -------
    visits : float64[classes]
    paid : float64[classes]
        Sum over the visits of the reward in the end, in units of the largest.

    Notes
    -----
    Rollouts that end with one reward are independent draws of the reference policy given that
    reward, itself a Markov chain over classes, so they are moved together, as counts.
    """
    law, rng = reward_law(tree), generator(seed)
    counts = np.zeros((len(tree.log_value), len(law.levels)))
    counts[0] = _split(rng, np.array([n]), law.probability[:1])
    for t in range(tree.horizon):
        here, there = tree.layer(counts, t), tree.layer(counts, t + 1)
        below = tree.layer(law.probability, t + 1)
        for level in range(len(law.levels)):
            rows = np.flatnonzero(here[:, level])
            child = tree.child_at(t)[rows]
            joint = tree.policy_at(t)[rows] * below[child, level]
            moved = _split(rng, here[rows, level], joint / joint.sum(axis=1, keepdims=True))
            there[:, level] = np.bincount(child.ravel(), moved.ravel(), len(there))
    return counts.sum(axis=1), portable.matmul(counts, law.levels)


def _split(rng: np.random.Generator, n: NDArray, probability: FloatArray) -> IntArray:
    """Split each n multinomially; what round-off leaves over goes to the likeliest part."""
    order = np.argsort(probability, axis=1, kind="stable")
    drawn = rng.multinomial(n.astype(np.int64), np.take_along_axis(probability, order, axis=1))
    result = np.empty_like(drawn)
    np.put_along_axis(result, order, drawn, axis=1)
    return result


def logistic_fit(
    features: FloatArray, trials: FloatArray, share: FloatArray, ridge: float
) -> FloatArray:
    """Return the weights of greatest penalised likelihood, by Newton's method with halved steps.

    Parameters
    ----------
    features : float64[n, F]
    trials, share : float64[n]
        Number of trials of each row, and which share of them succeeded.
    ridge : float
        Minimised is the negative log likelihood plus ridge/2 times the squared weights.

    Returns
    -------
    float64[F]
    """

    def loss(weights: FloatArray) -> float:
        score = portable.matmul(features, weights)
        lost = trials * (portable.logaddexp(0.0, score) - share * score)
        return float(lost.sum() + ridge / 2 * (weights * weights).sum())

    weights, prior = np.zeros(features.shape[1]), ridge * np.eye(features.shape[1])
    for _ in range(NEWTON_STEPS):
        fitted = _logistic(portable.matmul(features, weights))
        gradient = portable.matmul(trials * (fitted - share), features) + ridge * weights
        curvature = portable.matmul(features.T * (trials * fitted * (1 - fitted)), features)
        step = portable.solve(curvature + prior, gradient)
        if portable.matmul(gradient, step) <= CONVERGED:
            break
        before = loss(weights)
        while loss(weights - step) > before:
            step /= 2
        weights = weights - step
    return weights


def _logistic(score: FloatArray) -> FloatArray:
    """Return 1 / (1 + exp(-score)) without overflow."""
    return 0.5 * (1 + portable.tanh(score / 2))


def _with_inner(tree: TreeMDP, log_value: FloatArray, name: str) -> TreeMDP:
    """Return the tree with new values at inner classes; the reward stays."""
    terminal = tree.log_value_at(tree.horizon)
    return tree.with_log_value(np.concatenate([log_value, terminal]), f"{tree.name} + {name}")
