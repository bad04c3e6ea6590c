"""Exact values and laws against hand calculation and enumeration of all paths in fractions."""

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from random_layers import path_classes

from treesmc.sims.base.errors import BadInput
from treesmc.sims.trees import values
from treesmc.sims.trees.families import needle, needle_in_drift, product, random_tree
from treesmc.sims.trees.perturb import random_sign
from treesmc.sims.trees.tree import TreeMDP

# Two steps, two symbols. By hand, with V(root) = 2, V = 1 and 3, phi = 1, 2, 4, 8:
HAND = TreeMDP.from_layers(
    [[[0.5, 0.5]], [[0.5, 0.5], [0.75, 0.25]]],
    [[[0, 1]], [[0, 1], [2, 3]]],
    [np.log([2.0]), np.log([1.0, 3.0]), np.log([1.0, 2.0, 4.0, 8.0])],
)


def test_hand_calculation():
    # E[phi | 0] = 1.5, E[phi | 1] = 5, Z = 3.25.
    assert np.exp(values.log_true_value(HAND)) == pytest.approx([3.25, 1.5, 5, 1, 2, 4, 8])
    # E[V'|s]/V(s): root (0.5 * 1 + 0.5 * 3)/2 = 1, then 1.5/1 and 5/3.
    assert np.exp(values.bellman_log_ratio(HAND)) == pytest.approx([1, 1.5, 5 / 3])
    assert values.epsilon_per_depth(HAND) == pytest.approx([0, 2 / 3], abs=1e-15)
    # G: 1/2, 3/2 at depth 1; 1, 2, 4/3, 8/3 at depth 2.
    assert values.ratio_bound(HAND) == pytest.approx(8 / 3)
    # V/V*: 2/3.25, 1/1.5, 3/5; the largest ratio either way is 5/3.
    assert values.value_error(HAND) == pytest.approx(2 / 3)
    target = np.array([0.25 * 1, 0.25 * 2, 0.375 * 4, 0.125 * 8]) / 3.25
    assert values.target_law(HAND) == pytest.approx(target)
    # Guided: first symbol 1 : 3, then 1 : 2 and 3 : 2.
    assert values.guided_law(HAND) == pytest.approx([1 / 12, 1 / 6, 9 / 20, 3 / 10])
    expected_kl = target @ np.log([1 / 3.25, 2 / 3.25, 4 / 3.25, 8 / 3.25])
    assert values.kl(HAND) == pytest.approx(expected_kl)


def brute_force_target(tree):
    """Law over terminal classes and Z, by summing over all paths in rational arithmetic."""
    masses = [Fraction(0)] * int(tree.n_classes[-1])
    for path in itertools.product(*(range(B) for B in tree.n_symbols)):
        classes = path_classes(tree, path)
        mass = Fraction(math.exp(tree.log_value_at(tree.horizon)[classes[-1]]))
        for t, symbol in enumerate(path):
            mass *= Fraction(tree.policy_at(t)[classes[t], symbol])
        masses[classes[-1]] += mass
    Z = sum(masses)
    return np.array([float(mass / Z) for mass in masses]), float(Z)


@given(T=st.integers(1, 5), branching=st.integers(1, 3), seed=st.integers(0, 999))
def test_target_equals_enumeration(T, branching, seed):
    tree = random_sign(random_tree(T, branching, seed=seed), 0.3, seed)
    target, Z = brute_force_target(tree)
    assert values.target_law(tree) == pytest.approx(target, rel=1e-12)
    assert math.exp(values.log_normalizer(tree)) == pytest.approx(Z, rel=1e-12)


def test_enumeration_can_tell_a_wrong_target():
    tree = random_tree(3, 2, seed=1)
    target, _ = brute_force_target(tree)
    assert values.reference_law(tree) != pytest.approx(target, rel=1e-3)


def test_lumping_does_not_change_the_law_of_the_class():
    T, eps = 5, 0.3
    lumped = needle_in_drift(T, eps)
    target, Z = brute_force_target(lumped)
    assert values.target_law(lumped) == pytest.approx(target, rel=1e-12)
    assert math.exp(values.log_normalizer(lumped)) == pytest.approx(Z, rel=1e-12)


def test_padding_edges_do_not_exist():
    padded = TreeMDP.from_layers(
        [[[1.0, 0.0]], [[0.5, 0.5]]],
        [[[0, 0]], [[0, 1]]],
        [[0.0], [0.0], [math.log(0.5), math.log(1.5)]],
    )
    extreme = TreeMDP.from_layers(
        [[[0.5, 0.5]], [[0.5, 0.5, 0.0], [0.0, 0.0, 1.0]]],
        [[[0, 1]], [[0, 1, 2], [0, 0, 2]]],
        [[0.0], [0.0, 0.0], [math.log(0.5), math.log(1.5), 0.0]],
    )
    for tree in (padded, extreme):
        assert values.epsilon(tree) == pytest.approx(0, abs=1e-15)
        assert values.ratio_bound(tree) == pytest.approx(2.0)
        assert np.isneginf(values.log_increments(tree)[tree.policy == 0]).all()


def test_long_horizons_stay_finite():
    T = 3000
    tree = product(T, r=3.0)
    assert values.log_normalizer(tree) == pytest.approx(T * math.log(2), rel=1e-12)
    assert values.epsilon(tree) < 1e-9  # round-off of values near exp(T log 3)
    per_step = 0.75 * math.log(1.5) + 0.25 * math.log(0.5)
    assert values.kl(tree) == pytest.approx(T * per_step, rel=1e-9)


def test_error_beyond_floats_is_infinite_not_a_crash():
    tree = TreeMDP.from_layers([[[1.0]]], [[[0]]], [[-800.0], [0.0]])
    assert values.ratio_bound(tree) == math.inf
    assert values.epsilon(tree) == math.inf


def test_total_variation_bounds():
    p = np.array([0.2, 0.8])
    assert values.total_variation(p, p) == 0
    assert values.total_variation(np.array([1.0, 0]), np.array([0, 1.0])) == 1
    assert values.total_variation(p, p[::-1]) == pytest.approx(0.6)


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ([0], r"path: shape \[1\], expected \[2\] symbols"),
        ([0, 2], "path: symbol of step 2: 2 is too large"),
        ([-1, 0], "path: symbol of step 1: -1 is too small"),
        ([0, 1.0], "path: symbol of step 2: 1.0 is not an integer"),
        ([0, 1], "path: symbol 1 of step 2 has probability zero"),
    ],
)
def test_paths_that_do_not_exist(path, words):
    tree = TreeMDP.from_layers(
        [[[0.5, 0.5]], [[1.0, 0.0], [0.5, 0.5]]],
        [[[0, 1]], [[0, 0], [1, 0]]],
        [[0], [0, 0], [0, 0]],
    )
    assert values.existing_path(tree, [1, 1]) == path_classes(tree, [1, 1]) == [0, 1, 0]
    with pytest.raises(BadInput, match=words):
        values.existing_path(tree, path)


def test_a_subnormal_probability_is_tilted_without_overflow():
    """Below exp(-709) the tilt is no float, but its product with the probability is."""
    tree = TreeMDP.from_layers([[[1e-310, 1.0]]], [[[0, 1]]], [[0.0], [2000.0, 0.0]])
    assert values.target_policy(tree) == pytest.approx([1.0, 0.0])


def test_errors_beyond_floats_have_logarithms():
    tree = TreeMDP.from_layers([[[0.5, 0.5]]], [[[0, 1]]], [[0.0], [-800.0, 800.0]])
    assert values.epsilon(tree) == values.ratio_bound(tree) == np.inf
    assert values.log_ratio_bound(tree) == 800
    assert values.log_error(tree) == pytest.approx(800 - np.log(2))
    mild = product(3)
    assert values.log_ratio_bound(mild) == pytest.approx(np.log(values.ratio_bound(mild)))
    assert values.log_error(needle(3, 0.5)) == pytest.approx(np.log(1.5))
