"""Algorithm 2 as a Markov chain on pools and picks, written out in full for tiny trees.

Zhu & Lu (2026), Algorithm 2, as stated in arXiv:2602.01381. A state holds the T pools, M ordered
children each, and the T picks; its proposal has probability q, its weight is w, its path has reward
phi. A proposal is accepted with probability min(1, exp(score' - score)). With score = log(phi/w)
the chain is reversible with respect to tau = q phi/w, whose marginal over paths is pi. Other scores
serve as controls: they look as plausible, and the chain goes elsewhere.
"""

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from treesmc.sims.base import portable
from treesmc.sims.trees.tree import FloatArray, IntArray, TreeMDP

SCORES = {"phi / w": -1.0, "phi": 0.0, "phi w": 1.0}
"""Power of the weight in the score; only the first is right."""


@dataclass(frozen=True, eq=False)
class States:
    """All S states of pools and picks of positive probability.

    Attributes
    ----------
    terminal : int64[S]
        Terminal class.
    proposal : float64[S]
        Probability q of being proposed.
    log_weight, log_phi : float64[S]
    """

    terminal: IntArray
    proposal: FloatArray
    log_weight: FloatArray
    log_phi: FloatArray

    def target(self) -> FloatArray:
        """Return tau, normalised."""
        tau = self.proposal * portable.exp(self.log_phi - self.log_weight)
        return tau / tau.sum()


def pool_states(tree: TreeMDP, M: int) -> States:
    """Enumerate the pools, M ordered children at each step, and picks of a tree."""
    rows = [(0, 1.0, 0.0)]
    for t in range(tree.horizon):
        rows = [
            (child, q * chance, log_w + factor)
            for s, q, log_w in rows
            for child, chance, factor in _steps(tree, t, s, M)
        ]
    terminal, proposal, log_weight = map(np.array, zip(*rows, strict=True))
    log_phi = tree.log_value_at(tree.horizon)[terminal]
    return States(terminal, proposal, log_weight, log_phi)


def _steps(tree: TreeMDP, t: int, s: int, M: int) -> Iterator[tuple[int, float, float]]:
    """Yield child, probability and log factor of the weight of every pool and pick of a class."""
    policy, child = tree.policy_at(t)[s], tree.child_at(t)[s]
    V = portable.exp(tree.log_value_at(t + 1)[child])
    for pool in itertools.product(np.flatnonzero(policy > 0), repeat=M):
        total = sum(V[b] for b in pool)
        for b in pool:
            chance = math.prod(policy[i] for i in pool) * V[b] / total
            yield int(child[b]), chance, portable.log(V[b] * M / total)


def transition(states: States, score: FloatArray) -> FloatArray:
    """Return the matrix [S, S] of the chain that accepts by exp(score' - score)."""
    acceptance = portable.exp(np.minimum(score[None, :] - score[:, None], 0.0))
    matrix = states.proposal * acceptance
    np.fill_diagonal(matrix, 0.0)
    np.fill_diagonal(matrix, 1 - matrix.sum(axis=1))
    return matrix


def imbalance(law: FloatArray, matrix: FloatArray) -> float:
    """Return the largest difference between opposite flows, over the largest flow of a move."""
    flow = law[:, None] * matrix
    np.fill_diagonal(flow, 0.0)
    return float(np.abs(flow - flow.T).max() / flow.max())


def stationary(matrix: FloatArray) -> FloatArray:
    """Return the stationary law, found by linear algebra from the matrix alone."""
    equations = matrix.T - np.eye(len(matrix))
    equations[-1] = 1.0
    return portable.solve(equations, np.eye(len(matrix))[-1])
