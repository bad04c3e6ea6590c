"""Whole paths: v, the certificate and the predicted total variation against exact values."""

import dataclasses
import math

import numpy as np
import pytest

from treesmc.audit.live.synthetic import logs_from_tree
from treesmc.audit.log.fields import NO_PATH
from treesmc.audit.log.probes import probes_of
from treesmc.audit.predict.paths import GRID, linked_paths, outlook, path_statistics, solve
from treesmc.audit.predict.reshape import reshaped
from treesmc.sims.laws.certificate import first_order_constant
from treesmc.sims.laws.lineage import lineage_law
from treesmc.sims.laws.moments import asymptotic_variance
from treesmc.sims.trees import families, perturb
from treesmc.sims.trees.values import target_law, total_variation

TREE = perturb.persistent(families.random_tree(5, seed=1), 0.3)


def view(tree, prompts=1, paths=1500, K=4, rollouts=8, seed=0, **options):
    probes = probes_of(logs_from_tree(tree, prompts, paths, K, rollouts, seed, **options))
    return outlook(linked_paths(probes, tree.horizon))


@pytest.mark.parametrize("tree", [TREE, families.needle(6, 0.2)], ids=["persistent", "needle"])
@pytest.mark.parametrize("guided", [False, True])
def test_variance_and_constant(tree, guided):
    seen = view(tree, guided=guided)
    assert seen.v_steps.sum() == pytest.approx(asymptotic_variance(tree), rel=0.12)
    assert seen.first_order[0] == pytest.approx(first_order_constant(tree)[0], rel=0.15)
    assert seen.certificate[0] > seen.first_order[0]


def test_predicted_total_variation_on_the_exact_chain():
    tree = families.needle(6, 0.2)
    seen = view(tree, paths=4000)
    for N, off in ((8, 0.35), (32, 0.15), (128, 0.1)):  # a law for large N
        exact = total_variation(lineage_law(tree, N), target_law(tree))
        assert seen.tv[0][GRID == N][0] == pytest.approx(exact, rel=off)


def test_noise_of_rollouts_does_not_pass_for_variance():
    tree = families.random_tree(6, seed=2, sigma=0.7)
    noisy = view(tree, paths=3000, rollouts=2)
    exact = first_order_constant(tree)[0]
    assert noisy.v_steps.sum() == pytest.approx(asymptotic_variance(tree), rel=0.25)
    assert noisy.first_order[0] == pytest.approx(exact, rel=0.35)
    probes = probes_of(logs_from_tree(tree, 1, 3000, 4, 2, 0))
    (statistics,) = [path_statistics(p) for p in linked_paths(probes, 6)]
    b = np.expm1(statistics.log_h[0]).sum(axis=1)
    naive = 0.5 * statistics.p @ np.abs(b - statistics.p @ b)
    assert naive > 1.3 * exact


def test_few_paths_a_prompt_leave_little_bias():
    exact, v = first_order_constant(TREE)[0], asymptotic_variance(TREE)
    for paths, off in ((12, 0.3), (40, 0.1)):
        few = view(TREE, prompts=1200 // paths, paths=paths)
        assert few.v_steps.sum(axis=1).mean() == pytest.approx(v, rel=0.12)
        assert few.first_order.mean() == pytest.approx(exact, rel=off)


def test_a_prompt_may_scale_its_values_and_rewards():
    lines = list(logs_from_tree(TREE, 1, 100, 2, 4, 0))
    moved = [
        {
            **line,
            "log_value": line["log_value"] + 300,
            "child_log_values": [
                x + (300 if line["depth"] < 4 else -500) for x in line["child_log_values"]
            ],
            "rollout_log_rewards": [x - 500 for x in line["rollout_log_rewards"]],
        }
        for line in lines
    ]
    plain, scaled = (outlook(linked_paths(probes_of(iter(x)), 5)) for x in (lines, moved))
    np.testing.assert_allclose(scaled.v_steps, plain.v_steps, rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(scaled.tv, plain.tv, rtol=1e-9)


def test_only_complete_paths_are_linked():
    lines = list(logs_from_tree(TREE, 1, 10, 2, 2, 0))
    probes = probes_of(iter(lines[1:] + lines[-1:]))  # path 0 lacks its root, path 9 ends twice
    (paths,) = linked_paths(probes, 5)
    assert len(paths.line) == 8
    assert linked_paths(dataclasses.replace(probes, path=0 * probes.path + NO_PATH), 5) == []


def test_without_rollouts_the_reward_model_stands_in():
    tree = families.random_tree(5, seed=1)
    seen = view(tree, rollouts=0, paths=3000)
    assert seen.v_steps.sum() == pytest.approx(asymptotic_variance(tree), rel=0.15)
    wrong = view(TREE, rollouts=0, paths=3000)
    assert wrong.v_steps.sum() < 0.5 * asymptotic_variance(TREE)


def test_powers_of_the_reward_model():
    probes = probes_of(logs_from_tree(TREE, 1, 2000, 4, 8, 0))
    rows = {row.name: row for row in reshaped(linked_paths(probes, 5), 0.1)}
    for gamma in (0.5, 2.0):
        power = TREE.log_value.copy()
        inner = TREE.class_start[-2]
        power[:inner] *= gamma
        exact = asymptotic_variance(TREE.with_log_value(power))
        assert rows[f"V^{gamma:g}"].v == pytest.approx(exact, rel=0.2)
    assert rows["V^1"].v == pytest.approx(asymptotic_variance(TREE), rel=0.15)


def test_solve_interpolates_and_stays_within_its_grid():
    grid = np.array([2.0, 4.0, 8.0])
    assert solve(1 / grid, grid, 0.2) == pytest.approx(math.log(5.0))
    assert solve(0.01 / grid, grid, 0.2) == math.log(2.0)
    assert solve(10 / grid, grid, 0.2) == math.log(8.0)
    assert math.isinf(solve(0 * GRID + 0.5, GRID, 0.2))
    assert math.isnan(solve(np.array([np.nan, 1, 1]), grid, 0.2))
