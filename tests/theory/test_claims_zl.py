"""The paper's claims: they hold, their false neighbours are refuted, their helpers are right."""

import math

import numpy as np
import pytest
import sympy as sp
from hypothesis import given
from hypothesis import strategies as st

from treesmc.sims.trees import families
from treesmc.sims.trees.perturb import PERTURBATIONS
from treesmc.sims.trees.values import epsilon, ratio_bound
from treesmc.theory.bounds import log_zhu_lu_middle_tv, log_zhu_lu_particles, log_zhu_lu_tv
from treesmc.theory.claims import CLAIMS, zl_4_3, zl_5_1, zl_5_2, zl_6_1
from treesmc.theory.claims.growth_step import growth_step
from treesmc.theory.growth import Growth
from treesmc.theory.symbols import L, T, delta, eps
from treesmc.theory.verify import refutation

PAPER = [name for name in CLAIMS if name.startswith("ZL")]
MUTATIONS = [(name, mutation) for name in PAPER for mutation in CLAIMS[name].mutations]


def test_every_claim_of_the_paper_has_mutations():
    assert PAPER == ["ZL-4.1", "ZL-4.2", "ZL-4.3", "ZL-5.1", "ZL-5.2", "ZL-6.1"]
    assert {name for name, _ in MUTATIONS} == set(PAPER)


@pytest.mark.parametrize(
    ("name", "mutation"), MUTATIONS, ids=[f"{name} {m.name}" for name, m in MUTATIONS]
)
def test_mutation_is_refuted(name, mutation):
    assert refutation(CLAIMS[name], mutation)


@given(
    seed=st.integers(0, 999),
    error=st.floats(0.001, 0.5),
    N=st.integers(1, 4),
    kind=st.sampled_from(sorted(PERTURBATIONS)),
)
def test_random_trees_obey_both_bounds_of_zl_5_1(seed, error, N, kind):
    tree = PERTURBATIONS[kind](families.random_tree(2, sigma=0.6, seed=seed), error, seed)
    distance = zl_5_1.exact_smc_distance(tree, N)
    letters = (tree.horizon, epsilon(tree), ratio_bound(tree), N)
    assert distance <= math.exp(log_zhu_lu_middle_tv(*letters)) + 1e-12
    assert log_zhu_lu_middle_tv(*letters) <= log_zhu_lu_tv(*letters) + 1e-12


def test_bound_of_zl_5_1_is_the_number_the_bounds_module_computes():
    values = {L: 1.3, T: 7, delta: 0.05, eps: 0.2}
    number = float(zl_5_1.BOUND.subs(values))
    assert number == pytest.approx(math.exp(log_zhu_lu_particles(7, 0.2, 1.3, 0.05)), rel=1e-12)


@given(seed=st.integers(0, 999), error=st.floats(0.001, 0.5), T=st.integers(2, 5))
def test_random_trees_obey_zl_4_3_at_every_depth(seed, error, T):
    base = families.random_tree(T, sigma=0.8, seed=seed)
    tree = PERTURBATIONS["random_sign"](base, error, seed)
    depths = np.arange(1, T + 1)
    assert np.all(zl_4_3.prefix_distances(tree) <= 2 * depths * error + 1e-12)


def test_prefix_distance_at_the_horizon_is_that_of_guided_sampling():
    tree = families.persistent(9, 0.2)
    expected = math.tanh(4 * math.log(1.2))
    assert zl_4_3.prefix_distances(tree)[-1] == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("r", [1.1, 2.0, 9.0])
def test_guidance_is_exact_at_any_error_on_the_counterexample(r):
    tree = families.product(30, r, true_value=False)
    assert epsilon(tree) == pytest.approx((r - 1) / 2, rel=1e-12)
    assert zl_4_3.prefix_distances(tree).max() < 1e-12
    nearby = tree.with_log_value(tree.log_value * 1.001)  # still a reward model, no longer exact
    scaled = PERTURBATIONS["persistent"](nearby, 0.001)
    assert zl_4_3.prefix_distances(scaled).max() > 1e-3


def test_least_particles_doubles_with_the_horizon():
    assert zl_5_2.least_particles(0.5, 16) == 39
    tree = families.needle(16, 0.5 / 16)
    enough, target = zl_5_1.exact_smc_distance, zl_5_2.DELTA
    assert enough(tree, 39) <= target < enough(tree, 38)


@given(seed=st.integers(0, 999), M=st.integers(1, 3), H=st.integers(0, 3))
def test_pool_distance_shrinks_with_iterations(seed, M, H):
    tree = families.random_tree(2, concentration=3.0, sigma=0.2, seed=seed)
    contraction = -math.expm1(-2 * zl_6_1.log_b(tree))
    distance = zl_6_1.pool_distance(tree, M, H)
    assert distance <= contraction**H + 1e-12


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


def test_growth_step_refuses_wrong_classes():
    true = growth_step(2 * sp.log(T), "c/T", Growth("polynomial", 2))
    assert true.decide().grade == "universal"
    for wrong in (Growth("polynomial", 3), Growth("exponential", 2)):
        assert growth_step(2 * sp.log(T), "c/T", wrong).decide().grade == "failed"
