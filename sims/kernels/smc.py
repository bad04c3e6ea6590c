"""Sequential Monte Carlo, particle by particle.

N particles start at the root. At each step they are resampled (if their effective sample size is
low enough), extended by the proposal, and weighed by the incremental weight G of the edge they
crossed. With W the normalised weights before the step,

    Zhat = V(root) prod_t sum_i W_i G_i

is unbiased for Z under every scheme. After step T one particle is drawn by weight; the kernels
return the law of that draw given the population instead of the draw.

With one particle and the guided proposal this is single-particle guided sampling. The history is a
ring of rows: two rows are enough to run, T + 1 rows keep the whole genealogy.
"""

import math

import numpy as np

from treesmc.sims.jit import kernel
from treesmc.sims.kernels.moments import absorb
from treesmc.sims.kernels.resampling import resample
from treesmc.sims.kernels.walk import cross


@kernel
def must_resample(weights, total, ess_threshold):
    """Is ess = (sum w)^2 / sum w^2 below ess_threshold N? A threshold of 1 means always."""
    if ess_threshold >= 1.0:
        return True
    squares = 0.0
    for w in weights:
        squares += w * w
    return total * total < ess_threshold * len(weights) * squares


@kernel
def select(scheme, ess_threshold, weights, total, points, ancestors, rng):
    """Choose ancestors, by resampling or each particle its own; leave weights that sum to N."""
    n = len(weights)
    if must_resample(weights, total, ess_threshold):
        resample(scheme, weights, total, points, ancestors, rng)
        for i in range(n):
            weights[i] = 1.0
    else:
        for i in range(n):
            ancestors[i] = i
            weights[i] *= n / total


@kernel
def extend(cumulative, ratio, next_row, old_edges, ancestors, new_edges, weights, rng):
    """Move every particle across one edge and multiply its weight; return the sum of weights."""
    total = 0.0
    for i in range(len(weights)):
        e = cross(cumulative, next_row[old_edges[ancestors[i]]], rng)
        new_edges[i] = e
        weights[i] *= ratio[e]
        total += weights[i]
    return total


@kernel
def smc(
    cumulative, ratio, next_row, log_scale, scheme, ess_threshold,
    edges, ancestors, weights, points, rng,
):  # fmt: skip
    """Run one population; return log(Zhat / V(root)).

    Writes row t mod rows of `edges` and `ancestors` [rows, N] (edge crossed at step t, and particle
    of the previous row it was crossed from) and the final `weights` [N]; `points` [N] is scratch.
    """
    n = len(weights)
    rows = len(edges)
    for i in range(n):
        edges[0, i] = len(next_row) - 1
        ancestors[1, i] = i
        weights[i] = 1.0
    total = float(n)
    log_Z = 0.0
    for t in range(1, len(log_scale) + 1):
        old, new = (t - 1) % rows, t % rows
        if t > 1:
            select(scheme, ess_threshold, weights, total, points, ancestors[new], rng)
        total = extend(
            cumulative, ratio, next_row, edges[old], ancestors[new], edges[new], weights, rng
        )
        log_Z += log_scale[t - 1] + math.log(total / n)
    return log_Z


@kernel
def final_law(next_row, edges, weights, law):
    """Write the law of a draw by weight over terminal classes."""
    law[:] = 0.0
    total = 0.0
    for w in weights:
        total += w
    for i in range(len(weights)):
        law[next_row[edges[i]]] += weights[i] / total


@kernel
def smc_block(
    cumulative, ratio, next_row, log_scale, n, scheme, ess_threshold,
    rng, mean, spread, log_Z_hat,
):  # fmt: skip
    """Run SMC once per entry of `log_Z_hat` (written without V(root)); accumulate output laws."""
    edges = np.empty((2, n), np.int64)
    ancestors = np.empty((2, n), np.int64)
    weights, points = np.empty(n), np.empty(n)
    law = np.empty(len(mean))
    last = edges[len(log_scale) % 2]
    for r in range(len(log_Z_hat)):
        log_Z_hat[r] = smc(
            cumulative, ratio, next_row, log_scale, scheme, ess_threshold,
            edges, ancestors, weights, points, rng,
        )  # fmt: skip
        final_law(next_row, last, weights, law)
        absorb(law, r + 1, mean, spread)
