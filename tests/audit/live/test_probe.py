"""Audits of live models whose truth is known."""

import math
import subprocess
import sys

import numpy as np
import pytest
from benchmark import true_moments
from small import SMALL

from treesmc import audit
from treesmc.audit.live.pilot import run_smc, summarise
from treesmc.audit.live.protocol import Checked
from treesmc.audit.live.walks import Design, picking_probabilities, probe_paths
from treesmc.audit.log.files import read_probes
from treesmc.audit.predict.routes import PREDICTION
from treesmc.audit.report.report import audit as audit_log
from treesmc.sims.base.streams import generator
from treesmc.sims.cost import least_particles
from treesmc.sims.language.instance import language
from treesmc.sims.laws import moments
from treesmc.sims.trees import families, perturb, values
from treesmc.sims.trees.tree import TreeMDP

TREES = {
    "random": perturb.persistent(families.random_tree(5, seed=1), 0.2, 1),
    "needle_in_drift": families.needle_in_drift(6, 0.1),
    "language": language(6, 1, "contains:e", 0.5).tree,
}


def truth(tree):
    """Return mean of the Bellman ratio along reference paths, its rms error, and v, exactly."""
    return *true_moments(tree), moments.asymptotic_variance(tree)


def is_near(estimate, exact):
    """Whether an exact value is within two half-widths of a 95% interval: 4 standard errors."""
    width = max(estimate.high - estimate.value, estimate.value - estimate.low)
    return abs(estimate.value - exact) <= 2 * width + 1e-9


@pytest.fixture(scope="module", params=TREES)
def audited(request):
    tree = TREES[request.param]
    options = {"probes": 200, "guided": 0, "rollouts": 6, "particles": 64, "replicates": 24}
    return tree, audit.audit_model(audit.TreeModel(tree), tree.horizon, bootstrap=200, **options)


def test_report_agrees_with_the_exact_values(audited):
    tree, found = audited
    mean, rms, v = truth(tree)
    assert is_near(found.report.bellman.mean, mean)
    assert is_near(found.report.bellman.rms, rms)
    assert is_near(found.report.prediction.v, v)
    variance = 64 * moments.relative_variance(tree, 64)
    assert is_near(found.pilots[0].by_replicates, variance)
    assert is_near(found.pilots[0].by_genealogy, variance)


def test_values_off_by_a_third_are_noticed(audited):
    tree, found = audited
    mean, rms, v = truth(tree)
    assert not is_near(found.report.bellman.mean, mean * 4 / 3)
    assert not is_near(found.report.bellman.rms, rms + 1 / 3)
    assert not is_near(found.report.prediction.v, v * 2)


def test_prediction_is_near_the_particles_it_takes():
    tree = TREES["random"]
    found = audit.audit_model(
        audit.TreeModel(tree), tree.horizon, 0.1, probes=150, guided=150, replicates=0, seed=1
    )
    route = found.report.prediction.route("predicted")
    assert route.claim == PREDICTION
    n_star = least_particles(tree, 0.1, replicates=1024).n_star
    assert 0.5 <= route.n / n_star <= 2
    assert found.pilots == []


def test_guided_paths_are_properly_weighted():
    """Weighted means over guided paths estimate means over reference paths, zeros included."""
    tree = TREES["needle_in_drift"]
    model, T = audit.TreeModel(tree), tree.horizon
    design = Design(T, 2, 0, 3)
    lines = probe_paths(Checked(model), "", range(4000), design, True, generator(5))
    last = [line for line in lines if line["depth"] == T - 1]
    weight = np.exp([line["log_weight"] for line in last])
    value = np.exp([line["log_value"] for line in last])
    laws = values.class_laws(tree, tree.policy)
    expected = tree.layer(laws, T - 1) @ np.exp(tree.log_value_at(T - 1))

    def deviations(sample, mean):
        return abs(sample.mean() - mean) / (sample.std() / math.sqrt(len(sample)))

    assert deviations(weight, 1.0) < 4
    assert deviations(weight * value, expected) < 4
    assert deviations(value, expected) > 4  # without the weights
    assert weight.max() <= 10 ** (T - 1)


def test_picking_keeps_zeros_in_sight():
    p = picking_probabilities(np.array([[-np.inf, 0.0], [-np.inf, -np.inf], [900.0, 900.0]]))
    assert np.allclose(p, [[0.05, 0.95], [0.5, 0.5], [0.5, 0.5]])


def test_written_probes_give_the_same_report(tmp_path):
    tree = TREES["language"]
    found = audit.audit_model(audit.TreeModel(tree), tree.horizon, 0.2, ["p", "q"], seed=3, **SMALL)
    path = tmp_path / "log.jsonl"
    found.write_log(path)
    same = audit_log(read_probes(path), 0.2, horizon=tree.horizon, seed=3, replicates=20)
    assert same.to_json() == found.report.to_json()
    command = ["audit", str(path), "--delta", "0.2", "--seed", "3", "--bootstrap", "20", "--json"]
    printed = subprocess.run(
        [sys.executable, "-m", "treesmc", *command], capture_output=True, text=True, check=True
    )
    assert printed.stdout.strip() == found.report.to_json()
    assert "pilot runs" in found.render()
    assert found.report.paths == 32


class Coin:
    """Toss until heads, at most T times; a sequence of k tosses is worth 2^k, or 0 if k = 3."""

    T = 5

    def start(self, prompt, n):
        return [""] * n

    def extend(self, states, rng):
        tossed = np.where(rng.random(len(states)) < 0.5, "H", "T")
        ended = self.finished(states)
        return [s if e else s + c for s, e, c in zip(states, ended, tossed, strict=True)]

    def finished(self, states):
        return np.array([len(s) == self.T or s.endswith("H") for s in states], dtype=bool)

    def log_values(self, states):
        phi = [0.0 if s == "TTH" else 2.0 ** len(s) for s in states]
        with np.errstate(divide="ignore"):
            return np.log(phi)


def coin_tree(floor):
    """The same with a floor under phi: depth t >= 1 holds T^t and the ends after 1 .. t tosses."""
    T = Coin.T
    policy, child, log_value = [], [], []
    for t in range(T + 1):
        ends = [0.0 if k == 3 else 2.0**k for k in range(1, t + 1)]
        log_value.append(np.log(np.maximum([2.0**t, *ends], floor)))
        if t < T:
            policy.append([[0.5, 0.5], *[[1.0, 0.0]] * t])
            child.append([[0, t + 1], *[[k, 0] for k in range(1, t + 1)]])
    return TreeMDP.from_layers(policy, child, log_value)


def test_variable_lengths_end_by_absorption():
    tree = coin_tree(1e-9)
    found = audit.audit_model(
        Coin(), Coin.T, probes=300, guided=0, particles=64, replicates=30, bootstrap=100
    )
    mean, rms, v = truth(tree)
    assert is_near(found.report.bellman.mean, mean)
    assert is_near(found.report.bellman.rms, rms)
    assert is_near(found.report.prediction.v, v)
    assert is_near(found.pilots[0].by_genealogy, 64 * moments.relative_variance(tree, 64))
    assert not is_near(found.report.prediction.v, 1.5 * v)


def test_zeros_are_kept_and_said():
    found = audit.audit_model(Coin(), Coin.T, **{**SMALL, "probes": 60, "guided": 60})
    report = found.report
    assert math.isinf(report.steps.log_L)
    assert report.steps.zero_children > 0
    assert any("worth zero" in warning for warning in report.warnings)
    assert any(record["log_value"] == -math.inf for record in found.records)


class Doomed(Coin):
    """Everything that ends is worth nothing."""

    def log_values(self, states):
        return np.where(self.finished(states), -np.inf, 0.0)


def test_extinct_populations_have_no_variance():
    found = [run_smc(Checked(Doomed()), "", 8, Coin.T, generator(r)) for r in range(4)]
    assert all(run.log_Z == -math.inf for run in found)
    assert math.isnan(summarise("", 8, found, 0).by_replicates.value)
    assert math.isnan(summarise("", 8, found, 0).by_genealogy.value)


def test_one_particle_one_path_no_rollouts():
    found = audit.audit_model(
        audit.TreeModel(TREES["random"]),
        5,
        probes=1,
        guided=0,
        children=2,
        rollouts=0,
        particles=1,
        replicates=40,
    )
    assert found.report.drift is None
    assert all("rollout_log_rewards" not in record for record in found.records)
    exact = moments.relative_variance(TREES["random"], 1)
    assert is_near(found.pilots[0].by_replicates, exact)
    assert math.isnan(found.pilots[0].by_genealogy.value)


def test_progress_goes_to_stderr(capsys):
    audit.audit_model(audit.TreeModel(TREES["random"]), 5, progress=True, **SMALL)
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines()[-1] == "audit: 4 of 4 units: prompt 0, pilot run 1"
    audit.audit_model(audit.TreeModel(TREES["random"]), 5, **SMALL)
    assert capsys.readouterr().err == ""


def test_importing_treesmc_stays_cheap():
    code = "import sys; from treesmc import audit; print('numpy' in sys.modules)"
    printed = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True
    )
    assert printed.stdout.strip() == "False"
    with pytest.raises(AttributeError, match="has no attribute 'nothing'"):
        audit.nothing  # noqa: B018


class Rare:
    """Four coin tosses rewarded if all agree with a fair prompt; the prompt "none" never is."""

    def start(self, prompt, n):
        return [(prompt, "")] * n

    def extend(self, states, rng):
        coins = np.where(rng.random(len(states)) < 0.5, "a", "b")
        return [
            (prompt, (text + coin)[:4]) for (prompt, text), coin in zip(states, coins, strict=True)
        ]

    def finished(self, states):
        return np.array([len(text) == 4 for _, text in states], dtype=bool)

    def log_values(self, states):
        rewards = [0.1 if len(text) < 4 else float(text == 4 * p) for p, text in states]
        with np.errstate(divide="ignore"):
            return np.log(rewards)


@pytest.mark.parametrize("prompts", [["a"], ["a", "none"], ["none"], ["none", "b", "a"]])
def test_no_prediction_where_no_reward_was_found(prompts):
    sizes = {"probes": 8, "guided": 8, "replicates": 2, "particles": 8}
    report = audit.audit_model(Rare(), 4, prompts=prompts, **sizes).report
    assert report.prediction.route("predicted").claim == "none"
