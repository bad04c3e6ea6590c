"""Every resampling scheme against the enumerated law of its ancestors."""

import numpy as np
import pytest
from scipy.stats import chisquare

from treesmc.sims.enumeration import RESAMPLING
from treesmc.sims.kernels.resampling import SCHEMES, invert, resample
from treesmc.sims.streams import generator

FALSE_ALARM = 1e-4  # per test; seeds are fixed, so a test that passes goes on passing
WEIGHTS = np.array([0.28, 0.17, 0.0, 0.33, 0.22])
BELOW_ONE = 1 - 2.0**-53  # the largest uniform a Generator can return


def draw(scheme, weights, rng):
    weights = weights.copy()
    ancestors = np.full(len(weights), -1)
    resample(SCHEMES[scheme], weights, weights.sum(), np.empty(len(weights)), ancestors, rng)
    return tuple(sorted(ancestors.tolist()))


def tail_probability(drawn_by, judged_by, replicates=8000):
    """Chi-square tail probability of ancestors against the law of a scheme; 0 outside it."""
    rng = generator(1, SCHEMES[drawn_by])
    enumerated = RESAMPLING[judged_by](list(WEIGHTS)).items()
    law = {ancestors: p for ancestors, p in enumerated if p > 1e-9}  # rounding leaves slivers
    seen = dict.fromkeys(law, 0)
    for _ in range(replicates):
        ancestors = draw(drawn_by, WEIGHTS, rng)
        if ancestors not in seen:
            return 0.0
        seen[ancestors] += 1
    expected, observed = pooled(replicates * np.array(list(law.values())), list(seen.values()))
    return chisquare(observed, expected).pvalue


def pooled(expected, observed):
    """Make one cell of all that are expected fewer than 5 times."""
    rare = expected < 5
    cells = np.where(rare, rare.argmax(), np.arange(len(rare)))
    expected, observed = (np.bincount(cells, weights=x) for x in (expected, observed))
    return expected[expected > 0], observed[expected > 0]


@pytest.mark.parametrize("scheme", SCHEMES)
def test_ancestors_have_the_enumerated_law(scheme):
    assert tail_probability(scheme, scheme) > FALSE_ALARM


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("other", SCHEMES)
def test_the_check_tells_the_schemes_apart(scheme, other):
    if scheme != other:
        assert tail_probability(scheme, other, replicates=2000) < FALSE_ALARM


@pytest.mark.parametrize("scheme", SCHEMES)
def test_offspring_numbers_are_unbiased(scheme):
    rng = generator(2, SCHEMES[scheme])
    weights = rng.random(9) ** 3
    offspring = np.array(
        [np.bincount(draw(scheme, weights, rng), minlength=9) for _ in range(4000)]
    )
    expected = 9 * weights / weights.sum()
    stderr = offspring.std(axis=0, ddof=1) / np.sqrt(4000)
    assert (np.abs(offspring.mean(axis=0) - expected) < 4.5 * stderr + 1e-12).all()
    if scheme in ("systematic", "stratified"):
        assert (np.abs(offspring - expected) < 2).all()


@pytest.mark.parametrize("scheme", SCHEMES)
def test_certain_offspring_are_certain(scheme):
    """With N W_i integers only multinomial resampling is random; rounding must not show."""
    rng = generator(3)
    for scale in (1.0, 0.1, 0.3, 1 / 3, 1e-300):
        ancestors = draw(scheme, scale * np.array([2.0, 0.0, 1.0, 1.0]), rng)
        assert 1 not in ancestors
        assert scheme == "multinomial" or ancestors == (0, 0, 2, 3)


def test_a_single_particle_is_its_own_ancestor():
    for scheme in SCHEMES:
        assert draw(scheme, np.array([0.7]), generator(4)) == (0,)


@pytest.mark.parametrize("inverse", [invert, invert.py_func])
def test_points_at_the_edge_find_a_particle_of_positive_weight(inverse):
    """Ten weights of 0.1 sum to less than one, and padding follows and precedes them."""
    weights = np.concatenate([[0.0], np.full(10, 0.1), [0.0, 0.0]])
    points = np.array([0.0, 0.5, BELOW_ONE, 1.0])
    ancestors = np.empty(4, np.int64)
    inverse(weights, 1.0, points, ancestors)
    assert ancestors[0] == 1
    assert ancestors[-1] == ancestors[-2] == 10
    unguarded = np.searchsorted(np.cumsum(weights), points, side="right")
    assert unguarded[-2] > 12  # past the end: the guard is what keeps the index in range
