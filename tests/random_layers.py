"""Trees for tests, random and small, and what agreement with an exact law is.

A right sampler fails a comparison with probability `FALSE_ALARM` (union bound over the classes).
"""

import itertools

import numpy as np
from scipy.stats import norm

from treesmc.sims.trees.families import random_tree
from treesmc.sims.trees.perturb import random_sign
from treesmc.sims.trees.tree import TreeMDP

FALSE_ALARM = 1e-4
R = 12000  # replicates


def z_limit(comparisons):
    """Return how many standard errors a right estimate may be off."""
    return norm.isf(FALSE_ALARM / (2 * comparisons))


def agrees(estimate, exact_law):
    """Is no class off by more than its share of sampling noise (or, without noise, rounding)?"""
    off = np.abs(estimate.law - np.array(exact_law, dtype=float))
    return bool((off <= z_limit(len(off)) * estimate.stderr + 1e-12).all())


def mean_is(samples, exact):
    """Is the mean of samples an exact one, up to noise and rounding?"""
    stderr = samples.std(ddof=1) / np.sqrt(len(samples))
    return abs(samples.mean() - exact) <= z_limit(1) * stderr + 1e-12 * abs(exact)


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


def path_classes(tree, symbols):
    """Return the classes visited by a path of T symbols, root included (length T + 1)."""
    classes = [0]
    for t, symbol in enumerate(symbols):
        classes.append(int(tree.child_at(t)[classes[-1], symbol]))
    return classes


def log_path_probability(tree, symbols, policy):
    """Return the log probability of one path of T symbols under a policy, float64[edges]."""
    classes = path_classes(tree, symbols)
    steps = [tree.edge_layer(policy, t)[classes[t], b] for t, b in enumerate(symbols)]
    with np.errstate(divide="ignore"):
        return float(np.log(steps).sum())


def rescaled(tree: TreeMDP, log_scale: np.ndarray) -> TreeMDP:
    """Return the tree with V multiplied by exp(log_scale[t]) at inner depth t."""
    scale = np.append(log_scale, 0.0)
    layers = [tree.log_value_at(t) + scale[t] for t in range(tree.horizon + 1)]
    return tree.with_log_value(np.concatenate(layers))


def skewed():
    """Explicit tree with asymmetric values and Bellman errors of both signs."""
    return random_sign(random_tree(3, sigma=1.5, seed=1), 0.4, seed=1)


def padded():
    """Three symbols, two of which meet in a class; padded edges first and last in their rows."""
    return TreeMDP.from_layers(
        policy=[[[0.2, 0.5, 0.3]], [[0.4, 0.6, 0.0], [0.0, 1.0, 0.0]], [[0.3, 0.7], [0.9, 0.1]]],
        child=[[[1, 0, 1]], [[0, 1, 1], [0, 0, 1]], [[0, 1], [1, 2]]],
        log_value=[[0.3], [0.4, -0.9], [-0.5, 1.0], [0.7, -1.2, 1.4]],
    )


SMALL = {"skewed": skewed(), "lumped": padded()}
