"""The perturbations figure, from its quick table: medians and ranges drawn, S2 above all of N*."""

import numpy as np
import pytest
from drawing import drawn, same_bytes

from treesmc.figures.common import column, of
from treesmc.figures.guided.figure import LOOKS
from treesmc.figures.perturbations.figure import build, summarise
from treesmc.figures.perturbations.points import EPS, ERROR_HORIZON, REFERENCES
from treesmc.figures.run import compute
from treesmc.figures.shards import read_table


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    return compute("perturbations", tmp_path_factory.mktemp("perturbations"), quick=True)


@pytest.fixture(scope="module")
def rows(table):
    return read_table(table)


@pytest.fixture(scope="module")
def panels(rows):
    return drawn(build, rows).axes


def row(T, n, instance=0):
    return {"T": T, "eps": EPS, "instance": instance, "n_star": n, "x": 10 * n}


def test_summary_is_median_and_range_over_instances():
    rows = [row(8, 3), row(16, 5, 0), row(16, 100, 1), row(16, 7, 2)]
    np.testing.assert_allclose(summarise(rows, "x"), [[30, 70], [3, 5], [3, 7], [3, 100]])


@pytest.mark.parametrize("name", LOOKS)
def test_markers_are_the_table(rows, panels, name):
    used = of(rows, series=name)
    wanted = (of(used, eps=EPS), "T"), (of(used, T=ERROR_HORIZON), "eps")
    for axes, (series, key) in zip(panels, wanted, strict=False):
        (container,) = [c for c in axes.containers if c.get_label() == name.replace("_", " ")]
        points = container.lines[0].get_xydata()
        expected = sorted(zip(column(series, key), column(series, "n_star"), strict=True))
        np.testing.assert_allclose(points, expected)


def test_references_are_levels_at_the_horizon_of_the_other_panels(rows, panels):
    levels = [of(rows, series=name, T=ERROR_HORIZON)[0]["n_star"] for name in REFERENCES]
    for axes in panels[1:]:
        flat = [line.get_ydata()[0] for line in axes.lines if len(set(line.get_ydata())) == 1]
        assert set(levels) <= set(flat)


def test_s2_is_above_every_cost_and_one_without_eps_would_not_be(rows, panels):
    curve = panels[2].lines[-1].get_xydata()
    smc = [r for r in of(rows, T=ERROR_HORIZON) if r["series"] != "naive"]
    x, n = (column(smc, key) for key in ("seen_value_error", "n_star"))
    bound = np.exp(np.interp(np.log(np.maximum(x, curve[0, 0])), *np.log(curve).T))
    assert np.all(n <= bound)
    assert not np.all(n <= curve[0, 1])


def test_same_error_costs_are_orders_of_magnitude_apart(rows):
    cost = {r["series"]: r["n_star"] for r in of(rows, T=ERROR_HORIZON, eps=EPS)}
    assert min(cost["persistent"], cost["hidden"]) > 1e4 * max(
        cost["value_noise"], cost["random_sign"]
    )


def test_files(table, tmp_path):
    assert same_bytes("perturbations", table, tmp_path)
