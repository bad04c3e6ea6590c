"""The integral of S7 against brute force over multinomial counts, brackets and exact n*."""

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from treesmc.sims.base.errors import BadInput
from treesmc.sims.laws import naive_law as module
from treesmc.sims.laws.naive_law import least_samples, naive_law, naive_tv, sample_bracket
from treesmc.sims.trees.families import product
from treesmc.sims.trees.values import kl, reference_law

REQUIRED = 1e-8  # relative error promised for every probability
ROUND_OFF = 1e-12  # what 64-bit sums of a few thousand terms with exponents near 700 leave


def brute_force(p, log_phi, n):
    """The definition, in rational arithmetic: sum over ordered samples, one drawn by reward."""
    p, phi = [Fraction(x) for x in p], [Fraction(math.exp(x)) for x in log_phi]
    law = [Fraction(0)] * len(p)
    for sample in itertools.product(range(len(p)), repeat=n):
        share = math.prod(p[c] for c in sample) / sum(phi[c] for c in sample)
        for c in sample:
            law[c] += share * phi[c]
    return np.array([float(x / sum(p) ** n) for x in law])


def softmax(log_weights):
    weights = np.exp(log_weights - np.max(log_weights))
    return weights / weights.sum()


def instance(seed, S=4, sigma=3.0):
    rng = np.random.default_rng(seed)
    return softmax(sigma * rng.normal(size=S)), sigma * rng.normal(size=S)


@pytest.mark.parametrize("n", [2, 3, 5])
def test_tiny_probabilities_keep_their_digits(n):
    p = np.array([1e-30, 0.25, 1e-90, 0.75 - 1e-30])
    log_phi = np.array([60.0, -200.0, 5.0, -3.0])
    expected = brute_force(p, log_phi, n)
    assert expected.min() < 1e-70
    np.testing.assert_allclose(naive_law(p, log_phi, n), expected, rtol=ROUND_OFF)


def test_a_mass_lost_to_cancellation_would_be_seen():
    """M falls to 1e-30 before the second class contributes half of its probability."""
    p, log_phi = np.array([1.0, 1e-30]), np.array([0.0, math.log(1e-30)])
    np.testing.assert_allclose(naive_law(p, log_phi, 2), brute_force(p, log_phi, 2), rtol=ROUND_OFF)


@given(
    seed=st.integers(0, 2**32 - 1),
    n=st.integers(1, 6),
    S=st.integers(1, 4),
    sigma=st.floats(0, 20),
)
@settings(max_examples=40, deadline=None, derandomize=True)
def test_agrees_with_brute_force(seed, n, S, sigma):
    p, log_phi = instance(seed, S, sigma)
    np.testing.assert_allclose(naive_law(p, log_phi, n), brute_force(p, log_phi, n), rtol=ROUND_OFF)


@pytest.mark.parametrize("n", [5, 1e3, 1e12, 1e40])
def test_half_the_step_changes_nothing_and_a_coarse_step_does(monkeypatch, n):
    p, log_phi = instance(7, S=6)
    law = naive_law(p, log_phi, n)
    monkeypatch.setattr(module, "_STEP", module._STEP / 2)
    np.testing.assert_allclose(naive_law(p, log_phi, n), law, rtol=ROUND_OFF)
    monkeypatch.setattr(module, "_STEP", 1.0)
    assert np.max(np.abs(naive_law(p, log_phi, n) / law - 1)) > REQUIRED


def test_one_sample_is_the_reference_and_infinitely_many_the_target():
    p, log_phi = instance(3, S=20)
    np.testing.assert_allclose(naive_law(p, log_phi, 1), p, rtol=ROUND_OFF)
    target = softmax(np.log(p) + log_phi)
    np.testing.assert_allclose(naive_law(p, log_phi, 1e40), target, rtol=ROUND_OFF)
    assert np.abs(naive_law(p, log_phi, 2) - p).max() > 1e-3


def test_zero_mass_classes_and_chunks_do_not_matter(monkeypatch):
    p, log_phi = instance(5, S=6)
    law = naive_law(p, log_phi, 50)
    padded = naive_law(np.append(p, 0.0), np.append(log_phi, 1e4), 50)
    np.testing.assert_array_equal(padded, np.append(law, 0.0))
    monkeypatch.setattr(module, "_CHUNK_CELLS", 12)
    np.testing.assert_allclose(naive_law(p, log_phi, 50), law, rtol=ROUND_OFF)


@pytest.mark.parametrize("n", [1, 2, 1e6, 1e40])
def test_a_thousand_extreme_rewards_still_give_a_law(n):
    rng = np.random.default_rng(0)
    law = naive_law(rng.dirichlet(np.ones(1000)), rng.uniform(-1000, 1000, size=1000), n)
    assert abs(law.sum() - 1) < ROUND_OFF * 10
    assert np.all(law >= 0)


def test_first_order_bias():
    """TV ~ (1/2n) E_pi |phi/Z - E_pi[phi/Z]|, by expanding 1/mean around Z; remainder O(1/n^2)."""
    p, log_phi = instance(1, sigma=1.0)
    target = softmax(np.log(p) + log_phi)
    density = target / p
    expected = 0.5 * target @ np.abs(density - target @ density)
    assert 1e6 * naive_tv(p, log_phi, 1e6) == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize("delta", [0.3, 0.1, 0.02])
@pytest.mark.parametrize("seed", range(4))
def test_least_samples_is_where_tv_crosses_and_is_bracketed(seed, delta):
    p, log_phi = instance(seed, sigma=1.5)
    n = least_samples(p, log_phi, delta)
    lower, upper = sample_bracket(p, log_phi, delta)
    assert n == math.floor(n)
    assert lower <= n <= math.ceil(upper)
    assert naive_tv(p, log_phi, n) <= delta
    assert n == 1 or naive_tv(p, log_phi, n - 1) > delta


def test_a_lower_bracket_a_tenth_larger_would_be_wrong():
    """One rare rewarded class: n* = log(1/delta)/m against the bracket (1 - delta)/m."""
    p, log_phi = np.array([1e-9, 1.0 - 1e-9]), np.array([200.0, 0.0])
    lower, _ = sample_bracket(p, log_phi, 0.9)
    n = least_samples(p, log_phi, 0.9)
    assert lower <= n < 1.1 * lower
    assert n == pytest.approx(math.log(1 / 0.9) / 1e-9, rel=1e-6)


def test_tv_decreases_with_the_number_of_samples():
    for seed in range(10):
        p, log_phi = instance(seed, sigma=2.0)
        tvs = [naive_tv(p, log_phi, n) for n in (*range(1, 30), 1e2, 1e3, 1e4)]
        assert np.all(np.diff(tvs) < ROUND_OFF)


def test_trivial_and_unreachable_counts():
    p = np.array([0.5, 0.5])
    assert least_samples(p, np.zeros(2), 0.01) == 1
    hopeless = np.array([1e-308, 1.0])
    assert least_samples(hopeless, np.array([2000.0, 0.0]), 0.1) == math.inf


def test_product_at_long_horizon_lies_between_its_brackets_and_grows_with_kl():
    tree = product(256)
    p, log_phi = reference_law(tree), tree.log_value_at(256)
    n = least_samples(p, log_phi, 0.1)
    lower, upper = sample_bracket(p, log_phi, 0.1)
    assert lower < n < upper
    # log n* = T KL + O(sqrt T), the constant being a few standard deviations of log(pi/pi_ref).
    deviation = math.sqrt(256 * 2 / 9) * math.log(2)
    assert abs(math.log(n) - kl(tree)) < 2 * deviation


@pytest.mark.parametrize(
    ("p", "log_phi", "n"),
    [
        ([0.5, 0.5], [0.0], 2),
        ([0.5, 0.6], [0.0, 0.0], 2),
        ([1.5, -0.5], [0.0, 0.0], 2),
        ([0.5, np.nan], [0.0, 0.0], 2),
        ([0.5, 0.5], [0.0, -np.inf], 2),
        ([0.5, 0.5], [0.0, 0.0], 0.5),
        ([0.5, 0.5], [0.0, 0.0], math.inf),
        ([0.5, 0.5], [0.0, 0.0], math.nan),
    ],
)
def test_bad_input_is_refused(p, log_phi, n):
    with pytest.raises(BadInput):
        naive_law(np.array(p), np.array(log_phi), n)


@pytest.mark.parametrize("delta", [0.0, 1.0, -0.1, math.nan])
def test_bad_tolerance_is_refused(delta):
    with pytest.raises(BadInput, match="delta"):
        least_samples(np.array([0.5, 0.5]), np.zeros(2), delta)


def test_a_wide_gap_is_as_good_as_a_wider_one():
    p = np.array([0.9, 0.06, 0.04])
    near, far = (naive_law(p, np.array([-gap, -1.0, 0.0]), 20) for gap in (1500.0, 1e9))
    assert far == pytest.approx(near, rel=1e-12)
    assert far[0] == pytest.approx(0.9**20, rel=1e-12)  # only where all samples are worthless
