"""Sampling by counts: the same laws as particle by particle, at a cost independent of N.

Particles in one class are exchangeable, so a population is a vector of counts. Extending it splits
each class's count over its symbols, and multinomial resampling splits N over the classes of the
next depth in proportion to their weight; either is a sequence of binomial draws. The weight depends
on the edge, so it is added up edge by edge before resampling.

Each binomial draw compares a share with everything that comes after it (`rest`, summed from the
end): the last possible share meets a rest of exactly zero and takes all that is left, and a share
of zero takes nothing. No probability can exceed one by round-off.
"""

import math

import numpy as np

from treesmc.sims.jit import kernel
from treesmc.sims.kernels.moments import absorb
from treesmc.sims.kernels.walk import weigh

# Inversion computes (1 - p)^n from 1 - p, which keeps few digits of a tiny p. From here on a rare
# event is drawn as Poisson, at a total variation of at most p < 30 / LARGE from the binomial.
LARGE = 1 << 36
RARE = 30.0


@kernel
def rare_or_binomial(n, p, rng):
    """Draw Binomial(n, p), p <= 1/2."""
    if n > LARGE and n * p <= RARE:
        return rng.poisson(n * p)
    return rng.binomial(n, p)


@kernel
def share(n, mass, rest, rng):
    """Draw Binomial(n, mass / (mass + rest)) from its rarer side, which keeps the most digits."""
    rarer = rare_or_binomial(n, min(mass, rest) / (mass + rest), rng)
    return rarer if mass <= rest else n - rarer


@kernel
def sum_after(mass, rest):
    """Write the sum of all later entries of `mass` into `rest`; return the sum of all."""
    after = 0.0
    for s in range(len(mass) - 1, -1, -1):
        rest[s] = after
        after += mass[s]
    return after


@kernel
def split(n, mass, rest, counts, rng):
    """Split n multinomially into `counts`, in proportion to `mass`; `rest` as in `sum_after`."""
    left = n
    for s in range(len(mass)):
        counts[s] = 0
        if left > 0:
            counts[s] = share(left, mass[s], rest[s], rng)
            left -= counts[s]


@kernel
def spread_mass(policy, rest, ratio, child, first_edge, width, counts, mass, rng):
    """Extend a population of `counts` [S_t] by one step; write the weight `mass` [S_(t+1)]."""
    mass[:] = 0.0
    for s in range(len(counts)):
        left = counts[s]
        e = first_edge + s * width
        while left > 0:
            moved = share(left, policy[e], rest[e], rng)
            mass[child[e]] += moved * ratio[e]
            left -= moved
            e += 1


@kernel
def smc_counts(
    policy, edge_rest, ratio, child, log_scale, edge_start, n_classes, n_symbols,
    n, counts, mass, rest, rng,
):  # fmt: skip
    """Run one population of n; return log(Zhat / V(root)).

    `counts`, `mass` and `rest` are scratch for the widest depth; `mass` ends with the law of a draw
    by weight over terminal classes.
    """
    counts[0] = n
    log_Z = 0.0
    for t in range(len(log_scale)):
        here, there = n_classes[t], n_classes[t + 1]
        spread_mass(
            policy, edge_rest, ratio, child, edge_start[t], n_symbols[t],
            counts[:here], mass[:there], rng,
        )  # fmt: skip
        total = sum_after(mass[:there], rest[:there])
        log_Z += log_scale[t] + math.log(total / n)
        if t + 1 < len(log_scale):
            split(n, mass[:there], rest[:there], counts[:there], rng)
    for c in range(there):
        mass[c] /= total
    return log_Z


@kernel
def smc_counts_block(
    policy, edge_rest, ratio, child, log_scale, edge_start, n_classes, n_symbols,
    n, rng, mean, spread, log_Z_hat,
):  # fmt: skip
    """Run SMC by counts once per entry of `log_Z_hat` (without V(root)); accumulate output laws."""
    widest = n_classes.max()
    counts = np.empty(widest, np.int64)
    mass, rest = np.empty(widest), np.empty(widest)
    for r in range(len(log_Z_hat)):
        log_Z_hat[r] = smc_counts(
            policy, edge_rest, ratio, child, log_scale, edge_start, n_classes, n_symbols,
            n, counts, mass, rest, rng,
        )  # fmt: skip
        absorb(mass[: len(mean)], r + 1, mean, spread)


@kernel
def naive_counts_block(reference_law, log_phi, n, rng, mean, spread, log_Z_hat):
    """Run naive sampling of n once per entry of `log_Z_hat`; accumulate output laws."""
    hits = np.empty(len(log_phi), np.int64)
    rest, law = np.empty(len(log_phi)), np.empty(len(log_phi))
    sum_after(reference_law, rest)
    for r in range(len(log_Z_hat)):
        split(n, reference_law, rest, hits, rng)
        log_Z_hat[r] = weigh(hits, log_phi, law)
        absorb(law, r + 1, mean, spread)
