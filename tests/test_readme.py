"""The README is true: its example prints what it says, its files and commands exist."""

import contextlib
import io
import re
from pathlib import Path

import pytest

from treesmc.cli import build_parser

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()


def blocks(language=""):
    return re.findall(rf"^```{language}\n(.*?)^```", README, flags=re.DOTALL | re.MULTILINE)


@pytest.mark.parametrize("example", blocks("python"))
def test_examples_print_what_the_readme_says(example, monkeypatch):
    monkeypatch.chdir(ROOT)
    printed = io.StringIO()
    with contextlib.redirect_stdout(printed):
        exec(compile(example, "README.md", "exec"), {})
    assert printed.getvalue() in README
    assert printed.getvalue()


def test_commands_of_the_readme_parse():
    lines = re.findall(r"^treesmc .*?(?=\s{2,}#|$)", README, flags=re.MULTILINE)
    assert len(lines) >= 5
    for line in lines:
        build_parser().parse_args(line.split()[1:])


def test_make_targets_of_the_readme_exist():
    makefile = (ROOT / "Makefile").read_text()
    targets = set(re.findall(r"(?:^|`)make ([a-z-]+)", README, flags=re.MULTILINE))
    assert {"figures", "test"} <= targets
    for target in targets:
        assert re.search(rf"^{target}:", makefile, flags=re.MULTILINE), target


@pytest.mark.parametrize("link", re.findall(r"\]\((?!http)(.*?)\)", README))
def test_links_lead_to_files(link):
    assert (ROOT / link).is_file()
