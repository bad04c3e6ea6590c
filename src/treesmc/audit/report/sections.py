"""What a report says, section by section; `text` and `page` show the same sections in two ways."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from treesmc.audit.report import tables
from treesmc.audit.report.report import Report
from treesmc.audit.report.tables import Table, estimate, number

EMPTY: Table = ([], [])


@dataclass(frozen=True)
class Section:
    """A section of a report.

    Attributes
    ----------
    title : str
    reading : str
        How it is to be read, for a page.
    table : Table
    notes : tuple of str
        Lines below the table.
    points : tuple of str
        A list.
    plots : tuple of str
        Names of functions of `plots`, drawn side by side on a page.
    """

    title: str
    reading: str = ""
    table: Table = EMPTY
    notes: tuple[str, ...] = ()
    points: tuple[str, ...] = ()
    plots: tuple[str, ...] = ()


def sections(report: Report) -> list[Section]:
    """Return the sections that a report has something for, in order."""
    found = [section(report) for section in SECTIONS]
    return [section for section in found if section is not None]


def verdict(report: Report) -> str:
    """Return what to run, in a few words."""
    chosen = report.recommendation
    if chosen.n is None:
        return "none"
    return f"{chosen.method}, n = {chosen.n:,.0f} ({chosen.claim})"


def basis(report: Report) -> str:
    """Return what the report is made from."""
    return (
        f"{report.lines:,} prefixes, {report.prompts:,} prompts, {report.paths:,} complete paths, "
        f"horizon T = {report.horizon}; intervals are 95%, over {report.clusters}"
    )


def _bellman(report: Report) -> Section:
    return Section(
        "Bellman ratio E_ref[V'|s]/V(s), noise of the children removed",
        "1 where the reward model agrees with itself one step on.",
        tables.bellman(report),
        (
            "signal: share of the spread that is not noise; max*: largest |log ratio| as observed,",
            "noise included, unseen prefixes not: biased",
            tables.largest_step(report),
        ),
        plots=("bellman",),
    )


def _drift(report: Report) -> Section:
    if report.drift is None:
        return Section(
            "V*/V: not known without rollouts",
            "So it is not known whether the error compounds with the steps left.",
        )
    support = ", ".join(f"{name} {share:.0%}" for name, share in report.drift.support.items())
    return Section(
        "V*/V from rollouts, noise removed; spread is relative and within prompts",
        "An error that stays bounded as more steps are left costs particles linear in T, one that "
        "compounds costs exponentially many.",
        tables.drift(report),
        (f"growth with the steps left: {report.drift.growth} (support: {support})",),
        plots=("drift",),
    )


def _regime(report: Report) -> Section:
    r = report.regime
    return Section(
        f"regime: {r.name}: {r.meaning}",
        notes=(
            f"T eps = {number(r.T_eps_rms)} (rms), {number(r.T_eps99)} (99% of prefixes), "
            f"{number(r.T_eps_largest)} (largest seen, biased)",
            *(f"- {change}" for change in r.changes),
        ),
    )


def _steps(report: Report) -> Section:
    prediction = report.prediction
    way = "from whole paths" if prediction.linked else "children share their parent's drift"
    without = f"never resampling: {number(prediction.chi2)} in place of v"
    return Section(
        f"variance by step ({way}): v = {estimate(prediction.v)}",
        "Which step burns the particles: each step's part in v = lim N Var(Zhat/Z).",
        tables.steps(report),
        () if math.isnan(prediction.chi2) else (without,),
        plots=("steps",),
    )


def _routes(report: Report) -> Section:
    return Section(
        f"particles for total variation {report.delta:g}",
        "By every route, with what it claims. Draws are from the reference policy, evaluations are "
        "of the reward model.",
        tables.routes(report),
        plots=("routes", "curve") if report.prediction.curve else ("routes",),
    )


def _choices(report: Report) -> Section | None:
    if not report.last_choice:
        return None
    return Section(
        tables.CHOICES,
        "The latter follows another law, which no number of samples brings to the target: it "
        "leans to the largest rewards, the more so the more there are.",
        tables.choices(report),
        ("reward: mean, over the target's; the largest of SMC's particles leans the same way",),
    )


def _prompts(report: Report) -> Section | None:
    if not report.prediction.prompts:
        return None
    return Section(
        "prompt by prompt, those that need most",
        "Prompts differ for their own reasons; the interval of a prompt is over its own paths, and "
        "is given where they are enough.",
        tables.prompts(report),
    )


def _shapes(report: Report) -> Section | None:
    if not report.reshaped:
        return None
    return Section(
        "other shapes of the same reward model",
        "Tempering and clipping; V^0 is no guidance before the end.",
        tables.shapes(report),
        plots=("shapes",),
    )


def _scores(report: Report) -> Section | None:
    scores = report.scores
    if scores is None:
        return None
    verdict = "telescope" if scores.telescopes else "do NOT telescope: wrong target"
    weights = f"logged weights {verdict} (defect {number(scores.weight_defect or 0)})"
    return Section(
        "step scores as a reward model (errors are lower estimates)",
        table=tables.scores(report),
        notes=() if scores.telescopes is None else (weights,),
    )


def _warnings(report: Report) -> Section | None:
    return Section("warnings", points=tuple(report.warnings)) if report.warnings else None


def _limits(report: Report) -> Section:
    return Section("what this log cannot tell", points=tuple(report.limits))


SECTIONS: tuple[Callable[[Report], Any], ...] = (
    *(_bellman, _drift, _regime, _steps, _routes, _choices),
    *(_prompts, _shapes, _scores, _warnings, _limits),
)
