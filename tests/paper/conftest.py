"""The article's scripts are no package: they are found by their folder."""

import sys
from pathlib import Path

PAPER = Path(__file__).resolve().parents[2] / "paper"
sys.path.insert(0, str(PAPER))
