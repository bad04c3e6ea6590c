"""SMC: N particles moved by the reference policy or, guided, by V."""

from functools import partial
from typing import Any

from treesmc.sims.methods.method import Method, Run


def load(guided: bool) -> Run:
    """Import what computes."""
    from treesmc.sims.laws.certificate import terminal_constant
    from treesmc.sims.laws.lineage import has_exact_law, lineage_law
    from treesmc.sims.methods.search import least_particles
    from treesmc.sims.sampling.samplers import is_countable, sample_smc
    from treesmc.sims.trees.tree import TreeMDP

    def cost(tree: TreeMDP, N: float, **scheme: Any) -> tuple[float, float]:
        return N * tree.horizon, N * (int(tree.n_symbols.sum()) if guided else tree.horizon)

    def is_quick(tree: TreeMDP, N: float, resampling: str, ess_threshold: float) -> bool:
        return is_countable(resampling, ess_threshold) and has_exact_law(tree, N)

    return Run(
        partial(sample_smc, guided=guided),
        cost,
        law=None if guided else lambda tree, N, **scheme: lineage_law(tree, N),
        is_quick=is_quick,
        least=partial(least_particles, guided=guided),
        predicted=lambda tree, delta: {"first_order": terminal_constant(tree, guided) / delta},
    )


OPTIONS = ("N", "resampling", "ess_threshold", "kernel")
METHOD = Method(
    "smc",
    "N particles moved by the reference policy",
    partial(load, guided=False),
    OPTIONS,
    exact="on two lineages, N to thousands",
    n_star="the least N",
)
GUIDED = Method(
    "guided-smc",
    "N particles moved by V",
    partial(load, guided=True),
    OPTIONS,
    n_star="the least N",
)
