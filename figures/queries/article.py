"""What the article says of queries: on one `needle`, SMC with as many particles as symbols."""

from treesmc.figures.rows import of
from treesmc.sims.laws.lineage import least_particles_exact, lineage_law
from treesmc.sims.sweeps.shards import Row
from treesmc.sims.trees.families import n_symbols, needle
from treesmc.sims.trees.values import target_law
from treesmc.theory.queries import least_queries

DELTA = 0.1


def numbers(rows: list[Row]) -> dict[str, str]:
    """Return queries and particles for TV <= 1/10, and what a crowd of H finds."""
    population = of(rows, series="run")[0]
    T, eps = int(population["T"]), population["eps"]
    tree = needle(T, eps)
    H = n_symbols(tree)
    return {
        "QueriesHorizon": f"{T}",
        "QueriesEps": f"{eps:g}",
        "QueriesSymbols": f"{H}",
        "QueriesNeeded": f"{least_queries(H, float(target_law(tree)[0]), DELTA)}",
        "QueriesParticles": f"{least_particles_exact(tree, DELTA)}",
        "QueriesCrowd": f"{lineage_law(tree, H)[0]:.3f}",
    }
