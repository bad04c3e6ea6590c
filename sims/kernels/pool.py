"""Pool Metropolis-Hastings (Zhu & Lu 2026, Algorithm 2, as stated in arXiv:2602.01381).

A proposal is built step by step: draw M children from pi_ref, pick one with probability
proportional to V, and multiply a weight w by V(picked) / mean_pool(V). A proposal is accepted
against the current state with probability min(1, w_cur phi(prop) / (w_prop phi(cur))); the weight
belongs to the state.

Along a proposal phi / w telescopes to V(root) prod_t mean_pool(G_t), the estimator Zhat of one
proposal, unbiased for Z. So the rule reads: accept with probability min(1, Zhat_prop / Zhat_cur).
The marginal target is pi for every M >= 1.
"""

import math

import numpy as np

from treesmc.sims.jit import kernel
from treesmc.sims.kernels.moments import absorb
from treesmc.sims.kernels.walk import cross


@kernel
def pick(running, rng):
    """Return an index with probability proportional to the steps of the running sum.

    Stops where the sum is complete: an entry without weight cannot be picked, nor an end overrun.
    """
    total = running[-1]
    x = rng.random() * total
    i = 0
    while x >= running[i] and running[i] < total:
        i += 1
    return i


@kernel
def propose(cumulative, ratio, next_row, log_scale, pool, running, rng):
    """Build one proposal; return its terminal class and log(Zhat / V(root)).

    `pool` [M] (edges) and `running` [M] (running sum of their weights) are scratch.
    """
    row = next_row[-1]
    log_Z = 0.0
    for t in range(len(log_scale)):
        total = 0.0
        for i in range(len(pool)):
            pool[i] = cross(cumulative, row, rng)
            total += ratio[pool[i]]
            running[i] = total
        log_Z += log_scale[t] + math.log(total / len(pool))
        row = next_row[pool[pick(running, rng)]]
    return row, log_Z


@kernel
def pool_mh(cumulative, ratio, next_row, log_scale, n_iterations, pool, running, rng):
    """Run one chain; return its last terminal class and log of the mean Zhat / V(root)."""
    c, log_Z = propose(cumulative, ratio, next_row, log_scale, pool, running, rng)
    log_sum = log_Z
    for _ in range(n_iterations):
        new_c, new_log_Z = propose(cumulative, ratio, next_row, log_scale, pool, running, rng)
        log_sum = np.logaddexp(log_sum, new_log_Z)
        if rng.random() < math.exp(min(new_log_Z - log_Z, 0.0)):
            c, log_Z = new_c, new_log_Z
    return c, log_sum - math.log(n_iterations + 1)


@kernel
def pool_mh_block(
    cumulative, ratio, next_row, log_scale, pool_size, n_iterations, rng, mean, spread, log_Z_hat
):
    """Run one chain per entry of `log_Z_hat` (without V(root)); accumulate indicators."""
    pool, running = np.empty(pool_size, np.int64), np.empty(pool_size)
    law = np.zeros(len(mean))
    for r in range(len(log_Z_hat)):
        c, log_Z_hat[r] = pool_mh(
            cumulative, ratio, next_row, log_scale, n_iterations, pool, running, rng
        )
        law[c] = 1.0
        absorb(law, r + 1, mean, spread)
        law[c] = 0.0
