"""What a report says, section by section: written once, shown by `text` and by `html`.

Lines are broken as a terminal wants them; on a page they flow.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import astuple, dataclass
from textwrap import fill

from treesmc.audit.predict.routes import Route
from treesmc.audit.report.cells import (
    estimate,
    exponential,
    number,
    particle_range,
    particles,
    share,
)
from treesmc.audit.report.report import Report
from treesmc.sims.base import portable

ITEM_WIDTH = 96
MOST_NEEDS = 20  # prompts in the table of those that need most


@dataclass(frozen=True)
class Section:
    """One part of a report.

    Attributes
    ----------
    title : str
        Heading on a page.
    caption : str
        What the table below holds; the first line on a terminal.
    about : str
        How to read it, for a page, which has the room.
    header, rows : list
        The table, in text; empty if there is none.
    notes, items : list of str
        Remarks below the table, and a list.
    plots : tuple of str
        Names of functions of `plots`.
    """

    title: str
    caption: str
    about: str = ""
    header: tuple[str, ...] = ()
    rows: Iterable[list[str]] = ()
    notes: tuple[str, ...] = ()
    items: tuple[str, ...] = ()
    plots: tuple[str, ...] = ()


@dataclass(frozen=True)
class Summary:
    """The head of a report: what was read, and the answer to the question it was read for."""

    read: str
    question: str
    answer: str
    why: str


def summary(report: Report) -> Summary:
    """Return the head of a report."""
    chosen = report.recommendation
    return Summary(
        f"{report.lines:,} prefixes, {report.prompts:,} prompts, {report.paths:,} complete paths, "
        f"horizon T = {report.horizon}; intervals are 95%, over {report.clusters}",
        f"for total variation {report.delta:g}",
        "none" if chosen.n is None else f"{chosen.method}, n = {chosen.n:,.0f} ({chosen.claim})",
        chosen.why,
    )


def tiles(report: Report) -> list[tuple[str, str]]:
    """Return the numbers to see first, each with its name."""
    return [
        (number(report.bellman.rms.value), "rms Bellman error"),
        (number(report.regime.T_eps99), f"T eps, 99% of prefixes (T = {report.horizon})"),
        (report.regime.name, "regime"),
        (report.drift.growth if report.drift else "unknown", "growth of the value error"),
        (number(report.prediction.v.value), "v = lim N Var(Zhat/Z)"),
    ]


def sections(report: Report) -> list[Section]:
    """Return the sections that have something to say, in order."""
    parts = [
        _bellman(report),
        _drift(report),
        _regime(report),
        _steps(report),
        _routes(report),
        _choices(report),
        _needs(report),
        _shapes(report),
        _scores(report),
        _listed("Warnings", report.warnings),
        _listed("What this log cannot tell", report.limits),
    ]
    return [part for part in parts if part is not None]


def _bellman(report: Report) -> Section:
    rows = [
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
    steps = report.steps
    L, L99 = exponential(steps.log_L_positive), exponential(steps.log_L99)
    infinite = "; a zero makes it infinite" if math.isinf(steps.log_L) else ""
    return Section(
        "Bellman ratio",
        "Bellman ratio E_ref[V'|s]/V(s), noise of the children removed",
        "1 where the reward model agrees with itself one step on.",
        ("depth", "prefixes", "mean", "rms error", "log 5%", "median", "95%", "signal", "max*"),
        rows,
        (
            "signal: share of the spread that is not noise; max*: largest |log ratio| as observed,"
            "\nnoise included, unseen prefixes not: biased",
            f"L (largest step of V seen): {L}, 99% of prefixes: {L99}{infinite}",
        ),
        plots=("bellman",),
    )


def _drift(report: Report) -> Section:
    drift = report.drift
    if drift is None:
        return Section(
            "Value error",
            "V*/V: not known without rollouts",
            "Without rollouts it is not known whether the error compounds with the steps left.",
        )
    support = ", ".join(f"{name} {part:.0%}" for name, part in drift.support.items())
    return Section(
        "Value error",
        "V*/V from rollouts, noise removed; spread is relative and within prompts",
        "An error that stays bounded as more steps are left costs particles linear in T, one that "
        "compounds costs exponentially many.",
        ("depth", "mean", "relative spread"),
        [[str(d.depth), estimate(d.mean), estimate(d.spread)] for d in drift.by_depth],
        (f"growth with the steps left: {drift.growth} (support: {support})",),
        plots=("drift",),
    )


def _regime(report: Report) -> Section:
    r = report.regime
    T_eps = (
        f"T eps = {number(r.T_eps_rms)} (rms), {number(r.T_eps99)} (99% of prefixes), "
        f"{number(r.T_eps_largest)} (largest seen, biased)"
    )
    return Section(
        "Regime", f"regime: {r.name}: {r.meaning}", notes=(T_eps,), items=tuple(r.changes)
    )


def _steps(report: Report) -> Section:
    prediction = report.prediction
    total, without = prediction.v.value, prediction.chi2
    way = "from whole paths" if prediction.linked else "children share their parent's drift"
    never = f"never resampling: {number(without)} in place of v"
    return Section(
        "Which step burns the particles",
        f"variance by step ({way}): v = {estimate(prediction.v)}",
        "Each step's part in the variance of SMC's estimate of Z.",
        ("step", "v_t", "share"),
        [
            [str(t), estimate(x), share(x.value / total if total > 0 else math.nan)]
            for t, x in enumerate(prediction.v_steps, 1)
        ],
        () if math.isnan(without) else (never,),
        plots=("steps",),
    )


def _routes(report: Report) -> Section:
    log_T = portable.log(report.horizon)
    rows = [
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
    return Section(
        "Particles",
        f"particles for total variation {report.delta:g}",
        "By every route, with what it claims. Draws are from the reference policy, evaluations "
        "are of the reward model.",
        ("route", "N", "95%", "draws", "evaluations", "claim", "because"),
        rows,
        plots=("routes", "curve") if report.prediction.curve else ("routes",),
    )


def _log_whole(route: Route) -> float:
    return portable.log(route.n) if math.isfinite(route.n) else route.log_n.value


def _choices(report: Report) -> Section | None:
    if not report.last_choice:
        return None
    return Section(
        "The last choice",
        "what best-of-n returns: one drawn in proportion to reward, or the one of largest reward",
        "The latter follows another law, which no number of samples brings to the target: it leans "
        "to the largest rewards, the more so the more there are.",
        ("n", "TV drawn", "TV largest", "reward drawn", "reward largest"),
        [[f"{c.n:,.0f}", *map(number, astuple(c)[1:])] for c in report.last_choice],
        ("reward: mean, over the target's; the largest of SMC's particles leans the same way",),
    )


def _needs(report: Report) -> Section | None:
    needs = sorted(report.prediction.prompts, key=lambda need: -need.log_n.value)[:MOST_NEEDS]
    if not needs:
        return None
    return Section(
        "Prompt by prompt",
        "prompt by prompt, those that need most",
        "Prompts differ for their own reasons; the interval of a prompt is over its own paths, and "
        "is given where they are enough.",
        ("prompt", "paths", "ESS", "N", "95%"),
        [
            [
                x.prompt,
                str(x.paths),
                f"{x.ess:.0f}",
                particles(x.log_n.value),
                particle_range(x.log_n),
            ]
            for x in needs
        ],
    )


def _shapes(report: Report) -> Section | None:
    if not report.reshaped:
        return None
    return Section(
        "Tempering and clipping",
        "other shapes of the same reward model",
        "Particles predicted for them; V^0 is no guidance before the end.",
        ("V", "N", "v", "L on paths"),
        [[r.name, particles(r.log_n), number(r.v), exponential(r.log_L)] for r in report.reshaped],
        plots=("shapes",),
    )


def _scores(report: Report) -> Section | None:
    scores = report.scores
    if scores is None:
        return None
    verdict = "telescope" if scores.telescopes else "do NOT telescope: wrong target"
    weights = f"logged weights {verdict} (defect {number(scores.weight_defect or 0)})"
    return Section(
        "Step scores",
        "step scores as a reward model (errors are lower estimates)",
        "Aggregations of step scores, each judged as a reward model.",
        ("aggregation", "Bellman rms", "value spread", "weight variance", "defect", "zeros"),
        [
            [name, *map(number, errors), str(zeros)]
            for name, *errors, zeros in map(astuple, scores.aggregations)
        ],
        () if scores.telescopes is None else (weights,),
    )


def _listed(title: str, notes: list[str]) -> Section | None:
    items = tuple(fill(note, ITEM_WIDTH) for note in notes)
    return Section(title, title[0].lower() + title[1:], items=items) if items else None
