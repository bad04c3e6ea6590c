r"""S14: one proposal of pool Metropolis-Hastings is guided sampling but for sqrt(T)/M.

**Model.** The proposal of ZL-6.1 with pools of M, and no iteration (H = 0).

**Hypotheses.** A1 with L, A2 with eps, M >= L' = L (1+eps).

**Guarantee.** Its law over paths is within

    sqrt(T/2) (L' - 1)(2 L' - 1) / M

of guided sampling in total variation; with S4, within that and tanh((T-1)/2 log(1+eps)) of pi. So
where the tanh is at most delta/2, in particular where V = V*, M of order sqrt(T)/delta is enough:
cost O(T^(3/2)/delta).

**Proof.** Let Y = V(child)/E_ref[V'|s], in [1/L', L'] and of mean one under pi_ref, and let m = 1+d
be the mean of Y over a pool. Given the class, symbol b is picked with its guided probability times
r_b = E[1/m | b is in the pool]. From 1/m = 1 - d + d^2/m and m >= 1/L',

    1 - d <= 1/m <= 1 - d + L' d^2.

Given b, E[d] = (Y_b - 1)/M and E[d^2] = ((Y_b - 1)^2 + (M-1) Var Y)/M^2, with abs(Y - 1) <= L' - 1,
and Var Y <= (L' - 1)^2/L' because (L' - Y)(Y - 1/L') >= 0. As M >= L',

    abs(r_b - 1) <= ((L' - 1) + 2 (L' - 1)^2)/M = (L' - 1)(2 L' - 1)/M.

Relative entropy is at most the chi-square divergence, by log y <= y - 1, which is E (r_b - 1)^2
under guided sampling, and it adds up over T steps; Pinsker's inequality halves it under the root.
"""

import math
from collections.abc import Callable, Iterator, Sequence

import numpy as np
import sympy as sp

from treesmc.sims.laws.enumeration import enumerate_pool_mh
from treesmc.sims.laws.pool_accuracy import distances
from treesmc.sims.trees.families import product, random_tree
from treesmc.sims.trees.tree import FloatArray, TreeMDP
from treesmc.sims.trees.values import epsilon, guided_law, ratio_bound, target_law, total_variation
from treesmc.theory.bounds import guided_single_tv, pool_bias
from treesmc.theory.claim import THIS_PROJECT, Claim, Evaluation, Instance, Mutation
from treesmc.theory.claims.points import by_kind, points
from treesmc.theory.claims.s01_certificate import logarithm_steps
from treesmc.theory.claims.small_trees import mild_tree, perturbed
from treesmc.theory.prover.steps import Step, identity, sign, smt
from treesmc.theory.symbols import L, M, T, delta, eps

Lp, m, Y, G, g, r, second = sp.symbols("Lp m Y G g r E_Y2", positive=True)
d = sp.Symbol("d", real=True)
ratio = L * (1 + eps)
BIAS = (Lp - 1) * (2 * Lp - 1) / M
BOUND: sp.Expr = pool_bias(T, eps, L, M)


def child_steps() -> tuple[Step, ...]:
    """The range of Y, and what it says of its variance."""
    axes = {x: [1, 2] for x in (G, g, r, L, Lp, second)}
    given = [G <= L, G * L >= 1, g <= r, g * r >= 1]
    product = (Lp - Y) * (Y - 1 / Lp)
    return (
        smt("Y <= L'", given, sp.Le(G, L * r * g), axes=axes, hypotheses="Y = G/g, r = 1 + eps"),
        smt("Y >= 1/L'", given, sp.Ge(G * L * r, g), axes=axes, hypotheses="the same"),
        identity("L' (L' - Y)(Y - 1/L')", Lp * product, (Lp**2 + 1) * Y - Lp * Y**2 - Lp),
        smt(
            "Var Y", [Lp**2 + 1 - Lp * second - Lp >= 0], Lp * (second - 1) <= (Lp - 1) ** 2,
            axes=axes, hypotheses="its mean at E Y = 1",
        ),
    )  # fmt: skip


def bias_steps(least: sp.Expr = Lp) -> tuple[Step, ...]:
    """Bound r_b - 1 for pools of at least ``least``, which is L'."""
    spread = sp.Symbol("Var", positive=True)
    moment = ((Y - 1) ** 2 + (M - 1) * spread) / M**2
    largest = moment.subs({Y: Lp, spread: (Lp - 1) ** 2 / Lp})
    axes = {m: [1, 2], Lp: [1, 2], d: [0, 1]}
    return (
        identity("1/m", 1 / (1 + d), 1 - d + d**2 / (1 + d)),
        smt("1/m <= L'", [m * Lp >= 1], sp.Le(d**2, Lp * d**2 * m), axes=axes),
        identity("E[d | b]", (Y + M - 1) / M - 1, (Y - 1) / M, hypotheses="E Y = 1 elsewhere"),
        sign("Y - 1 >= 1/L' - 1 >= 1 - L'", Lp - 2 + 1 / Lp, at_least={Lp: 1}),
        sign(
            "L' E[d^2 | b] <= 2 (L' - 1)^2/M", (2 * (Lp - 1) ** 2 / M - Lp * largest) * M**2,
            at_least={M: least, Lp: 1},
        ),
        identity("together", (Lp - 1) / M + 2 * (Lp - 1) ** 2 / M, BIAS),
    )  # fmt: skip


def divergence_steps() -> tuple[Step, ...]:
    """From the bias of a step to total variation, and pools of order sqrt T."""
    pool = sp.sqrt(T / 2) * (ratio - 1) * (2 * ratio - 1) / (delta / 2)
    return (
        *logarithm_steps(),
        identity("E r (r - 1) = E (r - 1)^2", second - 1, second - 2 * 1 + 1, hypotheses="E r = 1"),
        identity(
            "Pinsker over T steps", sp.sqrt(T * BIAS**2 / 2) ** 2, (sp.sqrt(T / 2) * BIAS) ** 2
        ),
        identity("pools of order sqrt T leave delta/2", BOUND.subs(M, pool), delta / 2),
    )


def steps(quick: bool) -> tuple[Step, ...]:
    """Return the proof, in the order of the module docstring."""
    return (*child_steps(), *bias_steps(), *divergence_steps())


def proposal_law(tree: TreeMDP, M: int) -> FloatArray:
    """Return the law of one proposal over terminal classes, all pools and picks enumerated."""
    return np.array(enumerate_pool_mh(tree, M, 0), dtype=float)


Bias = Callable[[int, float, float, int], float]


def _bias(bias: Bias, tree: TreeMDP, M: int) -> float:
    return bias(tree.horizon, epsilon(tree), ratio_bound(tree), M)


def _guided_row(label: str, bias: Bias, tree: TreeMDP, M: int) -> Evaluation:
    """Distance of a proposal from guided sampling."""
    found = total_variation(proposal_law(tree, M), guided_law(tree))
    return Evaluation(label, found, _bias(bias, tree, M))


def _target_row(label: str, bias: Bias, tree: TreeMDP, M: int) -> Evaluation:
    """Distance of a proposal from pi."""
    found = total_variation(proposal_law(tree, M), target_law(tree))
    bound = _bias(bias, tree, M) + guided_single_tv(tree.horizon, epsilon(tree))
    return Evaluation(label, found, bound)


def _pick_row(label: str, bias: Bias, tree: TreeMDP, M: int) -> Evaluation:
    """Largest abs(r_b - 1) of a single step; the bound on it is sqrt(2) that on TV."""
    found = np.abs(proposal_law(tree, M) / guided_law(tree) - 1).max()
    return Evaluation(label, float(found), math.sqrt(2) * _bias(bias, tree, M), trivial=math.inf)


def _product_row(label: str, bias: Bias, T: int, M: int) -> Evaluation:
    """Distance of a proposal from pi on `product`, where V = V*, from the law of its weight."""
    bound = bias(T, 0.0, ratio_bound(product(T)), M)
    return Evaluation(label, distances(T, 0.0, M, 0)[0], bound)


ROWS: dict[str, Callable[..., Evaluation]] = {
    "to guided sampling": _guided_row,
    "to pi": _target_row,
    "a single pick": _pick_row,
    "to pi on product": _product_row,
}


def instances(quick: bool) -> Sequence[Instance]:
    """Return small trees with pools of at least L', single steps, and long products."""
    trees = list(mild_trees(1 if quick else 3))
    single = [random_tree(1, 3, concentration=3.0, sigma=0.5, seed=seed) for seed in range(3)]
    pairs = points("to guided sampling", tree=trees, M=(2, 4) if quick else (2, 4, 6))
    pairs += points("to pi", tree=trees, M=(2, 4)) + points("a single pick", tree=single, M=(4, 8))
    found = [x for x in pairs if x["M"] >= ratio_bound(x["tree"]) * (1 + epsilon(x["tree"]))]
    return found + points("to pi on product", T=(4, 64, 256), M=(8, 128))


def mild_trees(count: int) -> Iterator[TreeMDP]:
    """Yield trees of horizon 2 whose L' is small, under every perturbation."""
    for seed in range(count):
        yield mild_tree(2, seed)
        yield from perturbed(mild_tree(2, seed), 0.05, seed)


def _squared(T: int, eps: float, L: float, M: int) -> float:
    return pool_bias(T, eps, L, M) / M


def _without_horizon(T: int, eps: float, L: float, M: int) -> float:
    return pool_bias(1, eps, L, M)


CLAIM = Claim(
    title="one proposal of pool Metropolis-Hastings is guided sampling but for sqrt(T)/M",
    kind="upper",
    statement="TV(law of a proposal, guided law) <= sqrt(T/2) (L'-1)(2L'-1)/M, L' = L (1+eps); "
    "within that + tanh((T-1)/2 log(1+eps)) of pi",
    latex=r"pool MH, $H = 0$: within $\sqrt{T/2}\,(L'-1)(2L'-1)/M$ of guidance",
    hypotheses=("A1", "A2", "M >= L (1+eps)"),
    source=THIS_PROJECT,
    bound=BOUND,
    steps=steps,
    instances=instances,
    evaluate=by_kind(ROWS, bias=pool_bias),
    mutations=(
        Mutation("1/M^2", evaluate=by_kind(ROWS, bias=_squared)),
        Mutation("without sqrt(T)", evaluate=by_kind(ROWS, bias=_without_horizon)),
        Mutation("pools of any size", lambda quick: bias_steps(least=sp.Integer(1))),
    ),
    cited=(
        "S4",
        "the chain rule of relative entropy",
        "Pinsker's inequality",
        "independence of the children of a pool",
    ),
)
