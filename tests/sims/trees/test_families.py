"""Families: Bellman error, ratio bound and laws in closed form."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from treesmc.sims.base.errors import BadInput
from treesmc.sims.trees import values
from treesmc.sims.trees.families import (
    needle,
    needle_in_drift,
    persistent,
    product,
    random_tree,
)

# Round-off: a Bellman error is a difference of log values of size T log(1 + eps).
HORIZONS = st.integers(2, 60)
ERRORS = st.floats(0, 1)


def round_off(T, eps):
    return 64 * np.finfo(float).eps * (1 + T * math.log1p(eps)) * (1 + eps)


@pytest.mark.parametrize("family", [needle, needle_in_drift, persistent])
@given(T=HORIZONS, eps=ERRORS)
def test_bellman_error_is_exactly_the_one_asked_for(family, T, eps):
    achieved = values.epsilon(family(T, eps))
    assert achieved == pytest.approx(eps, abs=round_off(T, eps))
    assert achieved != pytest.approx(1.001 * eps + 1e-3, abs=round_off(T, eps))


@given(T=st.integers(2, 40), eps=st.floats(0.01, 1))
def test_needle_hides_at_least_half_of_the_target(T, eps):
    tree = needle(T, eps)
    r = 1 + eps
    H = math.floor(r ** (2 * (T - 1))) + 1
    mass = r ** (2 * (T - 1)) / (r ** (2 * (T - 1)) + H - 1)
    assert tree.policy[0] == pytest.approx(1 / H, rel=1e-12)
    assert values.target_law(tree)[0] == pytest.approx(mass, rel=1e-9)
    assert mass >= 0.5 - np.finfo(float).eps
    assert values.ratio_bound(tree) == pytest.approx(r, rel=1e-12)


def test_needle_with_binary_drift_has_the_needles_hidden_mass():
    T, eps = 9, 0.3
    law = values.target_law(needle_in_drift(T, eps))
    assert law[:T].sum() == pytest.approx(values.target_law(needle(T, eps))[0], rel=1e-12)
    # The drift is binomial with success probability (1 + drift)/2 under the target.
    ones = [math.comb(T - 1, k) * 0.75**k * 0.25 ** (T - 1 - k) for k in range(T)]
    assert law[:T] / law[:T].sum() == pytest.approx(ones, rel=1e-12)


def test_product_is_binomial_under_reference_and_target():
    T, r = 7, 3.0
    tree = product(T, r)
    binomial = [math.comb(T, k) for k in range(T + 1)]
    assert values.reference_law(tree) == pytest.approx(np.array(binomial) / 2**T)
    tilted = np.array([c * r**k for k, c in enumerate(binomial)])
    assert values.target_law(tree) == pytest.approx(tilted / (1 + r) ** T)
    assert values.value_error(tree) == pytest.approx(0, abs=1e-13)


def test_product_without_true_value_errs_and_still_guides_exactly():
    # The false over-reading "guidance fails once eps >= 1/(2T)": here eps = 1, T = 30.
    tree = product(30, r=3.0, true_value=False)
    assert values.epsilon(tree) == pytest.approx(1.0)
    assert values.total_variation(values.guided_law(tree), values.target_law(tree)) < 1e-13


@given(T=HORIZONS, eps=ERRORS)
def test_persistent_attains_the_tanh(T, eps):
    tree = persistent(T, eps)
    tv = values.total_variation(values.guided_law(tree), values.target_law(tree))
    assert tv == pytest.approx(math.tanh((T - 1) / 2 * math.log1p(eps)), abs=1e-12)


def test_persistent_is_finite_at_long_horizons():
    tree = persistent(1000, 0.5)
    assert values.epsilon(tree) == pytest.approx(0.5, abs=round_off(1000, 0.5))


def test_persistent_is_not_attained_one_step_short():
    tree = persistent(10, 0.1)
    tv = values.total_variation(values.guided_law(tree), values.target_law(tree))
    assert tv != pytest.approx(math.tanh(10 / 2 * math.log1p(0.1)), abs=1e-3)


@given(T=st.integers(1, 5), branching=st.integers(1, 4), seed=st.integers(0, 99))
def test_random_tree_has_its_true_value(T, branching, seed):
    tree = random_tree(T, branching, seed=seed)
    assert tree.n_classes.tolist() == [branching**t for t in range(T + 1)]
    assert values.value_error(tree) < 1e-12
    assert values.epsilon(tree) < 1e-12


def test_random_trees_follow_their_seed():
    first, again, other = (random_tree(3, seed=s) for s in (1, 1, 2))
    assert np.array_equal(first.policy, again.policy)
    assert not np.array_equal(first.policy, other.policy)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: needle(1, 0.1), "horizon: 1"),
        (lambda: product(0), "horizon: 0"),
        (lambda: needle(5, -0.1), "epsilon: -0.1"),
        (lambda: persistent(5, math.nan), "epsilon: nan"),
        (lambda: needle(2000, 0.5), "too small for a float"),
        (lambda: persistent(2000, 0.5), "too small for a float"),
        (lambda: needle_in_drift(5, 0.1, drift=1.0), "drift: 1.0"),
        (lambda: product(5, r=0.0), "r: 0.0"),
        (lambda: random_tree(40), "2\\^40 leaves"),
        (lambda: random_tree(3, concentration=-1), "concentration: -1"),
        (lambda: random_tree(3, sigma=-1), "sigma: -1"),
        (lambda: random_tree(3, concentration=1e308), "concentration: 1e[+]308 is too large"),
    ],
)
def test_bad_parameters_are_named(call, words):
    with pytest.raises(BadInput, match=words):
        call()
