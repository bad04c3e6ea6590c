"""Replicates of a sampler: run in blocks, merged in order, the same numbers from any threads.

Replicates run in blocks of fixed size. Block b draws from stream b of (seed, method), its
replicates from consecutive stretches of it, and blocks are merged in order: the result depends on
the seed but not on the number of jobs.

A replicate yields log Zhat and a law over terminal classes. Of the laws only the mean and the sum
of squared deviations are kept; the moments of two samples merge into those of their union (Chan,
Golub & LeVeque 1983).
"""

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from treesmc.sims.base import portable
from treesmc.sims.base.checks import check_integer
from treesmc.sims.base.streams import map_blocks
from treesmc.sims.sampling.kernels.sfc64 import open_stream
from treesmc.sims.trees.tree import FloatArray, TreeMDP

Moments = tuple[int, FloatArray, FloatArray]  # count, mean law, sum of squared deviations

BLOCK = 32  # replicates per block
WAVE = 64  # blocks whose laws are in memory at once
MOST_PARTICLES = 10**8  # arrays of this length still fit into memory, once per job


def per_replicate(replicates: int) -> FloatArray:
    """Return zeros, one per replicate; raise BadInput unless there are at least two."""
    check_integer("replicates", replicates, 2)
    return np.zeros(replicates)


def stream(seed: int, *key: int) -> NDArray[np.uint64]:
    """Return the open stream of a seed, method and block; raise BadInput for a bad seed."""
    check_integer("seed", seed, 0)
    return open_stream(int(seed), *key)


def replicate(
    block: Callable[..., None], tree: TreeMDP, each: NDArray[Any], seed: int, method: int, jobs: int
) -> tuple[FloatArray, FloatArray]:
    """Run all blocks of replicates; return their mean law and its standard error.

    Parameters
    ----------
    block : callable
        ``block(stream, mean, spread, part)`` runs as many replicates as ``part`` has entries; it
        writes these, the mean of the laws and the sum of squared deviations.
    tree : TreeMDP
        Says how many terminal classes there are.
    each : [R]
        What is written for each replicate, such as log Zhat.
    seed, method, jobs : int
        Root seed, what tells the method's streams from those of others, threads.

    Returns
    -------
    law, stderr : float64[S_T]

    Raises
    ------
    BadInput
        If seed or jobs is out of range.
    """
    check_integer("jobs", jobs, 1, 1024)
    stream(seed, method, 0)
    n_classes, replicates = tree.n_classes[-1], len(each)

    def run(first: int, i: int) -> Moments:
        b = first + i
        part = each[b * BLOCK : (b + 1) * BLOCK]
        mean, spread = np.zeros((2, n_classes))
        block(stream(seed, method, b), mean, spread, part)
        return len(part), mean, spread

    n_blocks = -(-replicates // BLOCK)
    total: Moments = (0, np.zeros(n_classes), np.zeros(n_classes))
    for first in range(0, n_blocks, WAVE):
        for moments in map_blocks(partial(run, first), min(WAVE, n_blocks - first), jobs):
            total = _merge(total, moments)
    _, mean, spread = total
    return mean, np.sqrt(spread / (replicates - 1) / replicates)


def log_mean(log_Z_hat: FloatArray) -> tuple[float, float]:
    """Return the logarithm of the mean of Zhat, and its standard error by the delta method.

    Parameters
    ----------
    log_Z_hat : float64[R]
    """
    largest = log_Z_hat.max()
    Z_hat = portable.exp(log_Z_hat - largest)
    mean = Z_hat.mean()
    stderr = Z_hat.std(ddof=1) / np.sqrt(len(Z_hat)) / mean
    return float(largest + portable.log(mean)), float(stderr)


def _merge(a: Moments, b: Moments) -> Moments:
    n = a[0] + b[0]
    shift = b[1] - a[1]
    return n, a[1] + shift * (b[0] / n), a[2] + b[2] + shift**2 * (a[0] * b[0] / n)
