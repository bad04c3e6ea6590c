"""SMC against enumeration in all its variants, and broken samplers against the same checks.

Every method is held against its law in `methods`. Samplers that return indicators are held to a
chi-square test here. Seeds are fixed.
"""

import numpy as np
import pytest
from random_layers import FALSE_ALARM, SMALL, R, agrees, mean_is
from scipy.stats import chisquare

from treesmc.sims.base.errors import BadInput
from treesmc.sims.laws.enumeration import enumerate_pool_mh, enumerate_smc
from treesmc.sims.laws.moments import relative_variance
from treesmc.sims.laws.naive_law import naive_law
from treesmc.sims.laws.schemes import SCHEMES
from treesmc.sims.sampling.kernels import smc
from treesmc.sims.sampling.kernels.running import absorb
from treesmc.sims.sampling.kernels.tables import moves
from treesmc.sims.sampling.samplers import (
    sample_guided,
    sample_naive,
    sample_pool_mh,
    sample_rejection,
    sample_smc,
    smc_genealogy,
)
from treesmc.sims.trees.families import needle, product
from treesmc.sims.trees.tree import TreeMDP
from treesmc.sims.trees.values import log_normalizer, reference_law, target_law

VARIANTS = [
    (scheme, threshold, guided)
    for scheme in SCHEMES
    for threshold in (1.0, 0.7)
    for guided in (False, True)
]


def chi_square(estimate, exact_law):
    """Tail probability of the returned classes under the exact law."""
    possible = np.array(exact_law, dtype=float) > 0
    assert (estimate.law[~possible] == 0).all()
    hits = estimate.law[possible] * estimate.replicates
    return chisquare(hits, np.array(exact_law)[possible] * estimate.replicates).pvalue


def smc_passes(estimate, exact):
    """The three things known of SMC: the law, E[Zhat] and E[Zhat^2]."""
    Z_hat = np.exp(estimate.log_Z_hat)
    checks = [
        agrees(estimate, exact.law),
        mean_is(Z_hat, exact.mean_Z),
        mean_is(Z_hat**2, exact.second_moment_Z),
    ]
    return all(checks)


@pytest.mark.parametrize(("scheme", "threshold", "guided"), VARIANTS)
@pytest.mark.parametrize("tree", SMALL.values(), ids=SMALL)
def test_smc_has_the_enumerated_law(tree, scheme, threshold, guided):
    options = {"resampling": scheme, "ess_threshold": threshold, "guided": guided}
    exact = enumerate_smc(tree, 3, **options)
    estimate = sample_smc(tree, 3, R, seed=5, kernel="particles", **options)
    assert smc_passes(estimate, exact)


@pytest.mark.parametrize(("kernel", "N"), [("particles", 100), ("counts", 100), ("counts", 10**12)])
def test_second_moment_of_both_kernels(kernel, N):
    """E[(Zhat/Z)^2] - 1 by the pair recursion (S6); Var has relative noise about sqrt(2/R)."""
    tree = SMALL["skewed"]
    estimate = sample_smc(tree, N, 4000, 7, kernel=kernel)
    relative = np.expm1(estimate.log_Z_hat - log_normalizer(tree))
    assert mean_is(relative, 0.0)
    assert mean_is(relative**2, relative_variance(tree, N))
    assert not mean_is(relative**2, 1.2 * relative_variance(tree, N))


def test_huge_populations_have_the_target_law():
    estimate = sample_smc(SMALL["lumped"], 10**12, 400, 7)
    assert agrees(estimate, target_law(SMALL["lumped"]))
    assert not agrees(estimate, (1 - 1e-4) * target_law(SMALL["lumped"]) + 1e-4 / 3)


def test_smc_that_never_resamples_is_naive_sampling():
    tree = SMALL["skewed"]
    exact = naive_law(reference_law(tree), tree.log_value_at(3), 5.0)
    assert agrees(sample_smc(tree, 5, R, 9, ess_threshold=0.0), exact)


def test_one_particle_is_the_reference_policy():
    tree = SMALL["skewed"]
    for estimate in (sample_smc(tree, 1, R, 10), sample_naive(tree, 1, R, 10)):
        assert chi_square(estimate, reference_law(tree)) > FALSE_ALARM
        assert chi_square(estimate, target_law(tree)) < FALSE_ALARM


@pytest.mark.parametrize(("M", "H"), [(1, 0), (1, 3), (3, 0), (3, 2)])
@pytest.mark.parametrize("tree", SMALL.values(), ids=SMALL)
def test_pool_mh_has_the_enumerated_law(tree, M, H):
    estimate = sample_pool_mh(tree, M, H, R, 13)
    assert chi_square(estimate, enumerate_pool_mh(tree, M, H)) > FALSE_ALARM
    assert chi_square(estimate, enumerate_pool_mh(tree, M, H + 2)) < FALSE_ALARM
    assert mean_is(np.exp(estimate.log_Z_hat), np.exp(log_normalizer(tree)))


def test_exact_values_leave_guided_sampling_nothing_to_weigh():
    tree = product(6, r=3.0)
    for estimate in (sample_guided(tree, 64, 14), sample_smc(tree, 5, 64, 14, guided=True)):
        assert np.allclose(estimate.log_Z_hat, log_normalizer(tree), atol=1e-12)
        assert estimate.log_mean_Z_hat_stderr < 1e-12


# Broken samplers: the checks above must catch them.


def tampered(**changes):
    """Return `moves` with some tables changed by functions of the right ones."""

    def broken(tree, guided=False):
        right = moves(tree, guided)
        return right._replace(**{k: f(getattr(right, k)) for k, f in changes.items()})

    return broken


def unweighted_final_draw(table, n, scheme, threshold, stream, mean, spread, log_Z_hat):
    """`smc_block` with the last draw made uniformly instead of by weight."""
    particles, law = smc.population(n, 2), np.empty(len(mean))
    for r in range(len(log_Z_hat)):
        log_Z_hat[r] = smc.smc(table, scheme, threshold, particles, stream)
        smc.final_law(table.next_row, particles.edges[1], np.ones(n), law)
        absorb(law, r + 1, mean, spread)


@pytest.mark.parametrize(
    "break_it",
    [
        {"moves": tampered(ratio=lambda x: x**1.1)},
        {"moves": tampered(ratio=lambda x: x / (x + 2.0))},
        {"moves": tampered(log_scale=lambda x: x + 0.02)},
        {"moves": tampered(threshold=lambda x: x - (x >> np.uint64(3)))},
        {"smc.smc_block": unweighted_final_draw},
    ],
    ids=["weights", "blunted weights", "Zhat", "proposal", "final draw"],
)
def test_a_broken_sampler_is_caught(monkeypatch, break_it):
    tree = SMALL["skewed"]
    exact = enumerate_smc(tree, 3)
    assert smc_passes(sample_smc(tree, 3, R, 15, kernel="particles"), exact)
    for name, wrong in break_it.items():
        monkeypatch.setattr(f"treesmc.sims.sampling.samplers.{name}", wrong)
    assert not smc_passes(sample_smc(tree, 3, R, 15, kernel="particles"), exact)


# Bookkeeping.


def bits(estimate):
    return estimate.law.tobytes() + estimate.stderr.tobytes() + estimate.log_Z_hat.tobytes()


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("threshold", [0.0, 0.6, 1.0])
@pytest.mark.parametrize("guided", [False, True])
def test_genealogies_are_consistent(scheme, threshold, guided):
    tree = SMALL["lumped"]
    options = {"resampling": scheme, "ess_threshold": threshold, "guided": guided}
    history = smc_genealogy(tree, 20, 19, **options)
    assert history.classes.shape == history.symbols.shape == history.ancestors.shape == (3, 20)
    parents = np.zeros(20, dtype=int)
    for t in range(3):
        parents = parents[history.ancestors[t]]
        assert (tree.policy_at(t)[parents, history.symbols[t]] > 0).all()
        assert (tree.child_at(t)[parents, history.symbols[t]] == history.classes[t]).all()
        parents = history.classes[t]
    assert history.weights.sum() == pytest.approx(1)
    assert history.weights[history.drawn] > 0
    if threshold == 0:
        assert (history.ancestors == np.arange(20)).all()


def test_genealogy_gives_the_evidence():
    """With resampling at every step, Zhat = V(root) prod of mean G, recomputed from the classes."""
    tree = SMALL["lumped"]
    history = smc_genealogy(tree, 20, 20)
    before, expected = np.zeros(20, dtype=int), tree.log_value[0]
    for t in range(3):
        G = np.exp(
            tree.log_value_at(t + 1)[history.classes[t]]
            - tree.log_value_at(t)[before[history.ancestors[t]]]
        )
        expected += np.log(G.mean())
        before = history.classes[t]
    assert history.log_Z_hat == pytest.approx(expected, rel=1e-12)
    assert np.allclose(history.weights, G / G.sum(), rtol=1e-12)


def test_long_horizons_and_huge_populations_stay_finite():
    tree = needle(400, 0.1)
    for estimate in (sample_smc(tree, 10**15, 4, 21), sample_smc(tree, 50, 4, 21)):
        assert np.isfinite(estimate.log_Z_hat).all()
        assert estimate.law.sum() == pytest.approx(1)


def test_weights_near_the_limit_of_double_precision():
    """G spans exp(290); an ESS threshold must see it although hardly any particle is on top."""
    G = np.exp(-290.0)
    layers = [[[1e-9, 0.5, 0.5 - 1e-9]], [[1.0]] * 3], [[[0, 1, 2]], [[0], [0], [0]]]
    tree = TreeMDP.from_layers(*layers, [[0.0], [0.0, np.log(G), np.log(3 * G)], [0.0]])
    history = smc_genealogy(tree, 9, 23, ess_threshold=0.95)
    first = history.classes[0]
    assert set(first) == {1, 2}
    assert not (history.ancestors[1] == np.arange(9)).all()  # resampled: ESS/N is about 0.8


def test_weights_beyond_double_precision_are_refused():
    layers = [[[0.5, 0.5]]], [[[0, 1]]], [[0.0], [0.0, -700.0]]
    with pytest.raises(BadInput, match=r"depth 1 span a factor of exp\(700\)"):
        sample_smc(TreeMDP.from_layers(*layers), 4, 4, 0)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda t: sample_smc(t, 0, 10, 0), "N: 0 is too small"),
        (lambda t: sample_smc(t, 2.5, 10, 0), r"N: 2\.5 is not an integer"),
        (lambda t: sample_smc(t, 2**60, 10, 0), "N: 1152921504606846976 is too large"),
        (lambda t: sample_smc(t, 10**9, 10, 0, resampling="residual"), "is too large"),
        (lambda t: sample_smc(t, 5, 1, 0), "replicates: 1 is too small"),
        (lambda t: sample_smc(t, 5, 10, -1), "seed: -1 is too small"),
        (lambda t: sample_smc(t, 5, 10, 0, jobs=0), "jobs: 0 is too small"),
        (lambda t: sample_smc(t, 5, 10, 0, resampling="best"), "resampling: 'best' is not one of"),
        (lambda t: sample_smc(t, 5, 10, 0, ess_threshold=1.5), r"ess_threshold: 1\.5 is not"),
        (lambda t: sample_smc(t, 5, 10, 0, ess_threshold=float("nan")), "ess_threshold: nan"),
        (lambda t: sample_smc(t, 5, 10, 0, kernel="fast"), "kernel: 'fast' is not one of"),
        (
            lambda t: sample_smc(t, 5, 10, 0, kernel="counts", ess_threshold=0.5),
            "kernel: counts need multinomial",
        ),
        (lambda t: sample_naive(t, 0, 10, 0), "n: 0 is too small"),
        (lambda t: sample_pool_mh(t, 0, 1, 10, 0), "M: 0 is too small"),
        (lambda t: sample_pool_mh(t, 1, -1, 10, 0), "H: -1 is too small"),
        (lambda t: sample_guided(t, True, 0), "replicates: True is not an integer"),
        (lambda t: smc_genealogy(t, 0, 0), "N: 0 is too small"),
        (lambda t: sample_rejection(product(100, r=9.0), 10, 0), "rejection: sup phi / Z"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(BadInput, match=message):
        call(SMALL["skewed"])


def test_the_kernel_is_chosen_by_the_number_of_particles():
    """Counts from 12 particles per class on, where they apply."""
    tree = product(24)  # 12.5 classes per depth on average
    for N, kernel in ((140, "particles"), (160, "counts")):
        chosen = sample_smc(tree, N, 8, 24)
        assert bits(chosen) == bits(sample_smc(tree, N, 8, 24, kernel=kernel))
    other = sample_smc(tree, 160, 8, 24, kernel="particles")
    assert bits(chosen) != bits(other)
    assert np.isfinite(sample_smc(tree, 160, 8, 24, ess_threshold=0.5).log_Z_hat).all()
