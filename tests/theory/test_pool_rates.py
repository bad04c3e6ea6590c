"""Rates of Algorithm 2 proved in this project: the statements, the steps of the proofs, mutants."""

import math

import numpy as np
import pytest

from treesmc.sims.enumeration import enumerate_pool_mh
from treesmc.sims.experiments.pool import distances, proposals
from treesmc.sims.families import needle_in_drift, product, random_tree
from treesmc.sims.perturb import PERTURBATIONS
from treesmc.sims.values import epsilon, ratio_bound, target_law, total_variation
from treesmc.theory.pool_rates import enough_iterations, enough_pool, single_proposal_tv

DELTA = 0.1


def ratio(T, c):
    return ratio_bound(needle_in_drift(T, c / T) if c else product(T))


@pytest.mark.parametrize(("T", "c"), [(4, 1.0), (16, 1.0), (32, 0.0), (12, 2.0)])
@pytest.mark.parametrize("delta", [0.5, 0.01])
def test_enough_is_enough(T, c, delta):
    M, H = enough_pool(T, c / T, ratio(T, c), delta), enough_iterations(T, c / T, delta)
    assert distances(T, c, M, H)[H] <= delta


def test_pools_or_iterations_fewer_in_order_are_not_enough():
    """Without rho^2 in H, or with pools that do not grow with T."""
    T, c = 64, 2.0
    M = enough_pool(T, c / T, ratio(T, c), DELTA)
    assert distances(T, c, M, 21)[21] > DELTA
    H = enough_iterations(16, 0.0, DELTA)
    assert distances(256, 1.0, 3, H)[H] > DELTA


def test_weight_moments_and_tail():
    """E_tau[(w/rho^2)^p] <= exp(p + 1), and tau(w > e^3 rho^2) <= exp(1 - 2 p)."""
    for T, c in ((8, 1.0), (64, 1.0), (64, 0.0)):
        p = math.log(4 / DELTA)
        M = enough_pool(T, c / T, ratio(T, c), DELTA)
        log_weight, joint = proposals(T, c, M)
        excess = log_weight - 2 * (T - 1) * math.log1p(c / T)
        tau = joint.sum(axis=1) * np.exp(log_weight)
        assert np.sum(tau * np.exp(p * excess)) <= math.exp(p + 1)
        assert tau[excess > 3].sum() <= math.exp(1 - 2 * p)
    log_weight, joint = proposals(64, 0.0, 1)  # pools of one do not obey
    assert np.sum(joint.sum(axis=1) * np.exp((1 + p) * log_weight)) > math.exp(p + 1)


def small_trees():
    for seed in range(3):
        tree = random_tree(2, concentration=3.0, sigma=0.25, seed=seed)
        yield tree
        yield from (perturb(tree, 0.05, seed) for perturb in PERTURBATIONS.values())


def single_tv(tree, M):
    return total_variation(np.array(enumerate_pool_mh(tree, M, 0)), target_law(tree))


def test_one_proposal_is_near_guided_sampling():
    for tree in small_trees():
        L, eps = ratio_bound(tree), epsilon(tree)
        for M in range(math.ceil(L * (1 + eps)), 7):
            assert single_tv(tree, M) <= single_proposal_tv(2, eps, L, M)
    for T in (4, 64, 256):
        for M in (2, 16, 128):
            assert distances(T, 0.0, M, 0)[0] <= single_proposal_tv(T, 0.0, ratio(T, 0.0), M)


def test_neither_power_of_its_bias_can_be_smaller():
    """With 1/M^2 for 1/M, or without sqrt(T), it fails."""
    T, L = 256, ratio(256, 0.0)
    bias = single_proposal_tv(T, 0.0, L, 128)
    assert distances(T, 0.0, 128, 0)[0] > bias / 128
    assert distances(256, 0.0, 8, 0)[0] > single_proposal_tv(1, 0.0, L, 8)


def test_costs_have_their_powers():
    def cost(T, delta=DELTA):
        return enough_pool(T, 1 / T, 2.0, delta) * T * (enough_iterations(T, 1 / T, delta) + 1)

    assert math.log2(cost(2000) / cost(1000)) == pytest.approx(2, abs=0.01)
    single = [single_proposal_tv(T, 0.0, 2.0, 10 * math.isqrt(T)) for T in (10**4, 10**6)]
    assert single[0] == pytest.approx(single[1])
