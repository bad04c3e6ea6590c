"""Proof steps that a machine decides.

A proof is a tuple of `Step` objects. Each states one identity, inequality, sum or limit with its
hypotheses, and carries the method that decides it. `Step.decide` answers with one of three grades:

* ``universal``: established for all values of the letters under their assumptions;
* ``grid``: true at every point of a stated grid, in exact rational arithmetic, and no more;
* ``failed``: refuted, or not decided. What the method cannot decide never passes.

The sign method is a small sound prover for ``expression >= 0``. Every letter with a lower bound
``a`` is written ``a + s`` and every letter in ``[a, b]`` is written ``(a + b s) / (1 + s)``, with a
slack ``s >= 0``. The expression is then nonnegative if sympy's assumptions say so, if numerator
and denominator are polynomials with nonnegative coefficients, if its factors are nonnegative, or
if it is smooth, nonnegative at ``s = 0`` and has nonnegative derivative in ``s``.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import sympy as sp

from treesmc.theory.prover.smt import Implication, prove

Grade = Literal["universal", "grid", "failed"]
Bounds = Mapping[sp.Symbol, Any]
Intervals = Mapping[sp.Symbol, tuple[Any, Any]]
Axes = Mapping[sp.Symbol, Sequence[Any]]

_MONOTONE_DEPTH = 3  # derivatives in a row; the proofs here need at most two


@dataclass(frozen=True)
class Decision:
    """What a step was found to be, and why in a few words."""

    grade: Grade
    because: str


@dataclass(frozen=True)
class Step:
    """One link of a proof.

    Attributes
    ----------
    name : str
        Short label, unique within its claim.
    statement : str or sympy object
        What is asserted.
    hypotheses : str
        Under which conditions, beyond the assumptions of the letters.
    method : str
        What decides it.
    check : callable
        The decision itself; use `decide`.
    """

    name: str
    statement: Any
    hypotheses: str
    method: str
    check: Callable[[], Decision] = field(repr=False, compare=False)

    def decide(self) -> Decision:
        """Run the method; a method that gives up yields a failed verdict."""
        try:
            return self.check()
        except (NotImplementedError, ArithmeticError, sp.PolynomialError, sp.PoleError) as error:
            return Decision("failed", f"{self.method} gave up: {error}")


def identity(name: str, lhs: Any, rhs: Any, *, hypotheses: str = "") -> Step:
    """Step: ``lhs = rhs`` for all values of the letters, by simplification to zero."""
    lhs, rhs = sp.sympify(lhs), sp.sympify(rhs)

    def check() -> Decision:
        rest = _residue(lhs - rhs)
        if rest == 0:
            return Decision("universal", "the difference simplifies to 0")
        return Decision("failed", f"the difference is left at {rest}")

    return Step(name, sp.Eq(lhs, rhs, evaluate=False), hypotheses, "simplification", check)


def sign(
    name: str,
    expr: Any,
    *,
    at_least: Bounds | None = None,
    between: Intervals | None = None,
    hypotheses: str = "",
) -> Step:
    """Step: ``expr >= 0`` for all values of the letters.

    Parameters
    ----------
    name : str
        Label of the step.
    expr : sympy expression
        The difference, larger side minus smaller side.
    at_least : mapping, optional
        Lower bounds of letters, e.g. ``{L: 1}``. Letters declared nonnegative need none.
    between : mapping, optional
        Closed intervals of letters, e.g. ``{delta: (0, 1)}``; the ends may hold other letters.
    hypotheses : str
        Words for what the bounds mean.
    """
    expr = sp.sympify(expr)
    words = _words(at_least or {}, between or {}, hypotheses)

    def check() -> Decision:
        reason = _nonnegative(_with_slack(expr, at_least or {}, between or {}), _MONOTONE_DEPTH)
        if reason is None:
            return Decision("failed", f"no method shows {expr} >= 0")
        return Decision("universal", reason)

    return Step(name, sp.Ge(expr, 0, evaluate=False), words, "sign", check)


def inequality(
    name: str,
    smaller: Any,
    larger: Any,
    *,
    at_least: Bounds | None = None,
    between: Intervals | None = None,
    hypotheses: str = "",
) -> Step:
    """Step: ``smaller <= larger``, decided like `sign` on the difference."""
    smaller, larger = sp.sympify(smaller), sp.sympify(larger)
    step = sign(name, larger - smaller, at_least=at_least, between=between, hypotheses=hypotheses)
    return Step(name, sp.Le(smaller, larger, evaluate=False), step.hypotheses, "sign", step.check)


def telescoping(
    name: str,
    term: Any,
    antidifference: Any,
    index: sp.Symbol,
    lower: Any,
    upper: Any,
    value: Any,
    *,
    hypotheses: str = "",
) -> Step:
    """Step: ``sum(term, index = lower..upper) = value``.

    Decided by two identities: the term is the forward difference of `antidifference`, and `value`
    is the difference of its ends. Holds for every ``upper >= lower - 1``.
    """
    term, primitive, value = map(sp.sympify, (term, antidifference, value))

    def check() -> Decision:
        ends = primitive.subs(index, upper + 1) - primitive.subs(index, lower) - value
        for rest in (primitive.subs(index, index + 1) - primitive - term, ends):
            if (left := _residue(rest)) != 0:
                return Decision("failed", f"does not telescope: {left} is left")
        return Decision("universal", f"telescopes with {primitive}")

    total = sp.Sum(term, (index, lower, upper))
    return Step(name, sp.Eq(total, value, evaluate=False), hypotheses, "telescoping", check)


def geometric(
    name: str,
    ratio: Any,
    exponent: Any,
    index: sp.Symbol,
    lower: Any,
    upper: Any,
    value: Any,
    *,
    hypotheses: str = "",
) -> Step:
    """Step: ``sum(ratio**exponent, index = lower..upper) = value``, exponent affine in the index.

    The ratio must differ from one: declare its letters so (``eps_positive``).
    """
    term = sp.sympify(ratio) ** exponent
    common = sp.sympify(ratio) ** sp.diff(exponent, index)
    if common.is_positive and (common - 1).is_zero is False:
        return telescoping(
            name, term, term / (common - 1), index, lower, upper, value, hypotheses=hypotheses
        )
    total = sp.Eq(sp.Sum(term, (index, lower, upper)), sp.sympify(value), evaluate=False)
    verdict = Decision("failed", f"the ratio {common} is not known to differ from 1")
    return Step(name, total, hypotheses, "telescoping", lambda: verdict)


def induction(
    name: str,
    gap: Any,
    variable: sp.Symbol,
    start: Any,
    *,
    multiplier: Any = 1,
    at_least: Bounds | None = None,
    between: Intervals | None = None,
    hypotheses: str = "",
) -> tuple[Step, Step]:
    """Two steps that give ``gap >= 0`` for every integer ``variable >= start``.

    Base: the gap at `start` is nonnegative. Step: the next gap is at least `multiplier` times this
    one, where the multiplier is itself nonnegative.
    """
    gap, factor = sp.sympify(gap), sp.sympify(multiplier)
    bounds = {**(at_least or {}), variable: start}
    base = sign(
        f"{name}: base", gap.subs(variable, start), at_least=at_least, between=between,
        hypotheses=hypotheses,
    )  # fmt: skip
    gain = gap.subs(variable, variable + 1) - factor * gap
    step = sign(f"{name}: step", gain, at_least=bounds, between=between, hypotheses=hypotheses)
    positive = sign("multiplier", factor, at_least=bounds, between=between)

    def check() -> Decision:
        allowed = positive.decide()
        return step.decide() if allowed.grade == "universal" else allowed

    return base, Step(step.name, step.statement, step.hypotheses, "induction", check)


def limit(
    name: str,
    expr: Any,
    variable: sp.Symbol,
    point: Any,
    value: Any,
    *,
    direction: Literal["+", "-"] = "+",
    hypotheses: str = "",
) -> Step:
    """Step: ``expr -> value`` as ``variable -> point`` (from above unless said)."""
    expr, value = sp.sympify(expr), sp.sympify(value)

    def check() -> Decision:
        found = sp.limit(expr, variable, point, direction)
        if found == value or (found.is_finite and _residue(found - value) == 0):
            return Decision("universal", f"sympy's limit is {found}")
        return Decision("failed", f"sympy's limit is {found}")

    statement = sp.Eq(sp.Limit(expr, variable, point, direction), value, evaluate=False)
    return Step(name, statement, hypotheses, "limit", check)


def smt(
    name: str,
    given: Sequence[Any],
    conclusion: Any,
    *,
    axes: Axes,
    hypotheses: str = "",
    timeout_ms: int = 8000,
) -> Step:
    """Step: the polynomial relations `given` imply `conclusion` over the reals.

    Decided by z3; where z3 is not installed or gives up, by the exact rational grid `axes`, and
    then graded so.

    Parameters
    ----------
    name : str
        Label of the step.
    given : sequence of sympy relations
        Hypotheses; the sign assumptions of the letters are added.
    conclusion : sympy relation
        What must follow.
    axes : mapping of letters to rationals
        The grid; a letter left out must be defined by an equation ``letter = ...`` of `given`.
        Points that break `given` are skipped, and one at least must not.
    hypotheses : str
        Words for `given`; the relations themselves if empty.
    timeout_ms : int
        Milliseconds allowed to z3.
    """

    def check() -> Decision:
        answer = prove(given, conclusion, timeout_ms)
        if answer.status == "proved":
            return Decision("universal", "by z3: the negation is unsatisfiable")
        if answer.status == "refuted":
            return Decision("failed", f"counterexample {answer.counterexample}")
        points = [_complete(point, given) for point in _points(axes)]
        allowed = [point for point in points if all(_holds(h, point) for h in given)]
        verdict = _on_points(lambda point: _holds(conclusion, point), allowed)
        return Decision(verdict.grade, f"{answer.because}; {verdict.because}")

    words = hypotheses or ", ".join(map(str, given))
    return Step(name, conclusion, words, "smt", check)


def implication(statement: Implication, *, prefix: str = "") -> Step:
    """Step: a statement of `treesmc.theory.prover.smt`, by `smt`."""
    name = f"{prefix}{statement.name}"
    return smt(name, statement.given, statement.conclusion, axes=statement.axes)


def grid(
    name: str,
    statement: str,
    predicate: Callable[..., Any],
    axes: Mapping[str, Sequence[Any]],
    *,
    hypotheses: str = "",
) -> Step:
    """Step: `predicate` holds at every point of a grid; never more than that.

    Parameters
    ----------
    name : str
        Label of the step.
    statement : str
        The statement; the grid is appended to it.
    predicate : callable
        Called with one keyword per axis; use exact arithmetic inside.
    axes : mapping of argument names to values
        The grid is their product.
    hypotheses : str
        Conditions in words.
    """
    stated = ", ".join(f"{key} in {{{', '.join(map(str, axis))}}}" for key, axis in axes.items())
    return Step(
        name,
        f"{statement}; for {stated}",
        hypotheses,
        "grid",
        lambda: _on_points(lambda point: predicate(**point), list(_points(axes))),
    )


def _points(axes: Mapping[Any, Sequence[Any]]) -> Iterator[dict[Any, Any]]:
    for values in itertools.product(*axes.values()):
        yield dict(zip(axes, values, strict=True))


def _complete(point: dict[Any, Any], given: Sequence[Any]) -> dict[Any, Any]:
    """Add the letters that equations of `given` define."""
    for relation in given:
        if isinstance(relation, sp.Eq) and relation.lhs not in point:
            point[relation.lhs] = relation.rhs.subs(point)
    return point


def _holds(relation: Any, point: Mapping[Any, Any]) -> bool:
    return bool(relation.subs(point) == sp.true)


def _on_points(holds: Callable[[Any], Any], points: list[dict[Any, Any]]) -> Decision:
    if not points:
        return Decision("failed", "no point of the grid satisfies the hypotheses")
    for point in points:
        if not holds(point):
            return Decision("failed", f"false at {point}")
    return Decision("grid", f"true at all {len(points)} points")


def _residue(difference: Any) -> Any:
    """Zero if some simplification finds zero, else the simplest form found."""
    difference = difference.rewrite((sp.tanh, sp.cosh, sp.sinh), sp.exp)
    for reduce in (sp.expand, sp.cancel, _powers, sp.simplify):
        difference = reduce(difference)
        if difference == 0:
            break
    return difference


def _powers(expr: Any) -> Any:
    """Write ``x**(a + b)`` as a product and clear denominators, for symbolic exponents."""
    return sp.powsimp(sp.expand(sp.numer(sp.together(sp.expand(expr)))))


def _words(at_least: Bounds, between: Intervals, hypotheses: str) -> str:
    parts = [hypotheses] if hypotheses else []
    parts += [f"{letter} >= {bound}" for letter, bound in at_least.items()]
    parts += [f"{low} <= {letter} <= {high}" for letter, (low, high) in between.items()]
    return ", ".join(parts)


def _with_slack(expr: Any, at_least: Bounds, between: Intervals) -> Any:
    """Replace bounded letters by functions of nonnegative slacks."""
    for letter, (low, high) in between.items():
        s = sp.Dummy(f"s_{letter}", nonnegative=True)
        expr = expr.subs(letter, (low + high * s) / (1 + s))
    for letter, bound in at_least.items():
        kind = {"integer": True} if letter.is_integer and sp.sympify(bound).is_integer else {}
        expr = expr.subs(letter, bound + sp.Dummy(f"s_{letter}", nonnegative=True, **kind))
    return expr


def _nonnegative(expr: Any, depth: int) -> str | None:
    """Say why the expression is nonnegative, or None if no method shows it."""
    if expr.is_nonnegative or sp.expand(expr).is_nonnegative:
        return "nonnegative by the assumptions of its letters"
    numerator, denominator = sp.fraction(sp.cancel(sp.together(expr)))
    if _manifest(numerator) and _manifest(denominator):
        return "coefficients are all nonnegative after writing the slacks"
    if _factors_nonnegative(sp.factor(expr), depth - 1):
        return "product of nonnegative factors"
    return _monotone(expr, depth)


def _manifest(expr: Any) -> bool:
    """Tell whether every term of the expanded expression is nonnegative by assumption."""
    return all(term.is_nonnegative for term in sp.Add.make_args(sp.expand(expr)))


def _factors_nonnegative(product: Any, depth: int) -> bool:
    factors = sp.Mul.make_args(product)

    def fine(factor: Any) -> bool:
        base, exponent = factor.as_base_exp()
        if factor.is_nonnegative or (exponent.is_integer and _manifest(base)):
            return True
        proper = exponent.is_integer and len(factors) > 1
        return proper and _monotone(base, depth) is not None

    return all(map(fine, factors))


def _monotone(expr: Any, depth: int) -> str | None:
    """Value at the lower end and sign of the derivative, for one nonnegative letter."""
    if depth <= 0 or not _smooth(expr):
        return None
    letters = (x for x in expr.free_symbols if x.is_nonnegative and not x.is_integer)
    for x in sorted(letters, key=str):
        if _nonnegative(sp.simplify(expr.subs(x, 0)), depth - 1) is None:
            continue
        if _nonnegative(sp.simplify(sp.diff(expr, x)), depth - 1) is not None:
            return f"nonnegative at {x} = 0 and increasing in {x}"
    return None


def _smooth(expr: Any) -> bool:
    """Exclude poles and branch points: bases of powers and logs must be positive."""
    for node in sp.preorder_traversal(expr):
        if isinstance(node, sp.Pow) and not (node.exp.is_integer and node.exp.is_nonnegative):
            if not _positive(node.base):
                return False
        elif isinstance(node, sp.log):
            if not _positive(node.args[0]):
                return False
        elif isinstance(node, sp.Function) and not isinstance(node, (sp.exp, sp.tanh, sp.cosh)):
            return False
    return True


def _positive(expr: Any) -> bool:
    """Tell whether assumptions make the expanded expression positive."""
    expanded = sp.expand(expr)
    return bool(
        expr.is_positive
        or (_manifest(expanded) and any(x.is_positive for x in sp.Add.make_args(expanded)))
    )
