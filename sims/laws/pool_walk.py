r"""Proposals of Algorithm 2 on trees of independent bits: the exact joint law of class and weight.

Zhu & Lu (2026), Algorithm 2, as stated in arXiv:2602.01381. On fair bits whose incremental weights
G = (G_0, G_1) have mean one, a pool of M holds K ~ Bin(M, 1/2) ones; its mean is

    m = ((M - K) G_0 + K G_1) / M,    a one is picked with probability K G_1 / (M m),

and log(Zhat/Z) is the sum of the log m of all steps. (ones picked, log weight) is a random walk
with independent steps. Its law is found by Fourier transform: A and B being those of log m together
with picking a zero or a one, that of "k ones after T steps" is binom(T, k) A^(T-k) B^k.

**Grid.** Each value of m is split between the two neighbouring points of a grid of log m, so that
its mean stays. That multiplies every weight by independent noise of mean one: a valid sampler of
the same target, whose log weight has its variance raised by a part of about T h^2 / (6 Var), h the
width of a cell. Here h is 1/200 of the standard deviation: 4e-6 T of the variance.

`product` is such a tree. So is `needle_in_drift` after its first step, whose pools see one value
only: the side, hidden or not, is drawn from pi_ref and multiplies the weight by r^(+-(T - 1)).
"""

import math

import numpy as np
from numpy.typing import NDArray

from treesmc.sims.base import portable
from treesmc.sims.trees.families import needle
from treesmc.sims.trees.tree import FloatArray

CELLS = 4096
WIDTH = 9.0  # standard deviations kept on either side


def product_proposals(
    T: int, M: int, r: float = 2.0, cells: int = CELLS
) -> tuple[FloatArray, FloatArray]:
    """Return log(Zhat/Z) on `product`, [1, n], and its mass with every class, [1, T + 1, n].

    Parameters
    ----------
    T, M : int
        Horizon and pool size, at least 1.
    r : float
        Reward per one.
    cells : int
        Number n of points of the grid, well above 10 sqrt(T).
    """
    log_weight, joint = pool_walk(T, M, 2 / (1 + r) * np.array([1.0, r]), cells)
    return log_weight[None], joint[None]


def needle_proposals(
    T: int, eps: float, M: int, drift: float = 0.5, cells: int = CELLS
) -> tuple[FloatArray, FloatArray]:
    """Return log(Zhat/Z) on `needle_in_drift`, [2, n], and masses, [2, T, n]; side 0 is hidden.

    Parameters
    ----------
    T, eps, drift
        As in `needle_in_drift`.
    M, cells : int
        As in `product_proposals`.
    """
    log_weight, joint = pool_walk(T - 1, M, 1 + drift * np.array([-1.0, 1.0]), cells)
    sides = needle(T, eps).policy_at(0)[0]
    shift = (T - 1) * portable.log1p(eps) * np.array([1.0, -1.0])
    log_Z = portable.log(portable.matmul(sides, portable.exp(shift)))
    return (shift - log_Z)[:, None] + log_weight, np.multiply.outer(sides, joint)


def pool_walk(T: int, M: int, G: FloatArray, cells: int = CELLS) -> tuple[FloatArray, FloatArray]:
    """Return the walk's log weights [n], and the mass of k ones with each of them [T + 1, n]."""
    from scipy.stats import binom

    m, picks = _pools(M, G)
    h, first = _grid(T, portable.log(m), picks.sum(axis=0), cells)
    chances = picks.sum(axis=1)
    steps = _split(m, picks / chances[:, None], h, cells)
    powers = np.ones((2, T + 1, steps.shape[1]), dtype=complex)
    np.cumprod(np.broadcast_to(steps[:, None], (2, T, steps.shape[1])), axis=1, out=powers[:, 1:])
    conditional = np.fft.irfft(powers[0, ::-1] * powers[1], cells)
    place = first + np.arange(cells)
    ones = binom.pmf(np.arange(T + 1), T, chances[1])
    joint: FloatArray = ones[:, None] * np.maximum(conditional[:, place % cells], 0.0)
    return np.asarray(place * h, np.float64), joint


def _pools(M: int, G: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return the mean of a pool of 0 .. M ones, and its mass with a zero, or a one, picked."""
    from scipy.stats import binom

    K = np.arange(M + 1)
    shares = np.array([(M - K) * G[0], K * G[1]]) / M
    m = shares.sum(axis=0)
    return m, binom.pmf(K, M, 0.5) * shares / m


def _grid(T: int, log_m: FloatArray, mass: FloatArray, cells: int) -> tuple[float, int]:
    """Return the width of a cell, and the first one in units of it.

    The range holds the walk under the proposal and, higher by the variance, under the target.
    """
    mean = portable.matmul(mass, log_m)
    variance = T * portable.matmul(mass, (log_m - mean) ** 2)
    reach = WIDTH * math.sqrt(variance)
    low = max(T * mean - reach, T * log_m.min())
    high = min(T * mean + variance + reach, T * log_m.max())
    spread = math.isqrt(25 * T) + 2  # cells that splitting may add at either end
    h = float(high - low) / (cells - 2 * spread)
    return h, math.floor(low / h) - spread


def _split(m: FloatArray, mass: FloatArray, h: float, cells: int) -> NDArray[np.complex128]:
    """Return the Fourier transforms of the masses on the grid, [2, cells/2 + 1]."""
    below = np.floor(portable.log(m) / h).astype(np.int64)
    upper = (m - portable.exp(below * h)) / (portable.exp(below * h) * portable.expm1(h))
    grid = np.zeros((2, cells))
    for row, part in zip(grid, mass, strict=True):
        np.add.at(row, below % cells, part * (1 - upper))
        np.add.at(row, (below + 1) % cells, part * upper)
    return np.fft.rfft(grid)
