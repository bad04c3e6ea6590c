r"""S10: the reward model of least variance, and it is not the true value.

**Model.** SMC with the naive proposal and multinomial resampling at every step; N -> infinity.

**Hypotheses.** V > 0, free below depth T, where V = phi.

**Guarantee.** Let A(s) = E_ref[V*(s')^2 | s]. The limit v of N Var(Zhat/Z) obeys

    v = sum_{t<T} (E_ref[V(s_t)] E_ref[A(s_t)/V(s_t)] / Z^2 - 1)
      >= sum_{t<T} ((E_ref sqrt A(s_t))^2 / Z^2 - 1)        for every reward model V,

with equality if and only if V is sqrt A up to one factor per depth. The true value has
v = sum_{t<T} E_ref[Var(V*(s') | s_t) / V*(s_t)] / Z, which is more unless A/V*^2 is one number on
each depth, as on `product`.

Douc, Moulines & Olsson (2009, Probability and
Mathematical Statistics 29, 1-28) find the same weights optimal for one step of auxiliary particle
filters.

**Proof.** By S6, v = sum_t (eta_t(h_t^2) - 1), where eta_t(f) = E_ref[V f]/Z_{t-1}, h_t = Q_t
Z_{t-1}/Z and Z_{t-1} = E_ref[V] at depth t-1. As Q_t = V*(s')/V(s), V Q_t^2 has the mean A/V given
s: this is the first line.

For every lam > 0, A/V + lam^2 V - 2 lam sqrt A = (sqrt A - lam V)^2/V >= 0. Take means and put
lam = E sqrt A / E V: then E[A/V] >= (E sqrt A)^2/E V. Equality forces sqrt A = lam V at every node
of the depth, and gives it. (This is the inequality of Cauchy and Schwarz, with its equality.)

With V = V*, A = V*^2 + Var(V*(s') | s) and E_ref[V*] = Z.
"""

from collections.abc import Callable, Sequence
from functools import partial

import sympy as sp

from treesmc.sims.base import portable
from treesmc.sims.laws.moments import asymptotic_variance
from treesmc.sims.trees.families import needle, product, random_tree
from treesmc.sims.trees.reward_models import exact, least_variance, power
from treesmc.sims.trees.tree import TreeMDP
from treesmc.sims.trees.values import class_laws, log_expectation, log_normalizer, log_true_value
from treesmc.theory.claim import THIS_PROJECT, Claim, Evaluation, Instance, Mutation
from treesmc.theory.claims.points import by_kind, points
from treesmc.theory.claims.small_trees import perturbed, small_trees
from treesmc.theory.prover.steps import Step, identity, inequality, smt
from treesmc.theory.symbols import V, Z

Z_t, lam, root, k, mean_root, mean_V, mean_share, spread = sp.symbols(
    "Z_t lam sqrtA k E_sqrtA E_V E_A/V spread", positive=True
)
V_child, V_true, mass = sp.symbols("Vs_child Vs mass", positive=True)
BOUND = mean_root**2 / Z**2 - 1
"""The term of one depth, E_ref sqrt A being that of the depth."""


def variance_steps() -> tuple[Step, ...]:
    """Write a term of S6's v with A, and its value at V = V*."""
    Q = V_child / V
    at_truth = Z * (Z + spread) / Z**2 - 1
    return (
        identity("V Q_t^2", V * Q**2, V_child**2 / V),
        identity(
            "eta_t(h_t^2)", mean_share / Z_t * (Z_t / Z) ** 2, Z_t * mean_share / Z**2,
            hypotheses="E_A/V is E_ref[V Q_t^2] = E_ref[A/V], Z_t = E_ref[V]",
        ),
        identity("A/V at V = V*", (V_true**2 + spread) / V_true, V_true + spread / V_true),
        identity(
            "its term", at_truth, spread / Z, hypotheses="spread: E_ref[Var(V*(s') | s)/V*(s)]"
        ),
    )  # fmt: skip


def least_steps(factor: sp.Expr = sp.S.One) -> tuple[Step, ...]:
    """Cauchy and Schwarz by tangents; true for no ``factor`` above 1."""
    axes = {x: [1, 2] for x in (lam, mean_share, mean_V)}
    averaged = mean_share + lam**2 * mean_V >= 2 * factor * lam * mean_root
    return (
        inequality(
            "A/V is above its tangent", 2 * factor * lam * root - lam**2 * V, root**2 / V,
        ),
        smt(
            "E_V E_A/V >= (E sqrt A)^2", [averaged, sp.Eq(mean_root, lam * mean_V)],
            mean_share * mean_V >= factor * mean_root**2, axes=axes,
            hypotheses="the tangents' mean, at lam = E sqrt A/E V",
        ),
        smt(
            "equality only at sqrt A = lam V", [root**2 + lam**2 * V**2 <= 2 * lam * root * V],
            sp.Eq(root, lam * V), axes={lam: [1, 2], V: [1], root: [1, 2]},
        ),
    )  # fmt: skip


def attained_step(value: sp.Expr = k * root) -> Step:
    """Put V = k sqrt A, on two classes of any masses and any values of A."""
    first, second = sp.symbols("sqrtA1:3", positive=True)

    def mean(f: sp.Expr) -> sp.Expr:
        return mass * f.subs(root, first) + (1 - mass) * f.subs(root, second)

    return identity("V = k sqrt A attains it", mean(value) * mean(root**2 / value), mean(root) ** 2)


def steps(quick: bool) -> tuple[Step, ...]:
    """Return the proof, in the order of the module docstring."""
    return (*variance_steps(), *least_steps(), attained_step())


def least_value(tree: TreeMDP, exponent: float = 0.5) -> float:
    """Return sum_t ((E_ref A(s_t)^exponent)^(1/exponent) / Z^2 - 1); the claim's is 1/2."""
    truth, laws, log_Z = log_true_value(tree), class_laws(tree, tree.policy), log_normalizer(tree)
    total = 0.0
    for t in range(tree.horizon):
        log_A = log_expectation(tree, t, 2 * tree.layer(truth, t + 1)) - 2 * log_Z
        mean = portable.matmul(tree.layer(laws, t), portable.exp(exponent * log_A))
        total += mean ** (1 / exponent) - 1
    return total


def true_value_variance(tree: TreeMDP) -> float:
    """Return sum_t E_ref[Var(V*(s') | s_t) / V*(s_t)] / Z."""
    truth, laws = log_true_value(tree) - log_normalizer(tree), class_laws(tree, tree.policy)
    total = 0.0
    for t in range(tree.horizon):
        log_A, here = log_expectation(tree, t, 2 * tree.layer(truth, t + 1)), tree.layer(truth, t)
        total += portable.matmul(
            tree.layer(laws, t), portable.exp(log_A - here) - portable.exp(here)
        )
    return total


Least = Callable[[TreeMDP], float]
Model = Callable[[TreeMDP], TreeMDP]


def _any_row(label: str, tree: TreeMDP, least: Least, model: Model) -> Evaluation:
    """v of the tree's own reward model."""
    return Evaluation(label, asymptotic_variance(tree), least(tree))


def _attained_row(label: str, tree: TreeMDP, least: Least, model: Model) -> Evaluation:
    """v of the best reward model."""
    return Evaluation(label, asymptotic_variance(model(tree)), least(tree), relation="==")


def _truth_row(label: str, tree: TreeMDP, least: Least, model: Model) -> Evaluation:
    """v of the true value against its formula."""
    found = asymptotic_variance(exact(tree))
    return Evaluation(label, found, true_value_variance(tree), relation="==")


def _product_row(label: str, tree: TreeMDP, least: Least, model: Model) -> Evaluation:
    """On `product`, where A/V*^2 is one number, the true value is best too."""
    return Evaluation(label, asymptotic_variance(tree), least(tree), relation="==")


ROWS: dict[str, Callable[..., Evaluation]] = {
    "v": _any_row,
    "v of sqrt A": _attained_row,
    "v of V*": _truth_row,
    "v of V* on product": _product_row,
}


def instances(quick: bool) -> Sequence[Instance]:
    """Return small and long trees under many reward models."""
    bases = [random_tree(T, sigma=1.5, seed=T) for T in (3, 6, 8)]
    powers = [partial(power, gamma=gamma) for gamma in (0.0, 0.8, 1.2)]
    models: list[Model] = [exact, least_variance, *powers]
    changed = [model(tree) for tree in bases for model in models]
    noisy = [noisy for tree in bases for noisy in perturbed(tree, 0.2, 1)]
    trees = [*small_trees(3 if quick else 12), *changed, *noisy, needle(30, 0.1)]
    found = points("v", tree=trees) + points("v of sqrt A", tree=[*bases, needle(30, 0.1)])
    found += points("v of V*", tree=[*bases, needle(30, 0.1), product(30)])
    return found + points("v of V* on product", tree=[product(T, 3.0) for T in (1, 5, 50)])


def _slightly_more(tree: TreeMDP) -> float:
    return 1.001 * least_value(tree)


CLAIM = Claim(
    title="the reward model of least variance is not the true value",
    kind="lower",
    statement="v >= sum_t ((E_ref sqrt A)^2/Z^2 - 1), A = E_ref[V*(s')^2|s], attained by sqrt A",
    latex=r"SMC: $v \ge \sum_t((\Eref\sqrt A)^2/Z^2-1)$, attained by $V = \sqrt A$",
    hypotheses=("V > 0", "naive proposal", "multinomial resampling at every step", "N -> infinity"),
    source=THIS_PROJECT,
    bound=BOUND,
    steps=steps,
    instances=instances,
    evaluate=by_kind(ROWS, least=least_value, model=least_variance),
    mutations=(
        Mutation("V* is best", evaluate=by_kind(ROWS, least=least_value, model=exact)),
        Mutation(
            "constant 1.001", evaluate=by_kind(ROWS, least=_slightly_more, model=least_variance)
        ),
        Mutation(
            "power 0.6 of A",
            evaluate=by_kind(ROWS, least=partial(least_value, exponent=0.6), model=least_variance),
        ),
        Mutation("tangent with 1.01", lambda quick: least_steps(sp.Rational(101, 100))),
        Mutation("V = A", lambda quick: [attained_step(root**2)]),
    ),
    cited=("S6", "the mean is linear and monotone"),
)
