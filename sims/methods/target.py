"""The target itself: the control to hold other methods against."""

from treesmc.sims.methods.method import Method, Run


def load() -> Run:
    """Import what computes."""
    from treesmc.sims.sampling.samplers import sample_target
    from treesmc.sims.trees.values import target_law

    return Run(sample_target, cost=lambda tree: (tree.horizon, 0), law=target_law)


METHOD = Method("target", "the reward-tilted posterior pi itself", load, exact="always")
