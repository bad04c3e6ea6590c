"""Elementary functions made of IEEE arithmetic alone: the same bits on every processor.

The functions of libm, and NumPy's vectorised ones, are accurate but not correctly rounded: their
last bits change with the instruction set, the library and its version. Here every operation is
one that IEEE 754 rounds correctly (+ - * /) or that is exact (scaling by a power of two), in an
order that is written down, and compiled without fused multiply-add. Nothing is left to differ.

    exp x   = 2^k exp r,  k the integer nearest to x / log 2, r = x - k log 2, by Taylor's series;
    log x   = k log 2 + log(1 + f),  x = 2^k (1 + f), 1 + f in [sqrt(1/2), sqrt 2), by the series

              log(1 + f) = f - f^2/2 + s (f^2/2 + R),   s = f/(2 + f),
              R = sum_{n >= 1} 2 s^(2n)/(2n + 1).

log 2 is split in two, the first part short enough for k times it to be exact. Series are cut where
the next term is below 2^-56 of the sum. Errors are below 1 unit in the last place for exp and log,
and 2 for expm1 and log1p, over the whole range (a test holds them against exact values).
"""

import math

from treesmc.sims.base.jit import inner_kernel, kernel

EXP, EXPM1, LOG, LOG1P = range(4)

LN2_HIGH = float.fromhex("0x1.62e42feep-1")  # 32 bits of log 2; times k < 2^11 it is exact
LN2_LOW = float.fromhex("0x1.a39ef35793c76p-33")  # the rest
PER_LN2 = float.fromhex("0x1.71547652b82fep+0")
ROUNDER = 1.5 * 2.0**52  # added and subtracted, it rounds to the nearest integer
OVERFLOW, UNDERFLOW = 709.782712893384, -745.1332191019412
SMALLEST_EXPM1 = -56.0  # from here down it is -1 to the last bit
HALFWAY_UP = 0.4142135623730949  # sqrt 2 - 1, rounded down
SMALL = 1e-140  # of a product of factors that are 1e-130 at least, as all weights are
ROOT_HALF = float.fromhex("0x1.6a09e667f3bcdp-1")

_I = [1.0 / math.factorial(n) for n in range(14)]  # Taylor coefficients of exp
(_I2, _I3, _I4, _I5, _I6, _I7, _I8, _I9, _I10, _I11, _I12, _I13) = _I[2:]
(_R1, _R2, _R3, _R4, _R5, _R6, _R7, _R8, _R9, _R10) = (2.0 / (2 * n + 1) for n in range(1, 11))


@inner_kernel
def reduced(x):
    """Return k and exp(x - k log 2) - 1, for x between UNDERFLOW and OVERFLOW."""
    k = (x * PER_LN2 + ROUNDER) - ROUNDER
    high, low = x - k * LN2_HIGH, k * LN2_LOW
    r = high - low
    z = r * r
    # Pairs of terms, then pairs of pairs: the additions need not wait for each other.
    w = z * z
    first = (_I2 + _I3 * r) + z * (_I4 + _I5 * r)
    second = (_I6 + _I7 * r) + z * (_I8 + _I9 * r)
    third = (_I10 + _I11 * r) + z * (_I12 + _I13 * r)
    return int(k), r + (((high - r) - low) + z * (first + w * (second + w * third)))


@inner_kernel
def exp(x):
    """Return exp x; 0 and infinity beyond the range of floats."""
    if x > OVERFLOW:
        return math.inf
    if x < UNDERFLOW:
        return 0.0
    if x != x:
        return x
    k, p = reduced(x)
    return math.ldexp(1.0 + p, k)


@inner_kernel
def expm1(x):
    """Return exp x - 1, accurate near 0."""
    if x > OVERFLOW:
        return math.inf
    if x < SMALLEST_EXPM1:
        return -1.0
    if x != x or x == 0.0:
        return x
    k, p = reduced(x)
    if k == 0:
        return p
    if k > 56:
        return math.ldexp(1.0 + p, k)
    power = math.ldexp(1.0, k)
    return (power - 1.0) + power * p


@inner_kernel
def log_of_parts(f, k, correction):
    """Return k log 2 + log(1 + f) + correction, 1 + f between sqrt(1/2) and sqrt 2."""
    s = f / (2.0 + f)
    z = s * s
    w = z * z
    first = (_R1 + _R2 * z) + w * (_R3 + _R4 * z)
    second = (_R5 + _R6 * z) + w * ((_R7 + _R8 * z) + w * (_R9 + _R10 * z))
    half_square = 0.5 * f * f
    tail = s * (half_square + z * (first + w * w * second)) + (k * LN2_LOW + correction)
    return k * LN2_HIGH - ((half_square - tail) - f)


@inner_kernel
def log_positive(x, correction):
    """Return log x + correction, for x positive and finite."""
    m, k = math.frexp(x)
    if m < ROOT_HALF:
        m, k = 2.0 * m, k - 1
    return log_of_parts(m - 1.0, float(k), correction)


@inner_kernel
def log(x):
    """Return log x; -infinity at 0, nan below."""
    if 0.0 < x < math.inf:
        return log_positive(x, 0.0)
    if x == 0.0:
        return -math.inf
    return x if x > 0.0 else math.nan


@inner_kernel
def log1p(x):
    """Return log(1 + x), accurate near 0; -infinity at -1, nan below."""
    if ROOT_HALF - 1.0 < x < HALFWAY_UP:
        return x if x == 0.0 else log_of_parts(x, 0.0, 0.0)
    u = 1.0 + x
    if not 0.0 < u < math.inf:
        return log(u)
    # What the sum above lost; beyond 2^53 there is nothing left of the 1.
    lost = (x - (u - 1.0)) if u < 2.0**53 else 1.0 - (u - x)
    return log_positive(u, lost / u)


@inner_kernel
def logaddexp(x, y):
    """Return log(exp x + exp y)."""
    high, low = max(x, y), min(x, y)
    gap = low - high if low < high else 0.0
    return high + log1p(exp(gap))


@inner_kernel
def settle(factor, log_rest):
    """Move a factor into the logarithm of the rest before it can underflow; return both.

    A product of many needs a logarithm now and then, not one a factor.
    """
    if factor < SMALL:
        return 1.0, log_rest + log(factor)
    return factor, log_rest


@kernel
def apply(function, x):
    """Put a function, by number, of every entry of a flat array in its place.

    One kernel for all, as each takes 15 ms to load.
    """
    if function == EXP:
        for i in range(len(x)):
            x[i] = exp(x[i])
    elif function == EXPM1:
        for i in range(len(x)):
            x[i] = expm1(x[i])
    elif function == LOG:
        for i in range(len(x)):
            x[i] = log(x[i])
    else:
        for i in range(len(x)):
            x[i] = log1p(x[i])
