r"""Resampling at some depths only: it is SMC at every step on a coarser tree.

Between two resamplings the weights of a path multiply to V(last) / V(first). So SMC that resamples
multinomially at fixed depths, and nowhere else, is SMC at every step on the *coarsened* tree, whose
steps lead from one of these depths to the next: one law of Zhat and of the output. Every result on
SMC (S1, S2, S6, the lineage chain) holds of it as it stands.

**Particles enough for rarer resampling** (S11). For a step from depth s to t

    q = sup Q / inf M Q <= L^(t - s) (1 + eps)^(2T - s - t),

by A1 along the step and A2 from t and from s to the end. With one resampling in b steps S2 becomes

    N >= (1/delta) ceil(T/b) (L^b (1 + eps)^(2T) - 1),

and at eps <= c/T, with b near 1/log L, of order 1 + T log L: the cost is N T, hence of degree 2
where L is constant but of degree 1 where L = 1 + O(1/T).

**Adaptive resampling** when ESS < kappa N: as N -> infinity ESS/N -> (E w)^2 / E w^2, w the weight
since the last resampling, and the random times become the fixed ones at which this limit falls
below kappa (Del Moral, Doucet & Jasra 2012, On adaptive resampling strategies for sequential Monte
Carlo methods). Its first-order law is that of the tree coarsened there.
"""

from collections.abc import Sequence
from functools import reduce
from itertools import pairwise

import numpy as np

from treesmc.sims.base import portable
from treesmc.sims.base.errors import BadInput
from treesmc.sims.trees.tree import FloatArray, TreeMDP


def coarsened(tree: TreeMDP, times: Sequence[int]) -> TreeMDP:
    """Return the tree whose steps lead from one of the depths to the next.

    Parameters
    ----------
    tree : TreeMDP
    times : sequence of int
        Increasing depths strictly between 0 and T; root and leaves are kept anyway.

    Returns
    -------
    TreeMDP
        The classes of the depths kept, and one symbol for each class that a step may lead to.

    Raises
    ------
    BadInput
        If the depths are not increasing, or out of range.
    """
    kept = [0, *times, tree.horizon]
    if any(start >= stop for start, stop in pairwise(kept)):
        raise BadInput(f"times: {list(times)} do not increase strictly within 0..{tree.horizon}")
    steps = [_transition(tree, t) for t in range(tree.horizon)]
    policy = [reduce(portable.matmul, steps[start:stop]) for start, stop in pairwise(kept)]
    child = [np.tile(np.arange(p.shape[1]), (len(p), 1)) for p in policy]
    values = [tree.log_value_at(t) for t in kept]
    return TreeMDP.from_layers(policy, child, values, f"{tree.name} at {len(kept)} depths")


def limiting_times(tree: TreeMDP, kappa: float) -> list[int]:
    """Return the depths t < T at which infinitely many particles are resampled.

    Parameters
    ----------
    tree : TreeMDP
    kappa : float
        Threshold of ESS/N, between 0 (never) and 1 (wherever weights vary).

    Notes
    -----
    What is carried along is the law over (class resampled in, class now); w = V(now)/V(resampled).
    """
    times: list[int] = []
    start, joint = 0, np.ones((1, 1))
    for t in range(1, tree.horizon):
        joint = portable.matmul(joint, _transition(tree, t - 1))
        w = portable.exp(tree.log_value_at(t) - tree.log_value_at(start)[:, None])
        weighed = joint * w
        if weighed.sum() ** 2 < kappa * np.sum(weighed * w):
            times.append(t)
            start, joint = t, np.diag(weighed.sum(axis=0) / weighed.sum())
    return times


def _transition(tree: TreeMDP, t: int) -> FloatArray:
    """Return pi_ref between the classes of depths t and t + 1, [S_t, S_{t+1}]."""
    between = np.zeros((tree.n_classes[t], tree.n_classes[t + 1]))
    classes = np.arange(tree.n_classes[t])[:, None]
    np.add.at(between, (classes, tree.child_at(t)), tree.policy_at(t))
    return between
