"""Every figure is registered, made, and missed when its script is gone."""

import re
from pathlib import Path

import pytest

from treesmc import figures
from treesmc.sims import experiments
from treesmc.sims.errors import BadInput

ROOT = Path(__file__).resolve().parents[2]


def test_figures_experiments_and_makefile_agree():
    text = (ROOT / "Makefile").read_text()
    (scripts,) = re.findall(r"^SCRIPTS := \$\(patsubst %,figures/%\.py,([a-z ]+)\)$", text, re.M)
    assert tuple(scripts.split()) == figures.NAMES == experiments.NAMES


def test_missing_script_is_named(tmp_path):
    with pytest.raises(BadInput, match=r"^figures/absent\.py is missing"):
        experiments.load_script("figures", "absent")
    assert experiments.load_script("figures", "headline").__name__ == "treesmc.figures.headline"
