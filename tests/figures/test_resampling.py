r"""Resampling on `needle` and `needle_in_drift`: exact chains, lower bound, degrees in T.

On `needle` multinomial and residual resampling keep the population one number, K below the hidden
symbol, together with the steps j since it was last resampled: weights are r^(2j) to one, and the
next K is

    multinomial   Bin(N, p),   p the share of the hidden symbol's weight;
    residual      what N p/K and N (1 - p)/(N - K) promise for certain, and a binomial of the rest.
"""

import math
from itertools import product as combinations

import numpy as np
import pytest
from drawing import drawn, markers, shows
from scipy.stats import binom

from treesmc.figures.resampling.figure import LOOKS, TITLES, WHEN, build
from treesmc.figures.resampling.fits import fit_slope, law_slope
from treesmc.figures.resampling.points import IDEAL, NAIVE, ideal_constant
from treesmc.figures.rooms import plan
from treesmc.figures.rows import column, of
from treesmc.sims.cost import terminal_constant
from treesmc.sims.laws.lineage import lineage_law
from treesmc.sims.laws.moments import second_moment
from treesmc.sims.laws.schemes import SCHEMES
from treesmc.sims.sampling.samplers import sample_smc
from treesmc.sims.trees.coarsening import coarsened, limiting_times
from treesmc.sims.trees.families import FAMILIES, needle_in_drift, product
from treesmc.sims.trees.values import log_normalizer, target_law

DELTA, KAPPAS = 0.1, (1.0, 0.5)
SIGMAS = 4.5  # false alarms below 1e-5 a comparison
SEEDS = 16


def tree_of(family, T):
    return FAMILIES[family](T, math.expm1(1 / (T - 1)))


def below_kappa(kappa):
    return lambda t, ess: (ess < kappa) | (kappa == 1)


def chain_law(tree, N, scheme, resamples):
    """Exact share of the hidden symbol; ``resamples(depth, ESS/N of each K)`` says when."""
    log_ratio = float(-np.diff(tree.log_value_at(2))[0])  # 2 log r
    K = np.arange(N + 1)
    mass = {0: binom.pmf(K, N, tree.policy_at(0)[0, 0])}
    for depth in range(1, tree.horizon):
        later = {1: np.zeros(N + 1)}
        for j, m in mass.items():
            w = K * math.exp(j * log_ratio)
            ess = (w + (N - K)) ** 2 / (w**2 / np.maximum(K, 1) + (N - K)) / N
            again = resamples(depth, ess)
            if again.any():
                later[1] += (m * again) @ offspring(scheme, N, w / (w + (N - K)))
            later[j + 1] = later.get(j + 1, 0) + m * ~again
        mass = later
    weights = {j: K * math.exp(j * log_ratio) for j in mass}
    return sum(float(m @ (weights[j] / (weights[j] + (N - K)))) for j, m in mass.items())


def offspring(scheme, N, p):
    """Law of the next K for each K, given the share p of the first K particles' weight."""
    K = np.arange(N + 1)
    if scheme == "multinomial":
        return binom.pmf(K, N, p[:, None])
    certain = K * np.floor(N * p / np.maximum(K, 1) + 1e-12)
    certain_others = (N - K) * np.floor(N * (1 - p) / np.maximum(N - K, 1) + 1e-12)
    rest = np.round(N - certain - certain_others)
    share = np.clip((N * p - certain) / np.maximum(rest, 1), 0, 1)
    return binom.pmf(K - certain[:, None], rest[:, None], share[:, None])


def test_chain_is_the_lineage_chain():
    tree = tree_of("needle", 12)
    exact = lineage_law(tree, 30)[0]
    assert chain_law(tree, 30, "multinomial", below_kappa(1)) == pytest.approx(exact, abs=1e-12)
    assert abs(chain_law(tree, 30, "multinomial", below_kappa(0.9)) - exact) > 1e-3


@pytest.mark.parametrize("times", [(), (5,), (3, 4, 11)])
def test_resampling_at_fixed_depths_is_smc_on_the_coarsened_tree(times):
    tree = tree_of("needle", 12)
    law = chain_law(tree, 20, "multinomial", lambda t, ess: np.full(21, t in times))
    assert law == pytest.approx(lineage_law(coarsened(tree, times), 20)[0], abs=1e-12)
    assert abs(law - lineage_law(coarsened(tree, (2, *times)), 20)[0]) > 1e-4


@pytest.mark.parametrize("scheme", ["multinomial", "residual"])
@pytest.mark.parametrize("kappa", [1.0, 0.7])
def test_sampler_has_the_law_of_the_chain(scheme, kappa):
    tree, N = tree_of("needle", 16), 12
    found = sample_smc(tree, N, 20000, seed=3, resampling=scheme, ess_threshold=kappa)
    exact = chain_law(tree, N, scheme, below_kappa(kappa))
    assert abs(found.law[0] - exact) < SIGMAS * found.stderr[0]
    other = chain_law(tree, N, scheme, below_kappa(1.7 - kappa))
    assert abs(found.law[0] - other) > SIGMAS * found.stderr[0]


def test_first_order_law_of_adaptive_resampling():
    """N TV at N = 150 is near its limit, which knows when resampling happens."""
    tree, N, kappa = tree_of("needle", 12), 150, 0.8
    tv = target_law(tree)[0] - chain_law(tree, N, "multinomial", below_kappa(kappa))
    times = limiting_times(tree, kappa)
    assert len(times) > 0
    assert N * tv == pytest.approx(terminal_constant(coarsened(tree, times)), rel=0.05)
    assert N * tv != pytest.approx(terminal_constant(coarsened(tree, ())), rel=0.05)
    assert N * tv < 0.5 * terminal_constant(tree)


def test_ideal_resampling_has_no_noise_but_that_of_extending():
    """With one step there is no resampling; on `needle` nothing is extended after the first."""
    assert ideal_constant(product(1)) == pytest.approx(terminal_constant(product(1)))
    for T in (16, 64):
        never = coarsened(tree_of("needle", T), ())
        assert ideal_constant(tree_of("needle", T)) == pytest.approx(terminal_constant(never))
    # In drift 1 + d^2 of a step's variance is d^2 without resampling.
    T = (64, 128)
    ideal, every = (
        np.diff([constant(tree_of("needle_in_drift", x)) for x in T])
        for constant in (ideal_constant, terminal_constant)
    )
    assert ideal / every == pytest.approx(0.25 / 1.25, abs=0.01)


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("kappa", KAPPAS)
def test_second_moment_is_bounded_below_whatever_the_resampling(scheme, kappa):
    """E[(Zhat/Z)^2] >= (1 + d^2/N)^(T - 1); with 2 d^2 it would be false of stratified."""
    tree, N, steps = needle_in_drift(33, 0.0), 16, 32
    found = sample_smc(tree, N, 8192, seed=5, resampling=scheme, ess_threshold=kappa)
    squares = np.exp(2 * (found.log_Z_hat - log_normalizer(tree)))
    margin = SIGMAS * squares.std() / math.sqrt(len(squares))
    assert squares.mean() > (1 + 0.25 / N) ** steps - margin
    if (scheme, kappa) == ("stratified", 1.0):
        assert squares.mean() < (1 + 2 * 0.25 / N) ** steps - margin
    if (scheme, kappa) == ("multinomial", 1.0):
        assert abs(squares.mean() - second_moment(tree, N)) < margin


def excess(T, N):
    """N TV of systematic resampling at every step on `needle`, and its standard error."""
    tree = tree_of("needle", T)
    found = sample_smc(tree, N, 6144, seed=7, resampling="systematic")
    return N * abs(found.law[0] - target_law(tree)[0]), N * found.stderr[0]


def test_first_order_constant_of_systematic_resampling_still_rises_with_the_horizon():
    """N TV hardly depends on T at N = 8, and doubles at N = 128: degree 0 is for fixed delta."""
    (short, error), (long, other) = excess(8, 8), excess(64, 8)
    assert abs(long / short - 1) < 0.15 + SIGMAS * (error + other) / short
    (short, error), (long, other) = excess(8, 128), excess(64, 128)
    assert long - 1.4 * short > 3 * (error + other)


VARIANTS = [(scheme, kappa) for scheme in LOOKS for kappa in WHEN]
EVERY_STEP = ("multinomial", 1.0)
DRIFT = "needle_in_drift"


def variant(rows, family, scheme, kappa):
    return of(rows, family=family, scheme=scheme, kappa=kappa)


def rises(fit):
    """Whether the 95% interval of b in N* = a + b T is above a tenth of a particle."""
    return fit.interval("T")[0] > 0.1


@pytest.mark.parametrize(("scheme", "kappa"), VARIANTS)
def test_only_multinomial_resampling_at_every_step_costs_T_squared_on_needle(full, scheme, kappa):
    fit = fit_slope(variant(full, "needle", scheme, kappa))
    assert rises(fit) == ((scheme, kappa) == EVERY_STEP)
    if (scheme, kappa) != EVERY_STEP:
        assert abs(fit.coefficient("T")) < fit.half_width("T") + 0.005  # a step, against 2.8
        assert fit.half_width("T") < 0.02


@pytest.mark.parametrize(("scheme", "kappa"), VARIANTS)
def test_every_variant_costs_T_squared_in_drift(full, scheme, kappa):
    assert rises(fit_slope(variant(full, DRIFT, scheme, kappa)))


@pytest.mark.parametrize("family", TITLES)
@pytest.mark.parametrize(("scheme", "kappa"), VARIANTS)
def test_particles_are_linear_in_the_horizon(full, family, scheme, kappa):
    """chi2 of 5 or 7 degrees of freedom; a false alarm in 1e-4 each."""
    assert fit_slope(variant(full, family, scheme, kappa)).chi2_dof < 5


def test_low_variance_schemes_reach_ideal_resampling_and_adapting_spoils_them(full):
    def b(scheme, kappa):
        return fit_slope(variant(full, DRIFT, scheme, kappa)).coefficient("T")

    ideal = law_slope(of(full, family=DRIFT, scheme=IDEAL))
    for scheme in ("stratified", "systematic"):
        low, high = fit_slope(variant(full, DRIFT, scheme, 1.0)).interval("T")
        assert low < ideal < high
        assert b(scheme, 0.5) > b(scheme, 1.0)
    assert fit_slope(variant(full, DRIFT, *EVERY_STEP)).interval("T")[0] > 3.5 * ideal
    assert b("multinomial", 0.5) < 0.6 * b(*EVERY_STEP)


def test_first_order_law_is_above_the_particles_it_predicts(full):
    """By 5 to 40 per cent at TV = 1/10, not more."""
    for family, kappa in combinations(TITLES, WHEN):
        rows = variant(full, family, "multinomial", kappa)
        ratio = column(rows, "predicted") / column(rows, "n_star")
        assert np.median(ratio) == pytest.approx(1.15, abs=0.25)


def test_markers_are_the_table(rows):
    *panels, right = drawn(build, rows).axes
    for axes, family in zip(panels, TITLES, strict=True):
        shown = [r for r in of(rows, family=family) if r["scheme"] in (*LOOKS, NAIVE)]
        assert shows(axes, column(shown, "T"), column(shown, "n_star"))
    found = markers(right)[:, 0]
    for key in combinations(TITLES, LOOKS, WHEN):
        assert np.abs(found - fit_slope(variant(rows, *key)).coefficient("T")).min() < 1e-12


def test_trees_differ_in_the_horizon_only():
    asked = list(plan("resampling"))
    assert all((p["T"] - 1) * math.log1p(p["eps"]) == pytest.approx(1) for p in asked)
    drift = [p for p in asked if p["family"] == "needle_in_drift"]
    assert all(2**17 - p["T"] < p["T"] * p["replicates"] < 2**17 + p["T"] for p in drift)
    variants = {(p["scheme"], p["kappa"]): set() for p in asked}
    for p in asked:
        variants[p["scheme"], p["kappa"]].add(p["seed"] - p["T"])
    assert sorted(map(tuple, variants.values())) == [(1000 * i,) for i in range(10)]
