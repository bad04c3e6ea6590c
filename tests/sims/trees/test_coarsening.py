"""Coarsened trees: the same values and the same laws, and what S2 says of rarer resampling."""

import math

import numpy as np
import pytest

from treesmc.sims.base.errors import BadInput
from treesmc.sims.cost import terminal_constant
from treesmc.sims.laws.certificate import log_mixing_ratios
from treesmc.sims.laws.moments import relative_variance
from treesmc.sims.trees.coarsening import coarsened, limiting_times
from treesmc.sims.trees.families import needle, needle_in_drift, product, random_tree
from treesmc.sims.trees.perturb import random_sign
from treesmc.sims.trees.tree import TreeMDP
from treesmc.sims.trees.values import (
    log_normalizer,
    ratio_bound,
    reference_law,
    target_law,
    total_variation,
)

ROUND_OFF = 1e-12
TREES = [random_sign(random_tree(5, 3, seed=1), 0.3), needle_in_drift(7, 0.2)]


@pytest.mark.parametrize("tree", TREES, ids=lambda tree: tree.name)
@pytest.mark.parametrize("times", [(), (2,), (1, 4), (1, 2, 3, 4)])
def test_reference_target_and_normalizer_stay(tree, times):
    coarse = coarsened(tree, times)
    assert coarse.horizon == len(times) + 1
    assert log_normalizer(coarse) == pytest.approx(log_normalizer(tree), abs=ROUND_OFF)
    assert total_variation(target_law(coarse), target_law(tree)) < ROUND_OFF
    assert total_variation(reference_law(coarse), reference_law(tree)) < ROUND_OFF
    later = coarsened(tree.with_log_value(tree.log_value * 1.01), times)
    assert abs(log_normalizer(later) - log_normalizer(tree)) > 1e-4


@pytest.mark.parametrize("tree", TREES, ids=lambda tree: tree.name)
def test_between_smc_and_naive_sampling(tree):
    """All depths are SMC on the tree itself, no depth is naive sampling."""
    always, never = coarsened(tree, range(1, tree.horizon)), coarsened(tree, ())
    for N in (1, 3, 100):
        smc, naive = relative_variance(tree, N), naive_variance(tree) / N
        assert relative_variance(always, N) == pytest.approx(smc, rel=1e-10)
        assert relative_variance(never, N) == pytest.approx(naive, rel=1e-10)
        assert N == 1 or abs(naive / smc - 1) > 0.01
    assert terminal_constant(always) == pytest.approx(terminal_constant(tree), rel=1e-10)


def naive_variance(tree: TreeMDP) -> float:
    """Relative variance of phi under pi_ref."""
    phi = np.exp(tree.log_value_at(tree.horizon) - log_normalizer(tree))
    return float(reference_law(tree) @ phi**2) - 1


def test_steps_of_rarer_resampling_are_bounded_as_proved():
    """q <= L^b (1 + eps)^(2T - s - t) of every step; without its L^b the bound is too small."""
    T, eps = 24, 1 / 24
    tree, times = needle_in_drift(T, eps), [6, 12, 18]
    ratios = log_mixing_ratios(coarsened(tree, times))
    errors = np.array([2 * T - s - t for s, t in zip([0, *times], [*times, T], strict=True)])
    bound = errors * math.log1p(eps) + 6 * math.log(ratio_bound(tree))
    assert np.all(ratios <= bound + ROUND_OFF)
    assert np.any(ratios > errors * math.log1p(eps) + math.log(ratio_bound(tree)))


def test_without_resampling_the_needle_needs_no_more_particles_at_long_horizons():
    """S2 on the coarsened tree has degree 0, at every step degree 1."""
    trees = [needle(T, math.expm1(1 / (T - 1))) for T in (16, 256)]
    never, always = (
        [np.expm1(log_mixing_ratios(variant(tree))).sum() for tree in trees]
        for variant in (lambda tree: coarsened(tree, ()), lambda tree: tree)
    )
    assert never[1] == pytest.approx(never[0], rel=1e-9)
    assert always[1] > 14 * always[0]


def test_limiting_times_are_those_of_independent_factors():
    """On fair bits with V = V* a step has E G^2 = 10/9, so ESS/N falls to 0.9^steps."""
    steps = math.ceil(math.log(0.5) / math.log(0.9))
    assert limiting_times(product(20), 0.5) == [steps, 2 * steps]
    assert limiting_times(product(20), 0.9**steps * 1.001) == [steps, 2 * steps]
    assert limiting_times(product(20), 0.9**steps * 0.999) == [steps + 1, 2 * steps + 2]
    assert limiting_times(product(20), 1.0) == list(range(1, 20))
    assert limiting_times(product(20), 0.0) == []


@pytest.mark.parametrize("times", [(0,), (5,), (3, 2), (2, 2)])
def test_depths_out_of_order_are_refused(times):
    with pytest.raises(BadInput, match=r"^times: "):
        coarsened(product(5), times)
