"""Independent sequences: naive sampling, rejection sampling, weighted single sequences.

Naive sampling draws n complete sequences from pi_ref and returns one with probability proportional
to phi. Only the number of samples in each terminal class matters, so nothing of size n is stored.
Rejection sampling accepts a sequence with probability phi / sup phi; what it returns has law pi.
Single-particle guided sampling returns one sequence of the guided proposal and its weight.

A sequence waits for each of its steps to end before the next can begin, so WALKERS of them walk
side by side.
"""

import math

import numpy as np

from treesmc.sims.base.elementary import exp, log, settle
from treesmc.sims.base.jit import inner_kernel, kernel
from treesmc.sims.sampling.kernels.alias import cross
from treesmc.sims.sampling.kernels.binomial import split
from treesmc.sims.sampling.kernels.running import absorb, absorb_hits
from treesmc.sims.sampling.kernels.sfc64 import take, uniform, word

WALKERS = 64
FEW_PER_CLASS = 8  # below so many samples per terminal class, they are drawn one by one
_ZERO = np.uint64(0)


@inner_kernel
def advance(table, t, rows, stream):
    """Move all walkers across one edge of depth t."""
    threshold, alias, next_row, bits = table.threshold, table.alias, table.next_row, table.bits[t]
    done, n = _ZERO, np.uint64(len(rows))
    while done < n:
        first, until = take(stream, done, n)
        for i in range(done, until):
            e = cross(threshold, alias, np.uint64(rows[i]), bits, stream[first + (i - done)])
            rows[i] = next_row[e]
        done = until


@inner_kernel
def walk(table, rows, stream):
    """Take all walkers from the root to a terminal class."""
    rows[:] = 0
    for t in range(len(table.log_scale)):
        advance(table, t, rows, stream)


@inner_kernel
def weighted_step(table, t, rows, weights, log_weights, stream):
    """Move all walkers across one edge of depth t and multiply their weights."""
    threshold, alias, next_row, bits = table.threshold, table.alias, table.next_row, table.bits[t]
    for i in range(len(rows)):
        e = cross(threshold, alias, np.uint64(rows[i]), bits, word(stream))
        rows[i] = next_row[e]
        weights[i], log_weights[i] = settle(weights[i] * table.ratio[e], log_weights[i])


@kernel
def sequence_block(table, stream, mean, spread, log_Z_hat):
    """Draw one weighted sequence per entry of `log_Z_hat`; accumulate indicators."""
    rows, weights = np.zeros(len(log_Z_hat), np.uint32), np.ones(len(log_Z_hat))
    log_Z_hat[:] = table.log_scale.sum()
    for t in range(len(table.log_scale)):
        weighted_step(table, t, rows, weights, log_Z_hat, stream)
    for r in range(len(log_Z_hat)):
        log_Z_hat[r] += log(weights[r])
        mean[rows[r]] += 1.0
    absorb_hits(len(log_Z_hat), mean, spread)


@inner_kernel
def weigh(hits, log_phi, law):
    """Write the law of a draw by weight phi from `hits`; return log of the mean phi."""
    largest = -math.inf
    for c in range(len(hits)):
        if hits[c] > 0:
            largest = max(largest, log_phi[c])
    n, total = 0, 0.0
    for c in range(len(hits)):
        n += hits[c]
        law[c] = hits[c] * exp(log_phi[c] - largest) if hits[c] > 0 else 0.0
        total += law[c]
    for c in range(len(hits)):
        law[c] /= total
    return largest + log(total / n)


@inner_kernel
def naive(table, n, walkers, stream, hits):
    """Count the terminal classes of n sequences in `hits` (overwritten)."""
    hits[:] = 0
    for start in range(0, n, len(walkers)):
        rows = walkers[: n - start]
        walk(table, rows, stream)
        for i in range(len(rows)):
            hits[rows[i]] += 1


@kernel
def naive_block(table, log_phi, n, stream, mean, spread, log_Z_hat):
    """Run naive sampling once per entry of `log_Z_hat`; accumulate output laws."""
    walkers = np.empty(WALKERS, np.uint32)
    hits, law = np.empty(len(log_phi), np.int64), np.empty(len(log_phi))
    for r in range(len(log_Z_hat)):
        naive(table, n, walkers, stream, hits)
        log_Z_hat[r] = weigh(hits, log_phi, law)
        absorb(law, r + 1, mean, spread)


@inner_kernel
def count_draws(row, n, numbers, stream):
    """Count n draws from a single row in the leaves of `numbers`."""
    leaves = len(numbers) // 2
    if n >= FEW_PER_CLASS * leaves:
        split(n, row.plan, 0, numbers, stream)
        return
    numbers[leaves:] = 0
    for _ in range(n):
        c = cross(row.threshold, row.alias, np.uint64(0), row.bits, word(stream))
        numbers[leaves + np.int64(c)] += 1


@kernel
def naive_counts_block(row, log_phi, n, stream, mean, spread, log_Z_hat):
    """Run naive sampling on terminal classes, whose reference law is a row; as `naive_block`."""
    numbers, law = np.empty(2 * len(row.threshold), np.int64), np.empty(len(log_phi))
    hits = numbers[len(row.threshold) :][: len(log_phi)]
    for r in range(len(log_Z_hat)):
        count_draws(row, n, numbers, stream)
        log_Z_hat[r] = weigh(hits, log_phi, law)
        absorb(law, r + 1, mean, spread)


@kernel
def rejection_block(table, acceptance, stream, mean, spread, attempts):
    """Run rejection sampling once per entry of `attempts` (zero before); accumulate indicators.

    Attempts that a replicate leaves over are taken by the next.
    """
    walkers = np.empty(WALKERS, np.uint32)
    used = WALKERS
    for r in range(len(attempts)):
        accepted = False
        while not accepted:
            if used == WALKERS:
                walk(table, walkers, stream)
                used = 0
            c = walkers[used]
            used += 1
            attempts[r] += 1
            accepted = uniform(stream) < acceptance[c]
        mean[c] += 1.0
    absorb_hits(len(attempts), mean, spread)
