"""What the article says of pools: the least cost of Algorithm 2, its limit, and its degree in T."""

from treesmc.figures.latex import fitted
from treesmc.figures.pool.fits import fit_degree
from treesmc.figures.rows import of
from treesmc.sims.sweeps.shards import Row


def numbers(rows: list[Row]) -> dict[str, str]:
    """Return the least cost at eps = 1/T, its limit, and the degrees of the cost in T."""
    last = of(rows, series="least", c=1)[-1]
    return {
        "PoolDelta": f"{last['delta']:g}",
        "PoolHorizon": f"{last['T']:g}",
        "PoolShare": rf"\ensuremath{{{last['cost'] / last['T'] ** 2:.2f}\,T^2}}",
        "PoolLeast": f"{last['M']:g}",
        "PoolIterations": f"{last['H']:g}",
        "PoolLimit": f"{of(rows, series='limit', c=1)[0]['cost']:.2f}",
        "PoolFixed": f"{of(rows, series='fixed H', c=1)[0]['H']:g}",
        "PoolDegree": fitted(fit_degree(rows, 1.0), "log T"),
        "PoolExactDegree": fitted(fit_degree(rows, 0.0), "log T"),
    }
