"""The worst case: S2 with the errors that were measured."""

from __future__ import annotations

import math

import numpy as np

from treesmc.audit.measure.bellman import RatioSummary, StepSizes
from treesmc.audit.measure.bootstrap import Interval
from treesmc.audit.measure.drift import Drift
from treesmc.audit.predict.routes import NO_CLAIM, SCENARIO, WORST_CASE_BOUND, Route
from treesmc.sims.base import portable
from treesmc.theory.bounds import log_instance_particles, log_uniform_particles

UNSEEN = "if no unseen prefix is worse than the worst seen"
ZERO_STEP = "a child worth zero makes L infinite: assumption A1 fails, and with it this bound"


def worst_case_routes(
    horizon: int, delta: float, bellman: RatioSummary, steps: StepSizes, drift: Drift | None
) -> list[Route]:
    """Return S2 with the largest errors seen, and with those of 99% of the prefixes."""
    log_worst = _uniform(horizon, bellman.raw_eps, steps.log_L, delta)
    routes = [_bound_route("worst case", log_worst, steps)]
    log_most = _uniform(horizon, bellman.eps99, steps.log_L99, delta)
    note = "were the worst 1% of the prefixes not there: no claim"
    routes.append(Route("worst 99%", SCENARIO, Interval(log_most), note))
    if drift is not None:
        log_q = steps.log_L + 2 * drift.raw_log_error
        finite = math.isfinite(log_q)
        log_n = log_instance_particles(np.full(horizon, log_q), delta) if finite else math.inf
        routes.append(_bound_route("value error", log_n, steps))
    return routes


def _uniform(horizon: int, eps: float, log_L: float, delta: float) -> float:
    if not math.isfinite(eps) or not log_L < 700:
        return math.inf
    return log_uniform_particles(horizon, eps, portable.exp(log_L), delta)


def _bound_route(name: str, log_n: float, steps: StepSizes) -> Route:
    if math.isinf(steps.log_L):
        return Route(name, NO_CLAIM, Interval(math.inf), ZERO_STEP)
    return Route(name, WORST_CASE_BOUND, Interval(log_n), UNSEEN)
