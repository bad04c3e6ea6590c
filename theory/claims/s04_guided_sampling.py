r"""S4: single-particle guided sampling is off by at most a hyperbolic tangent, and it is attained.

**Model.** A tree MDP of horizon T with reward phi = V at depth T. Single-particle guided sampling
draws each symbol from pi_ref V(child), normalised over the children.

**Hypothesis.** A2: the Bellman ratio g(s) = E_ref[V' | s] / V(s) is in [1/(1+eps), 1+eps] at every
inner node. A1 is not needed.

**Guarantee.** With rho = (1+eps)^(T-1),

    TV(law, pi) <= (rho - 1)/(rho + 1) = tanh((T-1)/2 log(1+eps)) <= (T-1) eps / 2,

over paths, and `persistent` attains the first bound for every T and eps. Correcting the sampler by
rejection costs at most rho^2 proposals on average.

**Proof.** The probabilities of the proposal telescope: law(x) = pi_ref(x) phi(x) / V(root) divided
by the product of g over the prefixes of length 0..T-1. The factor at the root is the same for all
paths, so pi/law = w/m, where w is the product of g over prefixes of length 1..T-1 and m is its mean
E_law[w]. By A2, w is in [1/rho, rho], and TV = E_law(1 - w/m)_+.

The function (1 - w/m)_+ is convex in w and vanishes at rho, so on [1/rho, rho] it lies below its
chord, (rho - w)(1 - 1/(rho m))/(rho - 1/rho). The chord is linear: its mean is its value at w = m,
which falls short of (rho - 1)/(rho + 1) by rho (m - 1)^2 / ((rho^2 - 1) m) >= 0. Equality needs
w on the two ends with mean one, that is probability rho/(1 + rho) on the lower end: this is what
`persistent` arranges, with a first symbol that fixes the sign of all later errors.

Finally sup w/m <= rho / (1/rho).
"""

from collections.abc import Sequence
from functools import partial

import numpy as np
import sympy as sp

from treesmc.sims.base import portable
from treesmc.sims.trees.families import persistent, random_tree
from treesmc.sims.trees.tree import TreeMDP
from treesmc.sims.trees.values import epsilon, guided_law, target_law, total_variation
from treesmc.theory.bounds import guided_single_tv, log_guided_rejection_cost
from treesmc.theory.claim import (
    THIS_PROJECT,
    Claim,
    Evaluation,
    Instance,
    Mutation,
    Relation,
    instance_grid,
)
from treesmc.theory.claims.small_trees import perturbed
from treesmc.theory.prover.bruteforce.identities import guided_ratio
from treesmc.theory.prover.smt import extremal_inequality
from treesmc.theory.prover.steps import Step, identity, implication, inequality, sign, smt
from treesmc.theory.symbols import T, eps, rho

BOUND = guided_single_tv(T, eps)

w, m, W, g, r = sp.symbols("w m W g r", positive=True)
x, to_one, to_other = sp.symbols("x to_one to_other", nonnegative=True)
apart = sp.Symbol("apart", positive=True)
_nearly = sp.Rational(99, 100)


def extremal_steps(factor: sp.Expr = sp.S.One) -> tuple[Step, ...]:
    """Prove E(1 - w/m)_+ <= factor (rho - 1)/(rho + 1); true for ``factor`` 1 only."""
    width = rho - 1 / rho
    chord = (rho - w) * (1 - 1 / (rho * m)) / width
    gap = (w - 1 / rho) * (rho - m) / (width * m)
    shortfall = rho * (m - 1) ** 2 / (rho**2 - 1) / m
    largest = factor * (rho - 1) / (rho + 1)
    return (
        identity("the chord less the function below the mean", chord - (1 - w / m), gap),
        identity("the chord", chord, (rho - w) * (m - 1 / rho) / (width * m)),
        sign("both are products of distances to the ends", to_one * to_other / (apart * m)),
        identity("chord at the mean", largest - chord.subs(w, m), shortfall),
    )


def two_point_steps() -> tuple[Step, ...]:
    """Check that mass rho/(1 + rho) at 1/rho, the rest at rho, attains the inequality."""
    low = rho / (1 + rho)
    return (
        identity("two points have mean one", low / rho + (1 - low) * rho, 1),
        identity("two points attain it", low * (1 - 1 / rho), (rho - 1) / (rho + 1)),
    )


def steps(quick: bool) -> tuple[Step, ...]:
    """Return the proof, in the order of the module docstring."""
    rho_T = (1 + eps) ** (T - 1)
    axes = {letter: [sp.Rational(1, 2), 1, 2] for letter in (W, g, w, m, rho, r)}
    atoms = [extremal_inequality(2, 1), extremal_inequality(3, 1), extremal_inequality(3, 2)]
    return (
        guided_ratio(),
        smt("one factor more", [W <= rho, g <= r], sp.Le(W * g, rho * r), axes=axes),
        *extremal_steps(),
        *two_point_steps(),
        *(implication(statement, prefix="the same by z3: ") for statement in atoms),
        identity("tangent form", (rho_T - 1) / (rho_T + 1), BOUND),
        inequality("tanh x <= x", sp.tanh(x), x),
        inequality("log(1 + eps) <= eps", sp.log(1 + eps), eps),
        smt("rejection costs rho^2", [w <= rho, m * rho >= 1], sp.Le(w, rho**2 * m), axes=axes),
    )


def largest_weight(tree: TreeMDP) -> float:
    """Return log sup pi/law over terminal classes, the log cost of rejection from the proposal."""
    log_ratio = portable.log(target_law(tree)) - portable.log(guided_law(tree))
    return float(log_ratio.max())


def instances(quick: bool) -> Sequence[Instance]:
    """Return the attaining trees on a grid, and random trees under every perturbation."""
    horizons, errors = ((2, 3, 40), (0.05, 1.0)) if quick else (
        (2, 3, 5, 10, 40, 150), (0.0, 0.001, 0.05, 0.3, 1.0, 3.0)
    )  # fmt: skip
    attained = instance_grid("persistent", T=horizons, eps=errors)
    return [*attained, *_random_instances(2 if quick else 8)]


def _random_instances(seeds: int) -> list[Instance]:
    found = []
    for seed in range(seeds):
        base = random_tree(2 + seed % 4, branching=2 + seed % 2, sigma=1.5, seed=seed)
        for tree in perturbed(base, (0.05, 0.3, 1.0)[seed % 3], seed):
            found += [
                Instance(f"{tree.name} {what}", {"tree": tree, "what": what})
                for what in ("TV", "rejection")
            ]
    return found


def evaluate(instance: Instance, factor: float = 1.0, lag: int = 0) -> Evaluation:
    """Compare the exact distance (or log rejection cost) with the bound.

    ``factor`` multiplies the bound and ``lag`` shortens the horizon in it: for mutations.
    """
    parameters = instance.parameters
    tree = parameters.get("tree") or persistent(parameters["T"], parameters["eps"])
    horizon, error = tree.horizon - lag, epsilon(tree)
    if parameters.get("what") == "rejection":
        largest = log_guided_rejection_cost(horizon, error)
        return Evaluation(
            instance.label, largest_weight(tree), factor * largest, relation="<=", trivial=np.inf
        )
    distance = total_variation(guided_law(tree), target_law(tree))
    relation: Relation = "<=" if "tree" in parameters else "=="
    bound = factor * guided_single_tv(horizon, error)
    return Evaluation(instance.label, distance, bound, relation=relation)


CLAIM = Claim(
    title="single-particle guided sampling: the exact worst case",
    kind="tight",
    statement="TV <= tanh((T-1)/2 log(1+eps)) <= (T-1) eps/2, attained; rejection costs <= rho^2",
    latex=r"guidance: $\TV \le \tanh(\tfrac{T-1}{2}\log(1+\eps))$, attained",
    hypotheses=("A2",),
    source=THIS_PROJECT,
    bound=BOUND,
    steps=steps,
    instances=instances,
    evaluate=evaluate,
    mutations=(
        Mutation("constant 0.9", evaluate=partial(evaluate, factor=0.9)),
        Mutation("constant 1.001: not attained", evaluate=partial(evaluate, factor=1.001)),
        Mutation("T - 2 for T - 1", evaluate=partial(evaluate, lag=1)),
        Mutation("chord constant 0.99", lambda quick: extremal_steps(_nearly)),
        Mutation(
            "z3 constant 0.99", lambda quick: [implication(extremal_inequality(2, 1, _nearly))]
        ),
    ),
    cited=("TV(pi, law) = E_law(1 - pi/law)_+", "the mean of a linear function is its value there"),
)
