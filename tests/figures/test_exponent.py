"""The exponent figure, from its quick table: the markers are the table, and the exponent is 2."""

import math

import numpy as np
import pytest
from drawing import drawn, markers, ordered, same_bytes

from treesmc.figures.exponent.figure import build
from treesmc.figures.exponent.points import fit_exponent
from treesmc.figures.run import compute, points
from treesmc.figures.shards import read_table

EPSILONS = (0.25, 0.5)


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    return compute("exponent", tmp_path_factory.mktemp("exponent"), quick=True)


def exponents(rows):
    return [fit_exponent(rows, e).coefficient("T") / math.log1p(e) for e in EPSILONS]


def test_left_markers_are_the_table(table):
    rows = read_table(table)
    x = [r["T"] * math.log1p(r["eps"]) for r in rows]
    y = [r["n_star"] / r["T"] for r in rows]
    left, _ = drawn(build, rows).axes
    np.testing.assert_allclose(markers(left), ordered(x, y))
    moved = [{**r, "n_star": r["n_star"] + 1} for r in rows]
    assert not np.allclose(markers(drawn(build, moved).axes[0]), ordered(x, y))


def test_exponent_is_two_and_drawn(table):
    """Standard error about 0.02 / 3 at three points, so 0.05 is seven of them."""
    rows = read_table(table)
    assert exponents(rows) == pytest.approx([2, 2], abs=0.05)
    right = drawn(build, rows).axes[1]
    np.testing.assert_allclose(markers(right), ordered(EPSILONS, exponents(rows)))
    # Slightly steeper data are told apart.
    steeper = [{**r, "n_star": r["n_star"] * (1 + r["eps"]) ** (0.1 * r["T"])} for r in rows]
    assert min(exponents(steeper)) > 2.05


def test_uniform_bound_holds_and_half_its_exponent_does_not(table):
    def holds(row, exponent):
        bound = exponent * row["T"] * math.log1p(row["eps"]) + math.log(row["T"] / row["delta"])
        return math.log(row["low"]) <= bound

    rows = read_table(table)
    assert all(holds(row, 2) for row in rows)
    assert not all(holds(row, 1) for row in rows)


def test_files_and_points(table, tmp_path):
    assert same_bytes("exponent", table, tmp_path)
    for quick in (False, True):
        asked = points("exponent", quick)
        assert len({p["seed"] for p in asked}) == len({(p["eps"], p["T"]) for p in asked})
