"""Sampling by counts: the same laws as particle by particle, at a cost that stops growing with N.

Particles in one class are exchangeable, so where only laws are asked for, a population is a vector
of masses: the weight it has in each class. A step with multinomial resampling splits N over the
classes in proportion to mass, each class's share over its symbols, and adds up the weight of every
edge in the class it leads to. A split is a binomial draw at every node of a tree of sums
(`binomial`); a class with few particles has its symbols drawn one by one (`alias`).
"""

from typing import NamedTuple

import numpy as np

from treesmc.sims.base.elementary import log, settle
from treesmc.sims.base.jit import inlined_kernel, inner_kernel, kernel
from treesmc.sims.sampling.kernels.alias import cross
from treesmc.sims.sampling.kernels.binomial import plan_split, split
from treesmc.sims.sampling.kernels.running import absorb
from treesmc.sims.sampling.kernels.sfc64 import take
from treesmc.sims.trees.tree import FloatArray, IntArray

# Measured: with fewer draws than this per cell, one by one is cheaper than a binomial per node.
FEW_PER_CELL = 8
_ZERO = np.uint64(0)


class Counts(NamedTuple):
    """Working arrays of a population of counts.

    Attributes
    ----------
    heap, next_heap : float64[2 leaves]
        Trees of sums over the classes of this depth and the next; leaves are masses.
    plan : float64[leaves]
        How to split particles over the classes of this depth.
    numbers : int64[2 leaves]
        Particles at the nodes of `heap`.
    row : int64[2 cells]
        Particles at the nodes of one row.
    """

    heap: FloatArray
    next_heap: FloatArray
    plan: FloatArray
    numbers: IntArray
    row: IntArray


@inner_kernel
def leaves_of(n):
    """Return the number of leaves, a power of two, of the tree over n classes."""
    leaves = 1
    while leaves < n:
        leaves *= 2
    return leaves


@kernel
def counts(table):
    """Return working arrays for a table."""
    widest = table.n_classes.max()
    nodes = 2 * leaves_of(widest)
    row = np.empty(2 << np.int64(table.bits.max()), np.int64)
    heaps = np.empty((3, nodes))
    return Counts(heaps[0], heaps[1], heaps[2], np.empty(nodes, np.int64), row)


@inlined_kernel
def tally(table, row, bits, n, numbers, stream):
    """Count the symbols of n draws from a row in the leaves of `numbers`."""
    cells = len(numbers) // 2
    if n >= FEW_PER_CELL * cells:
        split(n, table.plan, np.int64(row), numbers, stream)
        return
    numbers[cells:] = 0
    to_leaf = np.uint64(cells) - row  # modulo 2^64
    done, draws = _ZERO, np.uint64(n)
    while done < draws:
        first, until = take(stream, done, draws)
        for i in range(done, until):
            e = cross(table.threshold, table.alias, row, bits, stream[first + (i - done)])
            numbers[to_leaf + e] += 1
        done = until


@inlined_kernel
def spread_class(table, t, s, n, numbers, mass, stream):
    """Send n particles of class s across the edges of depth t; add their weights to `mass`."""
    bits = table.bits[t]
    row = table.first_row[t] + (np.uint64(s) << bits)
    first, next_bits = table.first_row[t + 1], table.bits[t + 1]
    numbers = numbers[: 2 << np.int64(bits)]
    tally(table, row, bits, n, numbers, stream)
    cells = len(numbers) // 2
    for b in range(cells):
        e = row + np.uint64(b)
        child = (np.uint64(table.next_row[e]) - first) >> next_bits
        mass[child] += numbers[cells + b] * table.ratio[e]


@inlined_kernel
def step(table, t, n, heap, plan, numbers, row, mass, stream):
    """Resample n from the leaves of `heap` and extend them, class by class."""
    plan_split(heap, plan)
    split(n, plan, 0, numbers, stream)
    leaves = len(heap) // 2
    for s in range(table.n_classes[t]):
        if numbers[leaves + s] > 0:
            spread_class(table, t, s, numbers[leaves + s], row, mass, stream)


@inner_kernel
def smc_counts(table, n, arrays, law, stream):
    """Run one population of n; write the law of a draw by weight; return log(Zhat / V(root))."""
    heap, next_heap, plan, numbers, row = arrays
    heap[1] = 1.0
    mean, log_Z = 1.0, 0.0
    for t in range(len(table.log_scale)):
        here, there = table.n_classes[t], table.n_classes[t + 1]
        leaves, next_leaves = leaves_of(here), leaves_of(there)
        next_heap[next_leaves : 2 * next_leaves] = 0.0
        mass = next_heap[next_leaves : next_leaves + there]
        step(table, t, n, heap[: 2 * leaves], plan, numbers[: 2 * leaves], row, mass, stream)
        total = mass.sum()
        mean, log_Z = settle(mean * (total / n), log_Z + table.log_scale[t])
        heap, next_heap = next_heap, heap
    for c in range(there):
        law[c] = mass[c] / total
    return log_Z + log(mean)


@kernel
def smc_counts_block(table, n, stream, mean, spread, log_Z_hat):
    """Run SMC by counts once per entry of `log_Z_hat` (without V(root)); accumulate output laws."""
    arrays = counts(table)
    law = np.empty(len(mean))
    for r in range(len(log_Z_hat)):
        log_Z_hat[r] = smc_counts(table, n, arrays, law, stream)
        absorb(law, r + 1, mean, spread)
