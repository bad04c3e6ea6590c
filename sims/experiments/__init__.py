"""Experiments: each computes its points, resumably, and collects them into one table.

``EXPERIMENTS[name](results_dir, jobs, quick)`` returns the path of the table. Modules are imported
when called.
"""

from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Protocol

from treesmc.sims.errors import BadInput

NAMES = (
    "headline",
    "exponent",
    "guided",
    "phase",
    "looseness",
    "queries",
    "perturbations",
    "pool",
    "resampling",
    "language",
)


class Compute(Protocol):
    """Compute what is missing below ``results_dir`` and return the path of the table."""

    def __call__(self, results_dir: Path, jobs: int = 1, quick: bool = False) -> Path:
        """``jobs`` threads; ``quick`` means fewer points and replicates."""


def load_script(folder: str, name: str) -> ModuleType:
    """Import ``treesmc.<folder>.<name>``.

    Raises
    ------
    BadInput
        The file is not there.
    """
    module = f"treesmc.{folder}.{name}"
    try:
        return import_module(module)
    except ModuleNotFoundError as error:
        if error.name != module:
            raise
        path = f"{folder.replace('.', '/')}/{name}.py"
        raise BadInput(f"{path} is missing, and figure {name!r} needs it") from None


def _lazy(name: str) -> Compute:
    def compute(results_dir: Path, jobs: int = 1, quick: bool = False) -> Path:
        script = load_script("sims.experiments", name)
        path: Path = script.compute(results_dir, jobs, quick)
        return path

    return compute


EXPERIMENTS: dict[str, Compute] = {name: _lazy(name) for name in NAMES}
