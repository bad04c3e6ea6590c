"""Guided sampling: S4's tanh attained, the bounds kept, no threshold."""

import numpy as np
from drawing import drawn, shows

from treesmc.figures.guided.figure import build
from treesmc.figures.rows import column, of
from treesmc.sims.sweeps.digits import SIGNIFICANT
from treesmc.theory.bounds import guided_single_tv, zhu_lu_guided_tv

PRINTED = 0.5 * 10.0 ** (1 - SIGNIFICANT)  # relative, of a number of nine digits


def test_worst_tree_attains_the_tanh(rows):
    worst = of(rows, base="persistent")
    exact, one_step_more = (
        [guided_single_tv(int(r["T"]) + more, r["eps"]) for r in worst] for more in (0, 1)
    )
    np.testing.assert_allclose(column(worst, "tv"), exact, rtol=PRINTED)
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
    for axes, bases in zip(
        drawn(build, rows).axes, (("persistent", "power"), ("product", "random")), strict=True
    ):
        shown = [r for r in rows if r["base"] in bases]
        assert shows(axes, column(shown, "T") * column(shown, "eps"), column(shown, "tv"))
