"""Instances of claims that compute rows of several kinds.

Such a claim keeps a table of its kinds, and every instance names its own under ``what``.
"""

from typing import Any

from treesmc.theory.claim import Instance, instance_grid


def points(what: str, **axes: Any) -> list[Instance]:
    """Return instances of one kind of row over the product of named axes."""
    return [
        Instance(f"{what}: {point.label}", {"what": what, **point.parameters})
        for point in instance_grid(**axes)
    ]
