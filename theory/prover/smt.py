"""Universal polynomial statements, decided by the SMT solver z3.

A statement "these polynomial relations imply that one" over the reals holds exactly when the
hypotheses together with the negated conclusion have no solution, which z3 decides completely for
polynomials (nonlinear real arithmetic). z3 is an optional dependency (extra ``smt``): without it
every answer is ``unknown``.

Three families of statements are written here, each with denominators cleared, means given a letter
of their own, and only the hypotheses that matter, which is what keeps the solver quick:

* `extremal_inequality` (S4): a weight ``w`` in ``[1/rho, rho]`` of mean ``m`` has
  ``E(1 - w/m)_+ <= (rho - 1)/(rho + 1)``;
* `certificate_step` (S2): if ``f_t <= C Q_t`` then ``f_{t-1} <= C (1 + (q - 1)/N) Q_{t-1}``;
* `future_reward_bounds` (S2): A1 and A2 give ``Q_t <= L (1+eps)^(T-t)`` and
  ``M Q_t >= (1+eps)^-(T-t+1)`` on every binary tree of a given horizon.

Each takes a factor or a lag that is neutral by default; any other value sharpens the statement
beyond the truth, and serves as a negative control. All three proved in this project.
"""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import sympy as sp
from sympy.logic.boolalg import And, BooleanFunction, Implies, Not, Or

from treesmc.sims.base.errors import BadInput

Status = Literal["proved", "refuted", "unknown"]


@dataclass(frozen=True)
class Answer:
    """What the solver found; a refutation carries values of the letters."""

    status: Status
    because: str
    counterexample: dict[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Implication:
    """A statement for `steps.smt`: hypotheses, conclusion, grid to fall back on."""

    name: str
    given: tuple[Any, ...]
    conclusion: Any
    axes: dict[sp.Symbol, list[Any]]


def prove(given: Sequence[Any], conclusion: Any, timeout_ms: int = 8000) -> Answer:
    """Decide whether the relations `given` imply `conclusion` for all real letters.

    Parameters
    ----------
    given : sequence of sympy relations
        Polynomial hypotheses. The signs sympy assumes of the letters are added; integrality is
        not, so a proof covers more than was asked and a refutation may be at a real point.
    conclusion : sympy relation or boolean
        Polynomial, with denominators cleared.
    timeout_ms : int
        Milliseconds allowed.

    Returns
    -------
    Answer
        ``proved``, ``refuted`` with a counterexample, or ``unknown``.

    Raises
    ------
    BadInput
        If a relation is not polynomial.
    """
    try:
        z3 = importlib.import_module("z3")
    except ImportError:
        return Answer("unknown", "z3 is not installed")
    solver = z3.Solver()
    solver.set("timeout", timeout_ms)
    for relation in (*_assumed([*given, conclusion]), *given, sp.Not(conclusion)):
        solver.add(_translate(z3, relation))
    found = solver.check()
    if found == z3.unsat:
        return Answer("proved", "the negation is unsatisfiable")
    if found == z3.sat:
        model = solver.model()
        return Answer(
            "refuted", "the negation has a solution", {str(x): str(model[x]) for x in model}
        )
    return Answer("unknown", f"z3 gave up: {solver.reason_unknown()}")


def extremal_inequality(atoms: int, below: int, factor: Any = 1) -> Implication:
    """S4's inequality for a variable with `atoms` values, the first `below` of them under the mean.

    Parameters
    ----------
    atoms : int
        Number of values, 2 or more; together with all `below` from 1 to ``atoms - 1`` this covers
        every law with that many atoms, up to their order.
    below : int
        How many values the positive part keeps. The statement holds for any choice of them, since
        the positive part is the largest of these sums.
    factor : rational
        Multiplies the right-hand side.
    """
    rho, m = sp.symbols("rho m", positive=True)
    p = sp.symbols(f"p1:{atoms}", nonnegative=True)
    w = sp.symbols(f"w1:{atoms + 1}", positive=True)
    masses = (*p, 1 - sum(p))
    mean = sum(mass * value for mass, value in zip(masses, w, strict=True))
    ranges = [bound for value in w for bound in (rho * value >= 1, value <= rho)]
    given = (sp.Eq(m, mean), masses[-1] >= 0, rho >= 1, *ranges)
    shortfall = sum(masses[i] * (m - w[i]) for i in range(below))
    third = sp.Rational(1, 3)
    axes = {rho: [1, 3], **{x: [0, third] for x in p}, **{x: [third, 3] for x in w}}
    conclusion = (rho + 1) * shortfall <= factor * (rho - 1) * m
    return Implication(f"{atoms} atoms, {below} below the mean", given, conclusion, axes)


def certificate_step(factor: Any = 1) -> Implication:
    """S2's backward step at a node with two children, for every real ``N >= 1``.

    The letters: ``p1`` the frozen child's mass, ``n = 1/N``, ``f1, f2`` and ``Q1, Q2`` the values
    of ``f_t`` and ``Q_t`` at the children, ``MQ`` the mean of ``Q_t``, ``G`` the node's weight.

    Parameters
    ----------
    factor : rational
        Multiplies ``(q - 1)/N``.
    """
    p1, n, f1, f2 = sp.symbols("p1 n f1 f2", nonnegative=True)
    q, C, G, MQ, Q1, Q2 = sp.symbols("q C G MQ Q1 Q2", positive=True)
    mean = sp.Eq(MQ, p1 * Q1 + (1 - p1) * Q2)
    given = (mean, p1 <= 1, n <= 1, Q1 <= q * MQ, f1 <= C * Q1, f2 <= C * Q2)
    before = G * ((1 - n) * (p1 * f1 + (1 - p1) * f2) + n * f1)
    half = sp.Rational(1, 2)
    grid = {p1: [half], n: [0, half, 1], f1: [0, 2], f2: [0, 2], q: [1, 2], C: [1, 2]}
    axes = {**grid, Q1: [1, 2], Q2: [1, 2], G: [1]}
    bound = C * (1 + factor * (q - 1) * n) * G * MQ
    return Implication("induction step", given, before <= bound, axes)


def future_reward_bounds(T: int, lag: int = 0) -> tuple[Implication, ...]:
    """A1 and A2 bound ``Q_t`` and ``M Q_t`` on every binary tree of horizon `T`, for each t.

    Depth t is examined along the first path, which is no restriction: symbols may be renamed, and
    ``V`` of the parent is set to 1 by homogeneity. Of A1 and A2 only the half that matters is
    assumed, below the parent only.

    Parameters
    ----------
    T : int
        Horizon; 2 and 3 are quick.
    lag : int
        Lowers the exponent of ``1 + eps``.
    """
    found = []
    for t in range(1, T + 1):
        found += [_upper_range(T, t, lag), _lower_range(T, t, lag)]
    return tuple(found)


def _upper_range(T: int, t: int, lag: int) -> Implication:
    """``Q_t <= L (1+eps)^(T-t)``, written with ``r = 1 + eps``."""
    L, r = sp.symbols("L r", positive=True)
    value, inner, letters = _subtree(T - t, sp.Symbol("V", positive=True))
    given = (L >= 1, r >= 1, *letters, value <= L)
    drift = tuple(mean <= r * own for own, mean, _ in inner)
    reward = inner[-1][2] if inner else value
    conclusion = reward * r**lag <= L * r ** (T - t)
    axes = _axes((*given, *drift))
    return Implication(f"Q_{t} at T = {T}", (*given, *drift), conclusion, axes)


def _lower_range(T: int, t: int, lag: int) -> Implication:
    """``M Q_t >= (1+eps)^-(T-t+1)``, written with ``r = 1 + eps``."""
    r = sp.Symbol("r", positive=True)
    _, inner, letters = _subtree(T - t + 1, sp.S.One)
    drift = tuple(own <= r * mean for own, mean, _ in inner)
    given = (r >= 1, *letters, *drift)
    conclusion = inner[-1][2] * r ** (T - t + 1 - lag) >= 1
    return Implication(f"M Q_{t} at T = {T}", given, conclusion, _axes(given))


def _subtree(height: int, value: Any, label: str = "") -> tuple[Any, list[Any], list[Any]]:
    """Binary subtree below a node of given value.

    Returns the value; for each inner node, children first, its (value, mean value of children,
    expected reward); and the hypotheses that probabilities are at most one.
    """
    if height == 0:
        return value, [], []
    p = sp.Symbol(f"p{label}", nonnegative=True)
    children = [
        _subtree(height - 1, sp.Symbol(f"V{label}{b}", positive=True), f"{label}{b}") for b in "01"
    ]
    values = [child[0] for child in children]
    rewards = [child[1][-1][2] if child[1] else child[0] for child in children]
    node = (value, *(p * first + (1 - p) * second for first, second in (values, rewards)))
    inner = [x for child in children for x in child[1]]
    return value, [*inner, node], [p <= 1, *(x for child in children for x in child[2])]


def _axes(given: Sequence[Any]) -> dict[sp.Symbol, list[Any]]:
    """Small grid: the bounds, the first child's values and one probability vary."""
    letters = set().union(*(x.free_symbols for x in given))
    several = {"L": [1, 2], "r": [1, 2], "p": [0, 1], "V": [1, 2], "V0": [1, 2], "V00": [1, 2]}
    half = sp.Rational(1, 2)
    return {x: several.get(x.name, [half if x.name[0] == "p" else 1]) for x in letters}


def _assumed(relations: Sequence[Any]) -> list[Any]:
    """Sign hypotheses that the letters carry as sympy assumptions."""
    letters = sorted(set().union(*(x.free_symbols for x in relations)), key=str)
    positive = [sp.Gt(x, 0, evaluate=False) for x in letters if x.is_positive]
    weak = [x for x in letters if x.is_nonnegative and not x.is_positive]
    return positive + [sp.Ge(x, 0, evaluate=False) for x in weak]


def _translate(z3: Any, expr: Any) -> Any:
    """Write a sympy relation, boolean or polynomial in z3's terms."""
    if isinstance(expr, (sp.core.relational.Relational, BooleanFunction)):
        return _truth(z3, expr)
    if expr in (sp.true, sp.false):
        return z3.BoolVal(bool(expr))
    if isinstance(expr, sp.Symbol):
        return z3.Real(expr.name)
    if expr.is_Rational:
        return z3.Q(int(expr.p), int(expr.q))
    if isinstance(expr, sp.Pow) and expr.exp.is_Integer and expr.exp > 0:
        return z3.Product([_translate(z3, expr.base)] * int(expr.exp))
    if isinstance(expr, (sp.Add, sp.Mul)):
        combine = z3.Sum if isinstance(expr, sp.Add) else z3.Product
        return combine([_translate(z3, part) for part in expr.args])
    raise BadInput(f"smt: {expr} is not polynomial with rational coefficients")


def _truth(z3: Any, expr: Any) -> Any:
    """Write a relation or a boolean combination of relations."""
    parts = [_translate(z3, part) for part in expr.args]
    forms = {
        sp.Ge: lambda a, b: a >= b,
        sp.Gt: lambda a, b: a > b,
        sp.Le: lambda a, b: a <= b,
        sp.Lt: lambda a, b: a < b,
        sp.Eq: lambda a, b: a == b,
        sp.Ne: lambda a, b: a != b,
        And: z3.And,
        Or: z3.Or,
        Not: z3.Not,
        Implies: z3.Implies,
    }
    if type(expr) not in forms:
        raise BadInput(f"smt: {expr} is not a relation z3 is given")
    return forms[type(expr)](*parts)
