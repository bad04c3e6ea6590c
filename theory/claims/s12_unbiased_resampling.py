r"""S12: no unbiased resampling takes the noise of the steps out of Zhat.

**Model.** SMC with the naive proposal and at most N particles. Resampling is *unbiased*: whatever
the scheme, the times and what they depend on, the expected weight of a particle's offspring is its
own weight. Multinomial, residual, stratified and systematic resampling are, at every step, at none
or when the effective sample size is low.

**Hypotheses.** V > 0. At every node s of depth t-1, Var_ref(V*(s')/V*(s) | s) >= d_t^2.

**Guarantee.** E[(Zhat/Z)^2] >= prod_t (1 + d_t^2/N). With one d for all depths it is at least
(1 + d^2/N)^T >= 1 + T d^2/N: a relative variance of at most v takes N >= T d^2/v particles.

The reward model does not matter. Where the variances of each depth are all d_t^2 the bound is
attained at every N, by V = V* and any such resampling at every step.

**Proof.** Let S = E[Zhat/Z | the run so far]. It is a sum over the particles of shares, each a
weight times V*/Z, and it ends as Zhat/Z. Unbiased resampling keeps its mean, and by Jensen does not
lower that of its square.

Extending multiplies the shares m_i by factors f_i = V*(s')/V*(s), independent given the particles,
of mean one (V* is the mean of its children's) and variance at least d^2. Going through the
particles one by one, the mean of the square becomes at least S^2 + d^2 R, with R = sum_i m_i^2; and
N R >= S^2. So every step multiplies E[S^2] by at least 1 + d^2/N. At the start S = 1.

With V = V* and resampling at every step all shares are S/N before a step, so that N R = S^2, and
the weight that is shared out again is S itself: every inequality is an equality.
"""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

import numpy as np
import sympy as sp

from treesmc.sims.base import portable
from treesmc.sims.laws.enumeration import enumerate_smc
from treesmc.sims.laws.moments import second_moment
from treesmc.sims.laws.schemes import SCHEMES
from treesmc.sims.trees.coarsening import coarsened
from treesmc.sims.trees.families import needle_in_drift, persistent, product, random_tree
from treesmc.sims.trees.reward_models import exact
from treesmc.sims.trees.tree import FloatArray, TreeMDP
from treesmc.sims.trees.values import log_normalizer
from treesmc.theory.claim import THIS_PROJECT, Claim, Evaluate, Evaluation, Instance, Mutation
from treesmc.theory.claims.points import by_kind, points
from treesmc.theory.claims.small_trees import fair_bit, small_trees
from treesmc.theory.prover.steps import Step, identity, induction, smt
from treesmc.theory.symbols import N, T

d = sp.Symbol("d", nonnegative=True)
BOUND = (1 + d**2 / N) ** T

S, m, square, R, v, before, after, x = sp.symbols("S m E_S2 R v before after x", nonnegative=True)
w, child, other = sp.symbols("w child other", positive=True)


def extension_steps(share: sp.Expr = N) -> tuple[Step, ...]:
    """Go through the particles one by one; N R >= S^2, with ``share`` in place of N."""
    axes = {letter: [0, 1, 2] for letter in (S, m, R, square)} | {v: [0, 1], d: [1], N: [1, 3]}
    mean = w * child + (1 - w) * other
    square_after = square + 2 * S * m + m**2 * (1 + v)
    at_least_one = sp.Ge(N, 1, evaluate=False)
    return (
        identity("factors have mean one", w * child / mean + (1 - w) * other / mean, 1),
        smt(
            "one particle more", [square >= S**2 + d**2 * R, v >= d**2],
            square_after >= (S + m) ** 2 + d**2 * (R + m**2), axes=axes,
            hypotheses="its factor is independent, of mean 1 and variance v",
        ),
        identity("N R = S^2 at one particle", sp.sympify(share).subs(N, 1) * m**2, m**2),
        smt(
            "N R >= S^2, one particle more", [share * R >= S**2, at_least_one],
            (share + 1) * (R + m**2) >= (S + m) ** 2, axes=axes,
        ),
        smt(
            "a step", [square >= S**2 + d**2 * R, share * R >= S**2, at_least_one],
            N * square >= (N + d**2) * S**2, axes=axes,
        ),
        identity("equal shares", S**2 + d**2 * (N * (S / N) ** 2), S**2 * (1 + d**2 / N)),
    )  # fmt: skip


def resampling_step(unbiased: bool = True) -> Step:
    """Jensen: a square's mean is at least the mean's square, which resampling leaves as it was."""
    given = [square - 2 * after * after + after**2 >= 0]
    given += [sp.Eq(after, before)] if unbiased else []
    axes = {square: [1, 2], after: [1], before: [1]}
    return smt(
        "resampling", given, square >= before**2, axes=axes,
        hypotheses="E(S' - after)^2 >= 0, and the mean after is that before",
    )  # fmt: skip


def rate_steps() -> tuple[Step, ...]:
    """Multiply over the steps, and bound the power from below."""
    axes = {before: [1, 2], after: [2, 4], square: [1], d: [1], N: [1, 2]}
    given = [before >= square, N * after >= (N + d**2) * before]
    gap = (1 + x) ** T - 1 - T * x
    return (
        smt("one step more", given, N * after >= (N + d**2) * square, axes=axes),
        *induction("(1 + x)^T >= 1 + T x", gap, T, 1, multiplier=1 + x),
    )


def steps(quick: bool) -> tuple[Step, ...]:
    """Return the proof, in the order of the module docstring."""
    return (resampling_step(), *extension_steps(), *rate_steps())


def least_variances(tree: TreeMDP) -> FloatArray:
    """Return d_t^2, t = 1..T: the least Var_ref(V(s')/V(s) | s) of a depth, for V the tree's."""
    found = np.empty(tree.horizon)
    for t in range(tree.horizon):
        policy, here = tree.policy_at(t), tree.log_value_at(t)[:, None]
        ratio = portable.exp(tree.log_value_at(t + 1)[tree.child_at(t)] - here)
        mean = np.sum(policy * ratio, axis=1)
        found[t] = np.min(np.sum(policy * (ratio - mean[:, None]) ** 2, axis=1))
    return found


MomentBound = Callable[[TreeMDP, float], float]


def least_moment(tree: TreeMDP, N: float, factor: float = 1.0, of_truth: bool = True) -> float:
    """Return prod_t (1 + factor d_t^2/N), with the variances of V* or, wrongly, of V."""
    variances = least_variances(exact(tree) if of_truth else tree)
    return float(np.prod(1 + factor * variances / N))


def _schemes_row(
    label: str, bound: MomentBound, tree: TreeMDP, N: int, scheme: str, threshold: float
) -> Evaluation:
    """E[(Zhat/Z)^2] of all runs, resampled when the effective sample size is low."""
    runs = enumerate_smc(tree, N, resampling=scheme, ess_threshold=threshold)
    found = float(runs.second_moment_Z) * portable.exp(-2 * log_normalizer(tree))
    return Evaluation(label, float(found), bound(tree, N), trivial=1.0)


def _multinomial_row(label: str, bound: MomentBound, tree: TreeMDP, N: float) -> Evaluation:
    """The same by the recursion of S6, for long trees."""
    return Evaluation(label, second_moment(tree, N), bound(tree, N), trivial=1.0)


def _rare_row(label: str, bound: MomentBound, tree: TreeMDP, N: float, times: range) -> Evaluation:
    """The same with resampling at some depths only (S11)."""
    return Evaluation(label, second_moment(coarsened(tree, times), N), bound(tree, N), trivial=1.0)


def _attained_row(label: str, bound: MomentBound, tree: TreeMDP, N: float) -> Evaluation:
    """Where the bound is attained."""
    return Evaluation(label, second_moment(tree, N), bound(tree, N), relation="==")


ROWS: dict[str, Callable[..., Evaluation]] = {
    "schemes": _schemes_row,
    "at every step": _multinomial_row,
    "at some depths": _rare_row,
    "attained": _attained_row,
}


def instances(quick: bool) -> Sequence[Instance]:
    """Return every scheme on small trees, long trees, and where the bound is attained."""
    trees, thresholds = small_trees(2 if quick else 6), (0.0, 0.7, 1.0)
    found = points("schemes", tree=trees, N=(2,), scheme=tuple(SCHEMES), threshold=thresholds)
    long = [needle_in_drift(T, 1 / T) for T in (4, 16, 64)] + [product(40)]
    found += points("at every step", tree=[*long, persistent(10, 0.2)], N=(2, 20, 200))
    found += points("at some depths", tree=long[1:], N=(2, 20), times=(range(0), range(4, 16, 4)))
    found += points(
        "attained", tree=[product(T, r) for T in (1, 6, 30) for r in (2.0, 4.0)], N=(1, 3, 50)
    )
    single = [fair_bit(0.1), *(random_tree(1, 5, seed=seed) for seed in range(3))]
    return found + points("attained", tree=single, N=(1, 2, 50))


def _mutant(**changes: Any) -> Evaluate:
    return by_kind(ROWS, bound=partial(least_moment, **changes))


CLAIM = Claim(
    title="under any unbiased resampling E(Zhat/Z)^2 >= (1 + d^2/N)^T, attained by V = V*",
    kind="lower",
    statement="E[(Zhat/Z)^2] >= prod_t (1 + d_t^2/N), d_t^2 <= Var_ref(V*(s')/V*(s) | s)",
    latex=r"unbiased resampling: $\E(\hat Z/Z)^2 \ge (1+d^2/N)^T$, attained",
    hypotheses=("V > 0", "unbiased resampling at any times", "at most N particles"),
    source=THIS_PROJECT,
    bound=BOUND,
    steps=steps,
    instances=instances,
    evaluate=by_kind(ROWS, bound=least_moment),
    mutations=(
        Mutation("variance 1.01 d^2", evaluate=_mutant(factor=1.01)),
        Mutation("variance of V for that of V*", evaluate=_mutant(of_truth=False)),
        Mutation("a biased resampling", lambda quick: [resampling_step(unbiased=False)]),
        Mutation("(N - 1) R >= S^2", lambda quick: extension_steps(N - 1)),
        Mutation("N R >= 0.99 S^2 only", lambda quick: extension_steps(N * sp.Rational(100, 99))),
    ),
    cited=("Jensen's inequality over the draws of the resampling", "independence"),
)
