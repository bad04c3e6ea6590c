"""Any tree MDP as a model to audit: a state is a flat class index."""

from __future__ import annotations

import numpy as np

from treesmc.audit.live.protocol import BoolArray
from treesmc.sims.trees.tree import FloatArray, IntArray, TreeMDP


class TreeModel:
    """A tree as a `Model`; every prompt is the root of the same tree.

    Parameters
    ----------
    tree : TreeMDP
    """

    def __init__(self, tree: TreeMDP) -> None:
        self.tree = tree
        self._cumulative = _cumulative(tree)

    def start(self, prompt: str, n: int) -> IntArray:
        """Return n times the root."""
        return np.zeros(n, dtype=np.int64)

    def extend(self, states: IntArray, rng: np.random.Generator) -> IntArray:
        """Return the classes one step on; leaves stay."""
        tree, result, u = self.tree, states.copy(), rng.random(len(states))
        depth = self._depth(states)
        for t in np.unique(depth[depth < tree.horizon]):
            here = np.flatnonzero(depth == t)
            classes = states[here] - tree.class_start[t]
            rows = tree.edge_layer(self._cumulative, t)[classes]
            symbol = (rows <= u[here, None]).sum(axis=1)
            result[here] = tree.class_start[t + 1] + tree.child_at(t)[classes, symbol]
        return result

    def log_values(self, states: IntArray) -> FloatArray:
        """Return log V."""
        return self.tree.log_value[states]

    def finished(self, states: IntArray) -> BoolArray:
        """Return which classes are leaves."""
        return self._depth(states) == self.tree.horizon

    def _depth(self, states: IntArray) -> IntArray:
        return np.searchsorted(self.tree.class_start, states, side="right") - 1


def _cumulative(tree: TreeMDP) -> FloatArray:
    """Return the cumulative policy of every edge, exactly 1 from the last possible edge on."""
    result = np.empty_like(tree.policy)
    for t in range(tree.horizon):
        p = tree.policy_at(t)
        possible_from_here = np.cumsum(p[:, ::-1] > 0, axis=1)[:, ::-1]
        tree.edge_layer(result, t)[:] = np.where(
            possible_from_here <= (p > 0), 1.0, np.cumsum(p, axis=1)
        )
    return result
