"""What the lower bounds share: the hidden prefix, its mass, and the counting argument.

Write ``r`` for the factor by which V grows below the hidden prefix (L under A1 alone, 1 + eps
under A1 and A2) on m steps, and H for the number of equally likely prefixes. In the paper T = 3 m;
in S3 the prefix is one symbol and m = T - 1. Then

    hidden mass = (r^m / H) / (r^m / H + r^-m (1 - 1/H)) = r^(2m) / (r^(2m) + H - 1) >= 1/2
                  whenever H <= r^(2m) + 1,

and k value queries find the prefix, or guess it, with probability at most (k + 1)/H. An output law
within delta of the target must do so with probability mass - delta.
"""

from __future__ import annotations

from typing import Any

import sympy as sp

from treesmc.sims.laws.lineage import least_particles_exact
from treesmc.sims.trees.tree import TreeMDP
from treesmc.sims.trees.values import epsilon, ratio_bound, target_law
from treesmc.theory.claim import Evaluation, as_written
from treesmc.theory.prover.steps import Step, grid, identity, sign
from treesmc.theory.queries import best_success, best_success_by_enumeration, least_queries
from treesmc.theory.symbols import H, delta, r

PAPER_DELTA = sp.Rational(1, 3)
"""The tolerance of the paper's two theorems."""

HALF = sp.Rational(1, 2)

k = sp.Symbol("k", nonnegative=True, integer=True)
m = sp.Symbol("m", positive=True, integer=True)
mass, power = sp.symbols("mass power", positive=True)
"""Queries, a third of the horizon, the hidden mass, and ``r^(2m)``."""

CITED = (
    "a randomised algorithm is a mixture of deterministic strategies (Yao's principle)",
    "total variation bounds the difference of the probabilities of one event",
)


@as_written
def mass_steps(steps: Any = m, least: Any = HALF, more: int = 1) -> list[Step]:
    """Return the hidden mass and its lower bound for H up to ``r^(2 steps) + more``, H >= 1.

    True for `least` 1/2 and `more` 1. V is multiplied by r or 1/r on `steps` steps.
    """
    below, elsewhere = r**steps / H, (1 - 1 / H) * r**-steps
    mass = power / (power + H - 1)
    return [
        identity(
            "hidden mass",
            below / (below + elsewhere),
            r ** (2 * steps) / (r ** (2 * steps) + H - 1),
        ),
        sign(f"hidden mass is at least {least}", mass - least, between={H: (1, power + more)}),
    ]


@as_written
def counting_steps(quick: bool, guess: int = 1) -> list[Step]:
    """Return the induction on the number of queries, and its check on every strategy.

    True where the final `guess` counts for one query, or more.
    """
    sizes, budgets = ((2, 3), (0, 1, 2)) if quick else ((2, 3, 4), (0, 1, 2))

    def attained(H: int, q: int) -> bool:
        most = min(sp.Integer(1), sp.Rational(q + guess, H))
        return bool(best_success_by_enumeration(H, q) == best_success(H, q) == most)

    return [
        identity("counting: no query, one guess", 1 / H, (sp.Integer(0) + guess) / H),
        identity(
            "counting: a fresh query",
            1 / H + (1 - 1 / H) * (k - 1 + guess) / (H - 1),
            (k + guess) / H,
            hypotheses="success with k - 1 queries over H - 1 prefixes is k/(H - 1), H >= 2",
        ),
        sign("counting: a wasted query is no better", (k + guess) / H - (k - 1 + guess) / H),
        grid(
            "counting: every strategy",
            "max over strategies of the average success = min(1, (q + 1)/H)",
            attained,
            {"H": sizes, "q": budgets},
        ),
    ]


@as_written
def needed_step() -> Step:
    """Return what mass and counting ask of the number of queries."""
    return sign(
        "queries needed",
        ((mass - delta) * H - 1) - ((HALF - delta) * H - 1),
        at_least={mass: HALF},
        hypotheses="(k + 1)/H >= mass - delta",
    )


def hidden_row(look: str, tree: TreeMDP, H: int, factor: float, bound: float) -> Evaluation:
    """Return one row of the paper's theorems on a tree with H prefixes, V growing by `factor`.

    ``mass``: the target's mass of the hidden prefix beside 1/2. ``A1``, ``A2``: what they assume.
    ``queries``: the fewest queries of any strategy, by dynamic programming, beside the bound.
    ``SMC``: its value evaluations N* T, from its exact law, beside the bound.
    """
    mass, delta = float(target_law(tree)[0]), float(PAPER_DELTA)
    match look:
        case "mass":
            return Evaluation(f"hidden mass on {tree.name}", mass, 0.5)
        case "A1":
            found = ratio_bound(tree)
            return Evaluation(f"L of A1 on {tree.name}", found, factor, relation="==")
        case "A2":
            found = epsilon(tree)
            return Evaluation(f"eps of A2 on {tree.name}", found, factor - 1, relation="==")
        case "queries":
            needed = least_queries(H, mass, delta)
            return Evaluation(f"best strategy on {tree.name}", needed, bound)
    return Evaluation(f"SMC on {tree.name}", least_particles(tree, delta) * tree.horizon, bound)


def least_particles(tree: TreeMDP, delta: float) -> int:
    """Return SMC's exact N* on a tree of two lineages that is small enough to have one."""
    N = least_particles_exact(tree, delta)
    if N is None:
        raise ArithmeticError(f"SMC on {tree.name}: N* is out of reach of the exact law")
    return N
