"""The exponent: horizons are spread evenly in x, and it is 2."""

import math

import numpy as np
import pytest
from drawing import drawn, markers, ordered, shows

from treesmc.figures.exponent.figure import build
from treesmc.figures.exponent.fits import fit_exponent
from treesmc.figures.rooms import plan

EPSILONS = (0.25, 0.5)


def exponents(rows):
    return [fit_exponent(rows, e).coefficient("T") / math.log1p(e) for e in EPSILONS]


@pytest.mark.parametrize(
    ("quick", "scales"),
    [(False, (0.75, 1, 1.5, 2, 2.75, 3.5, 4.5, 5.5, 6.5, 7.5, 8.5)), (True, (1, 2, 3.5, 5, 6.5))],
)
def test_horizons_are_spread_evenly_in_x(quick, scales):
    asked = list(plan("exponent", quick))
    for eps in {p["eps"] for p in asked}:
        horizons = [p["T"] for p in asked if p["eps"] == eps]
        assert horizons == sorted({max(2, round(x / math.log1p(eps))) for x in scales})


def test_left_markers_are_the_table(rows):
    x = [r["T"] * math.log1p(r["eps"]) for r in rows]
    assert shows(drawn(build, rows).axes[0], x, [r["n_star"] / r["T"] for r in rows])


def test_exponent_is_two_and_drawn(rows):
    """Standard error about 0.02 / 3 at three points, so 0.05 is seven of them."""
    assert exponents(rows) == pytest.approx([2, 2], abs=0.05)
    right = drawn(build, rows).axes[1]
    np.testing.assert_allclose(markers(right), ordered(EPSILONS, exponents(rows)))
    # Slightly steeper data are told apart.
    steeper = [{**r, "n_star": r["n_star"] * (1 + r["eps"]) ** (0.1 * r["T"])} for r in rows]
    assert min(exponents(steeper)) > 2.05


def test_uniform_bound_holds_and_half_its_exponent_does_not(rows):
    def holds(row, exponent):
        bound = exponent * row["T"] * math.log1p(row["eps"]) + math.log(row["T"] / row["delta"])
        return math.log(row["low"]) <= bound

    assert all(holds(row, 2) for row in rows)
    assert not all(holds(row, 1) for row in rows)
