"""The tables of a report: headers and cells as text, for the terminal and the page alike."""

from __future__ import annotations

import math

from treesmc.audit.measure.bootstrap import Interval
from treesmc.audit.predict.predict import Route, whole
from treesmc.audit.report.report import Report
from treesmc.sims.base import portable

MOST_PROMPTS = 20

CHOICES = "what best-of-n returns: one drawn in proportion to reward, or the one of largest reward"

Table = tuple[list[str], list[list[str]]]
"""Header and rows."""


def number(x: float) -> str:
    """Return a number in few characters."""
    if math.isnan(x):
        return "-"
    if math.isinf(x):
        return "inf" if x > 0 else "-inf"
    if x == int(x) and abs(x) < 1e6:
        return f"{int(x):,}"
    return f"{x:.3g}"


def share(x: float) -> str:
    """Return a share in per cent."""
    return "-" if math.isnan(x) else f"{max(0.0, x):.0%}"


def particles(log_n: float) -> str:
    """Return exp(log_n) as a whole number, or a power of ten."""
    if math.isnan(log_n):
        return "-"
    if log_n > portable.log(1e7):
        return "inf" if math.isinf(log_n) else f"1e{log_n / portable.log(10):.1f}"
    return f"{whole(log_n):,.0f}"


def estimate(e: Interval) -> str:
    """Return value and interval."""
    if math.isnan(e.low):
        return number(e.value)
    return f"{number(e.value)} [{number(e.low)}, {number(e.high)}]"


def particle_range(log_n: Interval) -> str:
    """Return the interval of a number of particles."""
    if math.isnan(log_n.low):
        return ""
    return f"[{particles(log_n.low)}, {particles(log_n.high)}]"


def largest_step(report: Report) -> str:
    """Return L as seen."""
    steps = report.steps
    L, L99 = (number(portable.exp(min(x, 700))) for x in (steps.log_L_positive, steps.log_L99))
    infinite = "; a zero makes it infinite" if math.isinf(steps.log_L) else ""
    return f"L (largest step of V seen): {L}, 99% of prefixes: {L99}{infinite}"


def bellman(report: Report) -> Table:
    """The Bellman ratio by depth."""
    header = ["depth", "prefixes", "mean", "rms error", "log 5%", "median", "95%", "signal", "max*"]
    return header, [
        [
            "all" if s.depth is None else str(s.depth),
            f"{s.prefixes:,}",
            estimate(s.mean),
            estimate(s.rms),
            *(number(q.value) for q in s.quantiles[1:4]),
            share(s.reliability),
            number(s.raw_largest),
        ]
        for s in [*report.bellman_by_depth, report.bellman]
    ]


def drift(report: Report) -> Table:
    """V*/V by depth."""
    by_depth = report.drift.by_depth if report.drift is not None else []
    rows = [[str(d.depth), estimate(d.mean), estimate(d.spread)] for d in by_depth]
    return ["depth", "mean", "relative spread"], rows


def steps(report: Report) -> Table:
    """The variance by step."""
    total = report.prediction.v.value
    rows = [
        [str(t), estimate(x), share(x.value / total if total > 0 else math.nan)]
        for t, x in enumerate(report.prediction.v_steps, 1)
    ]
    return ["step", "v_t", "share"], rows


def routes(report: Report) -> Table:
    """Particles by route, with what they cost."""
    header = ["route", "N", "95%", "draws", "evaluations", "claim", "because"]
    log_T = portable.log(report.horizon)
    return header, [
        [
            r.name,
            particles(r.log_n.value),
            particle_range(r.log_n),
            particles(_log_whole(r) + log_T),
            particles(_log_whole(r) + (0.0 if r.name == "best-of-n" else log_T)),
            r.claim,
            r.note,
        ]
        for r in report.prediction.routes
    ]


def _log_whole(route: Route) -> float:
    return portable.log(route.n) if math.isfinite(route.n) else route.log_n.value


def choices(report: Report) -> Table:
    """Best-of-n, drawn by reward against the one of largest reward."""
    header = ["n", "TV drawn", "TV largest", "reward drawn", "reward largest"]
    return header, [
        [f"{c.n:,.0f}", *map(number, (c.tv_drawn, c.tv_largest, c.reward_drawn, c.reward_largest))]
        for c in report.last_choice
    ]


def prompts(report: Report) -> Table:
    """The prompts that need most."""
    ordered = sorted(report.prediction.prompts, key=lambda need: -need.log_n.value)
    return ["prompt", "paths", "ESS", "N", "95%"], [
        [x.prompt, str(x.paths), f"{x.ess:.0f}", particles(x.log_n.value), particle_range(x.log_n)]
        for x in ordered[:MOST_PROMPTS]
    ]


def shapes(report: Report) -> Table:
    """Tempered and clipped reward models."""
    return ["V", "N", "v", "L on paths"], [
        [r.name, particles(r.log_n), number(r.v), number(portable.exp(min(r.log_L, 700)))]
        for r in report.reshaped
    ]


def scores(report: Report) -> Table:
    """Aggregations of step scores."""
    header = ["aggregation", "Bellman rms", "value spread", "weight variance", "defect", "zeros"]
    aggregations = report.scores.aggregations if report.scores is not None else []
    return header, [
        [
            a.name,
            number(a.bellman_rms),
            number(a.value_spread),
            number(a.weight_variance),
            number(a.defect),
            str(a.zeros),
        ]
        for a in aggregations
    ]
