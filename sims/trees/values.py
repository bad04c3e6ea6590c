"""Exact values, errors and laws of a tree, by dynamic programming over classes.

The true value V*(s) = E_ref[phi | s] solves the Bellman equation V*(s) = E_ref[V*(s') | s], and
Z = V*(root). A reward model V is judged by

    A1 (ratio)          V(s') / V(s) in [1/L, L] along every edge,
    A2 (Bellman error)  E_ref[V(s') | s] / V(s) in [1/(1 + eps), 1 + eps] at every inner node,
    A3 (value error)    V / V* in [1/(1 + eps_V), 1 + eps_V] at every node.

Values live in log space and each sum is scaled by its largest term, so horizons in the thousands
are safe; an error beyond the range of floats is reported as infinite. Edges of zero probability
do not exist: no bound looks at them.
"""

from collections.abc import Sequence

import numpy as np

from treesmc.sims.base import portable
from treesmc.sims.base.checks import check_integer
from treesmc.sims.base.errors import BadInput
from treesmc.sims.trees.tree import FloatArray, IntArray, TreeMDP


def log_expectation(tree: TreeMDP, t: int, log_f: FloatArray) -> FloatArray:
    """Return log E_ref[f(s') | s] at depth t, [S_t], from log f at depth t + 1, [S_{t+1}]."""
    policy = tree.policy_at(t)
    terms = np.where(policy > 0, log_f[tree.child_at(t)], -np.inf)
    largest = terms.max(axis=1)
    return largest + portable.log(np.sum(policy * portable.exp(terms - largest[:, None]), axis=1))


def log_true_value(tree: TreeMDP) -> FloatArray:
    """Return log V*, float64[classes], by backward induction from the reward."""
    result = np.empty_like(tree.log_value)
    tree.layer(result, tree.horizon)[:] = tree.log_value_at(tree.horizon)
    for t in reversed(range(tree.horizon)):
        tree.layer(result, t)[:] = log_expectation(tree, t, tree.layer(result, t + 1))
    return result


def log_normalizer(tree: TreeMDP) -> float:
    """Return log Z, Z = E_ref[phi]."""
    return float(log_true_value(tree)[0])


def bellman_log_ratio(tree: TreeMDP) -> FloatArray:
    """Return log(E_ref[V(s') | s] / V(s)), float64[classes of depth below T]."""
    ratios = [
        log_expectation(tree, t, tree.log_value_at(t + 1)) - tree.log_value_at(t)
        for t in range(tree.horizon)
    ]
    return np.concatenate(ratios)


def epsilon_per_depth(tree: TreeMDP) -> FloatArray:
    """Return the Bellman error of each inner depth, float64[T]: the least eps of A2 there."""
    return portable.expm1(_log_errors(tree))


def _log_errors(tree: TreeMDP) -> FloatArray:
    """Return log(1 + eps) of each inner depth, float64[T]."""
    largest: FloatArray = np.maximum.reduceat(
        np.abs(bellman_log_ratio(tree)), tree.class_start[:-2]
    )
    return largest


def epsilon(tree: TreeMDP) -> float:
    """Return the Bellman error, the least eps for which A2 holds."""
    return float(epsilon_per_depth(tree).max())


def log_error(tree: TreeMDP) -> float:
    """Return log(1 + epsilon), finite where epsilon is not."""
    return float(_log_errors(tree).max())


def log_increments(tree: TreeMDP) -> FloatArray:
    """Return log G = log V(child) - log V(parent) along every edge, float64[edges].

    Edges of probability zero hold -inf.
    """
    result = np.empty_like(tree.policy)
    for t in range(tree.horizon):
        step = tree.log_value_at(t + 1)[tree.child_at(t)] - tree.log_value_at(t)[:, None]
        tree.edge_layer(result, t)[:] = np.where(tree.policy_at(t) > 0, step, -np.inf)
    return result


def ratio_bound(tree: TreeMDP) -> float:
    """Return L, the least L >= 1 for which A1 holds."""
    return portable.exp(log_ratio_bound(tree))


def log_ratio_bound(tree: TreeMDP) -> float:
    """Return log L, finite where L is not."""
    steps = log_increments(tree)
    return float(np.abs(steps[np.isfinite(steps)]).max())


def value_error(tree: TreeMDP) -> float:
    """Return eps_V, the least value for which A3 holds."""
    return portable.expm1(np.abs(tree.log_value - log_true_value(tree)).max())


def seen_value_error(tree: TreeMDP) -> float:
    """Return the least eps_V of A3 when V may be multiplied by a factor per depth.

    Such factors change no resampling weight, so this is what SMC sees of the value error: half the
    range of log(V/V*) on the worst depth (S8).
    """
    log_error, starts = tree.log_value - log_true_value(tree), tree.class_start[:-1]
    largest, least = (f.reduceat(log_error, starts) for f in (np.maximum, np.minimum))
    return float(portable.expm1((largest - least).max() / 2))


def twisted_policy(tree: TreeMDP, log_f: FloatArray) -> FloatArray:
    """Return pi_ref(b | s) f(s') / E_ref[f(s') | s], float64[edges], for flat class values log f.

    With f = V* this is the target's own policy (Doob's transform), with f = V the guided proposal.
    """
    result = np.empty_like(tree.policy)
    for t in range(tree.horizon):
        log_next = tree.layer(log_f, t + 1)
        expected = log_expectation(tree, t, log_next)[:, None]
        policy = tree.policy_at(t)
        log_ratio = np.where(policy > 0, log_next[tree.child_at(t)] - expected, -np.inf)
        tree.edge_layer(result, t)[:] = _tilted(policy, log_ratio)
    return result


def _tilted(policy: FloatArray, log_ratio: FloatArray) -> FloatArray:
    """Return policy exp(log_ratio), at most one, also where only the product is a float."""
    with np.errstate(over="ignore", divide="ignore", invalid="ignore"):
        product = policy * portable.exp(log_ratio)
        if np.isfinite(product).all():
            return np.asarray(product)
        return np.where(
            np.isfinite(product), product, portable.exp(portable.log(policy) + log_ratio)
        )


def target_policy(tree: TreeMDP) -> FloatArray:
    """Return the target's policy pi(symbol | class), float64[edges]."""
    return twisted_policy(tree, log_true_value(tree))


def guided_policy(tree: TreeMDP) -> FloatArray:
    """Return the guided proposal, pi_ref V(child) normalised, float64[edges]."""
    return twisted_policy(tree, tree.log_value)


def class_laws(tree: TreeMDP, policy: FloatArray) -> FloatArray:
    """Return the law over the classes of every depth, flat, when symbols follow ``policy``.

    Parameters
    ----------
    tree : TreeMDP
    policy : float64[edges]
        Row-stochastic, such as `tree.policy`, `target_policy(tree)` or `guided_policy(tree)`.

    Returns
    -------
    float64[classes]
        Sums to one at each depth.
    """
    result = np.empty_like(tree.log_value)
    result[0] = 1.0
    for t in range(tree.horizon):
        flow = tree.layer(result, t)[:, None] * tree.edge_layer(policy, t)
        tree.layer(result, t + 1)[:] = np.bincount(
            tree.child_at(t).ravel(), weights=flow.ravel(), minlength=int(tree.n_classes[t + 1])
        )
    return result


def terminal_law(tree: TreeMDP, policy: FloatArray) -> FloatArray:
    """Return the law over terminal classes, float64[S_T], when symbols follow ``policy``."""
    return tree.layer(class_laws(tree, policy), tree.horizon)


def reference_law(tree: TreeMDP) -> FloatArray:
    """Return the reference law over terminal classes, float64[S_T]."""
    return terminal_law(tree, tree.policy)


def target_law(tree: TreeMDP) -> FloatArray:
    """Return the target law pi over terminal classes, float64[S_T]."""
    return terminal_law(tree, target_policy(tree))


def guided_law(tree: TreeMDP) -> FloatArray:
    """Return the law of single-particle guided sampling over terminal classes, float64[S_T].

    On a tree that is not lumped, terminal classes are paths.
    """
    return terminal_law(tree, guided_policy(tree))


def existing_path(tree: TreeMDP, path: Sequence[int] | IntArray) -> list[int]:
    """Return the classes visited by a path, root included, once it is known that it exists.

    Raises
    ------
    BadInput
        If the path is not of length T, or a symbol is none, or has probability zero.
    """
    if np.shape(path) != (tree.horizon,):
        raise BadInput(f"path: shape {list(np.shape(path))}, expected [{tree.horizon}] symbols")
    classes = [0]
    for t, symbol in enumerate(path):
        check_integer(f"path: symbol of step {t + 1}", symbol, 0, int(tree.n_symbols[t]) - 1)
        if tree.policy_at(t)[classes[-1], symbol] == 0:
            raise BadInput(f"path: symbol {symbol} of step {t + 1} has probability zero")
        classes.append(int(tree.child_at(t)[classes[-1], symbol]))
    return classes


def kl(tree: TreeMDP) -> float:
    """Return KL(pi || pi_ref) in nats, over paths (equally over terminal classes)."""
    log_phi = tree.log_value_at(tree.horizon)
    return portable.matmul(target_law(tree), log_phi - log_normalizer(tree))


def total_variation(p: FloatArray, q: FloatArray) -> float:
    """Return (1/2) sum |p - q| of two laws on the same classes."""
    return float(0.5 * np.abs(p - q).sum())
