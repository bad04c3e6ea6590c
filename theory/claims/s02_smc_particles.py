r"""S2: L T (1+eps)^(2T-1) / delta particles suffice; polynomially many at constant value error.

**Model.** SMC with the naive proposal and multinomial resampling at every step, N particles,
horizon T.

**Hypotheses.** A1 with ratio L, and A2 with Bellman error eps (or A3 with value error eps_V).

**Guarantee.** Let Q_t(s_{1:t}) = E_ref[phi | s_{1:t}] / V(s_{1:t-1}), let (M Q_t)(s_{1:t-1}) be its
mean under pi_ref, and q_t = sup Q_t / inf M Q_t. Then

    TV(law, pi) <= 1 - prod_t (1 + (q_t - 1)/N)^-1 <= (1/N) sum_{t=1..T} (q_t - 1),
    q_t <= L (1+eps)^(2(T-t)+1)   under A1 and A2,      q_t <= L (1+eps_V)^2   under A1 and A3.

So N >= (1/delta) sum_t (L (1+eps)^(2(T-t)+1) - 1) particles suffice for TV <= delta, in particular
N >= L T (1+eps)^(2T-1) / delta; and N >= T (L (1+eps_V)^2 - 1)/delta under A3.

**Proof.** Take f_t of S1 along a frozen path x. Suppose f_t <= C Q_t, which holds with C = 1 at
t = T, where both are G_T. Then at a node y of depth t-1

    f_{t-1}(y) = G_{t-1}(y) [(1 - 1/N) (M f_t)(y) + f_t(x_t)/N]
              <= C G_{t-1}(y) [(1 - 1/N) (M Q_t)(y) + q_t (M Q_t)(y)/N]
               = C (1 + (q_t - 1)/N) Q_{t-1}(y),

because Q_t(x_t) <= q_t (M Q_t)(y), and G_{t-1} M Q_t = Q_{t-1}. At the root V(root) M Q_1 = Z, so
u_N(x) <= prod_t (1 + (q_t - 1)/N) for every x, and S1 gives the first bound. If P >= 1 - S bounds
the product of some of the inverse factors, then P/(1 + a) >= 1 - S - a: that gives the sum.

Ranges: at k steps from the end V* <= (1+eps)^k V, by induction under A2: V* is the mean of the
children's V*, at most (1+eps)^(k-1) times the mean of their V, which is at most (1+eps) V. Likewise
from below. So Q_t = G_t V*/V <= L (1+eps)^(T-t), and M Q_t = V*/V >= (1+eps)^-(T-t+1). Under A3 a
single factor 1+eps_V takes the place of each power. Each term of the sum is at most
L (1+eps)^(2T-1).

ZL-5.1 asks for L^5 (1+eps)^(4T-5)/2 times the closed form. The exponent 2 cannot be lowered: S3.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
import sympy as sp

from treesmc.sims.base import portable
from treesmc.sims.laws.certificate import log_mixing_ratios, tv_certificate
from treesmc.sims.trees.families import needle, product
from treesmc.sims.trees.perturb import PERTURBATIONS
from treesmc.sims.trees.tree import FloatArray, TreeMDP
from treesmc.sims.trees.values import epsilon, ratio_bound, value_error
from treesmc.theory.bounds import (
    hidden_mass,
    instance_tv,
    log_instance_particles,
    log_ratios,
    log_uniform_particles,
    log_uniform_particles_simple,
    log_zhu_lu_particles,
    value_error_log_ratios,
)
from treesmc.theory.claim import THIS_PROJECT, Claim, Evaluate, Evaluation, Instance, Mutation
from treesmc.theory.claims.points import by_kind, points
from treesmc.theory.claims.small_trees import chain_distance, small_trees, smc_distance
from treesmc.theory.prover.smt import certificate_step, future_reward_bounds
from treesmc.theory.prover.steps import (
    Step,
    geometric,
    identity,
    implication,
    induction,
    inequality,
    smt,
)
from treesmc.theory.symbols import L, N, T, delta, eps, eps_positive, eps_V, q, r, t

BOUND = sp.exp(log_uniform_particles(T, eps, L, delta))
CLOSED_FORM = sp.exp(log_uniform_particles_simple(T, eps, L, delta))
ZHU_LU = sp.exp(log_zhu_lu_particles(T, eps, L, delta))

C, D, EV, EVs, Mf, MQ, fx, Qx, V_s = sp.symbols("C D EV EVs Mf MQ fx Qx V", positive=True)
P, a, b = sp.symbols("P a b", positive=True)
S = sp.Symbol("S", nonnegative=True)
_nearly = sp.Rational(99, 100)


def certificate_steps() -> tuple[Step, ...]:
    """From f_t <= C Q_t to u_N <= prod (1 + (q_t - 1)/N), for any number of symbols and particles.

    Mf and MQ are means over the children of y, fx and Qx values at the frozen child.
    """
    V_parent, V_star = sp.symbols("V_parent V_star", positive=True)
    given = [Mf <= C * MQ, fx <= C * Qx, Qx <= q * MQ, sp.Ge(N, 1, evaluate=False)]
    axes = {letter: [1, 2] for letter in (C, MQ, Mf, fx, Qx, q, N)}
    return (
        smt("backward step, times N", given, (N - 1) * Mf + fx <= C * (N - 1 + q) * MQ, axes=axes),
        identity("collected", C * (N - 1 + q) / N, C * (1 + (q - 1) / N)),
        identity("G M Q_t = Q_{t-1}", V_s / V_parent * (V_star / V_s), V_star / V_parent),
        implication(certificate_step(), prefix="z3: "),
    )


def product_step(excess: sp.Expr = a) -> Step:
    """From the product of inverse factors to one minus the sum of their excesses, inductively."""
    axes = {P: [sp.Rational(1, 2), 1], S: [0, sp.Rational(1, 2), 2], a: [1, 2]}
    return smt("one factor more", [P >= 1 - S], P >= (1 - S - excess) * (1 + a), axes=axes)


def drift_steps() -> tuple[Step, ...]:
    """A2 bounds V*/V, one step more: D stands for (1+eps)^k, EV and EVs for means of V and V*."""
    axes = {letter: [1, 2] for letter in (D, EV, EVs, V_s, r)}
    return (
        smt("V* from above", [EVs <= D * EV, EV <= r * V_s], EVs <= D * r * V_s, axes=axes),
        smt("V* from below", [EVs * D >= EV, EV * r >= V_s], EVs * D * r >= V_s, axes=axes),
    )


def range_steps(lag: int = 0) -> tuple[Step, ...]:
    """A1 and A2 (or A3) bound q_t."""
    small = [statement for horizon in (2, 3) for statement in future_reward_bounds(horizon, lag)]
    top, bottom = L * (1 + eps) ** (T - t), (1 + eps) ** -(T - t + 1 - lag)
    return (
        *drift_steps(),
        identity("q_t under A2", top / bottom, L * (1 + eps) ** (2 * (T - t) + 1)),
        identity("q_t under A3", L * (1 + eps_V) / (1 + eps_V) ** -1, L * (1 + eps_V) ** 2),
        *(implication(statement, prefix="z3: ") for statement in small),
    )


def closed_form_steps() -> tuple[Step, ...]:
    """Sum the bound in closed form, and bound it by T times its largest term."""
    g = 1 + eps_positive
    total = g * (g ** (2 * T) - 1) / (g**2 - 1)
    largest, term = (1 + eps) ** (2 * T - 1), (1 + eps) ** (2 * (T - t) + 1)
    growth = (1 + eps) ** (2 * (t - 1))
    return (
        geometric("geometric sum", g, 2 * (T - t) + 1, t, 1, T, total),
        identity("largest term by any other", largest, term * growth),
        *induction("powers are at least 1", growth - 1, t, 1, multiplier=(1 + eps) ** 2),
        inequality("a term less 1 is below the largest", a - 1, a * b, at_least={b: 1}),
        identity("gain over ZL-5.1", ZHU_LU / CLOSED_FORM, L**5 * (1 + eps) ** (4 * T - 5) / 2),
        identity("nothing is needed when V is constant", (L * term - 1).subs({L: 1, eps: 0}), 0),
    )


def steps(quick: bool) -> tuple[Step, ...]:
    """Return the proof, in the order of the module docstring."""
    return (*certificate_steps(), product_step(), *range_steps(), *closed_form_steps())


Ratios = Callable[[int, float, float], FloatArray]


def tree_ratios(tree: TreeMDP, ratios: Ratios) -> FloatArray:
    """Return the bounds on log q_t that A1 and A2 give on this tree."""
    return ratios(tree.horizon, epsilon(tree), ratio_bound(tree))


def _uniform_row(label: str, ratios: Ratios, tree: TreeMDP, N: int) -> Evaluation:
    """SMC's distance, all runs enumerated, against the bound of A1 and A2."""
    return Evaluation(label, smc_distance(tree, N), instance_tv(tree_ratios(tree, ratios), N))


def _instance_row(label: str, ratios: Ratios, tree: TreeMDP, N: int) -> Evaluation:
    """SMC's distance against the bound with the tree's own q_t."""
    return Evaluation(label, smc_distance(tree, N), instance_tv(log_mixing_ratios(tree), N))


def _value_error_row(label: str, ratios: Ratios, tree: TreeMDP, N: int) -> Evaluation:
    """SMC's distance against the bound of A1 and A3."""
    log_q = value_error_log_ratios(tree.horizon, value_error(tree), ratio_bound(tree))
    return Evaluation(label, smc_distance(tree, N), instance_tv(log_q, N))


def _ratio_row(label: str, ratios: Ratios, tree: TreeMDP) -> Evaluation:
    """The tree's own log q_t."""
    return nearest_ratio(label, tree, tree_ratios(tree, ratios))


def nearest_ratio(label: str, tree: TreeMDP, bound: FloatArray) -> Evaluation:
    """Set a tree's log q_t beside their bounds, [T], at the depth where they come nearest."""
    found = log_mixing_ratios(tree)
    nearest = int(np.argmax(found - bound))
    return Evaluation(label, found[nearest], bound[nearest], trivial=np.inf)


def _needle_row(label: str, ratios: Ratios, T: int, eps: float, N: int) -> Evaluation:
    """SMC's distance on `needle` from the exact count chain."""
    return Evaluation(
        label, chain_distance(needle(T, eps), N), instance_tv(ratios(T, eps, 1 + eps), N)
    )


def _sufficient_row(label: str, ratios: Ratios, T: int, eps: float, delta: float) -> Evaluation:
    """SMC's exact distance on `needle` with the particles that the bound calls sufficient."""
    N = int(np.ceil(portable.exp(log_instance_particles(ratios(T, eps, 1 + eps), delta))))
    return Evaluation(label, chain_distance(needle(T, eps), N), delta)


def _long_row(label: str, ratios: Ratios, T: int, eps: float, delta: float) -> Evaluation:
    """The same at a long horizon: TV >= m - N/H, as N particles miss the hidden symbol so often."""
    log_N = log_instance_particles(ratios(T, eps, 1 + eps), delta)
    found = portable.exp(min(0.0, log_N - 2 * (T - 1) * portable.log1p(eps)))
    return Evaluation(label, max(0.0, hidden_mass(T, eps) - found), delta)


def _certificate_row(label: str, ratios: Ratios, T: int, eps: float, N: float) -> Evaluation:
    """S1's certificate on `needle` at a long horizon: it never exceeds S2."""
    bound = instance_tv(ratios(T, eps, 1 + eps), N)
    return Evaluation(label, tv_certificate(needle(T, eps), N)[0], bound)


ROWS: dict[str, Callable[..., Evaluation]] = {
    "A1 + A2": _uniform_row,
    "own q_t": _instance_row,
    "A1 + A3": _value_error_row,
    "range of q_t": _ratio_row,
    "needle": _needle_row,
    "sufficient N": _sufficient_row,
    "sufficient N, long horizon": _long_row,
    "certificate": _certificate_row,
}


def instances(quick: bool) -> Sequence[Instance]:
    """Return small trees, needles and long horizons; all four parameters vary."""
    trees = small_trees(3 if quick else 12)
    particles = (3,) if quick else (1, 2, 3)
    found = points("A1 + A2", tree=trees, N=particles)
    found += points("own q_t", tree=trees, N=particles) + points("A1 + A3", tree=trees, N=particles)
    found += points("range of q_t", tree=[*trees, *_lumped_trees()])
    few = dict(T=(3, 8), eps=(0.1, 0.5), N=(50, 500))
    many = dict(T=(2, 4, 8, 16), eps=(0.02, 0.1, 0.5), N=(10, 100, 1000))
    found += points("needle", **(few if quick else many))
    found += points("sufficient N", T=(2, 3, 5), eps=(0.02, 0.2), delta=(0.1, 0.4))
    found += points("certificate", T=(10, 40), eps=(0.05, 0.5), N=(1e3, 1e8, 1e16))
    return [*found, *_long_instances(quick)]


def _long_instances(quick: bool) -> list[Instance]:
    axes = dict(T=(20, 200, 2000), eps=(0.1, 0.5), delta=(0.1, 0.4))
    return points("sufficient N, long horizon", **axes)


def _lumped_trees() -> list[TreeMDP]:
    benign = [product(T, r) for T in (1, 10, 60) for r in (1.5, 4.0)]
    noisy = [PERTURBATIONS["persistent"](product(6, 2.0), eps) for eps in (0.1, 1.0)]
    return [*benign, *noisy, *(needle(T, eps) for T in (2, 30) for eps in (0.05, 1.0))]


def _with_power(power: float) -> Ratios:
    return lambda T, eps, L: log_ratios(T, eps, portable.power(L, power))


def _mutant(**changes: Any) -> Evaluate:
    return by_kind(ROWS, ratios=partial(log_ratios, **changes))


CLAIM = Claim(
    title="SMC with the naive proposal: uniform bound with the right exponent",
    kind="upper",
    statement="N >= (1/delta) sum_t (L (1+eps)^(2(T-t)+1) - 1) gives TV <= delta; "
    "so does T (L (1+eps_V)^2 - 1)/delta",
    latex=r"SMC: $N \ge L T (1+\eps)^{2T-1}/\delta$ suffices",
    hypotheses=("A1", "A2 (or A3)"),
    source=THIS_PROJECT,
    bound=BOUND,
    growing={"S2": BOUND, "S2 closed": CLOSED_FORM},
    steps=steps,
    instances=instances,
    evaluate=by_kind(ROWS, ratios=log_ratios),
    mutations=(
        Mutation("exponent 1.5", evaluate=_mutant(exponent=1.5), instances=_long_instances),
        Mutation("exponent 1.95", evaluate=_mutant(exponent=1.95), instances=_long_instances),
        Mutation("without L", evaluate=by_kind(ROWS, ratios=_with_power(0.0))),
        Mutation("power 1/2 of L", evaluate=by_kind(ROWS, ratios=_with_power(0.5))),
        Mutation("one step less: 2(T-t) - 1", evaluate=_mutant(shift=-1.0)),
        Mutation("0.99 of (q - 1)/N", lambda quick: [implication(certificate_step(_nearly))]),
        Mutation("0.99 of a in the sum", lambda quick: [product_step(_nearly * a)]),
        Mutation("A2 on one step less", lambda quick: range_steps(lag=1)),
    ),
    cited=("S1", "the mean is linear and monotone"),
)
