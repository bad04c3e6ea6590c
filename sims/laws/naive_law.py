r"""Exact output law of naive (self-normalised) sampling.

Naive sampling draws n complete sequences from the reference policy and returns one of them with
probability proportional to its reward phi.  Writing 1/x = int_0^inf exp(-lam x) dlam turns its
law into a one-dimensional integral (claim S7, proved in this project): with the reference law p
and the reward phi of the terminal classes,

    P(c) = n p_c phi_c int_0^inf exp(-lam phi_c) M(lam)^(n-1) dlam,
    M(lam) = sum_d p_d exp(-lam phi_d).

The formula costs the same for n = 4 and n = 1e40.  Total variation over terminal classes equals
total variation over complete sequences here, because the density P / pi is a function of phi.

**Quadrature.**  Scale phi so that max phi = 1 (the law does not change), put lam = exp(u), and
let f(u) = exp(u - phi_c exp(u)) M(exp(u))^(n-1).  On the line Im u = y with abs(y) < pi/2,
abs(f(x + iy)) <= f(x + log cos y) / cos y, so the trapezoidal rule of step h has relative error at
most 2 / (cos(y) (exp(2 pi y / h) - 1)), below 1e-30 at h = 1/8 and y = 3/2: round-off is all that
is left.  (Between integers M^(n-1) may branch inside the strip; the rule then loses some digits.)

* Left cut, lam = exp(-46)/n: the integrand is at most 1 in lam, so at most exp(-46)/n is cut
  off, while M(lam) >= exp(-lam) makes the whole at least 1/n: 1e-20, relatively.
* Right cut, where exp(-lam phi_min) M(lam)^(n-1) <= exp(-708)/n: what is cut off P(c) is at most
  n p_c times that quantity at the cut, below the smallest normal double.

**Monotonicity.**  P_n(phi > a) increases with n for every a: dropping one of n+1 samples at random
before the draw changes the probability of sample i by a factor C - S/((n+1)(S - phi_i)), with S
the sum of rewards, and this falls as phi_i grows.  The density P_n / pi also falls in phi, hence
TV(P_n, pi) = max_a [pi(phi > a) - P_n(phi > a)] decreases with n, and bisection finds n*.
"""

import math

import numpy as np
from numpy.typing import NDArray

from treesmc.sims.base import portable
from treesmc.sims.base.checks import check_inner_fraction
from treesmc.sims.base.errors import BadInput
from treesmc.sims.trees.values import total_variation

Array = NDArray[np.float64]

MAX_SAMPLES = 1e300
_STEP = 0.125
_LEFT_CUT = 46.0
_RIGHT_CUT = 708.0
_CHUNK_CELLS = 1 << 17
_ALL_INTEGERS = 2.0**53
_RELATIVE_GAP = 1e-9
_WIDEST = 1400.0  # n exp(-1400) is no normal double even at n = 1e300


def naive_law(p: Array, log_phi: Array, n: float) -> Array:
    """Probability that naive sampling returns each terminal class.

    Parameters
    ----------
    p : (S,) reference law over terminal classes; zeros are allowed.
    log_phi : (S,) log reward, finite wherever p > 0.
    n : number of samples, 1 <= n <= 1e300; an integer for the sampling interpretation.

    Returns
    -------
    (S,) law.  Relative error below 1e-12 for entries above 1e-290.

    Raises
    ------
    BadInput
        If p is not a probability vector, log_phi is not finite or n is out of range.

    Notes
    -----
    Claim S7.
    """
    p, log_phi = _check_law(p, log_phi)
    if not 1 <= n <= MAX_SAMPLES:
        raise BadInput(f"naive_law: n must be in [1, {MAX_SAMPLES:g}], got {n!r}")
    live = p > 0
    levels, level = np.unique(log_phi[live], return_inverse=True)
    mass = np.bincount(level, weights=p[live]).astype(np.float64)
    density = _density(mass, _close(levels - levels[-1]), float(n))
    law = np.zeros_like(p)
    law[live] = p[live] * density[level]
    return law


def naive_tv(p: Array, log_phi: Array, n: float) -> float:
    """Total variation between naive sampling with n samples and the target (claim S7).

    Parameters, errors and notes as in `naive_law`; returns a number in [0, 1].
    """
    p, log_phi = _check_law(p, log_phi)
    return total_variation(naive_law(p, log_phi, n), _target(p, log_phi))


def sample_bracket(p: Array, log_phi: Array, delta: float) -> tuple[float, float]:
    """Necessary and sufficient numbers of samples for TV <= delta.

    Parameters
    ----------
    p, log_phi : (S,) reference law and log reward of the terminal classes.
    delta : total-variation tolerance in (0, 1).

    Returns
    -------
    lower : max over A = {phi > a} of (pi(A) - delta) / pi_ref(A); TV > delta for smaller n.
    upper : (sup phi / Z - 1) / delta; enough, possibly infinite.  Both are at least 1.

    Raises
    ------
    BadInput
        As `naive_law`, and if delta is not in (0, 1).

    Notes
    -----
    Claim S7.  A draw can land in A only if one of the n samples does, so P(A) <= n pi_ref(A).
    """
    p, log_phi = _check_law(p, log_phi)
    check_inner_fraction("delta", delta)
    live = np.flatnonzero(p > 0)
    order = live[np.argsort(-log_phi[live], kind="stable")]
    reward = log_phi[order]
    level_ends = np.append(reward[1:] < reward[:-1], True)
    reference = np.cumsum(p[order])[level_ends]
    target = np.cumsum(_target(p, log_phi)[order])[level_ends]
    with np.errstate(over="ignore"):
        lower = float(np.max((target - delta) / reference))
        upper = float(portable.expm1(reward[0] - _log_normalizer(p, log_phi)) / delta)
    return max(1.0, lower), max(1.0, upper)


def least_samples(p: Array, log_phi: Array, delta: float) -> float:
    """Least number of samples n* with TV(naive law, target) <= delta.

    Parameters
    ----------
    p, log_phi : (S,) reference law and log reward of the terminal classes.
    delta : total-variation tolerance in (0, 1).

    Returns
    -------
    n*, an integer as a float.  Bisection (valid: TV decreases with n, see the module) ends on
    neighbouring integers below 2^53 and at a relative gap of 1e-9 above.  The round-off of TV,
    about 1e-13, blurs single integers from about 1e12 delta on.  Infinite above 1e300.

    Raises
    ------
    BadInput
        As `sample_bracket`.

    Notes
    -----
    Claim S7.
    """
    lower, upper = sample_bracket(p, log_phi, delta)
    # The bracket is padded by one sample against its own round-off.
    low = max(0.0, math.floor(min(lower, MAX_SAMPLES)) - 1.0)
    high = math.ceil(min(upper, MAX_SAMPLES / 2)) + 1.0
    if upper > MAX_SAMPLES / 2 and naive_tv(p, log_phi, high) > delta:
        return math.inf
    while high - low > (1.0 if high <= _ALL_INTEGERS else _RELATIVE_GAP * high):
        middle = _middle(low, high)
        if naive_tv(p, log_phi, middle) <= delta:
            high = middle
        else:
            low = middle
    return float(high)


def _middle(low: float, high: float) -> float:
    """Integer near the geometric mean, strictly between low and high."""
    mean = math.floor(math.sqrt(max(low, 1.0)) * math.sqrt(high))
    return float(min(max(mean, low + 1.0), high - 1.0))


def _close(levels: Array) -> Array:
    """Return log reward levels with wide gaps narrowed: beyond that, one level is as good as 0."""
    narrowed = np.maximum(np.diff(levels) - _WIDEST, 0.0)
    return levels + np.append(np.cumsum(narrowed[::-1])[::-1], 0.0)


def _density(mass: Array, log_reward: Array, n: float) -> Array:
    """P(c) / p_c at reward levels in increasing order, the last of log reward 0."""
    mass = mass / mass.sum()
    cut = _RIGHT_CUT + portable.log(n)
    first = -portable.log(n) - _LEFT_CUT
    n_points = math.ceil((portable.log(cut) - log_reward[0] - first) / _STEP) + 1
    n_rows = max(1, _CHUNK_CELLS // len(mass))
    total = np.zeros_like(mass)
    for start in range(0, n_points, n_rows):
        u = first + _STEP * np.arange(start, min(start + n_rows, n_points))
        values, last_log_tail = _integrand(u, mass, log_reward, n)
        total += values.sum(axis=0)
        if last_log_tail < -cut:
            break
    return _STEP * total


def _integrand(u: Array, mass: Array, log_reward: Array, n: float) -> tuple[Array, float]:
    """n phi exp(-lam phi) M^(n-1) lam at (u, level), and log of the right cut's quantity."""
    log_lam_phi = u[:, None] + log_reward
    exponent = portable.exp(log_lam_phi)  # lam phi; may be infinite, except in column 0
    log_mgf = _log_mgf(exponent, mass)
    log_value = log_lam_phi - exponent + (portable.log(n) + (n - 1) * log_mgf)[:, None]
    return portable.exp(log_value), float((n - 1) * log_mgf[-1] - exponent[-1, 0])


def _log_mgf(exponent: Array, mass: Array) -> Array:
    """Log M from lam phi, without cancellation near M = 1 and without underflow near M = 0."""
    smallest = exponent[:, 0]
    mgf = portable.matmul(portable.exp(smallest[:, None] - exponent), mass)
    result = portable.log(mgf) - smallest
    near_one = result > -0.5
    result[near_one] = portable.log1p(portable.matmul(portable.expm1(-exponent[near_one]), mass))
    return np.asarray(result)


def _log_normalizer(p: Array, log_phi: Array) -> float:
    """Log Z, over the classes of positive mass."""
    live = p > 0
    return float(portable.logsumexp(portable.log(p[live]) + log_phi[live]))


def _target(p: Array, log_phi: Array) -> Array:
    """Target law p phi / Z."""
    live = p > 0
    target = np.zeros_like(p)
    target[live] = portable.exp(portable.log(p[live]) + log_phi[live] - _log_normalizer(p, log_phi))
    return target


def _check_law(p: Array, log_phi: Array) -> tuple[Array, Array]:
    """Arguments as float arrays, or BadInput."""
    p, log_phi = np.asarray(p, dtype=np.float64), np.asarray(log_phi, dtype=np.float64)
    if p.ndim != 1 or p.shape != log_phi.shape:
        raise BadInput(f"naive law: p and log_phi have shapes {p.shape} and {log_phi.shape}")
    if not (np.all(p >= 0) and abs(p.sum() - 1) <= 1e-9):
        raise BadInput(f"naive law: p must be nonnegative and sum to 1, sum is {p.sum()!r}")
    if not np.all(np.isfinite(log_phi[p > 0])):
        raise BadInput("naive law: log_phi must be finite wherever p > 0")
    return p, log_phi
