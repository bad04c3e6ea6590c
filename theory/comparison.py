"""Each bound of the paper beside its sharper sibling, on the same trees.

For SMC with the naive proposal on a tree with ratio L, Bellman error eps and horizon T, the
particles that suffice for TV <= delta are, from the sharpest route to the coarsest,

    exact           N*, where the output law is exact (two-lineage trees, one-step trees),
    certificate     N at which S1's certificate is delta,
    instance        (1/delta) sum_t (q_t - 1) with the tree's own q_t (S2),
    uniform         (1/delta) sum_t (L (1+eps)^(2(T-t)+1) - 1) (S2),
    middle          (1/(2 delta)) sum_p q_p (q_p^2 - 1), q_p = L^2 (1+eps)^(2(T-p)) (in ZL-5.1),
    zhu_lu          L^6 T (1+eps)^(6(T-1)) / (2 delta) (ZL-5.1),

and each is at most the next: N* by S1, the certificate by S2, the instance by the ranges of q_t,
and the last two as the proof of ZL-5.1 says. Beside the chain stand S2's closed form
L T (1+eps)^(2T-1)/delta, at least the uniform sum, and the first-order constant over delta (S6),
which predicts N* and bounds nothing.

Total variation need not fall as N grows: on `persistent` one particle is exact, because the reward
is constant, and two are not.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

from treesmc.sims.base import portable
from treesmc.sims.laws.certificate import (
    first_order_constant,
    log_certified_particles,
    log_instance_particles,
    log_mixing_ratios,
)
from treesmc.sims.laws.lineage import is_two_lineage, least_particles_exact
from treesmc.sims.laws.naive_law import least_samples
from treesmc.sims.trees.tree import TreeMDP
from treesmc.sims.trees.values import (
    epsilon,
    log_error,
    log_ratio_bound,
    ratio_bound,
    reference_law,
)
from treesmc.theory import bounds
from treesmc.theory.algebra import from_logs

CHAIN = ("exact", "certificate", "instance", "uniform", "middle", "zhu_lu")
"""Routes in their proved order."""

ROUTE_CAP = 3000


@dataclass(frozen=True)
class ParticleRoutes:
    """Particles for TV <= delta on one tree, by every route, as natural logarithms.

    Attributes
    ----------
    name : str
        The tree's.
    horizon : int
    eps, L, delta : float
        Bellman error and ratio of the tree; tolerance.
    exact : float or None
        log N*, where the output law is exact and N* is at most `ROUTE_CAP`.
    predicted : float
        log of the first-order constant over delta: a prediction (S6).
    certificate : float or None
        log of the least N with S1's certificate at most delta; None if that N is beyond
        `LARGEST_N`.
    instance, uniform, closed_form, middle, zhu_lu : float
        The other routes of the module; -inf where one particle is enough for any delta.
    """

    name: str
    horizon: int
    eps: float
    L: float
    delta: float
    exact: float | None
    predicted: float
    certificate: float | None
    instance: float
    uniform: float
    closed_form: float
    middle: float
    zhu_lu: float


def compare(tree: TreeMDP, delta: float) -> ParticleRoutes:
    """Compute all routes on one tree.

    Parameters
    ----------
    tree : TreeMDP
        Few enough classes that S1's certificate is exact.
    delta : float
        Total-variation tolerance in (0, 1).

    Returns
    -------
    ParticleRoutes
    """
    assumed = (tree.horizon, *from_logs(log_error(tree), log_ratio_bound(tree)))
    return ParticleRoutes(
        name=tree.name,
        horizon=tree.horizon,
        eps=epsilon(tree),
        L=ratio_bound(tree),
        delta=delta,
        exact=log_exact_particles(tree, delta),
        predicted=_log(first_order_constant(tree)[0] / delta),
        certificate=log_certified_particles(tree, delta),
        instance=log_instance_particles(log_mixing_ratios(tree), delta),
        uniform=bounds.log_uniform_particles(*assumed, delta),
        closed_form=bounds.log_uniform_particles_simple(*assumed, delta),
        middle=bounds.log_zhu_lu_middle_tv(*assumed, delta),  # N and TV trade places
        zhu_lu=bounds.log_zhu_lu_particles(*assumed, delta),
    )


def log_exact_particles(tree: TreeMDP, delta: float) -> float | None:
    """Return log N* where SMC's output law is known exactly, else None."""
    if tree.horizon == 1:
        return portable.log(least_samples(reference_law(tree), tree.log_value_at(1), delta))
    if not is_two_lineage(tree):
        return None
    found = least_particles_exact(tree, delta, ROUTE_CAP)
    return None if found is None else portable.log(found)


def comparison_markdown(rows: Iterable[ParticleRoutes]) -> str:
    """Return comparisons as a Markdown table of particles, one tree a line."""
    routes = ("exact", "predicted", *CHAIN[1:])
    lines = [f"| tree | delta | {' | '.join(routes)} |", "|---" * (len(routes) + 2) + "|"]
    for row in rows:
        cells = (_particles(getattr(row, route)) for route in routes)
        lines.append(f"| {row.name} | {row.delta:g} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def _log(x: float) -> float:
    return portable.log(x) if x > 0 else -math.inf


def log_whole(log_N: float) -> float:
    """Round particles up to a whole number of at least one, where floats can tell."""
    return portable.log(max(1, math.ceil(portable.exp(log_N) - 1e-9))) if log_N < 30 else log_N


def _particles(log_N: float | None) -> str:
    if log_N is None:
        return ""
    if log_N == math.inf:
        return "inf"
    return f"{portable.exp(log_whole(log_N)):.3g}" if log_N < 700 else f"e^{log_N:.0f}"
