"""docs/sweeps.md: its example runs, its table has every key, its commands parse."""

import re
from pathlib import Path

from treesmc.cli import build_parser, main
from treesmc.sims.sweeps.folder import Folder
from treesmc.sims.sweeps.keys import KEYS
from treesmc.sims.sweeps.worker import ENOUGH

PAGE = (Path(__file__).parents[1] / "docs" / "sweeps.md").read_text()


def test_example_runs(tmp_path):
    (example,) = re.findall(r"^```toml\n(.*?)^```", PAGE, flags=re.DOTALL | re.MULTILINE)
    (tmp_path / "needle.toml").write_text(example)
    assert main(["sweep", f"{tmp_path}/needle.toml", "--out", f"{tmp_path}/out"]) == 0
    assert main(["collect", f"{tmp_path}/out", "-o", f"{tmp_path}/table.csv"]) == 0
    folder = Folder.open(tmp_path / "out")
    counts = [len(block) for block in folder.sweep.blocks]
    assert counts == [2 * 3, 2 * 3, 2]
    assert "2 x 3 points" in example
    assert all(row["n_star"] >= 1 for row in folder.rows())


def test_every_key_is_explained():
    table = PAGE[PAGE.index("| key |") :].split("\n\n")[0]
    assert set(re.findall(r"`([a-zA-Z_]+)`", table)) >= set(KEYS)


def test_commands_parse():
    lines = re.findall(r"^ +(treesmc .*?)(?=\s{2,}#|$)", PAGE, flags=re.MULTILINE)
    assert len(lines) >= 6
    for line in lines:
        build_parser().parse_args(line.split()[1:])


def test_a_task_is_as_long_as_the_page_says():
    assert ENOUGH == 0.5
    assert "half a second" in PAGE
