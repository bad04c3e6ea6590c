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
from dataclasses import dataclass

import numpy as np

from treesmc.audit.log.probes import Probes
from treesmc.audit.measure.bootstrap import Interval
from treesmc.audit.predict.best_of_n import best_of_n_route
from treesmc.audit.predict.measured import MeasuredLog
from treesmc.audit.predict.paths import GRID
from treesmc.audit.predict.routes import Route, abstain
from treesmc.audit.predict.unlinked import unlinked_routes, unlinked_steps
from treesmc.audit.predict.whole_paths import PathView, PromptNeed, doubts, path_routes, prompt_need
from treesmc.audit.predict.worst_case import worst_case_routes
from treesmc.sims.base.streams import generator

LEAST_PATHS = 8  # a prompt with fewer complete paths is left out
MOST_INTERVALS = 20  # prompts that get an interval of their own


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


def predict(log: MeasuredLog, delta: float, seed: int = 0) -> Prediction:
    """Return what every route asks for, for TV <= delta; the seed is for single prompts."""
    worst = worst_case_routes(log.horizon, delta, log.bellman, log.steps, log.drift)
    best_of_n = best_of_n_route(log.rewards, log.clusters, delta)
    if log.linked:
        return _from_paths(log, delta, seed, worst, best_of_n)
    v = unlinked_steps(log.probes, log.clusters, log.horizon)
    why = abstain("predicted", _why_unlinked(log.probes))
    routes = [*worst, *unlinked_routes(v, log.clusters, delta), why, best_of_n]
    v_all, *v_steps = log.estimates(np.column_stack([v.sum(axis=1), v]))
    return Prediction(routes, [], v_all, v_steps, math.nan, [], False)


def _from_paths(
    log: MeasuredLog, delta: float, seed: int, worst: list[Route], best_of_n: Route
) -> Prediction:
    view = PathView.of(log.linked, log.clusters, delta)
    opened = path_routes(view, log.clusters, delta, doubts(view, log, delta))
    v = view.replicates(lambda o: o.v_steps)
    v_all, *v_steps = log.estimates(np.column_stack([v.sum(axis=1), v]))
    curve = list(zip(GRID.tolist(), view.base.tv.mean(axis=0).tolist(), strict=True))
    return Prediction(
        [*worst, *opened, best_of_n],
        _needs(log, view, delta, seed) if len(log.probes.prompts) > 1 else [],
        v_all,
        v_steps,
        float(view.base.chi2.mean()),
        curve,
        True,
    )


def _needs(log: MeasuredLog, view: PathView, delta: float, seed: int) -> list[PromptNeed]:
    needs = []
    for i, (paths, log_n) in enumerate(zip(log.linked, view.log_needs, strict=True)):
        rng = generator(seed, i + 1) if i < MOST_INTERVALS else None
        needs.append(prompt_need(log.probes.prompts[paths.prompt], paths, log_n, delta, rng))
    return needs


def _why_unlinked(probes: Probes) -> str:
    if not probes.path.any():
        return "no line names its path, so how errors of successive steps add up is unknown"
    return f"no prompt has {LEAST_PATHS} complete paths (depths 0 to T - 1, each once)"
