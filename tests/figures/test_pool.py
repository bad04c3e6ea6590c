"""Pools: markers are the table; degrees 3/2 and 2 as intervals; the search is exact."""

import numpy as np
import pytest
from drawing import drawn, markers, shows

from treesmc.figures.pool.figure import FLOOR, build
from treesmc.figures.pool.fits import fit_degree
from treesmc.figures.pool.points import DEGREES, least_cost, least_pool
from treesmc.figures.rooms import plan
from treesmc.figures.rows import column, of
from treesmc.sims.laws.pool_accuracy import distances

ZL_6_1 = 3.0
DELTA = 0.1


def test_markers_are_the_table(rows):
    left, middle, right = drawn(build, rows).axes
    accuracy, least, balance = (of(rows, series=s) for s in ("accuracy", "least", "balance"))
    assert shows(left, column(accuracy, "H"), column(accuracy, "tv"))
    assert shows(middle, column(least, "T"), column(least, "cost"))
    heights = np.concatenate([column(balance, "tv"), column(balance, "imbalance")])
    np.testing.assert_allclose(np.sort(markers(right)[:, 1]), np.sort(np.maximum(heights, FLOOR)))


def test_only_the_right_acceptance_balances(rows):
    chains = of(rows, series="balance")
    right = of(chains, score="phi / w")
    assert max(column(right, "tv").max(), column(right, "imbalance").max()) == 0
    wrong = [r for r in chains if r["M"] > 1 and r["score"] != "phi / w"]
    assert column(wrong, "tv").min() > 0.05
    assert column(wrong, "imbalance").min() > 0.1


@pytest.mark.parametrize("c", DEGREES)
def test_degree_of_the_cost(full, c):
    """The interval holds the degree proved, and not ZL-6.1's, nor the other class of trees."""
    low, high = fit_degree(full, c).interval("log T")
    assert low < DEGREES[c] < high < ZL_6_1
    # Data of another class: one more, or half, a power of T.
    for more in (1.0, -0.5):
        moved = [{**r, "cost": r["cost"] and r["cost"] * r["T"] ** more} for r in full]
        low, high = fit_degree(moved, c).interval("log T")
        assert not low < DEGREES[c] < high


def test_classes_are_told_apart(full):
    exact, drifting = (fit_degree(full, c).interval("log T") for c in (0.0, 1.0))
    assert exact[1] < 1.6 < 1.9 < drifting[0]


def test_least_cost_approaches_its_limit(full):
    """Within 5% at the longest horizons; half a power of T off would be far more."""
    for c, degree in DEGREES.items():
        last = of(full, series="least", c=c)[-1]
        limit = of(full, series="limit", c=c)[0]["cost"]
        assert last["cost"] / last["T"] ** degree == pytest.approx(limit, rel=0.08)
        assert last["cost"] / last["T"] ** (degree + 0.5) != pytest.approx(limit, rel=0.5)


def test_search_finds_the_least_pair():
    """Against all pairs; enough stays enough at larger M and H, as the search supposes."""
    T, c, pools, most = 24, 1.0, range(1, 61), 60
    tv = np.array([distances(T, c, M, most) for M in pools])
    enough = tv <= DELTA
    assert np.all(enough[1:] >= enough[:-1])
    assert np.all(np.diff(tv, axis=1) < 0)
    least = min(M * (row.argmax() + 1) for M, row in zip(pools, enough, strict=True) if row.any())

    def steps(M, limit):
        row = enough[M - 1, : limit + 1]
        return int(row.argmax()) if row.any() else None

    M, H = least_cost(steps, T, most)
    assert M * (H + 1) == least == 4 * 13
    assert tv[M - 1, H] <= DELTA < min(tv[M - 2, H], tv[M - 1, H - 1])
    with pytest.raises(ArithmeticError):
        least_cost(lambda M, limit: None, T, most)


def test_least_pool_is_least():
    M = least_pool(32, 0.0, DELTA, 0)
    assert distances(32, 0.0, M, 0)[0] <= DELTA < distances(32, 0.0, M - 1, 0)[0]


def test_fixed_steps_are_the_best_in_the_limit(full):
    limits = {(row["c"], row["H"]) for row in of(full, series="limit")}
    assert limits == {(p["c"], p["H"]) for p in plan("pool") if p["series"] == "fixed H"}
