r"""The exponent: on `needle` the particles needed grow like (1 + eps)^(2 T), at every eps.

N* for TV <= 1/10, on a grid of x = T log(1 + eps) for each of several eps. The claims read, with
L = 1 + eps on this tree,

    S2       N* <= T exp(2x) / delta,
    ZL-5.1   N* <= T exp(6x) / (2 delta),
    S3       (1/2 - delta) exp(2x) / (1 + eps)^2 - 1 queries at least,
    ZL-4.2   of order exp(2x/3) queries at least.

N* / T is close to one function of x: as eps -> 0 the population becomes a diffusion in the time
t log(1 + eps). N* is exact while the Wright-Fisher chain fits, and measured by counts beyond.
"""

from treesmc.sims.cost import BATCHES, least_particles, terminal_constant
from treesmc.sims.sweeps.digits import digits
from treesmc.sims.sweeps.keys import at_least_zero, proportion, text, whole
from treesmc.sims.sweeps.shards import Parameters, Row
from treesmc.sims.sweeps.vocabulary import COST, Vocabulary
from treesmc.sims.trees.families import needle


@digits()
def compute_point(point: Parameters) -> Row:
    """Return N* at one point, with the first-order prediction of S6."""
    tree = needle(point["T"], point["eps"])
    replicates, seed = point["replicates"], point["seed"]
    found = least_particles(tree, point["delta"], replicates=replicates, seed=seed)
    return {
        **found.row(),
        "first_order": terminal_constant(tree) / point["delta"],
    }


VOCABULARY = Vocabulary(
    compute_point,
    keys={
        "series": text(),
        "T": whole(1),
        "eps": at_least_zero(),
        "delta": proportion(),
        "replicates": whole(8 * BATCHES),
        "seed": whole(0),
    },
    results={**COST, "first_order": float},
)
