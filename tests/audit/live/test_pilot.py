"""Pilot runs against the exact second moment of SMC (claim S6)."""

import math

import numpy as np
import pytest

from treesmc.audit.live.pilot import Run, log_apart, run_smc, summarise
from treesmc.audit.live.protocol import Checked
from treesmc.audit.live.tree_model import TreeModel
from treesmc.sims.base.streams import generator
from treesmc.sims.laws import moments
from treesmc.sims.trees import families, perturb
from treesmc.sims.trees.values import log_normalizer

TREES = {
    "product": families.product(4),
    "random": families.random_tree(5, seed=1),
    "needle_in_drift": families.needle_in_drift(6, 0.2),
    "persistent": perturb.persistent(families.random_tree(4, seed=3), 0.3, 1),
}
K = 4.0  # standard errors: 6e-5 per comparison


def relative_runs(tree, N, runs, seed=0):
    """Return (Zhat/Z)^2 and D/Z^2 of independent runs."""
    model, rng = Checked(TreeModel(tree)), generator(seed)
    results = [run_smc(model, "", N, tree.horizon, rng) for _ in range(runs)]
    offset = tree.log_value[0] - log_normalizer(tree)
    square = np.exp([2 * (r.log_Z + offset) for r in results])
    return square, np.exp([r.log_D + 2 * offset for r in results])


def deviations(sample, expected):
    """Return how many standard errors a sample mean is from its expectation."""
    return abs(sample.mean() - expected) / (sample.std(ddof=1) / math.sqrt(len(sample)))


# The fewer particles, the rarer a pair that never meets, and the longer the tail of D.
@pytest.mark.parametrize(
    ("name", "N", "runs"),
    [
        ("product", 2, 1500),
        ("persistent", 3, 1500),
        ("random", 6, 800),
        ("random", 32, 300),
        ("needle_in_drift", 32, 500),
    ],
)
def test_zhat_and_single_run_estimator_are_unbiased(name, N, runs):
    tree = TREES[name]
    square, D = relative_runs(tree, N, runs)
    variance = moments.relative_variance(tree, N)
    assert deviations(square, 1 + variance) < K
    assert deviations(D, 1.0) < K
    assert deviations(square - D, variance) < K


@pytest.mark.parametrize("power", [-1, 1])
def test_one_generation_more_or_less_is_noticed(power):
    tree, N = TREES["product"], 4
    square, D = relative_runs(tree, N, 1000)
    assert deviations(square - D, moments.relative_variance(tree, N)) < K
    wrong = D * (N / (N - 1)) ** power
    assert deviations(wrong, 1.0) > K
    assert deviations(square - wrong, moments.relative_variance(tree, N)) > K


def test_large_n_gives_the_asymptotic_variance_both_ways():
    tree, N, R = TREES["needle_in_drift"], 512, 160
    model, rng = Checked(TreeModel(tree)), generator(2)
    runs = [run_smc(model, "", N, tree.horizon, rng) for _ in range(R)]
    pilot = summarise("", N, runs, 0)
    v = moments.asymptotic_variance(tree)
    assert abs(N * moments.relative_variance(tree, N) / v - 1) < 0.01
    # A sample variance of R near-normal values has relative standard error sqrt(2 / (R - 1)).
    assert abs(pilot.by_replicates.value / v - 1) < K * math.sqrt(2 / (R - 1))
    assert abs(pilot.by_genealogy.value / v - 1) < 0.2
    for estimate in (pilot.by_replicates, pilot.by_genealogy):
        assert estimate.low < estimate.value < estimate.high


def test_apart_counts_pairs_of_different_eves():
    rng = generator(1)
    eve, G, T = rng.integers(0, 4, 9), rng.random(9), 3
    different = eve[:, None] != eve[None, :]
    D = (9 / 8) ** T * (np.outer(G, G) * different).sum() / G.sum() ** 2
    assert math.isclose(log_apart(eve, G, T), math.log(D), rel_tol=1e-12)


def test_one_eve_says_n_and_one_particle_says_nothing():
    assert log_apart(np.zeros(5, dtype=int), np.ones(5), 3) == -math.inf
    pilot = summarise("", 5, [Run(0.3, -math.inf)], 0)
    assert pilot.by_genealogy.value == 5
    assert math.isnan(pilot.by_replicates.value)
    assert math.isnan(pilot.by_genealogy.low)
    assert math.isnan(run_smc(Checked(TreeModel(TREES["random"])), "", 1, 5, generator(0)).log_D)


def test_huge_values_do_not_overflow():
    runs = [Run(900.0 + x, 2 * 900.0) for x in (0.0, 0.1, 0.2)]
    small = [Run(x, 0.0) for x in (0.0, 0.1, 0.2)]
    assert np.isclose(
        summarise("", 4, runs, 0).by_genealogy.value, summarise("", 4, small, 0).by_genealogy.value
    )
