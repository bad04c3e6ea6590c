"""The cost of a target accuracy: the least N with TV(output law, pi) <= delta.

TV is over terminal classes throughout. Where the law of a method is exact, so is its cost;
elsewhere N* is measured, by the search of `treesmc.sims.methods.search`. What computes it lies in
`treesmc.sims.methods` and `treesmc.sims.laws`; here it is together, for use.
"""

from treesmc.sims.base.checks import check_inner_fraction, check_one_of
from treesmc.sims.laws.certificate import terminal_constant
from treesmc.sims.laws.lineage import has_exact_law
from treesmc.sims.methods.distance import BATCHES, Measured, estimate_tv
from treesmc.sims.methods.registry import COSTED
from treesmc.sims.methods.search import PRECISION, Cost, least_particles
from treesmc.sims.sampling.samplers import rejection_samples
from treesmc.sims.trees.tree import TreeMDP

__all__ = [
    "BATCHES",
    "METHODS",
    "Cost",
    "Measured",
    "cost",
    "estimate_tv",
    "has_exact_law",
    "least_particles",
    "rejection_samples",
    "terminal_constant",
]

METHODS = tuple(COSTED)


def cost(
    tree: TreeMDP,
    method: str,
    delta: float,
    *,
    resampling: str = "multinomial",
    ess_threshold: float = 1.0,
    replicates: int | None = None,
    precision: float = PRECISION,
    seed: int = 0,
    jobs: int = 1,
) -> Cost:
    """Return the cost of TV <= delta over terminal classes.

    Parameters
    ----------
    tree : TreeMDP
    method : str
        A key of `registry.COSTED`, which says what n_star counts.
    delta : float
        Strictly between 0 and 1.
    resampling, ess_threshold, replicates, precision, seed, jobs
        Of a search, see `least_particles`.

    Raises
    ------
    BadInput
        If an argument is out of range.
    """
    check_inner_fraction("delta", delta)
    check_one_of("method", method, COSTED)
    found: Cost = COSTED[method].run.least(
        tree,
        delta,
        resampling=resampling,
        ess_threshold=ess_threshold,
        replicates=replicates,
        precision=precision,
        seed=seed,
        jobs=jobs,
    )
    return found
