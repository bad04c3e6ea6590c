"""A report as one HTML file: it opens offline, refers to nothing outside itself, runs no script."""

from __future__ import annotations

import math
from html import escape
from pathlib import Path

from treesmc.audit.report import plots
from treesmc.audit.report import tables as rows
from treesmc.audit.report.report import Report
from treesmc.audit.report.tables import estimate, number
from treesmc.sims.base.files import write_atomically

STYLE = """
:root { --ink: #1d2430; --soft: #5b6472; --line: #dfe3e8; --card: #f6f7f9; --mark: #0173b2; }
* { box-sizing: border-box; }
body { margin: 0 auto; max-width: 62rem; padding: 2rem 1.25rem 4rem; color: var(--ink);
  background: #fff; font: 16px/1.5 system-ui, -apple-system, "Segoe UI", Roboto, sans-serif; }
h1 { font-size: 1.5rem; margin: 0 0 .25rem; } h2 { font-size: 1.15rem; margin: 2.5rem 0 .4rem; }
p { margin: .4rem 0; } .soft { color: var(--soft); }
.verdict { border-left: 4px solid var(--mark); background: var(--card); padding: .8rem 1.1rem;
  margin: 1.2rem 0; } .verdict b { font-size: 1.35rem; display: block; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(10rem, 1fr)); gap: .8rem; }
.tiles + p { margin-top: 1rem; }
.tile { border: 1px solid var(--line); border-radius: 6px; padding: .6rem .8rem; }
.tile b { display: block; font-size: 1.2rem; } .tile span { color: var(--soft); font-size: .85rem; }
.pair { display: grid; grid-template-columns: minmax(0, 1fr) minmax(0, 1fr); gap: 1.5rem;
  align-items: start; } 
@media (max-width: 48rem) { .pair { grid-template-columns: 1fr; } }
svg { width: 100%; height: auto; } .wide { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .8rem;
  font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: .25rem .5rem .25rem 0; border-bottom: 1px solid var(--line);
  vertical-align: top; white-space: nowrap; }
td:last-child { white-space: normal; } th { color: var(--soft); font-weight: 600; }
li { margin: .25rem 0; } @media print { h2 { break-after: avoid; } svg { break-inside: avoid; } }
"""


def write_page(report: Report, path: Path) -> None:
    """Write a report as one HTML file, whole or not at all."""
    data = page(report).encode()

    def fill(handle: object) -> None:
        handle.write(data)  # type: ignore[attr-defined]

    write_atomically(path, fill)


def page(report: Report) -> str:
    """Return a report as HTML."""
    sections = [
        _verdict(report),
        _bellman(report),
        _drift(report),
        _steps(report),
        _routes(report),
        _choices(report),
        _prompts(report),
        _shapes(report),
        _scores(report),
        _listed("Warnings", report.warnings),
        _listed("What this log cannot tell", report.limits),
    ]
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Reward model audit</title><style>{STYLE}</style></head>\n<body>\n"
        + "\n".join(section for section in sections if section)
        + "\n</body></html>\n"
    )


def _verdict(report: Report) -> str:
    chosen, r = report.recommendation, report.regime
    names = {"smc": "SMC with {} particles", "best-of-n": "best of {} samples"}
    what = names.get(chosen.method, "no recommendation").format(f"{chosen.n or 0:,.0f}")
    tiles = [
        (number(report.bellman.rms.value), "rms Bellman error"),
        (number(r.T_eps99), f"T eps, 99% of prefixes (T = {report.horizon})"),
        (r.name, "regime"),
        (report.drift.growth if report.drift else "unknown", "growth of the value error"),
        (number(report.prediction.v.value), "v = lim N Var(Zhat/Z)"),
    ]
    claim = f", by {chosen.claim}" if chosen.n is not None else ""
    changes = "".join(f"<li>{escape(change)}</li>" for change in r.changes)
    return (
        "<h1>Reward model audit</h1>"
        f'<p class="soft">{report.lines:,} prefixes of {report.prompts:,} prompts, '
        f"{report.paths:,} complete paths, horizon {report.horizon}. Intervals are 95%, over "
        f"{report.clusters}.</p>"
        f'<div class="verdict"><span class="soft">For total variation '
        f"{report.delta:g}{escape(claim)}</span>"
        f"<b>{escape(what)}</b>{escape(chosen.why[0].upper() + chosen.why[1:])}.</div>"
        '<div class="tiles">'
        + "".join(
            f'<div class="tile"><b>{escape(value)}</b><span>{escape(name)}</span></div>'
            for value, name in tiles
        )
        + f"</div><p>{escape(r.meaning[0].upper() + r.meaning[1:])}.</p><ul>{changes}</ul>"
    )


def _bellman(report: Report) -> str:
    return (
        "<h2>Bellman ratio</h2><p>E[V(next) | prefix] / V(prefix): 1 where the reward model "
        "agrees with itself one step on. The noise of the children is removed; signal is the "
        "share of the observed spread that is not noise; the maximum of |log ratio| is as "
        "observed, noise included and unseen prefixes not, and so biased. "
        f"{rows.largest_step(report)}.</p>"
        + plots.draw(report, plots.bellman, 7.2)
        + _table(rows.bellman(report))
    )


def _drift(report: Report) -> str:
    if report.drift is None:
        return (
            "<h2>Value error</h2><p>Without rollouts it is not known whether the error compounds "
            "with the steps left.</p>"
        )
    support = ", ".join(f"{name} {share:.0%}" for name, share in report.drift.support.items())
    return (
        "<h2>Value error</h2><p>V*/V from rollouts: an error that stays bounded as more steps are "
        "left costs particles linear in T, one that compounds costs exponentially many. "
        f"Here: <b>{report.drift.growth}</b> (support: {support or 'too few depths'}).</p>"
        + _side_by_side(plots.draw(report, plots.drift), _table(rows.drift(report)))
    )


def _steps(report: Report) -> str:
    without = report.prediction.chi2
    tail = "" if math.isnan(without) else f" Never resampling: {number(without)} in place of v."
    way = "" if report.prediction.linked else " Children are taken to share their parent's drift."
    return (
        "<h2>Which step burns the particles</h2><p>Each step's part in the variance of SMC's "
        f"estimate of Z: v = {estimate(report.prediction.v)}.{tail}{way}</p>"
        + _side_by_side(plots.draw(report, plots.steps), _table(rows.steps(report)))
    )


def _routes(report: Report) -> str:
    curve = bool(report.prediction.curve)
    particles = plots.draw(report, plots.routes, 4.2 if curve else 7.2)
    return (
        f"<h2>Particles for total variation {report.delta:g}</h2><p>By every route, with what it "
        "claims. Draws are from the reference policy, evaluations are of the reward model.</p>"
        + (_side_by_side(particles, plots.draw(report, plots.curve)) if curve else particles)
        + _table(rows.routes(report))
    )


def _choices(report: Report) -> str:
    if not report.last_choice:
        return ""
    return (
        f"<h2>The last choice</h2><p>{rows.CHOICES.capitalize()}. The latter follows another law, "
        "which no number of samples brings to the target: it leans to the largest rewards, the "
        "more so the more there are, and so does the largest of SMC's particles. Mean rewards are "
        "relative to the target's.</p>" + _table(rows.choices(report))
    )


def _prompts(report: Report) -> str:
    if not report.prediction.prompts:
        return ""
    return (
        "<h2>Prompt by prompt</h2><p>Those that need most. Prompts differ for their own reasons; "
        "the interval of a prompt is over its own paths, and is given where they are enough.</p>"
        + _table(rows.prompts(report))
    )


def _shapes(report: Report) -> str:
    if not report.reshaped:
        return ""
    return (
        "<h2>Tempering and clipping</h2><p>Particles predicted for other shapes of the same "
        "reward model; V^0 is no guidance before the end.</p>"
        + _side_by_side(plots.draw(report, plots.shapes), _table(rows.shapes(report)))
    )


def _scores(report: Report) -> str:
    if report.scores is None:
        return ""
    verdict = {
        None: "",
        True: "The logged weights telescope.",
        False: "<b>The logged weights do not telescope: the sampler targets another law.</b>",
    }[report.scores.telescopes]
    return (
        "<h2>Step scores</h2><p>Aggregations of step scores as a reward model; errors are lower "
        f"estimates. {verdict}</p>" + _table(rows.scores(report))
    )


def _side_by_side(left: str, right: str) -> str:
    return f'<div class="pair"><div>{left}</div><div>{right}</div></div>'


def _table(table: rows.Table) -> str:
    header, lines = table
    head = "".join(f"<th>{escape(x)}</th>" for x in header)
    body = "".join(
        "<tr>" + "".join(f"<td>{escape(x)}</td>" for x in line) + "</tr>" for line in lines
    )
    return f'<div class="wide"><table><tr>{head}</tr>{body}</table></div>'


def _listed(title: str, notes: list[str]) -> str:
    items = "".join(f"<li>{escape(note)}</li>" for note in notes)
    return f"<h2>{title}</h2><ul>{items}</ul>" if notes else ""
