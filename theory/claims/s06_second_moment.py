r"""S6: the exact second moment of Zhat at every N, and the exact first-order constant of N TV.

**Model.** SMC with the naive proposal and multinomial resampling at every step, N particles.

**Hypotheses.** V > 0.

**Guarantee.** E[Zhat^2] = U_0(root, root) by the pair recursion U_T(x, y) = G_T(x) G_T(y),

    U_{t-1}(x, y) = G_{t-1}(x) G_{t-1}(y) [(1 - 1/N) E U_t(x', y') + (1/N) E_{z|y} U_t(z, z)],

with x', y', z drawn by pi_ref and G_0(root) = V(root). Let pi_t be proportional to pi_ref V at
depth t, eta_t = pi_{t-1} x pi_ref, h_t = Q_t / eta_t(Q_t), b(x) = sum_t (h_t(x_t) - 1) and v =
sum_t (eta_t(h_t^2) - 1). Then

    N Var(Zhat/Z) -> v,        N TV(law, pi) -> (1/2) E_{x~pi} |b(x) - v|.

A prediction, not a bound: N*(delta) is near that constant over delta, far below any uniform
bound.

**Proof.** Zhat has mean Z. Zhat^2 is a product of squares of mean weights, and the square of a mean
is the average over pairs of particles, of which 1/N are twice the same. Different particles choose
their ancestors independently, by weight; a particle taken twice has one ancestor. Multiplied by the
squared mean weight of the step before, the choice by weight becomes again an average over pairs,
with G(x) G(y). This is the recursion.

It is a polynomial in n = 1/N, equal to Z^2 at n = 0, where pairs never meet. Its derivative there
has one term per step t: the pair meets at t and nowhere else, less a pair that never meets.
Meeting in z at step t has the value Z_{t-1} E_ref[V(parent of z) Q_t(z)^2], Z_{t-1} = E_ref[V] at
depth t-1. As eta_t(Q_t) = Z / Z_{t-1}, this is Z^2 eta_t(h_t^2), and the derivative is v Z^2.

S1's u_N(x), unrolled along x, has weights (1 - n)^T and n (1 - n)^(s-1) that sum to one, so that
N (u_N - 1) = sum_s (1 - n)^(s-1) (h_s g_s - 1) with g_s -> 1: the limit is b(x). Under pi, step t
has density h_t with respect to eta_t, so E_pi[b] = v. Finally law(x)/pi(x) = E_cond[1/X] with X =
Zhat/Z, and 1/X = 1 - (X - 1) + (X - 1)^2 - (X - 1)^3/X. Under conditional SMC the mean of X - 1
is b/N and its mean square is v/N to first order, since one frozen particle in N changes the
variance at second order only; the cube is of smaller order. So N (law/pi - 1) -> v - b.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import pairwise

import numpy as np
import sympy as sp
from sympy.polys.rings import PolyElement

from treesmc.sims.base import portable
from treesmc.sims.laws.certificate import first_order_constant, path_certificate
from treesmc.sims.laws.enumeration import enumerate_smc
from treesmc.sims.laws.lineage import lineage_law
from treesmc.sims.laws.moments import asymptotic_variance, relative_variance, second_moment
from treesmc.sims.laws.naive_law import naive_tv
from treesmc.sims.trees.families import needle, persistent, product, random_tree
from treesmc.sims.trees.tree import TreeMDP
from treesmc.sims.trees.values import log_normalizer, target_law, total_variation
from treesmc.theory.claim import THIS_PROJECT, Claim, Evaluation, Instance, Mutation
from treesmc.theory.claims.points import by_kind, points
from treesmc.theory.claims.small_trees import all_paths, fair_bit, small_trees, smc_distance
from treesmc.theory.prover.bruteforce.identities import enumerated_step, pair_recursion, unbiased
from treesmc.theory.prover.bruteforce.tree import Prefix, SymbolicTree
from treesmc.theory.prover.steps import Step, identity, limit, telescoping
from treesmc.theory.symbols import T, Z, t

b, v = sp.symbols("b v", real=True)
BOUND = sp.Abs(b - v) / 2

X, n, m, h = sp.symbols("X n m h", positive=True)
p, V_star, V_parent, Z_t = sp.symbols("p V_star V_parent Z_t", positive=True)
MANY_PARTICLES = 1e7
"""Particles at which 1/N terms are below the tolerance and 1 + 1/N keeps nine digits."""


def expansion_steps() -> tuple[Step, ...]:
    """Check the weights of the unrolled recursion and the expansion of 1/X."""
    series = 1 - (X - 1) + (X - 1) ** 2 - (X - 1) ** 3 / X
    return (
        telescoping(
            "weights sum to one", (1 - m) * m ** (t - 1), -(m ** (t - 1)), t, 1, T, 1 - m**T,
            hypotheses="m = 1 - n",
        ),
        identity(
            "h_t is the density of pi's step under eta_t",
            (p * V_star / Z) / (p * V_parent / Z_t), (V_star / V_parent) / (Z / Z_t),
            hypotheses="p = pi_ref(s_{1:t}), Z_t = E_ref[V] at depth t - 1",
        ),
        limit("N (u_N - 1) at T = 1", ((1 - n) + n * h - 1) / n, n, 0, h - 1),
        identity("third-order expansion of 1/X", series, 1 / X),
    )  # fmt: skip


def variance_step(T: int, offset: int = 0) -> Step:
    """Check dU/dn = v Z^2 at n = 1/N = 0, in all policies and values of the binary tree.

    ``offset`` is added to the number of terms of v: any but 0 is false.
    """

    def sides(tree: SymbolicTree) -> Iterator[bool]:
        met = sum(met_at(tree, depth) for depth in range(1, T + 1))
        slope = pair_series(tree, (), ())[1]
        yield slope == met - (T + offset) * future(tree, ()) ** 2

    statement = "the derivative of E[Zhat^2] in 1/N at 0 is v Z^2"
    return enumerated_step(f"N Var -> v at T = {T}", statement, T, "N -> infinity", sides)


def future(tree: SymbolicTree, x: Prefix) -> PolyElement:
    """Return Q_t(x) = E_ref[phi | x] / V(parent); Z at the root."""
    rest = tree.mean(partial(future, tree), x) if len(x) < tree.T else tree.ring.one
    return tree.weight[x] * rest


def met_at(tree: SymbolicTree, depth: int) -> PolyElement:
    """Return Z^2 eta_t(h_t^2) = E_ref[V] E_ref[V(parent) Q_t^2], V and parents at depth t - 1."""
    leaves = [x for x in tree.policy if len(x) == depth]
    parents = {x[:-1] for x in leaves}
    mass = sum(tree.reference(y) * tree.value(y) for y in parents)
    return mass * sum(tree.reference(x) * tree.value(x[:-1]) * future(tree, x) ** 2 for x in leaves)


def pair_series(tree: SymbolicTree, x: Prefix, y: Prefix) -> tuple[PolyElement, PolyElement]:
    """Return U_t(x, y) to first order in n: value and derivative at n = 0."""
    weights = tree.weight[x] * tree.weight[y]
    if len(x) == tree.T:
        return weights, tree.ring.zero
    apart = [
        (tree.policy[u] * tree.policy[w], pair_series(tree, u, w))
        for u in tree.children(x)
        for w in tree.children(y)
    ]
    value = sum(p * series[0] for p, series in apart)
    slope = sum(p * series[1] for p, series in apart)
    together = tree.mean(lambda z: future(tree, z) ** 2, y)
    return weights * value, weights * (slope - value + together)


def steps(quick: bool) -> tuple[Step, ...]:
    """Return the proof, in the order of the module docstring."""
    return (
        unbiased(),
        pair_recursion(),
        *(variance_step(horizon) for horizon in (1, 2, 3)),
        *expansion_steps(),
    )


Constant = Callable[[TreeMDP], float]


def constant(tree: TreeMDP) -> float:
    """Return (1/2) E_pi |b - v|."""
    return first_order_constant(tree)[0]


def _moment_row(label: str, tree: TreeMDP, N: int, constant: Constant) -> Evaluation:
    """E[(Zhat/Z)^2] by recursion and by enumeration of all runs."""
    runs = float(enumerate_smc(tree, N).second_moment_Z) * portable.exp(-2 * log_normalizer(tree))
    return Evaluation(label, second_moment(tree, N), runs, tolerance=1e-10)


def _variance_row(label: str, tree: TreeMDP, N: float, constant: Constant) -> Evaluation:
    """N Var(Zhat/Z) against v; the next term is of relative order v T/N."""
    limit_value = asymptotic_variance(tree)
    tolerance = 10 * tree.horizon * limit_value / N + 1e-9
    found = N * relative_variance(tree, N)
    return Evaluation(label, found, limit_value, tolerance=tolerance, origin="next order, v T/N")


def _chain_row(label: str, tree: TreeMDP, N: int, constant: Constant) -> Evaluation:
    """N TV on a two-lineage tree, from the exact chain at N, 2N and 4N, extrapolated."""
    target = target_law(tree)
    scaled = [M * total_variation(lineage_law(tree, M), target) for M in (N, 2 * N, 4 * N)]
    return Evaluation(
        label, extrapolated(scaled), constant(tree), tolerance=2e-4, origin="term 1/N^3"
    )


def _enumerated_row(label: str, tree: TreeMDP, N: int, constant: Constant) -> Evaluation:
    """N TV by enumeration at N, 2N and 4N, extrapolated: few particles, so rough."""
    scaled = [M * smc_distance(tree, M) for M in (N, 2 * N, 4 * N)]
    return Evaluation(
        label, extrapolated(scaled), constant(tree), tolerance=0.01, origin="term 1/N^3 at N = 2"
    )


def _single_step_row(label: str, tree: TreeMDP, N: float, constant: Constant) -> Evaluation:
    """N TV at T = 1, where SMC is naive sampling and its law an integral."""
    found = N * naive_tv(tree.policy_at(0)[0], tree.log_value_at(1), N)
    return Evaluation(label, found, constant(tree), tolerance=1e-5, origin="next order, 1/N")


def extrapolated(scaled: Sequence[float]) -> float:
    """Return the limit of a + c/N + d/N^2 from its values at N, 2N and 4N (Richardson)."""
    first, second = (2 * later - earlier for earlier, later in pairwise(scaled))
    return (4 * second - first) / 3


ROWS: dict[str, Callable[..., Evaluation]] = {
    "E[(Zhat/Z)^2]": _moment_row,
    "N Var -> v": _variance_row,
    "N TV, count chain": _chain_row,
    "N TV, enumerated": _enumerated_row,
    "N TV, one step": _single_step_row,
}


def instances(quick: bool) -> Sequence[Instance]:
    """Return small trees for the moments, and three exact routes to the limit of N TV."""
    found = points("E[(Zhat/Z)^2]", tree=small_trees(3 if quick else 12), N=(1, 2, 3))
    long = [needle(20, 0.1), product(30), persistent(12, 0.3), random_tree(6, sigma=1.5, seed=3)]
    found += points("N Var -> v", tree=long, N=(1e9, 1e12))
    errors, horizons = ((0.1,), (2, 5)) if quick else ((0.02, 0.1, 0.3), (2, 3, 6))
    needles = [needle(T, eps) for T in horizons for eps in errors]
    found += points("N TV, count chain", tree=needles, N=(250,))
    if not quick:
        found += points("N TV, enumerated", tree=small_trees(1)[::3], N=(2,))
    single = [fair_bit(0.1), *(random_tree(1, 5, sigma=2.0, seed=seed) for seed in range(4))]
    return found + points("N TV, one step", tree=single, N=(1e8,))


def _slightly_more(tree: TreeMDP) -> float:
    return 1.001 * constant(tree)


def _without_v(tree: TreeMDP) -> float:
    """Return (1/2) E_pi |b| on an explicit tree, with b = N (u_N - 1) at large N."""
    excess = MANY_PARTICLES * (path_certificate(tree, MANY_PARTICLES, all_paths(tree)) - 1)
    return portable.matmul(target_law(tree), np.abs(excess)) / 2


def _single_steps(quick: bool) -> list[Instance]:
    return points("N TV, one step", tree=[random_tree(1, 5, seed=2)], N=(1e8,))


def _moment_of_one_more(instance: Instance) -> Evaluation:
    tree, N = instance["tree"], instance["N"]
    runs = _moment_row("", tree, N, constant).theoretical
    return Evaluation("N + 1", second_moment(tree, N + 1), runs)


CLAIM = Claim(
    title="the exact second moment, and the limit of N TV",
    kind="rate",
    statement="E[Zhat^2] by the pair recursion; N Var(Zhat/Z) -> v; N TV -> (1/2) E_pi|b - v|",
    latex=r"$\E\hat Z^2$ at every $N$; the limit of $N\,\TV$",
    hypotheses=("V > 0", "multinomial resampling at every step"),
    source=THIS_PROJECT,
    bound=BOUND,
    steps=steps,
    instances=instances,
    evaluate=by_kind(ROWS, constant=constant),
    mutations=(
        Mutation("constant 1.001", evaluate=by_kind(ROWS, constant=_slightly_more)),
        Mutation(
            "v forgotten", evaluate=by_kind(ROWS, constant=_without_v),
            instances=_single_steps,
        ),
        Mutation(
            "recursion with N + 1 for N", evaluate=_moment_of_one_more,
            instances=lambda quick: points("E[(Zhat/Z)^2]", tree=small_trees(1), N=(2,)),
        ),
        Mutation("v with one term more", lambda quick: [variance_step(2, offset=1)]),
    ),
    cited=("S1", "E_cond[(X - 1)^3 / X] = o(1/N) and E_cond[(X - 1)^2] = v/N + o(1/N)"),
)  # fmt: skip
