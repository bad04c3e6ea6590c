"""The stages of an audit: each imports those before it only, also inside functions."""

import re
from pathlib import Path

import pytest

from treesmc import audit

FOLDER = Path(audit.__file__).parent
STAGES = ("log", "measure", "predict", "report", "live")
FILES = {stage: sorted((FOLDER / stage).glob("*.py")) for stage in STAGES}


def imported(path):
    """Stages that a file imports, and commands if it does."""
    return set(re.findall(r"(?:from|import) treesmc\.(?:audit\.)?(\w+)", path.read_text()))


@pytest.mark.parametrize("stage", STAGES)
def test_arrows_point_one_way(stage):
    later = {*STAGES[STAGES.index(stage) + 1 :], "benchmark", "commands"}
    assert len(FILES[stage]) > 2
    assert not {
        path.name: imported(path) & later for path in FILES[stage] if imported(path) & later
    }


def test_imports_are_seen():
    assert {"log", "measure"} <= imported(FOLDER / "predict" / "measured.py")
    assert set(STAGES) == {path.parent.name for path in FOLDER.glob("*/__init__.py")}
