"""ZL-6.1: pool Metropolis-Hastings with a Bellman error of order 1/T is polynomial.

Model: a tree of horizon T with reward model V.
Algorithm: a proposal is built symbol by symbol: draw a pool of M children from pi_ref, pick one in
proportion to V, multiply a weight by V(picked)/mean_pool(V). An independence sampler accepts it
against the current state by the ratio of phi/weight. H iterations.
Hypotheses: A1, A2 with ``eps = O(1/T)``, T >= 2.
Guarantee: on an event of probability 1 - delta, ``H = O(log 1/delta_TV)`` and
``M = O~(L T^2 log 1/delta)``, cost ``M T H = O~(L T^3 log(1/delta) log(1/delta_TV))``.

Proof. The sampler is reversible with respect to a law on pools and picks over which paths have law
pi. The importance weight ``W = phi/weight`` of a proposal telescopes to
``V(root) prod_t mean_pool_t/V(s_{1:t-1})``. On the event that each pool mean is within 1 +- xi of
its expectation, T such factors and T - 1 Bellman ratios (the root's is constant) give
``sup W/inf W <= (1+eps)^(2(T-1)) ((1+xi)/(1-xi))^T <= b^2`` with
``b = ((1+eps)(1+xi)/(1-xi))^(T-1)``, the last step needing T >= 2. An independence sampler accepts
at least a fraction inf W/sup W of a fresh draw of the target, so a step contracts TV by
``1 - b^-2``, and ``H = b^2 log(1/delta_TV)`` iterations suffice. With xi = a/T, b stays bounded,
and Chernoff's bound over all T (H + 1) pools gives M.

At T = 1 the stated b is 1, which would make one iteration exact; it is not.

Rows take xi to be the largest deviation any pool of the tree can have, so the event is certain and
the contraction can be checked exactly, by enumerating pools and picks.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence

import numpy as np
import sympy as sp

from treesmc.sims.base import portable
from treesmc.sims.laws.enumeration import enumerate_pool_mh
from treesmc.sims.trees import families
from treesmc.sims.trees.tree import TreeMDP
from treesmc.sims.trees.values import (
    bellman_log_ratio,
    epsilon,
    log_increments,
    target_law,
    total_variation,
)
from treesmc.theory.bounds import log_pool_iterations, log_pool_ratio, pool_contraction, pool_size
from treesmc.theory.claim import (
    Claim,
    Evaluation,
    Instance,
    Mutation,
    as_written,
    instance_grid,
    zhu_lu,
)
from treesmc.theory.claims.small_trees import mild_tree, perturbed
from treesmc.theory.prover.bruteforce.identities import pool_balance
from treesmc.theory.prover.steps import Step, identity, inequality, limit, sign
from treesmc.theory.symbols import H, L, M, T, V, c, delta, eps, r, xi

_a, _spread, _b, _W, _S, _target, _mean, _next, _weight, _x = sp.symbols(
    "a spread b W S target mean next weight x", positive=True
)
_delta_TV = sp.Symbol("delta_TV", positive=True)

RATIO = sp.exp(log_pool_ratio(T, eps, xi))
"""b."""

POOL: sp.Expr = pool_size(T, eps, L, H, delta, xi)
ITERATIONS = sp.exp(log_pool_iterations(sp.log(_b), _delta_TV))
BOUND = POOL * T * ITERATIONS
"""Reference draws, and as many value evaluations."""

LARGEST_ENUMERATION = 20
"""Pool size times leaves, above which pools are not enumerated."""

MOST_ITERATIONS = 100
"""Trees that need more are left to the contraction rows."""

_LOG = sp.log(2 * T * (H + 1) / delta)
_SCHEDULE = {eps: c / T, xi: _a / T}


def steps(quick: bool) -> Sequence[Step]:
    """Return balance, the range of the weight, the contraction, the pool size, and the rates."""
    return [
        pool_balance(),
        *_range_steps(),
        *_contraction_steps(),
        *_pool_steps(),
        *_rate_steps(),
    ]


@as_written
def _range_steps() -> list[Step]:
    above, below = r * (1 + xi), (1 - xi) / r
    extreme = (above / below) ** (T - 1) * (1 + xi) / (1 - xi)
    spread = (1 + xi) / (1 - xi)
    return [
        identity(
            "the importance weight telescopes",
            _next / (_weight * _next / _mean),
            (V / _weight) * (_mean / V),
            hypotheses="V/weight before a step, next/(weight next/mean) after it",
        ),
        identity("sup W/inf W", extreme, r ** (2 * (T - 1)) * spread**T),
        sign("the spread of a pool mean is at least 1", spread - 1, between={xi: (0, 1)}),
        identity(
            "b^2 against sup W/inf W",
            (r * _spread) ** (2 * (T - 1)),
            r ** (2 * (T - 1)) * _spread**T * _spread ** (T - 2),
        ),
        sign("the rest is at least 1", _spread ** (T - 2) - 1, at_least={_spread: 1, T: 2}),
    ]


@as_written
def _contraction_steps() -> list[Step]:
    here, there = sp.symbols("W_here W_there", positive=True)
    return [
        identity(
            "proposal times acceptance",
            (_target * _mean / there) * (there / here),
            _target * _mean / here,
            hypotheses="the proposal is target mean/W; accept by W_there/W_here below 1",
        ),
        sign("which is at least target mean/sup W", 1 / here - 1 / _S, at_least={_S: here}),
        sign("also when always accepted", 1 / there - 1 / _S, at_least={_S: there}),
        inequality("1 - x <= exp(-x)", 1 - _x, sp.exp(-_x)),
        identity("H iterations give delta_TV", sp.exp(-ITERATIONS / _b**2), _delta_TV),
    ]


@as_written
def _pool_steps() -> list[Step]:
    tail = 2 * sp.exp(-M * xi**2 / (3 * L * (1 + eps)))
    return [
        sign(
            "a pool's terms V(child)/E_ref[V'|s] are at most L (1 + eps)",
            L * (1 + eps) - _next / _mean,
            between={_next: (0, L), _mean: (1 / (1 + eps), 1 + eps)},
            hypotheses="next, mean: over V(s)",
        ),
        identity("union over T (H + 1) pools", T * (H + 1) * tail.subs(M, POOL), delta),
    ]


def _rate_steps() -> list[Step]:
    ratio = RATIO.subs(_SCHEDULE)
    bounded = sp.exp(c + 2 * _a)
    pool = POOL.subs(_SCHEDULE) / _LOG
    cost = pool * T * ratio**2
    return [
        limit("b is bounded", ratio, T, sp.oo, bounded),
        limit("M is of order L T^2, but for a logarithm", pool / T**2, T, sp.oo, 3 * L / _a**2),
        limit(
            "the cost is of order L T^3, but for logarithms",
            cost / T**3,
            T,
            sp.oo,
            3 * L / _a**2 * bounded**2,
        ),
        limit("the logarithm is one of T", _LOG / sp.log(T), T, sp.oo, 1),
    ]


def instances(quick: bool) -> Sequence[Instance]:
    """Return trees with contraction and iterations, nodes with pools, and the cost's degree."""
    trees = [families.needle(T_, e) for T_, e in ((2, 0.5), (4, 0.3), (6, 0.2))]
    for T_, seed in itertools.product((2, 3), range(1 if quick else 3)):
        trees += perturbed(mild_tree(T_, seed), 0.05, seed)
    pools, iterations = ((1, 2), (1, 2)) if quick else ((1, 2, 3), (1, 2, 4, 8))
    chains = instance_grid(look=("contraction",), tree=trees, M=pools, H=iterations)
    halts = instance_grid(look=("iterations",), tree=trees, M=(2,), delta=(0.1, 0.01))
    return [
        *(x for x in chains if x["M"] * x["tree"].n_classes[-1] < LARGEST_ENUMERATION),
        *(x for x in halts if iterations_for(x["tree"], x["delta"]) < MOST_ITERATIONS),
        *instance_grid(look=("pool",), L=(1.5, 3, 10), M=(50, 500, 5000), xi=(0.1, 0.3, 1.0)),
        *instance_grid(look=("degree",), c=(0.5, 2.0), T=(1000, 100000)),
    ]


def evaluate(instance: Instance) -> Evaluation:
    """Return the row that the instance asks for."""
    return ROWS[instance["look"]](instance)


def log_b(tree: TreeMDP) -> float:
    """Return log b at the largest relative deviation xi that any pool mean of the tree can have.

    Infinite where xi >= 1.
    """
    deviation = largest_pool_deviation(tree)
    if deviation >= 1:
        return math.inf
    return log_pool_ratio(tree.horizon, epsilon(tree), deviation)


def largest_pool_deviation(tree: TreeMDP) -> float:
    """Return the largest ``|V(child)/E_ref[V'|s] - 1|``, attained by a pool of equal children."""
    log_G, ratio = log_increments(tree), bellman_log_ratio(tree)
    terms = np.concatenate(
        [
            (tree.edge_layer(log_G, t) - tree.layer(ratio, t)[:, None]).ravel()
            for t in range(tree.horizon)
        ]
    )
    return float(np.abs(portable.expm1(terms[np.isfinite(terms)])).max())


def pool_distance(tree: TreeMDP, M: int, H: int) -> float:
    """Return TV(law after H iterations, pi), exactly; the first proposal is the initial state."""
    return total_variation(np.array(enumerate_pool_mh(tree, M, H), dtype=float), target_law(tree))


def iterations_for(tree: TreeMDP, delta: float) -> float:
    """Return H, ``b^2 log(1/delta)`` rounded up; infinite where b is."""
    log_H = log_pool_iterations(log_b(tree), delta)
    return math.ceil(portable.exp(log_H)) if log_H < 700 else math.inf


def _contraction(instance: Instance, power: float = 2.0) -> Evaluation:
    tree, H_ = instance["tree"], instance["H"]
    bound = pool_contraction(power / 2 * log_b(tree)) ** H_
    distance = pool_distance(tree, instance["M"], H_)
    return Evaluation(instance.label, distance, bound, relation="<=")


def _iterations(instance: Instance) -> Evaluation:
    tree, tolerance = instance["tree"], instance["delta"]
    H_ = int(iterations_for(tree, tolerance))
    distance = pool_distance(tree, instance["M"], H_)
    return Evaluation(f"{instance.label}, H={H_}", distance, tolerance, relation="<=")


def _pool(instance: Instance) -> Evaluation:
    """Two children of ratios L and 1/L with mean 1: exact binomial tails beside Chernoff's."""
    from scipy.special import bdtr, bdtrc

    L_, M_, xi_ = instance["L"], instance["M"], instance["xi"]
    edge = xi_ * (1 + 1e-9)  # a mean that is off by xi exactly is not missed
    lowest, highest = (M_ * (1 + s * edge - 1 / L_) / (L_ - 1 / L_) for s in (-1, 1))
    below = bdtr(math.ceil(lowest) - 1, M_, 1 / (L_ + 1)) if lowest > 0 else 0.0
    missed = float(below + bdtrc(min(math.floor(highest), M_), M_, 1 / (L_ + 1)))
    bound = 2 * portable.exp(-M_ * xi_**2 / (3 * L_))
    return Evaluation(instance.label, missed, bound, relation="<=")


def _degree(instance: Instance, degree: float = 3.0) -> Evaluation:
    c_, T_ = instance["c"], instance["T"]
    found = portable.log2(_cost_without_logarithm(c_, 2 * T_) / _cost_without_logarithm(c_, T_))
    return Evaluation(
        instance.label, found, degree, tolerance=10 / T_, origin="corrections of order 1/T"
    )


def _cost_without_logarithm(c_: float, T_: int) -> float:
    """Return M T H over the logarithm in M, at eps = c/T, xi = 1/T, L = 2, both deltas 1/10."""
    H_ = portable.exp(log_pool_iterations(log_pool_ratio(T_, c_ / T_, 1 / T_), 0.1))
    pool = pool_size(T_, c_ / T_, 2.0, H_, 0.1, 1 / T_)
    return pool * T_ * H_ / portable.log(2 * T_ * (H_ + 1) / 0.1)


ROWS: dict[str, Callable[[Instance], Evaluation]] = {
    "contraction": _contraction,
    "iterations": _iterations,
    "pool": _pool,
    "degree": _degree,
}


def _single_steps(quick: bool) -> Sequence[Instance]:
    trees = [mild_tree(1, seed) for seed in range(3)]
    return instance_grid(tree=trees, M=(2,), H=(1,))


def _needles(quick: bool) -> Sequence[Instance]:
    return instance_grid(tree=[families.needle(6, 0.5)], M=(2,), H=(20,))


def _without_xi(instance: Instance) -> Evaluation:
    tree, H_ = instance["tree"], instance["H"]
    bound = pool_contraction(log_pool_ratio(tree.horizon, epsilon(tree), 0.0)) ** H_
    distance = pool_distance(tree, instance["M"], H_)
    return Evaluation(instance.label, distance, bound, relation="<=")


def _true_models(quick: bool) -> Sequence[Instance]:
    trees = [mild_tree(2, seed) for seed in range(3)]
    return instance_grid(tree=trees, M=(2,), H=(1,))


CLAIM = Claim(
    title="with eps = O(1/T) pool Metropolis-Hastings costs O~(L T^3)",
    kind="rate",
    statement="b = ((1+eps)(1+xi)/(1-xi))^(T-1); a step contracts TV by 1 - b^-2; "
    "M T H = O~(L T^3 log(1/delta) log(1/delta_TV))",
    latex=r"pool MH, $\eps = O(1/T)$: cost $\tilde O(L T^3)$",
    hypotheses=("A1", "A2 with eps = O(1/T)", "T >= 2", "all pool means within 1 +- xi"),
    source=zhu_lu("Theorem 6.1"),
    bound=BOUND,
    steps=steps,
    instances=instances,
    evaluate=evaluate,
    mutations=(
        Mutation("T = 1 admitted", evaluate=_contraction, instances=_single_steps),
        Mutation(
            "contraction 1 - b^-1", evaluate=lambda x: _contraction(x, 1.0), instances=_needles
        ),
        Mutation("b without the pools' deviation", evaluate=_without_xi, instances=_true_models),
        Mutation(
            "cost T^2",
            evaluate=lambda x: _degree(x, 2.0),
            instances=lambda quick: instance_grid(c=(0.5,), T=(1000,)),
        ),
        Mutation(
            "T >= 2 dropped",
            steps=lambda quick: [
                sign("rest", _spread ** (T - 2) - 1, at_least={_spread: 1, T: 1})
            ],
        ),
        Mutation(
            "pools of order T: xi = a/sqrt(T)",
            steps=lambda quick: [
                limit(
                    "b is bounded",
                    RATIO.subs({eps: c / T, xi: _a / sp.sqrt(T)}),
                    T,
                    sp.oo,
                    sp.exp(c + 2 * _a),
                )
            ],
        ),
    ),
    cited=(
        "Chernoff's bound for means of independent bounded variables",
        "off the event nothing is claimed; on it the chain is that of proposals with good pools",
        "a chain that renews from its target with probability p contracts TV by 1 - p (Doeblin)",
    ),
)  # fmt: skip
