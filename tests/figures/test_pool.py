"""The pool figure: markers are the table; degrees 3/2 and 2 as intervals; the search is exact."""

import math
from pathlib import Path

import numpy as np
import pytest
from drawing import drawn, markers, ordered, same_bytes
from scipy import stats

from treesmc.figures.common import column, of
from treesmc.figures.pool.figure import FLOOR, build, fit_degree
from treesmc.figures.pool.points import DEGREES, DRIFT, distances, least_cost, least_pool
from treesmc.figures.run import compute, points
from treesmc.figures.shards import read_table
from treesmc.sims.fits import fit_growth
from treesmc.sims.sampling.samplers import sample_pool_mh
from treesmc.sims.trees.families import needle_in_drift
from treesmc.sims.trees.values import target_law

COMMITTED = Path(__file__).parents[2] / "results" / "pool.csv"
ZL_6_1 = 3.0
DELTA = 0.1


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    return compute("pool", tmp_path_factory.mktemp("pool"), quick=True)


def test_markers_are_the_table(table):
    rows = read_table(table)
    left, middle, right = drawn(build, rows).axes
    accuracy, least, balance = (of(rows, series=s) for s in ("accuracy", "least", "balance"))
    np.testing.assert_allclose(
        markers(left), ordered(column(accuracy, "H"), column(accuracy, "tv"))
    )
    expected = ordered(column(least, "T"), column(least, "cost"))
    np.testing.assert_allclose(markers(middle), expected)
    assert not np.allclose(markers(middle) * [1, 1.01], expected, rtol=1e-3)
    heights = np.concatenate([column(balance, "tv"), column(balance, "imbalance")])
    np.testing.assert_allclose(np.sort(markers(right)[:, 1]), np.sort(np.maximum(heights, FLOOR)))


def test_only_the_right_acceptance_balances(table):
    rows = of(read_table(table), series="balance")
    right = of(rows, score="phi / w")
    assert max(column(right, "tv").max(), column(right, "imbalance").max()) == 0
    wrong = [r for r in rows if r["M"] > 1 and r["score"] != "phi / w"]
    assert column(wrong, "tv").min() > 0.05
    assert column(wrong, "imbalance").min() > 0.1


@pytest.mark.parametrize("c", DEGREES)
def test_degree_of_the_cost(c):
    """The interval holds the degree proved, and not ZL-6.1's, nor the other class of trees."""
    rows = read_table(COMMITTED)
    low, high = fit_degree(rows, c).interval("log T")
    assert low < DEGREES[c] < high < ZL_6_1
    # Data of another class: one more, or half, a power of T.
    for more in (1.0, -0.5):
        moved = [{**r, "cost": r["cost"] and r["cost"] * r["T"] ** more} for r in rows]
        low, high = fit_degree(moved, c).interval("log T")
        assert not low < DEGREES[c] < high


def test_classes_are_told_apart():
    rows = read_table(COMMITTED)
    exact, drifting = (fit_degree(rows, c).interval("log T") for c in (0.0, 1.0))
    assert exact[1] < 1.6 < 1.9 < drifting[0]


def test_least_cost_approaches_its_limit():
    """Within 5% at the longest horizons; half a power of T off would be far more."""
    rows = read_table(COMMITTED)
    for c, degree in DEGREES.items():
        last = of(rows, series="least", c=c)[-1]
        limit = of(rows, series="limit", c=c)[0]["cost"]
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


SEEDS, REPLICATES, H = 16, 400, 16


def measured_pool(T, seed):
    """M at which the sampler itself meets delta over the two sides, by a line in log M."""
    tree = needle_in_drift(T, 1 / T, DRIFT)
    hidden = target_law(tree)[:T].sum()
    pools = [T // 16, T // 8, T // 4]
    laws = [sample_pool_mh(tree, M, H, REPLICATES, seed).law for M in pools]
    gaps = [hidden - law[:T].sum() for law in laws]
    slope, level = np.polyfit(np.log(pools), gaps, 1)
    return (DELTA - level) / slope


def test_sampled_pool_grows_like_T():
    """Cost at fixed H, on draws of 16 seeds: degree 2, by a 99.9% interval over seeds."""
    horizons = (16, 32, 64)
    degrees = []
    for seed in range(SEEDS):
        log_cost = [math.log(T * (H + 1)) + measured_pool(T, seed) for T in horizons]
        degrees.append(fit_growth(horizons, log_cost, None, ("1", "log T")).coefficient("log T"))
    half = stats.t.ppf(0.9995, SEEDS - 1) * np.std(degrees, ddof=1) / math.sqrt(SEEDS)
    assert abs(np.mean(degrees) - 2) < half < 0.5
    assert abs(np.mean(degrees) - ZL_6_1) > half
    assert abs(np.mean(degrees) - 1.5) > half


def test_files_and_points(table, tmp_path):
    assert same_bytes("pool", table, tmp_path)
    for quick in (False, True):
        asked = [tuple(sorted(p.items())) for p in points("pool", quick)]
        assert len(set(asked)) == len(asked)
