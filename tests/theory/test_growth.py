"""Growth classes: by hand, against numbers at huge horizons, and wrong classes rejected."""

import pytest
import sympy as sp

from treesmc.sims.base.errors import BadInput
from treesmc.theory.catalogue import LOG_BOUNDS
from treesmc.theory.growth import (
    SCHEDULES,
    Growth,
    Schedule,
    growth,
    growth_numeric_check,
    growth_table,
    power_schedule,
)
from treesmc.theory.symbols import L, N, T, c, delta, eps, t

r = 1 + eps
VALUES = {c: 1.5, L: 3.0, delta: 0.125}
Q = sp.Rational
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
CELLS = [(name, k) for name in LOG_BOUNDS for k in range(len(SCHEDULES))]


def expected(name, k):
    cell = EXPECTED[name][k]
    return cell if isinstance(cell, tuple) else (KINDS[k], cell)


@pytest.mark.parametrize(("name", "k"), CELLS)
def test_class_by_hand_and_by_numbers(name, k):
    found = growth(LOG_BOUNDS[name], SCHEDULES[k])
    kind, value = expected(name, k)
    assert found.kind == kind
    assert sp.simplify(found.value - value) == 0
    assert growth_numeric_check(LOG_BOUNDS[name], SCHEDULES[k], found, VALUES)


@pytest.mark.parametrize(("name", "k"), CELLS)
def test_wrong_class_is_rejected_by_numbers(name, k):
    true = growth(LOG_BOUNDS[name], SCHEDULES[k])
    step = sp.Rational(1, 10)
    wrong = [Growth(kind, true.value + step) for kind in set(KINDS)]
    wrong.append(Growth("polynomial" if true.kind == "vanishing" else "vanishing", sp.S.Zero))
    for claim in wrong:
        assert not growth_numeric_check(LOG_BOUNDS[name], SCHEDULES[k], claim, VALUES)


def test_other_kinds_are_rejected_by_numbers():
    stretched = power_schedule(Q(1, 2))
    for claim in (Growth("polynomial", Q(1, 2)), Growth("exponential", Q(1, 2))):
        assert not growth_numeric_check(LOG_BOUNDS["S2"], stretched, claim, VALUES)


def test_value_error_bound_is_polynomial_whatever_the_error():
    log_bound = sp.log(T * (L * r**2 - 1) / delta)
    kinds = {growth(log_bound, s).kind for s in SCHEDULES}
    assert kinds == {"polynomial"}


def test_degree_needs_a_log_in_the_schedule():
    """c sqrt(log T)/T is below, (log T)^2/T above the polynomial threshold."""
    below = Schedule("below", c * sp.sqrt(sp.log(T)) / T)
    above = Schedule("above", c * sp.log(T) ** 2 / T)
    assert growth(LOG_BOUNDS["S2 closed"], below) == Growth("polynomial", 1)
    assert growth(LOG_BOUNDS["S2 closed"], above).kind == "stretched"


def test_table_has_every_cell():
    rows = growth_table({"S2 closed": LOG_BOUNDS["S2 closed"], "S3": LOG_BOUNDS["S3"]})
    assert len(rows) == 2 * len(SCHEDULES)
    cell = next(row for row in rows if row[:2] == ("S3", "c log T/T"))
    assert str(cell.growth) == "T^(2*c)"


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
