"""ZL-4.1: a bounded ratio alone leaves every algorithm exponential in the horizon.

Model: trees of horizon T = 3 m with a reward model that obeys A1, ``V(s')/V(s) in [1/L, L]``.
Algorithm: any that queries the reference policy and the values of nodes, adaptively.
Hypotheses: A1 only; L an integer at least 2 (otherwise H = floor(L^(2m)), as in ZL-4.2).
Guarantee: there is a tree on which being within TV 1/3 of the target takes at least
``L^(2T/3)/6 - 1`` value queries.

The tree spells one of H = L^(2m) equally likely prefixes in its first 2 m steps, at constant V. On
the last m steps V is multiplied by L below the hidden prefix and by 1/L elsewhere.
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
from treesmc.theory.prover.steps import Step, identity, sign
from treesmc.theory.queries import hidden_prefix_tree, spelt_prefix_tree
from treesmc.theory.symbols import L, T

RATIO_RATE = sp.exp(log_zhu_lu_lower_cost(T, L))
BOUND = RATIO_RATE / 6 - 1


@as_written
def steps(quick: bool) -> Sequence[Step]:
    """Return the proof: A1 holds, the mass is hidden, the counting argument, the rate."""
    return [
        sign("A1: growth L is allowed, and 1 is", L - 1, at_least={L: 1}),
        sign("A1: constant V is above 1/L", 1 - 1 / L, at_least={L: 1}),
        *mass_steps(),
        *counting_steps(quick),
        needed_step(),
        identity(
            "bound at H = L^(2T/3), delta = 1/3",
            (sp.Rational(1, 2) - PAPER_DELTA) * RATIO_RATE - 1,
            BOUND,
        ),
        sign("Omega: half the rate remains", power / 6 - 1 - power / 12, at_least={power: 12}),
    ]


def instances(quick: bool) -> Sequence[Instance]:
    """Return the trees for L in {2, 3}, each with its audits."""
    axes = {"L": (2, 3), "m": (1, 2)} if quick else {"L": (2, 3, 4), "m": (1, 2, 3)}
    points = instance_grid(**axes, look=("mass", "A1", "queries", "SMC"))
    return [x for x in points if x["L"] ** (2 * x["m"]) <= 256]


def evaluate(instance: Instance, stretch: float = 1) -> Evaluation:
    """Return the row that the instance asks for, beside the bound at `stretch` times T."""
    L_, m, look = instance["L"], instance["m"], instance["look"]
    H, bound = L_ ** (2 * m), BOUND.subs({L: L_, T: 3 * m * stretch})
    tree = hidden_prefix_tree(m, L_, H) if look == "SMC" else spelt_prefix_tree(m, L_)
    return hidden_row(look, tree, H, L_, float(bound))


def _too_many_prefixes(instance: Instance) -> Evaluation:
    L_, m = instance["L"], instance["m"]
    H = L_ ** (3 * m)
    return hidden_row("mass", hidden_prefix_tree(m, L_, H), H, L_, 0.0)


CLAIM = Claim(
    title="with a bounded ratio alone every algorithm costs at least of order L^(2T/3)",
    kind="lower",
    statement="TV <= 1/3 takes at least L^(2T/3)/6 - 1 value queries on some tree",
    latex=r"A1 alone: every algorithm costs $\Omega(L^{2T/3})$",
    hypotheses=("A1 with an integer L >= 2", "T divisible by 3"),
    source=zhu_lu("Theorem 4.1"),
    bound=BOUND,
    growing={"ZL-4.1": RATIO_RATE},
    steps=steps,
    instances=instances,
    evaluate=evaluate,
    mutations=(
        Mutation("exponent 2T/3 raised to T", evaluate=partial(evaluate, stretch=1.5)),
        Mutation("H raised to L^(3m)", evaluate=_too_many_prefixes),
        Mutation("no blind guess", lambda quick: counting_steps(quick, guess=0)),
        Mutation("mass at least 1/2 for H up to r^(2m) + 2", lambda quick: mass_steps(more=2)),
    ),
    cited=CITED,
)
