"""The law of pool Metropolis-Hastings over terminal classes, and how far it is off: exact.

On `product` at eps = 0, where V = V*, and on `needle_in_drift` at eps = c/T. The law of the weight
of a proposal (`pool_walk`) makes the law after H steps (`independence`).
"""

from functools import cache
from itertools import islice

import numpy as np

from treesmc.sims.laws.independence import laws
from treesmc.sims.laws.pool_walk import needle_proposals, product_proposals
from treesmc.sims.trees.families import needle_in_drift, product
from treesmc.sims.trees.tree import FloatArray
from treesmc.sims.trees.values import target_law, total_variation

DRIFT, REWARD = 0.5, 2.0  # of `needle_in_drift`, and per one of `product`


def proposals(T: int, c: float, M: int) -> tuple[FloatArray, FloatArray]:
    """Return log weights and masses by class of the proposals at eps = c/T (`pool_walk`)."""
    return needle_proposals(T, c / T, M, DRIFT) if c else product_proposals(T, M, REWARD)


@cache
def target(T: int, c: float) -> FloatArray:
    """Return pi over the classes of `proposals`."""
    return target_law(needle_in_drift(T, c / T, DRIFT) if c else product(T, REWARD))


def distances(T: int, c: float, M: int, H: int) -> FloatArray:
    """Return TV(law over classes, pi) after 0 .. H steps of pools of M, [H + 1]."""
    after = islice(laws(*proposals(T, c, M)), H + 1)
    return np.array([total_variation(law, target(T, c)) for law in after])
