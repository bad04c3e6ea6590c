"""A report as text for a terminal."""

from __future__ import annotations

import math
from textwrap import fill

from treesmc.audit.report import tables as rows
from treesmc.audit.report.report import Report
from treesmc.audit.report.tables import Table, estimate, number

WIDTH = 100


def render(report: Report) -> str:
    """Return the report as lines of text."""
    sections = [
        _heading(report),
        _bellman(report),
        _drift(report),
        _regime(report),
        _steps(report),
        f"particles for total variation {report.delta:g}\n" + aligned(*rows.routes(report)),
        _choices(report),
        _titled("prompt by prompt, those that need most", rows.prompts(report)),
        _titled("other shapes of the same reward model", rows.shapes(report)),
        _scores(report),
        _notes("warnings", report.warnings),
        _notes("what this log cannot tell", report.limits),
    ]
    return "\n\n".join(section for section in sections if section) + "\n"


def aligned(header: list[str], body: list[list[str]]) -> str:
    """Return a table, columns padded to their widest entry."""
    lines = [header, *body]
    widths = [max(len(line[k]) for line in lines) for k in range(len(header))]
    return "\n".join(
        "  " + "  ".join(f"{x:<{w}}" for x, w in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )


def _titled(title: str, table: Table) -> str:
    return f"{title}\n{aligned(*table)}" if table[1] else ""


def _heading(report: Report) -> str:
    chosen = report.recommendation
    verdict = "none"
    if chosen.n is not None:
        verdict = f"{chosen.method}, n = {chosen.n:,.0f} ({chosen.claim})"
    return (
        f"{report.lines:,} prefixes, {report.prompts:,} prompts, {report.paths:,} complete paths, "
        f"horizon T = {report.horizon}; intervals are 95%, over {report.clusters}\n"
        f"for total variation {report.delta:g}: {verdict}\n  {chosen.why}"
    )


def _bellman(report: Report) -> str:
    return (
        "Bellman ratio E_ref[V'|s]/V(s), noise of the children removed\n"
        f"{aligned(*rows.bellman(report))}\n"
        "  signal: share of the spread that is not noise; max*: largest |log ratio| as observed,\n"
        "  noise included, unseen prefixes not: biased\n"
        f"  {rows.largest_step(report)}"
    )


def _drift(report: Report) -> str:
    if report.drift is None:
        return "V*/V: not known without rollouts"
    support = ", ".join(f"{name} {share:.0%}" for name, share in report.drift.support.items())
    return (
        "V*/V from rollouts, noise removed; spread is relative and within prompts\n"
        f"{aligned(*rows.drift(report))}\n"
        f"  growth with the steps left: {report.drift.growth} (support: {support})"
    )


def _regime(report: Report) -> str:
    r = report.regime
    lines = [
        f"regime: {r.name}: {r.meaning}",
        f"  T eps = {number(r.T_eps_rms)} (rms), {number(r.T_eps99)} (99% of prefixes), "
        f"{number(r.T_eps_largest)} (largest seen, biased)",
        *(f"  - {change}" for change in r.changes),
    ]
    return "\n".join(lines)


def _steps(report: Report) -> str:
    prediction = report.prediction
    way = "from whole paths" if prediction.linked else "children share their parent's drift"
    without = (
        ""
        if math.isnan(prediction.chi2)
        else f"\n  never resampling: {number(prediction.chi2)} in place of v"
    )
    title = f"variance by step ({way}): v = {estimate(prediction.v)}"
    return f"{title}\n{aligned(*rows.steps(report))}{without}"


def _scores(report: Report) -> str:
    if report.scores is None:
        return ""
    text = "step scores as a reward model (errors are lower estimates)\n" + aligned(
        *rows.scores(report)
    )
    if report.scores.telescopes is None:
        return text
    verdict = "telescope" if report.scores.telescopes else "do NOT telescope: wrong target"
    return (
        text + f"\n  logged weights {verdict} (defect {number(report.scores.weight_defect or 0)})"
    )


def _choices(report: Report) -> str:
    if not report.last_choice:
        return ""
    return (
        f"{rows.CHOICES}\n{aligned(*rows.choices(report))}\n"
        "  reward: mean, over the target's; the largest of SMC's particles leans the same way"
    )


def _notes(title: str, notes: list[str]) -> str:
    lines = [fill(note, WIDTH, initial_indent="  - ", subsequent_indent="    ") for note in notes]
    return "\n".join([title, *lines]) if notes else ""
