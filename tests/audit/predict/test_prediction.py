"""Routes: what they claim, what they are worth, and when they abstain."""

import math

import numpy as np
import pytest

from treesmc.audit.live.synthetic import logs_from_tree, logs_from_trees
from treesmc.audit.log.probes import probes_of
from treesmc.audit.measure.bootstrap import Interval
from treesmc.audit.predict.prediction import Prediction
from treesmc.audit.predict.recommendation import recommend
from treesmc.audit.predict.routes import (
    FIRST_ORDER_BOUND,
    NO_CLAIM,
    PREDICTION,
    SCENARIO,
    WORST_CASE_BOUND,
    Route,
)
from treesmc.audit.report.report import audit
from treesmc.sims.cost import cost, terminal_constant
from treesmc.sims.trees import families, perturb
from treesmc.theory.bounds import log_uniform_particles

NEEDLE = families.needle(6, 0.2)


def report(tree, prompts=20, paths=20, K=2, rollouts=8, seed=0, delta=0.1, **options):
    lines = logs_from_tree(tree, prompts, paths, K, rollouts, seed, **options)
    return audit(probes_of(lines), delta, replicates=50)


def test_every_route_on_a_tree_without_noise():
    seen = report(NEEDLE)
    exact = cost(NEEDLE, "smc", 0.1).n_star
    routes = {r.name: r for r in seen.prediction.routes}
    assert routes["worst case"].claim == WORST_CASE_BOUND
    assert routes["worst case"].log_n.value == pytest.approx(
        log_uniform_particles(6, 0.2, 1.2, 0.1)
    )
    assert routes["certificate"].claim == routes["variance"].claim == FIRST_ORDER_BOUND
    assert routes["predicted"].claim == PREDICTION
    assert exact / 1.5 <= routes["predicted"].n <= exact * 1.5
    assert all(
        r.n >= exact for r in routes.values() if r.claim in (WORST_CASE_BOUND, FIRST_ORDER_BOUND)
    )
    assert routes["best-of-n"].claim == PREDICTION
    assert routes["best-of-n"].n == pytest.approx(cost(NEEDLE, "naive", 0.1).n_star, abs=2)
    assert seen.recommendation.method == "best-of-n"


def test_smc_is_recommended_where_it_is_cheaper():
    seen = report(families.product(10, 4.0), prompts=1, paths=600, rollouts=4, delta=0.2)
    assert seen.recommendation.method == "smc"
    assert seen.recommendation.n >= cost(families.product(10, 4.0), "smc", 0.2).n_star


def test_prompts_that_differ_keep_intervals_of_their_own():
    easy, hard = families.needle(6, 0.02), families.needle(6, 0.25)
    lines = logs_from_trees([easy, hard], 400, 2, 4, 0)
    seen = audit(probes_of(lines), 0.1, replicates=100)
    needs = seen.prediction.prompts
    for tree, need in zip((easy, hard), needs, strict=True):
        exact = cost(tree, "smc", 0.1).n_star
        assert need.claimed
        assert exact / 2 <= math.exp(need.log_n.value) <= exact * 2
    assert needs[0].log_n.high < needs[1].log_n.low
    widths = [need.log_n.high - need.log_n.low for need in needs]
    assert max(widths) < 0.5 < needs[1].log_n.value - needs[0].log_n.value


def test_without_paths_there_is_no_prediction():
    seen = report(NEEDLE, linked=False)
    assert seen.prediction.route("predicted").claim == NO_CLAIM
    assert "names its path" in seen.prediction.route("predicted").note
    assert seen.prediction.route("variance").claim == SCENARIO
    # on the needle children do share their parent's drift: v is right
    assert seen.prediction.v.value == pytest.approx(3.31, rel=0.2)
    assert seen.recommendation.method == "best-of-n"  # predicted still, and below every bound
    assert "names its path" in seen.recommendation.why


def test_without_rollouts_a_prediction_needs_a_small_bellman_error():
    bad = report(NEEDLE, rollouts=0).prediction.route("predicted")
    assert bad.claim == NO_CLAIM
    assert "V must stand in" in bad.note
    good = report(families.product(5, 1.3), rollouts=0, prompts=60, paths=20).prediction
    assert good.route("predicted").claim == PREDICTION


def test_too_few_paths_where_the_reward_is():
    seen = report(families.product(12, 9.0), prompts=4, paths=8)
    assert seen.prediction.route("predicted").claim == NO_CLAIM
    assert "too few paths" in seen.prediction.route("predicted").note
    assert seen.prediction.route("best-of-n").claim == NO_CLAIM


def test_reward_that_was_promised_and_never_found():
    hidden = families.needle(12, 0.4)
    seen = report(hidden, prompts=1, paths=300)
    assert seen.prediction.route("predicted").claim == NO_CLAIM
    assert "promises" in seen.prediction.route("predicted").note
    exact = cost(hidden, "smc", 0.1).n_star
    bounds = [
        r.n for r in seen.prediction.routes if r.claim in (WORST_CASE_BOUND, FIRST_ORDER_BOUND)
    ]
    assert min(bounds) >= exact


def test_value_zero_where_there_is_reward():
    lines = list(logs_from_tree(NEEDLE, 10, 40, 2, 4, 0))
    for line in lines:
        if line["depth"] == 3 and line["path"] % 4 == 0:
            line["log_value"] = -math.inf
    seen = audit(probes_of(iter(lines)), 0.1, replicates=50)
    assert seen.prediction.route("predicted").claim == NO_CLAIM
    assert "V = 0 hides" in seen.prediction.route("predicted").note
    assert seen.drift.lost_mass.value == pytest.approx(0.25, abs=0.12)
    assert any("V = 0 hides" in warning for warning in seen.warnings)
    assert np.isfinite([x.value for x in seen.prediction.v_steps]).all()


def test_a_zero_child_voids_the_worst_case():
    lines = list(logs_from_tree(NEEDLE, 10, 20, 2, 4, 0))
    lines[0]["child_log_values"][1] = -math.inf
    seen = audit(probes_of(iter(lines)), 0.1, replicates=50)
    route = seen.prediction.route("worst case")
    assert (route.claim, route.n) == (NO_CLAIM, math.inf)
    assert "infinite" in route.note
    assert seen.prediction.route("predicted").claim == PREDICTION


def test_regimes():
    assert report(families.product(6, 1.3), paths=30, rollouts=2).regime.name == "no error seen"
    assert report(families.needle(8, 0.05)).regime.name == "linear"
    assert report(families.needle(8, 0.3)).regime.name == "polynomial"
    assert report(families.needle(8, 0.9), paths=10).regime.name == "exponential"
    noisy = perturb.value_noise(families.random_tree(8, seed=3), 1.5, 1)
    assert report(noisy, prompts=40).regime.name == "bounded"


def unlinked(tree, paths=400):
    probes = probes_of(logs_from_tree(tree, 1, paths, 4, 8, 0, linked=False))
    return audit(probes, delta=0.1, replicates=40)


@pytest.mark.parametrize(
    ("tree", "nearer"),
    [
        (families.product(16), "independent"),
        (perturb.persistent(families.product(24), 0.02, 0), "aligned"),
    ],
)
def test_scenarios_of_unlinked_logs_bracket_the_first_order_law(tree, nearer):
    """Steps of fair bits are independent; persistent errors have one sign along each path."""
    seen = unlinked(tree).prediction
    needed = math.log(terminal_constant(tree) / 0.1)
    logs = {name: seen.route(name).log_n.value for name in ("independent", "aligned")}
    assert logs["independent"] - math.log(1.3) <= needed <= logs["aligned"] + math.log(1.3)
    assert min(logs, key=lambda name: abs(logs[name] - needed)) == nearer
    assert {seen.route(name).claim for name in logs} == {SCENARIO}


@pytest.mark.parametrize(
    ("samples", "bound", "chosen"),
    [
        (40, 50, ("best-of-n", 40, PREDICTION)),
        (60, 50, ("smc", 50, WORST_CASE_BOUND)),
        (60, 1e12, ("best-of-n", 60, PREDICTION)),
        (math.nan, 1e12, ("none", None, NO_CLAIM)),
    ],
)
def test_cheapest_claim_is_recommended_where_smc_is_not_predicted(samples, bound, chosen):
    routes = [
        Route("worst case", WORST_CASE_BOUND, Interval(math.log(bound)), ""),
        Route("independent", SCENARIO, Interval(0.0), "claims nothing"),
        Route("predicted", NO_CLAIM, Interval(math.nan), ""),
        Route(
            "best-of-n",
            NO_CLAIM if math.isnan(samples) else PREDICTION,
            Interval(math.log(samples)),
            "",
        ),
    ]
    found = recommend(Prediction(routes, [], Interval(0.0), [], math.nan, [], False))
    assert (found.method, found.n, found.claim) == chosen
    assert ("scenarios only" in found.why) == (found.method == "none")


def test_lines_all_alike_are_a_log_too():
    line = {"prompt": "a", "depth": 0, "log_value": 0.0, "child_log_values": [0.1, -0.2]}
    seen = audit(probes_of([line] * 3), 0.1, replicates=20)
    ratio = (math.exp(0.1) + math.exp(-0.2)) / 2
    assert [q.value for q in seen.bellman.quantiles] == pytest.approx([math.log(ratio)] * 5)
    assert seen.regime.name == "no error seen"
