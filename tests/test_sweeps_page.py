"""docs/sweeps.md: its example runs, its table has every key, its commands parse."""

import re
import tomllib
from pathlib import Path

import pytest

from treesmc.cli import build_parser, main
from treesmc.sims.methods.registry import METHODS
from treesmc.sims.sweeps.axes import values_of
from treesmc.sims.sweeps.folder import Folder
from treesmc.sims.sweeps.formula import FUNCTIONS
from treesmc.sims.sweeps.keys import number
from treesmc.sims.sweeps.plan import WORDS, load_sweep
from treesmc.sims.sweeps.trees import KEYS
from treesmc.sims.sweeps.worker import ENOUGH

PAGE = (Path(__file__).parents[1] / "docs" / "sweeps.md").read_text()
EXAMPLES = re.findall(r"^```toml\n(.*?)^```", PAGE, flags=re.DOTALL | re.MULTILINE)


def test_example_runs(tmp_path):
    example = EXAMPLES[0]
    (tmp_path / "needle.toml").write_text(example)
    assert main(["sweep", f"{tmp_path}/needle.toml", "--out", f"{tmp_path}/out"]) == 0
    assert main(["collect", f"{tmp_path}/out", "-o", f"{tmp_path}/table.csv"]) == 0
    folder = Folder.open(tmp_path / "out")
    counts = [len(block) for block in folder.sweep.blocks]
    assert counts == [2 * 3, 2 * 3, 2]
    assert "2 x 3 points" in example
    assert all(row["n_star"] >= 1 for row in folder.rows())


def test_second_example_has_two_versions(tmp_path):
    path = tmp_path / "needle.toml"
    path.write_text(EXAMPLES[1])
    full, quick = ([p["T"] for p in load_sweep(path, quick)] for quick in (False, True))
    assert full == [8, 16, 32, 64, 128, 256, 512]
    assert quick == [8, 64]


def test_ranges_are_what_the_page_says():
    table = PAGE[PAGE.index("| range |") :].split("\n\n")[0]
    rows = re.findall(r"^\| `(\{.*?\})` \| ([^;|a-z]*)[;:|]", table, flags=re.MULTILINE)
    assert len(rows) == 4
    for written, meant in rows:
        found = values_of("T", number(), tomllib.loads(f"x = {written}")["x"])
        assert found == pytest.approx([float(value) for value in meant.split(",")])


def test_every_key_is_explained():
    table = PAGE[PAGE.index("| key |") :].split("\n\n")[0]
    assert set(re.findall(r"`([a-zA-Z_]+)`", table)) >= set(KEYS)
    assert all(f"`{name}`" in PAGE for name in FUNCTIONS)
    assert all(re.search(rf"\b{word}\b", PAGE) for word in (*WORDS, "index", "every", "scale"))


def test_methods_are_those_of_the_registry():
    (row,) = re.findall(r"^\| `method` \| (.*?) \|", PAGE, flags=re.MULTILINE)
    assert re.findall(r"`(.*?)`", row) == list(METHODS)


def test_commands_parse():
    lines = re.findall(r"^ +(treesmc .*?)(?=\s{2,}#|$)", PAGE, flags=re.MULTILINE)
    assert len(lines) >= 6
    for line in lines:
        build_parser().parse_args(line.split()[1:])


def test_a_task_is_as_long_as_the_page_says():
    assert ENOUGH == 0.5
    assert "half a second" in PAGE
