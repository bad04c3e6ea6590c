"""ZL-5.1: enough particles for SMC with the naive proposal.

Model: a tree of horizon T with reward model V.
Algorithm: SMC with N particles, proposal pi_ref, weight G_t, multinomial resampling at every step;
the output is one particle drawn by weight at T.
Hypotheses: A1 with L, A2 with eps.
Guarantee: ``N >= L^6 T (1+eps)^(6(T-1)) / (2 delta)`` gives TV(output law, pi) <= delta.

Proof, as the paper goes:

    TV <= (1/(2N)) sum_p q_p (q_p^2 - 1)                 middle bound, q_p = sup Q_p / inf Q_p
       <= (1/(2N)) sum_p q_p^3                           q_p <= L^2 (1+eps)^(2(T-p))
       <= (1/(2N)) L^6 T (1+eps)^(6(T-1)).               geometric sum, term by term

The middle bound itself is not taken on trust: it follows from S2, proved in this project,
``TV <= (1/N) sum_p (L r^(2(T-p)+1) - 1)`` with r = 1 + eps. Indeed A1 implies A2 with eps = L - 1,
so r <= L may be assumed, whence ``L r^(2(T-p)+1) <= q_p``, and ``q - 1 <= q (q^2 - 1)/2``.
Rows check both bounds, the middle one being much the tighter.
"""

from __future__ import annotations

from collections.abc import Sequence

import sympy as sp

from treesmc.sims.base import portable
from treesmc.sims.laws.lineage import is_two_lineage
from treesmc.sims.trees import families
from treesmc.sims.trees.tree import TreeMDP
from treesmc.sims.trees.values import epsilon, ratio_bound
from treesmc.theory.bounds import log_zhu_lu_middle_tv, log_zhu_lu_particles, log_zhu_lu_tv
from treesmc.theory.claim import (
    Claim,
    Evaluation,
    Instance,
    Mutation,
    as_written,
    instance_grid,
    zhu_lu,
)
from treesmc.theory.claims.s02_smc_particles import drift_steps
from treesmc.theory.claims.small_trees import chain_distance, perturbed, smc_distance
from treesmc.theory.prover.steps import Step, geometric, identity, inequality, sign, telescoping
from treesmc.theory.symbols import AT_LEAST_ONE, L, T, delta, eps, eps_positive, q, r

BOUND = sp.exp(log_zhu_lu_particles(T, eps, L, delta))
MIDDLE = sp.exp(log_zhu_lu_middle_tv(T, eps, L, delta))  # N and TV trade places
"""The number of particles that suffices, by the theorem and by the middle of its proof."""

p = sp.Symbol("p", positive=True, integer=True)
_SLOPE = sp.diff(q * (q**2 - 1), q)
_left = sp.Symbol("left", nonnegative=True, integer=True)
"""Step of the sum; slope of the middle bound in q; steps left, T - p (or p - 1, at the end)."""


def steps(quick: bool) -> Sequence[Step]:
    """Return the chain from A1, A2 and S2 to the theorem."""
    return [*_range_steps(), *_middle_steps(), *_cube_steps(), *_sum_steps(), _theorem_step()]


@as_written
def _range_steps() -> list[Step]:
    above, below = L * r**_left, 1 / (L * r**_left)
    return [
        *drift_steps(),
        identity("q_p, the largest over the smallest Q_p", above / below, L**2 * r ** (2 * _left)),
    ]


@as_written
def _middle_steps() -> list[Step]:
    x, y, w = sp.symbols("x y w", positive=True)
    return [
        sign(
            "A1 implies A2 with eps = L - 1, above",
            L - (w * x + (1 - w) * y),
            between={x: (0, L), y: (0, L), w: (0, 1)},
            hypotheses="x, y: ratios V(s')/V(s)",
        ),
        sign(
            "A1 implies A2 with eps = L - 1, below",
            w * x + (1 - w) * y - 1 / L,
            between={w: (0, 1)},
            at_least={x: 1 / L, y: 1 / L},
        ),
        sign(
            "S2's q is at most q_p",
            L**2 * r ** (2 * _left) - L * r ** (2 * _left + 1),
            at_least={L: r},
            hypotheses="r <= L without loss of generality",
        ),
        inequality("S2 implies the middle bound", q - 1, q * (q**2 - 1) / 2, at_least={q: 1}),
        sign(
            "the middle bound grows with q",
            _SLOPE,
            at_least={q: 1},
            hypotheses="so that upper bounds of q_p may be put in",
        ),
    ]


@as_written
def _cube_steps() -> list[Step]:
    return [
        inequality("q (q^2 - 1) <= q^3", q * (q**2 - 1), q**3),
        identity(
            "cube of q_p", (L**2 * r ** (2 * (T - p))) ** 3, L**6 * r ** (6 * (T - p))
        ),
    ]  # fmt: skip


def _sum_steps() -> list[Step]:
    ratio = 1 + eps_positive
    return [
        geometric(
            "geometric sum, eps > 0",
            ratio,
            6 * (T - p),
            p,
            1,
            T,
            (ratio ** (6 * T) - 1) / (ratio**6 - 1),
        ),
        identity(
            "each term against the first",
            (1 + eps) ** (6 * (T - 1)),
            (1 + eps) ** (6 * (T - p)) * (1 + eps) ** (6 * (p - 1)),
        ),
        sign("the first is the largest", r ** (6 * _left) - 1, at_least={r: 1}),
        telescoping("T equal terms", 1, p, p, 1, T, T),
    ]


@as_written
def _theorem_step() -> Step:
    constant = L**6 * T * (1 + eps) ** (6 * (T - 1))
    return identity(
        "the theorem's N gives delta",
        constant / (2 * (constant / (2 * delta))),
        delta,
        hypotheses="constant/(2 N) at N = constant/(2 delta)",
    )


def instances(quick: bool) -> Sequence[Instance]:
    """Return needles, with the exact chain, and tiny random trees, enumerated."""
    horizons: Sequence[int] = (4, 8) if quick else (2, 4, 8, 16)
    errors: Sequence[float] = (0.05, 1.0) if quick else (0.0, 0.01, 0.05, 0.2, 1.0)
    counts: Sequence[int] = (50, 1500) if quick else (1, 8, 50, 400, 1500)
    needles = [families.needle(T_, e) for T_ in horizons for e in errors]
    points = instance_grid(tree=needles, N=counts, bound=tuple(LOG_BOUNDS))
    small = [
        tree
        for seed in range(1 if quick else 6)
        for tree in perturbed(families.random_tree(2, sigma=0.5, seed=seed), 0.1, seed)
    ]
    return points + instance_grid(tree=small, N=(1, 2, 4), bound=tuple(LOG_BOUNDS))


def evaluate(instance: Instance) -> Evaluation:
    """Return the exact TV of SMC beside the theorem's bound on it, or the middle one."""
    tree, N_ = instance["tree"], instance["N"]
    log_bound = LOG_BOUNDS[instance["bound"]]
    theoretical = portable.exp(log_bound(tree.horizon, epsilon(tree), ratio_bound(tree), N_))
    return Evaluation(instance.label, exact_smc_distance(tree, N_), theoretical)


LOG_BOUNDS = {"theorem": log_zhu_lu_tv, "middle": log_zhu_lu_middle_tv}


def exact_smc_distance(tree: TreeMDP, N: int) -> float:
    """Return TV(output law of SMC, pi), by the lineage chain where it applies, else enumeration.

    Parameters
    ----------
    tree : TreeMDP
        Two-lineage, or tiny.
    N : int
        Particles.
    """
    return chain_distance(tree, N) if is_two_lineage(tree) else smc_distance(tree, N)


def _exponent_one(instance: Instance) -> Evaluation:
    tree, N_ = instance["tree"], instance["N"]
    bound = tree.horizon * (1 + epsilon(tree)) ** (tree.horizon - 1) / (2 * N_)
    return Evaluation(instance.label, exact_smc_distance(tree, N_), bound)


def _square_rate(instance: Instance) -> Evaluation:
    row = evaluate(instance)
    return Evaluation(row.label, row.computed, row.theoretical / instance["N"])


CLAIM = Claim(
    title="SMC needs no more than L^6 T (1+eps)^(6(T-1)) / (2 delta) particles",
    kind="upper",
    statement="TV <= delta once N >= L^6 T (1+eps)^(6(T-1)) / (2 delta)",
    latex=r"SMC: $N \ge L^6 T (1+\eps)^{6(T-1)}/(2\delta)$ suffices",
    hypotheses=("A1", "A2", "multinomial resampling at every step"),
    source=zhu_lu("Theorem 5.1"),
    bound=BOUND,
    growing={"ZL-5.1": BOUND, "ZL-5.1 middle": MIDDLE},
    steps=steps,
    instances=instances,
    evaluate=evaluate,
    mutations=(
        Mutation("exponent of 1 + eps lowered to 1, L dropped", evaluate=_exponent_one),
        Mutation("rate 1/N^2", evaluate=_square_rate),
        Mutation(
            "q (q^2 - 1) <= q^2",
            steps=lambda quick: [
                inequality("cube", q * (q**2 - 1), q**2, at_least=AT_LEAST_ONE)
            ],
        ),
        Mutation(
            "r <= L dropped",
            steps=lambda quick: [
                sign("S2's q", L**2 * r**2 - L * r**3, at_least=AT_LEAST_ONE)
            ],
        ),
    ),
    cited=("S2: TV <= (1/N) sum_p (L r^(2(T-p)+1) - 1)",),
)  # fmt: skip
