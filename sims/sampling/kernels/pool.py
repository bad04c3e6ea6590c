"""Pool Metropolis-Hastings (Zhu & Lu 2026, Algorithm 2, as stated in arXiv:2602.01381).

A proposal is built step by step: draw M children from pi_ref, pick one with probability
proportional to V, and multiply a weight w by V(picked) / mean_pool(V). A proposal is accepted
against the current state with probability min(1, w_cur phi(prop) / (w_prop phi(cur))); the weight
belongs to the state.

Along a proposal phi / w telescopes to V(root) prod_t mean_pool(G_t), the estimator Zhat of one
proposal, unbiased for Z. So the rule reads: accept with probability min(1, Zhat_prop / Zhat_cur).
The marginal target is pi for every M >= 1.

Children with one symbol are alike: a pool is kept as the number of its members per symbol, so a
large one costs no more than a binomial per symbol (`tally`).
"""

import numpy as np

from treesmc.sims.base.elementary import exp, log, logaddexp, settle
from treesmc.sims.base.jit import inner_kernel, kernel
from treesmc.sims.sampling.kernels.counts import tally
from treesmc.sims.sampling.kernels.running import absorb_hits
from treesmc.sims.sampling.kernels.sfc64 import uniform


@inner_kernel
def pick(weights, total, u):
    """Return an index with probability proportional to `weights`, which add up to `total`.

    Without weight there is no picking an entry, whatever the rounding: the last that has some is
    returned at the end.
    """
    x, running, picked = u * total, 0.0, 0
    for i in range(len(weights)):
        if weights[i] > 0.0:
            picked = i
            running += weights[i]
            if x < running:
                break
    return picked


@inner_kernel
def propose(table, pool_size, numbers, weights, stream):
    """Build one proposal; return its terminal class and log(Zhat / V(root)).

    `numbers` (of the widest row's nodes) and `weights` (of its cells) are scratch.
    """
    row = np.uint64(0)
    mean, log_Z = 1.0, 0.0
    for t in range(len(table.log_scale)):
        cells = 1 << np.int64(table.bits[t])
        tally(table, row, table.bits[t], pool_size, numbers[: 2 * cells], stream)
        total = 0.0
        for b in range(cells):
            weights[b] = numbers[cells + b] * table.ratio[row + np.uint64(b)]
            total += weights[b]
        mean, log_Z = settle(mean * (total / pool_size), log_Z + table.log_scale[t])
        picked = pick(weights[:cells], total, uniform(stream))
        row = np.uint64(table.next_row[row + np.uint64(picked)])
    return row, log_Z + log(mean)


@inner_kernel
def pool_mh(table, pool_size, n_iterations, numbers, weights, stream):
    """Run one chain; return its last terminal class and log of the mean Zhat / V(root)."""
    c, log_Z = propose(table, pool_size, numbers, weights, stream)
    log_sum = log_Z
    for _ in range(n_iterations):
        new_c, new_log_Z = propose(table, pool_size, numbers, weights, stream)
        log_sum = logaddexp(log_sum, new_log_Z)
        if uniform(stream) < exp(min(new_log_Z - log_Z, 0.0)):
            c, log_Z = new_c, new_log_Z
    return c, log_sum - log(n_iterations + 1.0)


@kernel
def pool_mh_block(table, pool_size, n_iterations, stream, mean, spread, log_Z_hat):
    """Run one chain per entry of `log_Z_hat` (without V(root)); accumulate indicators."""
    cells = 1 << np.int64(table.bits.max())
    numbers, weights = np.empty(2 * cells, np.int64), np.empty(cells)
    for r in range(len(log_Z_hat)):
        c, log_Z_hat[r] = pool_mh(table, pool_size, n_iterations, numbers, weights, stream)
        mean[c] += 1.0
    absorb_hits(len(log_Z_hat), mean, spread)
