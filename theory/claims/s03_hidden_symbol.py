r"""S3: a hidden first symbol costs (1+eps)^(2(T-1)) value queries, so the exponent 2 is exact.

**Model.** Any algorithm that knows the reference policy and reads the reward model through
queries of values V(s), and whose output law is within delta < 1/2 of pi in total variation.

**Hypotheses.** A2 with error eps; or A1 alone with ratio L, which then takes the place of 1 + eps.

**Guarantee.** On `needle` with the hidden symbol uniform, the algorithm makes

    q >= (1/2 - delta) (1+eps)^(2(T-1)) - 1

queries. With S2 the exact exponent of the cost is 2 T log(1+eps), and the cost is polynomial in T
if and only if eps = O(log T / T): eps = c log T / T has degree between 2c (here) and 2c + 2 (S2,
with T steps a particle).

**Proof.** Let r = 1 + eps, h = r^(2(T-1)) and H = floor(h) + 1: the root has H equally likely
symbols of which one is hidden. V is 1 at depth 1, and every later step multiplies it by r below
the hidden symbol and by 1/r elsewhere. So every Bellman ratio is 1, r or 1/r. Weighing r^(T-1)/H
against (H-1) r^-(T-1)/H, the target gives the hidden symbol m = h/(h + H - 1) >= 1/2, since
H - 1 <= h.

A value depends on the hidden symbol only through whether the node is below it. Let p(H, q) be the
largest probability of ending below it with q queries, when H symbols are equally likely. Without
queries one guesses: p(H, 0) = 1/H. A query of a symbol not yet excluded hits with probability 1/H
and leaves H - 1 equally likely symbols otherwise; any other query is wasted. Hence
p(H, q) = (q+1)/H by induction. Randomised algorithms are mixtures of deterministic ones and do no
better. Averaged over the hidden symbol, m - delta <= (q+1)/H, and H > h gives the claim.

SMC returns one of its own particles, and they see at most N first symbols: for it
N >= (m - delta) H. Over a binary alphabet the hidden symbol becomes a code word of k symbols,
2^k = r^(2(T-k)), and the exponent in T log(1+eps) is 2 log 2 / (log 2 + 2 log r): it tends to 2
as eps -> 0.
"""

from collections.abc import Callable, Sequence

import sympy as sp

from treesmc.sims.base import portable
from treesmc.sims.laws.certificate import log_mixing_ratios
from treesmc.sims.trees.families import needle
from treesmc.sims.trees.values import epsilon, ratio_bound, target_law
from treesmc.theory.bounds import log_hidden_queries, log_instance_particles
from treesmc.theory.claim import THIS_PROJECT, Claim, Evaluation, Instance, Mutation
from treesmc.theory.claims.hidden_prefix import HALF, counting_steps, least_particles, mass_steps
from treesmc.theory.claims.points import by_kind, points
from treesmc.theory.prover.steps import Step, identity, limit, smt
from treesmc.theory.symbols import H, T, delta, eps, eps_positive

BOUND = sp.exp(log_hidden_queries(T, eps, delta))

h, m, c = sp.symbols("h m c", positive=True)
queries = sp.Symbol("queries", nonnegative=True)
horizon = sp.Symbol("T", positive=True)


def conclusion_step(more_symbols: bool = True) -> Step:
    """Combine mass, counting and H > h; without the last the conclusion fails."""
    given = [m >= HALF, delta < HALF, (m - delta) * H <= queries + 1]
    if more_symbols:
        given.append(H > h)
    claim = queries >= (HALF - delta) * h - 1
    axes = {m: [HALF, 1], delta: [HALF / 2], H: [2, 5], queries: [0, 1, 4], h: [1, 4, 9]}
    return smt("queries needed", given, claim, axes=axes)


def growth_steps() -> tuple[Step, ...]:
    """Exponent at constant eps, degrees at eps = c log T / T, and the binary alphabet."""
    r_c = 1 + c * sp.log(horizon) / horizon
    exponent = 2 * sp.log(2) / (sp.log(2) + 2 * sp.log(1 + eps_positive))
    log_r = sp.log(1 + eps_positive)
    code = 2 * T * log_r / (sp.log(2) + 2 * log_r)
    too_fast = 2 * horizon * sp.log(1 + sp.log(horizon) ** 2 / horizon) / sp.log(horizon)
    return (
        limit(
            "rate at constant eps", 2 * (horizon - 1) * log_r / horizon, horizon, sp.oo, 2 * log_r
        ),
        limit(
            "degree of the lower bound, eps = c log T/T",
            2 * (horizon - 1) * sp.log(r_c) / sp.log(horizon), horizon, sp.oo, 2 * c,
        ),
        limit(
            "degree of S2's cost, eps = c log T/T",
            (2 * sp.log(horizon) + (2 * horizon - 1) * sp.log(r_c)) / sp.log(horizon),
            horizon, sp.oo, 2 * c + 2,
        ),
        limit("eps = (log T)^2/T has no degree", too_fast, horizon, sp.oo, sp.oo),
        identity("length of a binary code", code * sp.log(2), 2 * (T - code) * log_r),
        identity("exponent of a binary code", code * sp.log(2) / (T * log_r), exponent),
        limit("which tends to 2", exponent, eps_positive, 0, 2),
    )  # fmt: skip


def steps(quick: bool) -> tuple[Step, ...]:
    """Return the proof, in the order of the module docstring."""
    return (*mass_steps(T - 1), *counting_steps(quick), conclusion_step(), *growth_steps())


def log_particles_sufficient(T: int, eps: float, delta: float) -> float:
    """Return log of an N that suffices on `needle`, by S2 with the tree's own mixing ratios."""
    return log_instance_particles(log_mixing_ratios(needle(T, eps)), delta)


def log_lower_bound(T: int, eps: float, delta: float, exponent: float) -> float:
    """Return log((1/2 - delta) (1+eps)^(exponent (T-1))): particles that SMC needs."""
    return float(portable.log(0.5 - delta) + exponent * (T - 1) * portable.log1p(eps))


def _error_row(label: str, T: int, eps: float, exponent: float) -> Evaluation:
    return Evaluation(label, epsilon(needle(T, eps)), eps, relation="==")


def _ratio_row(label: str, T: int, eps: float, exponent: float) -> Evaluation:
    return Evaluation(label, ratio_bound(needle(T, eps)), 1 + eps, relation="==")


def _mass_row(label: str, T: int, eps: float, exponent: float) -> Evaluation:
    return Evaluation(label, float(target_law(needle(T, eps))[0]), 0.5)


def _particles_row(label: str, T: int, eps: float, exponent: float, delta: float) -> Evaluation:
    bound = float(portable.exp(log_lower_bound(T, eps, delta, exponent)))
    return Evaluation(label, least_particles(needle(T, eps), delta), bound, trivial=1.0)


def _sufficient_row(label: str, T: int, eps: float, exponent: float, delta: float) -> Evaluation:
    """No sufficient N may lie below the lower bound."""
    enough = log_particles_sufficient(T, eps, delta)
    return Evaluation(label, enough, log_lower_bound(T, eps, delta, exponent))


def _slope_row(label: str, T: int, eps: float, exponent: float, delta: float) -> Evaluation:
    slope = portable.log(
        least_particles(needle(T, eps), delta) / least_particles(needle(T - 1, eps), delta)
    )
    rate = exponent * portable.log1p(eps)
    return Evaluation(
        label, float(slope), rate, relation="==", tolerance=0.01,
        origin="finite T: N* (1+eps)^(-2T) still moves by 1%, and N*, H are integers",
    )  # fmt: skip


def _long_slope_row(label: str, T: int, eps: float, exponent: float, delta: float) -> Evaluation:
    enough = [log_particles_sufficient(horizon, eps, delta) for horizon in (T, 2 * T)]
    rate = exponent * portable.log1p(eps)
    return Evaluation(
        label, (enough[1] - enough[0]) / T, rate, relation="==", tolerance=1e-3,
        origin="finite T: the constant in front converges like (1+eps)^-T",
    )  # fmt: skip


AUDITS: dict[str, Callable[..., Evaluation]] = {
    "A2 holds with exactly eps": _error_row,
    "A1 holds with exactly 1+eps": _ratio_row,
    "hidden mass": _mass_row,
}

ROWS: dict[str, Callable[..., Evaluation]] = {
    **AUDITS,
    "exact N*": _particles_row,
    "log of a sufficient N": _sufficient_row,
    "slope of exact log N*": _slope_row,
    "slope of a sufficient log N": _long_slope_row,
}


def instances(quick: bool) -> Sequence[Instance]:
    """Return audits of the trees, exact N* and slopes, and sufficient N at long horizons."""
    deltas = (0.1,) if quick else (0.05, 0.1, 0.25)
    errors = (0.1, 1.0) if quick else (0.0, 0.01, 0.1, 0.5, 1.0)
    horizons = (3, 6) if quick else (2, 3, 4, 5, 6, 7)
    found = [x for audit in AUDITS for x in points(audit, T=(2, 5, 30), eps=errors)]
    found += points("exact N*", T=horizons, eps=(0.1, 0.25, 0.5), delta=deltas)
    found += _long_instances(quick)
    found += points("slope of exact log N*", T=(8,), eps=(0.5,), delta=(0.1,))
    if not quick:
        found += points("slope of exact log N*", T=(6,), eps=(1.0,), delta=(0.1, 0.25))
        found += points("slope of exact log N*", T=(14,), eps=(0.25,), delta=(0.1,))
    return found + points("slope of a sufficient log N", T=(100,), eps=(0.2, 0.5), delta=deltas)


def _long_instances(quick: bool) -> list[Instance]:
    return points("log of a sufficient N", T=(20, 200), eps=(0.1, 0.5), delta=(0.1, 0.4))


CLAIM = Claim(
    title="lower bound: a hidden first symbol",
    kind="lower",
    statement="TV <= delta < 1/2 needs q >= (1/2 - delta) (1+eps)^(2(T-1)) - 1 value queries",
    latex=r"$(\tfrac12-\delta)(1+\eps)^{2(T-1)}-1$ value queries needed",
    hypotheses=("A2 (or A1 alone, with L for 1 + eps)", "delta < 1/2"),
    source=THIS_PROJECT,
    bound=BOUND,
    growing={"S3": BOUND},
    steps=steps,
    instances=instances,
    evaluate=by_kind(ROWS, exponent=2.0),
    mutations=(
        Mutation("exponent 2.1", evaluate=by_kind(ROWS, exponent=2.1), instances=_long_instances),
        Mutation("slope 1.9", evaluate=by_kind(ROWS, exponent=1.9)),
        Mutation("hidden mass above 0.51", lambda quick: mass_steps(T - 1, sp.Rational(51, 100))),
        Mutation("the guess is worth nothing", lambda quick: counting_steps(quick, guess=0)),
        Mutation("H <= h symbols", lambda quick: [conclusion_step(more_symbols=False)]),
    ),
    cited=("a randomised algorithm is a mixture of deterministic ones",),
)
