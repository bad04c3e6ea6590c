"""Every method decides a true statement and fails a false neighbour of it."""

from fractions import Fraction

import pytest
import sympy as sp

from treesmc.theory.prover import smt, steps
from treesmc.theory.symbols import AT_LEAST_ONE, L, N, T, delta, eps, eps_positive, q, rho, t

x = sp.Symbol("x", nonnegative=True)
free = sp.Symbol("free", real=True)


def grades(*chain):
    return [step.decide().grade for step in chain]


IDENTITIES = [
    ((1 + eps) ** (T + 1), (1 + eps) ** T * (1 + eps)),
    ((rho - 1) / (rho + 1), sp.tanh(sp.log(rho) / 2)),
    (1 / (1 + x) + x / (1 + x), 1),
    (L ** (2 * T) / L, L ** (2 * T - 1)),
]


@pytest.mark.parametrize(("lhs", "rhs"), IDENTITIES)
def test_identity(lhs, rhs):
    assert grades(steps.identity("true", lhs, rhs)) == ["universal"]
    assert grades(steps.identity("false", lhs, rhs * sp.Rational(1001, 1000))) == ["failed"]
    assert grades(steps.identity("false", lhs + sp.Rational(1, 10**6), rhs)) == ["failed"]


INEQUALITIES = [  # smaller, larger, a larger side that is too small somewhere
    (q * (q**2 - 1), q**3, q**2),
    (sp.log(1 + x), x, x * sp.Rational(999, 1000)),
    (1 + T * eps, (1 + eps) ** T, 1 + (T - 1) * eps * sp.Rational(1, 2)),
    (1 - 1 / (1 + x), x, x / (1 + 2 * x)),
    (sp.tanh(x), x, x * sp.Rational(99, 100)),
    (0, q * (x - sp.log(1 + x)), q * (x * sp.Rational(99, 100) - sp.log(1 + x))),
    (0, (free - 1) ** 2, (free - 1) ** 2 - sp.Rational(1, 100)),
    (1, L * (1 + eps) ** (2 * T - 1), L * (1 + eps) ** (2 * T - 1) - eps * sp.Rational(101, 100)),
]


@pytest.mark.parametrize(("smaller", "larger", "too_small"), INEQUALITIES)
def test_inequality(smaller, larger, too_small):
    bounds = {**AT_LEAST_ONE, T: 1}
    true = steps.inequality("true", smaller, larger, at_least=bounds)
    assert grades(true) == ["universal"]
    assert grades(steps.inequality("false", smaller, too_small, at_least=bounds)) == ["failed"]


def test_dropped_lower_bound_fails():
    assert grades(steps.sign("without q >= 1", q**2 - 1)) == ["failed"]
    assert grades(steps.sign("with", q**2 - 1, at_least=AT_LEAST_ONE)) == ["universal"]


def test_interval():
    gap = delta * (1 - delta)
    assert grades(steps.sign("inside", gap, between={delta: (0, 1)})) == ["universal"]
    assert grades(steps.sign("beyond", gap, between={delta: (0, 2)})) == ["failed"]
    gap = (rho - free) * (free - 1 / rho)
    step = steps.sign("ends are letters", gap, between={free: (1 / rho, rho)}, at_least={rho: 1})
    assert grades(step) == ["universal"]
    assert "1/rho <= free <= rho" in step.hypotheses


def test_sign_does_not_step_over_a_pole():
    """1/(1-x) is positive at 0 with positive derivative, and negative past 1."""
    assert grades(steps.sign("pole", 1 / (1 - x))) == ["failed"]
    assert grades(steps.sign("branch", sp.log(2 - x))) == ["failed"]


def test_telescoping():
    def total(value):
        term = 1 / (t * (t + 1))
        return steps.telescoping("sum", term, -1 / t, t, 1, T, value)

    assert grades(total(T / (T + 1)), total((T + 1) / (T + 2))) == ["universal", "failed"]
    wrong = steps.telescoping("sum", t, t**2 / 2, t, 1, T, T**2 / 2)
    assert grades(wrong) == ["failed"]


def test_geometric():
    e = eps_positive
    value = ((1 + e) ** (2 * T) - 1) / ((1 + e) ** 2 - 1)

    def total(value, ratio=1 + e):
        return steps.geometric("sum", ratio, 2 * (T - t), t, 1, T, value)

    assert grades(total(value), total(value * (1 + e))) == ["universal", "failed"]
    maybe_one = total(((1 + eps) ** (2 * T) - 1) / ((1 + eps) ** 2 - 1), 1 + eps)
    assert grades(maybe_one) == ["failed"]


def test_induction():
    def bernoulli(slope, multiplier=1 + x):
        gap = (1 + x) ** T - 1 - slope * T * x
        return steps.induction("Bernoulli", gap, T, 1, multiplier=multiplier)

    assert grades(*bernoulli(1)) == ["universal", "universal"]
    assert "failed" in grades(*bernoulli(sp.Rational(1001, 1000)))
    assert grades(*bernoulli(1, multiplier=-1 - x))[1] == "failed"


def test_limit():
    expr = (1 + 3 / (2 * T)) ** T
    assert grades(steps.limit("e", expr, T, sp.oo, sp.exp(sp.Rational(3, 2)))) == ["universal"]
    assert grades(steps.limit("e", expr, T, sp.oo, sp.exp(1))) == ["failed"]
    assert grades(steps.limit("infinite", T, T, sp.oo, sp.oo)) == ["universal"]
    below = steps.limit("below", 1 / free, free, 0, -sp.oo, direction="-")
    assert grades(below) == ["universal"]


AXES = {x: [0, sp.Rational(1, 3), 2], q: [1, sp.Rational(3, 2), 4]}


def mixture(larger, given=(q >= 1,)):
    return steps.smt("mixture", given, sp.Le(1, larger), axes=AXES)


def test_smt_proves_and_refutes():
    pytest.importorskip("z3")
    assert grades(mixture(1 + x * (q - 1)), mixture(1 + x * (q - 2))) == ["universal", "failed"]
    assert "counterexample" in mixture(1 + x * (q - 2)).decide().because


@pytest.mark.parametrize("because", ["z3 is not installed", "z3 gave up: timeout"])
def test_smt_falls_back_to_the_grid(monkeypatch, because):
    monkeypatch.setattr(steps, "prove", lambda *_: smt.Answer("unknown", because))
    assert grades(mixture(1 + x * (q - 1)), mixture(1 + x * (q - 2))) == ["grid", "failed"]
    assert grades(mixture(1 + x, given=(q >= 5,))) == ["failed"]
    defined = mixture(1 + x, given=(sp.Eq(q, 1 + x),))
    assert grades(defined) == ["grid"]
    assert because in mixture(1 + x * (q - 1)).decide().because


def test_grid_is_never_universal():
    axes = {"n": [1, 2, 3], "w": [Fraction(1, 2), Fraction(2)]}
    true = steps.grid("true", "n + w > 1", lambda n, w: n + w > 1, axes)
    assert grades(true) == ["grid"]
    assert "w in {1/2, 2}" in true.statement
    assert grades(steps.grid("false", "", lambda n, w: n + w > 2, axes)) == ["failed"]
    assert grades(steps.grid("empty", "", lambda n: True, {"n": []})) == ["failed"]


def test_a_method_that_gives_up_fails():
    def check():
        raise NotImplementedError("no algorithm")

    step = steps.Step("name", "statement", "", "method", check)
    assert step.decide() == steps.Decision("failed", "method gave up: no algorithm")


def test_steps_are_values():
    first, second = (steps.identity("n", N, N) for _ in range(2))
    assert first == second
