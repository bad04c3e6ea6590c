"""Every figure is registered, made, and missed when its script is gone."""

import re
from pathlib import Path

import pytest

from treesmc import figures
from treesmc.figures import rooms as experiments
from treesmc.sims.base.errors import BadInput

ROOT = Path(__file__).resolve().parents[2]


def test_figures_experiments_and_makefile_agree():
    text = (ROOT / "Makefile").read_text()
    pattern = r"^SCRIPTS := \$\(patsubst %,figures/%/figure\.py,([a-z ]+)\)$"
    (scripts,) = re.findall(pattern, text, re.MULTILINE)
    assert tuple(scripts.split()) == figures.NAMES == experiments.NAMES


def test_missing_script_is_named():
    with pytest.raises(BadInput, match=r"^figures/absent/figure\.py is missing"):
        experiments.load_script("absent", "figure")
