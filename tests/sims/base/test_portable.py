"""Elementary functions against exact values, and linear algebra against its definitions."""

import math

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from treesmc.sims.base import portable

# Units in the last place, as `kernels.elementary` states them.
FUNCTIONS = {
    "exp": (portable.exp, mpmath.exp, 1.0),
    "expm1": (portable.expm1, mpmath.expm1, 2.0),
    "log": (portable.log, mpmath.log, 1.0),
    "log1p": (portable.log1p, mpmath.log1p, 2.0),
    "tanh": (portable.tanh, mpmath.tanh, 4.0),  # two roundings more than expm1, of half a unit each
}
ROUND_OFF = 1e-12  # of sums of a few numbers of order one, badly conditioned by 1e3 at most
RNG = np.random.default_rng(0)


def arguments(name):
    """Ordinary numbers, numbers near 0 and near 1, and the whole range."""
    near = np.concatenate([RNG.uniform(-1, 1, 300), RNG.normal(0, 1e-4, 300)])
    tiny = np.copysign(10.0 ** RNG.uniform(-300, -5, 100), RNG.uniform(-1, 1, 100))
    if name in ("log", "log1p"):
        wide = 10.0 ** RNG.uniform(-307, 308, 400)
        return np.concatenate(
            [wide, 1 + near, np.abs(tiny)] if name == "log" else [wide, near, tiny]
        )
    return np.concatenate([RNG.uniform(-745, 709, 400), RNG.uniform(-40, 40, 200), near, tiny])


def largest_error(function, exact, x):
    """Largest error in units of the last place."""
    with mpmath.workprec(200):
        errors = []
        for value, here in zip(function(x), x, strict=True):
            truth = exact(mpmath.mpf(float(here)))
            unit = mpmath.mpf(math.ulp(float(truth)))
            errors.append(float(abs(mpmath.mpf(float(value)) - truth) / unit))
    return max(errors)


@pytest.mark.parametrize("name", FUNCTIONS)
def test_errors_are_as_small_as_stated(name):
    function, exact, stated = FUNCTIONS[name]
    x = arguments(name)
    assert largest_error(function, exact, x) < stated
    # the check sees an error of one part in 10^15
    assert largest_error(lambda x: function(x) * (1 + 1e-15), exact, x) > stated


def test_ends_of_the_range():
    inf = math.inf
    assert np.array_equal(portable.exp([-inf, -746, 0, 710, inf]), [0, 0, 1, inf, inf])
    assert np.array_equal(portable.expm1([-inf, 0, 710]), [-1, 0, inf])
    assert np.array_equal(portable.log([0, 1, inf]), [-inf, 0, inf])
    assert np.array_equal(portable.log1p([-1, 0, inf]), [-inf, 0, inf])
    assert np.array_equal(portable.tanh([-inf, 0, inf]), [-1, 0, 1])
    undefined = [f(x) for f, x in zip((portable.log, portable.log1p), (-1.0, -2.0), strict=True)]
    undefined += [f(math.nan) for f, _, _ in FUNCTIONS.values()]
    assert all(map(math.isnan, undefined))
    assert portable.exp(math.log(5e-324)) == 5e-324  # down to the last float


def test_numbers_give_numbers_and_arrays_arrays():
    assert type(portable.exp(1)) is float
    assert portable.exp(np.zeros((2, 3))).shape == (2, 3)
    read_only = np.broadcast_to(2.0, (3, 2)).T
    assert np.array_equal(portable.log(read_only), np.full((2, 3), portable.log(2.0)))


def test_sums_of_exponentials():
    inf = math.inf
    assert portable.logaddexp(-inf, -inf) == -inf
    assert portable.logaddexp(inf, 1.0) == inf
    assert portable.logaddexp([1000.0, 0.0], 1000.0) == pytest.approx(
        [1000 + math.log(2), 1000], rel=1e-15
    )
    rows = np.array([[0.0, 0.0], [-inf, -inf], [-inf, 5.0]])
    assert portable.logsumexp(rows, axis=1) == pytest.approx([math.log(2), -inf, 5.0])
    assert portable.logsumexp(rows) == pytest.approx(math.log(2 + math.exp(5)))


@given(st.integers(0, 50), st.integers(1, 9))
def test_whole_powers_are_exact_where_floats_hold_them(n, x):
    if x**n < 2**53:
        assert portable.power(x, n) == x**n
        assert portable.power(x, -n) == 1 / x**n


def test_powers():
    assert portable.power(16, 0.75) == 8
    assert portable.power(4, -0.5) == 0.5
    assert portable.power(-2.0, 3) == -8
    assert portable.power(10.0, 400) == math.inf
    assert portable.power(3.0, 0.3) == pytest.approx(3**0.3, rel=1e-15)
    assert np.array_equal(portable.power(0.0, np.arange(3)), [1, 0, 0])
    assert portable.power([2.0, 3.0], 2).tolist() == [4, 9]


def test_equal_ratios():
    spaced = portable.geomspace(1e-3, 1e6, 10)
    assert spaced[0] == 1e-3
    assert spaced[-1] == 1e6
    assert spaced[1:] / spaced[:-1] == pytest.approx(10, rel=1e-13)


def test_coarse_numbers_forget_last_bits_only():
    x = RNG.normal(size=1000)
    assert np.array_equal(portable.coarse(x), portable.coarse(np.nextafter(x, np.inf)))
    assert portable.coarse(x) == pytest.approx(x, rel=2.0**-24)
    assert not np.array_equal(portable.coarse(x), portable.coarse(x * (1 + 2.0**-20)))


def test_products():
    a, b, v = RNG.normal(size=(4, 3)), RNG.normal(size=(3, 5)), RNG.normal(size=3)
    for left, right in ((a, b), (a, v), (v, b), (v, v), (b.T, a.T)):
        assert portable.matmul(left, right) == pytest.approx(left @ right, abs=ROUND_OFF)


def test_equations():
    a, b = RNG.normal(size=(7, 7)), RNG.normal(size=(7, 2))
    assert a @ portable.solve(a, b) == pytest.approx(b, abs=ROUND_OFF)
    assert portable.solve(np.eye(2)[::-1], np.array([1.0, 2.0])).tolist() == [2, 1]  # needs pivots
    with pytest.raises(ZeroDivisionError, match="column 1"):
        portable.solve(np.ones((2, 2)), np.ones(2))


def test_least_squares():
    X, y = RNG.normal(size=(20, 3)), RNG.normal(size=20)
    beta, covariance = portable.least_squares(X, y)
    assert X.T @ (y - X @ beta) == pytest.approx(np.zeros(3), abs=ROUND_OFF)
    assert covariance @ (X.T @ X) == pytest.approx(np.eye(3), abs=ROUND_OFF)
    with pytest.raises(ZeroDivisionError):
        portable.least_squares(np.column_stack([X, X.sum(axis=1)]), y)
