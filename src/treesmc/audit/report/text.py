"""A report as text for a terminal."""

from __future__ import annotations

from textwrap import fill

from treesmc.audit.report.report import Report
from treesmc.audit.report.sections import Section, basis, sections, verdict

WIDTH = 100


def render(report: Report) -> str:
    """Return the report as lines of text."""
    heading = (
        f"{basis(report)}\nfor total variation {report.delta:g}: {verdict(report)}\n"
        f"  {report.recommendation.why}"
    )
    return "\n\n".join([heading, *map(shown, sections(report))]) + "\n"


def shown(section: Section) -> str:
    """Return a section as lines of text."""
    header, body = section.table
    lines = [section.title]
    lines += [aligned(header, body)] if header else []
    lines += [f"  {note}" for note in section.notes]
    lines += [
        fill(point, WIDTH, initial_indent="  - ", subsequent_indent="    ")
        for point in section.points
    ]
    return "\n".join(lines)


def aligned(header: list[str], body: list[list[str]]) -> str:
    """Return a table, columns padded to their widest entry."""
    lines = [header, *body]
    widths = [max(len(line[k]) for line in lines) for k in range(len(header))]
    return "\n".join(
        "  " + "  ".join(f"{x:<{w}}" for x, w in zip(line, widths, strict=True)).rstrip()
        for line in lines
    )
