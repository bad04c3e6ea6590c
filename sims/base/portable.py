"""Arithmetic with the same bits on every machine; the one place that says what is allowed where.

A sampled result is as reproducible as the last bit of every threshold it was compared with: at
N = 1e12 particles, one unit in the last place of a probability moves a binomial draw once in ten
thousand, and from there on the streams go separate ways. A search over N is no different. So what
is computed in this package is made of operations that do not depend on the processor, on the
mathematical library or on the number of threads:

* **IEEE 754 operations**, + - * / and square root, which are correctly rounded everywhere, and what
  only moves or compares numbers: `abs`, `max`, `floor`, `sort`, `where`, `bincount`, `cumsum` ...
  NumPy's `sum` adds pairwise, in an order that does not depend on the instruction set. Sorting
  with ``kind="stable"`` where equal keys could be told apart. An integer power of 2 is a product.
* **exp, expm1, log, log1p, logaddexp, tanh, power ...** from here, made of these operations
  (`kernels.elementary`). Not those of `math`, NumPy or SciPy: their last bits change with the
  instruction set (NumPy has versions of its own for AVX-512), the library and its version.
* **Products of matrices, and linear equations** from here, summed in a written order. Not ``@``,
  `dot`, `einsum` or `linalg`: BLAS has kernels by processor, and splits work over threads.
* **Kernels** are compiled without fused multiply-add and without reordered sums (`jit`).
* **Random numbers** are integers and uniforms of SFC64 and Philox, or made of them by the above. Of
  NumPy's distributions those of integers: they call `log` too, but a last bit there changes a
  draw with probability 1e-15. Of others the upper bits only (`coarse`).

What SciPy computes (quantiles of Student's t, binomial probabilities) and NumPy's Fourier transform
do have bits that may differ. They only reach results that are printed, whose digits end well before
(`sweeps.digits`), and never a stream.

A test reads the sources for what is not allowed, and another runs them under a mathematical library
whose every last bit is wrong.
"""

from functools import cache
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]

LN2 = 0.6931471805599453
DEPENDENT = 1e-13  # what is left of a column, relative to it, that is round-off


def exp(x: ArrayLike) -> Any:
    """Return exp x: a float for a number, else float64[...]; infinite beyond the largest float."""
    return _applied("EXP", x)


def expm1(x: ArrayLike) -> Any:
    """Return exp x - 1, accurate near 0."""
    return _applied("EXPM1", x)


def log(x: ArrayLike) -> Any:
    """Return log x: -inf at 0, nan below."""
    return _applied("LOG", x)


def log1p(x: ArrayLike) -> Any:
    """Return log(1 + x), accurate near 0: -inf at -1, nan below."""
    return _applied("LOG1P", x)


def log_expm1(x: ArrayLike) -> Any:
    """Return log(e^x - 1), x >= 0, -inf at 0; round-off may have left x a little below 0."""
    return x + log(-expm1(-np.maximum(x, 0.0)))


def log2(x: ArrayLike) -> Any:
    """Return the logarithm to base 2."""
    return log(x) / LN2


def tanh(x: ArrayLike) -> Any:
    """Return tanh x."""
    x = np.asarray(x, np.float64)
    excess = expm1(2.0 * np.minimum(np.abs(x), 20.0))  # from 20 on it is 1 to the last bit
    return _plain(np.copysign(excess / (excess + 2.0), x))


def logaddexp(x: ArrayLike, y: ArrayLike) -> Any:
    """Return log(exp x + exp y), broadcast."""
    high, low = np.maximum(x, y), np.minimum(x, y)
    gap = np.subtract(low, high, out=np.zeros(high.shape), where=high > low)
    return _plain(high + log1p(exp(gap)))


def logsumexp(x: Array, axis: int | None = None) -> Any:
    """Return log sum exp x along an axis, or of all entries; -inf where all are."""
    high = np.asarray(x.max(axis=axis, keepdims=True))
    high[np.isneginf(high)] = 0.0
    total = log(np.sum(exp(x - high), axis=axis, keepdims=True)) + high
    return _plain(np.squeeze(total, axis))


def power(x: ArrayLike, n: ArrayLike) -> Any:
    """Return x^n, x >= 0 unless n is whole.

    For one n that is a multiple of 1/4 by products and roots, hence exact where those are.
    """
    if np.ndim(n) or 4 * float(n) % 1:  # type: ignore[arg-type]
        n, log_x = np.broadcast_arrays(n, log(x))
        return exp(np.multiply(n, log_x, out=np.zeros(n.shape), where=n != 0))
    square, result = np.array(x, np.float64), np.ones(np.shape(x))
    with np.errstate(all="ignore"):
        while n % 1:  # type: ignore[operator]
            n, square = 2 * n, np.sqrt(square)  # type: ignore[operator]
        left = abs(int(n))  # type: ignore[arg-type]
        while left:
            result = result * square if left & 1 else result
            square, left = square * square, left >> 1
        return _plain(result if n >= 0 else 1.0 / result)  # type: ignore[operator]


def hypot(x: ArrayLike, y: ArrayLike) -> Any:
    """Return sqrt(x^2 + y^2) of numbers whose squares are floats."""
    return _plain(np.sqrt(np.square(x, dtype=np.float64) + np.square(y, dtype=np.float64)))


def coarse(x: Array) -> Array:
    """Return the upper 24 bits of each number.

    The last bits of NumPy's continuous distributions are those of its logarithms and powers; cut
    off, they change the rest with probability 2^-28.
    """
    mantissa, exponent = np.frexp(x)
    short: Array = np.ldexp(np.rint(mantissa * 2.0**24), exponent - 24)
    return short


def geomspace(first: float, last: float, count: int) -> Array:
    """Return `count` >= 2 numbers in equal ratios from first to last, both included."""
    spaced: Array = exp(np.linspace(log(first), log(last), count))
    spaced[[0, -1]] = first, last
    return spaced


def matmul(a: NDArray[Any], b: NDArray[Any]) -> Any:
    """Return the product of two vectors or matrices, as ``a @ b``."""
    if b.ndim == 1:
        return _plain(np.asarray((a * b).sum(axis=-1)))
    if a.ndim == 1:
        return (a[:, None] * b).sum(axis=0)
    return np.stack([matmul(a, column) for column in b.T], axis=-1)


def solve(a: Array, b: Array) -> Array:
    """Return the solution of a x = b, [n, n] and [n] or [n, m], by elimination with pivots.

    Raises
    ------
    ZeroDivisionError
        If a pivot is zero: the matrix is singular.
    """
    n = len(a)
    rows = np.column_stack([a, b]).astype(np.float64)
    for k in range(n):
        best = k + int(np.argmax(np.abs(rows[k:, k])))
        rows[[k, best]] = rows[[best, k]]
        if rows[k, k] == 0.0:
            raise ZeroDivisionError(f"singular matrix: no pivot in column {k}")
        rows[k] /= rows[k, k]
        rows[k + 1 :, k:] -= rows[k + 1 :, k, None] * rows[k, k:]
    for k in range(n - 1, 0, -1):
        rows[:k, n:] -= rows[:k, k, None] * rows[k, n:]
    return rows[:, n:].reshape(np.shape(b))


def least_squares(columns: Array, y: Array) -> tuple[Array, Array]:
    """Return the beta of least norm of y - X beta, [k], and (X' X)^-1, [k, k], X of shape [n, k].

    Raises
    ------
    ZeroDivisionError
        If a column is a combination of those before it, up to round-off.
    """
    Q, R = _orthogonal(columns)
    lengths = np.sqrt((columns * columns).sum(axis=0))
    if np.any(np.diag(R) <= DEPENDENT * lengths):
        raise ZeroDivisionError("the columns cannot be told apart")
    inverse = solve(R, np.eye(len(R)))
    return matmul(inverse, matmul(Q.T, y)), matmul(inverse, inverse.T)


def _orthogonal(columns: Array) -> tuple[Array, Array]:
    """Return Q and R of a matrix, by Gram and Schmidt, each column twice."""
    Q, R = columns.astype(np.float64), np.zeros((columns.shape[1],) * 2)
    for j in range(Q.shape[1]):
        for _ in range(2):
            for i in range(j):
                along = matmul(Q[:, i], Q[:, j])
                R[i, j] += along
                Q[:, j] -= along * Q[:, i]
        R[j, j] = np.sqrt(matmul(Q[:, j], Q[:, j]))
        Q[:, j] /= R[j, j] or 1.0
    return Q, R


def _applied(function: str, x: ArrayLike) -> Any:
    result, kernels = np.array(x, np.float64, order="C"), _kernels()
    kernels.apply(getattr(kernels, function), result.reshape(-1))
    return _plain(result)


@cache
def _kernels() -> Any:
    """Import the compiled functions when they are needed only: Numba takes half a second."""
    from treesmc.sims.base import elementary

    return elementary


def _plain(array: Array) -> Any:
    """Return a float for an array without axes."""
    return array if np.ndim(array) else float(array)
