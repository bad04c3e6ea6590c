r"""S7: the exact law of naive sampling, and its exponential cost.

**Model.** Naive sampling draws n complete sequences from pi_ref and returns one of them with
probability proportional to phi. Terminal classes c have probability p_c and reward phi_c.

**Hypotheses.** phi > 0; for the rate, independent and identical steps (`product`).

**Guarantee.** With M(lam) = sum_d p_d exp(-lam phi_d), for every n

    P(c) = n p_c phi_c integral_0^inf exp(-lam phi_c) M(lam)^(n-1) dlam.

The least n* with TV <= delta lies between max_A (pi(A) - delta)/pi_ref(A), A = {phi > a}, and
(sup phi/Z - 1)/delta. For T independent steps of kappa = KL(pi_1 || pi_ref,1) nats and variance
sigma^2 of log phi_1 under pi_1,

    log n* = kappa T + O(sqrt(T)):   abs(log n* - kappa T) <= sigma sqrt(2 T/delta) + log(2/delta)

for delta <= 1/2. On `product` with ratio r, kappa = r log(r)/(1+r) - log((1+r)/2).

**Proof.** By exchange of samples P(c) = n p_c phi_c E[1/(phi_c + S)], where S is the sum of n - 1
independent rewards; 1/x = integral_0^inf exp(-lam x) dlam and independence give the integral. For
two classes, expanding M^(n-1) gives back the sum over the number k of samples in class 1.

Lower bracket: a draw can land in A only if a sample does, so P(A) <= n pi_ref(A). Upper: by Jensen
P(c)/pi(c) = E[n Z/(phi_c + S)] >= n Z/(phi_c + (n-1) Z) = 1/(1 + (phi_c/Z - 1)/n) (S1 at T = 1), so
TV <= E_pi[min(1, (phi/Z - 1)_+/n)].

Rate: log(phi/Z) has mean kappa T and variance sigma^2 T under pi. Let w = sigma sqrt(2 T/delta); by
Chebyshev it is within w of its mean except with pi-probability delta/2. Above: with
n = exp(kappa T + w) 2/delta, TV <= delta/2 + delta/2. Below: A = {phi/Z > exp(kappa T - w)} has
pi(A) >= 1 - delta/2 and pi_ref(A) <= pi(A) exp(-kappa T + w), so that
n* >= (1 - delta/pi(A)) exp(kappa T - w), and 1 - delta/(1 - delta/2) >= delta/2 for delta <= 1/2.
"""

from collections.abc import Callable, Sequence

import numpy as np
import sympy as sp

from treesmc.sims.base import portable
from treesmc.sims.laws.enumeration import enumerate_naive
from treesmc.sims.laws.naive_law import least_samples, naive_law, naive_tv, sample_bracket
from treesmc.sims.trees.families import product, random_tree
from treesmc.sims.trees.tree import FloatArray, TreeMDP
from treesmc.sims.trees.values import kl, reference_law
from treesmc.theory.algebra import log
from treesmc.theory.claim import THIS_PROJECT, Claim, Evaluation, Instance, Mutation
from treesmc.theory.claims.points import by_kind, points
from treesmc.theory.claims.small_trees import fair_bit, small_trees
from treesmc.theory.prover.steps import Step, identity, sign, smt
from treesmc.theory.symbols import delta, r


def kappa(r: float) -> float:
    """Return the rate on `product`, KL of one step in nats; of a letter its expression."""
    return r * log(r) / (1 + r) - log((1 + r) / 2)


BOUND = kappa(r)

n, k = sp.symbols("n k", positive=True, integer=True)
lam, x, p, phi_1, phi_2, rest = sp.symbols("lam x p phi1 phi2 S", positive=True)
inside, hits, reference, target, a, Z = sp.symbols("P hits pi_ref pi a Z", positive=True)


def integral_steps(shift: int = 1) -> tuple[Step, ...]:
    """From the expectation to the integral and back; ``shift`` is 1 in M^(n-1)."""
    laplace = sp.integrate(sp.exp(-lam * x), (lam, 0, sp.oo))
    chosen = (k * sp.binomial(n, k)).rewrite(sp.gamma)
    expanded = (n * sp.binomial(n - shift, k - 1)).rewrite(sp.gamma)
    brute, integrated = zip(*(_two_classes(size, shift) for size in (1, 2, 3, 4)), strict=True)
    return (
        identity("1/x is an integral", laplace, 1 / x),
        identity("k of n samples in class 1", sp.gammasimp(chosen), sp.gammasimp(expanded)),
        *(
            identity(f"two classes, n = {size}", left, right)
            for size, left, right in zip((1, 2, 3, 4), brute, integrated, strict=True)
        ),
    )


def _two_classes(size: int, shift: int) -> tuple[sp.Expr, sp.Expr]:
    """P(class 1) with ``size`` samples: by the number of hits, and by the integral expanded."""
    brute = sum(
        sp.binomial(size, hit) * p**hit * (1 - p) ** (size - hit)
        * hit * phi_1 / (hit * phi_1 + (size - hit) * phi_2)
        for hit in range(1, size + 1)
    )  # fmt: skip
    others = size - shift
    integrated = sum(
        size * p * phi_1 * sp.binomial(others, hit) * p**hit * (1 - p) ** (others - hit)
        / ((hit + 1) * phi_1 + (others - hit) * phi_2)
        for hit in range(others + 1)
    )  # fmt: skip
    return brute, integrated


def bracket_steps() -> tuple[Step, ...]:
    """Jensen's step, the distance it gives, and the event bound."""
    mean = sp.Symbol("mean", positive=True)
    axes = {letter: [sp.Rational(1, 2), 1] for letter in (inside, target, reference)}
    axes |= {delta: [sp.Rational(1, 4)], hits: [1, 2]}
    return (
        sign("1/X is above its tangent", 1 / x - (2 / mean - x / mean**2)),
        identity("density at the mean", n * Z / (x + (n - 1) * Z), 1 / (1 + (x / Z - 1) / n)),
        sign("1 - 1/(1 + y) <= y", a - (1 - 1 / (1 + a))),
        smt(
            "samples needed", [inside <= hits * reference, inside >= target - delta],
            hits * reference >= target - delta, axes=axes, hypotheses="P(A) <= n pi_ref(A)",
        ),
    )  # fmt: skip


def rate_steps(least: sp.Expr = delta / 2) -> tuple[Step, ...]:
    """The event of large reward, the constants of the rate, and kappa on `product`."""
    ones = r / (1 + r)
    divergence = ones * sp.log(2 * ones) + (1 - ones) * sp.log(2 * (1 - ones))
    axes = {letter: [sp.Rational(1, 2), 1, 2] for letter in (target, reference, a)}
    below = sp.factor(1 - delta / (1 - delta / 2) - least)
    return (
        smt("pi_ref(A) <= pi(A)/a", [target >= a * reference], reference * a <= target, axes=axes),
        sign("constant below", below, between={delta: (0, sp.Rational(1, 2))}),
        identity("kappa is the KL of a step", sp.expand_log(divergence), sp.expand_log(BOUND)),
    )


def steps(quick: bool) -> tuple[Step, ...]:
    """Return the proof, in the order of the module docstring."""
    return (*integral_steps(), *bracket_steps(), *rate_steps())


def terminal(tree: TreeMDP) -> tuple[FloatArray, FloatArray]:
    """Return the reference law and log reward of the terminal classes."""
    return reference_law(tree), tree.log_value_at(tree.horizon)


Rate = Callable[[float], float]


def _law_row(label: str, tree: TreeMDP, n: int, rate: Rate) -> Evaluation:
    """The integral against all n-tuples of samples, at the class where they differ most."""
    found, runs = naive_law(*terminal(tree), n), np.array(enumerate_naive(tree, n), dtype=float)
    worst = int(np.argmax(np.abs(found / runs - 1)))
    return Evaluation(label, found[worst], runs[worst], tolerance=1e-11)


def _lower_row(label: str, tree: TreeMDP, delta: float, rate: Rate) -> Evaluation:
    """n* against the lower bracket."""
    lower, _ = sample_bracket(*terminal(tree), delta)
    found = least_samples(*terminal(tree), delta)
    return Evaluation(label, found, lower, relation=">=", trivial=1.0)


def _upper_row(label: str, tree: TreeMDP, delta: float, rate: Rate) -> Evaluation:
    """Distance at the upper bracket, at most delta."""
    enough = np.ceil(sample_bracket(*terminal(tree), delta)[1])
    return Evaluation(label, naive_tv(*terminal(tree), enough), delta, relation="<=")


def _window_row(label: str, T: int, r: float, delta: float, rate: Rate) -> Evaluation:
    """Distance of log n* from kappa T on `product` against the proved window."""
    found = abs(log_samples(T, r, delta) - rate(r) * T)
    sigma = portable.log(r) * np.sqrt(r) / (1 + r)
    window = sigma * np.sqrt(2 * T / delta) + portable.log(2 / delta)
    return Evaluation(label, found, window, relation="<=", trivial=np.inf)


def _rate_row(
    label: str, horizons: Sequence[int], r: float, delta: float, rate: Rate
) -> Evaluation:
    """kappa from a fit of log n* by a + kappa T + b sqrt(T)."""
    lengths = np.array(horizons)
    columns = np.column_stack([np.ones(len(lengths)), lengths, np.sqrt(lengths)])
    logs = [log_samples(T, r, delta) for T in horizons]
    slope = float(portable.least_squares(columns, np.array(logs))[0][1])
    return Evaluation(
        label, slope / rate(r), 1.0, tolerance=0.02,
        origin="the fit ignores log(T)/2, which adds about 1/(4T) to the slope",
    )  # fmt: skip


def _kl_row(label: str, T: int, r: float, rate: Rate) -> Evaluation:
    """KL(pi || pi_ref) of the whole tree, per step."""
    return Evaluation(label, kl(product(T, r)) / T, rate(r))


def log_samples(T: int, r: float, delta: float) -> float:
    """Return log n* on `product`."""
    return float(portable.log(least_samples(*terminal(product(T, r)), delta)))


ROWS: dict[str, Callable[..., Evaluation]] = {
    "law": _law_row,
    "n* above": _lower_row,
    "TV at n": _upper_row,
    "abs(log n* - kappa T)": _window_row,
    "kappa from n*": _rate_row,
    "KL per step": _kl_row,
}


def instances(quick: bool) -> Sequence[Instance]:
    """Return small trees for the law and brackets, and long products for the rate."""
    trees = [fair_bit(0.1), *small_trees(2 if quick else 8)[::2]]
    deltas, ratios = ((0.1,), (2.0,)) if quick else ((0.02, 0.1, 0.4), (1.3, 2.0, 4.0))
    wide = [random_tree(3, 3, sigma=2.0, seed=1), product(40, 2.0)]
    found = points("law", tree=trees, n=(1, 3) if quick else (1, 2, 4))
    found += points("n* above", tree=trees + wide, delta=deltas)
    found += points("TV at n", tree=trees + wide, delta=deltas)
    found += points("abs(log n* - kappa T)", T=(5, 80), r=ratios, delta=deltas)
    found += points("KL per step", T=(1, 50), r=(0.5, 1.3, 4.0))
    return found + (_fit_instances(quick) if quick else _long_fit_instances())


def _fit_instances(quick: bool) -> list[Instance]:
    return points("kappa from n*", horizons=((30, 60, 120),), r=(4.0,), delta=(0.1,))


def _long_fit_instances() -> list[Instance]:
    return points("kappa from n*", horizons=((40, 80, 160, 320),), r=(2.0, 4.0), delta=(0.1,))


def _slightly_more(r: float) -> float:
    return 1.01 * kappa(r)


def _reversed(r: float) -> float:
    """Return KL(pi_ref,1 || pi_1), the divergence the wrong way round."""
    return float(portable.log((1 + r) / 2) - portable.log(r) / 2)


def _one_sample_less(instance: Instance) -> Evaluation:
    tree, n = instance["tree"], instance["n"]
    found, runs = naive_law(*terminal(tree), n), np.array(enumerate_naive(tree, n - 1), dtype=float)
    return Evaluation("n - 1 samples", found[0], runs[0])


def _whole_event(instance: Instance) -> Evaluation:
    """Put max_A pi(A)/pi_ref(A) for the lower bracket."""
    tree = instance["tree"]
    lower, _ = sample_bracket(*terminal(tree), 1e-12)
    found = least_samples(*terminal(tree), instance["delta"])
    return Evaluation(instance.label, found, lower, relation=">=")


CLAIM = Claim(
    title="naive sampling: exact law, exponential cost at the rate of the KL divergence",
    kind="rate",
    statement="P(c) = n p phi int exp(-lam phi) M(lam)^(n-1) dlam; log n* = kappa T + O(sqrt T)",
    latex=r"naive sampling: exact law, $\log n^* \sim \mathrm{KL}(\pi\,\|\,\piref)$",
    hypotheses=("phi > 0", "i.i.d. steps for the rate"),
    source=THIS_PROJECT,
    bound=BOUND,
    steps=steps,
    instances=instances,
    evaluate=by_kind(ROWS, rate=kappa),
    mutations=(
        Mutation(
            "rate 1.01 kappa", evaluate=by_kind(ROWS, rate=_slightly_more),
            instances=lambda quick: points("KL per step", T=(50,), r=(2.0,)),
        ),
        Mutation(
            "KL the other way round", evaluate=by_kind(ROWS, rate=_reversed),
            instances=_fit_instances,
        ),
        Mutation(
            "lower bracket without delta", evaluate=_whole_event,
            instances=lambda quick: points("n* above", tree=[fair_bit(0.1)], delta=(0.1,)),
        ),
        Mutation("constant below 0.7 delta", lambda quick: rate_steps(least=delta * 7 / 10)),
        Mutation(
            "n - 1 for n", evaluate=_one_sample_less,
            instances=lambda quick: points("law", tree=[fair_bit(0.1)], n=(2, 3)),
        ),
        Mutation("M^n for M^(n-1)", lambda quick: integral_steps(shift=0)[:2]),
    ),
    cited=("Chebyshev's inequality", "independence"),
)  # fmt: skip
