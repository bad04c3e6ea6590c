"""Claims that compute rows of several kinds.

Such a claim keeps a table of its kinds, each a function of a label, of what the claim states (a
bound, a rate: what its mutations change) and of the parameters of an instance. Every instance names
its own kind under ``what``.
"""

from collections.abc import Callable, Mapping
from typing import Any

from treesmc.theory.claim import Evaluate, Evaluation, Instance, instance_grid


def points(what: str, **axes: Any) -> list[Instance]:
    """Return instances of one kind of row over the product of named axes."""
    return [
        Instance(f"{what}: {point.label}", {"what": what, **point.parameters})
        for point in instance_grid(**axes)
    ]


def by_kind(rows: Mapping[str, Callable[..., Evaluation]], **stated: Any) -> Evaluate:
    """Return the function that computes the row an instance asks for.

    Parameters
    ----------
    rows : mapping
        Functions by kind; each is called with the label, `stated` and the other parameters.
    **stated : object
        What the claim states, or what a mutation states instead.
    """

    def evaluate(instance: Instance) -> Evaluation:
        parameters = dict(instance.parameters)
        return rows[parameters.pop("what")](instance.label, **stated, **parameters)

    return evaluate
