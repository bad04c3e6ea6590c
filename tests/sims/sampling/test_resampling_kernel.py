"""Every resampling scheme against the enumerated law of its ancestors."""

import numpy as np
import pytest
from scipy.stats import chisquare

from treesmc.sims.laws.schemes import SCHEMES
from treesmc.sims.sampling.kernels.resampling import (
    RUN,
    count_shifted,
    fill_runs,
    look_up,
    make_table,
    resample,
    running_sums,
    scale,
    scratch,
)
from treesmc.sims.sampling.kernels.sfc64 import open_stream

FALSE_ALARM = 1e-4  # per test; seeds are fixed, so a test that passes goes on passing
WEIGHTS = np.array([0.28, 0.17, 0.0, 0.33, 0.22])
BELOW_ONE = 1 - 2.0**-53  # the largest uniform a stream can return


def summed(weights):
    """Working arrays that hold the running sums of weights."""
    arrays = scratch(len(weights))
    running_sums(weights, arrays.sums)
    return arrays


def draw(scheme, weights, stream):
    n = len(weights)
    weights, ancestors = weights.copy(), np.full(n + RUN, n, np.uint32)
    resample(SCHEMES[scheme].number, weights, summed(weights), ancestors, stream)
    return tuple(sorted(ancestors[:n].tolist()))


def tail_probability(drawn_by, judged_by, replicates=8000):
    """Chi-square tail probability of ancestors against the law of a scheme; 0 outside it."""
    stream = open_stream(1, SCHEMES[drawn_by].number)
    enumerated = SCHEMES[judged_by].law(list(WEIGHTS)).items()
    law = {ancestors: p for ancestors, p in enumerated if p > 1e-9}  # rounding leaves slivers
    seen = dict.fromkeys(law, 0)
    for _ in range(replicates):
        ancestors = draw(drawn_by, WEIGHTS, stream)
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
    stream = open_stream(2, SCHEMES[scheme].number)
    weights = np.random.default_rng(2).random(9) ** 3
    offspring = np.array(
        [np.bincount(draw(scheme, weights, stream), minlength=9) for _ in range(4000)]
    )
    expected = 9 * weights / weights.sum()
    stderr = offspring.std(axis=0, ddof=1) / np.sqrt(4000)
    assert (np.abs(offspring.mean(axis=0) - expected) < 4.5 * stderr + 1e-12).all()
    if scheme in ("systematic", "stratified"):
        assert (np.abs(offspring - expected) < 2).all()


@pytest.mark.parametrize("scheme", SCHEMES)
def test_certain_offspring_are_certain(scheme):
    """With N W_i integers only multinomial resampling is random; rounding must not show."""
    stream = open_stream(3, 0)
    for factor in (1.0, 0.1, 0.3, 1 / 3, 1e-300):
        ancestors = draw(scheme, factor * np.array([2.0, 0.0, 1.0, 1.0]), stream)
        assert 1 not in ancestors
        assert scheme == "multinomial" or ancestors == (0, 0, 2, 3)


def test_a_single_particle_is_its_own_ancestor():
    for scheme in SCHEMES:
        assert draw(scheme, np.array([0.7]), open_stream(4, 0)) == (0,)


PADDED = np.concatenate([[0.0], np.full(10, 0.1), [0.0, 0.0]])


def test_points_at_the_edge_find_a_particle_of_positive_weight():
    """Ten weights of 0.1 sum to less than one, and padding follows and precedes them."""
    sums = np.cumsum(PADDED)
    scale(sums, 13.0)
    ends = np.empty(13, np.int32)
    for shift in (0.0, 0.5, BELOW_ONE):
        count_shifted(sums, shift, ends)
        assert ends[0] == 0
        assert ends[10] == ends[12] == 13
    assert np.ceil(np.cumsum(PADDED) * 13 - BELOW_ONE)[-1] < 13  # unguarded, a point is lost


def test_every_point_finds_a_particle_of_positive_weight():
    """The words around every cut point, where the table and the search could disagree."""
    for weights in (PADDED, np.random.default_rng(3).random(50) ** 9, np.array([1e-290, 1e-299])):
        arrays = summed(weights)
        bits = make_table(arrays)
        exact = np.concatenate([[0], np.round(arrays.sums * 2.0 ** (64 - bits)).astype(object)])
        words = {min(max(int(x) + d, 0), 2**64 - 1) for x in exact for d in (-4096, -1, 0, 1, 4096)}
        for word in words:
            i = look_up(arrays.sums, arrays.table, bits, np.uint64(word))
            point = (word >> 11) * 2.0 ** (bits - 53)
            assert weights[i] > 0
            assert i == np.searchsorted(arrays.sums, point, side="right")


def test_runs_are_filled_whatever_their_length():
    counts = np.array([0, 3, RUN, 0, RUN + 5, 1])
    slots = np.full(counts.sum() + RUN, 99, np.uint32)
    fill_runs(np.cumsum(counts).astype(np.int32), slots)
    assert (slots[: counts.sum()] == np.repeat(np.arange(6), counts)).all()
