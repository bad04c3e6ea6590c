r"""The first-order law of SMC over terminal classes: N TV(output law, pi) tends to a constant (S6).

With h_t the density of the target's step t with respect to SMC's, b(x) = sum_t (h_t - 1) and
v = E_pi[b], the constant is

    C = (1/2) sum_c |E_pi[(b(x) - v) 1{x_T in c}]|,

exact by one forward pass. Divided by delta it predicts the particles that delta takes.
"""

import math

import numpy as np

from treesmc.sims.base import portable
from treesmc.sims.laws.moments import TargetChain
from treesmc.sims.trees.tree import TreeMDP
from treesmc.sims.trees.values import class_laws, log_expectation, target_policy


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
