"""Growth classes: by hand, against numbers at huge horizons, and wrong classes rejected."""

import mpmath
import pytest
import sympy as sp

from treesmc.sims.base.errors import BadInput
from treesmc.theory.bounds import log_uniform_particles_simple
from treesmc.theory.claims import CLAIMS
from treesmc.theory.claims.s08_true_ratio import L_true
from treesmc.theory.growth import (
    SCHEDULES,
    Growth,
    Schedule,
    growth,
    growth_step,
    growth_table,
    power_schedule,
)
from treesmc.theory.symbols import L, N, T, c, delta, eps, t

r = 1 + eps
Q = sp.Rational
VALUES = {c: 1.5, L: 3.0, L_true: 3.0, delta: 0.125}
BOUNDS = {name: bound for claim in CLAIMS.values() for name, bound in claim.growing.items()}
EXPECTED = {  # in the order of SCHEDULES: 0, c, c/T, c log T/T, c T^-1/2, c T^-3/4, c T^-5/4
    "ZL-4.1": [("exponential", 2 * sp.log(L) / 3)] * 7,
    "ZL-4.2": [0, sp.log(1 + c) * 2 / 3, 0, 2 * c / 3, Q(1, 2), Q(1, 4), 0],
    "ZL-5.1": [1, 6 * sp.log(1 + c), 1, 1 + 6 * c, Q(1, 2), Q(1, 4), 1],
    "ZL-5.1 middle": [1, 6 * sp.log(1 + c), 1, 1 + 6 * c, Q(1, 2), Q(1, 4), 1],
    "S2": [1, 2 * sp.log(1 + c), 1, 1 + 2 * c, Q(1, 2), Q(1, 4), 1],
    "S2 closed": [1, 2 * sp.log(1 + c), 1, 1 + 2 * c, Q(1, 2), Q(1, 4), 1],
    "S3": [0, 2 * sp.log(1 + c), 0, 2 * c, Q(1, 2), Q(1, 4), 0],
    "S5": [
        ("vanishing", 0), 2 * sp.log(1 + c), 1, 1 + 2 * c, Q(1, 2), Q(1, 4), Q(3, 4),
    ],
    "S8": [1, 2 * sp.log(1 + c), 1, 1 + 2 * c, Q(1, 2), Q(1, 4), 1],
    "S13": [1, 2 * sp.log(1 + c), 1, 1 + 2 * c, Q(1, 2), Q(1, 4), 1],
}  # fmt: skip
KINDS = ["polynomial", "exponential", "polynomial", "polynomial", "stretched", "stretched"]
KINDS.append("polynomial")


@pytest.fixture(scope="module")
def table():
    return growth_table(CLAIMS.values())


def expected(name, k):
    cell = EXPECTED[name][k]
    return Growth(*(cell if isinstance(cell, tuple) else (KINDS[k], cell)))


def slope(kind, log_bound, schedule):
    """Rate, degree or power of a bound between the horizons 10^60 and 10^66, by numbers."""
    letters = [T, *VALUES]
    inside = log_bound.subs(eps, sp.Symbol("r", positive=True) - 1)
    closed = inside.replace(sp.Sum, lambda term, *over: sp.Sum(sp.expand(term), *over).doit())
    number = sp.lambdify([*letters, sp.Symbol("r", positive=True)], closed, "mpmath")
    error = sp.lambdify(letters, schedule.eps, "mpmath")
    points = [[mpmath.mpf(10) ** k, *map(mpmath.mpf, VALUES.values())] for k in (60, 66)]
    with mpmath.workdps(400):
        first, last = (mpmath.re(number(*point, 1 + error(*point))) for point in points)
        if not (mpmath.isfinite(first) and mpmath.isfinite(last)):
            return None
        if kind == "exponential":
            return last / points[1][0]
        if kind == "stretched":
            first, last = mpmath.log(first), mpmath.log(last)
        return (last - first) / mpmath.log(10**6)


@pytest.mark.parametrize("k", range(len(SCHEDULES)), ids=[s.name for s in SCHEDULES])
@pytest.mark.parametrize("name", EXPECTED)
def test_class_by_hand_and_by_numbers(table, name, k):
    found, by_hand = table[name][SCHEDULES[k].name], expected(name, k)
    assert found.kind == by_hand.kind
    assert sp.simplify(found.value - by_hand.value) == 0
    measured = slope(found.kind, sp.log(BOUNDS[name]), SCHEDULES[k])
    if found.kind == "vanishing":
        assert measured is None
    else:  # a factor log T is left of a degree
        assert measured == pytest.approx(float(found.value.subs(VALUES)), abs=0.022)


def test_other_kinds_are_rejected_by_numbers():
    log_bound, half = sp.log(BOUNDS["S2"]), power_schedule(Q(1, 2))
    assert slope("polynomial", log_bound, half) > 1e20
    assert slope("exponential", log_bound, half) < 1e-20
    assert slope("stretched", log_bound, half) == pytest.approx(0.5, abs=0.022)


def test_table_has_every_bound_and_schedule_once(table):
    assert set(table) == set(EXPECTED)
    assert all(list(cells) == [s.name for s in SCHEDULES] for cells in table.values())
    assert str(table["S3"]["c log T/T"]) == "T^(2*c)"


def test_growth_step_refuses_wrong_classes():
    assert growth_step(T**2, "c/T", Growth("polynomial", 2)).decide().grade == "universal"
    for wrong in (Growth("polynomial", 3), Growth("exponential", 2)):
        assert growth_step(T**2, "c/T", wrong).decide().grade == "failed"


def test_value_error_bound_is_polynomial_whatever_the_error():
    log_bound = sp.log(T * (L * r**2 - 1) / delta)
    kinds = {growth(log_bound, s).kind for s in SCHEDULES}
    assert kinds == {"polynomial"}


def test_degree_needs_a_log_in_the_schedule():
    """c sqrt(log T)/T is below, (log T)^2/T above the polynomial threshold."""
    below = Schedule("below", c * sp.sqrt(sp.log(T)) / T)
    above = Schedule("above", c * sp.log(T) ** 2 / T)
    assert growth(log_uniform_particles_simple(T, eps, L, delta), below) == Growth("polynomial", 1)
    assert growth(log_uniform_particles_simple(T, eps, L, delta), above).kind == "stretched"


@pytest.mark.parametrize(
    "log_bound",
    [
        T**2 * sp.log(r),
        sp.log(sp.Sum(t * r**t, (t, 1, T))),
        sp.sin(T),
        sp.log(N) * sp.sqrt(T),
    ],
)
def test_what_is_not_understood_is_refused(log_bound):
    with pytest.raises(BadInput, match="growth"):
        growth(log_bound, SCHEDULES[1])


def test_powers_must_be_positive():
    with pytest.raises(BadInput, match="not positive"):
        power_schedule(0)
