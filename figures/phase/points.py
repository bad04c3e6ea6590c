r"""The phase diagram: for which eps(T) are the particles needed on `needle` polynomial in T?

Two series for TV <= delta = 1/10:

`map`     eps = c T^-a over a grid of (a, c): the local degree d log N* / d log T of the
          first-order law of S6, N* = C / delta, between T and 2 T, at each of two horizons.
`line`    N* against T for eps = T^-a and for eps = log T / (2 T), exact or measured.

For a < 1 the degree grows without bound; for a = 1 it tends to 1. On the edge, eps = c log T / T,
it is about 1 + 2c (S2, S3). For a > 1 the first-order law has degree 2 - a, but it is a law of
many particles: once T eps is small one particle is within delta, and N* falls to 1.

**First-order law.** On `needle`, with r = 1 + eps, let m be the target mass of the hidden symbol
and H the number of symbols. By S6, h_1 = m H below the hidden symbol and (1 - m) H/(H - 1)
elsewhere, and for the step with k = T - t + 1 = 1..T-1 to the end h_t = m + (1 - m) r^(2k) below
and m r^(-2k) + 1 - m elsewhere. So with b the sum of the h_t - 1 and pi having two classes,

    C = m (1 - m) |b(hidden) - b(elsewhere)|,
    b(hidden) - b(elsewhere) = (m - 1/H) H^2/(H - 1) + sum_k ((1 - m) r^(2k) - m r^(-2k) + 2m - 1).

It needs no tree, hence works at horizons that trees do not reach.
"""

import math

from treesmc.sims.base import portable
from treesmc.sims.cost import BATCHES, least_particles
from treesmc.sims.sweeps.digits import digits
from treesmc.sims.sweeps.keys import at_least_zero, number, one_of, proportion, whole
from treesmc.sims.sweeps.shards import Parameters, Row
from treesmc.sims.sweeps.vocabulary import COST, Vocabulary
from treesmc.sims.trees.families import needle

EDGE_FACTOR = 0.5  # c of the line c log T / T; the other lines have c = 1


def epsilon_of(T: int, a: float | None) -> float:
    """Return eps of a line: T^-a, or log T / (2 T) if there is no a."""
    return EDGE_FACTOR * portable.log(T) / T if a is None else portable.power(T, -a)


def log_needle_constant(T: int, eps: float) -> float:
    """Return log C of the module docstring, C = lim N TV on `needle`; eps > 0.

    Computed as log R + log (C / R), R = r^(2 (T - 1)), where nothing overflows.
    """
    x = portable.log1p(eps)
    log_R = 2 * (T - 1) * x
    inverse = portable.exp(-log_R)
    H = math.floor(portable.power(1 + eps, 2 * (T - 1))) + 1 if log_R < 700 else math.inf
    alphabet = H * inverse if log_R < 700 else 1.0  # H / R
    m = 1 / (1 + (H - 1) * inverse) if log_R < 700 else 0.5
    first = (m - 1 / H) * alphabet / (1 - 1 / H)
    rising = portable.expm1(-log_R) / portable.expm1(-2 * x)  # sum of r^(2k) / R
    falling = -portable.expm1(-log_R) / portable.expm1(2 * x) * inverse  # sum of r^(-2k) / R
    later = (1 - m) * rising - m * falling + (2 * m - 1) * (T - 1) * inverse
    return log_R + portable.log(m * (1 - m) * (first + later))


def local_degree(T: int, a: float, c: float) -> float:
    """Return d log C / d log T between T and 2 T along eps = c T^-a."""
    low, high = (log_needle_constant(t, c * portable.power(t, -a)) for t in (T, 2 * T))
    return (high - low) / portable.log(2)


@digits("degree")
def compute_point(point: Parameters) -> Row:
    """Return the local degree on the map; on a line, N* and its first-order law."""
    if point["series"] == "map":
        return {"degree": local_degree(point["T"], point["a"], point["c"])}
    tree, replicates = needle(point["T"], point["eps"]), point["replicates"]
    found = least_particles(tree, point["delta"], replicates=replicates, seed=point["seed"])
    return {
        "first_order": portable.exp(log_needle_constant(point["T"], point["eps"])) / point["delta"],
        **found.row(),
    }


VOCABULARY = Vocabulary(
    compute_point,
    keys={
        "series": one_of(("map", "line")),
        "T": whole(1),
        "a": number(),
        "c": number(),
        "eps": at_least_zero(),
        "delta": proportion(),
        "replicates": whole(8 * BATCHES),
        "seed": whole(0),
    },
    results={
        **{"first_order": float, "degree": float},
        **COST,
    },
    defaults={"a": None},  # on the edge
    own={"map": ("a", "c"), "line": ("replicates", "seed")},
)
