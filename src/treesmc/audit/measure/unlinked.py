r"""The variance of each step from prefixes that do not say which path they belong to.

v_t + 1 = E_ref[V*(x_t)^2 / V(x_{t-1})] E_ref[V(x_{t-1})] / Z^2 needs a prefix x_{t-1} and a child
of it. A line has both, but knows only V at the children, and V* at the prefix (if it has rollouts).
So the children are taken to share the drift of their parent,

    V*(child) ~ V(child) V*(x_{t-1}) / V(x_{t-1}),

exact where the first symbols decide the drift (the compounding case), an approximation elsewhere;
at the last step no V* is needed. Without rollouts V* is taken to be V. How the steps go together
along a path stays unknown: from here come v and the bound sqrt(v/(2N)), no prediction.
"""

from __future__ import annotations

import numpy as np

from treesmc.audit.log.logs import Probes
from treesmc.audit.measure.bootstrap import Clusters, weighted_sums
from treesmc.sims.base import portable
from treesmc.sims.trees.tree import FloatArray, IntArray


def unlinked_steps(probes: Probes, clusters: Clusters, horizon: int) -> FloatArray:
    """Return v_t, float64[1 + B, T]: of the log, and of each replicate; nan at unprobed depths."""
    lines = np.flatnonzero(np.isfinite(probes.log_value))
    value = probes.log_value[lines]
    corrected = (probes.rollouts.count[lines] >= 2) & (probes.depth[lines] < horizon - 1)
    log_drift2 = np.where(corrected, probes.rollouts.pair[lines] - 2 * value, 0.0)
    log_mean = np.where(corrected, probes.rollouts.mean[lines], probes.children.mean[lines])
    log_square = probes.children.mean_square()[lines] + log_drift2 - value
    cell = probes.depth[lines].astype(np.int64) * len(probes.prompts) + probes.prompt[lines]
    weight = probes.log_weight[lines]
    with np.errstate(over="ignore", invalid="ignore"):  # of a cell without reward v is not known
        log_norm = _log_cell_mean(value, weight, cell) - 2 * _log_cell_mean(log_mean, weight, cell)
        ratio = portable.exp(
            log_square + log_norm + weight - _log_cell_mean(0 * value, weight, cell)
        )
    depth = probes.depth[lines]
    return _replicated_means(ratio, clusters, lines, depth, horizon) - 1


def _replicated_means(
    x: FloatArray, clusters: Clusters, lines: IntArray, depth: IntArray, horizon: int
) -> FloatArray:
    code, width = clusters.code[lines], clusters.count
    cell = code * horizon + depth
    total, count = (
        np.bincount(cell, w, width * horizon).reshape(width, horizon) for w in (x, None)
    )
    rows = np.vstack([np.ones((1, width)), clusters.weights])
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.asarray(weighted_sums(rows, total) / portable.matmul(rows, count))


def _log_cell_mean(log_x: FloatArray, log_weight: FloatArray, cell: IntArray) -> FloatArray:
    """Return, per line, log of the mean of weighted x over the lines of its cell."""
    terms = log_x + log_weight
    largest = np.full(cell.max() + 1, -np.inf)
    np.maximum.at(largest, cell, terms)
    shift = np.where(np.isfinite(largest), largest, 0.0)
    with np.errstate(divide="ignore"):
        total = np.bincount(cell, portable.exp(terms - shift[cell])) / np.maximum(
            np.bincount(cell), 1
        )
        return (shift + portable.log(total))[cell]
