"""The last choice by two rules, against enumeration and exact laws."""

import itertools
import json

import numpy as np
import pytest

from treesmc.audit.live.synthetic import logs_from_tree
from treesmc.audit.log.probes import probes_of
from treesmc.audit.predict.best_of_n import Rewards
from treesmc.audit.predict.last_choice import by_weight, largest_reward
from treesmc.audit.report.html import page
from treesmc.audit.report.report import audit
from treesmc.audit.report.text import render
from treesmc.sims.trees import families
from treesmc.sims.trees.reward_models import power
from treesmc.sims.trees.values import reference_law, total_variation

P = np.array([0.4, 0.3, 0.2, 0.1])
PHI = np.array([1.0, 2.0, 2.0, 5.0])  # two outcomes of one reward
PI = P * PHI / (P @ PHI)


def enumerated(q, n, weight):
    """TV over outcomes and relative mean reward of one of n draws from q, chosen by weight."""
    law = np.zeros(len(q))
    for draws in itertools.product(range(len(q)), repeat=n):
        w = weight(PHI[list(draws)])
        np.add.at(law, list(draws), np.prod(q[list(draws)]) * w / w.sum())
    return total_variation(law, PI), law @ PHI / (PI @ PHI)


def is_largest(phi):
    return (phi == phi.max()).astype(float)  # ties are broken at random


@pytest.mark.parametrize("n", [1, 2, 4])
def test_best_of_n_by_enumeration(n):
    log_p = np.log(P) + 7.0  # weights need no normalisation
    found = largest_reward(np.log(PHI), log_p, n)
    assert found == pytest.approx(enumerated(P, n, is_largest), abs=1e-14)
    drawn = by_weight(P, np.log(PHI), n)
    assert drawn == pytest.approx(enumerated(P, n, lambda phi: phi), abs=1e-12)
    if n > 1:
        assert found != pytest.approx(enumerated(P, n - 1, is_largest), abs=1e-2)
        assert found != pytest.approx(drawn, abs=1e-2)


def test_no_number_brings_the_largest_to_the_target():
    log_phi = np.append(np.log(PHI), -np.inf)  # and one outcome without reward
    log_p = np.log(np.append(P, 0.5))
    tv = [largest_reward(log_phi, log_p, n)[0] for n in (1, 10, 1e3, 1e15)]
    assert tv[-1] == pytest.approx(1 - PI[3])
    assert tv[1] < tv[0]
    assert tv[2] > tv[1]


TREE = power(families.product(8, 3.0), 0.7)
DELTA = 0.15


@pytest.fixture(scope="module")
def report():
    lines = logs_from_tree(TREE, 1, 1500, 2, 4, 0)
    return audit(probes_of(lines), DELTA, replicates=50)


def test_choices_of_a_log_are_those_of_the_tree(report):
    """13500 rewards, of which those of one path depend on each other; mean rewards: 10%."""
    one, best = report.last_choice
    p, log_phi = reference_law(TREE), TREE.log_value_at(8)
    assert one.n == 1
    assert one.tv_drawn == pytest.approx(one.tv_largest, abs=0.01)
    for choice in (one, best):
        exact = largest_reward(log_phi, np.log(p), choice.n)
        assert choice.tv_largest == pytest.approx(exact[0], abs=0.03)
        assert choice.reward_largest == pytest.approx(exact[1], rel=0.1)
        drawn = by_weight(p, log_phi, choice.n)
        assert choice.tv_drawn == pytest.approx(drawn[0], abs=0.03)
        assert choice.reward_drawn == pytest.approx(drawn[1], rel=0.1)
    assert best.tv_drawn == pytest.approx(DELTA, abs=0.03)
    assert best.tv_largest > best.tv_drawn + 0.05


def test_reports_show_it(report):
    best = report.last_choice[1]
    shown = [line.split() for line in render(report).splitlines()]
    assert [f"{best.n:,.0f}", f"{best.tv_drawn:.3g}"] in [line[:2] for line in shown]
    assert "The last choice" in page(report)
    assert json.loads(report.to_json())["last_choice"][1]["tv_largest"] == best.tv_largest


def test_a_log_without_rewards_says_nothing():
    lines = list(logs_from_tree(TREE, 1, 30, 2, 4, 0))
    for line in lines:
        line.pop("rollout_log_rewards", None)
    early = [line for line in lines if line["depth"] < 7]
    found = audit(probes_of(early), DELTA, horizon=8, replicates=20)
    assert found.last_choice == []
    assert "largest reward" not in render(found)


def test_a_reward_of_no_weight_is_no_class():
    rewards = Rewards.of(np.array([0.0, -100.0]), np.array([0.0, -740.0]))
    assert rewards.law == pytest.approx([1.0])
    assert rewards.log_class == pytest.approx([0.0])
