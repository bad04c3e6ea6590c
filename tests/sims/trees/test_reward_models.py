"""Reward models: laws of rollouts against enumeration, unbiasedness, what each one distorts."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from random_layers import lumped_tree, noisy_tree

from treesmc.sims import cost
from treesmc.sims.base.errors import BadInput
from treesmc.sims.base.streams import generator
from treesmc.sims.laws import moments
from treesmc.sims.trees import reward_models, values
from treesmc.sims.trees.families import product, random_tree
from treesmc.sims.trees.tree import TreeMDP

SIGMAS = 4.5  # false alarm below 1e-5 a comparison
SEEDS = st.integers(0, 99)


def two_rewards(T=6, low=0.05):
    """Fair bits, rewarded if at least half of them are ones."""
    tree = product(T)
    log_phi = np.where(np.arange(T + 1) >= T / 2, 0.0, np.log(low))
    log_value = np.concatenate([np.zeros(tree.class_start[-2]), log_phi])
    return reward_models.exact(tree.with_log_value(log_value))


def inner(tree: TreeMDP):
    return tree.log_value[: tree.class_start[-2]]


@given(SEEDS)
def test_law_of_the_reward_is_that_of_the_leaves_below(seed):
    tree = random_tree(3, 3, seed=seed)
    law = reward_models.reward_law(tree)
    np.testing.assert_allclose(law.levels, np.sort(np.exp(tree.log_value_at(3) - law.log_unit)))
    policy = tree.policy_at(2)
    for s in range(9):  # the leaves below class s of depth 2 are 3 s, 3 s + 1, 3 s + 2
        expected = np.zeros(27)
        rank = np.argsort(np.argsort(tree.log_value_at(3)))
        expected[rank[3 * s : 3 * s + 3]] = policy[s]
        np.testing.assert_allclose(tree.layer(law.probability, 2)[s], expected, atol=1e-15)


@given(SEEDS)
def test_mean_of_the_law_is_the_true_value(seed):
    tree = lumped_tree(seed)
    law = reward_models.reward_law(tree)
    mean = np.log(law.probability @ law.levels) + law.log_unit
    np.testing.assert_allclose(mean, values.log_true_value(tree), atol=1e-12)


def test_rollouts_are_unbiased_with_the_variance_of_their_number():
    tree, k, repeats = two_rewards(), 5, 1500
    drawn = np.exp([inner(reward_models.rollouts(tree, k, seed)) for seed in range(repeats)])
    law = reward_models.reward_law(tree)
    p = law.probability[: tree.class_start[-2], -1]
    variance = p * (1 - p) * (1 - law.levels[0]) ** 2 / k
    error = drawn.mean(axis=0) - np.exp(inner(tree))
    bound = SIGMAS * np.sqrt(variance / repeats)
    assert np.all(np.abs(error) <= bound + 1e-12)
    assert np.any(np.abs(1.02 * drawn.mean(axis=0) - np.exp(inner(tree))) > bound)
    # A sample variance has relative standard error sqrt((kurtosis - 1)/repeats), kurtosis < 20.
    spread = drawn.var(axis=0)
    assert np.all(np.abs(spread - variance) <= SIGMAS * np.sqrt(19 / repeats) * variance + 1e-12)


def test_rollouts_by_counts_have_the_law_of_rollouts_by_walking():
    """Against paths walked one by one from the root: the same mean and variance there."""
    tree, k, repeats = two_rewards(), 3, 1500
    rng = generator(7)
    ones = rng.binomial(6, 0.5, size=(repeats, k))
    walked = np.exp(tree.log_value_at(6)[ones]).mean(axis=1)
    counted = np.exp([reward_models.rollouts(tree, k, s).log_value[0] for s in range(repeats)])
    pooled = np.sqrt((walked.var() + counted.var()) / repeats)
    assert abs(walked.mean() - counted.mean()) < SIGMAS * pooled
    levels = np.unique(np.round(np.concatenate([walked, counted]), 12))
    assert len(levels) == k + 1
    for level in levels:
        a, b = (np.mean(np.isclose(x, level)) for x in (walked, counted))
        assert abs(a - b) < SIGMAS * np.sqrt(2 * max(a, b) / repeats)


def test_hard_label_of_one_rollout_is_the_true_value_and_more_inflate_it():
    tree = two_rewards()
    one = reward_models.hard_label(tree, 1)
    np.testing.assert_allclose(one.log_value, tree.log_value, atol=1e-12)
    before = one
    for k in (2, 5, 40):
        after = reward_models.hard_label(tree, k)
        gain = inner(after) - inner(before)
        assert gain.min() >= -1e-12
        assert gain.max() > 0.1
        before = after


def test_hard_labels_average_to_their_mean():
    tree, repeats = two_rewards(), 1500
    mean = np.exp(inner(reward_models.hard_label(tree, 4)))
    one = np.exp([inner(reward_models.hard_label(tree, 4, 1, seed)) for seed in range(repeats)])
    bound = SIGMAS * 0.5 / np.sqrt(repeats)
    assert np.abs(one.mean(axis=0) - mean).max() < bound
    wrong = np.exp(inner(reward_models.hard_label(tree, 5)))
    assert np.abs(one.mean(axis=0) - wrong).max() > bound


def test_power_one_is_the_truth_and_zero_is_constant():
    tree = two_rewards()
    np.testing.assert_allclose(reward_models.power(tree, 1).log_value, tree.log_value, atol=1e-12)
    assert np.ptp(inner(reward_models.power(tree, 0))) == 0
    np.testing.assert_allclose(inner(reward_models.power(tree, 2)), 2 * inner(tree), atol=1e-12)


@given(SEEDS)
def test_no_model_changes_the_reward(seed):
    tree = noisy_tree(seed, 4)
    features = np.ones((15, 1))
    for model in (
        reward_models.exact(tree),
        reward_models.rollouts(tree, 3, seed),
        reward_models.hard_label(tree, 3),
        reward_models.power(tree, 0.5),
        reward_models.regression(tree, features, 10, seed),
        reward_models.least_variance(tree),
        reward_models.centred(tree),
    ):
        np.testing.assert_array_equal(model.log_value_at(4), tree.log_value_at(4))
        assert values.log_normalizer(model) == pytest.approx(values.log_normalizer(tree))


@given(SEEDS)
def test_centred_has_the_least_error_of_all_rescalings_and_the_same_smc(seed):
    tree = noisy_tree(seed, 4)
    best = reward_models.centred(tree)
    ratios = values.bellman_log_ratio(tree)
    half_range = max(np.ptp(tree.layer(ratios, t)) / 2 for t in range(4))
    assert values.epsilon(best) == pytest.approx(np.expm1(half_range), rel=1e-9)
    assert values.epsilon(best) <= values.epsilon(tree) * (1 + 1e-12)
    for N in (1, 3, 50):
        assert moments.relative_variance(best, N) == pytest.approx(
            moments.relative_variance(tree, N), rel=1e-9
        )
    constant = cost.terminal_constant(tree)
    assert cost.terminal_constant(best) == pytest.approx(constant, rel=1e-9)


def test_rescaling_within_a_depth_is_seen_by_smc():
    tree = noisy_tree(0, 4)
    log_value = reward_models.centred(tree).log_value.copy()
    tree.layer(log_value, 2)[-1] += 0.1
    moved = moments.relative_variance(tree.with_log_value(log_value), 3)
    assert moved != pytest.approx(moments.relative_variance(tree, 3), rel=1e-3)


def test_tally_counts_every_depth_and_pays_what_rollouts_earn():
    tree, n = two_rewards(), 200_000
    visits, paid = reward_models.tallied(tree, n, 3)
    for t in range(7):
        assert tree.layer(visits, t).sum() == n
        assert tree.layer(paid, t).sum() == pytest.approx(paid[0])
    law = values.class_laws(tree, tree.policy)
    bound = SIGMAS * np.sqrt(n * law * (1 - law)) + 1e-9
    assert np.all(np.abs(visits - n * law) <= bound)
    earned, truth = paid / visits, np.exp(values.log_true_value(tree))
    error = np.abs(earned - truth)
    assert np.all(error <= SIGMAS * 0.5 / np.sqrt(visits) + 1e-9)
    assert np.any(np.abs(1.1 * earned - truth) > SIGMAS * 0.5 / np.sqrt(visits))


def test_regression_with_a_feature_per_class_finds_the_truth():
    tree = two_rewards()
    features = np.eye(tree.class_start[-2])
    model = reward_models.regression(tree, features, 10**7, ridge=1e-3)
    assert values.value_error(model) < 0.05
    assert values.value_error(reward_models.regression(tree, features, 100)) > 0.1


def test_regression_without_features_knows_the_mean_only():
    tree = two_rewards()
    model = reward_models.regression(tree, np.ones((tree.class_start[-2], 1)), 10**6)
    np.testing.assert_allclose(inner(model), inner(tree)[0], atol=0.01)


def test_logistic_fit_solves_its_equations():
    rng = np.random.default_rng(0)
    X, trials, share = rng.normal(size=(200, 3)), rng.integers(1, 9, 200), rng.random(200)
    weights = reward_models.logistic_fit(X, trials, share, 0.5)
    fitted = 1 / (1 + np.exp(-X @ weights))
    gradient = X.T @ (trials * (fitted - share)) + 0.5 * weights
    # The stopping rule gains less than 1e-6 nats; the curvature is of the order of 200 here.
    assert np.abs(gradient).max() < np.sqrt(2e-6 * 2000)
    assert np.abs(gradient + 0.5).max() > 0.1


def test_constant_reward_is_learned_at_once():
    tree = product(4).with_log_value(np.zeros(15))
    for model in (
        reward_models.rollouts(tree, 1),
        reward_models.hard_label(tree, 3),
        reward_models.regression(tree, np.ones((10, 1)), 5),
    ):
        np.testing.assert_allclose(model.log_value, 0, atol=1e-12)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda t: reward_models.rollouts(t, 0), "k: 0"),
        (lambda t: reward_models.hard_label(t, 0), "k: 0"),
        (lambda t: reward_models.hard_label(t, 2, 0), "labels: 0"),
        (lambda t: reward_models.power(t, float("nan")), "gamma: nan"),
        (lambda t: reward_models.regression(t, np.ones((3, 1)), 5), "features: 3 rows"),
        (lambda t: reward_models.regression(t, np.ones((21, 1)), 0), "n: 0"),
        (lambda t: reward_models.regression(t, np.ones((21, 1)), 5, ridge=0.0), "ridge: 0"),
    ],
)
def test_bad_arguments_are_named(call, words):
    with pytest.raises(BadInput, match=words):
        call(two_rewards())


def test_too_many_rewards_are_refused():
    with pytest.raises(BadInput, match="different rewards"):
        reward_models.reward_law(random_tree(14, seed=0))


def least_variance_in_closed_form(tree):
    """The sum over depths of (E_ref sqrt A)^2 / Z^2 - 1, A = E_ref[V*(s')^2 | s]."""
    truth = np.exp(values.log_true_value(tree))
    laws = values.class_laws(tree, tree.policy)
    total = 0.0
    for t in range(tree.horizon):
        squares = tree.layer(truth, t + 1)[tree.child_at(t)] ** 2
        root = np.sqrt((tree.policy_at(t) * squares).sum(axis=1))
        total += (tree.layer(laws, t) @ root / truth[0]) ** 2 - 1
    return total


@given(SEEDS)
def test_no_reward_model_has_less_variance(seed):
    tree = noisy_tree(seed, 5)
    best = reward_models.least_variance(tree)
    v = moments.asymptotic_variance(best)
    assert v == pytest.approx(least_variance_in_closed_form(tree), rel=1e-9)
    log_value = best.log_value.copy()
    log_value[1 : tree.class_start[-2]] += 0.1 * generator(seed).normal(size=30)
    for other in (tree, reward_models.exact(tree), tree.with_log_value(log_value)):
        assert moments.asymptotic_variance(other) > v * (1 + 1e-6)


def test_the_least_variance_is_approached_by_the_exact_second_moment():
    tree = lumped_tree(3)
    best, truth = reward_models.least_variance(tree), reward_models.exact(tree)
    N = 10**6
    assert moments.relative_variance(best, N) * N == pytest.approx(
        least_variance_in_closed_form(tree), rel=1e-4
    )
    assert moments.relative_variance(best, N) < moments.relative_variance(truth, N)
