"""What the rows of the paper's claims are computed with, against hand computation."""

import math

import pytest

from treesmc.sims.trees import families
from treesmc.theory.claims import zl_4_3_guidance_drift as zl_4_3
from treesmc.theory.claims import zl_5_1_smc_particles as zl_5_1
from treesmc.theory.claims import zl_5_2_smc_linear as zl_5_2
from treesmc.theory.claims import zl_6_1_pool_mh as zl_6_1


def test_prefix_distance_at_the_horizon_is_that_of_guided_sampling():
    tree = families.persistent(9, 0.2)
    expected = math.tanh(4 * math.log(1.2))
    assert zl_4_3.prefix_distances(tree)[-1] == pytest.approx(expected, rel=1e-12)


def test_least_particles_doubles_with_the_horizon():
    assert zl_5_2.needle_particles(0.5, 16) == 39
    tree = families.needle(16, 0.5 / 16)
    enough, target = zl_5_1.exact_smc_distance, zl_5_2.NEEDLE_DELTA
    assert enough(tree, 39) <= target < enough(tree, 38)


def test_pool_deviation_by_hand():
    """One step, two children of values 1 and 3, equally likely: means are 2, terms 1/2 and 3/2."""
    fair = families.product(1, 3.0)
    assert zl_6_1.largest_pool_deviation(fair) == pytest.approx(0.5, rel=1e-12)
    assert zl_6_1.largest_pool_deviation(families.needle(5, 0.3)) == pytest.approx(0, abs=1e-12)
    assert zl_6_1.log_b(families.product(2, 1e6)) < math.inf
    lopsided = families.random_tree(2, concentration=0.3, sigma=3.0, seed=1)
    assert zl_6_1.log_b(lopsided) == math.inf


def test_one_pool_step_at_horizon_one_is_not_exact():
    """The stated b is 1 at T = 1, which would make the first iteration exact."""
    tree = families.random_tree(1, concentration=3.0, sigma=0.25, seed=0)
    assert zl_6_1.log_b(tree) == 0
    assert zl_6_1.pool_distance(tree, 2, 1) > 1e-3
