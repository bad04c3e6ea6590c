"""Samplers that carry one path: guided sampling and the pool Metropolis-Hastings sampler.

* Single-particle guided sampling (Zhu & Lu 2026, SP-gSMC, arXiv:2602.01381): draw each symbol with
  probability proportional to ``pi_ref V(child)``. Its importance ratio to the target is
  ``V(root)/Z prod_{t<T} E_ref[V'|s_{1:t}]/V(s_{1:t})`` (S4).
* Pool Metropolis-Hastings (Algorithm 2 there): draw M children from ``pi_ref``, pick one with
  probability proportional to V, multiply the weight by ``V(picked)/mean_pool(V)``; accept with
  probability ``min(1, w_cur phi(prop) / (w_prop phi(cur)))``. The chain lives on pools and picks.
  Its law is reversible with respect to ``prod pi_ref(pool) phi(path)``, of marginal ``pi``.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, replace

from sympy.polys.rings import PolyElement

from treesmc.theory.prover.bruteforce.rational import RationalSum
from treesmc.theory.prover.bruteforce.tree import Prefix, SymbolicTree


@dataclass(frozen=True)
class PoolState:
    """One state of the pool sampler, each quantity a numerator and a denominator.

    Attributes
    ----------
    path : prefix
        The picked symbols.
    pools : PolyElement
        Probability of the pools under ``pi_ref``.
    proposal, proposal_under : PolyElement
        Probability that a proposal is this state.
    weight, weight_under : PolyElement
        The weight ``w`` that belongs to the state.
    """

    path: Prefix
    pools: PolyElement
    proposal: PolyElement
    proposal_under: PolyElement
    weight: PolyElement
    weight_under: PolyElement


def pool_states(tree: SymbolicTree, M: int) -> Iterator[PoolState]:
    """Every proposal of the pool sampler, by pools of M children and picks."""
    one = tree.ring.one

    def grow(state: PoolState) -> Iterator[PoolState]:
        if len(state.path) == tree.T:
            yield state
            return
        for pool in itertools.product(tree.children(state.path), repeat=M):
            for picked in pool:
                yield from grow(_pick(tree, state, pool, picked))

    return grow(PoolState((), one, one, one, one, one))


def _pick(
    tree: SymbolicTree, state: PoolState, pool: tuple[Prefix, ...], picked: Prefix
) -> PoolState:
    drawn = tree.product(tree.policy[y] for y in pool)
    total = sum(tree.value(y) for y in pool)
    return replace(
        state,
        path=picked,
        pools=state.pools * drawn,
        proposal=state.proposal * drawn * tree.value(picked),
        proposal_under=state.proposal_under * total,
        weight=state.weight * tree.value(picked) * len(pool),
        weight_under=state.weight_under * total,
    )


def reversible(tree: SymbolicTree, here: PoolState, there: PoolState) -> bool:
    """Detailed balance between two states, with the minimum of the acceptance resolved.

    With ``R`` the acceptance ratio of a move there, ``R' = 1/R`` is the ratio of the move back. If
    ``R <= 1`` the flows are ``tau(here) q(there) R`` and ``tau(there) q(here)``; asked for both
    orders of the states, their equality covers either side of the minimum.
    """
    tau = {state: state.pools * tree.value(state.path) for state in (here, there)}
    ratio_over = here.weight * there.weight_under * tree.value(there.path)
    ratio_under = there.weight * here.weight_under * tree.value(here.path)
    forth = tau[here] * there.proposal * ratio_over * here.proposal_under
    back = tau[there] * here.proposal * ratio_under * there.proposal_under
    return bool(forth == back)


def pool_marginal(tree: SymbolicTree, M: int, x: Prefix) -> tuple[PolyElement, PolyElement]:
    """Mass of the invariant law above the path x, and its total mass."""
    masses = [(s.path, s.pools * tree.value(s.path)) for s in pool_states(tree, M)]
    return sum(m for path, m in masses if path == x), sum(m for _, m in masses)


def guided_law(tree: SymbolicTree, x: Prefix) -> tuple[PolyElement, PolyElement]:
    """Probability that single-particle guided sampling returns x."""
    over = under = tree.ring.one
    for t in range(tree.T):
        over *= tree.policy[x[: t + 1]] * tree.value(x[: t + 1])
        under *= tree.mean(tree.value, x[:t])
    return over, under


def importance_ratio(tree: SymbolicTree, x: Prefix) -> tuple[PolyElement, PolyElement]:
    """``V(root) prod_{t<T} E_ref[V'|x_{1:t}]/V(x_{1:t})``: Z times target over guided law."""
    prefixes = [x[:t] for t in range(tree.T)]
    means = tree.product(tree.mean(tree.value, y) for y in prefixes)
    return tree.value(()) * means, tree.product(tree.value(y) for y in prefixes)


def guided_total(tree: SymbolicTree) -> RationalSum:
    """Total mass of the guided law."""
    total = RationalSum(tree.ring)
    for x in tree.leaves():
        total.add(*guided_law(tree, x))
    return total
