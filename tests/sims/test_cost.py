"""Costs: exact where the law is, measured in agreement with it, with intervals that cover."""

import math

import numpy as np
import pytest

from treesmc.sims.base.errors import BadInput
from treesmc.sims.cost import (
    METHODS,
    cost,
    estimate_tv,
    least_particles,
    rejection_samples,
    terminal_constant,
)
from treesmc.sims.laws import lineage
from treesmc.sims.laws.certificate import first_order_constant
from treesmc.sims.laws.lineage import least_particles_exact
from treesmc.sims.methods.search import PARTICLE_CAP
from treesmc.sims.trees.families import needle, needle_in_drift, persistent, product, random_tree
from treesmc.sims.trees.perturb import value_noise
from treesmc.sims.trees.values import total_variation

DELTA = 0.1


@pytest.fixture
def measured_only(monkeypatch):
    """Forget the exact law, so that measurements can be held against it."""
    monkeypatch.setattr(lineage, "EXACT_CAP", 0)


def test_measured_intervals_cover_the_exact_cost(measured_only):
    """30 seeds at level 95%: fewer than 24 hits have probability below 1e-3."""
    tree = needle(16, 0.1)
    exact = least_particles_exact(tree, DELTA)
    found = [least_particles(tree, DELTA, replicates=512, seed=seed) for seed in range(30)]
    assert all(f.evidence == "measured" and not f.censored for f in found)
    assert sum(f.interval[0] <= exact <= f.interval[1] for f in found) >= 24
    # Not vacuous: a cost 40% off is outside most of the intervals.
    assert sum(f.interval[0] <= 1.4 * exact <= f.interval[1] for f in found) < 6
    z = [math.log(f.n_star / exact) / f.log_stderr for f in found]
    assert 0.6 < np.sqrt(np.mean(np.square(z))) < 1.4  # 1 if errors are honest; 3 s.e. are 0.39


def test_bracket_of_total_variation():
    """Cross-fitted below, plug-in above, on average; noise per class is half the signal."""
    rng = np.random.default_rng(0)
    target = np.full(50, 0.02)
    law = target + 0.004 * np.where(np.arange(50) % 2, 1, -1)
    truth = total_variation(law, target)
    found = [
        estimate_tv(law + 0.011 * rng.standard_normal((32, 50)), target, rng.standard_normal(32))
        for _ in range(200)
    ]
    low, high = (np.mean([f.value + side * f.bias for f in found]) for side in (-1, 1))
    assert low < truth < high
    assert high - low < 0.2 * truth
    # On noise alone the plug-in sees a distance, and the bias bound says that it may be none.
    noise = estimate_tv(target + 0.011 * rng.standard_normal((32, 50)), target, np.zeros(32))
    assert noise.value - noise.bias < 2 * noise.stderr < noise.value + noise.bias


def test_control_variate_removes_what_it_explains():
    rng = np.random.default_rng(1)
    target, excess = np.array([0.5, 0.5]), rng.standard_normal(32)
    direction = np.array([1.0, -1.0])
    laws = target + 0.1 * direction + np.outer(0.05 * excess, direction)
    explained = estimate_tv(laws, target, excess)
    assert explained.value == pytest.approx(0.1, abs=1e-12)
    ignored = estimate_tv(laws, target, rng.standard_normal(32))
    assert ignored.stderr > 1e3 * explained.stderr


def test_terminal_constant_is_that_of_paths_on_explicit_trees():
    tree = random_tree(5, sigma=1.5, seed=3)
    noisy = tree.with_log_value(tree.log_value + np.r_[0.3 * np.sin(np.arange(31)), np.zeros(32)])
    for explicit in (tree, noisy, needle(6, 0.2)):
        constant = first_order_constant(explicit)[0]
        assert terminal_constant(explicit) == pytest.approx(constant, rel=1e-10)
    # Lumping loses what classes do not tell: here, through which classes the path came.
    lumped = value_noise(product(6), 0.5, seed=1)
    assert terminal_constant(lumped) < 0.99 * first_order_constant(lumped)[0]


@pytest.mark.parametrize("guided", [False, True])
def test_cost_approaches_the_first_order_prediction(guided):
    tree, delta = value_noise(random_tree(4, seed=2), 8.0, seed=3), 0.01
    found = least_particles(tree, delta, guided=guided, replicates=2**16, seed=2)
    # The second-order term is a few times 1/N relatively, N about 50 and 35.
    tolerance = 0.1 + 3 * found.log_stderr
    assert tolerance < 0.3
    assert found.n_star == pytest.approx(terminal_constant(tree, guided) / delta, rel=tolerance)
    # The constant of the other proposal is not accepted.
    assert found.n_star != pytest.approx(terminal_constant(tree, not guided) / delta, rel=tolerance)


def test_replicates_are_added_until_the_interval_is_narrow():
    """On trees of many leaves a fixed number of replicates says next to nothing."""
    tree = value_noise(random_tree(9, seed=3), 0.5, seed=1)
    fixed, found = least_particles(tree, 0.05, replicates=1024), least_particles(tree, 0.05)
    low, high = found.interval
    assert math.log(high / low) / 2 <= 0.1 or high - low <= 2
    assert math.log(fixed.interval[1] / fixed.interval[0]) / 2 > 0.5
    assert found.replicates > 8 * fixed.replicates
    # The interval is of 95%: twice as wide a one misses in one of 10^4.
    again = least_particles(tree, 0.05, replicates=4 * found.replicates, seed=1).n_star
    assert low - (high - low) / 2 <= again <= high + (high - low) / 2


def test_precision_is_checked_and_work_is_bounded(monkeypatch):
    tree = random_tree(6, 3, seed=1)
    with pytest.raises(BadInput, match="precision: 0"):
        least_particles(tree, 0.05, precision=0)
    monkeypatch.setattr("treesmc.sims.methods.search.BUDGET", 1e6)
    assert least_particles(tree, 0.05, precision=1e-4).replicates <= 4096


def test_an_interval_beyond_floats_is_open(monkeypatch):
    monkeypatch.setattr("treesmc.sims.methods.search._interpolate", lambda *_: (3.0, 0.1, 1e4))
    found = least_particles(random_tree(3, seed=1), 0.05, replicates=256)
    assert (found.n_star, found.interval) == (21, (2, math.inf))


def test_rejection_cost_by_hand():
    """phi = 2^ones: sup phi / Z = 2^T / 1.5^T."""
    assert rejection_samples(product(5)) == pytest.approx((4 / 3) ** 5)
    assert cost(product(5), "rejection", DELTA).reference_draws == pytest.approx(5 * (4 / 3) ** 5)


def test_guided_cost_is_one_or_infinite():
    """On `persistent` guided sampling is off by exactly tanh((T - 1)/2 log(1 + eps)) (S4)."""
    tree = persistent(6, 0.05)
    tv = math.tanh(2.5 * math.log1p(0.05))
    assert cost(tree, "guided", tv + 1e-9).n_star == 1
    assert cost(tree, "guided", tv - 1e-9).n_star == math.inf
    assert cost(tree, "guided-smc", tv + 1e-9).n_star == 1
    assert cost(tree, "guided-smc", tv - 1e-3).n_star > 1


def test_censored_at_the_cap():
    tree = needle_in_drift(16, 0.3)
    found = least_particles(tree, DELTA, cap=50, replicates=256)
    assert found.censored
    assert (found.n_star, found.interval) == (50, (50, math.inf))
    assert not least_particles(tree, DELTA, cap=10**6, replicates=256).censored


def test_other_schemes_are_measured():
    tree = needle_in_drift(8, 0.1)
    found = {
        scheme: least_particles(
            tree, DELTA, resampling=scheme, ess_threshold=0.5, replicates=512, seed=2
        )
        for scheme in ("multinomial", "systematic")
    }
    assert all(1 < f.n_star < PARTICLE_CAP and not f.censored for f in found.values())
    assert found["systematic"].n_star <= found["multinomial"].interval[1]


def test_same_seed_same_cost_whatever_the_jobs():
    tree = needle_in_drift(6, 0.1)
    one, two = (least_particles(tree, DELTA, replicates=256, seed=5, jobs=j) for j in (1, 2))
    assert one == two
    assert one != least_particles(tree, DELTA, replicates=256, seed=6)


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("delta", [0, 1, -0.1, math.nan])
def test_delta_is_checked(method, delta):
    with pytest.raises(BadInput, match="delta"):
        cost(product(3), method, delta)


def test_other_bad_input():
    with pytest.raises(BadInput, match="method: 'magic' is not one of naive"):
        cost(product(3), "magic", DELTA)
    with pytest.raises(BadInput, match="replicates: 100 is too small"):
        least_particles(product(3), DELTA, replicates=100)
    with pytest.raises(BadInput, match="resampling"):
        least_particles(product(3), 0.01, resampling="magic")
