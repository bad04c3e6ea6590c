"""A report as one HTML file: it opens offline, refers to nothing outside itself, runs no script."""

from __future__ import annotations

from pathlib import Path

from jinja2 import Environment, PackageLoader

from treesmc.audit.report import plots
from treesmc.audit.report.report import Report
from treesmc.audit.report.sections import Section, basis, sections, verdict
from treesmc.audit.report.tables import number
from treesmc.sims.base.files import write_atomically

ONE, TWO = 7.2, 4.2  # inches: the width of one plot, and of one of two
NARROW = 4  # columns of a table that fits beside a plot


def write_page(report: Report, path: Path) -> None:
    """Write a report as one HTML file, whole or not at all."""
    data = page(report).encode()

    def fill(handle: object) -> None:
        handle.write(data)  # type: ignore[attr-defined]

    write_atomically(path, fill)


def page(report: Report) -> str:
    """Return a report as HTML."""
    environment = Environment(
        loader=PackageLoader(__package__, "."), autoescape=True, keep_trailing_newline=True
    )
    environment.filters["sentence"] = lambda text: text[:1].upper() + text[1:]
    return environment.get_template("page.html").render(
        basis=basis(report),
        delta=f"{report.delta:g}",
        verdict=verdict(report),
        why=report.recommendation.why,
        tiles=_tiles(report),
        sections=[(section, *_drawn(section, report)) for section in sections(report)],
    )


def _tiles(report: Report) -> list[tuple[str, str]]:
    """Return the numbers to see first, with their names."""
    return [
        (number(report.bellman.rms.value), "rms Bellman error"),
        (number(report.regime.T_eps99), f"T eps, 99% of prefixes (T = {report.horizon})"),
        (report.regime.name, "regime"),
        (report.drift.growth if report.drift else "unknown", "growth of the value error"),
        (number(report.prediction.v.value), "v = lim N Var(Zhat/Z)"),
    ]


def _drawn(section: Section, report: Report) -> tuple[list[str], bool]:
    """Return the plots of a section, and whether its table fits beside the only one."""
    single = len(section.plots) == 1
    beside = single and 0 < len(section.table[0]) <= NARROW
    width = ONE if single and not beside else TWO
    return [plots.draw(report, getattr(plots, name), width) for name in section.plots], beside
