"""Points: the numbers of the modules behind them, streams that are their own, honest forecasts."""

import numpy as np
import pytest

from treesmc.sims import cost
from treesmc.sims.base.errors import BadInput
from treesmc.sims.sweeps.forecast import SEARCH, Forecast, forecast
from treesmc.sims.sweeps.point import RESULTS, build_tree, compute_point, stream_seed
from treesmc.sims.sweeps.trees import DEFAULTS
from treesmc.sims.trees import families, values


def point(family="random", method="smc", T=4, **keys):
    return {**DEFAULTS, "family": family, "method": method, "T": T, **keys}


def test_trees_are_those_of_the_families():
    drifting = build_tree(point("needle_in_drift", eps=0.1, drift=0.3))
    assert drifting.name == families.needle_in_drift(4, 0.1, 0.3).name
    shape = {"branching": 3, "sigma": 0.5, "concentration": 2.0}
    tree = build_tree(point(tree_seed=7, **shape))
    np.testing.assert_array_equal(tree.policy, families.random_tree(4, seed=7, **shape).policy)
    perturbed = build_tree(point(tree_seed=7, eps=0.2, perturbation="random_sign", **shape))
    assert values.epsilon(perturbed) == pytest.approx(0.2, rel=1e-9)
    assert values.epsilon(tree) < 1e-9
    power = build_tree(point("product", r=1.4, true_value=False))
    assert values.epsilon(power) == pytest.approx(0.2, rel=1e-9)


def test_cost_is_that_of_the_command():
    given = point("needle", T=8, eps=0.3, delta=0.1, seed=5, streams="common")
    row = compute_point(given)
    found = cost.cost(families.needle(8, 0.3), "smc", 0.1, seed=5)
    assert (row["n_star"], row["low"], row["high"]) == (found.n_star, *found.interval)
    assert row["first_order"] == pytest.approx(row["n_star"], rel=0.2)
    assert set(row) <= set(RESULTS)


def test_measured_agrees_with_exact(monkeypatch):
    given = point("needle", T=6, eps=0.2, N=20, replicates=32 * 256)
    exact = compute_point(given)["tv"]
    monkeypatch.setattr("treesmc.sims.laws.lineage.EXACT_CAP", 0)
    row = compute_point(given)
    allowed = 4 * row["tv_stderr"] + row["tv_bias"]  # false alarm: 6e-5
    assert row["evidence"] == "measured"
    assert abs(row["tv"] - exact) < allowed
    without_last = compute_point({**given, "ess_threshold": 0.99})["tv"]  # another law
    assert abs(without_last - exact) > allowed


def test_pool_mh_improves_with_iterations():
    rows = [compute_point(point(method="pool-mh", M=4, H=H, replicates=8192)) for H in (0, 8)]
    assert rows[0]["tv"] > 2 * rows[1]["tv"]
    assert rows[1]["reference_draws"] == rows[1]["value_evaluations"] == 4 * 4 * 9
    assert abs(np.expm1(rows[1]["log_Z_hat"] - rows[1]["log_Z"])) < 0.1


def test_what_no_number_achieves_is_empty():
    row = compute_point(point("persistent", "guided", eps=0.5, delta=0.01))
    assert row["n_star"] is None


def test_streams():
    given = point("needle", eps=0.1, N=10)
    same = {**given, "series": "a name", "schedule": "0.1"}
    assert stream_seed(given) == stream_seed(same) == stream_seed(dict(reversed(given.items())))
    others = [
        {**given, "N": 11},
        {**given, "seed": 1},
        {**given, "T": 5},
        {**given, "tree_seed": 1},
    ]
    assert len({stream_seed(p) for p in [given, *others]}) == 5
    common = [{**p, "streams": "common"} for p in (given, {**given, "N": 11})]
    assert {stream_seed(p) for p in common} == {0}


def test_forecast():
    assert forecast(point("needle", eps=0.1, N=100)) == (0, 0)  # exact: nothing is drawn
    assert forecast(point(method="guided-smc", N=10)) == (1024 * 10 * 4, 1024 * 10 * 4 * 2)
    row = compute_point(point(delta=0.02, eps=0.2, perturbation="hidden"))
    draws, _ = forecast(point(delta=0.02, eps=0.2, perturbation="hidden"))
    assert row["evidence"] == "measured"
    assert draws == pytest.approx(1024 * SEARCH * row["reference_draws"], rel=0.5)


def test_forecast_sums_and_names_what_cannot_be():
    total = Forecast()
    points = [point(N=10), point(N=20), point("needle", T=1, N=10)]
    rows = list(total.rows(points))
    assert total.draws == sum(row["draws"] for row in rows[:2]) == 1024 * 30 * 4
    assert "horizon: 1 is too short" in rows[2]["error"]
    with pytest.raises(BadInput):
        forecast(points[2])
