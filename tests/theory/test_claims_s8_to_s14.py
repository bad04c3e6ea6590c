"""What the rows of S8 to S14 are computed with, against hand computation and each other."""

import math
from fractions import Fraction

import numpy as np
import pytest

from treesmc.figures.queries.points import n_symbols
from treesmc.figures.queries.points import success as played
from treesmc.sims.laws.moments import asymptotic_variance, second_moment
from treesmc.sims.trees.families import needle, needle_in_drift, persistent, product
from treesmc.sims.trees.reward_models import exact
from treesmc.sims.trees.values import ratio_bound, target_law
from treesmc.theory import bounds
from treesmc.theory.claims import s8, s9, s10, s11, s12
from treesmc.theory.claims.small_trees import fair_bit, small_trees
from treesmc.theory.symbols import L, N, T, delta, eps

ROUND_OFF = 1e-12


@pytest.mark.parametrize("horizon", [1, 2, 7])
@pytest.mark.parametrize("error", [0.1, 0.7])
def test_bounds_are_the_stated_expressions(horizon, error):
    point = {T: horizon, eps: error, delta: 0.05}
    particles = bounds.log_instance_particles(s8.RATIOS["A2"](horizon, error, 3.0), 0.05)
    stated = float(s8.BOUND.subs({**point, s8.L_true: 3}).doit())
    assert math.exp(particles) == pytest.approx(stated, rel=ROUND_OFF)
    for b in (1, 2, 5):
        enough = s11.enough_particles(horizon, error, 3.0, b, 0.05)
        stated = float(s11.BOUND.subs({**point, L: 3, s11.b: b}))
        assert enough == pytest.approx(stated, rel=ROUND_OFF)


def test_a_ratio_of_the_true_value_is_no_ratio_of_v():
    """On `persistent` the true value is constant, and V jumps by (1 + eps)^(T-1) at the root."""
    assert s8.true_ratio(persistent(9, 0.5)) == pytest.approx(1, rel=ROUND_OFF)
    assert ratio_bound(persistent(9, 0.5)) == pytest.approx(1.5**8, rel=ROUND_OFF)
    assert s8.true_ratio(product(5, 3.0)) == pytest.approx(1.5, rel=ROUND_OFF)


def test_scaling_keeps_the_reward_and_moves_every_depth_below():
    tree = small_trees(1)[0]
    moved = s8.scaled(tree).log_value - tree.log_value
    assert np.all(tree.layer(moved, tree.horizon) == 0)
    for depth in range(tree.horizon):
        assert np.ptp(tree.layer(moved, depth)) < ROUND_OFF
        assert abs(tree.layer(moved, depth)[0]) == pytest.approx(math.log(s8.FACTOR))


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
    assert s10.least_value(fair_bit(0.1)) == pytest.approx(0.01)
    assert s10.true_value_variance(fair_bit(0.1)) == pytest.approx(0.01)


def test_true_value_is_not_best_where_steps_differ_in_weight():
    tree = small_trees(2)[-1]
    assert asymptotic_variance(exact(tree)) > 1.001 * s10.least_value(tree)


def test_stretches_of_one_step_need_no_more_than_s2_does_in_the_worst_case():
    """At b = 1 the bound is S2's own times one factor 1 + eps a step at most."""
    tree = needle_in_drift(6, 0.1)
    found = s11.log_ratios(tree, range(1, 6))
    assert found == pytest.approx(bounds.uniform_log_ratios(6, 0.1, ratio_bound(tree)))


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
