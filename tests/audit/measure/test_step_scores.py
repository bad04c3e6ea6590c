"""Aggregations of step scores, and weights that do not telescope."""

import numpy as np
import pytest

from treesmc.audit.log.probes import Scores
from treesmc.audit.measure.step_scores import AGGREGATIONS, compare_aggregations

N, T = 4000, 6


def scores_of(p, log_reward, log_weights=None, prompts=20):
    n = len(p)
    return Scores(
        [str(i) for i in range(prompts)],
        (np.arange(n) % prompts).astype(np.int32),
        list(p),
        log_reward,
        [None] * n if log_weights is None else list(log_weights),
    )


def martingale(seed=0):
    """Scores whose product is a martingale, the reward being its end: the product is exact."""
    p = np.random.default_rng(seed).choice([0.5, 1.5], size=(N, T))
    return p, np.log(p).sum(axis=1)


def rows(report):
    return {row.name: row for row in report.aggregations}


def test_the_exact_aggregation_is_told_from_the_others():
    p, log_reward = martingale()
    found = rows(compare_aggregations(scores_of(p, log_reward)))
    assert found["product"].bellman_rms < 0.05
    assert found["product"].value_spread < 0.2
    for name in ("minimum", "last", "mean"):
        assert found[name].bellman_rms > 0.3
    # fair bits: each step multiplies by 1/2 or 3/2, so each step adds 1/4; the first is not logged
    assert found["product"].weight_variance == pytest.approx((T - 1) * 0.25, rel=0.1)


def test_a_known_bellman_error():
    p, log_reward = martingale()
    ratio = 1.2  # every score too low by this factor, made up for at the end
    found = rows(compare_aggregations(scores_of(p / ratio, log_reward - T * np.log(ratio))))
    assert found["product"].bellman_rms == pytest.approx(1 - 1 / ratio, abs=0.05)


def test_noise_of_bins_is_not_read_as_error():
    p, log_reward = martingale()
    few = rows(compare_aggregations(scores_of(p[:200], log_reward[:200])))
    assert few["product"].bellman_rms < 0.15


@pytest.mark.parametrize("steps", ["telescoping", "current score"])
def test_weights_that_do_not_telescope_are_detected(steps):
    p, log_reward = martingale()
    log_V = np.cumsum(np.log(p), axis=1)
    increments = np.diff(log_V, axis=1, prepend=0.0)
    log_weights = increments if steps == "telescoping" else log_V
    report = compare_aggregations(scores_of(p, log_reward, log_weights))
    assert report.telescopes == (steps == "telescoping")
    if steps == "telescoping":
        assert report.weight_defect == pytest.approx(0, abs=1e-9)
    else:
        assert report.weight_defect == pytest.approx(rows(report)["product"].defect)
        assert report.weight_defect > 1


def test_a_constant_per_prompt_is_no_defect():
    p, log_reward = martingale()
    log_weights = np.log(p)
    log_weights[:, 0] -= np.arange(N) % 20  # each prompt has a value of its own at the root
    assert compare_aggregations(scores_of(p, log_reward, log_weights)).telescopes


def test_lengths_may_differ_and_scores_may_be_zero():
    p, log_reward = martingale()
    ragged = [row[: 2 + i % 4] for i, row in enumerate(p)]
    ends = np.array([np.log(row).sum() for row in ragged])
    found = rows(compare_aggregations(scores_of(ragged, ends)))
    assert found["product"].bellman_rms < 0.1
    p[0, 2] = 0.0
    report = compare_aggregations(scores_of(p, log_reward))
    assert rows(report)["product"].zeros == T - 2
    assert np.isinf(rows(report)["product"].defect)
    assert np.isfinite(rows(report)["mean"].bellman_rms)


def test_rules():
    log_p = np.log([0.5, 0.2, 0.8])
    expected = {
        "product": [0.5, 0.1, 0.08],
        "minimum": [0.5, 0.2, 0.2],
        "last": [0.5, 0.2, 0.8],
        "mean": [0.5, 0.35, 0.5],
    }
    for name, rule in AGGREGATIONS.items():
        np.testing.assert_allclose(np.exp(rule(log_p)), expected[name])


def test_what_cannot_be_told_is_not_told():
    alone = Scores(["p"], np.zeros(1, np.int32), [np.array([0.5])], np.zeros(1), [np.zeros(1)])
    assert compare_aggregations(alone).telescopes is None
    p, log_reward = martingale()
    log_weights = np.log(p)
    log_weights[0, 0] = -np.inf
    assert compare_aggregations(scores_of(p, log_reward, log_weights)).telescopes is False


@pytest.mark.parametrize("far", [-2000.0, 2000.0])
def test_rewards_far_from_the_scores_warn_of_nothing(far):
    p, log_reward = martingale()
    report = rows(compare_aggregations(scores_of(p, log_reward + far)))
    moved = report["product"].bellman_rms
    assert moved == np.inf if far > 0 else moved == pytest.approx(1 / np.sqrt(T), rel=0.1)
