"""Exact laws of Algorithm 2 on independent bits: enumeration on small trees, sampling on longer."""

from itertools import islice

import numpy as np
import pytest
from scipy import stats

from treesmc.sims.laws.enumeration import enumerate_pool_mh
from treesmc.sims.laws.independence import laws
from treesmc.sims.laws.pool_walk import needle_proposals, pool_walk, product_proposals
from treesmc.sims.sampling.samplers import sample_pool_mh
from treesmc.sims.trees.families import needle_in_drift, product

T, EPS = 4, 0.25
TREES = {
    "product": (product(T), lambda M, cells=4096: product_proposals(T, M, cells=cells)),
    "needle": (
        needle_in_drift(T, EPS),
        lambda M, cells=4096: needle_proposals(T, EPS, M, cells=cells),
    ),
}
FALSE_ALARM = 1e-6


def law_after(proposals, H):
    return next(islice(laws(*proposals), H, None))


def error(name, M, H, cells=4096):
    """Largest difference from enumeration."""
    tree, proposals = TREES[name]
    exact = np.array(enumerate_pool_mh(tree, M, H))
    return np.abs(law_after(proposals(M, cells), H) - exact).max()


@pytest.mark.parametrize("name", TREES)
@pytest.mark.parametrize("M", [1, 2, 3])
def test_laws_are_the_enumerated_ones(name, M):
    """A grid of n cells adds noise of order T/n^2 to the weights, none to the proposal itself."""
    assert error(name, M, 0) < 1e-13
    assert max(error(name, M, H) for H in (1, 2)) < 1e-6
    _, proposals = TREES[name]
    other = law_after(proposals(M + 1), 1)
    assert np.abs(other - law_after(proposals(M), 1)).max() > 1e-3


@pytest.mark.parametrize("name", TREES)
def test_error_falls_with_the_square_of_the_cells(name):
    coarse, fine = (error(name, 3, 2, cells) for cells in (256, 2048))
    assert 1e-8 < coarse < 1e-4
    assert fine < coarse / 16  # a factor 8 in cells, some of them spent on the margin


def test_weights_have_mean_one_and_the_target_is_kept():
    for name, (_, proposals) in TREES.items():
        log_weight, joint = proposals(2)
        weighted = (joint * np.exp(log_weight)[:, None]).sum(axis=2).ravel()
        target = np.array(enumerate_pool_mh(TREES[name][0], 1, 200))  # no longer moving
        assert weighted.sum() == pytest.approx(1, abs=1e-12)
        np.testing.assert_allclose(weighted, target, atol=1e-9)
        assert np.abs(joint.sum(axis=2).ravel() - target).max() > 0.01


def test_variance_of_the_walk():
    """The sum of T independent steps; another horizon is told apart."""

    def variance(steps, cells):
        log_weight, joint = pool_walk(steps, 6, np.array([0.5, 1.5]), cells)
        mass = joint.sum(axis=0)
        return mass @ (log_weight - mass @ log_weight) ** 2

    assert variance(64, 4096) == pytest.approx(64 * variance(1, 4096), rel=1e-3)
    assert variance(63, 4096) != pytest.approx(64 * variance(1, 4096), rel=1e-2)


def test_sampler_has_the_law_at_a_longer_horizon():
    """Chi-square over classes of 20 or more expected; H + 2 iterations are told apart."""
    horizon, M, H, R = 12, 3, 3, 10000
    tree = needle_in_drift(horizon, 1 / horizon)
    hits = sample_pool_mh(tree, M, H, R, seed=5).law * R

    def p_value(steps):
        expected = law_after(needle_proposals(horizon, 1 / horizon, M), steps) * R
        used = expected >= 20
        seen, wanted = (np.append(x[used], x[~used].sum()) for x in (hits, expected))
        return stats.chi2.sf(np.sum((seen - wanted) ** 2 / wanted), len(wanted) - 1)

    assert p_value(H) > FALSE_ALARM
    assert p_value(H + 2) < FALSE_ALARM
