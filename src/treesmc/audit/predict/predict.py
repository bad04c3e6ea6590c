r"""Particles for a tolerance, by every route, each with what it claims.

    route         particles N for TV <= delta                            claim
    worst case    sum_t (L (1+eps)^(2(T-t)+1) - 1)/delta (S2), with the  bound, if no unseen prefix
                  largest L and eps seen                                 is worse than those seen
    worst 99%     the same with what 99% of prefixes keep to             none: a scenario
    value error   T (L (1+eps_V)^2 - 1)/delta (S2 under A3), largest     as worst case
                  L and eps_V seen
    variance      v/(2 delta^2): KL(pi || law) <= log(1 + v/N), Pinsker  bound to first order in 1/N
    certificate   E_pi[b_+]/delta: S1                                    bound to first order in 1/N
    first order   C/delta: S6                                            none: the limit delta -> 0
    predicted     total variation from S1's closed form (`paths`)        prediction
    best-of-n     the exact law of naive sampling (S7) on the rewards    prediction

A prediction is claimed only where the log supports it; else the route says why not. Several prompts
are averaged: N is for the *mean* total variation over prompts. Prompts are also looked at one by
one, each with its own interval over its own paths.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from treesmc.audit.log.logs import Probes
from treesmc.audit.measure.bellman import RatioSummary, StepSizes
from treesmc.audit.measure.bootstrap import (
    Clusters,
    Interval,
    expanded_percentiles,
    resampled,
    weighted_sums,
)
from treesmc.audit.measure.drift import Drift
from treesmc.audit.measure.paths import GRID, Outlook, PromptPaths, outlook, path_statistics
from treesmc.audit.measure.unlinked import unlinked_steps
from treesmc.audit.predict import best_of_n as naive
from treesmc.sims.base import portable
from treesmc.sims.base.streams import generator
from treesmc.sims.trees.tree import FloatArray
from treesmc.theory.bounds import log_instance_particles, log_uniform_particles

LEAST_PATHS = 8  # a prompt with fewer complete paths is left out
LEAST_ESS = 5.0  # of the median prompt
LEAST_TOTAL_ESS = 50.0
LEAST_PROMPT_ESS = 30.0  # for a claim about one prompt
WIDEST = 4.0  # the interval of a claimed prediction spans at most this factor
HARMLESS_DRIFT = 0.2  # largest T rms(rho - 1) at which V stands in for V*
PROMPT_REPLICATES = 100
MOST_INTERVALS = 20  # prompts that get an interval of their own
AROUND: FloatArray = np.array(
    [portable.power(2.0, k / 2) for k in (-6, -4, -2, -1, 0, 1, 2, 4, 6)]
)  # around an estimate

BOUND, FIRST_ORDER_BOUND = "bound", "bound to first order"
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


@dataclass(frozen=True)
class PromptNeed:
    """Particles predicted for one prompt; the interval is over its own paths."""

    prompt: str
    paths: int
    ess: float
    log_n: Interval
    claimed: bool


@dataclass(frozen=True)
class Prediction:
    """All routes, prompt by prompt needs, and the variance by step.

    Attributes
    ----------
    routes : list of Route
    prompts : list of PromptNeed
        Empty where there is one prompt: the routes are about it.
    v : Interval
        lim N Var(Zhat/Z).
    v_steps : list of Interval
        Share of each step t = 1 .. T in v.
    chi2 : float
        What stands in place of v without any resampling; nan without paths.
    curve : list of (N, TV)
        Predicted total variation, empty without paths.
    linked : bool
        Whether v comes from whole paths.
    """

    routes: list[Route]
    prompts: list[PromptNeed]
    v: Interval
    v_steps: list[Interval]
    chi2: float
    curve: list[tuple[float, float]]
    linked: bool

    def route(self, name: str) -> Route:
        """Return the route of a name."""
        return next(route for route in self.routes if route.name == name)


def whole(log_n: float) -> float:
    """Return the least whole number of at least 1 and exp(log_n)."""
    if math.isnan(log_n):
        return math.nan
    return max(1.0, math.ceil(portable.exp(log_n) * (1 - 1e-12))) if log_n < 700 else math.inf


@dataclass(frozen=True, eq=False)
class MeasuredLog:
    """A log and what was measured on it: all that a prediction needs.

    Attributes
    ----------
    probes : Probes
    clusters : Clusters
        Who is resampled.
    horizon : int
        T.
    bellman, steps, drift
        Errors of the reward model.
    linked : list of PromptPaths
        Of the prompts that have at least `LEAST_PATHS` complete paths.
    """

    probes: Probes
    clusters: Clusters
    horizon: int
    bellman: RatioSummary
    steps: StepSizes
    drift: Drift | None
    linked: list[PromptPaths]

    def estimates(self, rows: FloatArray) -> list[Interval]:
        """Return an estimate for each column of [1 + B, n]: the log, then its replicates."""
        return [self.clusters.interval(float(x[0]), x[1:]) for x in rows.T]


def predict(log: MeasuredLog, delta: float, seed: int = 0) -> Prediction:
    """Return what every route asks for, for TV <= delta; the seed is for single prompts."""
    worst = worst_case_routes(log.horizon, delta, log.bellman, log.steps, log.drift)
    best_of_n = naive_route(log.probes, log.clusters, log.horizon, delta)
    if log.linked:
        return _from_paths(log, delta, seed, worst, best_of_n)
    v = unlinked_steps(log.probes, log.clusters, log.horizon)
    total = v.sum(axis=1, keepdims=True)
    routes = [
        *worst,
        _variance_route(total[:, 0], log.clusters, delta, LOOSE_NOTE),
        *_unlinked_scenarios(v, log.clusters, delta),
        _abstain("predicted", _why_unlinked(log.probes)),
        best_of_n,
    ]
    v_all, *v_steps = log.estimates(np.hstack([total, v]))
    return Prediction(routes, [], v_all, v_steps, math.nan, [], False)


def _from_paths(
    log: MeasuredLog, delta: float, seed: int, worst: list[Route], best_of_n: Route
) -> Prediction:
    view = PathView.of(log.linked, log.clusters, delta)
    doubts = _doubts(view, log, delta)
    routes = [*worst, *path_routes(view, log.clusters, delta, doubts), best_of_n]
    names = [log.probes.prompts[paths.prompt] for paths in log.linked]
    needs = []
    for i, paths in enumerate(log.linked if len(log.probes.prompts) > 1 else []):
        rng = generator(seed, i + 1) if i < MOST_INTERVALS else None
        needs.append(_prompt_need(names[i], paths, view.log_needs[i], delta, rng))
    v = view.replicates(lambda o: o.v_steps)
    v_all, *v_steps = log.estimates(np.column_stack([v.sum(axis=1), v]))
    tv = view.base.tv.mean(axis=0)
    curve = list(zip(GRID.tolist(), tv.tolist(), strict=True))
    return Prediction(routes, needs, v_all, v_steps, float(view.base.chi2.mean()), curve, True)


# The worst case: S2 with what was measured

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
    return Route(name, BOUND, Interval(log_n), UNSEEN)


# Whole paths


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


def solve(tv: FloatArray, grid: FloatArray, delta: float) -> float:
    """Return log of the least N with tv(N) <= delta, by interpolation of logarithms.

    The ends of the grid where it does not hold the answer; infinite beyond the largest of `GRID`.
    """
    if np.isnan(tv).any():
        return math.nan
    enough = np.flatnonzero(tv > delta)
    if not len(enough):
        return portable.log(grid[0])
    k = int(enough[-1])
    if k == len(grid) - 1:
        return portable.log(grid[-1]) if grid[-1] < GRID[-1] else math.inf
    share = portable.log(tv[k] / delta) / portable.log(tv[k] / max(tv[k + 1], 1e-300))
    return portable.log(grid[k]) + share * portable.log(grid[k + 1] / grid[k])


def path_routes(view: PathView, clusters: Clusters, delta: float, doubts: list[str]) -> list[Route]:
    """Return the routes that whole paths open."""

    def route(name: str, claim: str, numbers: FloatArray, note: str) -> Route:
        log_n = _log(numbers, delta)
        return Route(name, claim, clusters.interval(float(log_n[0]), log_n[1:]), note)

    v = view.replicates(lambda o: o.v_steps).sum(axis=1)
    certificate = view.replicates(lambda o: o.certificate)
    constant = view.replicates(lambda o: o.first_order)
    claim = NO_CLAIM if doubts else PREDICTION
    bound = NO_CLAIM if doubts else FIRST_ORDER_BOUND
    note = "; ".join(doubts)
    interval = clusters.interval(float(view.log_n[0]), view.log_n[1:])
    predicted = Route("predicted", claim, interval, note or "S1's closed form along paths")
    return [
        _variance_route(v, clusters, delta, note or "to first order in 1/N, v as estimated", bound),
        route("certificate", bound, certificate, note or "to first order in 1/N, S1"),
        route("first order", SCENARIO, constant, "the limit of small delta, S6"),
        predicted,
    ]


INDEPENDENT = "first order (S6), were the errors of different steps independent"
ALIGNED = "first order (S6), were they all of one sign along each path"
LOOSE_NOTE = "v from prefixes that name no path: children share their parent's drift"


def _variance_route(
    v: FloatArray, clusters: Clusters, delta: float, note: str, claim: str = SCENARIO
) -> Route:
    log_n = _log(v, 2 * delta * delta)
    return Route("variance", claim, clusters.interval(float(log_n[0]), log_n[1:]), note)


def _unlinked_scenarios(v: FloatArray, clusters: Clusters, delta: float) -> list[Route]:
    """Return the first-order law, N TV = E_pi|b - v| / 2, were steps independent, or all alike.

    Of the gains of single steps only the spreads are known, about the roots of v_t. Added up they
    are nearly normal if independent, with E|b - v| / 2 = sd / sqrt(2 pi); whatever they are,
    E|b - v| is at most the sum of the spreads.
    """
    spread = np.sqrt(np.maximum(v, 0.0))
    constants = {
        "independent": (
            np.sqrt((spread * spread).sum(axis=1) / (2 * math.pi)),
            INDEPENDENT,
        ),
        "aligned": (spread.sum(axis=1) / 2, ALIGNED),
    }
    routes = []
    for name, (constant, note) in constants.items():
        log_n = _log(constant, delta)
        interval = clusters.interval(float(log_n[0]), log_n[1:])
        routes.append(Route(name, SCENARIO, interval, note))
    return routes


def _log(numbers: FloatArray, tolerance: float) -> FloatArray:
    """Return log of particles, numbers / tolerance, or of one where noise made that less."""
    with np.errstate(over="ignore"):
        return portable.log(np.maximum(numbers / tolerance, 1.0))


def _abstain(name: str, why: str) -> Route:
    return Route(name, NO_CLAIM, Interval(math.nan), why)


def _why_unlinked(probes: Probes) -> str:
    if not probes.path.any():
        return "no line names its path, so how errors of successive steps add up is unknown"
    return f"no prompt has {LEAST_PATHS} complete paths (depths 0 to T - 1, each once)"


def _doubts(view: PathView, log: MeasuredLog, delta: float) -> list[str]:
    """Say why no prediction is claimed; nothing if one is."""
    ess, rms, drift = view.base.ess, log.bellman.rms, log.drift
    doubts = []
    if np.median(ess) < LEAST_ESS or ess.sum() < LEAST_TOTAL_ESS:
        doubts.append(
            f"too few paths where the reward is: effective number {ess.sum():.0f}, "
            f"{np.median(ess):.1f} in the median prompt"
        )
    known = bool(np.all(log.probes.rollouts.count[log.probes.depth > 0] >= 2))
    if not known and not log.horizon * rms.high <= HARMLESS_DRIFT:
        doubts.append("without rollouts V must stand in for V*, and its Bellman error is not small")
    if drift is not None and drift.lost_mass.value >= delta / 2:
        doubts.append(f"V = 0 hides {drift.lost_mass.value:.2g} of the target from any number")
    interval = log.clusters.interval(view.log_n[0], view.log_n[1:])
    if not interval.high - interval.low <= portable.log(WIDEST):
        doubts.append(f"the interval spans more than a factor {WIDEST:g}")
    if drift is not None and drift.broken_promise:
        doubts.append(
            f"the rollouts found {drift.found:.2g} of the reward that V promises at the root: if V "
            "is right, they missed most of the target"
        )
    return doubts


def _prompt_need(
    name: str, paths: PromptPaths, log_n: float, delta: float, rng: np.random.Generator | None
) -> PromptNeed:
    """Give one prompt its own interval, over its own paths, where it has enough of them."""
    statistics = path_statistics(paths)
    n = len(paths.line)
    if rng is None or statistics.ess < LEAST_PROMPT_ESS:
        return PromptNeed(name, n, statistics.ess, Interval(log_n), False)
    multiplicity = resampled(n, PROMPT_REPLICATES, rng)
    again = resampled_paths(paths, multiplicity, log_n, delta)[1]
    low, high = expanded_percentiles(again, n)
    return PromptNeed(
        name, n, statistics.ess, Interval(log_n, low, high), high - low <= portable.log(WIDEST)
    )


# Best-of-n

LEAST_NAIVE_ESS = 30.0


def naive_route(probes: Probes, clusters: Clusters, horizon: int, delta: float) -> Route:
    """Return the samples that best-of-n needs, over the rewards of the log."""
    view = naive.naive_outlook(probes, horizon)
    if view is None:
        return _abstain("best-of-n", "the log holds no rewards")
    log_n = np.array([solve(view.tv.mean(axis=0), naive.GRID, delta)])
    if clusters.kind == "prompts":
        rng = generator(0, len(view.prompt))
        mix = resampled(len(view.prompt), len(clusters.weights), rng) / len(view.prompt)
        log_n = np.append(
            log_n, [solve(tv, naive.GRID, delta) for tv in portable.matmul(mix, view.tv)]
        )
    estimate = Interval(float(log_n[0]), *expanded_percentiles(log_n[1:], len(view.prompt)))
    ess = float(np.median(view.ess))
    if ess < LEAST_NAIVE_ESS:
        note = f"a lower estimate: effective number of rewards {ess:.0f} in the median prompt"
        return Route("best-of-n", NO_CLAIM, estimate, note)
    return Route("best-of-n", PREDICTION, estimate, "exact law of the logged rewards, S7")
