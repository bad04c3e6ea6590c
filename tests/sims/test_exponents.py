"""Scaling exponents, on counts: each law of growth holds for its class and fails for another."""

import math
from functools import cache

import numpy as np
import pytest

from treesmc.sims.cost import least_particles
from treesmc.sims.families import needle, product
from treesmc.sims.fits import compare_growth, fit_growth, local_slopes
from treesmc.sims.naive_law import least_samples
from treesmc.sims.values import kl, reference_law

DELTA = 0.1
EPS = 0.5  # the constant
LONG = (12, 14, 16, 18, 20, 24)
DOUBLING = (16, 32, 64, 128, 256)


@cache
def log_particles(T, eps):
    """log N* on the needle and its standard error: the exact chain, or binomial simulation."""
    found = least_particles(needle(T, eps), DELTA, replicates=8192, seed=T)
    return math.log(found.n_star), found.log_stderr


def growth(horizons, epsilon):
    """Horizons, log N*, and standard errors, rounding to an integer included."""
    found = np.array([log_particles(T, epsilon(T)) for T in horizons])
    rounding = np.exp(-found[:, 0]) / math.sqrt(12)
    return np.array(horizons, dtype=float), found[:, 0], np.hypot(found[:, 1], rounding)


def constant(T):
    return EPS


def over_T(T):
    return 1 / T


def log_over_T(T):
    return 0.5 * math.log(T) / T


def over_root_T(T):
    return 0.3 / math.sqrt(T)


def normalised_rate(data):
    """Slope of log N* in T over log(1 + eps)."""
    return fit_growth(*data, terms=("1", "T")).coefficient("T") / math.log1p(EPS)


def degree(data):
    return fit_growth(*data, terms=("1", "log T")).coefficient("log T")


def test_constant_error_has_exponent_two():
    """S2 and S3. Standard error of the ratio: about 0.01 / 12 / 0.4."""
    assert normalised_rate(growth(LONG, constant)) == pytest.approx(2.0, abs=0.05)
    # The polynomial class, and the exponents 2/3 and 6 of the published bounds, are far outside.
    assert normalised_rate(growth(LONG, over_T)) < 1


def test_error_over_T_has_degree_one():
    """ZL-5.2 and S2, where N* is exact."""
    assert degree(growth(DOUBLING[:-1], over_T)) == pytest.approx(1.0, abs=0.1)
    assert degree(growth(DOUBLING, log_over_T)) > 1.5
    assert degree(growth(LONG, constant)) > 5


def test_error_log_T_over_T_has_degree_one_plus_two_c():
    """N* is about T^(1 + 2c) / log T, as sum_t (1 + eps)^(2 t) is T (T^(2c) - 1) / (2c log T)."""

    def corrected(epsilon):
        T, log_n, stderr = growth(DOUBLING, epsilon)
        return degree((T, log_n + np.log(np.log(T)), stderr))

    assert corrected(log_over_T) == pytest.approx(2.0, abs=0.1)
    assert abs(corrected(over_T) - 2.0) > 0.3


def test_error_over_root_T_is_not_polynomial():
    """The local degree rises at every doubling by more than its noise, three standard errors."""

    def rises(data):
        slopes = local_slopes(*data[:2])
        noise = 3 * 2 * data[2].max() / math.log(2)
        return bool(np.all(np.diff(slopes) > noise))

    assert rises(growth(DOUBLING, over_root_T))
    assert not rises(growth(DOUBLING, over_T))
    assert not rises(growth(DOUBLING, log_over_T))


def test_likelihood_ratio_names_the_class():
    exponential = compare_growth(*growth(LONG, constant))
    assert exponential.p_polynomial < 1e-6
    polynomial = compare_growth(*growth(DOUBLING, over_T))
    assert polynomial.p_exponential < 1e-6
    assert polynomial.full.chi2_dof < 10


@cache
def naive_growth():
    """Horizons and log n* of naive sampling on fair bits, exact."""
    horizons = (64, 96, 128, 192, 256, 384, 512)
    trees = [product(T) for T in horizons]
    samples = [
        least_samples(reference_law(tree), tree.log_value_at(tree.horizon), DELTA) for tree in trees
    ]
    return np.array(horizons, dtype=float), np.log(samples)


def test_naive_rate_is_the_divergence_per_step():
    """S7: kappa = KL per step once sqrt(T) is fitted; without it the rate is off."""
    T, log_n = naive_growth()
    kappa = kl(product(1))
    fitted = fit_growth(T, log_n, terms=("1", "sqrt T", "T"))
    assert fitted.coefficient("T") == pytest.approx(kappa, rel=0.02)
    straight = fit_growth(T, log_n, terms=("1", "T"))
    assert abs(straight.coefficient("T") / kappa - 1) > 0.02
    # Another reward has another rate.
    assert fitted.coefficient("T") != pytest.approx(kl(product(1, r=2.2)), rel=0.02)
