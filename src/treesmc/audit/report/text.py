"""A report as text for a terminal."""

from __future__ import annotations

from textwrap import indent

from treesmc.audit.report.report import Report
from treesmc.audit.report.sections import Section, sections, summary


def render(report: Report) -> str:
    """Return the report as lines of text."""
    head = summary(report)
    heading = f"{head.read}\n{head.question}: {head.answer}\n  {head.why}"
    return "\n\n".join([heading, *map(section_text, sections(report))]) + "\n"


def section_text(section: Section) -> str:
    """Return one section: its caption, its table, what is noted below."""
    return "\n".join(
        [
            section.caption,
            *_aligned([list(section.header), *section.rows]),
            *(indent(note, "  ") for note in section.notes),
            *("  - " + indent(item, "    ").lstrip() for item in section.items),
        ]
    )


def _aligned(lines: list[list[str]]) -> list[str]:
    """Return the lines of a table, columns padded to their widest entry."""
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    padded = ("  ".join(f"{x:<{w}}" for x, w in zip(y, widths, strict=True)) for y in lines)
    return [f"  {line}".rstrip() for line in padded if widths]
