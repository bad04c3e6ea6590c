"""Edge tables: a tree and a proposal policy, laid out for the samplers.

A particle is described by the edge (class, symbol) it crossed last. Edge e leads to the edges of
the next depth that start at ``next_row[e]``; the last entry of `next_row` belongs to the edge into
the root, where every particle starts. The symbol is drawn by inverse cdf: the edge crossed is the
first one of the row with u < cumulative[e].

Round-off must never send a particle across an edge of probability zero, nor past the end of the
row. So `cumulative` is exactly 1 from the last edge of positive probability on, where every uniform
below 1 stops.

The incremental weight of edge e is ``ratio[e] * exp(log_scale[t])``. Its largest value at each
depth is in `log_scale`, so `ratio` lies in [0, 1] whatever the scale of V:

    naive proposal    pi_ref(b | s),                 weight V(child) / V(s);
    guided proposal   pi_ref(b | s) V(child) / norm, weight E_ref[V(child) | s] / V(s).
"""

from dataclasses import dataclass
from functools import lru_cache

import numpy as np

from treesmc.sims.errors import BadInput
from treesmc.sims.tree import FloatArray, IntArray, TreeMDP
from treesmc.sims.values import bellman_log_ratio, guided_policy, log_increments

WIDEST_LOG_RATIO = 300.0  # squares of weights are summed too


@dataclass(frozen=True, eq=False)
class Moves:
    """One proposal with its incremental weights, per flat edge.

    Attributes
    ----------
    policy : float64[edges]
        Probability of the edge within its row.
    cumulative : float64[edges]
        Cumulative probability within the row, exactly 1 from the last possible edge on.
    rest : float64[edges]
        Probability of the later edges of the row, exactly 0 from the last possible edge on.
    ratio : float64[edges]
        Incremental weight over the largest of its depth; 0 on impossible edges.
    log_scale : float64[T]
        Logarithm of the largest incremental weight of each depth.
    next_row : int64[edges + 1]
        First edge of the row that the edge leads to; at the last depth, the terminal class.
    """

    policy: FloatArray
    cumulative: FloatArray
    rest: FloatArray
    ratio: FloatArray
    log_scale: FloatArray
    next_row: IntArray


@lru_cache(maxsize=8)
def moves(tree: TreeMDP, guided: bool = False) -> Moves:
    """Tabulate the naive proposal of a tree, or the guided one. The last few tables are kept.

    Raises
    ------
    BadInput
        If the incremental weights of some depth do not fit into double precision together.
    """
    # A copy, as Numba compiles once more for the read-only arrays of a tree.
    policy = guided_policy(tree) if guided else tree.policy.copy()
    log_weight = _guided_log_weight(tree) if guided else log_increments(tree)
    ratio, log_scale = _scaled(tree, log_weight)
    cumulative, rest = row_sums(tree, policy)
    return Moves(policy, cumulative, rest, ratio, log_scale, next_rows(tree))


def _guided_log_weight(tree: TreeMDP) -> FloatArray:
    """Return log E_ref[V' | s] / V(s) of the class each edge starts from, -inf if impossible."""
    classes_of_depth = np.split(bellman_log_ratio(tree), tree.class_start[1:-2])
    rows = [np.repeat(x, b) for x, b in zip(classes_of_depth, tree.n_symbols, strict=True)]
    return np.where(tree.policy > 0, np.concatenate(rows), -np.inf)


def _scaled(tree: TreeMDP, log_weight: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Split log weights into ratios to the largest of the depth, and its logarithm."""
    log_scale = np.maximum.reduceat(log_weight, tree.edge_start[:-1])
    depth = np.repeat(np.arange(tree.horizon), np.diff(tree.edge_start))
    log_ratio = log_weight - log_scale[depth]
    too_low = np.isfinite(log_ratio) & (log_ratio < -WIDEST_LOG_RATIO)
    if too_low.any():
        e = int(np.argmax(too_low))
        raise BadInput(
            f"log_value: the weights V(child)/V(parent) of depth {depth[e] + 1} span a factor of "
            f"exp({-log_ratio[e]:.0f}); sampling in double precision takes at most "
            f"exp({WIDEST_LOG_RATIO:.0f})"
        )
    return np.exp(log_ratio), log_scale


def row_sums(tree: TreeMDP, policy: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the guarded cumulative probability of every edge, and that of the later edges."""
    cumulative, rest = np.empty_like(policy), np.zeros_like(policy)
    for t in range(tree.horizon):
        p = tree.edge_layer(policy, t)
        from_here = np.cumsum(p[:, ::-1], axis=1)[:, ::-1]
        tree.edge_layer(rest, t)[:, :-1] = from_here[:, 1:]
        no_later_edge = tree.edge_layer(rest, t) == 0
        tree.edge_layer(cumulative, t)[:] = np.where(no_later_edge, 1.0, np.cumsum(p, axis=1))
    return cumulative, rest


def next_rows(tree: TreeMDP) -> IntArray:
    """Return where the row of each edge's child starts, and 0 for the edge into the root."""
    rows = [
        tree.edge_start[t + 1] + tree.child_at(t).ravel() * tree.n_symbols[t + 1]
        for t in range(tree.horizon - 1)
    ]
    return np.concatenate([*rows, tree.child_at(tree.horizon - 1).ravel(), [0]])
