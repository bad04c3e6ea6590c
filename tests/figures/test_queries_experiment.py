"""Strategies against every sequence of queries, and the population against its binomial chain."""

import itertools
from fractions import Fraction

import numpy as np
import pytest
from scipy.stats import binom

from treesmc.figures.queries.points import cut, mean, n_symbols, repeats, run, smc, success
from treesmc.sims.trees.families import needle
from treesmc.sims.trees.values import target_law
from treesmc.theory.queries import best_success, least_queries

POPULATION = {"T": 6, "eps": 0.3, "N": 12}


@pytest.mark.parametrize(("H", "q"), [(2, 1), (5, 0), (5, 2), (16, 7)])
def test_fresh_questions_are_optimal_and_repeated_ones_are_not(H, q):
    assert success(range(q), q, H) == float(best_success(H, q)) == (q + 1) / H
    if q:
        assert success([0] * q, 1, H) == 2 / H
        assert success(range(q), 0, H) == q / H  # a wasted guess


def test_random_questions_by_enumeration():
    H, q = 3, 2
    draws = list(itertools.product(range(H), repeat=q + 1))
    average = sum(success(asked, guess, H) for *asked, guess in draws) / len(draws)
    assert repeats({"H": H, "q": q})["success"] == pytest.approx(average, rel=1e-14)
    assert repeats({"H": H, "q": q + 1})["success"] != pytest.approx(average, rel=0.1)


def sampler_law(orders, q, H, hidden=0):
    """Law of the returned symbol, queries and guess in an order drawn from ``orders``."""
    returned = [hidden if hidden in order[:q] else order[q] for order in orders]
    return [Fraction(returned.count(symbol), len(returned)) for symbol in range(H)]


@pytest.mark.parametrize("q", [0, 1, 2])
def test_s3_is_attained_in_total_variation_by_asking_in_random_order(q):
    """TV = m - (q + 1)/H: as many queries suffice as S3 says are needed."""
    H, m = 6, Fraction(11, 20)
    target = [m] + [(1 - m) / (H - 1)] * (H - 1)
    shuffled = sampler_law(list(itertools.permutations(range(H))), q, H)
    tv = sum(abs(a - b) for a, b in zip(shuffled, target, strict=True)) / 2
    assert tv == m - Fraction(q + 1, H)
    assert least_queries(H, m, tv) == q
    fixed = sampler_law([tuple(range(H))[::-1]], q, H)
    assert sum(abs(a - b) for a, b in zip(fixed, target, strict=True)) / 2 > tv


def chain_means(point, log_selection):
    """E[X_t] for t = 1 .. T from binomial matrices, selection from depth 2 on."""
    tree, N = needle(point["T"], point["eps"]), point["N"]
    K = np.arange(N + 1)
    law, means = binom.pmf(K, N, 1 / n_symbols(tree)), []
    for t in range(1, point["T"] + 1):
        g = np.exp(log_selection) if t > 1 else 1.0
        share = K * g / (K * g + N - K)
        means.append(law @ share)
        law = law @ binom.pmf(K, N, share[:, None])
    return means


def test_means_are_those_of_the_binomial_chain_and_end_at_the_output_law():
    rows = [mean({**POPULATION, "t": t}) for t in range(1, POPULATION["T"] + 1)]
    means = [row["share"] for row in rows]
    selection = 2 * np.log1p(POPULATION["eps"])
    np.testing.assert_allclose(means, chain_means(POPULATION, selection), rtol=1e-11)
    assert not np.allclose(means, chain_means(POPULATION, 0.99 * selection), rtol=1e-3)
    assert means[-1] == smc(POPULATION)["success"]


def test_limit_is_logistic():
    limits = np.array([mean({**POPULATION, "t": t})["limit"] for t in (1, 3, 6)])
    odds = limits / (1 - limits)
    H = n_symbols(needle(6, 0.3))
    np.testing.assert_allclose(odds * (H - 1), 1.3 ** np.array([0, 4, 10]), rtol=1e-12)


def test_many_particles_follow_the_limit_and_few_do_not():
    many, few = (mean({**POPULATION, "N": N, "t": 6}) for N in (4000, 12))
    assert many["share"] == pytest.approx(many["limit"], abs=0.01)
    assert few["share"] < few["limit"] - 0.05


@pytest.mark.parametrize("t", [1, 4])
def test_runs_have_that_mean(t):
    """Within 4 standard errors of 400 runs: one false alarm in 16000."""
    shares = np.array([run({**POPULATION, "t": t, "seed": s})["share"] for s in range(400)])
    error = shares.std(ddof=1) / np.sqrt(len(shares))
    assert abs(shares.mean() - mean({**POPULATION, "t": t})["share"]) < 4 * error
    assert abs(shares.mean() - mean({**POPULATION, "t": t + 2})["share"]) > 4 * error


def test_a_lost_symbol_stays_lost():
    runs = [[run({**POPULATION, "t": t, "seed": s})["share"] for t in (1, 3, 6)] for s in range(60)]
    lost = [path for path in runs if path[0] == 0]
    assert 0 < len(lost) < len(runs)
    assert not np.any(lost)


def test_a_cut_tree_keeps_its_values():
    tree = needle(6, 0.3)
    np.testing.assert_array_equal(cut(tree, 6).log_value, tree.log_value)
    assert target_law(cut(tree, 1))[0] == pytest.approx(1 / n_symbols(tree))
