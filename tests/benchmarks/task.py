"""The common task of the benchmarks: a lumped tree of 64 classes a depth with 8 symbols each."""

import numpy as np

from treesmc.sims.trees.tree import TreeMDP

CLASSES, SYMBOLS = 64, 8
SIZES = {"A": (32, 64, 4096), "B": (64, 1024, 256), "C": (256, 16384, 8)}  # T, N, replicates


def task(horizon: int) -> TreeMDP:
    """Return the tree of a horizon: Dirichlet policy, random children, log-normal values.

    The root has 64 equally likely symbols, one to each class of depth 1.
    """
    rng = np.random.default_rng(0)
    depths = range(1, horizon)
    policy = [rng.dirichlet(np.ones(SYMBOLS), CLASSES) for _ in depths]
    child = [rng.permuted(np.arange(CLASSES * SYMBOLS) % CLASSES) for _ in depths]
    values = [rng.normal(0, 0.3, CLASSES) for _ in range(horizon)]
    return TreeMDP.from_layers(
        [np.full((1, CLASSES), 1 / CLASSES), *policy],
        [np.arange(CLASSES)[None], *(c.reshape(CLASSES, SYMBOLS) for c in child)],
        [[0.0], *values],
        name="benchmark",
    )
