"""Particles from whole paths: the routes that they open, and when nothing is predicted."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from treesmc.audit.measure.bootstrap import Clusters, Interval, interval, resampled, weighted_sums
from treesmc.audit.predict.measured import MeasuredLog
from treesmc.audit.predict.paths import GRID, Outlook, PromptPaths, outlook, path_statistics, solve
from treesmc.audit.predict.routes import (
    FIRST_ORDER_BOUND,
    NO_CLAIM,
    PREDICTION,
    SCENARIO,
    Route,
    measured_route,
    variance_route,
)
from treesmc.sims.base import portable
from treesmc.sims.trees.tree import FloatArray

LEAST_ESS = 5.0  # of the median prompt
LEAST_TOTAL_ESS = 50.0
LEAST_PROMPT_ESS = 30.0  # for a claim about one prompt
WIDEST = 4.0  # the interval of a claimed prediction spans at most this factor
HARMLESS_DRIFT = 0.2  # largest T rms(rho - 1) at which V stands in for V*
PROMPT_REPLICATES = 100
AROUND: FloatArray = np.array(
    [portable.power(2.0, k / 2) for k in (-6, -4, -2, -1, 0, 1, 2, 4, 6)]
)  # an estimate, in units of it


@dataclass(frozen=True)
class PromptNeed:
    """Particles predicted for one prompt; the interval is over its own paths."""

    prompt: str
    paths: int
    ess: float
    log_n: Interval
    claimed: bool


@dataclass(frozen=True, eq=False)
class PathView:
    """The outlook of the prompts with enough paths, and how to replicate it.

    Attributes
    ----------
    base : Outlook
        Of P prompts.
    mix : float64[1 + B, P]
        Weight of each prompt: alike in row 0, then by replicate.
    again : list of Outlook
        Instead of ``mix``, in a log of one prompt: its outlook for each resampling of its paths.
    log_needs : float64[P]
        log N of each prompt.
    log_n : float64[1 + B]
        log N of the mean total variation, and its replicates.
    """

    base: Outlook
    mix: FloatArray
    again: list[Outlook]
    log_needs: FloatArray
    log_n: FloatArray

    @classmethod
    def of(cls, linked: list[PromptPaths], clusters: Clusters, delta: float) -> PathView:
        """Compute the outlook of each prompt, and replicate over prompts or paths."""
        base = outlook(linked)
        needs = np.array([solve(tv, GRID, delta) for tv in base.tv])
        if clusters.kind == "prompts":
            multiplicity = clusters.weights[:, [clusters.code[p.line[0]] for p in linked]]
            mix = np.vstack([np.ones(len(linked)), multiplicity])
            with np.errstate(invalid="ignore"):
                mix /= mix.sum(axis=1, keepdims=True)
            log_n = np.array([solve(tv, GRID, delta) for tv in portable.matmul(mix, base.tv)])
            return cls(base, mix, [], needs, log_n)
        multiplicity = clusters.weights[:, clusters.code[linked[0].line]]
        again, log_n = resampled_paths(linked[0], multiplicity, needs[0], delta)
        return cls(base, np.ones((1, 1)), again, needs, np.append(needs[0], log_n))

    def replicates(self, quantity: Callable[[Outlook], FloatArray]) -> FloatArray:
        """Return a quantity of the mean over prompts, and its replicates: [1 + B, ...]."""
        if self.again:
            return np.stack([quantity(o)[0] for o in (self.base, *self.again)])
        return weighted_sums(self.mix, quantity(self.base))


def resampled_paths(
    paths: PromptPaths, multiplicity: FloatArray, log_n: float, delta: float
) -> tuple[list[Outlook], FloatArray]:
    """Return the outlook and log N of one prompt for each row of multiplicities of its paths."""
    around = portable.exp(log_n) * AROUND if math.isfinite(log_n) else GRID
    grid = around[around >= GRID[0]]
    again = [outlook([paths], grid, m) for m in multiplicity]
    return again, np.array([solve(o.tv[0], grid, delta) for o in again])


def path_routes(view: PathView, clusters: Clusters, delta: float, doubts: list[str]) -> list[Route]:
    """Return the routes that whole paths open."""
    v = view.replicates(lambda o: o.v_steps).sum(axis=1)
    certificate = view.replicates(lambda o: o.certificate)
    constant = view.replicates(lambda o: o.first_order)
    claim = NO_CLAIM if doubts else PREDICTION
    bound = NO_CLAIM if doubts else FIRST_ORDER_BOUND
    why = "; ".join(doubts)
    limit = "the limit of small delta, S6"
    return [
        variance_route(v, clusters, delta, why or "to first order in 1/N, v as estimated", bound),
        measured_route(
            "certificate", bound, certificate, delta, clusters, why or "to first order in 1/N, S1"
        ),
        measured_route("first order", SCENARIO, constant, delta, clusters, limit),
        Route(
            "predicted",
            claim,
            clusters.interval(view.log_n),
            why or "S1's closed form along paths",
        ),
    ]


def doubts(view: PathView, log: MeasuredLog, delta: float) -> list[str]:
    """Say why no prediction is claimed; nothing if one is."""
    ess, rms, drift = view.base.ess, log.bellman.rms, log.drift
    found = []
    if np.median(ess) < LEAST_ESS or ess.sum() < LEAST_TOTAL_ESS:
        found.append(
            f"too few paths where the reward is: effective number {ess.sum():.0f}, "
            f"{np.median(ess):.1f} in the median prompt"
        )
    known = bool(np.all(log.probes.rollouts.count[log.probes.depth > 0] >= 2))
    if not known and not log.horizon * rms.high <= HARMLESS_DRIFT:
        found.append("without rollouts V must stand in for V*, and its Bellman error is not small")
    if drift is not None and drift.lost_mass.value >= delta / 2:
        found.append(f"V = 0 hides {drift.lost_mass.value:.2g} of the target from any number")
    if not _is_narrow(log.clusters.interval(view.log_n)):
        found.append(f"the interval spans more than a factor {WIDEST:g}")
    if drift is not None and drift.broken_promise:
        found.append(
            f"the rollouts found {drift.found:.2g} of the reward that V promises at the root: if V "
            "is right, they missed most of the target"
        )
    return found


def prompt_need(
    name: str, paths: PromptPaths, log_n: float, delta: float, rng: np.random.Generator | None
) -> PromptNeed:
    """Give one prompt its own interval, over its own paths, where it has enough of them."""
    statistics = path_statistics(paths)
    n = len(paths.line)
    if rng is None or statistics.ess < LEAST_PROMPT_ESS:
        return PromptNeed(name, n, statistics.ess, Interval(log_n), False)
    multiplicity = resampled(n, PROMPT_REPLICATES, rng)
    again = resampled_paths(paths, multiplicity, log_n, delta)[1]
    need = interval(np.append(log_n, again), n)
    return PromptNeed(name, n, statistics.ess, need, _is_narrow(need))


def _is_narrow(log_n: Interval) -> bool:
    return log_n.high - log_n.low <= portable.log(WIDEST)
