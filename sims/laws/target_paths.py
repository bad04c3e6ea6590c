"""Paths of the target: exact sampling, exhaustive enumeration, expectations by either.

Under the target pi a path is a Markov chain over classes whose policy is Doob's transform of
pi_ref by V*, so paths are drawn exactly, without weights. SMC sees classes only: given the classes
that a path visits, its symbols have the same law under pi and under SMC, so a density ratio of the
two is a function of the *class path*. When a tree has few of these, as an explicit tree of small
horizon or the needle at any, they are enumerated and an expectation under pi is a finite sum.
"""

from collections.abc import Callable

import numpy as np

from treesmc.sims.base import portable
from treesmc.sims.base.errors import BadInput
from treesmc.sims.base.streams import generator
from treesmc.sims.trees.tree import FloatArray, IntArray, TreeMDP
from treesmc.sims.trees.values import target_policy

ENUMERATION_LIMIT = 2**16
"""Up to this many class paths, expectations over them are exact."""


def check_paths(tree: TreeMDP, paths: IntArray) -> None:
    """Raise `BadInput` unless ``paths`` is [n, T] with symbols that exist at their depths."""
    if paths.ndim != 2 or paths.shape[1] != tree.horizon:
        raise BadInput(f"paths: shape {list(paths.shape)}, expected [n, {tree.horizon}] symbols")
    outside = (paths < 0) | (paths >= tree.n_symbols)
    if outside.any():
        i, t = np.argwhere(outside)[0]
        raise BadInput(
            f"paths: row {i}, step {t + 1}: symbol {paths[i, t]} is not among {tree.n_symbols[t]}"
        )


def visited_classes(tree: TreeMDP, paths: IntArray) -> IntArray:
    """Return the classes that paths visit, root included: int64[n, T + 1] from symbols [n, T]."""
    check_paths(tree, paths)
    classes = np.zeros((len(paths), tree.horizon + 1), dtype=np.int64)
    for t in range(tree.horizon):
        classes[:, t + 1] = tree.child_at(t)[classes[:, t], paths[:, t]]
    return classes


def sample_target_paths(tree: TreeMDP, n: int, rng: np.random.Generator) -> IntArray:
    """Draw n independent paths from the target pi, exactly.

    Parameters
    ----------
    tree : TreeMDP
    n : int
        Number of paths.
    rng : numpy.random.Generator
        Advanced by n uniforms a step.

    Returns
    -------
    int64[n, T]
        Symbols.
    """
    policy = target_policy(tree)
    paths = np.empty((n, tree.horizon), dtype=np.int64)
    classes = np.zeros(n, dtype=np.int64)
    for t in range(tree.horizon):
        cumulative = tree.edge_layer(policy, t).cumsum(axis=1)
        cumulative /= cumulative[:, -1:]  # ends at exactly 1, which no uniform reaches
        paths[:, t] = (cumulative[classes] <= rng.random(n)[:, None]).sum(axis=1)
        classes = tree.child_at(t)[classes, paths[:, t]]
    return paths


def merged_steps(policy: FloatArray, child: IntArray) -> tuple[IntArray, IntArray, FloatArray]:
    """Return the steps (parent, child, probability) of one depth, sorted by parent.

    Edges of zero probability are dropped; those that share parent and child are one step.

    Parameters
    ----------
    policy, child : [S_t, B_t]
    """
    parent, symbol = np.nonzero(policy)
    width = child.max() + 1
    key, step = np.unique(parent * width + child[parent, symbol], return_inverse=True)
    probability = np.bincount(step, weights=policy[parent, symbol])
    return key // width, key % width, probability.astype(np.float64)


def enumerate_class_paths(tree: TreeMDP, limit: int) -> tuple[IntArray, FloatArray] | None:
    """List all class paths of positive probability; None if there are more than ``limit``.

    Returns
    -------
    classes : int64[n, T + 1]
        Classes visited, root included.
    probability : float64[n]
        Under the target; sums to one.
    """
    policy = target_policy(tree)
    classes = np.zeros((1, 1), dtype=np.int64)
    probability = np.ones(1)
    for t in range(tree.horizon):
        parent, child, weight = merged_steps(tree.edge_layer(policy, t), tree.child_at(t))
        n_steps = np.bincount(parent)[classes[:, -1]]
        if n_steps.sum() > limit:
            return None
        path = np.repeat(np.arange(len(classes)), n_steps)
        rank = np.arange(len(path)) - np.repeat(n_steps.cumsum() - n_steps, n_steps)
        step = np.searchsorted(parent, classes[path, -1]) + rank
        probability = probability[path] * weight[step]
        classes = np.column_stack([classes[path], child[step]])
        held = probability > 0  # a product can underflow
        classes, probability = classes[held], probability[held]
    return classes, probability


def target_expectation(
    tree: TreeMDP, function: Callable[[IntArray], FloatArray], n_paths: int, seed: int
) -> tuple[float, float]:
    """Return E_{x~pi}[function(x)] and its standard error.

    Parameters
    ----------
    tree : TreeMDP
    function : callable
        Maps class paths int64[n, T + 1] to values float64[n].
    n_paths : int
        Paths to draw, at least 2, if there are more than `ENUMERATION_LIMIT` class paths.
    seed : int
        Names the stream they are drawn from.

    Returns
    -------
    value, stderr : float
        The standard error is 0 where the paths were enumerated: the value is exact.
    """
    enumerated = enumerate_class_paths(tree, ENUMERATION_LIMIT)
    if enumerated is not None:
        classes, probability = enumerated
        return portable.matmul(probability, function(classes)), 0.0
    paths = sample_target_paths(tree, n_paths, generator(seed))
    values = function(visited_classes(tree, paths))
    return float(values.mean()), float(values.std(ddof=1) / np.sqrt(n_paths))
