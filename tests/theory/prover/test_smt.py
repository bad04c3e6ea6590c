"""Universal statements are proved by z3; each mutated constant is refuted by an instance."""

from fractions import Fraction

import pytest
import sympy as sp

from treesmc.sims.base.errors import BadInput
from treesmc.theory.prover import smt

TRUE = [
    *(smt.extremal_inequality(atoms, below) for atoms, below in [(2, 1), (3, 1), (3, 2)]),
    smt.certificate_step(),
    *smt.future_reward_bounds(2),
    *smt.future_reward_bounds(3),
]
MUTANTS = [
    *(smt.extremal_inequality(k, j, sp.Rational(99, 100)) for k, j in [(2, 1), (3, 1), (3, 2)]),
    smt.certificate_step(sp.Rational(99, 100)),
    *smt.future_reward_bounds(2, lag=1),
    *smt.future_reward_bounds(3, lag=1),
]


def names(statements):
    return [statement.name for statement in statements]


@pytest.mark.parametrize("statement", MUTANTS, ids=names(MUTANTS))
def test_mutant_is_refuted_by_an_instance_that_is_one(statement):
    """The counterexample is put back: hypotheses hold and the conclusion is false, exactly."""
    pytest.importorskip("z3")
    answer = smt.prove(statement.given, statement.conclusion)
    assert answer.status == "refuted"
    letters = set().union(*(x.free_symbols for x in (*statement.given, statement.conclusion)))
    point = {x: sp.Rational(Fraction(answer.counterexample[x.name])) for x in letters}
    assert all(hypothesis.subs(point) == sp.true for hypothesis in statement.given)
    assert statement.conclusion.subs(point) == sp.false


def test_hypotheses_are_consistent():
    """An unsatisfiable hypothesis would prove anything."""
    pytest.importorskip("z3")
    for statement in TRUE:
        assert smt.prove(statement.given, sp.false).status == "refuted"


def test_assumptions_of_letters_are_used():
    pytest.importorskip("z3")
    x, y = sp.Symbol("x", nonnegative=True), sp.Symbol("y", real=True)
    assert smt.prove([], x**3 + x >= 0).status == "proved"
    assert smt.prove([], y**3 + y >= 0).status == "refuted"
    assert smt.prove([sp.Or(y > 1, y < -1)], y**2 > 1).status == "proved"


@pytest.mark.parametrize("relation", ["exp(x) >= 1", "1/x >= 0", "x**a >= 0"])
def test_only_polynomials(relation):
    pytest.importorskip("z3")
    with pytest.raises(BadInput, match="not polynomial"):
        smt.prove([], sp.sympify(relation))
