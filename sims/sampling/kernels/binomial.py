"""Binomial draws, and multinomial splits by halving.

Binomial(n, p), p <= 1/2, is drawn

* for n <= 256 by comparing n uniforms with p bit by bit, all at once: of the m uniforms that agree
  with p so far, as many have the next bit set as m random bits; where p has that bit, the others
  are below p, and where not, those are above. The number undecided halves with every bit, and
  bits are counted 64 at a time;
* for n p < 10 by inversion, from zero upwards;
* otherwise by rejection from a transformed uniform: algorithm BTRS of W. Hormann, "The generation
  of binomial random variates", J. Stat. Comput. Simul. 46 (1993).

The rejection needs log f(k)/f(mode) to an absolute accuracy that differences of log-gamma lose
from n = 1e12 on. By Stirling's formula, log x! = (x + 1/2) log(x+1) - (x+1) + log(2 pi)/2 + c(x),
and with d = k - m, M = n - m + 1, r = p/(1 - p) it is

    - (k + 1/2) log(1 + d/(m+1)) - (n - k + 1/2) log(1 - d/M) + d log(r M/(m+1))
    + c(m) + c(n-m) - c(k) - c(n-k),

whose terms are of the order of d, about sqrt(n): accurate to 1e-7 at n = 2^53. It is seldom
needed: with s^2 = n p (1 - p) the variance and d >= 0 the distance of k from the mode,

    |log f(k)/f(mode) + d^2/(2 s^2)| <= d/s^2 ((d (d/3 + 5/8) + 1/6)/s^2 + 1/2),   d <= s^2/2

(V. Kachitvichyanukul and B. Schmeiser, "Binomial random variate generation", Comm. ACM 31 (1988)),
and (1 - x/64)^64 <= exp(-x) <= (1 + x/64)^-64, 0 <= x <= 64, tells without any logarithm.

A split of n over the leaves of a binary tree of sums draws, at every node, how many go left. The
rarer side is drawn, so that tiny masses keep their digits; a mass of zero receives nothing.
"""

import math

import numpy as np

from treesmc.sims.base import portable
from treesmc.sims.base.elementary import exp, log, log1p
from treesmc.sims.base.jit import inlined_kernel, inner_kernel, kernel
from treesmc.sims.sampling.kernels.sfc64 import uniform, word

COUNTED_BITS = 256  # largest n that is drawn bit by bit
INVERTED = 10.0  # largest n p that is drawn by inversion; the least that BTRS allows

_ZERO, _ONE, _2, _4, _56, _63, _64 = (np.uint64(x) for x in (0, 1, 2, 4, 56, 63, 64))
_PAIRS, _NIBBLES, _BYTES, _SUM = (
    np.uint64(0x0101010101010101 * x) for x in (0x55, 0x33, 0x0F, 0x01)
)
_TWO_64 = 2.0**64
_HALF = 0.5 - 2.0**-54  # centres the uniform: never exactly -1/2 nor 1/2
# c(x) for x = 0 .. 9; the series below is accurate to 1e-13 from there on.
_CORRECTION = np.array(
    [
        portable.log(math.factorial(x) / math.sqrt(2 * math.pi))
        - (x + 0.5) * portable.log(x + 1)
        + (x + 1)
        for x in range(10)
    ]
)


@inner_kernel
def bit_count(x):
    """Return the number of bits set; compiles to one instruction."""
    x = x - ((x >> _ONE) & _PAIRS)
    x = (x & _NIBBLES) + ((x >> _2) & _NIBBLES)
    x = (x + (x >> _4)) & _BYTES
    return (x * _SUM) >> _56


@inlined_kernel
def coin_tosses(n, stream):
    """Draw Binomial(n, 1/2), as the number of bits set among n."""
    ones = _ZERO
    while n >= _64:
        ones += bit_count(word(stream))
        n -= _64
    if n > _ZERO:
        ones += bit_count(word(stream) >> (_64 - n))
    return ones


@inlined_kernel
def by_bits(n, p, stream):
    """Draw Binomial(n, p), p < 1, bit by bit: exact for p to 64 bits."""
    bits = np.uint64(p * _TWO_64)
    below, undecided = _ZERO, np.uint64(n)
    while bits != _ZERO and undecided > _ZERO:
        ones = coin_tosses(undecided, stream)
        zeros = undecided - ones
        all_if_set = _ZERO - (bits >> _63)
        below += zeros & all_if_set
        undecided = zeros ^ ((zeros ^ ones) & all_if_set)
        bits <<= _ONE
    return np.int64(below)


@inner_kernel
def by_inversion(n, p, stream):
    """Draw Binomial(n, p) for small n p, by inversion of one uniform."""
    odds = p / (1.0 - p)
    k, f = 0, exp(n * log1p(-p))
    u = uniform(stream)
    while u >= f and f > 0.0 and k < n:
        u -= f
        k += 1
        f *= odds * (n - k + 1) / k
    return k


@inner_kernel
def correction(x):
    """Return c(x) of Stirling's formula for log x!, as above."""
    if x < 10.0:
        return _CORRECTION[int(x)]
    y = 1.0 / (x + 1.0)
    return y * (1 / 12 - y * y * (1 / 360 - y * y * (1 / 1260 - y * y / 1680)))


@inner_kernel
def log_ratio_to_mode(n, p, mode, k):
    """Return log f(k)/f(mode) of the Binomial(n, p) probabilities f, see above."""
    d, rest = k - mode, n - mode + 1.0
    slope = log(p / (1.0 - p) * (rest / (mode + 1.0)))
    bend = (k + 0.5) * log1p(d / (mode + 1.0)) + (n - k + 0.5) * log1p(-d / rest)
    corrections = correction(mode) + correction(n - mode) - correction(k) - correction(n - k)
    return d * slope - bend + corrections


@inner_kernel
def hat(n, p):
    """Return the standard deviation of Binomial(n, p), and b and a of BTRS's hat."""
    spread = math.sqrt(n * p * (1.0 - p))
    b = 1.15 + 2.53 * spread
    return spread, b, -0.0873 + 0.0248 * b + 0.01 * p


@inner_kernel
def trial(n, p, u, v):
    """Return the k that BTRS makes of two uniforms, and whether it is taken unseen."""
    _, b, a = hat(n, p)
    us = 0.5 - abs(u)
    k = np.floor(a * (2.0 * u / us) + b * u + (n * p + 0.5))
    return k, us >= 0.07 and (0.92 - v) * b >= 4.2


@inner_kernel
def squeeze(d, precision):
    """Return bounds on log f(mode)/f(k) at distance d, for d <= variance/2; precision = 1/s^2."""
    x = d * precision
    middle = 0.5 * d * x
    slack = x * ((d * (d * (1 / 3) + 0.625) + 1 / 6) * precision + 0.5)
    return max(middle - slack, 0.0), middle + slack


@inner_kernel
def power_64(x):
    """Return the larger of x and 0, to the power of 64."""
    x = max(x, 0.0)
    for _ in range(6):
        x *= x
    return x


@inner_kernel
def accept(n, p, u, v, k):
    """Hold v against f(k)/f(mode) and the hat."""
    spread, b, a = hat(n, p)
    squared = (0.5 - abs(u)) ** 2
    v *= spread * (2.83 * b + 5.1) * squared / (b * (a + b * squared))
    mode = np.floor((n + 1.0) * p)
    d, precision = abs(k - mode), 1.0 / (spread * spread)
    if d * precision <= 0.5:
        low, high = squeeze(d, precision)
        if v <= power_64(1.0 - high * (1 / 64)):
            return True
        if v * power_64(1.0 + low * (1 / 64)) > 1.0:
            return False
    return log(v) <= log_ratio_to_mode(n, p, mode, k)


@inner_kernel
def keep_trying(n, p, u, v, k, stream):
    """Go on after a first trial that was not taken unseen."""
    while not (0.0 <= k <= n and accept(n, p, u, v, k)):
        u, v = uniform(stream) - _HALF, uniform(stream)
        k, unseen = trial(n, p, u, v)
        if unseen:
            break
    return k


@inner_kernel
def few(n, p, stream):
    """Draw Binomial(n, p) for small n or small n p."""
    if n <= COUNTED_BITS:
        return by_bits(n, p, stream)
    return by_inversion(n, p, stream)


@inner_kernel
def binomial(n, p, stream):
    """Draw Binomial(n, p), p <= 1/2.

    The first trial of the rejection is written out, since a call would cost a fifth of it.
    """
    if n <= COUNTED_BITS or n * p < INVERTED:
        return few(n, p, stream)
    u, v = uniform(stream) - _HALF, uniform(stream)
    k, unseen = trial(n, p, u, v)
    if not unseen:
        k = keep_trying(float(n), p, u, v, k, stream)
    return np.int64(k)


@inner_kernel
def rarer(left, right):
    """Return the probability of the rarer side, negative (perhaps -0.0) if that is the right."""
    if left <= right:
        return left / (left + right) if right > 0.0 else 0.0
    return -right / (left + right)


@inner_kernel
def share(n, rarer, stream):
    """Draw how many of n go left."""
    k = binomial(n, abs(rarer), stream)
    return k if math.copysign(1.0, rarer) > 0.0 else n - k


@inner_kernel
def plan_split(heap, plan):
    """Sum up the leaves (upper half) of `heap`; write the rarer side of every inner node."""
    for i in range(len(heap) // 2 - 1, 0, -1):
        left, right = heap[2 * i], heap[2 * i + 1]
        heap[i] = left + right
        plan[i] = rarer(left, right)


@inlined_kernel
def split(n, plan, first, numbers, stream):
    """Split n over the leaves of a tree, planned in ``plan[first:]``.

    Node i has children 2i and 2i + 1; `numbers`, for all nodes, receives how many reach each.
    """
    numbers[1] = n
    for i in range(1, len(numbers) // 2):
        here, left = numbers[i], 0
        if here > 0:
            left = share(here, plan[first + i], stream)
        numbers[2 * i] = left
        numbers[2 * i + 1] = here - left


@kernel
def plan_rows(policy, n_symbols, plan, cells):
    """Plan the splits of all rows of one depth; `policy` is their flat probabilities."""
    heap = np.zeros(2 * cells)
    for s in range(len(policy) // n_symbols):
        heap[cells : cells + n_symbols] = policy[s * n_symbols : (s + 1) * n_symbols]
        plan_split(heap, plan[s * cells : (s + 1) * cells])
