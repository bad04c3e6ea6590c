"""Binomial draws against the exact law, each method over its range, and against wrong laws."""

import math

import mpmath
import numpy as np
import pytest
from scipy.stats import binom, chisquare

from treesmc.sims.base.jit import kernel
from treesmc.sims.sampling.kernels import binomial
from treesmc.sims.sampling.kernels.sfc64 import open_stream

FALSE_ALARM = 1e-4
R = 20_000


@kernel
def repeat(method, n, p, stream, out):
    """Fill `out` with draws by one method."""
    for r in range(len(out)):
        if method == 0:
            out[r] = binomial.by_bits(int(n), p, stream)
        elif method == 1:
            out[r] = binomial.by_inversion(int(n), p, stream)
        elif method == 2:
            out[r] = binomial.binomial(int(n), p, stream)
        else:
            out[r] = binomial.share(int(n), p, stream)


BITS, INVERSION, REJECTION, SHARE = range(4)


def draws(method, n, p, replicates=R):
    out = np.empty(replicates, np.int64)
    repeat(method, n, p, open_stream(11, method, 0), out)
    return out


def tail_probability(x, n, p):
    """Chi-square over about 40 cells of equal probability."""
    law = binom(n, p)
    edges = np.unique(law.ppf(np.linspace(0, 1, 41)[1:-1]))
    expected = np.diff(np.concatenate([[0.0], law.cdf(edges), [1.0]])) * len(x)
    observed = np.bincount(np.searchsorted(edges, x), minlength=len(edges) + 1)
    keep = expected > 1e-9
    assert (observed[~keep] == 0).all()
    return chisquare(observed[keep], expected[keep]).pvalue


CASES = [
    (BITS, 1, 0.5), (BITS, 1, 0.37), (BITS, 13, 0.41), (BITS, 64, 0.25), (BITS, 200, 0.013),
    (BITS, 256, 0.499), (INVERSION, 600, 0.01), (INVERSION, 10**6, 3e-6),
    (INVERSION, 10**15, 9e-15), (REJECTION, 512, 0.02), (REJECTION, 300, 0.5),
    (REJECTION, 5000, 0.13), (REJECTION, 10**6, 0.3), (REJECTION, 10**9, 0.5),
    (REJECTION, 10**6, 1.1e-5), (SHARE, 100, 0.2), (SHARE, 10**5, 0.2),
]  # fmt: skip


@pytest.mark.parametrize(("method", "n", "p"), CASES)
def test_draws_have_the_binomial_law(method, n, p):
    x = draws(method, n, p)
    assert ((x >= 0) & (x <= n)).all()
    assert tail_probability(x, n, p) > FALSE_ALARM


@pytest.mark.parametrize(("method", "n", "p"), CASES)
def test_a_shift_by_a_tenth_of_a_deviation_is_noticed(method, n, p):
    off = p + 0.1 * math.sqrt(p * (1 - p) / n)
    assert tail_probability(draws(method, n, p), n, off) < FALSE_ALARM


@pytest.mark.parametrize("n", [10**12, 2**53])
@pytest.mark.parametrize("p", [0.5, 0.01, 1e-9])
def test_huge_counts(n, p):
    """Mean, variance, and fourth moment of the standardised draws; 5 standard errors."""
    x = (draws(REJECTION, n, p).astype(float) - n * p) / math.sqrt(n * p * (1 - p))
    assert abs(x.mean()) < 5 / math.sqrt(R)
    assert abs(x.var() - 1) < 5 * math.sqrt(2 / R)
    assert abs((x**4).mean() - 3) < 5 * math.sqrt(96 / R)
    wrong = 1.1 * x
    assert not abs(wrong.var() - 1) < 5 * math.sqrt(2 / R)


@pytest.mark.parametrize("n", [10**4, 10**9, 2**53])
@pytest.mark.parametrize("z", [-3.0, 0.5, 3.0])
def test_ratios_of_probabilities_keep_their_digits(n, z):
    """Against integer arithmetic with 60 digits; differences of log-gamma are off by far more."""
    with mpmath.workdps(60):
        p = mpmath.mpf(0.3)
        mode = math.floor((n + 1) * 0.3)
        k = round(mode + z * math.sqrt(n * 0.21))

        def log_f(x):
            return x * mpmath.log(p / (1 - p)) - mpmath.loggamma(x + 1) - mpmath.loggamma(n - x + 1)

        exact = float(log_f(k) - log_f(mode))
    got = binomial.log_ratio_to_mode(float(n), 0.3, float(mode), float(k))
    assert got == pytest.approx(exact, abs=1e-7)
    if n == 2**53:
        plain = sum(
            s * (math.lgamma(x + 1) + math.lgamma(n - x + 1)) for s, x in ((1, mode), (-1, k))
        )
        assert plain + (k - mode) * math.log(0.3 / 0.7) != pytest.approx(exact, abs=1e-3)


LAWS = [(21, 0.49), (40, 0.25), (257, 0.04), (300, 0.5), (5000, 0.002), (5000, 0.3), (10**5, 0.1)]


def holds(n, p, within=0.5, width=1.0):
    """Whether the squeeze, narrowed to some width, holds at all d <= within * variance."""
    mode, precision = math.floor((n + 1) * p), 1 / (n * p * (1 - p))
    k = np.arange(n + 1)
    k = k[np.abs(k - mode) * precision <= within]
    log_f = binom(n, p).logpmf(k)
    log_ratio = log_f[k == mode] - log_f
    low, high = np.transpose([binomial.squeeze(float(abs(d)), precision) for d in k - mode])
    narrower = (1 - width) / 2 * (high - low)
    round_off = 1e-13 * n
    above = low + narrower <= log_ratio + round_off
    return (above & (log_ratio <= high - narrower + round_off)).all()


@pytest.mark.parametrize(("n", "p"), LAWS)
def test_the_squeeze_holds(n, p):
    assert holds(n, p)


def test_the_squeeze_is_not_much_too_wide_nor_unlimited():
    assert not holds(5000, 0.002, width=0.75)
    assert not holds(10**5, 0.1, within=2.0)


@pytest.mark.parametrize(("n", "p"), LAWS)
def test_the_squeeze_changes_no_decision(n, p):
    """It is there for speed: decisions are those of the ratio of probabilities itself."""
    rng, mode = np.random.default_rng(5), math.floor((n + 1) * p)
    spread, b, a = binomial.hat(float(n), p)
    u, v = rng.random((2, 4000))
    u -= 0.5
    k = np.clip(np.floor((2 * a / (0.5 - np.abs(u)) + b) * u + n * p + 0.5), 0, n)
    scaled = v * (2.83 + 5.1 / b) * spread / (a / (0.5 - np.abs(u)) ** 2 + b)
    gap = [binomial.log_ratio_to_mode(float(n), p, float(mode), x) for x in k] - np.log(scaled)
    taken = np.array([binomial.accept(float(n), p, *x) for x in zip(u, v, k, strict=True)])
    clear = np.abs(gap) > 1e-9
    assert (taken == (gap >= 0))[clear].all()
    assert 0.5 < taken.mean() < 1
    assert not (taken == (gap >= 0.05))[clear].all()


def test_powers_of_64():
    x = np.linspace(0, 64, 200)
    assert all(binomial.power_64(1 - y / 64) <= math.exp(-y) for y in x)
    assert all(binomial.power_64(1 + y / 64) <= math.exp(y) * (1 + 1e-13) for y in x)
    assert binomial.power_64(-0.5) == 0.0


def test_shares_take_the_rarer_side():
    assert (draws(SHARE, 1000, 0.0, 50) == 0).all()
    assert (draws(SHARE, 1000, -0.0, 50) == 1000).all()
    assert binomial.rarer(1.0, 0.0) == 0.0
    assert math.copysign(1, binomial.rarer(1.0, 0.0)) == -1
    assert binomial.rarer(1e-30, 1.0) == 1e-30
    assert binomial.rarer(1.0, 1e-30) == -1e-30
    left = draws(SHARE, 10**15, -3e-15)  # right is Poisson of mean 3
    assert tail_probability(10**15 - left, 10**15, 3e-15) > FALSE_ALARM


def test_counts_are_conserved_and_zero_mass_gets_nothing():
    mass = np.array([0.2, 0.0, 0.7, 0.1, 0.0, 0.0, 0.0, 1e-12])
    heap, plan, numbers = np.zeros(16), np.zeros(8), np.zeros(16, np.int64)
    heap[8:] = mass
    binomial.plan_split(heap, plan)
    stream = open_stream(8, 0)
    for n in (1, 3, 10**6, 2**53):
        binomial.split(n, plan, 0, numbers, stream)
        assert numbers[8:].sum() == n
        assert (numbers[8:][mass == 0] == 0).all()
    assert numbers[15] == pytest.approx(2**53 * 1e-12, rel=0.1)


def test_bits_are_counted():
    for x in (0, 1, 2**63, 2**64 - 1, 0xDEADBEEF12345678):
        assert binomial.bit_count(np.uint64(x)) == x.bit_count()
