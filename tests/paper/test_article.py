"""The article: what its text refers to exists, and its numbers are those of the code."""

import re

import compare
import generate
import pytest

from treesmc.figures import latex
from treesmc.figures.rooms import having

PAPER = generate.ROOT / "paper"
TEXT = "\n".join(p.read_text("utf-8") for p in [PAPER / "main.tex", *PAPER.glob("floats/*.tex")])
NUMBERS = (PAPER / "generated" / "numbers.tex").read_text("utf-8")


ROOMS = {name: article for name, article in having("article") if name != "looseness"}  # 15 seconds


def committed(name: str) -> str:
    found = re.search(rf"\\newcommand{{\\num{name}}}{{(.*)}}", NUMBERS)
    assert found, name
    return found.group(1)


def test_every_number_of_the_text_is_generated():
    used = set(re.findall(r"\\num([A-Z][A-Za-z]*)", TEXT))
    assert used <= set(re.findall(r"newcommand{\\num([A-Za-z]*)}", NUMBERS))


def test_every_citation_has_an_entry_and_every_entry_is_cited():
    groups = re.findall(r"\\cite[pt]?{([^}]*)}", TEXT)
    cited = {key.strip() for group in groups for key in group.split(",")}
    entries = set(re.findall(r"@\w+{(\w+),", (PAPER / "references.bib").read_text("utf-8")))
    assert cited == entries


@pytest.mark.parametrize(
    "numbers",
    [
        generate.persistent_numbers,
        generate.fair_bit_numbers,
        generate.one_step_numbers,
        generate.overreading_numbers,
    ],
)
def test_findings_are_those_of_the_code(numbers):
    assert_committed(numbers())


@pytest.mark.parametrize("name", ROOMS)
def test_findings_of_a_room_are_those_of_its_table(name):
    assert_committed(ROOMS[name].numbers(generate.committed_rows(name)))


def assert_committed(numbers):
    for name, value in numbers.items():
        assert compare.moved(committed(name), value) == []
        assert compare.moved(committed(name), f"1{value}")


def test_total_variation_rises_with_particles_in_the_example():
    assert float(committed("PersistentOne")) == 0
    assert float(committed("PersistentHundred")) > float(committed("PersistentTwo"))
    assert float(committed("PersistentThousand")) < float(committed("PersistentHundred"))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("$0.157$ at", "$0.158$ at"),
        (r"1.1\times10^{21}", r"1.2\times10^{21}"),
        ("N = 17, 2.5", "N = 17, 2.5"),
    ],
)
def test_one_unit_of_the_last_digit_is_tolerated(old, new):
    assert compare.moved(old, new) == []


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("$0.157$ at", "$0.159$ at"),
        (r"1.1\times10^{21}", r"1.1\times10^{22}"),
        ("N = 17", "N = 18"),
        ("0.157", "0.157 holds"),
        ("holds", "fails"),
        ("one line", "one line\nand another"),
    ],
)
def test_what_moved_further_is_reported(old, new):
    assert compare.moved(old, new)


def test_missing_results_are_named_in_one_line(tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(generate, "RESULTS", tmp_path)
    monkeypatch.setattr("sys.argv", ["generate.py"])
    assert generate.main() == 1
    message = capsys.readouterr().err
    assert str(tmp_path / "headline.csv") in message
    assert "make figures" in message
    assert message.count("\n") == 1


def test_a_file_that_is_not_committed_is_reported(tmp_path):
    texts = {"numbers.tex": "1.50\n", "growth.tex": "2\n"}
    generate.write({"numbers.tex": "1.51\n"}, tmp_path)
    assert generate.check(texts, tmp_path) == ["growth.tex: not committed"]


@pytest.mark.parametrize(
    ("x", "text"),
    [
        (0.05, "0.050"),
        (1.7, "1.7"),
        (7936, "7936"),
        (1.1e21, r"\ensuremath{1.1\times10^{21}}"),
        (9.43, "9.4"),
    ],
)
def test_numbers_for_text(x, text):
    assert latex.sci(x) == text


def test_numbers_for_tables():
    assert latex.grouped(1165.2) == r"1\,166"
    assert latex.grouped(3.2e9) == latex.sci(3.2e9)
