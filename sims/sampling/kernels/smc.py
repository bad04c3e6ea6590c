"""Sequential Monte Carlo, particle by particle.

N particles start at the root. At each step they are resampled (if their effective sample size is
low enough), extended by the proposal, and weighed by the incremental weight G of the edge they
crossed. With W the normalised weights before the step,

    Zhat = V(root) prod_t sum_i W_i G_i

is unbiased for Z under every scheme. After step T one particle is drawn by weight; the kernels
return the law of that draw given the population instead of the draw.

With one particle and the guided proposal this is single-particle guided sampling. The history is a
ring of rows: two rows are enough to run, T + 1 rows keep the whole genealogy. A row has RUN
entries more than particles, which resampling overwrites.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from treesmc.sims.base.elementary import log, settle
from treesmc.sims.base.jit import inlined_kernel, inner_kernel, kernel
from treesmc.sims.sampling.kernels.alias import cross
from treesmc.sims.sampling.kernels.resampling import RUN, Scratch, resample, running_sums, scratch
from treesmc.sims.sampling.kernels.running import absorb
from treesmc.sims.sampling.kernels.sfc64 import take
from treesmc.sims.trees.tree import FloatArray

_ZERO = np.uint64(0)


class Population(NamedTuple):
    """N particles and their history.

    Attributes
    ----------
    edges, ancestors : uint32[rows, N + RUN]
        Row t mod rows: cell of the edge crossed at step t, and particle of the previous row that
        crossed it.
    weights, carried : float64[N]
        Weights after the last step, and those before it.
    scratch : Scratch
        Its `sums` are the running sums of the weights.
    """

    edges: NDArray[np.uint32]
    ancestors: NDArray[np.uint32]
    weights: FloatArray
    carried: FloatArray
    scratch: Scratch


@kernel
def population(n, rows):
    """Return a population of n with room for a history of `rows` rows."""
    edges = np.empty((rows, n + RUN), np.uint32)
    return Population(edges, np.empty_like(edges), np.empty(n), np.empty(n), scratch(n))


@inner_kernel
def must_resample(weights, total, ess_threshold):
    """Is ess = (sum w)^2 / sum w^2 below ess_threshold N? A threshold of 1 means always."""
    if ess_threshold >= 1.0:
        return True
    squares = 0.0
    for w in weights:
        squares += w * w
    return total * total < ess_threshold * len(weights) * squares


@inlined_kernel
def extend(table, t, parents, ancestors, edges, weights, stream):
    """Move every particle across an edge of depth t; `weights` receives the new factor only."""
    threshold, alias, next_row, ratio = table.threshold, table.alias, table.next_row, table.ratio
    bits, done, n = table.bits[t], _ZERO, np.uint64(len(weights))
    while done < n:
        first, until = take(stream, done, n)
        for i in range(done, until):
            row = np.uint64(next_row[parents[ancestors[i]]])
            e = cross(threshold, alias, row, bits, stream[first + (i - done)])
            edges[i] = e
            weights[i] = ratio[e]
        done = until


@inner_kernel
def carry(weights, factor, carried):
    """Keep the weights times a factor."""
    for i in range(len(weights)):
        carried[i] = weights[i] * factor


@inner_kernel
def reweigh(weights, carried):
    """Multiply the new factors by what was kept."""
    for i in range(len(weights)):
        weights[i] *= carried[i]


@inner_kernel
def stay(ancestors, n):
    """Make each particle its own ancestor."""
    for i in range(n):
        ancestors[i] = i


@inner_kernel
def smc(table, scheme, ess_threshold, particles, stream):
    """Run one population; return log(Zhat / V(root))."""
    edges, ancestors, weights, carried, scratch = particles
    n, rows = len(weights), len(edges)
    edges[0, :n] = len(table.next_row) - 1
    total, mean, log_Z = 0.0, 1.0, 0.0
    for t in range(len(table.log_scale)):
        old, new = t % rows, (t + 1) % rows
        renewed = t > 0 and must_resample(weights, total, ess_threshold)
        if renewed:
            resample(scheme, weights, scratch, ancestors[new], stream)
        else:
            stay(ancestors[new], n)
            if t > 0:
                carry(weights, n / total, carried)
        extend(table, t, edges[old], ancestors[new], edges[new], weights, stream)
        if t > 0 and not renewed:
            reweigh(weights, carried)
        total = running_sums(weights, scratch.sums)
        mean, log_Z = settle(mean * (total / n), log_Z + table.log_scale[t])
    return log_Z + log(mean)


@inner_kernel
def final_law(next_row, edges, weights, law):
    """Write the law of a draw by weight over terminal classes."""
    law[:] = 0.0
    total = 0.0
    for i in range(len(weights)):
        law[next_row[edges[i]]] += weights[i]
        total += weights[i]
    for c in range(len(law)):
        law[c] /= total


@kernel
def smc_block(table, n, scheme, ess_threshold, stream, mean, spread, log_Z_hat):
    """Run SMC once per entry of `log_Z_hat` (written without V(root)); accumulate output laws."""
    particles = population(n, 2)
    law = np.empty(len(mean))
    last = particles.edges[len(table.log_scale) % 2]
    for r in range(len(log_Z_hat)):
        log_Z_hat[r] = smc(table, scheme, ess_threshold, particles, stream)
        final_law(table.next_row, last, particles.weights, law)
        absorb(law, r + 1, mean, spread)
