"""The guided figure, from its quick table: S4's tanh attained, the bounds kept, no threshold."""

import numpy as np
import pytest
from drawing import drawn, markers, ordered, same_bytes

from treesmc.figures.common import column, of
from treesmc.figures.guided.figure import build
from treesmc.figures.run import compute, points
from treesmc.figures.shards import read_table
from treesmc.sims.sweeps.digits import SIGNIFICANT
from treesmc.theory.bounds import guided_single_tv, zhu_lu_guided_tv

PRINTED = 0.5 * 10.0 ** (1 - SIGNIFICANT)  # relative, of a number of nine digits


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    return compute("guided", tmp_path_factory.mktemp("guided"), quick=True)


@pytest.fixture(scope="module")
def rows(table):
    return read_table(table)


def test_worst_tree_attains_the_tanh(rows):
    worst = of(rows, base="persistent")
    exact = [guided_single_tv(int(r["T"]), r["eps"]) for r in worst]
    np.testing.assert_allclose(column(worst, "tv"), exact, rtol=PRINTED)
    one_step_more = [guided_single_tv(int(r["T"]) + 1, r["eps"]) for r in worst]
    assert not np.allclose(column(worst, "tv"), one_step_more, atol=1e-3)


def test_bounds_hold_and_half_of_them_does_not(rows):
    tv = column(rows, "tv")
    tanh = np.array([guided_single_tv(int(r["T"]), r["eps"]) for r in rows])
    assert np.all(tv <= tanh * (1 + PRINTED))
    assert np.all(tanh <= [zhu_lu_guided_tv(int(r["T"]), r["eps"]) for r in rows])
    assert not np.all(tv <= tanh / 2)


def test_no_threshold_of_failure(rows):
    """Exact beyond eps = 1/(2T), where other trees are not."""
    beyond = [r for r in rows if r["eps"] * r["T"] > 0.6]
    assert column(of(beyond, base="power"), "tv").max() < 1e-12
    assert column(of(beyond, base="persistent"), "tv").min() > 0.2


def test_markers_are_the_table(rows):
    left, right = drawn(build, rows).axes
    for axes, bases in ((left, ("persistent", "power")), (right, ("product", "random"))):
        shown = [r for r in rows if r["base"] in bases]
        expected = ordered(column(shown, "T") * column(shown, "eps"), column(shown, "tv"))
        np.testing.assert_allclose(markers(axes), expected)
        assert not np.allclose(markers(axes) * [1, 1.01], expected, rtol=1e-3, atol=0)


def test_files_and_points(table, tmp_path):
    assert same_bytes("guided", table, tmp_path)
    asked = points("guided")
    assert len({(p["series"], p["T"], p["scale"], p["seed"]) for p in asked}) == len(asked)
