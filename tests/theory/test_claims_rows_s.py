"""What the rows of the project's claims are computed with, against hand computation."""

import math
from fractions import Fraction

import numpy as np
import pytest
from random_layers import path_classes

from treesmc.figures.queries.points import success as played
from treesmc.sims.laws.certificate import tv_certificate
from treesmc.sims.laws.enumeration import enumerate_smc
from treesmc.sims.laws.moments import second_moment
from treesmc.sims.trees.families import n_symbols, needle, needle_in_drift, persistent, product
from treesmc.sims.trees.values import (
    bellman_log_ratio,
    guided_law,
    ratio_bound,
    target_law,
)
from treesmc.theory.bounds import uniform_log_ratios
from treesmc.theory.claims import s05_guided_smc as s5
from treesmc.theory.claims import s06_second_moment as s6
from treesmc.theory.claims import s08_true_ratio as s8
from treesmc.theory.claims import s09_fresh_queries as s9
from treesmc.theory.claims import s10_least_variance as s10
from treesmc.theory.claims import s11_rare_resampling as s11
from treesmc.theory.claims import s12_unbiased_resampling as s12
from treesmc.theory.claims import small_trees
from treesmc.theory.symbols import N, T

ROUND_OFF = 1e-12


def test_averaging_first_is_no_bound():
    """By hand: TV = 0.05 and E[(Zhat/Z)^2] = 1.01 for a fair bit with rewards 0.9 and 1.1."""
    tree = small_trees.fair_bit(0.1)
    assert small_trees.smc_distance(tree, 1) == pytest.approx(0.05)
    assert second_moment(tree, 1) == pytest.approx(1.01)
    assert tv_certificate(tree, 1)[0] == pytest.approx(0.05)


def test_all_paths_are_in_order_of_terminal_class():
    for tree in small_trees.small_trees(3):
        paths = small_trees.all_paths(tree)
        assert [path_classes(tree, path)[-1] for path in paths] == list(range(len(paths)))


def test_twisted_tree_is_guided_smc():
    """Same target; its weights are the Bellman ratios; one particle is guided sampling."""
    for tree in small_trees.small_trees(3):
        twisted = s5.twisted_tree(tree)
        assert target_law(twisted) == pytest.approx(target_law(tree), rel=1e-12)
        assert twisted.log_value[0] == pytest.approx(bellman_log_ratio(tree)[0])
        alone = np.array(enumerate_smc(twisted, 1).law)
        assert alone == pytest.approx(guided_law(tree), rel=1e-12)


def test_weighing_afterwards_is_another_algorithm():
    """Its root weight costs a resampling: the second moment is that of one step more."""
    tree = small_trees.small_trees(2)[-1]
    before = enumerate_smc(s5.twisted_tree(tree), 2).second_moment_Z
    scale = math.exp(-2 * s5.twisted_tree(tree).log_value[0])
    after = enumerate_smc(tree, 2, guided=True).second_moment_Z
    root = float(np.exp(tree.log_value[0] + bellman_log_ratio(tree)[0])) ** 2
    assert after > 1.001 * before * scale * root


def test_extrapolation_is_exact_on_its_model():
    scaled = [3 + 5 / n - 7 / n**2 for n in (10, 20, 40)]
    assert s6.extrapolated(scaled) == pytest.approx(3, rel=1e-12)


def test_a_ratio_of_the_true_value_is_no_ratio_of_v():
    """On `persistent` the true value is constant, and V jumps by (1 + eps)^(T-1) at the root."""
    assert s8.true_ratio(persistent(9, 0.5)) == pytest.approx(1, rel=ROUND_OFF)
    assert ratio_bound(persistent(9, 0.5)) == pytest.approx(1.5**8, rel=ROUND_OFF)
    assert s8.true_ratio(product(5, 3.0)) == pytest.approx(1.5, rel=ROUND_OFF)


def test_scaling_keeps_the_reward_and_moves_every_depth_below():
    tree = small_trees.small_trees(1)[0]
    moved = s8.scaled(tree).log_value - tree.log_value
    assert np.all(tree.layer(moved, tree.horizon) == 0)
    for depth in range(tree.horizon):
        assert np.ptp(tree.layer(moved, depth)) < ROUND_OFF
        assert abs(tree.layer(moved, depth)[0]) == pytest.approx(math.log(s8.DEPTH_FACTOR))


def test_law_of_the_fresh_sampler_by_hand():
    """Of three symbols two are tried: in four of six orders the hidden one is among them."""
    assert s9.fresh_law(3, 1) == [Fraction(2, 3), Fraction(1, 6), Fraction(1, 6)]
    assert s9.repeating_law(2, 1) == [Fraction(3, 4), Fraction(1, 4)]
    assert s9.unguessed_law(3, 1) == [Fraction(1, 3), Fraction(1, 3), Fraction(1, 3)]
    for q in (0, 1, 3):
        assert float(s9.fresh_law(5, q)[0]) == pytest.approx(played(range(q), q, 5))


@pytest.mark.parametrize(("horizon", "error"), [(2, Fraction(1)), (3, Fraction(1, 4))])
def test_mass_of_the_needle_in_rational_numbers(horizon, error):
    symbols, mass = s9.needle_mass(horizon, error)
    tree = needle(horizon, float(error))
    assert symbols == n_symbols(tree)
    assert float(mass) == pytest.approx(target_law(tree)[0], rel=ROUND_OFF)


def test_least_variance_of_one_bit_is_that_of_its_reward():
    """With one step no reward model below the leaves matters: E phi^2 / Z^2 - 1 = 0.01."""
    assert s10.least_value(small_trees.fair_bit(0.1)) == pytest.approx(0.01)
    assert s10.true_value_variance(small_trees.fair_bit(0.1)) == pytest.approx(0.01)


def test_stretches_of_one_step_need_no_more_than_s2_does_in_the_worst_case():
    """At b = 1 the bound is S2's own times one factor 1 + eps a step at most."""
    tree = needle_in_drift(6, 0.1)
    found = s11.log_ratios(tree, range(1, 6))
    assert found == pytest.approx(uniform_log_ratios(6, 0.1, ratio_bound(tree)))


@pytest.mark.parametrize("ratio", [2.0, 5.0])
def test_least_moment_of_independent_bits(ratio):
    """Every step of `product` multiplies V* by 1 -+ (r - 1)/(r + 1)."""
    tree, d = product(4, ratio), (ratio - 1) / (ratio + 1)
    assert s12.least_variances(tree) == pytest.approx(np.full(4, d**2))
    for particles in (1, 3):
        stated = float(s12.BOUND.subs({s12.d: d, N: particles, T: 4}))
        assert s12.least_moment(tree, particles) == pytest.approx(stated)
    assert second_moment(tree, 3) == pytest.approx(s12.least_moment(tree, 3), rel=ROUND_OFF)
    assert second_moment(persistent(4, 0.3), 3) > 1.01 * s12.least_moment(persistent(4, 0.3), 3)
