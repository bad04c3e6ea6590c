"""Universal polynomial statements, decided by the SMT solver z3.

A statement "these polynomial relations imply that one" over the reals holds exactly when the
hypotheses together with the negated conclusion have no solution, which z3 decides completely for
polynomials (nonlinear real arithmetic). z3 is an optional dependency (extra ``smt``): without it
every answer is ``unknown``.
"""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import sympy as sp
from sympy.logic.boolalg import And, BooleanFunction, Implies, Not, Or

from treesmc.sims.errors import BadInput

Status = Literal["proved", "refuted", "unknown"]


@dataclass(frozen=True)
class Answer:
    """What the solver found; a refutation carries values of the letters."""

    status: Status
    because: str
    counterexample: dict[str, str] = field(default_factory=dict)


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
