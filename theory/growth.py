"""Growth classes: is a bound polynomial, stretched or exponential in T along a schedule eps(T)?

A bound is reduced to a canonical size,

    log bound = linear T + drift T log(1+eps) + degree log T + constant + o(log T),

and a schedule then enters through a few limits of ``log(1 + eps(T))`` only, which sympy takes:

* exponential, of rate ``lim log bound / T``, if that is not zero;
* polynomial, of degree ``lim log bound / log T``, if that is finite;
* stretched otherwise: ``log bound`` grows like T to the power ``lim log log bound / log T``;
* vanishing, if the bound is identically zero on the schedule (no condition on N remains).

The reduction knows products and powers, ``X - 1`` for ``X = exp(Y)`` (which is ``X``, a constant
or ``Y`` as ``Y`` tends to infinity, a constant or zero), and sums over depths whose terms decrease:

    theta T term(1 + theta T)  <=  sum_t term(t)  <=  T term(1),      0 < theta < 1,

whose two sizes agree as theta tends to 0. Anything else is refused. Constants are taken to be
generic: ``L > 1``, and no accidental cancellation such as ``L exp(2c) = 1``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache
from typing import Any, Literal, NamedTuple

import sympy as sp

from treesmc.sims.base.errors import BadInput
from treesmc.theory.claim import Claim
from treesmc.theory.prover.steps import Decision, Step, sign
from treesmc.theory.symbols import AT_LEAST_ONE, T, c, eps, eps_positive

GrowthKind = Literal["vanishing", "polynomial", "stretched", "exponential"]

_theta = sp.Dummy("theta", positive=True)  # fraction of the depths kept by a lower bound


@dataclass(frozen=True)
class Growth:
    """Class of a bound, with its degree, power or rate.

    Attributes
    ----------
    kind : str
        ``vanishing``, ``polynomial``, ``stretched`` or ``exponential``.
    value : sympy expression
        Degree in T; power p of ``log bound ~ T^p``; rate of ``log bound ~ rate T``.
    """

    kind: GrowthKind
    value: Any

    def __str__(self) -> str:
        forms = {
            "vanishing": "0",
            "polynomial": f"T^({self.value})",
            "stretched": f"exp(T^({self.value}))",
            "exponential": f"exp({self.value * T})",
        }
        return forms[self.kind]


@dataclass(frozen=True)
class Schedule:
    """Bellman error as a function of the horizon.

    Attributes
    ----------
    name : str
        How it is printed.
    eps : sympy expression
        In T and c.
    root : int
        Limits are taken in ``u`` with ``T = u^root``, so that powers of u are whole.
    """

    name: str
    eps: Any
    root: int = 1

    def limit(self, expr: Any) -> Any:
        """Limit in T of an expression in T and eps."""
        return _limit(expr.subs(eps, self.eps), self.root)


@cache
def _limit(expr: Any, root: int) -> Any:
    u = sp.Symbol("u", positive=True)
    return sp.limit(sp.expand_log(expr.subs(T, u**root), force=True), u, sp.oo)


def power_schedule(a: Any) -> Schedule:
    """Schedule ``eps = c T^-a`` for a positive rational a."""
    a = sp.Rational(a)
    if a <= 0:
        raise BadInput(f"power_schedule: a = {a} is not positive")
    return Schedule(f"c T^-{a}", c * T**-a, int(a.q))


SCHEDULES = (
    Schedule("0", sp.S.Zero),
    Schedule("c", c),
    Schedule("c/T", c / T),
    Schedule("c log T/T", c * sp.log(T) / T),
    power_schedule(sp.Rational(1, 2)),
    power_schedule(sp.Rational(3, 4)),
    power_schedule(sp.Rational(5, 4)),
)


def growth(log_bound: Any, schedule: Schedule) -> Growth:
    """Classify a bound along a schedule.

    Parameters
    ----------
    log_bound : sympy expression
        Logarithm of the bound, in ``T``, ``eps`` and constants; sums over depths as ``sympy.Sum``.
    schedule : Schedule
        How eps depends on T.

    Returns
    -------
    Growth

    Raises
    ------
    BadInput
        If the bound does not reduce to the canonical size.
    """
    size = _size(sp.sympify(log_bound).subs(eps_positive, eps), schedule)
    if size.degree == -sp.oo:
        return Growth("vanishing", sp.S.Zero)
    rate = sp.simplify(size.linear + size.drift * schedule.limit(sp.log(1 + eps)))
    if rate != 0:
        return Growth("exponential", rate)
    drift = T * sp.log(1 + eps)
    degree = sp.S.Zero if size.drift == 0 else size.drift * schedule.limit(drift / sp.log(T))
    if degree.is_infinite:
        return Growth("stretched", schedule.limit(sp.log(drift) / sp.log(T)))
    return Growth("polynomial", sp.expand(size.degree + degree))


def growth_step(bound: Any, schedule: str, expected: Growth) -> Step:
    """Step: along the schedule called so, a bound in T and eps is of the expected growth class."""
    found_on = next(entry for entry in SCHEDULES if entry.name == schedule)

    def check() -> Decision:
        found = growth(sp.log(bound), found_on)
        same = found.kind == expected.kind and (found.value - expected.value).equals(0)
        return Decision("universal" if same else "failed", f"by limits it grows like {found}")

    statement = f"{bound} grows like {expected}"
    return Step(f"growth at eps = {schedule}", statement, f"eps = {schedule}", "limits", check)


def growth_table(claims: Iterable[Claim]) -> dict[str, dict[str, Growth]]:
    """Return the growth of the claims' bounds along every schedule, by names of both."""
    bounds = {name: bound for claim in claims for name, bound in claim.growing.items()}
    return {
        name: {schedule.name: growth(sp.log(bound), schedule) for schedule in SCHEDULES}
        for name, bound in bounds.items()
    }


class _Size(NamedTuple):
    """Coefficients of T, T log(1+eps), log T and 1 in the logarithm of a bound."""

    linear: Any = sp.S.Zero
    drift: Any = sp.S.Zero
    degree: Any = sp.S.Zero
    constant: Any = sp.S.Zero

    def plus(self, other: _Size) -> _Size:
        return _Size(*(x + y for x, y in zip(self, other, strict=True)))

    def times(self, factor: Any) -> _Size:
        return _Size(*(sp.expand(factor * x) for x in self))


def _size(log_bound: Any, schedule: Schedule) -> _Size:
    total = _Size()
    for part in sp.Add.make_args(sp.expand_mul(sp.expand_log(log_bound, force=True), deep=False)):
        total = total.plus(_part(part, schedule))
    return total


def _part(part: Any, schedule: Schedule) -> _Size:
    """Size of one additive part of a logarithm."""
    if not part.free_symbols & {T, eps}:
        return _Size(constant=part)
    factor, rest = part.as_independent(sp.log(1 + eps), as_Add=False)
    if rest == sp.log(1 + eps):
        slope, offset = _affine(factor)
        return _Size(drift=slope, constant=offset * schedule.limit(rest))
    factor, logarithm = part.as_independent(T, eps, as_Add=False)
    if isinstance(logarithm, sp.log):
        return _logarithm(logarithm.args[0], schedule).times(factor)
    slope, offset = _affine(part)
    return _Size(linear=slope, constant=offset)


def _affine(expr: Any) -> tuple[Any, Any]:
    polynomial = sp.Poly(expr, T) if expr.is_polynomial(T) else None
    if polynomial is None or polynomial.degree() > 1 or eps in expr.free_symbols:
        raise BadInput(f"growth: {expr} is not affine in T")
    return polynomial.coeff_monomial(T), polynomial.coeff_monomial(1)


def _logarithm(inside: Any, schedule: Schedule) -> _Size:
    """Size of a logarithm that no longer expands."""
    if isinstance(inside, sp.Sum):
        return _sum(inside, schedule)
    if inside.is_polynomial(T) and eps not in inside.free_symbols:
        return _Size(degree=sp.degree(inside, T))
    if inside == sp.log(T):
        return _Size()
    if inside == eps:
        return _Size(degree=schedule.limit(sp.log(eps) / sp.log(T)))
    return _minus_one(inside + 1, schedule)


def _minus_one(x: Any, schedule: Schedule) -> _Size:
    """Size of ``X - 1`` from that of ``Y = log X``."""
    y = _size(sp.log(x), schedule)
    if infinite := _tends_to_infinity(y, schedule):
        return infinite
    drift = y.drift * schedule.limit(T * sp.log(1 + eps)) if y.drift else sp.S.Zero
    if sp.simplify(y.constant + drift) != 0:
        return _Size()
    if y.drift == 0 or schedule.eps == 0:
        return _Size(degree=-sp.oo)
    return _Size(degree=1 + schedule.limit(sp.log(eps) / sp.log(T)))


def _tends_to_infinity(y: _Size, schedule: Schedule) -> _Size | None:
    """Return the size itself where it tends to infinity, else None."""
    drifts = y.drift != 0 and schedule.limit(T * sp.log(1 + eps)) == sp.oo
    growing = [y.linear, y.degree, y.drift if drifts else sp.S.Zero]
    if all(x == 0 for x in growing):
        return None
    if any(x.subs(_theta, 0).is_negative for x in growing):
        raise BadInput(f"growth: the sign of {y} is not settled")
    return y


def _sum(total: Any, schedule: Schedule) -> _Size:
    """Size of a sum of decreasing terms, between its first term and its first theta T terms."""
    term, (index, first, last) = total.function, total.limits[0]
    _require_decreasing(term, index, last)
    ends = (first, first + _theta * T)
    upper, lower = (_size(sp.log(term.subs(index, end)), schedule) for end in ends)
    pairs = zip(upper[:3], (x.subs(_theta, 0) for x in lower[:3]), strict=True)
    if any(x != y and sp.simplify(x - y) != 0 for x, y in pairs):
        raise BadInput(f"growth: {total} is not settled by its first terms")
    return upper.plus(_Size(degree=sp.S.One))._replace(constant=sp.S.Zero)


def _require_decreasing(term: Any, index: sp.Symbol, last: Any) -> None:
    """Terms grow as the index steps back from its last value."""
    back = sp.Dummy("back", nonnegative=True)
    slope = sp.diff(term.subs(index, last - back), back)
    present = {x: low for x, low in AT_LEAST_ONE.items() if x in term.free_symbols}
    if sign("decreasing", slope, at_least=present).decide().grade != "universal":
        raise BadInput(f"growth: the terms {term} are not shown to decrease in {index}")
