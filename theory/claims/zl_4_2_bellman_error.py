"""ZL-4.2: a Bellman error eps leaves every algorithm exponential in T log(1 + eps).

Model: trees of horizon T = 3 m with a reward model that obeys A1 and A2.
Algorithm: any that queries the reference policy and the values of nodes, adaptively.
Hypotheses: A1 with L >= 1 + eps; A2 with eps; ``(1 + eps)^(2m) >= 2``.
Guarantee: there is a tree on which being within TV 1/3 of the target takes at least
``((1 + eps)^(2T/3) - 7)/6`` value queries.

The tree is that of ZL-4.1 with 1 + eps in place of L. A branching number must be an integer and
1 + eps is not one, so the prefix is one of H = floor((1 + eps)^(2m)) equally likely code words.
The repair costs one prefix in the count (7 in place of 6) and raises the hidden mass.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import sympy as sp

from treesmc.theory.bounds import log_zhu_lu_lower_cost
from treesmc.theory.claim import (
    Claim,
    Evaluation,
    Instance,
    Mutation,
    as_written,
    instance_grid,
    zhu_lu,
)
from treesmc.theory.claims.hidden_prefix import (
    CITED,
    PAPER_DELTA,
    counting_steps,
    hidden_row,
    mass_steps,
    needed_step,
    power,
)
from treesmc.theory.growth import Growth, growth_step
from treesmc.theory.prover.steps import Step, sign
from treesmc.theory.queries import hidden_prefix_tree, prefix_count
from treesmc.theory.symbols import T, c, eps

ERROR_RATE = sp.exp(log_zhu_lu_lower_cost(T, 1 + eps))
BOUND = (ERROR_RATE - 7) / 6

_lost = sp.Symbol("lost", nonnegative=True)
"""Fractional part that the floor drops."""


def steps(quick: bool) -> Sequence[Step]:
    """Return the proof: both premises, the mass, the counting argument, the repair, the rate."""
    return [
        *_premise_steps(),
        *mass_steps(),
        *counting_steps(quick),
        needed_step(),
        *_repair_steps(),
        growth_step(ERROR_RATE, "c", Growth("exponential", 2 * sp.log(1 + c) / 3)),
        growth_step(ERROR_RATE, "c log T/T", Growth("polynomial", 2 * c / 3)),
    ]


def _premise_steps() -> list[Step]:
    return [
        sign("A2: growth 1 + eps is allowed, and 1 is", eps),
        sign("A2: decay 1/(1 + eps) is allowed, and 1 is", 1 - 1 / (1 + eps)),
    ]


@as_written
def _repair_steps() -> list[Step]:
    H = power - _lost
    fraction, words = {_lost: (0, 1)}, "H = floor(power) = power - lost"
    return [
        sign(
            "repair: the mass stays at least 1/2",
            power / (power + H - 1) - sp.Rational(1, 2),
            at_least={power: 1},
            between=fraction,
            hypotheses=words,
        ),
        sign(
            "repair: the count loses at most one prefix",
            (sp.Rational(1, 2) - PAPER_DELTA) * H - 1 - (power - 7) / 6,
            at_least={power: 2},
            between=fraction,
            hypotheses=words,
        ),
        sign("Omega: half the rate remains", (power - 7) / 6 - power / 12, at_least={power: 14}),
    ]


def instances(quick: bool) -> Sequence[Instance]:
    """Return the trees with between 2 and 256 prefixes, each with its audits."""
    errors, thirds = ((0.5, 1.0), (2, 3)) if quick else ((0.1, 0.25, 0.5, 0.9), (2, 4, 8, 16))
    points = instance_grid(eps=errors, m=thirds, look=("mass", "A1", "A2", "queries", "SMC"))
    return [x for x in points if 2 <= prefix_count(x["m"], 1 + x["eps"]) <= 256]


def evaluate(
    instance: Instance, stretch: float = 1, more: int = 0, factor: float = 1.0
) -> Evaluation:
    """Return the row that the instance asks for; all else than the defaults is false.

    The bound is that at `stretch` times T, the tree has so many prefixes `more`, and V grows by
    `factor` + eps.
    """
    error, m = instance["eps"], instance["m"]
    H = prefix_count(m, factor + error) + more
    tree = hidden_prefix_tree(m, factor + error, H)
    bound = float(BOUND.subs({eps: error, T: 3 * m * stretch}))
    return hidden_row(instance["look"], tree, H, 1 + error, bound)


CLAIM = Claim(
    title="with Bellman error eps every algorithm costs at least of order (1+eps)^(2T/3)",
    kind="lower",
    statement="TV <= 1/3 takes at least ((1+eps)^(2T/3) - 7)/6 value queries on some tree",
    latex=r"A1, A2: every algorithm costs $\Omega((1+\eps)^{2T/3})$",
    hypotheses=("A1 with L >= 1 + eps", "A2", "T = 3m", "(1+eps)^(2m) >= 2"),
    source=zhu_lu("Theorem 4.2"),
    bound=BOUND,
    growing={"ZL-4.2": ERROR_RATE},
    steps=steps,
    instances=instances,
    evaluate=evaluate,
    mutations=(
        Mutation("exponent 2T/3 raised to T", evaluate=partial(evaluate, stretch=1.5)),
        Mutation("floor plus two prefixes", evaluate=partial(evaluate, more=2)),
        Mutation("factor of A1 in place of A2's", evaluate=partial(evaluate, factor=2.0)),
        Mutation(
            "floor at no cost",
            steps=lambda quick: [
                sign("no loss", (power - _lost) / 6 - power / 6, between={_lost: (0, 1)})
            ],
        ),
    ),
    cited=CITED,
)
