"""Drawn by weight, or the one of largest reward: what best-of-n returns by either rule.

Drawn in proportion to reward it tends to the target as n grows (S7). The one of largest reward does
not: with F the distribution function of the reward under pi_ref, its reward is at most r with
probability F(r)^n, which leans to the largest rewards, the more so the more samples there are. With
pi(r) the target's probability of a reward r,

    TV = 1/2 sum_r |F(r)^n - F(r-)^n - pi(r)|,

over rewards and over sequences alike: given the reward, sequences are drawn from pi_ref, as under
the target. Rewards are those of the log (`best_of_n`), prompt by prompt, and averaged over prompts.

The largest of SMC's particles leans the same way, but particles share ancestors: as if there were
fewer of them, by a number that a log does not tell.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from treesmc.audit.predict.best_of_n import Rewards, normalised, relative
from treesmc.audit.predict.routes import PREDICTION, Route
from treesmc.sims.base import portable
from treesmc.sims.trees.tree import FloatArray
from treesmc.sims.trees.values import total_variation

Rule = tuple[float, float]  # total variation to the target, mean reward over the target's


@dataclass(frozen=True)
class LastChoice:
    """What best-of-n returns by two rules.

    Attributes
    ----------
    n : float
        Samples.
    tv_drawn, tv_largest : float
        Total variation to the target of one drawn by weight, and of the one of largest reward.
    reward_drawn, reward_largest : float
        Mean reward over its mean under the target.
    """

    n: float
    tv_drawn: float
    tv_largest: float
    reward_drawn: float
    reward_largest: float


def last_choices(rewards: list[Rewards], best_of_n: Route) -> list[LastChoice]:
    """Hold the rules against each other at one sample, and at the number of a claimed route.

    Returns
    -------
    list of LastChoice
        Empty if the log holds no rewards.
    """
    if not rewards:
        return []

    def mean_choice(n: float) -> LastChoice:
        drawn = np.mean([by_weight(x.law, x.log_class, n) for x in rewards], axis=0)
        largest = np.mean([largest_reward(x.log_phi, x.log_weight, n) for x in rewards], axis=0)
        return LastChoice(n, *map(float, np.column_stack([drawn, largest]).ravel()))

    claimed = best_of_n.claim == PREDICTION and 1 < best_of_n.n < math.inf
    return [mean_choice(n) for n in ([1.0, best_of_n.n] if claimed else [1.0])]


def by_weight(p: FloatArray, log_phi: FloatArray, n: float) -> Rule:
    """Look at one of n samples drawn by reward, from the law p over rewards (S7)."""
    from treesmc.sims.laws.naive_law import naive_law

    return _compare(naive_law(p, log_phi, n), normalised(portable.log(p) + log_phi), log_phi)


def largest_reward(log_phi: FloatArray, log_weight: FloatArray, n: float) -> Rule:
    """Look at the one of largest reward among n samples; ties are broken at random.

    Parameters
    ----------
    log_phi, log_weight : float64[S]
        Log rewards of outcomes, -inf for none, and log weights under pi_ref.
    n : float
        At least 1.
    """
    log_phi = relative(log_phi)
    levels, level = np.unique(log_phi, return_inverse=True)
    one = np.bincount(level, normalised(log_weight))
    target = np.bincount(level, normalised(log_weight + log_phi)).astype(np.float64)
    not_above = np.append(np.minimum(np.cumsum(one)[:-1], 1.0), 1.0)
    law = np.diff(portable.exp(n * portable.log(not_above)), prepend=0.0)
    return _compare(law, target, levels)


def _compare(law: FloatArray, target: FloatArray, log_phi: FloatArray) -> Rule:
    reward = portable.exp(log_phi - log_phi.max())
    return total_variation(law, target), portable.matmul(law, reward) / portable.matmul(
        target, reward
    )
