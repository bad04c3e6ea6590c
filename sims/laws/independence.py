"""The exact law of an independence sampler after H steps, from the law of its importance weights.

Proposals y are drawn from q, whatever the current state x, and accepted with probability
min(1, w(y)/w(x)), w the density of the target tau with respect to q up to a constant. The initial
state is a proposal too. The law after H steps has a density with respect to q that depends on the
weight alone,

    g_0 = 1,    g_{H+1}(w) = E_{x ~ law_H} min(1, w/w(x)) + lambda(w) g_H(w),

lambda(w) = E_q (1 - w(y)/w)_+ being the probability of staying at a state of weight w. (Liu, 1996,
and Smith and Tierney, 1996, solve it in closed form.) Nothing else about the space matters: a
marginal law is a sum of q g_H over the states behind it. Each g_H increases, and is at most H + 1.
"""

from collections.abc import Iterator

import numpy as np

from treesmc.sims.base import portable
from treesmc.sims.trees.tree import FloatArray


def densities(log_weight: FloatArray, mass: FloatArray) -> Iterator[FloatArray]:
    """Yield g_0, g_1, ... without end: the density of law_H with respect to the proposal.

    Parameters
    ----------
    log_weight, mass : float64[...], of one shape
        Atoms of the law of the weight under the proposal; masses sum to 1.

    Yields
    ------
    float64[...]
        g_H at each atom.
    """
    order = np.argsort(log_weight, axis=None, kind="stable")
    w, q = portable.exp(log_weight.ravel()[order]), mass.ravel()[order]
    stay = np.cumsum(q) - np.cumsum(q * w) / w
    g = np.ones_like(w)
    while True:
        unsorted = np.empty_like(g)
        unsorted[order] = g
        yield unsorted.reshape(log_weight.shape)
        law = q * g
        above = np.cumsum((law / w)[::-1])[::-1] - law / w
        g = np.cumsum(law) + w * above + stay * g


def laws(log_weight: FloatArray, joint: FloatArray) -> Iterator[FloatArray]:
    """Yield the law over classes after H = 0, 1, ... steps, [A C], group by group.

    Parameters
    ----------
    log_weight : float64[A, n]
        Weights, in A groups.
    joint : float64[A, C, n]
        Mass, under the proposal, of class c of group a together with each weight of the group.
    """
    for g in densities(log_weight, joint.sum(axis=1)):
        yield marginal(joint, g)


def marginal(joint: FloatArray, g: FloatArray) -> FloatArray:
    """Return the law over classes, [A C], from masses [A, C, n] and a density [A, n]."""
    law: FloatArray = (joint * g[:, None, :]).sum(axis=-1)
    return law.ravel()
