"""The symbolic tree: every policy and every positive value of a small binary tree at once.

The generators are the probability of symbol 0 at every inner node, the incremental weight
``G = V(child)/V(node)`` of every node, and ``V(root)``. A value is the product of the weights on
its path, so letters for the weights cover every positive V, and all that follows is polynomial.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import reduce
from operator import mul

from sympy.polys.domains import QQ
from sympy.polys.rings import PolyElement, PolyRing, ring

Prefix = tuple[int, ...]


@dataclass(frozen=True)
class SymbolicTree:
    """Binary tree whose policy and weights are polynomials.

    Attributes
    ----------
    T : int
        Horizon.
    ring : PolyRing
        Rational polynomials in all letters.
    policy : dict
        Probability of the last symbol of each nonempty prefix, given the rest.
    weight : dict
        Incremental weight of each prefix; ``V(root)`` at the empty one.
    """

    T: int
    ring: PolyRing
    policy: dict[Prefix, PolyElement]
    weight: dict[Prefix, PolyElement]

    def children(self, node: Prefix) -> tuple[Prefix, Prefix]:
        """Both extensions of an inner node."""
        return (*node, 0), (*node, 1)

    def leaves(self) -> list[Prefix]:
        """All full paths."""
        return list(itertools.product((0, 1), repeat=self.T))

    def reference(self, node: Prefix) -> PolyElement:
        """``pi_ref`` of a prefix."""
        return self.product(self.policy[node[:t]] for t in range(1, len(node) + 1))

    def value(self, node: Prefix) -> PolyElement:
        """``V`` of a prefix, the product of the weights on the way to it."""
        return self.product(self.weight[node[:t]] for t in range(len(node) + 1))

    def mass(self, x: Prefix) -> PolyElement:
        """``pi_ref phi`` of a full path: the target before normalisation."""
        return self.reference(x) * self.value(x)

    def normalizer(self) -> PolyElement:
        """``Z``, the mean reward."""
        return sum(self.mass(x) for x in self.leaves())

    def mean(self, f: Callable[[Prefix], PolyElement], node: Prefix) -> PolyElement:
        """``E_ref[f(child) | node]``."""
        return sum(self.policy[y] * f(y) for y in self.children(node))

    def product(self, factors: Iterable[PolyElement]) -> PolyElement:
        """Product of any number of polynomials, one if there are none."""
        return reduce(mul, factors, self.ring.one)


def symbolic_tree(T: int = 2) -> SymbolicTree:
    """Explicit binary tree of horizon T in letters ``p<prefix>`` and ``G<prefix>``."""
    nodes = [x for t in range(T + 1) for x in itertools.product((0, 1), repeat=t)]
    label = {x: "".join(map(str, x)) for x in nodes}
    names = [f"p{label[x]}" for x in nodes if len(x) < T] + [f"G{label[x]}" for x in nodes]
    polynomials, *generators = ring(names, QQ)
    letter = dict(zip(names, generators, strict=True))
    policy = {}
    for x in nodes[1:]:
        p = letter[f"p{label[x[:-1]]}"]
        policy[x] = p if x[-1] == 0 else 1 - p
    return SymbolicTree(T, polynomials, policy, {x: letter[f"G{label[x]}"] for x in nodes})
