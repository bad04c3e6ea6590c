"""Fits recover planted laws, and widen with noise as they should."""

import numpy as np
import pytest

from treesmc.sims.base.errors import BadInput
from treesmc.sims.fits import fit_growth, rounded_stderr

T = np.array([4.0, 8, 16, 32, 64, 128])
NOISE = 0.05


def polynomial(T):
    return 0.3 + 1.5 * np.log(T)


def test_exact_data_return_their_coefficients():
    log_cost = 0.5 + 2.0 * np.log(T) + 0.1 * T - 0.7 * np.sqrt(T)
    fit = fit_growth(T, log_cost, terms=("1", "log T", "T", "sqrt T"))
    # Round-off: condition number about 1e3 on values of about 20.
    np.testing.assert_allclose(fit.coefficients, [0.5, 2.0, 0.1, -0.7], atol=1e-10)
    wrong = fit_growth(T, log_cost, terms=("1", "log T", "T"))
    assert abs(wrong.coefficient("T") - 0.1) > 0.01


def test_two_points_by_hand():
    """Line through (1, 0), (2, 1), (3, 1): slope 1/2, intercept -1/3, residuals 1/6 (1, -2, 1)."""
    fit = fit_growth([1, 2, 3], [0, 1, 1], terms=("1", "T"))
    np.testing.assert_allclose(fit.coefficients, [-1 / 3, 1 / 2], atol=1e-12)
    assert fit.chi2 == pytest.approx(1 / 6)
    # var(slope) = (1/6) / sum (T - 2)^2 = 1/12; Student's t with 1 degree, 97.5%: 12.7062.
    low, high = fit.interval("T")
    assert (high - low) / 2 == pytest.approx(12.7062 * np.sqrt(1 / 12), rel=1e-4)


@pytest.mark.parametrize("known", [True, False], ids=["known noise", "unknown noise"])
def test_intervals_cover(known):
    """Coverage of 95% intervals over 2000 data sets; 4 standard errors are 0.02."""
    rng = np.random.default_rng(1)
    stderr = np.full(len(T), NOISE) if known else None
    hits = 0
    for _ in range(2000):
        low, high = fit_growth(
            T, polynomial(T) + NOISE * rng.standard_normal(len(T)), stderr, ("1", "log T")
        ).interval("log T")
        hits += low < 1.5 < high
    coverage = hits / 2000
    # Known noise is never narrowed and widened when residuals are large: conservative.
    assert coverage > 0.93
    assert known or coverage < 0.97


def test_weights_count():
    """An outlier with a large standard error does not move the fit; with a small one it does."""
    log_cost = polynomial(T) + np.array([0, 0, 0, 0, 0, 3.0])
    stderr = np.full(len(T), 0.01)
    moved = fit_growth(T, log_cost, stderr, ("1", "log T"))
    stderr[-1] = 1e3
    kept = fit_growth(T, log_cost, stderr, ("1", "log T"))
    assert kept.coefficient("log T") == pytest.approx(1.5, abs=1e-6)
    assert moved.coefficient("log T") > 1.6
    assert moved.chi2_dof > 100 > 1 > kept.chi2_dof


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([4, 8], [1, 2], None, ("1", "T")), "2 points are too few"),
        (([4, 8, 8], [1, 2], None, ("1",)), "shapes"),
        (([4, 8, 16], [1, np.inf, 2], None, ("1",)), "log_cost: not finite at index 1"),
        (([0, 8, 16], [1, 1, 2], None, ("1",)), "T: 0.0 is not positive"),
        (([4, 8, 16], [1, 1, 2], [1, 0, 1], ("1",)), "stderr: 0.0 is not positive"),
        (([4, 8, 16], [1, 1, 2], None, ("1", "T^2")), "unknown"),
        (([4, 4, 4], [1, 1, 2], None, ("1", "T")), "cannot tell apart"),
    ],
)
def test_bad_input(arguments, message):
    with pytest.raises(BadInput, match=message.replace("^", r"\^")):
        fit_growth(*arguments)


def test_rounding_adds_a_twelfth_to_the_variance():
    """Of 10^5 numbers about 20; 5 standard errors of a variance are 2.2%."""
    rng = np.random.default_rng(0)
    n = 20 + 0.5 * rng.standard_normal(100_000)
    measured = np.log(np.round(n)).std()
    assert measured == pytest.approx(rounded_stderr(0.5 / 20, 20), rel=0.022)
    assert measured != pytest.approx(0.5 / 20, rel=0.1)
