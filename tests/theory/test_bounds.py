"""Each bound against its formula in fractions, its neighbours, and exact laws.

Tolerance of an equality: relative 1e-11, for logarithms and exponentials of numbers up to 1e3.
"""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from treesmc.sims.trees.families import needle, persistent
from treesmc.sims.trees.values import guided_law, target_law
from treesmc.theory import bounds
from treesmc.theory.algebra import LogNumber, from_logs
from treesmc.theory.claims import s07_naive_sampling, s11_rare_resampling
from treesmc.theory.symbols import H, L, M, T, c, delta, eps, xi

ROUND_OFF = 1e-11

horizons = st.integers(1, 40)
errors = st.fractions(0, 2, max_denominator=50)
ratios = st.fractions(1, 4, max_denominator=50)
particles = st.integers(1, 10**6)
tolerances = st.fractions(Fraction(1, 100), Fraction(2, 5), max_denominator=100)


def close(expected):
    return pytest.approx(float(expected), rel=ROUND_OFF, abs=1e-13)


def steps(T):
    return range(1, T + 1)


def product_tv(q, N):
    return 1 - 1 / math.prod(1 + (q_t - 1) / N for q_t in q)


@given(horizons, errors, ratios, particles)
def test_zhu_lu_in_fractions(T, eps, L, N):
    args = (T, float(eps), float(L))
    tv = L**6 * T * (1 + eps) ** (6 * (T - 1)) / (2 * N)
    assert bounds.log_zhu_lu_tv(*args, N) == close(math.log(tv))
    assert bounds.log_zhu_lu_particles(*args, float(tv)) == close(math.log(N))
    q = [L**2 * (1 + eps) ** (2 * (T - p)) for p in steps(T)]
    middle = sum(x * (x**2 - 1) for x in q) / (2 * N)
    assert math.exp(bounds.log_zhu_lu_middle_tv(*args, N)) == close(middle)
    assert middle <= tv


@given(horizons, errors, ratios, particles, tolerances)
def test_mixing_bounds_in_fractions(T, eps, L, N, delta):
    args = (T, float(eps), float(L))
    q = [L * (1 + eps) ** (2 * (T - t) + 1) for t in steps(T)]
    assert bounds.uniform_tv(*args, N) == close(product_tv(q, N))
    enough = sum(x - 1 for x in q) / delta
    assert math.exp(bounds.log_uniform_particles(*args, float(delta))) == close(enough)
    simple = L * T * (1 + eps) ** (2 * T - 1) / delta
    assert math.exp(bounds.log_uniform_particles_simple(*args, float(delta))) == close(simple)
    assert product_tv(q, enough) <= delta if enough else True
    assert enough <= simple


@given(horizons, errors, ratios, particles, tolerances)
def test_value_error_and_guided_in_fractions(T, eps, L, N, delta):
    q_V = L * (1 + eps) ** 2
    tv = bounds.uniform_tv_value_error(T, float(eps), float(L), N)
    assert tv == close(product_tv([q_V] * T, N))
    enough = bounds.uniform_particles_value_error(T, float(eps), float(L), float(delta))
    assert enough == close(T * (q_V - 1) / delta)
    q = [(1 + eps) ** (2 * (T - t)) for t in range(1, T)]
    assert bounds.guided_uniform_tv(T, float(eps), N) == close(product_tv(q, N))
    log_enough = bounds.log_guided_uniform_particles(T, float(eps), float(delta))
    assert math.exp(log_enough) == close(sum(x - 1 for x in q) / delta)


@given(st.integers(2, 40), errors, tolerances)
def test_lower_bounds_in_fractions(T, eps, delta):
    R = (1 + eps) ** (2 * (T - 1))
    queries = (Fraction(1, 2) - delta) * R - 1
    computed = math.exp(bounds.log_hidden_queries(T, float(eps), float(delta)))
    assert computed == pytest.approx(max(float(queries), 0), rel=1e-9, abs=1e-9)
    assert 0.5 <= bounds.hidden_mass(T, float(eps)) < 2 / 3
    cost = bounds.log_zhu_lu_lower_cost(T, float(1 + eps))
    assert 3 * cost == close(math.log(1 + eps) * 2 * T)


@pytest.mark.parametrize(("T", "eps"), [(2, 0.3), (7, 0.1), (12, 0.25)])
def test_hidden_mass_is_that_of_the_needle(T, eps):
    """H - 1 <= h by the floor: with one symbol more the mass would fall below one half."""
    h = (1 + eps) ** (2 * (T - 1))
    mass = target_law(needle(T, eps))[0]
    assert bounds.hidden_mass(T, eps) == close(mass) == close(h / (h + math.floor(h)))
    assert h / (h + math.floor(h) + 1) < 0.5 <= mass


@given(st.integers(2, 60), st.floats(0, 1))
def test_guided_bounds_in_their_order(T, eps):
    exact = bounds.guided_single_tv(T, eps)
    assert exact == pytest.approx(math.tanh((T - 1) / 2 * math.log1p(eps)), abs=1e-15)
    assert exact <= (T - 1) * eps / 2 + 1e-15
    assert 4 * exact <= bounds.zhu_lu_guided_tv(T, eps) == 2 * T * eps


def test_guided_rejection_cost_is_the_largest_density_ratio():
    # On `persistent` guided sampling is fair, pi has mass rho/(1 + rho) <= 1 on the good side:
    # the ratio 2 rho/(1 + rho) stays below rho^2.
    T, eps = 6, 0.3
    tree = persistent(T, eps)
    log_ratio = np.log(target_law(tree) / guided_law(tree)).max()
    log_rho = (T - 1) * math.log1p(eps)
    assert 0 < log_ratio <= bounds.log_guided_rejection_cost(T, eps) == close(2 * log_rho)


def test_pool_bounds_by_hand():
    # T = 3, eps = 1/2, xi = 1/4: b = (3/2 * 5/3)^2 = 25/4.
    log_b = bounds.log_pool_ratio(3, 0.5, 0.25)
    assert math.exp(log_b) == close(Fraction(25, 4))
    assert bounds.pool_contraction(log_b) == close(1 - Fraction(16, 625))
    H = math.exp(bounds.log_pool_iterations(log_b, 0.01))
    assert bounds.pool_contraction(log_b) ** H <= 0.01 < bounds.pool_contraction(log_b) ** (H / 1.1)
    # 3 * 2 * 3/2 * log(2 * 3 * 10 / 0.1) * 16
    assert bounds.pool_size(3, 0.5, 2.0, 9, 0.1, 0.25) == close(144 * math.log(600))


def test_pool_size_keeps_a_bernoulli_pool():
    # The worst terms in [0, R] of mean 1 are R times Bernoulli(1/R), R = L (1 + eps).
    scipy_stats = pytest.importorskip("scipy.stats")
    L, delta, xi = 4.0, 0.1, 0.5
    M = math.ceil(bounds.pool_size(1, 0.0, L, 0, delta, xi))

    def escape(size):
        inside = scipy_stats.binom(size, 1 / L)
        low, high = math.ceil((1 - xi) * size / L), math.floor((1 + xi) * size / L)
        return 1 - (inside.cdf(high) - inside.cdf(low - 1))

    assert escape(M) <= delta < escape(M // 8)


def test_constant_values_need_one_particle():
    assert bounds.uniform_tv(50, 0.0, 1.0, 1) == 0
    assert bounds.guided_uniform_tv(50, 0.0, 1) == 0
    assert bounds.log_guided_uniform_particles(50, 0.0, 0.1) == -math.inf
    assert bounds.log_zhu_lu_particles(50, 0.0, 1.0, 0.1) > 0  # the paper's bound does not vanish


def test_linear_schedule_dominates_zhu_lu():
    T = np.array([10, 100, 1000, 100000])
    gaps = [
        bounds.log_zhu_lu_linear_particles(t, 2.0, 3.0, 0.1)
        - bounds.log_zhu_lu_particles(t, 2.0 / t, 3.0, 0.1)
        for t in T
    ]
    assert np.all(np.diff(gaps) < 0)
    assert 0 < gaps[-1] < 1e-2
    linear = [bounds.log_zhu_lu_linear_particles(t, 2.0, 3.0, 0.1) for t in (10, 1000)]
    assert linear[1] - linear[0] == close(math.log(100))


def test_far_beyond_the_largest_float():
    T, eps, L = 5000, 1.0, 2.0
    assert bounds.uniform_tv(T, eps, L, 1e40) == 1
    # The first terms dominate: q_1 = 2^(1 + 9999), and the geometric sum adds a factor 4/3.
    assert bounds.log_uniform_particles(T, eps, L, 1.0) == close(
        10000 * math.log(2) + math.log(4 / 3)
    )
    assert bounds.log_hidden_queries(T, eps, 0.25) == close(9996 * math.log(2))
    assert bounds.hidden_mass(T, eps) == 0.5
    assert bounds.guided_single_tv(T, eps) == 1
    for log_bound in (bounds.log_zhu_lu_tv, bounds.log_zhu_lu_middle_tv):
        assert 5000 < log_bound(T, eps, L, 1e40) < math.inf


def test_vacuous_lower_bounds_are_zero():
    assert bounds.log_hidden_queries(10, 0.0, 0.1) == -math.inf
    assert bounds.log_hidden_queries(10, 1.0, 0.5) == -math.inf


LETTERS = {T: 7, eps: 0.3, L: 1.7, delta: 0.05, M: 12, c: 2.0, xi: 0.25, H: 9}
FORMULAS = [
    (bounds.log_zhu_lu_lower_cost, (T, L)),
    (bounds.log_hidden_queries, (T, eps, delta)),
    (bounds.log_zhu_lu_particles, (T, eps, L, delta)),
    (bounds.log_zhu_lu_middle_tv, (T, eps, L, delta)),
    (bounds.log_zhu_lu_linear_particles, (T, c, L, delta)),
    (bounds.log_uniform_particles, (T, eps, L, delta)),
    (bounds.log_uniform_particles_simple, (T, eps, L, delta)),
    (bounds.uniform_particles_value_error, (T, eps, L, delta)),
    (bounds.log_guided_uniform_particles, (T, eps, delta)),
    (bounds.zhu_lu_guided_tv, (T, eps)),
    (bounds.guided_single_tv, (T, eps)),
    (bounds.log_guided_rejection_cost, (T, eps)),
    (bounds.log_pool_ratio, (T, eps, xi)),
    (bounds.log_pool_iterations, (c, delta)),
    (bounds.pool_size, (T, eps, L, H, delta, xi)),
    (bounds.linear_pool, (T, eps, L, delta)),
    (bounds.log_iterations, (T, eps, delta)),
    (bounds.pool_bias, (T, eps, L, M)),
    (bounds.single_proposal_tv, (T, eps, L, M)),
    (s07_naive_sampling.kappa, (L,)),
    (s11_rare_resampling.log_enough_particles, (T, eps, L, H, delta)),
]


@pytest.mark.parametrize(("formula", "letters"), FORMULAS, ids=lambda x: getattr(x, "__name__", ""))
def test_letters_and_numbers_are_read_alike(formula, letters):
    """And the letters matter: one that moves by a percent is noticed."""
    number = formula(*(LETTERS[letter] for letter in letters))
    stated = formula(*letters)
    assert number == close(stated.subs(LETTERS).doit())
    moved = {**LETTERS, letters[-1]: LETTERS[letters[-1]] * 1.01}
    assert number != close(stated.subs(moved).doit())


def test_pools_of_s13_have_their_powers_and_whole_numbers():
    def cost(T, delta=0.1):
        M, H = bounds.enough_pool(T, 1 / T, 2.0, delta), bounds.enough_iterations(T, 1 / T, delta)
        assert M - 1 < bounds.linear_pool(T, 1 / T, 2.0, delta) <= M
        assert math.log(H - 1) < bounds.log_iterations(T, 1 / T, delta) <= math.log(H)
        return M * T * (H + 1)

    assert math.log2(cost(2000) / cost(1000)) == pytest.approx(2, abs=0.01)
    single = [bounds.single_proposal_tv(T, 0.0, 2.0, 10 * math.isqrt(T)) for T in (10**4, 10**6)]
    assert single[0] == pytest.approx(single[1])


@given(st.integers(2, 40), errors, ratios, particles)
def test_pool_bounds_in_fractions(T, eps, L, M):
    ratio = L * (1 + eps)
    bias = math.sqrt(T / 2) * (ratio - 1) * (2 * ratio - 1) / M
    assert bounds.pool_bias(T, float(eps), float(L), M) == close(bias)
    iterations = 21 * float(1 + eps) ** (2 * (T - 1)) * math.log(20)
    assert math.exp(bounds.log_iterations(T, float(eps), 0.1)) == close(iterations)
    pool = float(ratio) * T * math.log(40)
    assert bounds.linear_pool(T, float(eps), float(L), 0.1) == close(pool)


def test_logarithms_alone_are_enough():
    """Where eps and L are beyond floats their logarithms give what numbers would."""
    known = from_logs(math.log1p(0.3), math.log(1.7))
    for formula in (bounds.log_uniform_particles, bounds.log_zhu_lu_particles):
        assert formula(7, *known, 0.05) == close(formula(7, 0.3, 1.7, 0.05))
    vast = bounds.log_uniform_particles_simple(1, *from_logs(1e5, 2e5), 0.05)
    assert vast == close(3e5 - math.log(0.05))


def test_only_one_can_be_subtracted():
    assert (LogNumber(math.log(3)) - 1).log == close(math.log(2))
    assert (LogNumber(-1.0) - 1).log == -math.inf
    with pytest.raises(ValueError, match="only 1"):
        LogNumber(2.0) - 2
