"""V*/V by depth: how it grows, what zeros hide, and that a prompt's scale does not matter."""

import math

import numpy as np
import pytest
from benchmark import true_spread

from treesmc.audit.live.synthetic import logs_from_tree
from treesmc.audit.log.probes import probes_of
from treesmc.audit.measure.bootstrap import Clusters
from treesmc.audit.measure.drift import value_drift
from treesmc.sims.trees import families, perturb


def drift_of(tree, rollouts=8, lines=None):
    lines = logs_from_tree(tree, 40, 20, 2, rollouts, 1) if lines is None else lines
    probes = probes_of(iter(lines))
    return value_drift(probes, Clusters.of(probes, 100, 0), tree.horizon)


BASE = families.random_tree(8, seed=3)


@pytest.mark.parametrize(
    ("tree", "growth"),
    [
        (perturb.persistent(BASE, 0.2), "compounding"),
        (families.needle(8, 0.15), "compounding"),
        (perturb.value_noise(BASE, 1.0, 1), "bounded"),
    ],
    ids=["persistent", "needle", "value_noise"],
)
def test_growth_of_the_error(tree, growth):
    drift = drift_of(tree)
    assert drift.growth == growth
    assert drift.support[growth] > 0.8
    assert sum(drift.support.values()) == pytest.approx(1)
    inside = [d.spread.low <= true_spread(tree, d.depth) <= d.spread.high for d in drift.by_depth]
    assert np.mean(inside) >= 0.75


def test_noise_of_rollouts_is_not_read_as_drift():
    drift = drift_of(BASE, rollouts=2)
    assert all(d.spread.low < 0.1 for d in drift.by_depth)
    # each prefix on its own is off by as much as two rewards are
    assert drift.raw_log_error > 1


def test_too_few_rollouts_or_depths():
    assert drift_of(BASE, rollouts=1) is None
    assert drift_of(families.product(2), rollouts=4).growth == "undecided"


def test_the_scale_of_a_prompt_does_not_matter():
    lines = list(logs_from_tree(BASE, 10, 20, 2, 4, 1))
    shifts = np.random.default_rng(0).normal(0, 5, size=10)
    moved = [
        {
            **line,
            "log_value": line["log_value"] + float(shifts[int(line["prompt"].split()[1])]),
        }
        for line in lines
    ]
    plain, shifted = drift_of(BASE, lines=lines), drift_of(BASE, lines=moved)
    for a, b in zip(plain.by_depth, shifted.by_depth, strict=True):
        assert abs(a.spread.value - b.spread.value) < 0.25
    total = np.exp(-shifts)
    assert total.std() / total.mean() > 1  # what the spread across prompts would add


def test_reward_below_value_zero_is_lost():
    base = {"prompt": "p", "depth": 1, "child_log_values": [0.0, 0.0]}
    alive = {**base, "log_value": 0.0, "rollout_log_rewards": [0.0, 0.0]}
    dead = {**base, "log_value": -math.inf, "rollout_log_rewards": [math.log(3.0)] * 2}
    drift = drift_of(families.product(2), lines=[alive] * 3 + [dead])
    assert drift.lost_mass.value == pytest.approx(0.5)
    assert drift_of(families.product(2), lines=[alive] * 3).lost_mass.value == 0
