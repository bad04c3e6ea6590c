"""A report as one HTML file: it opens offline, refers to nothing outside itself, runs no script."""

from __future__ import annotations

from pathlib import Path

from jinja2 import Environment, FileSystemLoader

from treesmc.audit.report import plots
from treesmc.audit.report.report import Report
from treesmc.audit.report.sections import Section, sections, summary, tiles
from treesmc.sims.base.files import write_bytes

MOST_COLUMNS = 5  # of a table that fits beside a plot
HALF, FULL = 4.2, 7.2  # widths of plots, inches


def write_page(report: Report, path: Path) -> None:
    """Write a report as one HTML file, whole or not at all."""
    write_bytes(path, page(report).encode())


def page(report: Report) -> str:
    """Return a report as HTML."""
    folder = FileSystemLoader(Path(__file__).parent)
    environment = Environment(
        loader=folder,
        autoescape=True,
        keep_trailing_newline=True,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    parts = [(part, *_drawn(report, part)) for part in sections(report)]
    return environment.get_template("page.html").render(
        summary=summary(report), tiles=tiles(report), parts=parts
    )


def _drawn(report: Report, section: Section) -> tuple[list[str], bool]:
    """Return the plots of a section as SVG, and whether its table stands beside them."""
    beside = len(section.plots) == 1 and len(section.header) <= MOST_COLUMNS
    width = HALF if beside or len(section.plots) > 1 else FULL
    return [plots.draw(report, name, width) for name in section.plots], beside
