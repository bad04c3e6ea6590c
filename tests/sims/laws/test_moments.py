"""Second moment and asymptotic variance against pairs, enumeration and hand calculation.

Tolerance of an equality: sums of positive terms in double precision, a few hundred operations
deep, log values of order 10 at most: relative 1e-11 leaves a factor of 100.
"""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from random_layers import lumped_tree, noisy_tree, rescaled

from treesmc.sims.base.errors import BadInput
from treesmc.sims.laws import moments
from treesmc.sims.laws.enumeration import enumerate_smc
from treesmc.sims.trees.families import needle, persistent, product
from treesmc.sims.trees.tree import TreeMDP
from treesmc.sims.trees.values import log_normalizer, log_true_value, reference_law

ROUND_OFF = 1e-11


def pair_second_moment(tree, N):
    """S6's recursion over pairs of nodes, literally; a node at depth t + 1 is an edge at t."""
    U = None
    for t in reversed(range(tree.horizon)):
        G = np.exp(tree.log_value_at(t + 1)[tree.child_at(t)] - tree.log_value_at(t)[:, None])
        mean = np.ones((G.size, G.size)) if U is None else below_pairs(tree, t, U, N)
        U = np.outer(G, G) * mean
    total = root_average(tree, U, N)
    return math.exp(2 * (tree.log_value[0] - log_normalizer(tree))) * total


def below_pairs(tree, t, U, N):
    """(1 - 1/N) E U(x', y') + (1/N) E_{z|y} U(z, z) for all pairs of edges of depth t."""
    rows = step_matrix(tree, t + 1)[tree.child_at(t).ravel()]
    return (1 - 1 / N) * rows @ U @ rows.T + (1 / N) * (rows @ np.diag(U))[None, :]


def root_average(tree, U, N):
    p = tree.policy_at(0).ravel()
    return (1 - 1 / N) * p @ U @ p + (1 / N) * p @ np.diag(U)


def step_matrix(tree, t):
    """pi_ref as a matrix [S_t, edges of depth t]."""
    policy = tree.policy_at(t)
    return np.kron(np.eye(len(policy)), np.ones(policy.shape[1])) * policy.ravel()


@pytest.mark.parametrize("N", [1, 1.7, 3, 40, 1e6])
@pytest.mark.parametrize("tree", [noisy_tree(1, 4), noisy_tree(2, 5), lumped_tree(3)])
def test_equals_the_recursion_over_pairs(tree, N):
    expected = pair_second_moment(tree, N)
    assert moments.second_moment(tree, N) == pytest.approx(expected, rel=ROUND_OFF)


@pytest.mark.parametrize("N", [1.7, 3, 40])
def test_pairs_can_tell_a_tenth_of_a_percent_in_N(N):
    tree = noisy_tree(1, 4)
    expected = pair_second_moment(tree, N)
    assert moments.second_moment(tree, 1.001 * N) != pytest.approx(expected, rel=ROUND_OFF)


@pytest.mark.parametrize(("seed", "T", "N"), [(0, 2, 2), (1, 2, 4), (2, 3, 2), (3, 3, 3)])
def test_equals_enumeration(seed, T, N):
    tree = noisy_tree(seed, T)
    expected = enumerate_smc(tree, N).second_moment_Z / math.exp(2 * log_normalizer(tree))
    assert moments.second_moment(tree, N) == pytest.approx(expected, rel=ROUND_OFF)


def test_one_particle_is_naive_sampling():
    tree = lumped_tree(5)
    ratio = np.exp(tree.log_value_at(tree.horizon) - log_normalizer(tree))
    expected = reference_law(tree) @ ratio**2
    assert moments.second_moment(tree, 1) == pytest.approx(expected, rel=ROUND_OFF)


@pytest.mark.parametrize("true_value", [True, False])
@pytest.mark.parametrize(("T", "N"), [(3, 2), (200, 10), (200, 1e40)])
def test_product_by_hand(T, N, true_value):
    # Steps are independent, with weights 2/3 and 4/3 of the mean: each multiplies the second
    # moment by 1 + 1/(9 N), whatever constant V carries at each depth.
    tree = product(T, r=2.0, true_value=true_value)
    expected = math.expm1(T * math.log1p(1 / (9 * N)))
    assert moments.relative_variance(tree, N) == pytest.approx(expected, rel=1e-10)
    assert moments.asymptotic_variance(tree) == pytest.approx(T / 9, rel=1e-10)


def test_all_digits_are_kept_at_large_N():
    # N times the relative variance tends to v, with an error of order v^2 / N.
    tree = noisy_tree(4, 5)
    v = moments.asymptotic_variance(tree)
    assert 1e40 * moments.relative_variance(tree, 1e40) == pytest.approx(v, rel=ROUND_OFF)
    assert 1e3 * moments.relative_variance(tree, 1e3) != pytest.approx(v, rel=ROUND_OFF)


def test_asymptotic_variance_by_the_letter():
    # v = sum_t (eta_t(h_t^2) - 1), eta_t = pi_{t-1} x pi_ref, pi_t prop. to pi_ref V_t.
    tree = lumped_tree(7)
    true, law, v = np.exp(log_true_value(tree)), np.ones(1), 0.0
    for t in range(tree.horizon):
        V = np.exp(tree.log_value_at(t))
        eta = (law * V / (law @ V))[:, None] * tree.policy_at(t)
        Q = tree.layer(true, t + 1)[tree.child_at(t)] / V[:, None]
        v += np.sum(eta * (Q / np.sum(eta * Q)) ** 2) - 1
        flow = (law[:, None] * tree.policy_at(t)).ravel()
        law = np.bincount(tree.child_at(t).ravel(), weights=flow)
    assert moments.asymptotic_variance(tree) == pytest.approx(v, rel=ROUND_OFF)


@given(seed=st.integers(0, 99), N=st.floats(1, 1e6), size=st.floats(0, 400))
def test_scaling_V_at_a_depth_changes_nothing(seed, N, size):
    # SMC normalises its weights, and Zhat telescopes. Log values of order 400 cost 400 ulp.
    tree = lumped_tree(seed % 10)
    scaled = rescaled(tree, size * np.random.default_rng(seed).normal(size=tree.horizon))
    expected = moments.second_moment(tree, N)
    assert moments.second_moment(scaled, N) == pytest.approx(expected, rel=1e-9)


def test_one_class_scaled_does_change_something():
    tree = lumped_tree(0)
    log_value = tree.log_value.copy()
    log_value[1] += 1e-3
    moved = moments.second_moment(tree.with_log_value(log_value), 4)
    assert moved != pytest.approx(moments.second_moment(tree, 4), rel=1e-9)


def test_long_needle_by_hand():
    # One particle: E[phi^2]/Z^2, phi = r^(T-1) on mass 1/H and r^-(T-1) on the rest. Log values
    # up to 2000 log r = 98 are rounded at 1e-14 each, over 2000 steps.
    T, eps = 2000, 0.05
    tree = needle(T, eps)
    hidden, log_phi = tree.policy_at(0)[0], tree.log_value_at(T)
    expected = hidden @ np.exp(2 * log_phi) / (hidden @ np.exp(log_phi)) ** 2
    assert moments.second_moment(tree, 1) == pytest.approx(expected, rel=1e-9)
    v = moments.asymptotic_variance(tree)
    assert 1e80 < v < np.inf
    assert 1e200 * moments.relative_variance(tree, 1e200) == pytest.approx(v, rel=1e-9)


def test_drift_beyond_the_largest_float_stays_finite():
    tree = persistent(1000, 0.5)  # (3/2)^(2 * 999) is 1e351
    assert moments.relative_variance(tree, 1) == pytest.approx(0, abs=1e-9)  # phi is constant
    assert 1e100 < moments.relative_variance(tree, 1e40) < np.inf


@pytest.mark.parametrize("N", [0, 0.99, -3, np.inf, np.nan])
def test_particles_are_checked(N):
    with pytest.raises(BadInput, match="N: "):
        moments.second_moment(product(2), N)


FAINT = TreeMDP.from_layers(
    [[[0.5, 0.5]], [[0.5, 0.5], [0.5, 0.5]]],
    [[[0, 1]], [[0, 1], [2, 3]]],
    [[0.0], [-1700.0, 0.0], [-800.0, -800.0, 0.0, 0.0]],
)  # the first half has probability exp(-800) under the target, and densities of up to exp(900)


def test_what_the_target_hardly_visits_still_counts():
    """Of v about exp(100) is from the first half, which a law that underflows would leave out."""
    v = moments.asymptotic_variance(FAINT)
    assert v == pytest.approx(moments.LIMIT * moments.relative_variance(FAINT, moments.LIMIT))
    assert math.exp(95) < v < math.exp(105)
    assert moments.is_faint(FAINT)
    assert not moments.is_faint(needle(30, 0.3))


def test_forecasts_are_the_same_by_either_way():
    chain = moments.TargetChain.of(needle(12, 0.4))
    assert chain._carried_forecast() == pytest.approx(chain.log_root_forecast())
