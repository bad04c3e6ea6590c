"""Random trees for the tests of moments and certificates: explicit, and lumped with padding."""

import itertools

import numpy as np

from treesmc.sims.trees.families import random_tree
from treesmc.sims.trees.tree import TreeMDP


def noisy_tree(seed: int, T: int, sigma: float = 2.0) -> TreeMDP:
    """Return an explicit tree whose V is V* times independent standard log-normal noise."""
    tree = random_tree(T, sigma=sigma, seed=seed)
    log_value = tree.log_value.copy()
    inner = tree.class_start[T]
    log_value[:inner] += np.random.default_rng(seed).normal(size=inner)
    return tree.with_log_value(log_value)


def lumped_tree(seed: int, sizes: tuple[int, ...] = (1, 2, 3, 3, 2)) -> TreeMDP:
    """Return a lumped tree with random V, parallel edges, and an edge of zero probability a row."""
    rng = np.random.default_rng(seed)
    policy, child = [], []
    for here, below in itertools.pairwise(sizes):
        real = rng.dirichlet(np.ones(below + 1), size=here)
        policy.append(np.column_stack([np.zeros(here), real]))
        into = np.tile(np.append(np.arange(below), 0), (here, 1))  # two edges into class 0
        child.append(np.column_stack([rng.integers(0, below, here), into]))
    return TreeMDP.from_layers(policy, child, [rng.normal(size=size) for size in sizes])


def rescaled(tree: TreeMDP, log_scale: np.ndarray) -> TreeMDP:
    """Return the tree with V multiplied by exp(log_scale[t]) at inner depth t."""
    scale = np.append(log_scale, 0.0)
    layers = [tree.log_value_at(t) + scale[t] for t in range(tree.horizon + 1)]
    return tree.with_log_value(np.concatenate(layers))
