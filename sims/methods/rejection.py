"""Rejection sampling: samples until one is accepted by reward, whose law is the target."""

from treesmc.sims.methods.method import Method, Run


def load() -> Run:
    """Import what computes."""
    from treesmc.sims.methods.search import exact_cost
    from treesmc.sims.sampling.samplers import rejection_samples, sample_rejection
    from treesmc.sims.trees.tree import TreeMDP
    from treesmc.sims.trees.values import target_law

    def cost(tree: TreeMDP) -> tuple[float, float]:
        samples = rejection_samples(tree)
        return samples * tree.horizon, samples

    return Run(
        sample_rejection,
        cost,
        law=target_law,
        least=lambda tree, delta, **_: exact_cost(tree, rejection_samples(tree)),
    )


METHOD = Method(
    "rejection",
    "samples until one is accepted by reward",
    load,
    exact="always",
    n_star="the expected number of samples, sup phi / Z; exact at any delta",
)
