r"""S13: with pools of order T, pool Metropolis-Hastings costs O(L T^2) at eps = c/T.

**Model.** A tree of horizon T. The algorithm and its letters are those of ZL-6.1: pools of M, H
iterations after the initial proposal.

**Hypotheses.** A1 with L, A2 with eps, delta <= 1/2. Let L' = L (1+eps) and rho = (1+eps)^(T-1).

**Guarantee.** M >= L' T log(4/delta) and H >= 21 rho^2 log(2/delta) give TV <= delta over paths.
At eps = c/T the cost M T (H + 1) is O(L T^2 log^2(1/delta)): a factor T less than ZL-6.1, without
its log T, and no event is set aside.

**Proof.** Let w = Zhat/Z of a proposal and tau = w q the target on pools and picks. Under tau the
path x has law pi, and given x every other child of its pools is drawn from pi_ref: the factors
V(picked)/sum of the pool of q cancel those of Zhat. With Y = V(child)/E_ref[V'|s] in [0, L'], of
mean one under pi_ref,

    w = kappa(x) m_1 ... m_T,    m_t = (Y_picked + sum of M - 1 independent Y) / M,

where kappa(x), a product of T - 1 Bellman ratios over its mean under guided sampling, is at most
rho^2 (S4). Let p = log(4/delta) and theta = p/M, so theta L' <= 1. As m <= exp(m - 1),

    E m_t^p <= exp(theta (L' - 1)) (E exp(theta (Y - 1)))^(M-1),

and E exp(theta Y) <= 1 + (exp(theta L') - 1)/L' <= 1 + theta + theta^2 L', by convexity and by
exp(u) - 1 <= u + u^2 on [0, 1]. Hence E_tau[(w/rho^2)^p] <= exp((p^2 + p) L' T / M) <= exp(p + 1),
and with K = e^3 rho^2 Markov's inequality leaves tau(w > K) <= eta = exp(1 - 2p) = e delta^2/16.

Run a second chain from tau with the same proposals and uniforms. As long as they differ, the chain
of larger weight keeps it until it accepts: whatever it accepts the other accepts too, and what the
other accepts alone has a smaller weight. So they have met once the larger has accepted, which at
weight at most K has probability at least E_q min(1, w/K) >= tau(w <= K)/K >= (1 - eta)/K a step:

    TV <= tau(w > K) + q(w > K) + (1 - (1 - eta)/K)^H <= (1 + 1/K) eta + delta/2 <= delta,

as q(w > K) <= tau(w > K)/K and 21 (1 - eta) >= e^3.
"""

import math
from collections.abc import Callable, Sequence

import sympy as sp

from treesmc.sims.base import portable
from treesmc.sims.laws.pool_accuracy import distances, proposals
from treesmc.sims.trees.families import needle_in_drift, product
from treesmc.sims.trees.perturb import persistent
from treesmc.sims.trees.tree import FloatArray, TreeMDP
from treesmc.sims.trees.values import epsilon, ratio_bound
from treesmc.theory.bounds import enough_iterations, enough_pool, linear_pool, log_iterations
from treesmc.theory.claim import THIS_PROJECT, Claim, Evaluation, Instance, Mutation
from treesmc.theory.claims.points import by_kind, points
from treesmc.theory.claims.s01_certificate import logarithm_steps
from treesmc.theory.claims.small_trees import mild_tree
from treesmc.theory.claims.zl_6_1_pool_mh import pool_distance
from treesmc.theory.prover.bruteforce.identities import pool_invariance
from treesmc.theory.prover.steps import Step, identity, inequality, limit, sign, smt
from treesmc.theory.symbols import L, M, T, c, delta, eps, rho

LINEAR_POOL = linear_pool(T, eps, L, delta)
LINEAR_ITERATIONS = sp.exp(log_iterations(T, eps, delta))
BOUND = LINEAR_POOL * T * (LINEAR_ITERATIONS + 1)
"""Reference draws, and as many value evaluations."""

p, theta, m, K, ratio, mean, eta, Lp = sp.symbols("p theta m K ratio mean eta Lp", positive=True)
accepted, tail, tail_q, drawn, u, y = sp.symbols("accepted tail tail_q sum_Y u y", nonnegative=True)
napier, square_delta = sp.symbols("e delta^2", positive=True)
E_ABOVE = sp.Rational(27183, 10000)


def weight_steps() -> tuple[Step, ...]:
    """Bound kappa, and a power of a pool's mean by an exponential."""
    axes = {x: [1, 2] for x in (ratio, mean, rho)}
    return (
        pool_invariance(),
        smt(
            "kappa <= rho^2", [ratio <= rho, mean * rho >= 1], ratio <= rho**2 * mean, axes=axes,
            hypotheses="kappa = ratio/mean",
        ),
        *logarithm_steps(),
        identity("m^p <= exp(p (m - 1))", sp.exp(p * (m - 1)), sp.exp(m - 1) ** p),
        identity("theta = p/M a child", p * (drawn / M - 1), p / M * (drawn - M)),
    )  # fmt: skip


def moment_steps(square: sp.Expr = sp.S.One, share: sp.Expr = sp.S.One) -> tuple[Step, ...]:
    """From one pool to E_tau[(w/rho^2)^p] <= exp(p + 1), for 1 of ``square`` and of ``share``.

    y is Y/L' and u is theta L'. The chord of exp, and the log of the quadratic, less what they are
    above, vanish at u = 0 and have slopes that are not negative.
    """
    chord = 1 + (sp.exp(u) - 1) * y - sp.exp(u * y)
    bound = 1 + u + square * u**2
    excess = sp.diff(bound, u) - bound
    axes = {M: [4, 8], Lp: [1, 2], T: [1, 2], p: [2]}
    return (
        identity("chord", sp.diff(chord, u), y * sp.exp(u * y) * (sp.exp(u * (1 - y)) - 1)),
        inequality("its slope", 1, sp.exp(u), hypotheses="u (1 - y) >= 0 in place of u"),
        identity("e^u <= 1 + u + u^2", sp.diff(sp.log(bound) - u, u), excess / bound),
        sign("its slope, u <= 1", excess, between={u: (0, 1)}),
        identity("in theta", 1 + (Lp * theta + (Lp * theta) ** 2) / Lp, 1 + theta + theta**2 * Lp),
        inequality("1 + x <= e^x", 1 + u, sp.exp(u)),
        identity(
            "exponent of a pool", (theta * Lp + M * theta**2 * Lp).subs(theta, p / M),
            (p + p**2) * Lp / M,
        ),
        smt(
            "exponent of T pools", [M >= share * Lp * T * p], (p + p**2) * Lp * T <= (p + 1) * M,
            axes=axes,
        ),
    )  # fmt: skip


def chain_steps(constant: int = 21) -> tuple[Step, ...]:
    """Markov's inequality, the meeting of the two chains, and the sum of what is lost."""
    lost = sp.E * delta**2 / 16
    iterations = constant * rho**2 * sp.log(2 / delta)
    axes = {accepted: [sp.Rational(1, 2)], tail: [sp.Rational(1, 4)], K: [2], tail_q: [0]}
    half = {delta: (0, sp.Rational(1, 2))}
    return (
        identity("Markov", sp.exp(p + 1) / sp.exp(3) ** p, sp.exp(1 - 2 * p)),
        identity("eta", sp.exp(1 - 2 * sp.log(4 / delta)), lost),
        smt("acceptance", [accepted * K >= 1 - tail, tail <= eta], accepted * K >= 1 - eta,
            axes={**axes, eta: [sp.Rational(1, 4)]}),
        smt("tail under q", [tail_q * K <= tail, K >= 1], tail_q <= tail, axes=axes),
        sign("e <= 2.7183", E_ABOVE - sp.E),
        smt(
            "enough iterations", [napier <= E_ABOVE, 4 * square_delta <= 1],
            constant * (16 - napier * square_delta) >= 16 * napier**3,
            axes={napier: [2, E_ABOVE], square_delta: [sp.Rational(1, 4)]},
        ),
        identity("they leave delta/2", sp.exp(-iterations / (constant * rho**2)), delta / 2),
        sign("twice eta is at most delta/2", delta / 2 - 2 * lost, between=half),
    )  # fmt: skip


def rate_step(degree: int | sp.Rational = 2) -> Step:
    """The degree of the cost at eps = c/T."""
    cost = BOUND.subs(eps, c / T)
    value = 21 * L * sp.log(4 / delta) * sp.log(2 / delta) * sp.exp(2 * c)
    return limit("cost", cost / T**degree, T, sp.oo, value + L * sp.log(4 / delta))


def steps(quick: bool) -> tuple[Step, ...]:
    """Return the proof, in the order of the module docstring."""
    return (*weight_steps(), *moment_steps(), *chain_steps(), rate_step())


def tree_ratio(T: int, c: float) -> float:
    """Return L of the tree: `needle_in_drift` at eps = c/T, `product` at c = 0."""
    return ratio_bound(needle_in_drift(T, c / T) if c else product(T))


PoolSize = Callable[[int, float, float, float], int]
IterationCount = Callable[[int, float, float], int]


def _enough_row(
    label: str, pool: PoolSize, iterations: IterationCount, T: int, c: float, delta: float
) -> Evaluation:
    """The exact distance over classes with as much as the claim asks for."""
    M, H = pool(T, c / T, tree_ratio(T, c), delta), iterations(T, c / T, delta)
    return Evaluation(f"{label}, M={M}, H={H}", distances(T, c, M, H)[H], delta)


def _enumerated_row(
    label: str, pool: PoolSize, iterations: IterationCount, tree: TreeMDP, delta: float
) -> Evaluation:
    """The same over paths, all pools and picks enumerated."""
    T, eps = tree.horizon, epsilon(tree)
    M, H = pool(T, eps, ratio_bound(tree), delta), iterations(T, eps, delta)
    return Evaluation(f"{label}, M={M}, H={H}", pool_distance(tree, M, H), delta)


def _moment_row(
    label: str, pool: PoolSize, iterations: IterationCount, T: int, c: float, delta: float
) -> Evaluation:
    """E_tau[(w/rho^2)^p]."""
    p, excess, tau = _weights(pool, T, c, delta)
    found = portable.matmul(tau, portable.exp(p * excess))
    return Evaluation(label, found, portable.exp(p + 1), trivial=math.inf)


def _tail_row(
    label: str, pool: PoolSize, iterations: IterationCount, T: int, c: float, delta: float
) -> Evaluation:
    """tau(w > e^3 rho^2)."""
    p, excess, tau = _weights(pool, T, c, delta)
    return Evaluation(label, float(tau[excess > 3].sum()), portable.exp(1 - 2 * p))


def _weights(
    pool: PoolSize, T: int, c: float, delta: float
) -> tuple[float, FloatArray, FloatArray]:
    """Return p, and log(w/rho^2) with its masses under tau."""
    log_weight, joint = proposals(T, c, pool(T, c / T, tree_ratio(T, c), delta))
    tau = joint.sum(axis=1) * portable.exp(log_weight)
    excess = log_weight - 2 * (T - 1) * portable.log1p(c / T)
    return portable.log(4 / delta), excess.ravel(), tau.ravel()


ROWS: dict[str, Callable[..., Evaluation]] = {
    "TV": _enough_row,
    "TV over paths": _enumerated_row,
    "moment of the weight": _moment_row,
    "tail of the weight": _tail_row,
}


def instances(quick: bool) -> Sequence[Instance]:
    """Return trees of independent bits, on which the law of the chain is known exactly."""
    horizons = (4, 16) if quick else (4, 16, 64)
    found = points("TV", T=horizons[:2], c=(0.0, 1.0), delta=(0.5, 0.01))
    found += points("TV over paths", tree=[persistent(mild_tree(2, 0), 0.05)], delta=(0.5,))
    if not quick:
        found += points("TV", T=(12, 32), c=(0.5, 2.0), delta=(0.1,))
    found += points("moment of the weight", T=horizons, c=(0.0, 1.0), delta=(0.1,))
    return found + points("tail of the weight", T=horizons, c=(0.0, 1.0), delta=(0.1,))


def _without_rho(T: int, eps: float, delta: float) -> int:
    return enough_iterations(T, 0.0, delta)


def _constant_pool(T: int, eps: float, L: float, delta: float) -> int:
    return 3


def _pool_of_one(T: int, eps: float, L: float, delta: float) -> int:
    return 1


CLAIM = Claim(
    title="pool Metropolis-Hastings with pools of order T costs O(L T^2) at eps = c/T",
    kind="upper",
    statement="M >= L (1+eps) T log(4/delta), H >= 21 (1+eps)^(2(T-1)) log(2/delta) "
    "give TV <= delta <= 1/2",
    latex=r"pool MH, $\eps \le c/T$: cost $O(LT^2)$",
    hypotheses=("A1", "A2", "delta <= 1/2"),
    source=THIS_PROJECT,
    bound=BOUND,
    growing={"S13": LINEAR_POOL * LINEAR_ITERATIONS},
    steps=steps,
    instances=instances,
    evaluate=by_kind(ROWS, pool=enough_pool, iterations=enough_iterations),
    mutations=(
        Mutation(
            "H without rho^2",
            evaluate=by_kind(ROWS, pool=enough_pool, iterations=_without_rho),
            instances=lambda quick: points("TV", T=(32,), c=(3.0,), delta=(0.1,)),
        ),
        Mutation(
            "pools that do not grow with T",
            evaluate=by_kind(ROWS, pool=_constant_pool, iterations=_without_rho),
            instances=lambda quick: points("TV", T=(256,), c=(1.0,), delta=(0.1,)),
        ),
        Mutation(
            "pools of one",
            evaluate=by_kind(ROWS, pool=_pool_of_one, iterations=enough_iterations),
            instances=lambda quick: points("moment of the weight", T=(64,), c=(0.0,), delta=(0.1,)),
        ),
        Mutation("half the pool", lambda quick: moment_steps(share=sp.Rational(1, 2))),
        Mutation("e^u <= 1 + u + u^2/2", lambda quick: moment_steps(square=sp.Rational(1, 2))),
        Mutation("20 for 21", lambda quick: chain_steps(constant=20)),
        Mutation("cost T^(3/2)", lambda quick: [rate_step(sp.Rational(3, 2))]),
    ),
    cited=(
        "S4",
        "under tau, given the path, the other children of its pools are drawn from pi_ref "
        "(that the path has law pi is a step)",
        "Markov's inequality, and the coupling inequality for two chains",
        "independence of the pools given the path",
    ),
)
