"""What a route to a number of particles is, and what it may claim."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from treesmc.audit.measure.bootstrap import Clusters, Interval
from treesmc.sims.base import portable
from treesmc.sims.trees.tree import FloatArray

WORST_CASE_BOUND, FIRST_ORDER_BOUND = "bound", "bound to first order"
PREDICTION, SCENARIO, NO_CLAIM = "prediction", "scenario", "none"


@dataclass(frozen=True)
class Route:
    """Particles (best-of-n: samples) that one route asks for.

    Attributes
    ----------
    name : str
    claim : str
        "bound", "bound to first order", "prediction", "scenario", or "none" where the route
        abstains.
    log_n : Interval
        Natural logarithm of the number, with its interval where there is one.
    note : str
        The premise of the claim, or why there is none.
    """

    name: str
    claim: str
    log_n: Interval
    note: str

    @property
    def n(self) -> float:
        """The whole number of particles, at least 1; infinite beyond floats."""
        return whole(self.log_n.value)


def whole(log_n: float) -> float:
    """Return the least whole number of at least 1 and exp(log_n)."""
    if math.isnan(log_n):
        return math.nan
    return max(1.0, math.ceil(portable.exp(log_n) * (1 - 1e-12))) if log_n < 700 else math.inf


def measured_route(
    name: str, claim: str, numbers: FloatArray, tolerance: float, clusters: Clusters, note: str
) -> Route:
    """Return the route that asks for numbers / tolerance: the log's, then its replicates', [1 + B].

    Where noise made that less than one particle it is one.
    """
    with np.errstate(over="ignore"):
        log_n = portable.log(np.maximum(numbers / tolerance, 1.0))
    return Route(name, claim, clusters.interval(log_n), note)


def variance_route(
    v: FloatArray, clusters: Clusters, delta: float, note: str, claim: str = SCENARIO
) -> Route:
    """Return Pinsker's route from v = lim N Var(Zhat/Z), [1 + B]."""
    return measured_route("variance", claim, v, 2 * delta * delta, clusters, note)


def abstain(name: str, why: str) -> Route:
    """Return a route that asks for nothing, and why."""
    return Route(name, NO_CLAIM, Interval(math.nan), why)
