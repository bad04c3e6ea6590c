"""Bounds of the claims: each is one formula, read in numbers or in letters.

Letters: horizon T, particles N, ratio bound L (A1), Bellman error eps (A2), value error eps_V (A3),
tolerance delta in total variation (TV). Claims ZL-... are those of Zhu & Lu (2026), as stated in
arXiv:2602.01381; claims S... are proved in this project. The brackets of naive sampling (S7) depend
on the whole reward law and live with its exact law in `treesmc.sims.laws.naive_law`.

Whatever grows exponentially in T is returned as a natural logarithm, and its name begins with
``log_``. An upper bound on TV may exceed one; it then says nothing. Given letters of
`treesmc.theory.symbols` in place of numbers, a function returns the expression: that is how claims
state their bounds, and how `treesmc.theory.growth` reads them. (Laws given as arrays, and numbers
rounded up, are the exceptions.)

The conditional-SMC argument of S2 turns mixing ratios q_t >= 1, t = 1..T, into

    TV <= 1 - prod_t (1 + (q_t - 1)/N)^-1 <= (1/N) sum_t (q_t - 1),

whichever hypothesis bounds q_t. So there are two functionals of log q (`instance_tv`,
`log_instance_particles`) and one family of ratios per hypothesis.
"""

import math
from typing import Any

import numpy as np

from treesmc.sims.base import portable
from treesmc.sims.laws.certificate import instance_tv
from treesmc.sims.laws.certificate import log_instance_particles as log_instance_particles
from treesmc.sims.trees.tree import FloatArray
from treesmc.theory.algebra import exp, log, one_plus, positive, sqrt, tanh, total

# Lower bounds


def log_zhu_lu_lower_cost(T: int, ratio: float) -> float:
    """Return log ratio^(2T/3), the worst-case cost for TV < 1/3 up to a constant factor.

    Notes
    -----
    ZL-4.1 with ratio = L (A1 alone), ZL-4.2 with ratio = 1 + eps (A1 and A2).
    """
    return log(positive(ratio) ** (2 * T / 3))


def log_hidden_queries(T: int, eps: float, delta: float) -> float:
    """Return log of (1/2 - delta)(1 + eps)^(2(T-1)) - 1 value queries needed for TV <= delta < 1/2.

    -inf where the bound is vacuous (S3). Under A1 alone put L - 1 in place of eps.
    """
    return log((1 - 2 * delta) / 2 * one_plus(eps) ** (2 * (T - 1)) - 1)


def hidden_mass(T: int, eps: float) -> float:
    """Return the target mass of the hidden symbol of S3's tree, R/(R + floor(R)) >= 1/2.

    R = (1 + eps)^(2(T-1)), and H = floor(R) + 1 first symbols are equally likely.
    """
    log_R = 2 * (T - 1) * portable.log1p(eps)
    if log_R > portable.log(2**53):  # floats this large are integers
        return 0.5
    R = portable.exp(log_R)
    return R / (R + math.floor(R))


# SMC with the naive proposal, Zhu & Lu


def log_zhu_lu_particles(T: int, eps: float, L: float, delta: float) -> float:
    """Return log of the N = L^6 T (1 + eps)^(6(T-1)) / (2 delta) that suffices (ZL-5.1)."""
    return log(positive(L) ** 6 * T * one_plus(eps) ** (6 * (T - 1)) / (2 * delta))


def log_zhu_lu_tv(T: int, eps: float, L: float, N: float) -> float:
    """Return log of ZL-5.1's bound on TV at N particles: N and delta trade places."""
    return log_zhu_lu_particles(T, eps, L, N)


def log_zhu_lu_middle_tv(T: int, eps: float, L: float, N: float) -> float:
    """Return log of (1/(2N)) sum_p q_p (q_p^2 - 1), q_p = L^2 (1 + eps)^(2(T-p)).

    The bound inside ZL-5.1's proof, before q (q^2 - 1) <= q^3 and the geometric sum. -inf if L = 1
    and T = 1: the bound is then zero.
    """

    def term(p: Any) -> Any:
        q = positive(L) ** 2 * one_plus(eps) ** (2 * (T - p))
        return q * (q**2 - 1)

    return log(total(term, T) / (2 * N))


def log_zhu_lu_linear_particles(T: int, c: float, L: float, delta: float) -> float:
    """Return log of N = L^6 T e^(6c) / (2 delta), enough when eps <= c/T (ZL-5.2: linear in T)."""
    return log(positive(L) ** 6 * exp(6 * c) / (2 * delta) * T)


# SMC, from mixing ratios


def mixing_ratio(
    t: Any, T: int, eps: float, L: float, exponent: float = 2, shift: float = 1
) -> Any:
    """Return L (1 + eps)^(exponent (T-t) + shift): q_t's bound under A1 and A2 by default (S2)."""
    return positive(L) * one_plus(eps) ** (exponent * (T - t) + shift)


def log_ratios(T: int, eps: float, L: float, exponent: float = 2, shift: float = 1) -> FloatArray:
    """Return log of `mixing_ratio` for t = 1..T, float64[T]."""
    log_q: FloatArray = mixing_ratio(np.arange(1.0, T + 1), T, eps, L, exponent, shift).log
    return log_q


def uniform_log_ratios(T: int, eps: float, L: float) -> FloatArray:
    """Return log of q_t <= L (1 + eps)^(2(T-t)+1), t = 1..T, under A1 and A2 (S2)."""
    return log_ratios(T, eps, L)


def value_error_log_ratios(T: int, eps_V: float, L: float) -> FloatArray:
    """Return log of q_t <= L (1 + eps_V)^2, t = 1..T, under A1 and A3 (S2)."""
    return log_ratios(T, eps_V, L, exponent=0, shift=2)


def guided_log_ratios(T: int, eps: float) -> FloatArray:
    """Return log of q_t <= (1 + eps)^(2(T-t)), t = 1..T, for guided SMC under A2 (S5)."""
    return log_ratios(T, eps, 1.0, shift=0)


def uniform_tv(T: int, eps: float, L: float, N: float) -> float:
    """Return S2's bound on the TV of SMC, naive proposal, under A1 and A2."""
    return instance_tv(uniform_log_ratios(T, eps, L), N)


def log_uniform_particles(T: int, eps: float, L: float, delta: float, shift: float = 1) -> float:
    """Return log of N = (1/delta) sum_t (L (1 + eps)^(2(T-t)+1) - 1), which suffices (S2).

    Shift 2 is S8, where L bounds the ratio of V*.
    """
    return log(total(lambda t: mixing_ratio(t, T, eps, L, shift=shift) - 1, T) / delta)


def log_uniform_particles_simple(T: int, eps: float, L: float, delta: float) -> float:
    """Return log of N = L T (1 + eps)^(2T-1) / delta, the closed form that follows from S2."""
    return log(positive(L) * T * one_plus(eps) ** (2 * T - 1) / delta)


def uniform_tv_value_error(T: int, eps_V: float, L: float, N: float) -> float:
    """Return S2's bound on the TV of SMC, naive proposal, under A1 and A3."""
    return instance_tv(value_error_log_ratios(T, eps_V, L), N)


def uniform_particles_value_error(T: int, eps_V: float, L: float, delta: float) -> float:
    """Return N = T (L (1 + eps_V)^2 - 1) / delta, enough for TV <= delta under A1 and A3 (S2)."""
    return T * (L * (1 + eps_V) ** 2 - 1) / delta


def guided_uniform_tv(T: int, eps: float, N: float) -> float:
    """Return S5's bound on the TV of guided SMC that resamples before extending, under A2."""
    return instance_tv(guided_log_ratios(T, eps), N)


def log_guided_uniform_particles(T: int, eps: float, delta: float) -> float:
    """Return log of N = (1/delta) sum_{t<T} ((1 + eps)^(2(T-t)) - 1) (S5); -inf if eps = 0."""
    return log(total(lambda t: one_plus(eps) ** (2 * (T - t)) - 1, T - 1) / delta)


# Single-particle guided sampling


def zhu_lu_guided_tv(t: int, eps: float) -> float:
    """Return 2 t eps, the bound on TV(law of the prefix of length t, pi_t) of ZL-4.3."""
    return 2 * t * eps


def guided_single_tv(T: int, eps: float) -> float:
    """Return tanh((T-1)/2 log(1 + eps)), the exact worst TV of guided sampling under A2 (S4)."""
    return tanh((T - 1) * log(one_plus(eps)) / 2)


def log_guided_rejection_cost(T: int, eps: float) -> float:
    """Return log rho^2, rho = (1 + eps)^(T-1): the largest density ratio of pi to guided law (S4).

    Rejection from guided sampling costs rho^2 proposals; independence Metropolis-Hastings contracts
    TV by 1 - rho^-2 an iteration.
    """
    return log(one_plus(eps) ** (2 * (T - 1)))


# Pool Metropolis-Hastings (Algorithm 2)


def log_pool_ratio(T: int, eps: float, xi: float) -> float:
    """Return log b, b = ((1 + eps)(1 + xi)/(1 - xi))^(T-1) (ZL-6.1).

    Bounds the density ratio of proposal and target on the event that every pool mean is within a
    factor 1 +- xi of its expectation, 0 <= xi < 1.
    """
    return log((one_plus(eps) * one_plus(xi) / one_plus(-xi)) ** (T - 1))


def pool_contraction(log_b: float) -> float:
    """Return 1 - b^-2, the factor by which one iteration of Algorithm 2 shrinks TV (ZL-6.1)."""
    return -portable.expm1(-2 * log_b)


def log_pool_iterations(log_b: float, delta: float) -> float:
    """Return log of H = b^2 log(1/delta) iterations, after which (1 - b^-2)^H <= delta (ZL-6.1)."""
    return log(exp(log_b) ** 2 * log(1 / delta))


def pool_size(T: int, eps: float, L: float, H: float, delta: float, xi: float) -> float:
    """Return the pool size M that keeps all pool means within 1 +- xi, 0 < xi <= 1 (ZL-6.1).

    With probability 1 - delta, over the T (H + 1) pools of H iterations and the initial proposal:
    M = 3 L (1 + eps) log(2 T (H + 1)/delta) / xi^2, by Chernoff's bound for terms
    V(child)/E_ref[V'|s] in [0, L (1 + eps)]. At xi = 1/T it is of order L T^2.
    """
    return 3 * L * (1 + eps) * log(2 * T * (H + 1) / delta) / xi**2


def linear_pool(T: int, eps: float, L: float, delta: float) -> float:
    """Return L (1 + eps) T log(4/delta), which M must reach in S13."""
    return L * (1 + eps) * T * log(4 / delta)


def log_iterations(T: int, eps: float, delta: float) -> float:
    """Return log of 21 (1 + eps)^(2(T-1)) log(2/delta), which H must reach in S13."""
    return log(21 * one_plus(eps) ** (2 * (T - 1)) * log(2 / delta))


def enough_pool(T: int, eps: float, L: float, delta: float) -> int:
    """Return M of S13, `linear_pool` rounded up."""
    return math.ceil(linear_pool(T, eps, L, delta))


def enough_iterations(T: int, eps: float, delta: float) -> int:
    """Return H of S13, of `log_iterations`, rounded up; delta <= 1/2."""
    return math.ceil(portable.exp(log_iterations(T, eps, delta)))


def pool_bias(T: int, eps: float, L: float, M: int) -> float:
    """Return S14's bound on TV(law of one proposal, guided law), for M >= L (1 + eps)."""
    ratio = L * (1 + eps)
    return sqrt(T / 2) * (ratio - 1) * (2 * ratio - 1) / M


def single_proposal_tv(T: int, eps: float, L: float, M: int) -> float:
    """Return S14's bound on TV(law of one proposal, pi): guided sampling is off by S4's."""
    return pool_bias(T, eps, L, M) + guided_single_tv(T, eps)
