r"""S11: resampling once in b steps, SMC at eps = c/T costs T (1 + T log L).

**Model.** SMC with the naive proposal, N particles, horizon T, that resamples multinomially at
fixed depths and nowhere else.

**Hypotheses.** A1 with ratio L, A2 with Bellman error eps.

**Guarantee.** It is SMC at every step on the *coarsened* tree, whose steps lead from one of these
depths to the next: S1, S2 and S6 hold of it there. A stretch from depth s to depth t has

    q <= L^(t-s) (1+eps)^(2T-s-t),

so with stretches of at most b steps, ceil(T/b) of them,

    N >= (1/delta) ceil(T/b) (L^b (1+eps)^(2T) - 1)

particles suffice for TV <= delta. At eps <= c/T and 1 < L <= e, b = floor(1/log L) makes
(1 + 2 T log L)(e^(1+2c) - 1)/delta particles enough: the cost N T has degree 2 where L is constant
and degree 1 where L = 1 + O(1/T). (For L > e resampling at every step, b = 1, is of that order.)

**Proof.** Between two resamplings the weights of a particle multiply to V(last)/V(first), which is
the weight of one step of the coarsened tree, and its moves make one draw of that tree's policy.

On the coarsened tree Q = V*(s_{1:t})/V(s_{1:s}) is the product of t - s ratios of A1 and of V*/V at
depth t, which A2 keeps below (1+eps)^(T-t) (S2); and M Q = V*/V at depth s is at least
(1+eps)^-(T-s). The powers of 1+eps are at most 2T, those of L at most b.

For the rate let l = log L: b l <= 1 < (b+1) l and b >= 1 give L^b <= e and 1/b <= 2 l, hence
ceil(T/b) <= 1 + T/b <= 1 + 2 T l; and (1 + c/T)^(2T) <= e^(2c).
"""

import math
from collections.abc import Callable, Sequence
from functools import partial
from itertools import pairwise
from typing import Any

import numpy as np
import sympy as sp

from treesmc.sims.base import portable
from treesmc.sims.laws.enumeration import enumerate_smc
from treesmc.sims.laws.lineage import lineage_law
from treesmc.sims.trees.coarsening import coarsened
from treesmc.sims.trees.families import needle, needle_in_drift, random_tree
from treesmc.sims.trees.tree import FloatArray, TreeMDP
from treesmc.sims.trees.values import epsilon, ratio_bound, target_law, total_variation
from treesmc.theory.algebra import ceiling, log, one_plus, positive
from treesmc.theory.bounds import instance_tv
from treesmc.theory.claim import THIS_PROJECT, Claim, Evaluate, Evaluation, Instance, Mutation
from treesmc.theory.claims.points import by_kind, points
from treesmc.theory.claims.s02_smc_particles import drift_steps, nearest_ratio
from treesmc.theory.claims.small_trees import SHAPES, perturbed, small_trees, smc_distance
from treesmc.theory.prover.steps import Step, identity, inequality, limit, smt, telescoping
from treesmc.theory.symbols import L, T, c, delta, eps, t

b, s, k = sp.symbols("b s k", positive=True, integer=True)


def log_enough_particles(T: int, eps: float, L: float, b: int, delta: float) -> float:
    """Return log of ceil(T/b) (L^b (1+eps)^(2T) - 1)/delta, of letters its expression."""
    return log((positive(L) ** b * one_plus(eps) ** (2 * T) - 1) * ceiling(T / b) / delta)


BOUND = sp.exp(log_enough_particles(T, eps, L, b, delta))

G, W, P, log_L, stretches = sp.symbols("G W P log_L stretches", positive=True)
horizon = sp.Symbol("T", positive=True)
x = sp.Symbol("x", nonnegative=True)


def range_steps() -> tuple[Step, ...]:
    """Weights of a stretch, and the range of its q."""
    log_V = sp.Function("log_V")
    top, bottom = L ** (t - s) * (1 + eps) ** (T - t), (1 + eps) ** -(T - s)
    q = L ** (t - s) * (1 + eps) ** (2 * T - s - t)
    more = (1 + eps) ** (s + t)
    return (
        telescoping(
            "weights of a stretch", log_V(k) - log_V(k - 1), log_V(k - 1), k, s + 1, t,
            log_V(t) - log_V(s),
        ),
        smt("one ratio more", [W <= P, G <= L], sp.Le(W * G, P * L), axes={
            letter: [1, 2] for letter in (W, P, G, L)
        }),
        *drift_steps(),
        identity("q of a stretch", top / bottom, q),
        identity("with s + t powers more", q * more, L ** (t - s) * (1 + eps) ** (2 * T)),
        inequality("powers are at least 1", 1, (1 + x) ** k),
    )  # fmt: skip


def rate_steps(width: sp.Expr = sp.S.One, twice: int = 2) -> tuple[Step, ...]:
    """b = floor(width/log L), for width 1, and the rates of the cost."""
    short, long, many = b * log_L <= width, (b + 1) * log_L > width, stretches * b <= b + T
    axes = {b: [1, 2], log_L: [sp.Rational(1, 2)], T: [1, 4], stretches: [1, 2]}
    cost = horizon * (1 + 2 * horizon * log_L) * (sp.exp(1 + 2 * c) - 1) / delta
    constant = (sp.exp(1 + 2 * c) - 1) / delta
    a = sp.Symbol("a", positive=True)
    return (
        smt("L^b <= e", [short], b * log_L <= 1, axes=axes),
        smt(
            "number of stretches", [long, sp.Ge(b, 1, evaluate=False), many],
            stretches <= 1 + twice * T * log_L, axes=axes
        ),
        inequality("log(1 + x) <= x", sp.log(1 + x), x),
        identity("2T steps of eps = c/T", 2 * T * (c / T), 2 * c),
        limit("degree 2 at constant L", cost / horizon**2, horizon, sp.oo, 2 * log_L * constant),
        limit(
            "degree 1 at L = 1 + a/T", cost.subs(log_L, sp.log(1 + a / horizon)) / horizon,
            horizon, sp.oo, (1 + 2 * a) * constant,
        ),
    )  # fmt: skip


def steps(quick: bool) -> tuple[Step, ...]:
    """Return the proof, in the order of the module docstring."""
    return (*range_steps(), *rate_steps())


StretchRatios = Callable[[TreeMDP, Sequence[int]], FloatArray]


def log_ratios(
    tree: TreeMDP, times: Sequence[int], most: float = math.inf, start: float = 1.0
) -> FloatArray:
    """Return log of L^(t-s) (1+eps)^(2T - start s - t) by stretch, with `most` powers of L."""
    s, t = np.array(list(pairwise([0, *times, tree.horizon]))).T
    errors = (2 * tree.horizon - start * s - t) * portable.log1p(epsilon(tree))
    found: FloatArray = np.minimum(t - s, most) * portable.log(ratio_bound(tree)) + errors
    return found


def regular_times(T: int, b: int) -> range:
    """Return the depths of one resampling in b steps."""
    return range(b, T, b)


def _never_row(label: str, ratios: StretchRatios, tree: TreeMDP, N: int) -> Evaluation:
    """SMC that never resamples is SMC on the tree of one step: laws and second moments."""
    runs = enumerate_smc(tree, N, ess_threshold=0.0), enumerate_smc(coarsened(tree, ()), N)
    laws = total_variation(*(np.array(run.law) for run in runs))
    moments = abs(float(runs[0].second_moment_Z / runs[1].second_moment_Z) - 1)
    return Evaluation(label, max(laws, moments), 0.0, relation="==")


def _distance_row(
    label: str, ratios: StretchRatios, tree: TreeMDP, times: Sequence[int], N: int
) -> Evaluation:
    """SMC's distance on the coarsened tree, all runs enumerated."""
    bound = instance_tv(ratios(tree, times), N)
    return Evaluation(label, smc_distance(coarsened(tree, times), N), bound)


def _ratio_row(label: str, ratios: StretchRatios, tree: TreeMDP, b: int) -> Evaluation:
    """The coarsened tree's log q."""
    times = regular_times(tree.horizon, b)
    return nearest_ratio(label, coarsened(tree, times), ratios(tree, times))


def _enough_row(label: str, ratios: StretchRatios, T: int, c: float, delta: float) -> Evaluation:
    """Exact distance on `needle` at eps = c/T with the particles called enough."""
    tree = needle(T, c / T)
    L = ratio_bound(tree)
    b = min(T, math.floor(1 / portable.log(L)))
    N = math.ceil(portable.exp(log_enough_particles(T, c / T, L, b, delta)))
    law = lineage_law(coarsened(tree, regular_times(T, b)), N)
    return Evaluation(label, total_variation(law, target_law(tree)), delta)


ROWS: dict[str, Callable[..., Evaluation]] = {
    "never resampled": _never_row,
    "TV": _distance_row,
    "range of q": _ratio_row,
    "enough": _enough_row,
}


def instances(quick: bool) -> Sequence[Instance]:
    """Return small trees resampled at some depths, long ones for the ratios, and needles."""
    trees = small_trees(3 if quick else 12)
    deep = [tree for tree in trees if tree.horizon == max(T for T, _ in SHAPES)]
    found = points("never resampled", tree=trees, N=(2,))
    found += points("TV", tree=deep, times=((), (1,), (2,), (1, 2)), N=(2, 3))
    bases = [random_tree(6, sigma=1.0, seed=seed) for seed in range(1 if quick else 3)]
    noisy = [tree for base in bases for tree in perturbed(base, 0.1, 1)]
    long = [*noisy, *(needle_in_drift(T, 1 / T) for T in (12, 24))]
    found += points("range of q", tree=long, b=(1, 2, 3, 5))
    return found + points("enough", T=(4, 16) if quick else (4, 16, 64), c=(0.5, 1.0), delta=(0.1,))


def _mutant(**changes: Any) -> Evaluate:
    return by_kind(ROWS, ratios=partial(log_ratios, **changes))


CLAIM = Claim(
    title="resampling once in b steps: T/b stretches, and cost T (1 + T log L) at eps = c/T",
    kind="upper",
    statement="N >= (1/delta) ceil(T/b) (L^b (1+eps)^(2T) - 1) gives TV <= delta; "
    "(1 + 2 T log L)(e^(1+2c) - 1)/delta at eps <= c/T, L <= e",
    latex=r"resampled once in $b$ steps: $N \ge \lceil T/b\rceil(L^b(1+\eps)^{2T}-1)/\delta$",
    hypotheses=("A1", "A2", "multinomial resampling at fixed depths, at most b apart"),
    source=THIS_PROJECT,
    bound=BOUND,
    steps=steps,
    instances=instances,
    evaluate=by_kind(ROWS, ratios=log_ratios),
    mutations=(
        Mutation("L once for a stretch", evaluate=_mutant(most=1.0)),
        Mutation("errors of the end only: 2(T-t)", evaluate=_mutant(start=2.0)),
        Mutation("b = 2/log L", lambda quick: rate_steps(width=sp.Integer(2))[:1]),
        Mutation("1 + T log L stretches", lambda quick: rate_steps(twice=1)[1:2]),
    ),
    cited=("S2", "moves between resamplings are independent from particle to particle"),
)
