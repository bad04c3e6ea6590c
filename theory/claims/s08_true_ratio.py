r"""S8: a ratio bound on V* replaces that on V, and a factor common to a depth costs nothing.

**Model.** SMC with the naive proposal and multinomial resampling at every step, N particles,
horizon T.

**Hypotheses.** V*(s')/V*(s) <= L* along every edge, and one of

* A2 with Bellman error eps;
* A3 up to factors: for some c_t > 0, c_t V/V* is in [1/(1+eps_V), 1+eps_V] at every node of depth t
  (the least such eps_V is half the range of log(V/V*) on the worst depth).

A1 is not needed: V may jump by any factor from a node to its child.

**Guarantee.** S2's bound holds with

    q_t <= L* (1+eps)^(2(T-t+1))   under A2,      q_t <= L* (1+eps_V)^2   under A3 up to factors.

So N >= (1/delta) sum_t (L* (1+eps)^(2(T-t+1)) - 1) particles suffice for TV <= delta; and
N >= T (L* (1+eps_V)^2 - 1)/delta in the second case. Multiplying V by one factor on each depth
below T changes neither the law of the output nor that of Zhat.

**Proof.** For a child s' of s, Q_t = V*(s')/V(s) is the product of V*(s')/V*(s) <= L* and of
V*(s)/V(s), and the latter is M Q_t. So q_t is at most L* times the largest over the least V*/V on
depth t - 1. Under A2, V*/V is in [(1+eps)^-k, (1+eps)^k] with k = T-t+1 steps to go (S2); under A3
up to factors, c_t cancels in the ratio of two nodes of one depth.

A factor per depth multiplies all weights of a step alike. Resampling and the final draw read
normalised weights, and Zhat = V(root) prod_t mean_i G_t(i) is telescoped by the factors to what it
was, as the reward keeps its own.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial

import numpy as np
import sympy as sp

from treesmc.sims.base import portable
from treesmc.sims.laws.enumeration import enumerate_smc
from treesmc.sims.trees.families import persistent
from treesmc.sims.trees.reward_models import exact
from treesmc.sims.trees.tree import FloatArray, TreeMDP
from treesmc.sims.trees.values import (
    epsilon,
    log_increments,
    seen_value_error,
    total_variation,
)
from treesmc.theory.bounds import (
    instance_tv,
    log_instance_particles,
    log_ratios,
    log_uniform_particles,
)
from treesmc.theory.claim import THIS_PROJECT, Claim, Evaluate, Evaluation, Instance, Mutation
from treesmc.theory.claims.points import by_kind, points
from treesmc.theory.claims.s02_smc_particles import drift_steps, nearest_ratio
from treesmc.theory.claims.small_trees import chain_distance, small_trees, smc_distance
from treesmc.theory.prover.steps import Step, identity, smt, telescoping
from treesmc.theory.symbols import T, delta, eps, t

L_true = sp.Symbol("Ls", positive=True)
BOUND = sp.exp(log_uniform_particles(T, eps, L_true, delta, shift=2))

V_child, V_true, V_node, V_true_other, V_other = sp.symbols(
    "Vs_child Vs V Vs_other V_other", positive=True
)
top, bottom, r, c, c_other = sp.symbols("top bottom r c c_other", positive=True)


def range_steps(other_factor: sp.Symbol = c) -> tuple[Step, ...]:
    """Bound Q_t at a child of one node by L* and M Q_t = V*/V at another node of its depth.

    ``r`` is 1 + eps_V; the factor of V is c at both nodes, as they have one depth.
    """
    letters = (V_child, V_true, V_node, V_true_other, V_other, L_true)
    axes = {x: [1, 2] for x in (*letters, top, r)} | {bottom: [sp.Rational(1, 2)], c: [1, 3]}
    edge = V_child <= L_true * V_true
    spread = [edge, V_true <= top * V_node, V_true_other >= bottom * V_other]
    error = [edge, V_true <= r * c * V_node, other_factor * V_other <= r * V_true_other]
    q, mean = V_child * V_other, V_true_other * V_node  # Q_t and M Q_t, times V V_other
    high, low = (1 + eps) ** (T - t + 1), (1 + eps) ** -(T - t + 1)
    return (
        identity("Q_t", V_child / V_node, V_child / V_true * (V_true / V_node)),
        smt("L* and the range of V*/V", spread, q * bottom <= L_true * top * mean, axes=axes),
        identity("q_t under A2", L_true * high / low, L_true * (1 + eps) ** (2 * (T - t + 1))),
        smt("q_t under A3 up to factors", error, q <= L_true * r**2 * mean, axes=axes),
    )


def factor_steps() -> tuple[Step, ...]:
    """A factor per depth cancels in normalised weights, and telescopes in Zhat."""
    G = sp.symbols("G1:4", positive=True)
    log_c = sp.Function("log_c")
    return (
        identity("normalised weights", c * G[0] / sum(c * g for g in G), G[0] / sum(G)),
        telescoping(
            "log Zhat", log_c(t) - log_c(t - 1), log_c(t - 1), t, 1, T, log_c(T) - log_c(0),
            hypotheses="log c_0 of the root is left, and log c_T = 0",
        ),
    )  # fmt: skip


def steps(quick: bool) -> tuple[Step, ...]:
    """Return the proof, in the order of the module docstring."""
    return (*drift_steps(), *range_steps(), *factor_steps())


RatiosUnder = Mapping[str, Callable[[int, float, float], FloatArray]]

ERROR_UNDER: dict[str, Callable[[TreeMDP], float]] = {"A2": epsilon, "A3": seen_value_error}
RATIOS: RatiosUnder = {
    "A2": partial(log_ratios, shift=2),
    "A3": partial(log_ratios, exponent=0, shift=2),
}
"""The bounds on log q_t from horizon, error and L*."""

DEPTH_FACTOR = 3.0


def true_ratio(tree: TreeMDP) -> float:
    """Return L*, the largest V*(s')/V*(s)."""
    return float(portable.exp(log_increments(exact(tree)).max()))


def tree_ratios(tree: TreeMDP, under: str, ratios: RatiosUnder) -> FloatArray:
    """Return the bounds on log q_t that a hypothesis gives on this tree."""
    return ratios[under](tree.horizon, ERROR_UNDER[under](tree), true_ratio(tree))


def _distance_row(label: str, ratios: RatiosUnder, under: str, tree: TreeMDP, N: int) -> Evaluation:
    """SMC's distance, all runs enumerated."""
    return Evaluation(
        label, smc_distance(tree, N), instance_tv(tree_ratios(tree, under, ratios), N)
    )


def _ratio_row(label: str, ratios: RatiosUnder, under: str, tree: TreeMDP) -> Evaluation:
    """The tree's own log q_t."""
    return nearest_ratio(label, tree, tree_ratios(tree, under, ratios))


def _sufficient_row(
    label: str, ratios: RatiosUnder, T: int, eps: float, delta: float
) -> Evaluation:
    """SMC's exact distance on `persistent`, where V jumps and L* = 1, with particles enough."""
    tree = persistent(T, eps)
    N = int(np.ceil(portable.exp(log_instance_particles(tree_ratios(tree, "A2", ratios), delta))))
    return Evaluation(label, chain_distance(tree, N), delta)


def scaled(tree: TreeMDP, classes: slice = slice(None)) -> TreeMDP:
    """Return the tree with V of some classes of each depth below T multiplied by a factor."""
    log_value = tree.log_value.copy()
    for depth in range(tree.horizon):
        tree.layer(log_value, depth)[classes] += portable.log(DEPTH_FACTOR) * (-1) ** depth
    return tree.with_log_value(log_value)


def _factor_row(label: str, ratios: RatiosUnder, tree: TreeMDP, N: int) -> Evaluation:
    """Distance between SMC's laws with and without a factor per depth, and of E[Zhat^2]."""
    return _change(label, tree, scaled(tree), N)


def _change(label: str, tree: TreeMDP, other: TreeMDP, N: int) -> Evaluation:
    before, after = enumerate_smc(tree, N), enumerate_smc(other, N)
    laws = total_variation(np.array(before.law), np.array(after.law))
    moments = abs(float(after.second_moment_Z / before.second_moment_Z) - 1)
    return Evaluation(label, max(laws, moments), 0.0, relation="==")


ROWS: dict[str, Callable[..., Evaluation]] = {
    "TV": _distance_row,
    "range of q_t": _ratio_row,
    "sufficient N": _sufficient_row,
    "a factor per depth": _factor_row,
}


def instances(quick: bool) -> Sequence[Instance]:
    """Return small trees under both hypotheses, `persistent`, and trees with factors."""
    trees, particles = small_trees(3 if quick else 12), (3,) if quick else (1, 2, 3)
    found = points("TV", under=tuple(RATIOS), tree=trees, N=particles)
    found += points("range of q_t", under=tuple(RATIOS), tree=[*trees, *map(scaled, trees)])
    found += points("sufficient N", T=(2, 5, 9), eps=(0.02, 0.2), delta=(0.1, 0.4))
    return found + points("a factor per depth", tree=trees, N=(2,))


def _mutant(under: str, **changes: float) -> Evaluate:
    return by_kind(ROWS, ratios={**RATIOS, under: partial(RATIOS[under], **changes)})


def _without_ratio(T: int, eps: float, L: float) -> FloatArray:
    return log_ratios(T, eps, 1.0, shift=2)


def _factor_on_one_class(instance: Instance) -> Evaluation:
    tree = instance["tree"]
    return _change(instance.label, tree, scaled(tree, slice(1)), instance["N"])


CLAIM = Claim(
    title="S2 without a ratio bound on V: that of V* will do, and factors per depth are free",
    kind="upper",
    statement="N >= (1/delta) sum_t (L* (1+eps)^(2(T-t+1)) - 1) gives TV <= delta; "
    "so does T (L* (1+eps_V)^2 - 1)/delta with eps_V up to a factor per depth",
    latex=r"S2 with the ratio bound $L^*$ of $V^*$ in place of $L$",
    hypotheses=("V*(s')/V*(s) <= L*", "A2 (or A3 up to a factor per depth)"),
    source=THIS_PROJECT,
    bound=BOUND,
    growing={"S8": BOUND},
    steps=steps,
    instances=instances,
    evaluate=by_kind(ROWS, ratios=RATIOS),
    mutations=(
        Mutation("exponent 2(T-t)", evaluate=_mutant("A2", shift=0.0)),
        Mutation("exponent 1.9 (T-t) + 2", evaluate=_mutant("A2", exponent=1.9)),
        Mutation("without L*", evaluate=by_kind(ROWS, ratios={**RATIOS, "A2": _without_ratio})),
        Mutation("eps_V counted once", evaluate=_mutant("A3", shift=1.0)),
        Mutation(
            "a factor on one class of a depth", evaluate=_factor_on_one_class,
            instances=lambda quick: points("a factor per depth", tree=small_trees(1), N=(2,)),
        ),
        Mutation("factors that differ within a depth", lambda quick: range_steps(c_other)),
    ),
    cited=("S1", "S2", "resampling and the final draw read normalised weights only"),
)  # fmt: skip
