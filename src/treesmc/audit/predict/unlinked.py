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

import math

import numpy as np

from treesmc.audit.log.probes import Probes
from treesmc.audit.measure.bootstrap import Clusters, log_group_mean, weighted_sums
from treesmc.audit.predict.routes import SCENARIO, Route, measured_route, variance_route
from treesmc.sims.base import portable
from treesmc.sims.trees.tree import FloatArray


def unlinked_steps(probes: Probes, clusters: Clusters, horizon: int) -> FloatArray:
    """Return v_t, float64[1 + B, T]: of the log, and of each replicate; nan at unprobed depths."""
    lines = np.flatnonzero(np.isfinite(probes.log_value))
    value = probes.log_value[lines]
    corrected = (probes.rollouts.count[lines] >= 2) & (probes.depth[lines] < horizon - 1)
    log_drift2 = np.where(corrected, probes.rollouts.pair[lines] - 2 * value, 0.0)
    log_mean = np.where(corrected, probes.rollouts.mean[lines], probes.children.mean[lines])
    log_square = probes.children.mean_square(lines) + log_drift2 - value
    cell = probes.depth[lines].astype(np.int64) * len(probes.prompts) + probes.prompt[lines]
    weight = probes.log_weight[lines]
    with np.errstate(over="ignore", invalid="ignore"):  # of a cell without reward v is not known
        log_norm = log_group_mean(value, weight, cell) - 2 * log_group_mean(log_mean, weight, cell)
        ratio = portable.exp(
            log_square + log_norm + weight - log_group_mean(0 * value, weight, cell)
        )
    place = clusters.code[lines] * horizon + probes.depth[lines]
    shape = clusters.count, horizon
    total, count = (np.bincount(place, w, math.prod(shape)).reshape(shape) for w in (ratio, None))
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = weighted_sums(clusters.rows, total) / portable.matmul(clusters.rows, count)
    return np.asarray(mean - 1)


INDEPENDENT = "first order (S6), were the errors of different steps independent"
ALIGNED = "first order (S6), were they all of one sign along each path"
LOOSE = "v from prefixes that name no path: children share their parent's drift"


def unlinked_routes(v: FloatArray, clusters: Clusters, delta: float) -> list[Route]:
    """Return Pinsker's route, and scenarios from v_t, [1 + B, T], were steps independent or alike.

    The first-order law is N TV = E_pi|b - v| / 2. Of the gains of single steps only the spreads
    are known, about the roots of v_t. Added up they are nearly normal if independent, with
    E|b - v| / 2 = sd / sqrt(2 pi); whatever they are, E|b - v| is at most the sum of the spreads.
    """
    spread = np.sqrt(np.maximum(v, 0.0))
    alone = np.sqrt((spread * spread).sum(axis=1) / (2 * math.pi))
    alike = spread.sum(axis=1) / 2
    return [
        variance_route(v.sum(axis=1), clusters, delta, LOOSE),
        measured_route("independent", SCENARIO, alone, delta, clusters, INDEPENDENT),
        measured_route("aligned", SCENARIO, alike, delta, clusters, ALIGNED),
    ]
