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

from treesmc.audit.log.probes import Probes
from treesmc.audit.measure.bootstrap import Clusters, interval, resampled
from treesmc.audit.predict.paths import solve
from treesmc.audit.predict.routes import NO_CLAIM, PREDICTION, Route, abstain
from treesmc.sims.base import portable
from treesmc.sims.base.streams import generator
from treesmc.sims.trees.tree import FloatArray

SAMPLES: FloatArray = np.array([2.0**k for k in range(49)])
MOST_LAWS = 8
CLASSES = 64
LEAST_ESS_OF_REWARDS = 30.0  # in the median prompt, for a claim
LOWEST = -200.0  # log of the least reward kept, relative to the largest: zero for all purposes


@dataclass(frozen=True, eq=False)
class Rewards:
    """The rewards of one prompt that a log holds, all drawn by the reference policy.

    Attributes
    ----------
    log_phi, log_weight : float64[n]
        Each reward, and its weight.
    law : float64[C]
        Probabilities of at most `CLASSES` rewards; ``log_class``, float64[C], their logarithms.
    ess : float
        Effective number of rewards under the target.
    """

    log_phi: FloatArray
    log_weight: FloatArray
    law: FloatArray
    log_class: FloatArray
    ess: float

    @classmethod
    def of(cls, log_phi: FloatArray, log_weight: FloatArray) -> Rewards:
        """Cut sorted rewards into classes of equal mass under the mean of pi_ref and pi."""
        order = np.argsort(log_phi)
        x, p = relative(log_phi)[order], normalised(log_weight[order])
        pi = p * portable.exp(x)
        pi /= pi.sum()
        place = np.minimum(((p + pi).cumsum() / 2 * CLASSES).astype(int), CLASSES - 1)
        mass: FloatArray = np.bincount(place, p).astype(np.float64)
        weighted = np.bincount(place, p * portable.exp(x))
        held = weighted > 0  # what underflows is no class
        log_class = portable.log(weighted[held] / mass[held])
        return cls(log_phi, log_weight, mass[held], log_class, float(1 / np.sum(pi**2)))


def logged_rewards(probes: Probes, horizon: int) -> list[Rewards]:
    """Return the rewards of at most `MOST_LAWS` prompts that have one, evenly spread over a log."""
    last = np.flatnonzero(probes.depth == horizon - 1)
    rolled = np.flatnonzero(probes.rollouts.count > 0)
    line = np.concatenate([last, rolled])
    log_phi = np.concatenate([probes.children.first[last], probes.rollouts.first[rolled]])
    prompt, log_weight = probes.prompt[line], probes.log_weight[line]
    rich = np.unique(prompt[np.isfinite(log_phi + log_weight)])
    if not len(rich):
        return []
    chosen = rich[np.unique(np.linspace(0, len(rich) - 1, MOST_LAWS).astype(int))]
    return [Rewards.of(log_phi[prompt == i], log_weight[prompt == i]) for i in chosen]


def naive_curve(p: FloatArray, log_phi: FloatArray) -> FloatArray:
    """Return total variation at the samples of `SAMPLES`; zero once it is below any use."""
    from treesmc.sims.laws.naive_law import naive_tv

    tv = np.zeros(len(SAMPLES))
    for k, n in enumerate(SAMPLES):
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


def best_of_n_route(rewards: list[Rewards], clusters: Clusters, delta: float) -> Route:
    """Return the samples that best-of-n needs, over the rewards of the log."""
    if not rewards:
        return abstain("best-of-n", "the log holds no rewards")
    count = len(rewards)
    tv = np.array([naive_curve(x.law, x.log_class) for x in rewards])
    curves = tv.mean(axis=0)[None]
    if clusters.kind == "prompts":
        mix = resampled(count, len(clusters.weights), generator(0, count)) / count
        curves = np.vstack([curves, portable.matmul(mix, tv)])
    estimate = interval(np.array([solve(x, SAMPLES, delta) for x in curves]), count)
    ess = float(np.median([x.ess for x in rewards]))
    if ess < LEAST_ESS_OF_REWARDS:
        note = f"a lower estimate: effective number of rewards {ess:.0f} in the median prompt"
        return Route("best-of-n", NO_CLAIM, estimate, note)
    return Route("best-of-n", PREDICTION, estimate, "exact law of the logged rewards, S7")
