"""Random streams that depend on what is computed, never on who computes it or when.

A stream is named by a seed and a key of integers (say: method, block of replicates). Philox is
counter-based, so streams of different keys do not overlap, and any order, number of threads or
resumption gives the same bits.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

import numpy as np

Result = TypeVar("Result")


def generator(seed: int, *key: int) -> np.random.Generator:
    """Return the stream named by a seed and a key.

    Parameters
    ----------
    seed : int
        Non-negative root seed of the run.
    *key : int
        Non-negative integers naming the stream within the run.
    """
    return np.random.Generator(np.random.Philox(np.random.SeedSequence(seed, spawn_key=key)))


def map_blocks(function: Callable[[int], Result], n_blocks: int, jobs: int) -> list[Result]:
    """Call ``function(block)`` for every block and return the results in block order.

    Parameters
    ----------
    function : callable
        Should spend its time without the GIL (in kernels) to gain from threads.
    n_blocks, jobs : int
        Number of blocks, and of threads; one job runs in the calling thread.
    """
    if jobs <= 1:
        return [function(block) for block in range(n_blocks)]
    with ThreadPoolExecutor(max_workers=jobs) as pool:
        return list(pool.map(function, range(n_blocks)))
