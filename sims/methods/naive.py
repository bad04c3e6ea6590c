"""Naive sampling, best of N by weight: its law is an integral (claim S7)."""

from treesmc.sims.methods.method import Method, Run


def load() -> Run:
    """Import what computes."""
    from treesmc.sims.laws.naive_law import least_samples, naive_law, sample_bracket
    from treesmc.sims.methods.search import exact_cost
    from treesmc.sims.sampling.samplers import sample_naive
    from treesmc.sims.trees.tree import FloatArray, TreeMDP
    from treesmc.sims.trees.values import reference_law

    def terminal(tree: TreeMDP) -> tuple[FloatArray, FloatArray]:
        return reference_law(tree), tree.log_value_at(tree.horizon)

    def bracket(tree: TreeMDP, delta: float) -> dict[str, float]:
        low, high = sample_bracket(*terminal(tree), delta)
        return {"bracket_low": low, "bracket_high": high}

    return Run(
        sample=lambda tree, N, **run: sample_naive(tree, N, **run),
        cost=lambda tree, N: (N * tree.horizon, N),
        law=lambda tree, N: naive_law(*terminal(tree), N),
        least=lambda tree, delta, **_: exact_cost(tree, least_samples(*terminal(tree), delta)),
        predicted=bracket,
    )


METHOD = Method(
    "naive",
    "N samples, one kept by reward",
    load,
    options=("N", "kernel"),
    exact="always",
    n_star="the least N",
)
