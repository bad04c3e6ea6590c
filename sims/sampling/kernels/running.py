"""Mean and spread of a vector over observations.

The spread is the sum of squared deviations from the mean. It is updated by Welford's recurrence:
sums of squares would lose the variance of a law that hardly varies between replicates, as it does
at large N. For indicators, hits are counted and nothing is lost.
"""

from treesmc.sims.base.jit import inner_kernel


@inner_kernel
def absorb(x, count, mean, spread):
    """Take the `count`-th observation into `mean` and `spread`."""
    for c in range(len(x)):
        deviation = x[c] - mean[c]
        mean[c] += deviation / count
        spread[c] += deviation * (x[c] - mean[c])


@inner_kernel
def absorb_hits(count, mean, spread):
    """Turn the hits in `mean`, of `count` observations that hit one entry each, into moments."""
    for c in range(len(mean)):
        hits = mean[c]
        mean[c] = hits / count
        spread[c] = hits * (count - hits) / count
