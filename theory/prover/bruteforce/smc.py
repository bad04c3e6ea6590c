"""All runs of SMC on a symbolic tree, and the recursions that summarise them.

* SMC with naive proposal (Zhu & Lu 2026, Theorem 5.1, arXiv:2602.01381): extend N particles by the
  policy, weigh by G, resample multinomially, finally draw one particle by weight;
  ``Zhat = V(root) prod_t mean_i G_t(i)``.
* Conditional SMC: the same with one particle frozen on a path x.

The pair recursion of ``E[Zhat^2]`` (S6) and the backward recursion of ``u_N(x)`` (S1) are proved in
this project.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from fractions import Fraction

from sympy.polys.domains import QQ
from sympy.polys.rings import PolyElement

from treesmc.theory.prover.bruteforce.rational import RationalSum
from treesmc.theory.prover.bruteforce.tree import Prefix, SymbolicTree

Populations = tuple[tuple[Prefix, ...], ...]
History = tuple[PolyElement, PolyElement, Populations]


def histories(tree: SymbolicTree, N: int, frozen: Prefix | None = None) -> Iterator[History]:
    """All runs of SMC, or of conditional SMC along a frozen path (kept in the first slot).

    Yields
    ------
    numerator, denominator : PolyElement
        Probability of the run.
    populations : tuple of tuple of prefixes
        The N particles at depths 1 to T, before resampling.
    """

    def grow(
        numerator: PolyElement, denominator: PolyElement, past: Populations
    ) -> Iterator[History]:
        if len(past) == tree.T + 1:
            yield numerator, denominator, past[1:]
            return
        for chance, total, parents in _resampled(tree, past[-1], frozen):
            for likelihood, children in _extended(tree, parents, frozen):
                yield from grow(
                    numerator * chance * likelihood, denominator * total, (*past, children)
                )

    return grow(tree.ring.one, tree.ring.one, (((),) * N,))


def _resampled(
    tree: SymbolicTree, population: tuple[Prefix, ...], frozen: Prefix | None
) -> Iterator[tuple[PolyElement, PolyElement, tuple[Prefix, ...]]]:
    """Multinomial resampling of the free slots; at the root there is nothing to choose."""
    if population[0] == ():
        yield tree.ring.one, tree.ring.one, population
        return
    held = 0 if frozen is None else 1
    free = len(population) - held
    denominator = sum(tree.weight[x] for x in population) ** free
    for chosen in itertools.product(population, repeat=free):
        yield (
            tree.product(tree.weight[x] for x in chosen),
            denominator,
            population[:held] + chosen,
        )


def _extended(
    tree: SymbolicTree, parents: tuple[Prefix, ...], frozen: Prefix | None
) -> Iterator[tuple[PolyElement, tuple[Prefix, ...]]]:
    """Independent extension by the policy, certain for a frozen particle."""
    held = () if frozen is None else (frozen[: len(parents[0]) + 1],)
    free = parents[len(held) :]
    for children in itertools.product(*map(tree.children, free)):
        yield tree.product(tree.policy[y] for y in children), held + children


def estimate(tree: SymbolicTree, populations: Populations) -> PolyElement:
    """``Zhat`` of one run."""
    means = (sum(tree.weight[x] for x in now) * QQ(1, len(now)) for now in populations)
    return tree.weight[()] * tree.product(means)


def moment(tree: SymbolicTree, N: int, power: int, frozen: Prefix | None = None) -> RationalSum:
    """``E[Zhat^power]`` over all runs; the power may be -1."""
    total = RationalSum(tree.ring)
    for numerator, denominator, populations in histories(tree, N, frozen):
        zhat = estimate(tree, populations)
        if power < 0:
            total.add(numerator, denominator * zhat**-power)
        else:
            total.add(numerator * zhat**power, denominator)
    return total


def output_law(tree: SymbolicTree, N: int, x: Prefix) -> RationalSum:
    """Probability that SMC returns the path x."""
    law = RationalSum(tree.ring)
    for numerator, denominator, populations in histories(tree, N):
        hits = populations[-1].count(x)
        if not hits:
            continue
        total = sum(tree.weight[y] for y in populations[-1])
        law.add(hits * numerator * tree.weight[x], denominator * total)
    return law


def second_moment(tree: SymbolicTree, share: Fraction) -> PolyElement:
    """S6: ``E[Zhat^2]`` by the pair recursion, for ``1/N = share``."""
    n = QQ(share.numerator, share.denominator)

    def pair(x: Prefix, y: Prefix) -> PolyElement:
        weights = tree.weight[x] * tree.weight[y]
        if len(x) == tree.T:
            return weights
        apart = tree.mean(lambda u: tree.mean(lambda v: pair(u, v), y), x)
        together = tree.mean(lambda v: pair(v, v), y)
        return weights * ((1 - n) * apart + n * together)

    return pair((), ())


def certificate(tree: SymbolicTree, share: Fraction, x: Prefix) -> PolyElement:
    """S1: ``u_N(x) Z`` by the backward recursion, for ``1/N = share``."""
    n = QQ(share.numerator, share.denominator)

    def f(y: Prefix) -> PolyElement:
        if len(y) == tree.T:
            return tree.weight[y]
        return tree.weight[y] * ((1 - n) * tree.mean(f, y) + n * f(x[: len(y) + 1]))

    return f(())
