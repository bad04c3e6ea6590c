"""How loose is each bound: what the tree itself says about N, at eps = 1/T, on three kinds of tree.

For TV <= 1/10, from the tree outwards: N* (exact or measured), the first-order prediction of S6,
the N at which S1's certificate is delta, and S2's sum over the tree's own mixing ratios. The bounds
that see only T, eps and L are formulas of these columns and are left to the figure.

N* and the prediction are over terminal classes, the certificates over paths, which is the stronger
claim: where a path has more to it than its last class, part of the gap is this.
"""

import math
from collections.abc import Callable

from treesmc.sims.base import portable
from treesmc.sims.cost import BATCHES, least_particles, terminal_constant
from treesmc.sims.laws.certificate import log_mixing_ratios, tv_certificate
from treesmc.sims.sweeps.digits import digits
from treesmc.sims.sweeps.keys import one_of, proportion, whole
from treesmc.sims.sweeps.shards import Parameters, Row
from treesmc.sims.sweeps.vocabulary import COST, Vocabulary
from treesmc.sims.trees.families import needle, needle_in_drift, product
from treesmc.sims.trees.perturb import random_sign
from treesmc.sims.trees.tree import TreeMDP
from treesmc.sims.trees.values import epsilon, ratio_bound

PATHS = 256  # drawn from pi, the same at every N, where they cannot be enumerated
PRECISION = 1e-3  # of log N in the certificate

TREES: dict[str, Callable[[int, float], TreeMDP]] = {
    "needle": needle,
    "needle_in_drift": needle_in_drift,
    "random_sign": lambda T, eps: random_sign(product(T), eps),
}


@digits("eps")
def compute_point(point: Parameters) -> Row:
    """Return the tree's errors and the particles by every route that needs the tree."""
    tree = TREES[point["series"]](point["T"], 1 / point["T"])
    delta, replicates, seed = point["delta"], point["replicates"], point["seed"]
    predicted = terminal_constant(tree) / delta
    found = least_particles(tree, delta, replicates=replicates, seed=seed)
    instance = float(portable.expm1(log_mixing_ratios(tree)).sum()) / delta
    return {
        "eps": epsilon(tree),
        "L": ratio_bound(tree),
        **found.row(),
        "first_order": predicted,
        "certified": certified_particles(tree, delta, predicted, seed),
        "instance": instance,
    }


def certified_particles(tree: TreeMDP, delta: float, start: float, seed: int) -> float:
    """Return the real N at which S1's certificate is delta.

    The certificate is close to 1 - 1/(1 + K/N), so its odds are close to K/N: N is multiplied by
    the factor by which they miss, until that is nothing.
    """
    log_N, miss = portable.log(max(start, 2.0)), math.inf
    while abs(miss) > PRECISION:
        certificate = tv_certificate(tree, portable.exp(log_N), PATHS, seed)[0]
        miss = _log_odds(certificate) - _log_odds(delta)
        log_N += miss
    return portable.exp(log_N)


def _log_odds(p: float) -> float:
    return portable.log(p) - portable.log1p(-p)


VOCABULARY = Vocabulary(
    compute_point,
    keys={
        "series": one_of(TREES),
        "T": whole(1),
        "delta": proportion(),
        "replicates": whole(8 * BATCHES),
        "seed": whole(0),
    },
    results={
        **{"eps": float, "L": float},
        **COST,
        **{"first_order": float, "certified": float, "instance": float},
    },
)
