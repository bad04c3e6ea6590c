"""Every method of the registry: its law, its sampler and its cost against what enumeration says.

A measured law agrees with an exact one if no class is off by more than z standard errors, z such
that a right sampler fails a test with probability `FALSE_ALARM` (union bound over the classes).
"""

import json
from pathlib import Path

import numpy as np
import pytest
from random_layers import SMALL, R, agrees, mean_is, z_limit

from treesmc.cli import main
from treesmc.sims.base import sources
from treesmc.sims.cost import METHODS as COSTED
from treesmc.sims.cost import cost, rejection_samples
from treesmc.sims.laws.enumeration import (
    NumberTree,
    enumerate_naive,
    enumerate_pool_mh,
    enumerate_smc,
)
from treesmc.sims.methods.registry import METHODS
from treesmc.sims.sweeps import point
from treesmc.sims.sweeps.digits import SIGNIFICANT
from treesmc.sims.sweeps.point import compute_point
from treesmc.sims.sweeps.trees import DEFAULTS
from treesmc.sims.trees.families import needle, needle_in_drift
from treesmc.sims.trees.treefile import save_tree
from treesmc.sims.trees.values import log_normalizer, target_law, total_variation

TREES = {**SMALL, "needle": needle(3, 0.4)}
VALUES = {"N": 3, "M": 2, "H": 1, "resampling": "multinomial", "ess_threshold": 1.0}
ORACLES = {
    "target": lambda tree: NumberTree.from_tree(tree, False).target_law(),
    "reference": lambda tree: NumberTree.from_tree(tree, False).reference_law(),
    "naive": lambda tree, N: enumerate_naive(tree, N),
    "smc": lambda tree, N, **scheme: enumerate_smc(tree, N, **scheme).law,
    "guided-smc": lambda tree, N, **scheme: enumerate_smc(tree, N, guided=True, **scheme).law,
    "guided": lambda tree: enumerate_smc(tree, 1, guided=True).law,
    "rejection": lambda tree: NumberTree.from_tree(tree, False).target_law(),
    "pool-mh": enumerate_pool_mh,
}
EXACT = {name: {"skewed", "lumped", "needle"} for name in METHODS}
EXACT |= {"smc": {"needle"}, "guided-smc": set(), "pool-mh": set()}


@pytest.fixture(params=METHODS)
def method(request):
    return METHODS[request.param]


@pytest.fixture(params=TREES)
def tree(request):
    return TREES[request.param]


def test_words_say_what_is_there(method):
    assert bool(method.exact) == (method.run.law is not None)
    assert bool(method.n_star) == (method.run.least is not None) == (method.name in COSTED)


def test_results_of_sweeps_follow_the_sources_of_all_methods():
    sources_of_a_point = {path.stem for path in sources._closure(Path(point.__file__))}
    assert sources_of_a_point >= {"naive_law", "lineage", "search", "pool", "counts", "smc", "walk"}
    assert "conditional" not in sources_of_a_point


def test_exact_laws_are_those_of_enumeration(method):
    """Up to round-off, where they are known; and the law of another amount is not taken for it."""
    options = method.given(VALUES)
    known = {name for name, tree in TREES.items() if method.run.is_exact(tree, **options)}
    assert known == EXACT[method.name]
    for name in known:
        oracle = np.array(ORACLES[method.name](TREES[name], **options), float)
        np.testing.assert_allclose(method.run.law(TREES[name], **options), oracle, rtol=1e-11)
        if "N" in options:
            other = method.run.law(TREES[name], **{**options, "N": 4})
            assert np.abs(other - oracle).max() > 1e-4


def test_only_multinomial_resampling_at_every_step_has_an_exact_law():
    for change in ({"resampling": "residual"}, {"ess_threshold": 0.5}, {"N": 10**6}):
        options = METHODS["smc"].given({**VALUES, **change})
        assert not METHODS["smc"].run.is_exact(TREES["needle"], **options)


KERNELS = [
    (method, how)
    for method in METHODS.values()
    for how in (
        ({"kernel": "particles"}, {"kernel": "counts"}) if "kernel" in method.options else ({},)
    )
]


@pytest.mark.parametrize(("method", "how"), KERNELS, ids=lambda x: getattr(x, "name", None))
def test_samplers_have_the_enumerated_law(method, how, tree):
    options, run = method.given(VALUES), {"replicates": R, "seed": 5, **how}
    law = np.array(ORACLES[method.name](tree, **options), float)
    estimate = method.run.sample(tree, **options, **run)
    assert agrees(estimate, law)
    off = law * (1 + 0.2 * np.where(np.arange(len(law)) % 2, 1, -1))
    assert not agrees(estimate, off / off.sum())
    off_Z = abs(estimate.log_mean_Z_hat - log_normalizer(tree))
    assert off_Z <= z_limit(1) * estimate.log_mean_Z_hat_stderr + 1e-12
    assert method.name == "rejection" or mean_is(
        np.exp(estimate.log_Z_hat), np.exp(log_normalizer(tree))
    )


@pytest.mark.parametrize(("method", "how"), KERNELS, ids=lambda x: getattr(x, "name", None))
def test_neither_threads_nor_the_scale_of_values_matter(method, how):
    options, tree = {**method.given({**VALUES, "N": 7}), **how}, TREES["skewed"]
    far = tree.with_log_value(tree.log_value + 4000.0)
    one, two, moved, other = (
        method.run.sample(tree, replicates=100, seed=seed, jobs=jobs, **options)
        for tree, seed, jobs in ((tree, 16, 1), (tree, 16, 2), (far, 16, 1), (tree, 17, 1))
    )
    for name in ("law", "stderr", "log_Z_hat"):
        assert getattr(one, name).tobytes() == getattr(two, name).tobytes()
    assert one.law.tobytes() != other.law.tobytes()
    assert np.allclose(one.law, moved.law, atol=1e-9)
    assert moved.log_mean_Z_hat - one.log_mean_Z_hat == pytest.approx(4000.0)


@pytest.mark.parametrize("name", ["naive", "smc"])
def test_exact_costs_are_least(name):
    tree, law = needle(8, 0.3), METHODS[name].run.law
    found = cost(tree, name, 0.1)
    assert (found.evidence, found.interval) == ("exact", (found.n_star, found.n_star))
    assert found.reference_draws == 8 * found.n_star
    pi, n = target_law(tree), int(found.n_star)
    assert total_variation(law(tree, N=n), pi) <= 0.1 < total_variation(law(tree, N=n - 1), pi)


COSTS = {  # on lumped: T = 3, symbols per depth 3, 3, 2; N = 7, M = 2, H = 1
    **{"target": (3, 0), "reference": (3, 0), "naive": (21, 7), "guided": (3, 8)},
    **{"smc": (21, 21), "guided-smc": (21, 56), "pool-mh": (12, 12)},
}


def test_costs_are_those_of_a_run(method):
    tree, options = TREES["lumped"], method.given({**VALUES, "N": 7})
    estimate = method.run.sample(tree, replicates=R, seed=16, **options)
    counted = estimate.reference_draws, estimate.value_evaluations
    stated = method.run.cost(tree, **options)
    if method.name == "rejection":  # attempts are geometric: 4 standard errors
        samples = rejection_samples(tree)
        assert samples == pytest.approx(np.exp(1.4 - log_normalizer(tree)))
        assert stated == (3 * samples, samples)
        assert counted == pytest.approx(stated, rel=4 / R**0.5)
    else:
        assert counted == stated == COSTS[method.name]


@pytest.mark.parametrize("family", [needle, needle_in_drift])
def test_law_and_sweep_follow_one_rule(capsys, tmp_path, method, family):
    """Evidence, cost and total variation; measured if replicates are asked for."""
    save_tree(family(4, 0.2), tmp_path / "tree.json")
    given = {"family": family.__name__, "T": 4, "eps": 0.2, "method": method.name}
    row = compute_point({**DEFAULTS, **given, **VALUES})
    command = ["law", f"{tmp_path}/tree.json", "--method", method.name, "--json"]
    command += ["-n", "3", "--pool", "2", "--iterations", "1"]
    assert main(command) == 0
    answer = json.loads(capsys.readouterr().out)
    assert sum(answer["law"]) == pytest.approx(1)
    assert answer["evidence"] == row["evidence"]
    for key in ("reference_draws", "value_evaluations"):
        assert answer[key] == pytest.approx(row[key], rel=1e-8)
    if answer["evidence"] == "exact":
        assert row["tv"] == pytest.approx(answer["tv"], rel=10 ** (1 - SIGNIFICANT), abs=1e-12)
        assert not any(answer["stderr"])
    assert main([*command, "--replicates", "300"]) == 0
    sampled = json.loads(capsys.readouterr().out)
    assert (sampled["evidence"], sampled["replicates"]) == ("measured", 300)
    assert sampled["reference_draws"] == answer["reference_draws"]
    assert main([*command, "--replicates", "300", "--jobs", "2"]) == 0
    assert json.loads(capsys.readouterr().out) == sampled
