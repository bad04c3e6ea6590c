"""Injected perturbations: the Bellman error they attain, and what they leave alone."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from treesmc.sims.base.errors import BadInput
from treesmc.sims.trees import values
from treesmc.sims.trees.families import needle, product, random_tree
from treesmc.sims.trees.perturb import (
    PERTURBATIONS,
    build,
    has_error,
    hidden,
    persistent,
    random_sign,
    value_noise,
)

EXACT = ["persistent", "random_sign", "hidden"]
BASES = st.sampled_from([lambda T, s: product(T), lambda T, s: random_tree(min(T, 5), 3, seed=s)])


@pytest.mark.parametrize("name", EXACT)
@given(base=BASES, T=st.integers(2, 30), eps=st.floats(0, 1), seed=st.integers(0, 99))
def test_exact_perturbations_attain_epsilon(name, base, T, eps, seed):
    tree = PERTURBATIONS[name](base(T, seed), eps, seed)
    # Round-off of log values of size T log 2 + T log(1 + eps).
    assert values.epsilon(tree) == pytest.approx(eps, abs=1e-12)


@given(base=BASES, T=st.integers(2, 30), eps=st.floats(0, 1), seed=st.integers(0, 99))
def test_value_noise_keeps_both_errors_small(base, T, eps, seed):
    tree = value_noise(base(T, seed), eps, seed)
    assert values.epsilon(tree) <= eps + 1e-12
    assert values.value_error(tree) <= math.sqrt(1 + eps) - 1 + 1e-12


@pytest.mark.parametrize("name", list(PERTURBATIONS))
def test_reward_and_target_are_untouched(name):
    tree = random_tree(4, 3, seed=5)
    perturbed = PERTURBATIONS[name](tree, 0.5, seed=3)
    assert np.array_equal(perturbed.log_value_at(4), tree.log_value_at(4))
    assert values.target_law(perturbed) == pytest.approx(values.target_law(tree), rel=1e-12)


@pytest.mark.parametrize("name", list(PERTURBATIONS))
def test_epsilon_zero_gives_the_true_value(name):
    assert values.value_error(PERTURBATIONS[name](random_tree(3), 0.0)) < 1e-12


def test_errors_of_one_sign_compound():
    T, eps = 12, 0.1
    compounding = values.value_error(persistent(product(T), eps))
    assert compounding == pytest.approx((1 + eps) ** (T - 1) - 1, rel=1e-9)
    assert values.value_error(value_noise(product(T), eps)) < eps


def test_hidden_perturbation_is_the_mechanism_of_needle():
    tree = needle(8, 0.2)
    again = hidden(tree.with_log_value(values.log_true_value(tree)), 0.2)
    assert again.log_value == pytest.approx(tree.log_value, abs=1e-12)


def test_lumped_classes_are_split_by_sign():
    tree = persistent(product(6), 0.1)
    assert tree.n_classes.tolist() == [1, 2, 4, 6, 8, 10, 12]


def test_seeds_matter_where_there_is_noise():
    tree = random_tree(3)
    for perturb in (random_sign, value_noise):
        a, b, c = (perturb(tree, 0.1, seed).log_value for seed in (1, 1, 2))
        assert np.array_equal(a, b)
        assert not np.array_equal(a, c)


@pytest.mark.parametrize("name", list(PERTURBATIONS))
def test_negative_epsilon_is_refused(name):
    with pytest.raises(BadInput, match=r"epsilon: -0\.1"):
        PERTURBATIONS[name](random_tree(3), -0.1)


def test_sign_by_first_symbol_needs_two_steps():
    with pytest.raises(BadInput, match="horizon 1"):
        persistent(random_tree(1), 0.1)


def test_build_takes_what_the_family_knows():
    known = {"T": 4, "eps": 0.2, "seed": 3, "branching": 3, "drift": 0.1}
    tree = random_tree(4, branching=3, seed=3)
    assert build(random_tree, known).name == tree.name
    assert np.array_equal(build(random_tree, known).log_value, tree.log_value)
    perturbed = build(random_tree, known, "random_sign")
    assert np.array_equal(perturbed.log_value, random_sign(tree, 0.2, 3).log_value)
    assert not np.array_equal(perturbed.log_value, random_sign(tree, 0.2, 4).log_value)


def test_build_leaves_errors_by_construction_alone():
    assert has_error(needle)
    assert not has_error(product)
    known = {"T": 4, "eps": 0.2, "seed": 3}
    assert build(needle, known, "random_sign").name == needle(4, 0.2).name
