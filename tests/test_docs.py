"""The pages in docs/ are true: code runs, commands parse, links lead somewhere."""

import contextlib
import io
import re
import shlex
from pathlib import Path

import pytest

from treesmc.cli import build_parser

ROOT = Path(__file__).parents[1]
DOCS = ROOT / "docs"
PAGES = {path.stem: path.read_text() for path in sorted(DOCS.glob("*.md"))}
ALL = [*DOCS.glob("*.md"), *ROOT.glob("*.md")]
TO_BE_ADDED = {"sims/sampling/kernels/better.py", "sims/methods/better.py"}
TO_BE_ADDED |= {"theory/claims/s98_two_halves.py"}  # by the recipes of CONTRIBUTING.md


def found(pattern):
    return [(page, hit) for page, text in PAGES.items() for hit in re.findall(pattern, text, re.M)]


@pytest.mark.parametrize(("page", "code"), found(r"^```python\n((?:.*\n)*?)^```"))
def test_code_runs_and_prints(page, code):
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(code, f"{page}.md", "exec"), {})
    assert printed.getvalue()


@pytest.mark.parametrize(("page", "line"), found(r"^ *\$ treesmc (.*)$"))
def test_commands_parse(page, line):
    build_parser().parse_args(shlex.split(line))


@pytest.mark.parametrize(("page", "link"), found(r"\]\((?!http)(.*?)\)"))
def test_links_lead_to_files(page, link):
    assert (DOCS / link).is_file()


@pytest.mark.parametrize("page", ALL, ids=lambda page: page.name)
def test_paths_that_are_named_exist(page):
    named = re.findall(
        r"`((?:sims|theory|figures|tests|docs|paper|src)/[\w./]*)`", page.read_text()
    )
    missing = {path for path in named if "NAME" not in path and not (ROOT / path).exists()}
    assert missing <= TO_BE_ADDED
