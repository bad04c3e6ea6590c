"""The certificate, its paths and its limit against literal recursions and exhaustive enumeration.

Equalities hold to relative 1e-11, as in the tests of the moments.
"""

import itertools
import math

import numpy as np
import pytest
from random_layers import log_path_probability, lumped_tree, noisy_tree, rescaled

from treesmc.sims.base.errors import BadInput
from treesmc.sims.laws import certificate, moments, target_paths
from treesmc.sims.laws.enumeration import enumerate_conditional, enumerate_smc
from treesmc.sims.laws.lineage import lineage_law
from treesmc.sims.trees.families import needle, needle_in_drift, persistent, product
from treesmc.sims.trees.tree import TreeMDP
from treesmc.sims.trees.values import (
    epsilon,
    log_normalizer,
    log_true_value,
    ratio_bound,
    target_law,
    target_policy,
    total_variation,
)
from treesmc.theory import bounds

ROUND_OFF = 1e-11
SMALL_TREES = [noisy_tree(0, 3), noisy_tree(1, 5), lumped_tree(2), needle(5, 0.3)]


def all_paths(tree):
    """All paths of positive probability, [n, T], and their target probabilities."""
    policy = target_policy(tree)
    symbols = np.array(list(itertools.product(*[range(B) for B in tree.n_symbols])))
    log_p = np.array([log_path_probability(tree, x, policy) for x in symbols])
    return symbols[log_p > -np.inf], np.exp(log_p[log_p > -np.inf])


def literal_certificate(tree, N, x):
    """S1's backward recursion over edges (class, symbol), in plain numbers."""
    classes = [0]
    for t, b in enumerate(x):
        classes.append(tree.child_at(t)[classes[-1], b])
    mean, at_path = np.ones(tree.n_classes[-1]), 1.0
    for t in reversed(range(tree.horizon)):
        G = np.exp(tree.log_value_at(t + 1)[tree.child_at(t)] - tree.log_value_at(t)[:, None])
        last = t == tree.horizon - 1
        f = G * (1.0 if last else (1 - 1 / N) * mean[tree.child_at(t)] + at_path / N)
        mean, at_path = np.sum(tree.policy_at(t) * f, axis=1), f[classes[t], x[t]]
    root = (1 - 1 / N) * mean[0] + at_path / N
    return root * math.exp(tree.log_value[0] - log_normalizer(tree))


@pytest.mark.parametrize("N", [1, 2.5, 30])
@pytest.mark.parametrize("tree", SMALL_TREES)
def test_equals_the_literal_recursion(tree, N):
    paths, _ = all_paths(tree)
    expected = [literal_certificate(tree, N, x) for x in paths]
    computed = certificate.path_certificate(tree, N, paths)
    np.testing.assert_allclose(computed, expected, rtol=ROUND_OFF, atol=1e-13)
    off = certificate.path_certificate(tree, 1.001 * N, paths)
    assert not np.allclose(off, expected, rtol=ROUND_OFF, atol=1e-13)


@pytest.mark.parametrize("N", [1, 1.5, 7, 1e5])
@pytest.mark.parametrize("tree", SMALL_TREES)
def test_mean_is_the_second_moment(tree, N):
    paths, probability = all_paths(tree)
    mean = probability @ certificate.path_certificate(tree, N, paths)
    assert mean == pytest.approx(moments.second_moment(tree, N), rel=ROUND_OFF)


def test_mean_under_another_law_is_not_the_second_moment():
    tree = noisy_tree(0, 3)
    paths, _ = all_paths(tree)
    mean = np.mean(certificate.path_certificate(tree, 3, paths))
    assert mean != pytest.approx(moments.second_moment(tree, 3), rel=1e-3)


@pytest.mark.parametrize(("seed", "T", "N"), [(0, 2, 2), (1, 2, 3), (2, 3, 2)])
def test_equals_conditional_enumeration(seed, T, N):
    tree = noisy_tree(seed, T)
    paths, _ = all_paths(tree)
    expected = [enumerate_conditional(tree, N, tuple(x)).mean_ratio for x in paths]
    computed = certificate.path_certificate(tree, N, paths)
    np.testing.assert_allclose(computed, expected, rtol=ROUND_OFF)


def tiny_row(tree, N):
    law, pi = np.array(enumerate_smc(tree, N).law), target_law(tree)
    bound, stderr = certificate.tv_certificate(tree, N)
    assert stderr == 0
    kl = float(pi @ np.log(pi / law))
    return total_variation(law, pi), bound, moments.second_moment(tree, N), kl


@pytest.fixture(scope="module")
def tiny_rows():
    """TV, certificate, second moment, KL(pi || law) of 240 enumerated trees: float64[4, 240]."""
    cases = [(seed, 2 + seed % 2, 2 + seed // 2 % 2) for seed in range(240)]
    return np.array([tiny_row(noisy_tree(seed, T), N) for seed, T, N in cases]).T


def test_certificate_bounds_the_enumerated_tv(tiny_rows):
    tv, bound, second, _ = tiny_rows
    assert (tv <= bound).all()
    assert (tv > 0.9 * bound).any()  # nine tenths of it would be wrong
    assert (tv > 1 - 1 / second).any()  # and so would averaging before the positive part


def test_second_moment_bounds_kl(tiny_rows):
    _, _, second, kl = tiny_rows
    assert (kl <= np.log(second)).all()
    assert (kl > 0.8 * np.log(second)).any()


@pytest.mark.parametrize("tree", [needle(4, 0.4), needle(8, 0.1), persistent(4, 0.3)])
def test_first_order_constant_is_the_limit(tree):
    # N TV = C + C'/N + ..., so 2 f(2N) - f(N) removes the first correction; what remains is of
    # order v^3 / N^2, below 1e-4 here.
    def scaled_tv(N):
        return N * total_variation(lineage_law(tree, N), target_law(tree))

    limit = 2 * scaled_tv(1600) - scaled_tv(800)
    constant, stderr = certificate.first_order_constant(tree)
    assert stderr == 0
    assert constant == pytest.approx(limit, rel=1e-3)
    assert 1.01 * constant != pytest.approx(limit, rel=1e-3)


def test_certificate_has_first_order_at_least_the_constant():
    # N times the certificate tends to E_pi[b_+], and |b - v|/2 has mean E_pi[(b - v)_+].
    tree = noisy_tree(3, 4)
    constant, _ = certificate.first_order_constant(tree)
    value, _ = certificate.tv_certificate(tree, 1e12)
    assert constant <= 1e12 * value <= moments.asymptotic_variance(tree) + constant


@pytest.mark.parametrize(
    "estimate",
    [lambda tree, **k: certificate.tv_certificate(tree, 5, **k), certificate.first_order_constant],
)
def test_sampled_agrees_with_enumerated(estimate, monkeypatch):
    tree = noisy_tree(6, 5, sigma=1.0)
    exact, _ = estimate(tree)
    monkeypatch.setattr(target_paths, "ENUMERATION_LIMIT", 0)
    value, stderr = estimate(tree, n_paths=4000, seed=1)
    assert 0 < stderr < 0.05 * exact
    assert abs(value - exact) < 4.5 * stderr  # false alarm 7e-6


def test_sampling_the_reference_instead_is_noticed(monkeypatch):
    tree = noisy_tree(6, 5, sigma=1.0)
    exact, _ = certificate.tv_certificate(tree, 5)
    monkeypatch.setattr(target_paths, "ENUMERATION_LIMIT", 0)
    monkeypatch.setattr(target_paths, "target_policy", lambda tree: tree.policy)
    wrong, stderr = certificate.tv_certificate(tree, 5, n_paths=4000, seed=1)
    assert abs(wrong - exact) > 4.5 * stderr


def test_paths_are_enumerated_with_their_probabilities():
    tree = lumped_tree(4)
    n = 2 * 3 * 3 * 2
    assert target_paths.enumerate_class_paths(tree, n - 1) is None
    classes, probability = target_paths.enumerate_class_paths(tree, n)
    assert len(classes) == n
    paths, expected = all_paths(tree)
    totals = dict.fromkeys(map(tuple, classes), 0.0)
    for row, p in zip(target_paths.visited_classes(tree, paths), expected, strict=True):
        totals[tuple(row)] += p
    np.testing.assert_allclose(probability, list(totals.values()), rtol=ROUND_OFF)


def test_sampled_paths_follow_the_target():
    tree = lumped_tree(4)
    n = 20_000
    paths = target_paths.sample_target_paths(tree, n, np.random.default_rng(0))
    assert (paths > 0).all()  # symbol 0 is padding
    counts = np.bincount(target_paths.visited_classes(tree, paths)[:, -1], minlength=2)
    p = target_law(tree)[0]
    error = abs(counts[0] / n - p) / math.sqrt(p * (1 - p) / n)
    assert error < 4.5  # false alarm 7e-6


def test_two_lineages_stay_exact_at_any_horizon():
    for tree in (needle(2000, 0.02), persistent(200, 0.5)):
        value, stderr = certificate.tv_certificate(tree, 1e6)
        assert 0 < value < 1 + ROUND_OFF
        assert stderr == 0
        assert 0 < certificate.first_order_constant(tree)[0] < np.inf


def test_long_drifting_needle_is_sampled():
    tree = needle_in_drift(60, 0.01)
    value, stderr = certificate.tv_certificate(tree, 1e5, n_paths=200)
    assert 0 < stderr < value < 1


def literal_mixing_ratios(tree):
    true, ratios = log_true_value(tree), []
    for t in range(tree.horizon):
        Q, MQ = [], []
        for c, V in enumerate(tree.log_value_at(t)):
            MQ.append(math.exp(tree.layer(true, t)[c] - V))
            for b, p in enumerate(tree.policy_at(t)[c]):
                if p > 0:
                    Q.append(math.exp(tree.layer(true, t + 1)[tree.child_at(t)[c, b]] - V))
        ratios.append(max(Q) / min(MQ))
    return np.array(ratios)


@pytest.mark.parametrize("tree", SMALL_TREES)
@pytest.mark.parametrize("N", [2, 50])
def test_certificate_below_instance_bound_below_uniform_bound(tree, N):
    log_q = certificate.log_mixing_ratios(tree)
    np.testing.assert_allclose(np.exp(log_q), literal_mixing_ratios(tree), rtol=ROUND_OFF)
    instance = bounds.instance_tv(log_q, N)
    uniform = bounds.uniform_tv(tree.horizon, epsilon(tree), ratio_bound(tree), N)
    assert certificate.tv_certificate(tree, N)[0] <= instance * (1 + ROUND_OFF)
    assert instance <= uniform * (1 + ROUND_OFF)
    paths, _ = all_paths(tree)
    limit = np.prod(1 + np.expm1(log_q) / N)
    assert certificate.path_certificate(tree, N, paths).max() <= limit * (1 + ROUND_OFF)


def test_constant_reward_and_value_need_one_particle():
    tree = product(6, r=1.0)
    assert certificate.tv_certificate(tree, 1)[0] == pytest.approx(0, abs=1e-13)
    assert certificate.first_order_constant(tree)[0] == pytest.approx(0, abs=1e-13)
    assert certificate.log_mixing_ratios(tree) == pytest.approx(np.zeros(6), abs=1e-13)


def test_overflowing_constant_is_infinite():
    policy = [np.array([[0.5, 0.5]]), np.ones((2, 1))]
    child = [np.array([[0, 1]]), np.array([[0], [1]])]
    tree = TreeMDP.from_layers(policy, child, [[0.0], [-800.0, 800.0], [0.0, 0.0]])
    assert moments.asymptotic_variance(tree) == np.inf
    assert certificate.first_order_constant(tree) == (np.inf, 0.0)
    assert certificate.tv_certificate(tree, 10)[0] == pytest.approx(0.5)
    assert moments.second_moment(rescaled(tree, np.array([3.0, 5.0])), 10) == np.inf


@pytest.mark.parametrize(
    ("paths", "message"),
    [([[0, 0]], "expected"), ([[0, 0, 5]], "symbol 5"), ([0, 0, 0], "shape"), ([[0, -1, 0]], "-1")],
)
def test_paths_are_checked(paths, message):
    with pytest.raises(BadInput, match=message):
        certificate.path_certificate(product(3), 2, np.array(paths))
