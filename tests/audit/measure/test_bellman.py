"""The Bellman ratio: noise is not read as error, zeros are handled, intervals hold the truth."""

import math

import numpy as np
import pytest
from benchmark import true_moments

from treesmc.audit.live.synthetic import logs_from_tree
from treesmc.audit.log.probes import probes_of
from treesmc.audit.measure.bellman import bellman_ratios, step_sizes
from treesmc.audit.measure.bootstrap import Clusters, expanded_percentiles
from treesmc.sims.trees import families, perturb
from treesmc.sims.trees.values import ratio_bound

EXACT = families.random_tree(5, seed=4)


def summary(tree, prompts=40, paths=20, K=2, seed=0, replicates=200):
    probes = probes_of(logs_from_tree(tree, prompts, paths, K, 0, seed))
    return bellman_ratios(probes, Clusters.of(probes, replicates, seed))


def test_noise_is_not_read_as_error_at_two_children():
    overall, _ = summary(EXACT)
    assert overall.rms.low == 0
    assert overall.rms.high < 0.15
    assert overall.reliability < 0.1
    # the naive reading, for contrast: the spread of the observed ratio is all noise
    probes = probes_of(logs_from_tree(EXACT, 40, 20, 2, 0, 0))
    observed = np.exp(probes.children.mean - probes.log_value)
    assert math.sqrt(np.mean((observed - 1) ** 2)) > 0.2 > overall.rms.high
    assert max(abs(q) for q in overall.raw_quantiles) > 0.5
    assert overall.eps99 < 0.3


@pytest.mark.parametrize("name", ["persistent", "random_sign"])
@pytest.mark.parametrize("K", [2, 5])
def test_an_injected_error_is_found(name, K):
    tree = perturb.PERTURBATIONS[name](EXACT, 0.4, 1)
    overall, _ = summary(tree, K=K)
    mean, rms = true_moments(tree)
    assert overall.mean.low <= mean <= overall.mean.high
    assert overall.rms.low <= rms <= overall.rms.high
    assert overall.rms.low > 0.1


def test_intervals_hold_the_truth_as_often_as_they_say():
    tree = perturb.random_sign(families.random_tree(3, seed=5), 0.3, 1)
    mean, rms = true_moments(tree)
    runs = [summary(tree, 30, 5, 2, seed, 100)[0] for seed in range(100)]
    for truth, key in ((mean, "mean"), (rms, "rms")):
        held = sum(getattr(r, key).low <= truth <= getattr(r, key).high for r in runs)
        assert held >= 86, key  # Bin(100, 0.95) is below 86 with probability 2e-4
    wrong = sum(r.mean.low <= mean + 0.1 <= r.mean.high for r in runs)
    assert wrong < 50


def test_without_noise_quantiles_are_those_observed():
    overall, by_depth = summary(families.needle(5, 0.2), paths=40)
    assert overall.reliability == 1
    assert overall.eps99 == pytest.approx(0.2)
    assert overall.raw_eps == pytest.approx(0.2)
    assert [q.value for q in overall.quantiles] == overall.raw_quantiles
    assert [s.depth for s in by_depth] == list(range(5))


def test_noisy_quantiles_have_the_spread_of_the_error():
    tree = perturb.persistent(families.random_tree(6, seed=1), 0.3)
    overall, _ = summary(tree, paths=40, K=4)
    quantiles = [q.value for q in overall.quantiles]
    assert quantiles == sorted(quantiles)
    assert overall.raw_quantiles[0] < quantiles[0] < -math.log(1.3)
    assert overall.raw_quantiles[4] > quantiles[4] > math.log(1.3) / 2


def zero_lines():
    """Three prefixes: one with a zero among its children, a dead end, one of value zero."""
    base = {"prompt": "p", "depth": 0, "log_value": 0.0}
    return [
        {**base, "child_log_values": [math.log(2.0), -math.inf]},
        {**base, "child_log_values": [-math.inf, -math.inf]},
        {**base, "log_value": -math.inf, "child_log_values": [0.0, -math.inf]},
    ]


def test_zeros_make_L_infinite_and_stay_in_the_moments():
    probes = probes_of(iter(zero_lines()))
    steps = step_sizes(probes)
    assert math.isinf(steps.log_L)
    assert steps.log_L_positive == pytest.approx(math.log(2))
    assert (steps.zero_children, steps.dead_ends) == (3, 1)
    assert (steps.zero_prefixes, steps.revived) == (1, 1)
    overall, _ = bellman_ratios(probes, Clusters.of(probes, 20, 0))
    assert overall.prefixes == 2
    assert overall.mean.value == pytest.approx(0.5)  # (1 + 0)/2: the dead end counts as zero
    assert math.isinf(overall.raw_largest)


def test_L_is_that_of_the_tree_once_all_steps_are_seen():
    tree = families.product(3, 2.0)
    probes = probes_of(logs_from_tree(tree, 1, 200, 4, 0, 0))
    assert math.exp(step_sizes(probes).log_L) == pytest.approx(ratio_bound(tree))


def test_expanded_percentiles_widen_small_samples():
    replicates = np.linspace(-1, 1, 10_001)
    few, many = expanded_percentiles(replicates, 5), expanded_percentiles(replicates, 10_000)
    assert few[0] < many[0] < -0.949
    assert many[1] == pytest.approx(0.95, abs=1e-3)
    assert np.isnan(expanded_percentiles(replicates, 1)).all()


def test_clusters_are_prompts_then_paths_then_lines():
    many = probes_of(logs_from_tree(EXACT, 3, 4, 2, 0, 0))
    one = probes_of(logs_from_tree(EXACT, 1, 4, 2, 0, 0))
    loose = probes_of(logs_from_tree(EXACT, 1, 4, 2, 0, 0, linked=False))
    kinds = [(c.kind, c.count) for c in (Clusters.of(p, 20, 0) for p in (many, one, loose))]
    assert kinds == [("prompts", 3), ("paths", 4), ("lines", 20)]


@pytest.mark.parametrize("shift", [-2000.0, 2000.0])
def test_ratios_beyond_floats_keep_their_quantiles(shift):
    """Children that are all worth exp(shift) times more move log rho by shift, and nothing else."""
    lines = list(logs_from_tree(EXACT, 4, 8, 2, 0, 0))
    moved = [
        {**line, "child_log_values": [x + shift for x in line["child_log_values"]]}
        for line in lines
    ]
    plain, far = (
        bellman_ratios(probes, Clusters.of(probes, 50, 0))[0]
        for probes in (probes_of(iter(lines)), probes_of(iter(moved)))
    )
    for a, b in zip(plain.quantiles, far.quantiles, strict=True):
        assert b.value == pytest.approx(a.value + shift)
    assert far.reliability == pytest.approx(plain.reliability)
    assert far.mean.value == (np.inf if shift > 0 else 0)
    assert far.rms.value == (np.inf if shift > 0 else 1)
