"""Paths of the target: exact sampling, exhaustive enumeration, and expectations by either.

Under the target pi a path is a Markov chain over classes whose policy is Doob's transform of
pi_ref by V*, so paths are drawn exactly, without weights. When a tree has few paths of positive
probability, as an explicit tree of small horizon or the needle at any, they are enumerated and an
expectation under pi is a finite sum.
"""

from collections.abc import Callable

import numpy as np

from treesmc.sims.errors import BadInput
from treesmc.sims.streams import generator
from treesmc.sims.tree import FloatArray, IntArray, TreeMDP
from treesmc.sims.values import target_policy

ENUMERATION_LIMIT = 2**16
"""Up to this many paths, expectations over paths are exact."""


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


def path_count(tree: TreeMDP) -> float:
    """Return the number of paths of positive probability (a float: it may be astronomical)."""
    count = np.ones(tree.n_classes[-1])
    with np.errstate(over="ignore"):
        for t in reversed(range(tree.horizon)):
            count = np.where(tree.policy_at(t) > 0, count[tree.child_at(t)], 0.0).sum(axis=1)
    return float(count[0])


def enumerate_target_paths(tree: TreeMDP) -> tuple[IntArray, FloatArray]:
    """List all paths of positive probability and their probabilities under the target.

    Returns
    -------
    paths : int64[n, T]
        Symbols, in lexicographic order.
    probability : float64[n]
        Sums to one.
    """
    policy = target_policy(tree)
    paths = np.zeros((1, 0), dtype=np.int64)
    classes = np.zeros(1, dtype=np.int64)
    probability = np.ones(1)
    for t in range(tree.horizon):
        path, symbol = np.nonzero(tree.policy_at(t)[classes] > 0)
        probability = probability[path] * tree.edge_layer(policy, t)[classes[path], symbol]
        classes = tree.child_at(t)[classes[path], symbol]
        paths = np.column_stack([paths[path], symbol])
    return paths, probability


def target_expectation(
    tree: TreeMDP, function: Callable[[IntArray], FloatArray], n_paths: int, seed: int
) -> tuple[float, float]:
    """Return E_{x~pi}[function(x)] and its standard error.

    Parameters
    ----------
    tree : TreeMDP
    function : callable
        Maps symbols int64[n, T] to values float64[n].
    n_paths : int
        Paths to draw, at least 2, if the tree has more than `ENUMERATION_LIMIT`.
    seed : int
        Names the stream they are drawn from.

    Returns
    -------
    value, stderr : float
        The standard error is 0 where the paths were enumerated: the value is exact.
    """
    if path_count(tree) <= ENUMERATION_LIMIT:
        paths, probability = enumerate_target_paths(tree)
        return float(probability @ function(paths)), 0.0
    values = function(sample_target_paths(tree, n_paths, generator(seed)))
    return float(values.mean()), float(values.std(ddof=1) / np.sqrt(n_paths))
