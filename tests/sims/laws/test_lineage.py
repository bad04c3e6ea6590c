"""The Wright-Fisher chain against the dense binomial chain and known limits."""

import math

import numpy as np
import pytest

from treesmc.sims.base.errors import BadInput
from treesmc.sims.laws import lineage as module
from treesmc.sims.laws.lineage import (
    is_two_lineage,
    least_particles_exact,
    lineage_law,
)
from treesmc.sims.trees.families import needle, persistent, product, random_tree
from treesmc.sims.trees.tree import TreeMDP
from treesmc.sims.trees.values import reference_law, target_law, total_variation

ROUND_OFF = 1e-12  # T steps of rounding in pmf ratios, each below N * 1e-16


def crossing_tree():
    """Two depths of one class, then a split by two of three symbols, then crossing labels."""
    return TreeMDP.from_layers(
        policy=[[[1.0]], [[0.2, 0.5, 0.3]], [[1.0], [1.0]], [[0.4, 0.6], [1.0, 0.0]]],
        child=[[[0]], [[1, 0, 1]], [[1], [0]], [[0, 0], [1, 0]]],
        log_value=[[0.3], [0.1], [0.4, -0.2], [0.0, 0.7], [-0.5, 1.0]],
        name="crossing",
    )


def binomial_row(N, p):
    return np.array([math.comb(N, k) * p**k * (1 - p) ** (N - k) for k in range(N + 1)])


def dense_chain(N, first, weight_ratio):
    """Probability of the first lineage by the definition, all pmf entries from math.comb."""
    mass = binomial_row(N, first)
    K = np.arange(N + 1)
    for g in weight_ratio[:-1]:
        mass = mass @ np.array([binomial_row(N, w) for w in K * g / (K * g + N - K)])
    g = weight_ratio[-1]
    return mass @ (K * g / (K * g + N - K))


def needle_weight_ratio(T, eps):
    return [1.0] + [(1 + eps) ** 2] * (T - 1)


@pytest.mark.parametrize("N", [1, 2, 7, 60])
@pytest.mark.parametrize(("T", "eps"), [(2, 0.5), (6, 0.3), (15, 0.05)])
def test_needle_is_the_chain_of_its_definition(T, eps, N):
    H = math.floor((1 + eps) ** (2 * (T - 1))) + 1
    hidden = dense_chain(N, 1 / H, needle_weight_ratio(T, eps))
    law = lineage_law(needle(T, eps), N)
    np.testing.assert_allclose(law, [hidden, 1 - hidden], rtol=0, atol=ROUND_OFF)
    off_by_one_step = dense_chain(N, 1 / H, needle_weight_ratio(T + 1, eps))
    assert N == 1 or abs(off_by_one_step - hidden) > 1000 * ROUND_OFF


@pytest.mark.parametrize("N", [2, 9])
def test_a_late_split_with_crossing_labels(N):
    tree = crossing_tree()
    # Class 0 at the split goes 0 -> 1 -> 1, the other one 1 -> 0 -> 0; first steps of one class.
    g = np.exp([0.4 + 0.2, (0.7 - 0.4) - (0.0 + 0.2), (1.0 - 0.7) - (-0.5 - 0.0)])
    first = dense_chain(N, 0.5, g)
    np.testing.assert_allclose(lineage_law(tree, N), [1 - first, first], rtol=0, atol=ROUND_OFF)
    assert abs(first - 0.5) > 0.01


def test_one_particle_is_the_reference_and_constant_value_is_exact():
    for tree in (needle(12, 0.2), crossing_tree()):
        np.testing.assert_allclose(lineage_law(tree, 1), reference_law(tree), atol=ROUND_OFF)
    flat = needle(9, 0.0)
    np.testing.assert_allclose(lineage_law(flat, 5), target_law(flat), atol=ROUND_OFF)


def test_total_variation_falls_like_one_over_n():
    tree = needle(6, 0.1)
    target = target_law(tree)
    scaled = [N * total_variation(lineage_law(tree, N), target) for N in (500, 1000, 2000)]
    # N TV = a + b/N + ...: successive differences halve.
    assert (scaled[2] - scaled[1]) / (scaled[1] - scaled[0]) == pytest.approx(0.5, abs=0.05)


def test_dropping_far_tails_loses_nothing_and_dropping_near_ones_does():
    N, odds = 300, 0.7
    exact = binomial_row(N, odds / (1 + odds))
    for negligible, lost in ((module._NEGLIGIBLE, False), (1e-6, True)):
        pmf = np.zeros(N + 1)
        spread_with(negligible, odds, pmf)
        assert (np.abs(pmf - exact).sum() > ROUND_OFF) == lost
    assert abs(pmf.sum() - 1) < ROUND_OFF


def spread_with(negligible, odds, pmf):
    """The kernel's Python source under another threshold."""
    source = module._spread.py_func
    namespace = dict(source.__globals__, _NEGLIGIBLE=negligible)
    N = len(pmf) - 1
    type(source)(source.__code__, namespace)(1.0, odds, module._ratios(N), np.empty(N + 1), pmf)


def test_compiled_equals_plain_python_bit_for_bit():
    N = 80
    mass = np.full(N + 1, 1 / (N + 1))
    arguments = (mass, 1.3, module._ratios(N), np.empty(N + 1))
    np.testing.assert_array_equal(module._step(*arguments), module._step.py_func(*arguments))


def test_extreme_weights_are_certain():
    tree = TreeMDP.from_layers(
        policy=[[[0.5, 0.5]], [[1.0], [1.0]]],
        child=[[[0, 1]], [[0], [1]]],
        log_value=[[0.0], [900.0, -900.0], [0.0, 0.0]],
    )
    # Resampling keeps class 0 whenever it is there; the last weights are then irrelevant.
    np.testing.assert_allclose(lineage_law(tree, 5), [1 - 0.5**5, 0.5**5], rtol=ROUND_OFF)


def test_least_particles_is_a_crossing():
    tree = needle(10, 0.15)
    target = target_law(tree)
    N = least_particles_exact(tree, 0.1)
    assert total_variation(lineage_law(tree, N), target) <= 0.1
    assert total_variation(lineage_law(tree, N - 1), target) > 0.1
    assert least_particles_exact(tree, 0.1, cap=N) == N
    assert least_particles_exact(tree, 0.1, cap=N - 1) is None
    assert least_particles_exact(needle(10, 0.0), 0.1) == 1


def test_which_trees_are_two_lineage():
    single = TreeMDP.from_layers([[[0.5, 0.5]]], [[[0, 0]]], [[0.0], [1.0]])
    assert is_two_lineage(single)
    assert is_two_lineage(needle(5, 0.1))
    assert is_two_lineage(persistent(5, 0.1))
    assert is_two_lineage(crossing_tree())  # its edge of probability zero is no edge
    np.testing.assert_array_equal(lineage_law(single, 3), [1.0])
    for tree in (product(4), random_tree(2), product(1)):
        assert is_two_lineage(tree) == (tree.horizon == 1)
    merging = TreeMDP.from_layers(
        [[[0.5, 0.5]], [[0.5, 0.5], [0.5, 0.5]]],
        [[[0, 1]], [[0, 1], [0, 1]]],
        [[0.0], [0.0, 0.0], [0.0, 0.0]],
    )
    assert not is_two_lineage(merging)


def test_bad_input_is_refused():
    tree = needle(4, 0.1)
    for call in (
        lambda: lineage_law(product(4), 5),
        lambda: lineage_law(tree, 0),
        lambda: lineage_law(tree, 2.5),
        lambda: least_particles_exact(tree, 0.0),
        lambda: least_particles_exact(tree, 0.1, cap=0),
    ):
        with pytest.raises(BadInput):
            call()


def test_a_branch_too_rare_for_a_float_beside_one():
    tree = TreeMDP.from_layers([[[1.0, 1e-30]]], [[[0, 1]]], [[0.0], [0.0, 1.0]])
    assert lineage_law(tree, 10) == pytest.approx([1.0, 0.0])
