"""Figures: each reads one table of results and draws it; nothing is computed here but fits.

``FIGURES[name](csv_path, out_dir)`` writes ``name.pdf`` and ``name.png`` and returns their paths.
Modules are imported when called.
"""

from collections.abc import Callable
from pathlib import Path

from treesmc.figures.rooms import NAMES, load_script

Draw = Callable[[Path, Path], list[Path]]


def _lazy(name: str) -> Draw:
    def draw(csv_path: Path, out_dir: Path) -> list[Path]:
        paths: list[Path] = load_script(name, "figure").draw(csv_path, out_dir)
        return paths

    return draw


FIGURES: dict[str, Draw] = {name: _lazy(name) for name in NAMES}
