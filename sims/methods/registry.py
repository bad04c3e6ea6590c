"""All methods, by name."""

from treesmc.sims.methods import guided, naive, pool_mh, reference, rejection, smc, target
from treesmc.sims.methods.method import Method

METHODS: dict[str, Method] = {
    method.name: method
    for method in (
        target.METHOD,
        reference.METHOD,
        naive.METHOD,
        smc.METHOD,
        smc.GUIDED,
        guided.METHOD,
        rejection.METHOD,
        pool_mh.METHOD,
    )
}

COSTED = {name: method for name, method in METHODS.items() if method.n_star}
"""Those that have a cost of a total variation."""
