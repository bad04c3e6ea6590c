"""Strategies against every sequence of queries, SMC against its chain; S3 is kept, all drawn."""

import itertools

import numpy as np
import pytest
from drawing import drawn, shows
from scipy.stats import binom

from treesmc.figures.queries.figure import build
from treesmc.figures.queries.points import cut, mean, repeats, run, smc, success
from treesmc.figures.rooms import plan
from treesmc.figures.rows import column, of
from treesmc.sims.trees.families import n_symbols, needle
from treesmc.sims.trees.values import target_law
from treesmc.theory.queries import best_success

POPULATION = {"T": 6, "eps": 0.3, "N": 12}
SYMBOLS = (4, 16, 256)
ROUND_OFF = 1e-11  # 12 digits are kept


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


@pytest.mark.parametrize("H", SYMBOLS)
def test_bound_is_kept_and_attained(rows, H):
    best = {q: float(best_success(H, int(q))) for q in {r["q"] for r in of(rows, H=H) if r["q"]}}
    games = {
        name: [r for r in of(rows, series=name, H=H) if r["q"]] for name in ("fresh", "repeats")
    }
    bounds = np.array([best[row["q"]] for row in games["fresh"]])
    np.testing.assert_allclose(column(games["fresh"], "success"), bounds, atol=ROUND_OFF)
    assert np.all(column(games["repeats"], "success") < bounds)
    assert not np.all(column(games["fresh"], "success") <= 0.999 * bounds)


def test_smc_is_below_what_its_particles_can_see(rows):
    trees = of(rows, series="smc")
    N, H, found = (column(trees, key) for key in ("N", "H", "success"))
    seen = -np.expm1(N * np.log1p(-1 / H))
    assert np.all(found <= seen + ROUND_OFF)
    assert np.all(found <= column(trees, "limit"))
    assert not np.all(found <= seen / 3)


def test_mean_ends_at_the_success_of_the_same_tree(rows):
    last = [r for r in of(rows, series="mean") if r["t"] == r["T"] and r["N"] == r["H"]]
    (end,) = last
    (same,) = of(rows, series="smc", eps=end["eps"], N=end["N"])
    assert end["share"] == same["success"]


def test_strategies_drawn_are_the_table(rows):
    left = drawn(build, rows).axes[0]
    shown = [r for r in rows if r["q"] is not None]
    assert shows(left, column(shown, "q") / column(shown, "H"), column(shown, "success"))


def test_bound_lines_are_s3(rows):
    lines = drawn(build, rows).axes[0].lines[: len(SYMBOLS)]
    for line, H in zip(lines, SYMBOLS, strict=True):
        for x, y in line.get_xydata():
            assert y == pytest.approx(min(1, x + 1 / H))
            assert y != pytest.approx(min(1, x + 1 / H) + 0.01)


def test_populations_drawn_are_the_table(rows):
    crowds = drawn(build, rows).axes[1:]
    for axes, N in zip(crowds, sorted({r["N"] for r in of(rows, series="mean")}), strict=True):
        *paths, means, limits = (line.get_ydata() for line in axes.lines)
        runs = of(rows, series="run", N=N)
        np.testing.assert_array_equal(np.concatenate(paths), column(runs, "share"))
        np.testing.assert_array_equal(means, column(of(rows, series="mean", N=N), "share"))
        np.testing.assert_array_equal(limits, column(of(rows, series="mean", N=N), "limit"))
        lost = sum(path[-1] == 0 for path in paths)
        assert [t.get_text() for t in axes.texts] == [f"{lost} of {len(paths)} runs lost"]
    few, many = (sum(line.get_ydata()[-1] == 0 for line in axes.lines) for axes in crowds)
    assert few > many


def test_efforts_are_eighths_of_the_symbols():
    efforts = [x / 8 for x in (*range(9), 10, 12)]
    asked = list(plan("queries"))
    for T, eps in {(p["T"], p["eps"]) for p in asked if p["series"] == "smc"}:
        H = n_symbols(needle(T, eps))
        N = [p["N"] for p in asked if (p["series"], p["T"]) == ("smc", T)]
        assert N == [max(1, round(x * H)) for x in efforts]
    H = n_symbols(needle(16, 0.2))
    assert {p["N"] for p in asked if p["series"] == "run"} == {H, 200 * H}
    for H in {p["H"] for p in asked if p["series"] == "fresh"}:
        q = [p["q"] for p in asked if (p["series"], p.get("H")) == ("fresh", H)]
        assert q == sorted({round(x * H) for x in efforts})
