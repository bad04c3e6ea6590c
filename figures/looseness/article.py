"""What the article says of looseness: particles that each bound asks for on `needle`, over N*."""

import math
from functools import cache

import numpy as np

from treesmc.figures.latex import grouped, sci, table
from treesmc.sims.base import portable
from treesmc.sims.base.errors import BadInput
from treesmc.sims.laws import certificate, lineage
from treesmc.sims.sweeps.shards import Row
from treesmc.sims.trees import families, values
from treesmc.theory import bounds

# Instances (T, eps) of the table, and its rows below S3 with their macros.
CASES = ((8, 0.1), (16, 0.1), (16, 0.2), (32, 0.05))
ASKED = (
    ("$N^*$, exact", "LooseExact"),
    ("S6, predicted", "LoosePredicted"),
    ("S1, certified", "LooseCertified"),
    ("S2, sum", "LooseSum"),
    ("S2, closed form", "LooseClosed"),
    ("ZL-5.1, middle", "LooseMiddle"),
    ("ZL-5.1", "LoosePaper"),
)


def numbers(rows: list[Row]) -> dict[str, str]:
    """Return the range over the cases of what each bound asks for, over N*."""
    columns = np.array([looseness(T, eps) for T, eps in CASES])[:, 1:]
    found: dict[str, str] = {}
    for (_, name), ratios in zip(ASKED, (columns / columns[:, :1]).T, strict=True):
        found |= {f"{name}Least": sci(min(ratios), 3), f"{name}Most": sci(max(ratios), 3)}
    return found


def tables(rows: list[Row]) -> dict[str, str]:
    """Return what each bound asks for on `needle`, beside the exact N*, at delta = 1/10."""
    labels = ("S3, queries needed", *(label for label, _ in ASKED))
    columns = [looseness(T, eps) for T, eps in CASES]
    head = " & ".join(["", *(rf"$T={T}$, $\eps={eps:g}$" for T, eps in CASES)])
    lines = (
        " & ".join([label, *map(grouped, cells)])
        for label, *cells in zip(labels, *columns, strict=True)
    )
    return {"looseness.tex": table("@{}l" + "r" * len(CASES) + "@{}", head, lines)}


@cache
def looseness(T: int, eps: float, delta: float = 0.1) -> tuple[float, ...]:
    """Return S3's queries and then the particles of `ASKED`, on `needle`."""
    tree = families.needle(T, eps)
    L = values.ratio_bound(tree)
    exact = lineage.least_particles_exact(tree, delta)
    certified = certificate.log_certified_particles(tree, delta)
    if exact is None or certified is None:
        raise BadInput(f"N* or S1's N on needle T={T}, eps={eps}: above the cap of their search")
    return (
        max(portable.exp(bounds.log_hidden_queries(T, eps, delta)), 0),
        exact,
        certificate.first_order_constant(tree)[0] / delta,
        math.ceil(portable.exp(certified)),
        portable.exp(bounds.log_uniform_particles(T, eps, L, delta)),
        portable.exp(bounds.log_uniform_particles_simple(T, eps, L, delta)),
        portable.exp(bounds.log_zhu_lu_middle_tv(T, eps, L, 1)) / delta,
        portable.exp(bounds.log_zhu_lu_particles(T, eps, L, delta)),
    )
