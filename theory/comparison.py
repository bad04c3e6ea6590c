r"""Each bound of the paper beside its sharper sibling, on the same trees and in symbols.

For SMC with the naive proposal on a tree with ratio L, Bellman error eps and horizon T, the
particles that suffice for TV <= delta are, from the sharpest route to the coarsest,

    exact           N*, where the output law is exact (two-lineage trees, one-step trees),
    certificate     N at which S1's certificate is delta,
    instance        (1/delta) sum_t (q_t - 1) with the tree's own q_t (S2),
    uniform         (1/delta) sum_t (L (1+eps)^(2(T-t)+1) - 1) (S2),
    middle          (1/(2 delta)) sum_p q_p (q_p^2 - 1), q_p = L^2 (1+eps)^(2(T-p)) (in ZL-5.1),
    zhu_lu          L^6 T (1+eps)^(6(T-1)) / (2 delta) (ZL-5.1),

and each is at most the next: N* by S1, the certificate by S2, the instance by the ranges of q_t.
For the middle bound take L >= 1+eps, which costs nothing as E_ref[V'|s]/V(s) is a mean of ratios:
then L r^(2k+1) <= L^2 r^(2k) = q with r = 1+eps, and q - 1 <= q (q^2 - 1)/2, term by term. Beside
the chain stand S2's closed form L T (1+eps)^(2T-1)/delta, at least the uniform sum, and the
first-order constant over delta (S6), which predicts N* and bounds nothing.

Total variation need not fall as N grows: on `persistent` one particle is exact, because the reward
is constant, and two are not.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import sympy as sp
from scipy.optimize import brentq

from treesmc.sims.base import portable
from treesmc.sims.laws.certificate import first_order_constant, log_mixing_ratios, tv_certificate
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
from treesmc.theory.bounds import Hypotheses, log_instance_particles
from treesmc.theory.prover.steps import Step, identity, inequality
from treesmc.theory.symbols import L, T, delta, eps, q, r, t

CHAIN = ("exact", "certificate", "instance", "uniform", "middle", "zhu_lu")
"""Routes in their proved order."""

PARTICLE_CAP = 3000
LARGEST_N = 1e300  # at which S1's certificate is computed

ZHU_LU = L**6 * T * (1 + eps) ** (6 * (T - 1)) / (2 * delta)
CLOSED_FORM = L * T * (1 + eps) ** (2 * T - 1) / delta
GAIN = L**5 * (1 + eps) ** (4 * T - 5) / 2
"""ZL-5.1 over S2's closed form: the fifth power of L and the exponent 4 T log(1+eps)."""


@dataclass(frozen=True)
class Comparison:
    """Particles for TV <= delta on one tree, by every route, as natural logarithms.

    Attributes
    ----------
    name : str
        The tree's.
    horizon : int
    eps, L, delta : float
        Bellman error and ratio of the tree; tolerance.
    exact : float or None
        log N*, where the output law is exact and N* is at most `PARTICLE_CAP`.
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

    def chain(self) -> list[float]:
        """Return log of the whole particles of the routes of `CHAIN` that are known, in order."""
        known = [value for name in CHAIN if (value := getattr(self, name)) is not None]
        return [_log_whole(value) for value in known]


def compare(tree: TreeMDP, delta: float) -> Comparison:
    """Compute all routes on one tree.

    Parameters
    ----------
    tree : TreeMDP
        Few enough classes that S1's certificate is exact.
    delta : float
        Total-variation tolerance in (0, 1).

    Returns
    -------
    Comparison
    """
    assumed = Hypotheses(tree.horizon, log_error(tree), log_ratio_bound(tree))
    log_delta = portable.log(delta)
    return Comparison(
        name=tree.name,
        horizon=tree.horizon,
        eps=epsilon(tree),
        L=ratio_bound(tree),
        delta=delta,
        exact=log_exact_particles(tree, delta),
        predicted=_log(first_order_constant(tree)[0] / delta),
        certificate=log_certified_particles(tree, delta),
        instance=log_instance_particles(log_mixing_ratios(tree), delta),
        uniform=log_instance_particles(assumed.log_ratios(), delta),
        closed_form=assumed.log_closed_form() - log_delta,
        middle=assumed.log_middle() - log_delta,
        zhu_lu=assumed.log_zhu_lu() - log_delta,
    )


def log_exact_particles(tree: TreeMDP, delta: float) -> float | None:
    """Return log N* where SMC's output law is known exactly, else None."""
    if tree.horizon == 1:
        return portable.log(least_samples(reference_law(tree), tree.log_value_at(1), delta))
    if not is_two_lineage(tree):
        return None
    found = least_particles_exact(tree, delta, PARTICLE_CAP)
    return None if found is None else portable.log(found)


def log_certified_particles(tree: TreeMDP, delta: float) -> float | None:
    """Return log of the least real N >= 1 with S1's certificate at most delta.

    None if that is not known, N being beyond `LARGEST_N`.
    """

    def excess(log_N: float) -> float:
        return tv_certificate(tree, portable.exp(log_N))[0] - delta

    if excess(0.0) <= 0:
        return 0.0
    enough = log_instance_particles(log_mixing_ratios(tree), delta)
    most = min(enough + 1e-9, portable.log(LARGEST_N))
    return float(brentq(excess, 0.0, most, xtol=1e-9)) if excess(most) <= 0 else None


def comparison_markdown(rows: Iterable[Comparison]) -> str:
    """Return comparisons as a Markdown table of particles, one tree a line."""
    routes = ("exact", "predicted", *CHAIN[1:])
    lines = [f"| tree | delta | {' | '.join(routes)} |", "|---" * (len(routes) + 2) + "|"]
    for row in rows:
        cells = (_particles(getattr(row, route)) for route in routes)
        lines.append(f"| {row.name} | {row.delta:g} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def steps() -> tuple[Step, ...]:
    """Return the order of the chain from S2's sum on, and the gain over ZL-5.1, as proof steps."""
    k, s = T - t, sp.Symbol("s", nonnegative=True)
    term, ratio = L * r ** (2 * k + 1), L**2 * r ** (2 * k)
    return (
        identity(
            "uniform below q", (ratio - term).subs(L, r + s), (r + s) * r ** (2 * k) * s,
            hypotheses="L = r + s, s >= 0",
        ),
        inequality("q below middle", q - 1, q * (q**2 - 1) / 2, at_least={q: 1}),
        inequality("middle below q^3", q * (q**2 - 1), q**3, at_least={q: 1}),
        identity("q^3 at its largest", (ratio**3).subs(t, 1), L**6 * r ** (6 * (T - 1))),
        identity("gain over ZL-5.1", ZHU_LU / CLOSED_FORM, GAIN),
    )  # fmt: skip


def _log(x: float) -> float:
    return portable.log(x) if x > 0 else -math.inf


def _log_whole(log_N: float) -> float:
    """Round particles up to a whole number of at least one, where floats can tell."""
    return portable.log(max(1, math.ceil(portable.exp(log_N) - 1e-9))) if log_N < 30 else log_N


def _particles(log_N: float | None) -> str:
    if log_N is None:
        return ""
    if log_N == math.inf:
        return "inf"
    return f"{portable.exp(_log_whole(log_N)):.3g}" if log_N < 700 else f"e^{log_N:.0f}"
