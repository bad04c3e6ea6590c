"""Running mean and spread of a vector, by Welford's recurrence.

Sums of squares would lose the variance of a law that hardly varies between replicates, as it does
at large N.
"""

from treesmc.sims.jit import kernel


@kernel
def absorb(x, count, mean, spread):
    """Take the `count`-th observation into `mean` and `spread` (sum of squared deviations)."""
    for c in range(len(x)):
        deviation = x[c] - mean[c]
        mean[c] += deviation / count
        spread[c] += deviation * (x[c] - mean[c])
