"""Sampling from the reference policy: single steps, naive sampling and rejection sampling.

Naive sampling draws n complete sequences from pi_ref and returns one with probability proportional
to phi. Only the number of samples in each terminal class matters, so nothing of size n is stored.
Rejection sampling accepts a sequence with probability phi / sup phi; what it returns has law pi.
"""

import math

import numpy as np

from treesmc.sims.jit import kernel
from treesmc.sims.kernels.moments import absorb


@kernel
def cross(cumulative, first_edge, rng):
    """Return the edge crossed from the row that starts at `first_edge`, by inverse cdf.

    The tables end every row at cumulative probability 1, so the search stops within the row.
    """
    u = rng.random()
    e = first_edge
    while u >= cumulative[e]:
        e += 1
    return e


@kernel
def walk(cumulative, next_row, horizon, rng):
    """Return the terminal class of one sequence."""
    row = next_row[-1]
    for _ in range(horizon):
        row = next_row[cross(cumulative, row, rng)]
    return row


@kernel
def weigh(hits, log_phi, law):
    """Write the law of a draw by weight phi from `hits`; return log of the mean phi."""
    largest = -math.inf
    for c in range(len(hits)):
        if hits[c] > 0:
            largest = max(largest, log_phi[c])
    n, total = 0, 0.0
    for c in range(len(hits)):
        n += hits[c]
        law[c] = hits[c] * math.exp(min(log_phi[c] - largest, 0.0))
        total += law[c]
    for c in range(len(hits)):
        law[c] /= total
    return largest + math.log(total / n)


@kernel
def naive(cumulative, next_row, horizon, n, rng, hits):
    """Count the terminal classes of n sequences in `hits` (overwritten)."""
    hits[:] = 0
    for _ in range(n):
        hits[walk(cumulative, next_row, horizon, rng)] += 1


@kernel
def naive_block(cumulative, next_row, horizon, log_phi, n, rng, mean, spread, log_Z_hat):
    """Run naive sampling once per entry of `log_Z_hat`; accumulate output laws."""
    hits = np.empty(len(log_phi), np.int64)
    law = np.empty(len(log_phi))
    for r in range(len(log_Z_hat)):
        naive(cumulative, next_row, horizon, n, rng, hits)
        log_Z_hat[r] = weigh(hits, log_phi, law)
        absorb(law, r + 1, mean, spread)


@kernel
def rejection(cumulative, next_row, horizon, acceptance, rng):
    """Return the first accepted terminal class and the number of attempts."""
    attempts = 1
    c = walk(cumulative, next_row, horizon, rng)
    while rng.random() >= acceptance[c]:
        attempts += 1
        c = walk(cumulative, next_row, horizon, rng)
    return c, attempts


@kernel
def rejection_block(cumulative, next_row, horizon, acceptance, rng, mean, spread, attempts):
    """Run rejection sampling once per entry of `attempts`; accumulate indicators."""
    law = np.zeros(len(acceptance))
    for r in range(len(attempts)):
        c, attempts[r] = rejection(cumulative, next_row, horizon, acceptance, rng)
        law[c] = 1.0
        absorb(law, r + 1, mean, spread)
        law[c] = 0.0
