"""The reference policy: what there is without any inference."""

from treesmc.sims.methods.method import Method, Run


def load() -> Run:
    """Import what computes."""
    from dataclasses import replace

    from treesmc.sims.sampling.samplers import sample_naive
    from treesmc.sims.trees.values import reference_law

    return Run(
        sample=lambda tree, **run: replace(sample_naive(tree, 1, **run), value_evaluations=0),
        cost=lambda tree: (tree.horizon, 0),
        law=reference_law,
    )


METHOD = Method("reference", "the reference policy", load, exact="always")
