"""What every experiment does with its points: compute what is missing, write ``<name>.csv``."""

from collections.abc import Callable, Sequence
from pathlib import Path

from treesmc.sims.experiments.shards import Parameters, Row, collect, run


def tabulate(
    points: Sequence[Parameters],
    compute_point: Callable[[Parameters], Row],
    columns: Sequence[str],
    results_dir: Path,
    jobs: int = 1,
) -> Path:
    """Compute the missing points, write their columns and return the table's path.

    Parameters
    ----------
    points : sequence of dict
        At least one. Each holds its ``experiment``, which names the table, its ``T``, and its
        ``series``.
    compute_point, columns, jobs
        As in `run` and `collect`.
    results_dir : path
        Gets the table, and below ``shards`` the points.
    """
    name = points[0]["experiment"]
    rows = run(points, compute_point, results_dir / "shards" / name, _describe, _effort, jobs)
    return collect(rows, columns, results_dir / f"{name}.csv")


def _describe(point: Parameters) -> str:
    return f"{point['experiment']} {point['series']} T={point['T']}"


def _effort(point: Parameters) -> float:
    return float(point["T"])
