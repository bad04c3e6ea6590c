"""A report as text for a terminal."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

from treesmc.audit.bootstrap import Estimate
from treesmc.audit.predict import whole
from treesmc.audit.report import Report

MOST_PROMPTS = 10


def render(report: Report) -> str:
    """Return the report as lines of text."""
    sections = [
        _heading(report),
        _bellman(report),
        _drift(report),
        _regime(report),
        _steps(report),
        _routes(report),
        _prompts(report),
        _reshaped(report),
        _scores(report),
        _notes("warnings", report.warnings),
        _notes("what this log cannot tell", report.limits),
    ]
    return "\n\n".join(section for section in sections if section) + "\n"


def number(x: float) -> str:
    """Return a number in few characters."""
    if math.isnan(x):
        return "-"
    if math.isinf(x):
        return "inf" if x > 0 else "-inf"
    if x == int(x) and abs(x) < 1e6:
        return f"{int(x):,}"
    return f"{x:.3g}"


def particles(log_n: float) -> str:
    """Return exp(log_n) as a whole number, or a power of ten."""
    if math.isnan(log_n):
        return "-"
    if log_n > math.log(1e7):
        return "inf" if math.isinf(log_n) else f"1e{log_n / math.log(10):.1f}"
    return f"{whole(log_n):,.0f}"


def estimate(e: Estimate) -> str:
    """Return value and interval."""
    if math.isnan(e.low):
        return number(e.value)
    return f"{number(e.value)} [{number(e.low)}, {number(e.high)}]"


def particle_range(log_n: Estimate) -> str:
    """Return the interval of a number of particles."""
    if math.isnan(log_n.low):
        return ""
    return f"[{particles(log_n.low)}, {particles(log_n.high)}]"


def aligned(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """Return a table, columns padded to their widest entry."""
    table = [list(header), *map(list, rows)]
    widths = [max(len(row[k]) for row in table) for k in range(len(header))]
    return "\n".join(
        "  " + "  ".join(f"{x:<{w}}" for x, w in zip(row, widths, strict=True)).rstrip()
        for row in table
    )


def _heading(report: Report) -> str:
    chosen = report.recommendation
    verdict = f"{chosen.method}, n = {chosen.n:,.0f}" if chosen.n is not None else "none"
    return (
        f"{report.lines:,} prefixes, {report.prompts:,} prompts, {report.paths:,} complete paths, "
        f"horizon T = {report.horizon}; intervals are 95%, over {report.clusters}\n"
        f"for total variation {report.delta:g}: {verdict}\n  {chosen.why}"
    )


def _bellman(report: Report) -> str:
    header = ["depth", "prefixes", "mean", "rms error", "log 5%", "median", "95%", "signal", "max*"]
    rows = [
        [
            "all" if s.depth is None else str(s.depth),
            f"{s.prefixes:,}",
            estimate(s.mean),
            estimate(s.rms),
            *(number(q.value) for q in s.quantiles[1:4]),
            f"{s.reliability:.0%}",
            number(s.raw_largest),
        ]
        for s in [*report.bellman_by_depth, report.bellman]
    ]
    L, L99 = (math.exp(min(x, 700)) for x in (report.steps.log_L_positive, report.steps.log_L99))
    infinite = "; a zero makes it infinite" if math.isinf(report.steps.log_L) else ""
    return (
        "Bellman ratio E_ref[V'|s]/V(s), noise of the children removed\n"
        f"{aligned(header, rows)}\n"
        "  signal: share of the spread that is not noise; max*: largest |log ratio| as observed,\n"
        "  noise included, unseen prefixes not: biased\n"
        f"  L (largest step of V seen): {number(L)}, 99% of prefixes: {number(L99)}{infinite}"
    )


def _drift(report: Report) -> str:
    if report.drift is None:
        return "V*/V: not known without rollouts"
    rows = [[str(d.depth), estimate(d.mean), estimate(d.spread)] for d in report.drift.by_depth]
    support = ", ".join(f"{name} {share:.0%}" for name, share in report.drift.support.items())
    return (
        "V*/V from rollouts, noise removed; spread is relative and within prompts\n"
        f"{aligned(['depth', 'mean', 'spread'], rows)}\n"
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
    shares = report.prediction.v_steps
    total = report.prediction.v.value
    rows = [
        [str(t), estimate(x), f"{max(x.value / total, 0):.0%}" if total > 0 else "-"]
        for t, x in enumerate(shares, 1)
    ]
    way = "from whole paths" if report.prediction.linked else "children share their parent's drift"
    without = report.prediction.chi2
    tail = f"\n  never resampling: {number(without)} in place of {number(total)}"
    return (
        f"variance by step ({way}): v = {estimate(report.prediction.v)}\n"
        + aligned(["step", "v_t", "share"], rows)
        + ("" if math.isnan(without) else tail)
    )


def _routes(report: Report) -> str:
    rows = [
        [r.name, particles(r.log_n.value), particle_range(r.log_n), r.claim, r.note]
        for r in report.prediction.routes
    ]
    return f"particles for total variation {report.delta:g}\n" + aligned(
        ["route", "N", "95%", "claim", "because"], rows
    )


def _prompts(report: Report) -> str:
    needs = report.prediction.prompts
    if len(needs) < 2:
        return ""
    ordered = sorted(needs, key=lambda need: -need.log_n.value)
    rows = [
        [x.prompt, str(x.paths), f"{x.ess:.0f}", particles(x.log_n.value), particle_range(x.log_n)]
        for x in ordered[:MOST_PROMPTS]
    ]
    shown = f", the {MOST_PROMPTS} that need most" if len(needs) > MOST_PROMPTS else ""
    return f"prompt by prompt{shown}\n" + aligned(["prompt", "paths", "ESS", "N", "95%"], rows)


def _reshaped(report: Report) -> str:
    if not report.reshaped:
        return ""
    rows = [
        [r.name, particles(r.log_n), number(r.v), number(math.exp(min(r.log_L, 700)))]
        for r in report.reshaped
    ]
    return "other shapes of the same reward model\n" + aligned(["V", "N", "v", "L on paths"], rows)


def _scores(report: Report) -> str:
    if report.scores is None:
        return ""
    rows = [
        [
            a.name,
            number(a.bellman_rms),
            number(a.value_spread),
            number(a.weight_variance),
            number(a.defect),
            str(a.zeros),
        ]
        for a in report.scores.aggregations
    ]
    header = ["aggregation", "Bellman rms", "value spread", "weight variance", "defect", "zeros"]
    text = "step scores as a reward model (errors are lower estimates)\n" + aligned(header, rows)
    if report.scores.telescopes is None:
        return text
    verdict = "telescope" if report.scores.telescopes else "do NOT telescope: wrong target"
    return (
        text + f"\n  logged weights {verdict} (defect {number(report.scores.weight_defect or 0)})"
    )


def _notes(title: str, notes: list[str]) -> str:
    return "\n".join([title, *(f"  - {note}" for note in notes)]) if notes else ""
