"""Experiments: each computes its points, resumably, and collects them into one table.

``EXPERIMENTS[name](results_dir, jobs, quick)`` returns the path of the table. Modules are imported
when called.
"""

from importlib import import_module
from pathlib import Path
from typing import Protocol


class Compute(Protocol):
    """Compute what is missing below ``results_dir`` and return the path of the table."""

    def __call__(self, results_dir: Path, jobs: int = 1, quick: bool = False) -> Path:
        """``jobs`` threads; ``quick`` means fewer points and replicates."""


def _lazy(name: str) -> Compute:
    def compute(results_dir: Path, jobs: int = 1, quick: bool = False) -> Path:
        path: Path = import_module(f"{__name__}.{name}").compute(results_dir, jobs, quick)
        return path

    return compute


EXPERIMENTS: dict[str, Compute] = {
    name: _lazy(name) for name in ("headline", "exponent", "guided", "phase", "looseness")
}
