"""The phase diagram: which eps(T) are polynomial, and the law behind the map.

Degrees of the map are exact, so their tolerances are distances to limits in T.
"""

import math

import numpy as np
import pytest
from drawing import drawn, shows

from treesmc.figures.phase.figure import build
from treesmc.figures.phase.points import epsilon_of, local_degree, log_needle_constant
from treesmc.figures.rooms import plan
from treesmc.figures.rows import column, of
from treesmc.sims.base import portable
from treesmc.sims.cost import terminal_constant
from treesmc.sims.trees.families import needle


@pytest.mark.parametrize(("T", "eps"), [(2, 0.7), (20, 0.01), (100, 0.05), (300, 0.5), (64, 1e-4)])
def test_closed_form_is_the_constant_of_the_tree(T, eps):
    """Two routes to S6's constant; round-off of T terms that cancel when eps is small."""
    tree = needle(T, eps)
    assert log_needle_constant(T, eps) == pytest.approx(math.log(terminal_constant(tree)), rel=1e-9)
    other = terminal_constant(needle(T + 1, eps))
    assert log_needle_constant(T, eps) != pytest.approx(math.log(other), rel=1e-6)


def test_closed_form_has_no_seam_where_floats_end():
    T = 1000
    eps = math.expm1(700 / (2 * (T - 1)))
    below, above = (log_needle_constant(T, eps * (1 + s)) for s in (-1e-9, 1e-9))
    assert above - below == pytest.approx(2 * 2 * (T - 1) * 1e-9 * eps / (1 + eps), rel=0.1)


def test_boundary_is_a_equal_one():
    """At T = 2^20 the degree is 1 on the boundary, and grows without bound only left of it."""
    T = 2**20
    assert local_degree(T, 1.0, 1.0) == pytest.approx(1, abs=1e-3)
    assert local_degree(T, 1.25, 1.0) == pytest.approx(0.75, abs=0.02)
    assert local_degree(T, 0.75, 1.0) > 10
    assert local_degree(T, 0.75, 1.0) > 5 * local_degree(2**8, 0.75, 1.0)


def test_edge_has_degree_one_plus_two_c():
    """T^2 / log T at c = 1/2."""
    T = 2**20
    low, high = (log_needle_constant(t, epsilon_of(t, None)) + math.log(math.log(t))
                 for t in (T, 2 * T))  # fmt: skip
    assert (high - low) / math.log(2) == pytest.approx(2, abs=0.01)


def test_first_order_law_predicts_the_markers(rows):
    """Within a quarter for a <= 1; not for a = 5/4, where one particle is soon close enough."""
    lines = of(rows, series="line")
    ratio = column(lines, "n_star") / column(lines, "first_order")
    right_of_edge = np.array([row["a"] == 1.25 for row in lines])
    assert np.all(np.abs(ratio[~right_of_edge] - 0.9) < 0.25)
    assert ratio[right_of_edge].min() < 0.65


def test_markers_are_the_table(rows):
    lines = of(rows, series="line")
    assert shows(drawn(build, rows).axes[2], column(lines, "T"), column(lines, "n_star"))


def test_schedules():
    asked = list(plan("phase"))
    powers = [p for p in asked if p["a"] is not None]
    assert all(p["eps"] == p.get("c", 1.0) * portable.power(p["T"], -p["a"]) for p in powers)
    edge = [p for p in asked if p["a"] is None]
    assert all(p["eps"] == pytest.approx(math.log(p["T"]) / (2 * p["T"])) for p in edge)


def test_lines_end_where_first_order_particles_reach_1e13():
    lines = [p for p in plan("phase") if p["series"] == "line"]
    horizons = sorted({p["T"] for p in lines})

    def within_reach(T, eps):
        return log_needle_constant(T, eps) < math.log(0.1 * 1e13)

    assert all(within_reach(p["T"], p["eps"]) for p in lines)
    for a in {p["a"] for p in lines} - {None}:
        line = [p["T"] for p in lines if p["a"] == a]
        assert line == [T for T in horizons if within_reach(T, T**-a)]
