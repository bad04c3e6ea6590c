r"""S9: S3 is attained: asking for fresh symbols is the best any algorithm can do on `needle`.

**Model.** That of S3: on `needle` the root has H equally likely symbols, one of them hidden, and a
value query below a symbol tells whether it is the hidden one and nothing else. The target gives the
hidden symbol the mass m = h/(h + H - 1), with h = (1+eps)^(2(T-1)) and H = floor(h) + 1, and shares
the rest equally. An algorithm makes q queries and returns a symbol.

**Hypotheses.** A2 with error eps; the hidden symbol is uniform; q < H.

**Guarantee.** Averaged over the hidden symbol no algorithm has a smaller total variation than

    (m - (q + 1)/H)_+,

and this one has exactly that: ask for different symbols in random order; return the hidden one if
it was found, else a symbol not asked for; but where (q + 1)/H > m, give up what was found at random
so that it is returned with probability m. So the least number of queries for TV <= delta < 1/2 is
ceil((m - delta) H) - 1, and

    (1/2 - delta) h - 1 <= least queries <= (1/2 - delta) h + 1/2 :

S3's closed form is within 3/2 queries of what is needed and enough.

**Proof.** The hidden symbol is among q queries and a guess with probability q/H + (1 - q/H)/(H-q),
which is (q+1)/H. By symmetry of the order every other symbol is returned equally often, before and
after giving up (giving up hits is enough, as m >= 1/2 >= 1/H). So with success s <= m the H - 1
others share an excess of m - s equally: TV is m - s. No algorithm has a larger success (S3), and
the hidden symbol alone makes TV at least m - s.

The least q has q < (m - delta) H. Now m H = h H/(h + H - 1) <= (h + 1)/2, as the difference is
(h + 1 - H)(h - 1)/(2 (h + H - 1)) and H <= h + 1; with delta H >= delta h this is the upper bound.

Symbols drawn independently, as particles see them, find it with probability 1 - (1 - 1/H)^(q+1)
only: that sampler does not attain the bound.
"""

import itertools
import math
from collections.abc import Callable, Sequence
from fractions import Fraction

import sympy as sp

from treesmc.sims.trees.families import n_symbols, needle
from treesmc.sims.trees.values import target_law
from treesmc.theory.claim import THIS_PROJECT, Claim, Evaluation, Instance, Mutation
from treesmc.theory.claims.hidden_prefix import HALF
from treesmc.theory.claims.points import by_kind, points
from treesmc.theory.prover.steps import Step, grid, identity, sign, smt
from treesmc.theory.queries import least_queries
from treesmc.theory.symbols import H, delta

h, m, s, distance = sp.symbols("h m s TV", positive=True)
queries, fraction, excess = sp.symbols("q fraction excess", nonnegative=True)
BOUND = sp.Max(0, m - (queries + 1) / H)


def sampler_steps(quick: bool) -> tuple[Step, ...]:
    """Success of the sampler, its symmetry, and the distance that they make."""
    missed = 1 - queries / H
    others = (H - 1) * ((1 - s) / (H - 1) - (1 - m) / (H - 1))

    def symmetric(H: int, q: int) -> bool:
        law = fresh_law(H, q)
        return law[0] == Fraction(q + 1, H) and len(set(law[1:])) == 1

    return (
        identity("queries and a guess", queries / H + missed / (H - queries), (queries + 1) / H),
        grid(
            "every order, one by one", "success (q + 1)/H, all others alike", symmetric,
            {"H": [3, 4], "q": [0, 1] if quick else [0, 1, 2]},
        ),
        sign("others have too much", ((1 - s) - (1 - m)).subs(m, s + excess),
             hypotheses="m = s + excess"),
        identity("their excess is the hidden symbol's lack", (m - s + others) / 2, m - s),
    )  # fmt: skip


def optimal_step(success: sp.Expr = (queries + 1) / H) -> Step:
    """No algorithm is nearer: the hidden symbol alone makes TV at least m - s."""
    axes = {m: [HALF, 1], s: [HALF / 2], H: [2, 5], queries: [0, 1], distance: [HALF]}
    given = [distance >= m - s, s * H <= sp.numer(sp.together(success))]
    return smt("no algorithm is nearer", given, distance * H >= m * H - queries - 1, axes=axes)


def closed_form_steps(largest: sp.Expr = (h + 1) / 2) -> tuple[Step, ...]:
    """Bound m H, and with it the least number of queries."""
    symbols = h + 1 - fraction
    product = (h * H / (h + H - 1)).subs(H, symbols)
    axes = {m: [HALF], delta: [HALF / 2], H: [2, 5], queries: [0, 1], h: [1, 4]}
    given = [queries <= (m - delta) * H, 2 * m * H <= h + 1, H >= h]
    return (
        sign(
            "m H <= (h + 1)/2", largest - product,
            between={fraction: (0, 1)}, at_least={h: 1}, hypotheses="H = h + 1 - fraction",
        ),
        smt("enough queries", given, 2 * queries <= (1 - 2 * delta) * h + 1, axes=axes),
    )  # fmt: skip


def steps(quick: bool) -> tuple[Step, ...]:
    """Return the proof, in the order of the module docstring."""
    return (*sampler_steps(quick), optimal_step(), *closed_form_steps())


def fresh_law(H: int, q: int) -> list[Fraction]:
    """Return the law of the sampler's output, hidden symbol first, over all orders of asking."""
    orders = list(itertools.permutations(range(H), q + 1))
    returned = [0 if 0 in order else order[-1] for order in orders]
    return [Fraction(returned.count(symbol), len(orders)) for symbol in range(H)]


def repeating_law(H: int, q: int) -> list[Fraction]:
    """Return the same when each of the q + 1 symbols is drawn independently."""
    miss = Fraction(H - 1, H) ** (q + 1)
    return [1 - miss, *[miss / (H - 1)] * (H - 1)]


def unguessed_law(H: int, q: int) -> list[Fraction]:
    """Return the same when a symbol that was asked in vain is returned after misses."""
    return [Fraction(q, H), *[Fraction(H - q, H * (H - 1))] * (H - 1)]


def needle_mass(T: int, eps: Fraction) -> tuple[int, Fraction]:
    """Return H and m of `needle`, in rational numbers."""
    odds = (1 + eps) ** (2 * (T - 1))
    symbols = math.floor(odds) + 1
    return symbols, odds / (odds + symbols - 1)


SamplerLaw = Callable[[int, int], list[Fraction]]


def _distance_row(
    label: str, T: int, eps: Fraction, q: int, law: SamplerLaw, beyond: float
) -> Evaluation:
    """The sampler's distance from the target against the bound."""
    symbols, mass = needle_mass(T, eps)
    found = law(symbols, q)
    kept = min(Fraction(1), mass / found[0]) if found[0] else Fraction(1)
    given_up = (1 - kept) * found[0] / (symbols - 1)
    output = [kept * found[0], *(p + given_up for p in found[1:])]
    target = [mass, *[(1 - mass) / (symbols - 1)] * (symbols - 1)]
    gap = sum(abs(p - t) for p, t in zip(output, target, strict=True)) / 2
    bound = max(Fraction(0), mass - Fraction(q + 1, symbols))
    return Evaluation(label, float(gap), float(bound))


def _least_row(
    label: str, T: int, eps: float, delta: float, law: SamplerLaw, beyond: float
) -> Evaluation:
    """The least queries of any strategy, by dynamic programming, against the formula."""
    symbols, mass = _float_mass(T, eps)
    found = least_queries(symbols, mass, delta)
    return Evaluation(label, found, math.ceil((mass - delta) * symbols) - 1)


def _enough_row(
    label: str, T: int, eps: float, delta: float, law: SamplerLaw, beyond: float
) -> Evaluation:
    """The least queries against the closed form from above."""
    found, odds = least_queries(*_float_mass(T, eps), delta), (1 + eps) ** (2 * (T - 1))
    bound = (0.5 - delta) * odds + beyond
    return Evaluation(label, found, bound, relation="<=", trivial=math.inf)


def _needed_row(
    label: str, T: int, eps: float, delta: float, law: SamplerLaw, beyond: float
) -> Evaluation:
    """The least queries against S3's closed form."""
    found, odds = least_queries(*_float_mass(T, eps), delta), (1 + eps) ** (2 * (T - 1))
    return Evaluation(label, found, (0.5 - delta) * odds - 1, relation=">=")


def _float_mass(T: int, eps: float) -> tuple[int, float]:
    tree = needle(T, eps)
    return n_symbols(tree), float(target_law(tree)[0])


ROWS: dict[str, Callable[..., Evaluation]] = {
    "TV": _distance_row,
    "least queries": _least_row,
    "enough queries": _enough_row,
    "needed queries": _needed_row,
}


def instances(quick: bool) -> Sequence[Instance]:
    """Return small needles with every order of asking, and larger ones with the least queries."""
    errors = (Fraction(1, 2),) if quick else (Fraction(1, 10), Fraction(1, 4), Fraction(1, 2))
    found = points("TV", T=(2, 3), eps=errors, q=(0, 1))
    found += points("TV", T=(2,), eps=(Fraction(1),), q=(0, 1, 2, 3, 4))
    horizons = (3, 6) if quick else (2, 3, 4, 5, 6, 7)
    for kind in ("least queries", "enough queries", "needed queries"):
        found += points(kind, T=horizons, eps=(0.1, 0.25, 0.5), delta=(0.05, 0.1, 0.25))
    return found


CLAIM = Claim(
    title="S3 is attained, within 3/2 queries, by a sampler that asks for fresh symbols",
    kind="tight",
    statement="least TV with q queries is (m - (q+1)/H)_+; "
    "TV <= delta takes between (1/2 - delta) h - 1 and (1/2 - delta) h + 1/2, h = (1+eps)^(2(T-1))",
    latex=r"$(\tfrac12-\delta)(1+\eps)^{2(T-1)}+\tfrac12$ value queries suffice on \code{needle}",
    hypotheses=("A2", "needle, the hidden symbol uniform", "delta < 1/2"),
    source=THIS_PROJECT,
    bound=BOUND,
    steps=steps,
    instances=instances,
    evaluate=by_kind(ROWS, law=fresh_law, beyond=0.5),
    mutations=(
        Mutation("asked with repeats", evaluate=by_kind(ROWS, law=repeating_law, beyond=0.5)),
        Mutation("without the guess", evaluate=by_kind(ROWS, law=unguessed_law, beyond=0.5)),
        Mutation("a query less", evaluate=by_kind(ROWS, law=fresh_law, beyond=-0.5)),
        Mutation("two guesses", lambda quick: [optimal_step((queries + 2) / H)]),
        Mutation(
            "m H <= 0.99 (h + 1)/2", lambda quick: closed_form_steps(sp.Rational(99, 200) * (h + 1))
        ),
    ),
    cited=(
        "S3",
        "a random order treats all symbols alike",
        "TV is at least the difference on any event",
    ),
)
