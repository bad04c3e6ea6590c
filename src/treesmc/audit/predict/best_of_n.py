"""Best-of-n as a sampler: how many complete samples stand in for the target, from logged rewards.

Best-of-n draws n complete sequences from pi_ref and returns one with probability proportional to
its reward. Its law depends on the law of the reward alone and is known exactly for every n
(claim S7), so the rewards of a log, taken as that law, give total variation at any n. Rewards in a
log: of the first child at the last depth, and of the first rollout of every prefix.

The tail that n samples do not show is not in this law: it is an estimate where the effective number
of rewards under the target is large, and too low where it is not.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from treesmc.audit.log.logs import Probes
from treesmc.sims.base import portable
from treesmc.sims.trees.tree import FloatArray, IntArray

GRID: FloatArray = np.array([2.0**k for k in range(49)])
MOST_PROMPTS = 8
CLASSES = 64
LOWEST = -200.0  # log of the least reward kept, relative to the largest: zero for all purposes


@dataclass(frozen=True, eq=False)
class NaiveOutlook:
    """What best-of-n gives on some prompts.

    Attributes
    ----------
    prompt : int64[P]
        The prompts looked at: at most `MOST_PROMPTS`, evenly spread over the log.
    tv : float64[P, G]
        Total variation at the samples of `GRID`.
    ess : float64[P]
        Effective number of logged rewards under the target.
    """

    prompt: IntArray
    tv: FloatArray
    ess: FloatArray


def naive_outlook(probes: Probes, horizon: int) -> NaiveOutlook | None:
    """Tabulate best-of-n on the prompts of a log; None if it holds no rewards."""
    prompt, log_phi, log_weight = rewards(probes, horizon)
    chosen = rewarded_prompts(prompt, log_phi + log_weight)
    if not len(chosen):
        return None
    laws = [reward_law(log_phi[prompt == i], log_weight[prompt == i]) for i in chosen]
    return NaiveOutlook(
        chosen,
        np.array([naive_curve(p, phi) for p, phi, _ in laws]),
        np.array([ess for _, _, ess in laws]),
    )


def rewards(probes: Probes, horizon: int) -> tuple[IntArray, FloatArray, FloatArray]:
    """Return prompt, log phi and log weight of every reward drawn by the reference policy."""
    last = np.flatnonzero(probes.depth == horizon - 1)
    rolled = np.flatnonzero(probes.rollouts.count > 0)
    line = np.concatenate([last, rolled])
    log_phi = np.concatenate([probes.children.first[last], probes.rollouts.first[rolled]])
    return probes.prompt[line], log_phi, probes.log_weight[line]


def rewarded_prompts(prompt: IntArray, log_share: FloatArray) -> IntArray:
    """Return the prompts to look at, of those with a reward whose share is above zero."""
    rich = np.unique(prompt[np.isfinite(log_share)])
    every: IntArray = np.unique(np.linspace(0, len(rich) - 1, MOST_PROMPTS).astype(int))
    return rich[every] if len(rich) else rich


def naive_curve(p: FloatArray, log_phi: FloatArray) -> FloatArray:
    """Return total variation at the samples of `GRID`; zero once it is below any use."""
    from treesmc.sims.laws.naive_law import naive_tv

    tv = np.zeros(len(GRID))
    for k, n in enumerate(GRID):
        tv[k] = naive_tv(p, log_phi, float(n))
        if tv[k] < 1e-4:
            break
    return tv


def relative(log_phi: FloatArray) -> FloatArray:
    """Return log rewards relative to the largest, none of them below `LOWEST`."""
    bounded: FloatArray = np.maximum(log_phi - log_phi.max(), LOWEST)
    return bounded


def normalised(log_weight: FloatArray) -> FloatArray:
    """Return the law that log weights are of."""
    weight: FloatArray = portable.exp(log_weight - log_weight.max())
    return weight / weight.sum()


def reward_law(log_phi: FloatArray, log_weight: FloatArray) -> tuple[FloatArray, FloatArray, float]:
    """Return a law over at most `CLASSES` rewards, their logarithms, and the effective number.

    Sorted rewards are cut into classes of equal mass under the mean of pi_ref and pi.
    """
    order = np.argsort(log_phi)
    log_phi, p = relative(log_phi)[order], normalised(log_weight[order])
    pi = p * portable.exp(log_phi)
    pi /= pi.sum()
    place = np.minimum(((p + pi).cumsum() / 2 * CLASSES).astype(int), CLASSES - 1)
    mass: FloatArray = np.bincount(place, p).astype(np.float64)
    weighted = np.bincount(place, p * portable.exp(log_phi))
    held = weighted > 0  # what underflows is no class
    return mass[held], portable.log(weighted[held] / mass[held]), float(1 / np.sum(pi**2))
