"""ZL-5.2: with a Bellman error of order 1/T, SMC is polynomial.

Model, algorithm: those of ZL-5.1.
Hypotheses: A1 with L fixed, A2 with ``eps <= c/T``.
Guarantee: ``N = O(T)`` particles, hence cost ``N T = O(T^2)``.

Proof. ``(1 + c/T)^(6(T-1)) <= e^(6c)``, so ZL-5.1's number of particles is at most
``L^6 e^(6c)/(2 delta)`` times T, and that constant is its limit. The degree is attained: on
`needle`, the exact N* at eps = c/T doubles with T.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache

import sympy as sp

from treesmc.sims.base import portable
from treesmc.sims.trees import families
from treesmc.theory.bounds import log_zhu_lu_linear_particles
from treesmc.theory.claim import Claim, Evaluation, Instance, Mutation, instance_grid, zhu_lu
from treesmc.theory.claims.hidden_prefix import least_particles
from treesmc.theory.claims.zl_5_1_smc_particles import BOUND as PARTICLES
from treesmc.theory.growth import Growth, growth_step
from treesmc.theory.prover.steps import Step, inequality, limit, sign
from treesmc.theory.symbols import L, T, c, delta, eps

BOUND = sp.exp(log_zhu_lu_linear_particles(T, c, L, delta))
"""Particles that suffice, at fixed L."""

NEEDLE_DELTA = 0.05
"""Tolerance at which N* is computed."""

_x = sp.Symbol("x", nonnegative=True)


def steps(quick: bool) -> Sequence[Step]:
    """Return the bound of the drift, monotonicity in eps, and the limits."""
    scheduled = PARTICLES.subs(eps, c / T)
    return [
        inequality("log(1 + x) <= x", sp.log(1 + _x), _x),
        inequality("6(T-1) log(1 + c/T) <= 6 c", 6 * (T - 1) * c / T, 6 * c, hypotheses="x = c/T"),
        sign("more error, more particles", sp.diff(PARTICLES, eps)),
        limit("N/T has a limit", scheduled / T, T, sp.oo, BOUND / T),
        growth_step(PARTICLES, "c/T", Growth("polynomial", sp.Integer(1))),
        growth_step(PARTICLES, "c log T/T", Growth("polynomial", 1 + 6 * c)),
        growth_step(PARTICLES, "c", Growth("exponential", 6 * sp.log(1 + c))),
        limit("N T/T^2 has a limit", scheduled * T / T**2, T, sp.oo, BOUND / T),
    ]


def instances(quick: bool) -> Sequence[Instance]:
    """Return needles at eps = c/T: the degree between T/2 and T, and N* itself."""
    constants, horizons = ((0.5,), (32, 64)) if quick else ((0.5, 1.0), (32, 64, 128))
    return instance_grid(c=constants, T=horizons, look=("degree", "N*"))


def evaluate(instance: Instance) -> Evaluation:
    """Return the local degree of N* beside 1, or N* beside the corollary's number."""
    c_, T_ = instance["c"], instance["T"]
    if instance["look"] == "degree":
        return _degree(instance.label, c_, T_, 1.0)
    bound = portable.exp(log_zhu_lu_linear_particles(T_, c_, 1 + c_ / T_, NEEDLE_DELTA))
    return Evaluation(
        instance.label, needle_particles(c_, T_), bound, relation="<=", trivial=math.inf
    )


def _degree(label: str, c_: float, T_: int, degree: float) -> Evaluation:
    found = portable.log2(needle_particles(c_, T_) / needle_particles(c_, T_ // 2))
    origin = "corrections of order 1/T to N* / T, and N* is an integer"
    return Evaluation(label, found, degree, tolerance=3 / T_, origin=origin)


@cache
def needle_particles(c: float, T: int) -> int:
    """Return the exact N*(0.05) of SMC on `needle` at eps = c/T."""
    return least_particles(families.needle(T, c / T), NEEDLE_DELTA)


def _half_degree(instance: Instance) -> Evaluation:
    return _degree(instance.label, instance["c"], instance["T"], 0.5)


def _constant_error(instance: Instance) -> Evaluation:
    """Keep eps at 1/4 while T doubles."""
    particles = [needle_particles(T_ / 4, T_) for T_ in (6, 12)]
    found = portable.log2(particles[1] / particles[0])
    return Evaluation("eps = 1/4", found, 1.0, tolerance=0.1, origin="that of the claim")


CLAIM = Claim(
    title="with eps <= c/T SMC needs O(T) particles and costs O(T^2)",
    kind="rate",
    statement="N = O(T) and N T = O(T^2) for L fixed and eps <= c/T",
    latex=r"SMC, $\eps \le c/T$: $N = O(T)$, cost $O(T^2)$",
    hypotheses=("A1 with L fixed", "A2 with eps <= c/T"),
    source=zhu_lu("Corollary 5.2"),
    bound=BOUND,
    steps=steps,
    instances=instances,
    evaluate=evaluate,
    mutations=(
        Mutation("degree 1/2", evaluate=_half_degree),
        Mutation("eps kept constant", evaluate=_constant_error),
        Mutation(
            "e^(5c) in place of e^(6c)",
            steps=lambda quick: [
                limit(
                    "smaller constant",
                    PARTICLES.subs(eps, c / T) / T,
                    T,
                    sp.oo,
                    L**6 * sp.exp(5 * c) / (2 * delta),
                )
            ],
        ),
    ),
    cited=("ZL-5.1",),
)
