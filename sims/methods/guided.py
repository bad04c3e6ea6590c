"""Single-particle guided sampling: one sequence, each step by V (claims ZL-4.3, S4)."""

from treesmc.sims.methods.method import Method, Run


def load() -> Run:
    """Import what computes."""
    from math import inf

    from treesmc.sims.methods.search import exact_cost, one_is_enough
    from treesmc.sims.sampling.samplers import sample_guided
    from treesmc.sims.trees.values import guided_law

    return Run(
        sample_guided,
        cost=lambda tree: (tree.horizon, int(tree.n_symbols.sum())),
        law=guided_law,
        least=lambda tree, delta, **_: exact_cost(
            tree, 1.0 if one_is_enough(tree, delta, guided=True) else inf
        ),
    )


METHOD = Method(
    "guided",
    "one particle moved by V",
    load,
    exact="always",
    n_star="1, or infinite where that is not enough",
)
