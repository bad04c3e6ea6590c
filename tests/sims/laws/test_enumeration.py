"""The oracle itself: hand-computed laws and identities that hold exactly, in rational numbers."""

import itertools
import math
from fractions import Fraction as F

import numpy as np
import pytest
from random_layers import path_classes

from treesmc.sims.base.errors import BadInput
from treesmc.sims.laws import enumeration as module
from treesmc.sims.laws.enumeration import (
    NumberTree,
    enumerate_conditional,
    enumerate_naive,
    enumerate_pool_mh,
    enumerate_smc,
)
from treesmc.sims.laws.schemes import SCHEMES, Scheme, multisets
from treesmc.sims.trees.families import random_tree
from treesmc.sims.trees.perturb import random_sign
from treesmc.sims.trees.tree import TreeMDP
from treesmc.sims.trees.values import guided_law, reference_law, target_law

ROUND_OFF = 1e-12  # sums of at most a few thousand products of doubles


def two_leaves():
    """A with probability 3/4 and reward 1, B with 1/4 and 4; Z = 7/4, pi(B) = 4/7."""
    return TreeMDP.from_layers([[[0.75, 0.25]]], [[[0, 1]]], [[math.log(2)], [0.0, math.log(4)]])


def skewed(T=3, seed=1):
    """Explicit tree with asymmetric values and Bellman errors of both signs."""
    return random_sign(random_tree(T, seed=seed), 0.4, seed)


def lumped():
    """Three symbols, two of which meet in a class; a padded edge; V far from V*."""
    return TreeMDP.from_layers(
        policy=[[[0.2, 0.5, 0.3]], [[0.4, 0.6], [1.0, 0.0]]],
        child=[[[1, 0, 1]], [[0, 1], [1, 0]]],
        log_value=[[0.0], [0.4, -0.9], [-0.5, 1.0]],
    )


def paths(tree):
    """Every path of positive probability, as symbols."""
    for symbols in itertools.product(*(range(B) for B in tree.n_symbols)):
        classes = path_classes(tree, symbols)
        steps = zip(classes, symbols, strict=False)
        if all(tree.policy_at(t)[s, b] > 0 for t, (s, b) in enumerate(steps)):
            yield symbols, classes


def test_smc_on_two_leaves_by_hand():
    """AA 9/16 (Zhat 1), AB 6/16 (5/2, B drawn 4 times of 5), BB 1/16 (4)."""
    result = enumerate_smc(two_leaves(), 2, exact=True)
    assert result.law == (F(51, 80), F(29, 80))
    assert result.mean_Z == F(7, 4)
    assert result.second_moment_Z == F(125, 32)
    assert enumerate_naive(two_leaves(), 2, exact=True) == result.law


def test_guided_smc_on_two_leaves_by_hand():
    """Proposing from pi_ref phi at the last step is exact sampling, with a constant weight."""
    result = enumerate_smc(two_leaves(), 2, exact=True, guided=True)
    assert result.law == (F(3, 7), F(4, 7))
    assert result.second_moment_Z == F(7, 4) ** 2


def test_pool_mh_on_two_leaves_by_hand():
    """Importance phi/w is the pool mean 1, 5/2 or 4, of mass 9/16, 3/8 and 1/16."""
    assert enumerate_pool_mh(two_leaves(), 2, 0, exact=True) == (F(51, 80), F(29, 80))
    assert enumerate_pool_mh(two_leaves(), 2, 1, exact=True) == (F(813, 1600), F(787, 1600))


def test_conditional_smc_on_two_leaves_by_hand():
    """Frozen B, one free particle: Zhat is 5/2 or 4."""
    moments = enumerate_conditional(two_leaves(), 2, [1], exact=True)
    assert moments.mean_ratio == (F(3, 4) * F(5, 2) + F(1, 4) * 4) / F(7, 4)
    assert moments.mean_inverse_ratio == (F(3, 4) / F(5, 2) + F(1, 4) / 4) * F(7, 4)


@pytest.mark.parametrize("ess_threshold", [1.0, 0.8])
@pytest.mark.parametrize("guided", [False, True])
@pytest.mark.parametrize("scheme", SCHEMES)
def test_unbiased_and_a_law_for_every_scheme_and_proposal(scheme, guided, ess_threshold):
    for tree, N in ((skewed(), 2), (lumped(), 3)):
        options = {"guided": guided, "resampling": scheme, "ess_threshold": ess_threshold}
        result = enumerate_smc(tree, N, exact=True, **options)
        assert result.mean_Z == NumberTree.from_tree(tree).normalizer()
        assert sum(result.law) == 1
        in_floats = enumerate_smc(tree, N, **options)
        for exact, rounded in zip(result.law, in_floats.law, strict=True):
            assert rounded == pytest.approx(float(exact), rel=ROUND_OFF)
        assert in_floats.second_moment_Z == pytest.approx(
            float(result.second_moment_Z), rel=ROUND_OFF
        )


def test_a_biased_scheme_is_seen(monkeypatch):
    """Residual resampling whose remainder is drawn from the weights, not from their excess."""

    def broken(weights):
        N = len(weights)
        certain = [j for j, W in enumerate(weights) for _ in range(math.floor(N * W))]
        rest = multisets(weights, N - len(certain))
        return {tuple(sorted((*certain, *drawn))): p for drawn, p in rest.items()}

    monkeypatch.setitem(SCHEMES, "broken", Scheme(9, "", broken, True))
    result = enumerate_smc(skewed(), 3, exact=True, resampling="broken")
    assert result.mean_Z != NumberTree.from_tree(skewed()).normalizer()


def test_schemes_and_thresholds_are_told_apart():
    laws = {enumerate_smc(skewed(), 3, resampling=scheme).law for scheme in SCHEMES}
    laws |= {enumerate_smc(skewed(), 3, ess_threshold=kappa).law for kappa in (0.9, 0.0)}
    assert len(laws) == 6


def test_never_resampling_is_naive_sampling():
    tree = skewed()
    law = enumerate_smc(tree, 2, exact=True, ess_threshold=0.0).law
    assert law == enumerate_naive(tree, 2, exact=True)
    assert law != enumerate_smc(tree, 2, exact=True).law


def test_one_particle_is_the_proposal():
    tree = skewed()
    numbers = NumberTree.from_tree(tree)
    assert enumerate_smc(tree, 1, exact=True).law == numbers.reference_law()
    assert enumerate_naive(tree, 1, exact=True) == numbers.reference_law()
    guided = enumerate_smc(tree, 1, guided=True).law
    np.testing.assert_allclose(guided, guided_law(tree), rtol=ROUND_OFF)


def test_guided_with_the_true_value_is_exact():
    tree = random_tree(3, seed=5)
    law = enumerate_smc(tree, 1, guided=True).law
    np.testing.assert_allclose(law, target_law(tree), rtol=ROUND_OFF)
    wrong = enumerate_smc(random_sign(tree, 0.01, 0), 1, guided=True).law
    assert np.abs(np.array(wrong) - target_law(tree)).sum() > 1e-4


def test_exact_laws_of_the_tree_agree_with_floats():
    tree = lumped()
    numbers = NumberTree.from_tree(tree)
    assert sum(numbers.target_law()) == 1
    np.testing.assert_allclose(
        [float(x) for x in numbers.reference_law()], reference_law(tree), rtol=ROUND_OFF
    )
    np.testing.assert_allclose(
        [float(x) for x in numbers.target_law()], target_law(tree), rtol=ROUND_OFF
    )


@pytest.mark.parametrize("guided", [False, True])
@pytest.mark.parametrize(("T", "N"), [(2, 2), (2, 3), (3, 2)])
def test_density_is_the_conditional_mean_of_the_inverse_ratio(T, N, guided):
    """S1's identity on every path, and E_pi[u_N] = E[(Zhat/Z)^2]; both fail for another N."""
    tree = skewed(T)
    numbers = NumberTree.from_tree(tree)
    smc = enumerate_smc(tree, N, exact=True, guided=guided)
    target = numbers.target_law()
    mean_ratio = F(0)
    for symbols, classes in paths(tree):
        leaf = classes[-1]
        moments = enumerate_conditional(tree, N, symbols, exact=True, guided=guided)
        assert smc.law[leaf] / target[leaf] == moments.mean_inverse_ratio
        assert moments.mean_inverse_ratio >= 1 / moments.mean_ratio
        other = enumerate_conditional(tree, N + 1, symbols, exact=True, guided=guided)
        assert smc.law[leaf] / target[leaf] != other.mean_inverse_ratio
        mean_ratio += target[leaf] * moments.mean_ratio
    assert mean_ratio == smc.second_moment_Z / numbers.normalizer() ** 2


def test_identity_summed_over_the_paths_of_a_lumped_tree():
    tree, N = lumped(), 3
    log_Z = math.log(NumberTree.from_tree(tree, exact=False).normalizer())
    law = np.zeros(2)
    for symbols, classes in paths(tree):
        reference = math.prod(tree.policy_at(t)[classes[t], b] for t, b in enumerate(symbols))
        target = reference * math.exp(tree.log_value_at(2)[classes[-1]] - log_Z)
        law[classes[-1]] += target * enumerate_conditional(tree, N, symbols).mean_inverse_ratio
    np.testing.assert_allclose(law, enumerate_smc(tree, N).law, rtol=ROUND_OFF)


@pytest.mark.parametrize("M", [1, 2, 3])
def test_pool_mh_leaves_its_target_invariant(M):
    """The augmented law q phi / (w Z) is invariant and its marginal over leaves is pi."""
    numbers = NumberTree.from_tree(skewed(2))
    Z = numbers.normalizer()
    proposal = module._pool_proposal(numbers, M)
    importance = {(c, w): numbers.value[-1][c] / w for c, w in proposal}
    stationary = {state: q * importance[state] / Z for state, q in proposal.items()}
    marginal = [sum(p for (c, _), p in stationary.items() if c == leaf) for leaf in range(4)]
    assert tuple(marginal) == numbers.target_law()
    assert module._independence_step(stationary, proposal, importance) == stationary
    without_weight = {(c, w): numbers.value[-1][c] for c, w in proposal}
    moved = module._independence_step(stationary, proposal, without_weight)
    assert (moved == stationary) == (M == 1)  # one child a pool: the weight is 1


def test_pool_mh_goes_from_its_proposal_to_the_target():
    tree = skewed()
    target = target_law(tree)
    np.testing.assert_allclose(enumerate_pool_mh(tree, 1, 0), reference_law(tree), rtol=ROUND_OFF)
    distances = [
        np.abs(np.array(enumerate_pool_mh(tree, 2, H)) - target).sum() for H in (0, 1, 4, 120)
    ]
    assert distances == sorted(distances, reverse=True)
    assert distances[0] > 0.01
    assert distances[-1] < 1e-8


def test_bad_input_is_refused():
    tree = lumped()
    for call in (
        lambda: enumerate_smc(tree, 0),
        lambda: enumerate_smc(tree, 2, resampling="bootstrap"),
        lambda: enumerate_naive(tree, 0),
        lambda: enumerate_pool_mh(tree, 0, 1),
        lambda: enumerate_pool_mh(tree, 1, -1),
        lambda: enumerate_conditional(tree, 2, [0]),
        lambda: enumerate_conditional(tree, 2, [0, 2]),
        lambda: enumerate_conditional(tree, 2, [0, 1]),
    ):
        with pytest.raises(BadInput):
            call()
