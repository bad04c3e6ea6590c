"""Conditional SMC, particle by particle: one particle is frozen on a path, N - 1 are free.

The free particles draw their ancestors multinomially from all N, the frozen one included, at every
step; the frozen particle extends itself along its path (Andrieu, Doucet & Holenstein 2010). It is
particle 0 of a `Population`, and its path is given as the cell it crosses at each depth.
"""

from treesmc.sims.base.elementary import log, settle
from treesmc.sims.base.jit import inner_kernel, kernel
from treesmc.sims.sampling.kernels.resampling import multinomial, running_sums
from treesmc.sims.sampling.kernels.running import absorb
from treesmc.sims.sampling.kernels.smc import extend, final_law, population, stay


@inner_kernel
def conditional_smc(table, cells, particles, stream):
    """Run one population with particle 0 frozen on `cells`; return log(Zhat / V(root))."""
    edges, ancestors, weights, _, scratch = particles
    n, rows = len(weights), len(edges)
    edges[0, :n] = len(table.next_row) - 1
    mean, log_Z = 1.0, 0.0
    for t in range(len(cells)):
        old, new = t % rows, (t + 1) % rows
        stay(ancestors[new], n)
        if t > 0:
            multinomial(scratch, ancestors[new, 1:n], stream)
        extend(table, t, edges[old], ancestors[new, 1:], edges[new, 1:], weights[1:], stream)
        edges[new, 0] = cells[t]
        weights[0] = table.ratio[cells[t]]
        mean *= running_sums(weights, scratch.sums) / n
        mean, log_Z = settle(mean, log_Z + table.log_scale[t])
    return log_Z + log(mean)


@kernel
def conditional_smc_block(table, cells, n, stream, mean, spread, log_Z_hat):
    """Run conditional SMC once per entry of `log_Z_hat`; as `smc.smc_block`."""
    particles = population(n, 2)
    law = mean.copy()
    last = particles.edges[len(cells) % 2]
    for r in range(len(log_Z_hat)):
        log_Z_hat[r] = conditional_smc(table, cells, particles, stream)
        final_law(table.next_row, last, particles.weights, law)
        absorb(law, r + 1, mean, spread)
