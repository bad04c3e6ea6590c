r"""S5: guided SMC needs no ratio bound, and one particle when the reward model is exact.

**Model.** Guided SMC with N particles on a tree of horizon T: symbols are drawn from
K = pi_ref V(child), normalised over the children, and a particle at s has the weight
g(s) = E_ref[V' | s] / V(s). Multinomial resampling at every step, by the particle's own weight and
before it is extended (the weight does not depend on the extension). The root's weight is shared.

**Hypothesis.** A2: g(s) in [1/(1+eps), 1+eps] at every inner node. A1 is not needed.

**Guarantee.** TV(law, pi) <= 1 - prod_t (1 + (q_t - 1)/N)^-1 with q_t <= (1+eps)^(2(T-t)), so

    N >= (1/delta) sum_{t=1..T-1} ((1+eps)^(2(T-t)) - 1)

particles suffice; one if eps = 0. If instead a particle is weighed and resampled *after* it is
extended, by the weight of the node it left, the root's weight costs a resampling too, and the same
holds with the first term counted twice.

**Proof.** K(b | s) g(s) = pi_ref(b | s) V(s_b)/V(s) telescopes: pi is proportional to the law of K
times the product of g over the prefixes of length 0..T-1. So guided SMC is SMC with the naive
proposal on the *twisted tree*, whose policy is K and whose reward model is the product of g along
the prefix, own node included (up to length T-1). There Q_t of S2 is

    Q_t(s_{1:t}) = E_K[g(s_{1:t}) ... g(s_{1:T-1}) | s_{1:t}] = E_ref[phi | s_{1:t}] / V(s_{1:t}),

which A2 confines to [(1+eps)^-(T-t), (1+eps)^(T-t)], and so is its mean under K. The ratio of the
ends is (1+eps)^(2(T-t)), which is 1 at t = T: S2's argument gives the bound with T-1 terms.

Weighing afterwards multiplies Q_t by g(s_{1:t-1}). At t = 1 this is a constant, and q_1 is as
above. At t >= 2, Q_t <= (1+eps)^(T-t+1) and its mean V*/V at s_{1:t-1} is at least the inverse:
the ratio is that of t-1 above.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
import sympy as sp

from treesmc.sims.laws.certificate import tv_certificate
from treesmc.sims.laws.enumeration import enumerate_smc
from treesmc.sims.trees.families import random_tree
from treesmc.sims.trees.tree import FloatArray, TreeMDP
from treesmc.sims.trees.values import bellman_log_ratio, epsilon, guided_policy, target_law
from treesmc.sims.trees.values import total_variation as tv
from treesmc.theory.bounds import instance_tv, log_guided_uniform_particles, log_ratios
from treesmc.theory.claim import THIS_PROJECT, Claim, Evaluate, Evaluation, Instance, Mutation
from treesmc.theory.claims.points import by_kind, points
from treesmc.theory.claims.s02_smc_particles import drift_steps, nearest_ratio
from treesmc.theory.claims.small_trees import perturbed, small_trees, smc_distance
from treesmc.theory.prover.steps import Step, geometric, identity, smt
from treesmc.theory.symbols import T, delta, eps, eps_positive, t

BOUND = sp.exp(log_guided_uniform_particles(T, eps, delta))

D, EVs, V_s = sp.symbols("D EVs V", positive=True)
k, Q_1, Q_2 = sp.symbols("k Q1 Q2", positive=True)


def twisted_tree(tree: TreeMDP) -> TreeMDP:
    """Return the tree on which SMC with the naive proposal is guided SMC; the input is explicit."""
    depths = range(tree.horizon)
    policy = [tree.edge_layer(guided_policy(tree), depth) for depth in depths]
    log_g = np.append(bellman_log_ratio(tree), np.zeros(tree.n_classes[-1]))
    log_value = [tree.layer(log_g, 0)]
    for depth in depths:
        inherited = np.empty(tree.n_classes[depth + 1])
        inherited[tree.child_at(depth)] = log_value[depth][:, None]
        log_value.append(inherited + tree.layer(log_g, depth + 1))
    child = [tree.child_at(depth) for depth in depths]
    return TreeMDP.from_layers(policy, child, log_value, f"twisted {tree.name}")


def telescoping_steps() -> tuple[Step, ...]:
    """Check that K g is pi_ref times the ratio of values, and the two forms of Q_t."""
    p, child, mean, future = sp.symbols("pi_ref V_child mean future", positive=True)
    return (
        identity("K g = pi_ref V'/V", (p * child / mean) * (mean / V_s), p * child / V_s),
        identity("its mean is V* / (V g)", EVs / mean, EVs / V_s / (mean / V_s)),
        identity("weighed afterwards: g times it", mean / V_s * (EVs / mean), EVs / V_s),
        identity("Q_t one step back", p * child / V_s * (future / child), p * future / V_s),
    )


def range_steps(exponent: int = 2) -> tuple[Step, ...]:
    """A2 confines V*/V and its means; D stands for (1+eps)^k."""
    axes = {D: [1, 2], Q_1: [1, 2], Q_2: [1, 2], k: [sp.Rational(1, 3)]}
    top, bottom = (1 + eps) ** (T - t), (1 + eps) ** (t - T)
    mean = k * Q_1 + (1 - k) * Q_2
    return (
        *drift_steps(),
        smt("a mean stays above", [Q_1 * D >= 1, Q_2 * D >= 1, k <= 1], mean * D >= 1, axes=axes),
        identity("q_t", top / bottom, (1 + eps) ** (exponent * (T - t))),
        identity("no weight at the end", (top / bottom).subs(t, T), 1),
        identity(
            "weighed afterwards, at t + 1",
            ((1 + eps) * top / (bottom / (1 + eps))).subs(t, t + 1),
            top / bottom,
        ),
    )


def steps(quick: bool) -> tuple[Step, ...]:
    """Return the proof, in the order of the module docstring."""
    g = 1 + eps_positive
    total = (g ** (2 * T) - g**2) / (g**2 - 1)
    return (
        *telescoping_steps(),
        *range_steps(),
        geometric("geometric sum", g, 2 * (T - t), t, 1, T - 1, total),
        identity("one particle at eps = 0", ((1 + eps) ** (2 * (T - t)) - 1).subs(eps, 0), 0),
    )


GuidedRatios = Callable[[int, float], FloatArray]


def guided_ratios(T: int, eps: float, exponent: float = 2, lag: int = 0) -> FloatArray:
    """Return log of (1+eps)^(exponent (T-t-lag)), t = 1..T: q_t's bound by default."""
    return np.maximum(log_ratios(T, eps, 1.0, exponent, -exponent * lag), 0.0)


def _distance_row(label: str, ratios: GuidedRatios, tree: TreeMDP, N: int) -> Evaluation:
    """Guided SMC, all runs enumerated."""
    bound = instance_tv(ratios(tree.horizon, epsilon(tree)), N)
    return Evaluation(label, smc_distance(twisted_tree(tree), N), bound)


def _afterwards_row(label: str, ratios: GuidedRatios, tree: TreeMDP, N: int) -> Evaluation:
    """Guided SMC that weighs after extending, all runs enumerated."""
    log_q = ratios(tree.horizon, epsilon(tree))
    law = np.array(enumerate_smc(tree, N, guided=True).law)
    return Evaluation(label, tv(law, target_law(tree)), instance_tv(np.append(log_q, log_q[0]), N))


def _exact_row(label: str, ratios: GuidedRatios, tree: TreeMDP, N: int) -> Evaluation:
    """Guided SMC with V = V*: no distance at all."""
    return Evaluation(label, smc_distance(twisted_tree(tree), N), 0.0, relation="==")


def _range_row(label: str, ratios: GuidedRatios, tree: TreeMDP) -> Evaluation:
    """The twisted tree's log q_t."""
    return nearest_ratio(label, twisted_tree(tree), ratios(tree.horizon, epsilon(tree)))


def _certificate_row(label: str, ratios: GuidedRatios, tree: TreeMDP, N: int) -> Evaluation:
    """S1's certificate on the twisted tree: it never exceeds the bound."""
    bound = instance_tv(ratios(tree.horizon, epsilon(tree)), N)
    return Evaluation(label, tv_certificate(twisted_tree(tree), N)[0], bound)


ROWS: dict[str, Callable[..., Evaluation]] = {
    "guided": _distance_row,
    "weighed afterwards": _afterwards_row,
    "V = V*": _exact_row,
    "range of q_t": _range_row,
    "certificate": _certificate_row,
}


def instances(quick: bool) -> Sequence[Instance]:
    """Return small trees for enumeration, and longer ones for ratios and certificate."""
    trees, particles = small_trees(3 if quick else 12), (3,) if quick else (1, 2, 3)
    bases = [random_tree(6 if quick else 9, sigma=2.0, seed=seed) for seed in range(2)]
    long = [tree for base in bases for tree in perturbed(base, 0.1, 1)]
    exact = [random_tree(T, sigma=2.0, seed=T) for T in (1, 2, 3)]
    found = points("guided", tree=trees, N=particles)
    found += points("weighed afterwards", tree=trees, N=particles)
    found += points("V = V*", tree=exact, N=(1, 2)) + points("range of q_t", tree=trees + long)
    return found + points("certificate", tree=long, N=(10, 1000))


def _mutant(**changes: Any) -> Evaluate:
    return by_kind(ROWS, ratios=partial(guided_ratios, **changes))


CLAIM = Claim(
    title="guided SMC needs no ratio bound, and one particle when eps = 0",
    kind="upper",
    statement="N >= (1/delta) sum_{t<T} ((1+eps)^(2(T-t)) - 1) gives TV <= delta for guided SMC",
    latex=r"guided SMC: S2 without $L$, with $T-1$ terms",
    hypotheses=("A2",),
    source=THIS_PROJECT,
    bound=BOUND,
    growing={"S5": BOUND},
    steps=steps,
    instances=instances,
    evaluate=by_kind(ROWS, ratios=guided_ratios),
    mutations=(
        Mutation("exponent 1.9", evaluate=_mutant(exponent=1.9)),
        Mutation("exponent 1: the drift counted once", lambda quick: range_steps(exponent=1)),
        Mutation("one step less: T - 1 - t", evaluate=_mutant(lag=1)),
        Mutation("one particle at every eps", evaluate=_mutant(exponent=0.0)),
    ),
    cited=("S1", "S2", "a mean lies between the extremes"),
)
