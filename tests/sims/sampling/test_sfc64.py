"""The in-kernel generator: NumPy's words bit for bit, and a battery of tests of randomness.

Every statistical test has a false-alarm rate of `FALSE_ALARM` and a fixed stream, so one that
passes goes on passing; the same tests must reject sequences that are known to be bad.
"""

import math
from collections import Counter

import numpy as np
import pytest
from scipy.stats import chi2, chisquare, norm, poisson

from treesmc.sims.base.jit import kernel
from treesmc.sims.sampling.kernels import sfc64
from treesmc.sims.sampling.kernels.sfc64 import BUFFER, LANES, ROUNDS, open_stream

FALSE_ALARM = 1e-4
WORDS = 1 << 18
LARGEST = np.uint64(2**64 - 1)


@kernel
def take(stream, out):
    """Fill `out` with the next words."""
    for i in range(len(out)):
        out[i] = sfc64.word(stream)


@kernel
def take_together(stream, out):
    """Fill `out` with the next words, by as many as there are."""
    done, n = np.uint64(0), np.uint64(len(out))
    while done < n:
        first, until = sfc64.take(stream, done, n)
        for i in range(done, until):
            out[i] = stream[first + (i - done)]
        done = until


def words(n, seed, *key):
    out = np.empty(n, np.uint64)
    take(open_stream(seed, *key), out)
    return out


def numpy_words(n, a, b, c):
    """Words of NumPy's generator from a = .., b = .., c = .., w = 1."""
    generator = np.random.SFC64()
    state = generator.state
    state["state"]["state"] = np.array([a, b, c, 1], np.uint64)
    generator.state = state
    return generator.random_raw(n)


def seeds(seed, *key):
    return np.random.SeedSequence(seed, spawn_key=key).generate_state(2, np.uint64)


@pytest.mark.parametrize("number", [0, 1, 2**40])
def test_every_lane_is_numpys_generator_bit_for_bit(number):
    n = 3 * BUFFER // LANES
    drawn = words(LANES * n, 7, 1, number).reshape(n, LANES)
    a, b = seeds(7, 1)
    for lane in range(LANES):
        expected = numpy_words(ROUNDS + n, a, b, number * LANES + lane)[ROUNDS:]
        assert (drawn[:, lane] == expected).all()
    assert (drawn[:, 0] != numpy_words(ROUNDS + n, a, b, number * LANES + 1)[ROUNDS:]).all()


@pytest.mark.parametrize("n", [1, 15, BUFFER, 3 * BUFFER + 7])
def test_words_taken_together_are_those_taken_one_by_one(n):
    """From wherever the buffer stands, over as many refills as it takes."""
    together, one_by_one = open_stream(3, 5), open_stream(3, 5)
    for _ in range(2):
        a, b = np.empty((2, n), np.uint64)
        take_together(together, a)
        take(one_by_one, b)
        assert (a == b).all()
    assert (together == one_by_one).all()


def test_uniforms_are_multiples_of_a_power_of_two_below_one():
    assert sfc64.to_unit(LARGEST) == 1 - 2.0**-53
    assert sfc64.to_unit(np.uint64(0)) == sfc64.to_unit(np.uint64(2**11 - 1)) == 0.0


def test_streams_are_named_by_their_key():
    keys = [(0, 0), (0, 1), (0, 0, 0), (0, 1, 0), (1, 0), (0, 0, 1)]
    firsts = [words(4, *key).tolist() for key in keys]
    assert firsts == [words(4, *key).tolist() for key in keys]
    assert len({word for first in firsts for word in first}) == 4 * len(keys)


# The battery. Each test maps words to a tail probability.


def byte_frequencies(x):
    return chisquare(np.bincount(x.view(np.uint8), minlength=256)).pvalue


def byte_pairs(x):
    """Frequencies of neighbouring words' lowest bytes together."""
    low = (x & np.uint64(255)).astype(np.int64)
    return chisquare(np.bincount(low[::2] * 256 + low[1::2], minlength=1 << 16)).pvalue


def bit_balance(x):
    """Frequency of ones at each of the 64 places."""
    ones = np.unpackbits(x.view(np.uint8).reshape(-1, 8), axis=1).sum(axis=0)
    z = (ones - len(x) / 2) / math.sqrt(len(x) / 4)
    return float(chi2.sf((z**2).sum(), 64))


def serial_correlation(x):
    """Correlation of uniforms at lags 1 .. 32: beyond neighbours in a lane, and across lanes."""
    u = (x >> np.uint64(11)) * 2.0**-53 - 0.5
    r = np.array([12 * np.mean(u[:-lag] * u[lag:]) for lag in range(1, 33)])
    return float(chi2.sf(len(x) * (r**2).sum(), 32))


def birthday_spacings(x):
    """Repeated spacings of 2^12 birthdays in a year of 2^32 days (Marsaglia): Poisson, mean 4."""
    total, rounds = 0, 32
    for part in np.split((x >> np.uint64(32)).astype(np.int64)[: rounds << 12], rounds):
        spacings = Counter(np.diff(np.sort(part)).tolist())
        total += (1 << 12) - 1 - len(spacings)
    return two_sided(total, poisson(rounds * 4.0))


def gaps(x):
    """Lengths of gaps between words below 1/8 of the range: geometric."""
    hits = np.flatnonzero(x < np.uint64(2**61))
    length = np.minimum(np.diff(hits) - 1, 40)
    p = (1 / 8) * (7 / 8) ** np.arange(41)
    p[40] *= 8
    return chisquare(np.bincount(length, minlength=41), len(length) * p).pvalue


def runs(x):
    """Number of runs up and down: normal, mean (2n - 1)/3, variance (16n - 29)/90."""
    up = x[1:] > x[:-1]
    number = 1 + np.count_nonzero(up[1:] != up[:-1])
    z = (number - (2 * len(x) - 1) / 3) / math.sqrt((16 * len(x) - 29) / 90)
    return 2 * float(norm.sf(abs(z)))


def two_sided(k, law):
    return min(1.0, 2 * min(float(law.cdf(k)), float(law.sf(k - 1))))


BATTERY = [
    byte_frequencies, byte_pairs, bit_balance, serial_correlation, birthday_spacings, gaps, runs,
]  # fmt: skip
PASSES = FALSE_ALARM / len(BATTERY)


@pytest.mark.parametrize("test", BATTERY)
@pytest.mark.parametrize("key", [(1, 0), (1, 1), (123, 2, 77)])
def test_a_stream_looks_random(test, key):
    assert test(words(WORDS, *key)) > PASSES


@pytest.mark.parametrize("test", BATTERY)
def test_a_lane_looks_random(test):
    assert test(words(WORDS * LANES, 1, 0)[::LANES].copy()) > PASSES


@pytest.mark.parametrize("test", BATTERY)
def test_the_first_words_of_many_streams_look_random(test):
    """Neighbouring streams start from states that differ in a few bits of one word."""
    first = np.concatenate(
        [words(2 * LANES, 5, 0, number) for number in range(WORDS // LANES // 2)]
    )
    assert test(first) > PASSES


def test_neighbouring_streams_and_lanes_are_independent():
    """Joint frequencies of bytes; correlations of all pairs of 8 streams and of all lanes."""
    streams = np.array([words(WORDS, 9, 0, number) for number in range(8)])
    lanes = words(WORDS, 9, 1).reshape(-1, LANES).T
    for x in (streams, lanes):
        pairs = (x[0] & np.uint64(15)) * np.uint64(16) + (x[1] & np.uint64(15))
        assert chisquare(np.bincount(pairs.astype(np.int64), minlength=256)).pvalue > FALSE_ALARM
        correlations = np.corrcoef((x >> np.uint64(11)) * 2.0**-53)
        off = correlations[np.triu_indices(len(x), 1)] * math.sqrt(x.shape[1])
        assert chi2.sf((off**2).sum(), len(off)) > FALSE_ALARM
    same = np.corrcoef((streams[[0, 0]] >> np.uint64(11)) * 2.0**-53)[0, 1]
    assert chi2.sf(same**2 * WORDS, 1) < FALSE_ALARM


def congruential(n):
    """A poor generator: x <- 69069 x + 1 modulo 2^64, whose low bits have short periods."""
    out = np.empty(n, np.uint64)
    x = 1
    for i in range(n):
        x = (69069 * x + 1) % 2**64
        out[i] = x
    return out


def counter_like(n):
    """Equally spaced words: balanced, and not random at all."""
    return np.arange(n, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)


BAD = {"congruential": congruential(WORDS), "counter": counter_like(WORDS)}
BAD["few days"] = words(WORDS, 1, 0) & np.uint64(0xFFFFFFF000000000)
BAD["repeats"] = np.tile(words(WORDS // 16, 1, 0), 16)


@pytest.mark.parametrize("name", BAD)
def test_the_battery_rejects_bad_generators(name):
    assert any(test(BAD[name]) < PASSES for test in BATTERY)


def test_every_test_of_the_battery_rejects_something():
    for test in BATTERY:
        assert any(test(bad) < PASSES for bad in BAD.values()), test.__name__
