"""The project's own claims hold, their mutations do not, each bound is the stated expression."""

import math

import numpy as np
import pytest
import sympy as sp

from treesmc.sims.laws.certificate import tv_certificate
from treesmc.sims.laws.enumeration import enumerate_smc
from treesmc.sims.laws.moments import second_moment
from treesmc.sims.trees.families import needle, persistent
from treesmc.sims.trees.values import bellman_log_ratio, guided_law, path_classes, target_law
from treesmc.sims.trees.values import total_variation as tv
from treesmc.theory import bounds
from treesmc.theory.claim import THIS_PROJECT
from treesmc.theory.claims import CLAIMS, s2, s3, s4, s5, s6, s7, small_trees
from treesmc.theory.prover import steps
from treesmc.theory.prover.smt import Answer
from treesmc.theory.symbols import L, T, delta, eps, r
from treesmc.theory.verify import check, refutation

IDS = [f"S{k}" for k in range(1, 15)]
MUTATIONS = [
    pytest.param(claim_id, mutation, id=f"{claim_id} {mutation.name}")
    for claim_id in IDS
    for mutation in CLAIMS[claim_id].mutations
]


@pytest.mark.parametrize("claim_id", IDS)
def test_claim_holds(claim_id):
    """Holding includes that no step failed and that some row beats the trivial bound."""
    claim = CLAIMS[claim_id]
    result = check(claim, quick=True)
    assert result.complaints == ()
    assert result.step_counts["universal"] >= 6
    assert result.evidence == "exact"
    assert claim.id == claim_id
    assert claim.source == THIS_PROJECT


@pytest.mark.parametrize(("claim_id", "mutation"), MUTATIONS)
def test_mutation_is_refuted(claim_id, mutation):
    assert refutation(CLAIMS[claim_id], mutation) is not None


@pytest.mark.parametrize("claim_id", IDS)
def test_quick_keeps_the_steps(claim_id):
    claim = CLAIMS[claim_id]
    names = [step.name for step in claim.steps(True)]
    assert names == [step.name for step in claim.steps(False)]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("claim_id", [name for name in IDS if name not in ("S1", "S6")])
def test_without_z3_its_steps_are_graded_grid(claim_id, monkeypatch):
    monkeypatch.setattr(steps, "prove", lambda *_: Answer("unknown", "z3 is not installed"))
    chain = [step for step in CLAIMS[claim_id].steps(True) if step.method == "smt"]
    assert {step.decide().grade for step in chain} == {"grid"}


POINTS = [(horizon, error, ratio) for horizon in (1, 2, 7) for error in (0.1, 0.7)
          for ratio in (1.5, 3.0)]  # fmt: skip


@pytest.mark.parametrize(("horizon", "error", "ratio"), POINTS)
def test_bounds_are_the_stated_expressions(horizon, error, ratio):
    """The numeric bounds that rows use agree with the sympy bounds, to round-off."""
    point = {T: horizon, eps: error, L: ratio, delta: 0.05, r: ratio}

    def stated(claim_id):
        return float(CLAIMS[claim_id].bound.subs(point).doit())

    particles = bounds.log_uniform_particles(horizon, error, ratio, 0.05)
    assert stated("S2") == pytest.approx(math.exp(particles), rel=1e-12)
    guided = bounds.log_guided_uniform_particles(horizon, error, 0.05)
    assert stated("S5") == pytest.approx(math.exp(guided), rel=1e-12)
    assert stated("S4") == pytest.approx(s4.tangent(horizon, error), rel=1e-12)
    assert stated("S7") == pytest.approx(s7.kappa(ratio), rel=1e-12)
    needed = math.exp(s3.log_lower_bound(horizon, error, 0.05, 2.0)) - 1
    assert stated("S3") == pytest.approx(needed, rel=1e-12)


@pytest.mark.parametrize("horizon", [1, 5])
def test_mixing_ratios_are_those_of_the_numeric_bounds(horizon):
    point = (horizon, 0.3, 2.0)
    assert s2.log_ratios(*point) == pytest.approx(bounds.uniform_log_ratios(*point))
    assert s5.log_ratios(horizon, 0.3) == pytest.approx(bounds.guided_log_ratios(horizon, 0.3))


def test_averaging_first_is_no_bound():
    """By hand: TV = 0.05 and E[(Zhat/Z)^2] = 1.01 for a fair bit with rewards 0.9 and 1.1."""
    tree = small_trees.fair_bit(0.1)
    assert small_trees.smc_distance(tree, 1) == pytest.approx(0.05)
    assert second_moment(tree, 1) == pytest.approx(1.01)
    assert tv_certificate(tree, 1)[0] == pytest.approx(0.05)


@pytest.mark.parametrize("error", [1e-6, 0.01, 0.1, 0.5, 1.0, 10.0])
@pytest.mark.parametrize("horizon", [2, 3, 10, 31])
def test_tangent_is_attained(horizon, error):
    tree = persistent(horizon, error)
    distance = tv(guided_law(tree), target_law(tree))
    assert distance == pytest.approx(s4.tangent(horizon, error), rel=0, abs=1e-12)
    assert distance != pytest.approx(1.0001 * s4.tangent(horizon, error), rel=0, abs=1e-12)


def test_slope_of_the_exact_cost_is_two():
    """N* = 42, 177, 717 at eps = 1: the slope is within 1.1% of 2 log 2 and closing in."""
    logs = [math.log(s3.least_particles(horizon, 1.0, 0.1)) for horizon in (3, 4, 5)]
    slopes = np.diff(logs) / math.log(2)
    assert slopes[-1] == pytest.approx(2, abs=0.022)
    assert abs(slopes[1] - 2) < abs(slopes[0] - 2)


def test_all_paths_are_in_order_of_terminal_class():
    for tree in small_trees.small_trees(3):
        paths = small_trees.all_paths(tree)
        assert [path_classes(tree, path)[-1] for path in paths] == list(range(len(paths)))


def test_twisted_tree_is_guided_smc():
    """Same target; its weights are the Bellman ratios; one particle is guided sampling."""
    for tree in small_trees.small_trees(3):
        twisted = s5.twisted_tree(tree)
        assert target_law(twisted) == pytest.approx(target_law(tree), rel=1e-12)
        assert twisted.log_value[0] == pytest.approx(bellman_log_ratio(tree)[0])
        alone = np.array(enumerate_smc(twisted, 1).law)
        assert alone == pytest.approx(guided_law(tree), rel=1e-12)


def test_weighing_afterwards_is_another_algorithm():
    """Its root weight costs a resampling: the second moment is that of one step more."""
    tree = small_trees.small_trees(2)[-1]
    before = enumerate_smc(s5.twisted_tree(tree), 2).second_moment_Z
    scale = math.exp(-2 * s5.twisted_tree(tree).log_value[0])
    after = enumerate_smc(tree, 2, guided=True).second_moment_Z
    root = float(np.exp(tree.log_value[0] + bellman_log_ratio(tree)[0])) ** 2
    assert after > 1.001 * before * scale * root


def test_extrapolation_is_exact_on_its_model():
    scaled = [3 + 5 / n - 7 / n**2 for n in (10, 20, 40)]
    assert s6.extrapolated(scaled) == pytest.approx(3, rel=1e-12)


def test_needle_floor_keeps_half_the_mass():
    """H - 1 <= h by the floor: with one symbol more the mass would fall below one half."""
    h = 1.5**4
    H = math.floor(h) + 1
    assert target_law(needle(3, 0.5))[0] == pytest.approx(h / (h + H - 1))
    assert h / (h + H) < 0.5 <= h / (h + H - 1)


def test_symbolic_degree_of_s3_rejects_a_neighbour():
    horizon, c = sp.symbols("T c", positive=True)
    rate = 2 * (horizon - 1) * sp.log(1 + c * sp.log(horizon) / horizon) / sp.log(horizon)
    wrong = steps.limit("degree c", rate, horizon, sp.oo, c)
    assert wrong.decide().grade == "failed"
