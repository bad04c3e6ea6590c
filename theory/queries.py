r"""How many value queries it takes to find a hidden prefix, and the trees that hide one.

Model (Zhu & Lu (2026), Theorems 4.1 and 4.2, as stated in arXiv:2602.01381). One of H equally
likely prefixes is hidden, uniformly at random. The reference policy does not depend on which; the
value of a node tells whether the node lies below the hidden prefix, and nothing else. A
deterministic strategy asks for q values, each chosen in view of the answers so far, and then
outputs one of the H prefixes. Randomised algorithms are mixtures of these.

Guarantee. Averaged over the hidden prefix, the output is right with probability at most
``(q + 1) / H``. Transcripts agree until the first hit: a strategy that never hits asks q fixed
prefixes and outputs a fixed one, so it can be right for at most q + 1 hidden prefixes. The bound
is attained by asking q different prefixes and guessing another.

Hence an algorithm whose output law is within delta of a target that gives the hidden prefix mass
m needs ``q >= (m - delta) H - 1``. The trees here give it m >= 1/2 under A1 alone (factor L per
step) or A1 and A2 (factor 1 + eps).
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from fractions import Fraction
from functools import cache

import numpy as np

from treesmc.sims.base import portable
from treesmc.sims.base.errors import BadInput
from treesmc.sims.trees.tree import TreeMDP

Strategy = tuple[int, ...]


def strategies(H: int, q: int) -> Iterator[Strategy]:
    """Yield every deterministic adaptive strategy with q queries over H prefixes.

    A strategy is a complete binary tree stored as a heap: node i asks for prefix ``strategy[i]``
    and goes to node 2 i + 1 on a miss, to 2 i + 2 on a hit; the last level holds the outputs.

    Parameters
    ----------
    H, q : int
        There are ``H ** (2 ** (q + 1) - 1)`` strategies.
    """
    return itertools.product(range(H), repeat=2 ** (q + 1) - 1)


def output(strategy: Strategy, hidden: int) -> int:
    """Return what the strategy outputs when `hidden` is the hidden prefix."""
    node = 0
    while 2 * node + 2 < len(strategy):
        node = 2 * node + 1 + (strategy[node] == hidden)
    return strategy[node]


def success(strategy: Strategy, H: int) -> Fraction:
    """Return the probability of a right output, averaged over the hidden prefix."""
    return Fraction(sum(output(strategy, hidden) == hidden for hidden in range(H)), H)


def best_success_by_enumeration(H: int, q: int) -> Fraction:
    """Return the largest success over every strategy, one by one."""
    return max(success(strategy, H) for strategy in strategies(H, q))


@cache
def best_success(H: int, q: int) -> Fraction:
    """Return the largest success by dynamic programming over what is still possible.

    After misses only, H prefixes are left and equally likely. The next query asks for one of
    them, or is wasted; without queries left, one guesses.
    """
    if H == 1:
        return Fraction(1)
    if q == 0:
        return Fraction(1, H)
    fresh = Fraction(1, H) + Fraction(H - 1, H) * best_success(H - 1, q - 1)
    return max(fresh, best_success(H, q - 1))


def least_queries(H: int, hidden_mass: float, delta: float) -> int:
    """Return the least q at which some strategy can be within `delta` of the target.

    Being within delta in total variation needs a success of at least ``hidden_mass - delta``,
    averaged over the hidden prefix.

    Parameters
    ----------
    H : int
        Equally likely prefixes, at most a few hundred.
    hidden_mass : float
        Mass that the target gives to the hidden one.
    delta : float
        Total-variation tolerance.
    """
    enough = (q for q in range(H) if best_success(H, q) >= hidden_mass - delta)
    return next(enough)


def hidden_prefix_tree(m: int, factor: float, H: int) -> TreeMDP:
    """Build the lower-bound tree of horizon 3 m with H equally likely prefixes, lumped.

    V is one for the first 2 m steps, in which a prefix is spelt; on each of the last m steps it
    is multiplied by `factor` below the hidden prefix and divided by it elsewhere.

    Parameters
    ----------
    m : int
        A third of the horizon.
    factor : float
        At least 1: L for A1 alone, 1 + eps for A1 and A2.
    H : int
        At least 2. The first symbol names the prefix and the next 2 m - 1 symbols are forced;
        how the code is spelt changes neither laws nor ratios.

    Returns
    -------
    TreeMDP
        From depth 1 on, class 0 is the hidden prefix and class 1 all the others.

    Raises
    ------
    BadInput
        If an argument is out of range.
    """
    if m < 1 or factor < 1 or H < 2:
        raise BadInput(f"hidden prefix tree: m={m}, factor={factor}, H={H} with m >= 1, H >= 2")
    T = 3 * m
    policy = [np.array([[1 / H, (H - 1) / H]])] + [np.ones((2, 1))] * (T - 1)
    child = [np.array([[0, 1]])] + [np.array([[0], [1]])] * (T - 1)
    grown = portable.log(factor) * np.array([1.0, -1.0])
    log_value = [np.zeros(1)] + [max(0, t - 2 * m) * grown for t in range(1, T + 1)]
    return TreeMDP.from_layers(policy, child, log_value, f"hidden(T={T}, factor={factor:g}, H={H})")


def spelt_prefix_tree(m: int, L: int) -> TreeMDP:
    """Build the same tree as the paper spells it: 2 m fair choices among L symbols, H = L^(2m).

    Parameters
    ----------
    m, L : int
        A third of the horizon; branching number, at least 2.

    Returns
    -------
    TreeMDP
        From depth 1 on, class 0 is on the hidden prefix and class 1 is off it.
    """
    if m < 1 or L < 2:
        raise BadInput(f"spelt prefix tree: m={m}, L={L} with m >= 1, L >= 2")
    coded = hidden_prefix_tree(m, L, L ** (2 * m))
    choice = np.array([[1 / L, 1 - 1 / L], [0.5, 0.5]])
    spell = [choice[:1]] + [choice] * (2 * m - 1)
    follow = [np.array([[0, 1]])] + [np.array([[0, 1], [1, 1]])] * (2 * m - 1)
    rest = range(2 * m, 3 * m)
    return TreeMDP.from_layers(
        spell + [coded.policy_at(t) for t in rest],
        follow + [coded.child_at(t) for t in rest],
        [coded.log_value_at(t) for t in range(3 * m + 1)],
        f"spelt(T={3 * m}, L={L})",
    )


def prefix_count(m: int, factor: float) -> int:
    """Return ``floor(factor^(2m))``, the repair where the power is not an integer.

    Fewer prefixes only raise the hidden one's mass, so it stays at least 1/2.
    """
    return math.floor(factor ** (2 * m) * (1 + 1e-12))
