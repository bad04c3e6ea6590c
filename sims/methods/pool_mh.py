"""Pool Metropolis-Hastings, Algorithm 2 of Zhu & Lu (2026)."""

from treesmc.sims.methods.method import Method, Run


def load() -> Run:
    """Import what computes."""
    from treesmc.sims.sampling.samplers import sample_pool_mh
    from treesmc.sims.trees.tree import TreeMDP

    def cost(tree: TreeMDP, M: int, H: int) -> tuple[float, float]:
        proposals = M * tree.horizon * (H + 1)
        return proposals, proposals

    return Run(sample_pool_mh, cost)


METHOD = Method(
    "pool-mh", "Algorithm 2 of Zhu & Lu: H steps from pools of M", load, options=("M", "H")
)
