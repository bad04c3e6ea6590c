"""What every experiment does with its points: read them, compute what is missing, write a table.

The points of an experiment are a sweep file beside its module, `NAME.toml`, which names the columns
of its table too. It runs on any engine; here it runs on threads, for a figure.
"""

from pathlib import Path

from treesmc.figures.shards import Parameters, collect, run
from treesmc.sims.sweeps.plan import Sweep, describe, load_sweep


def plan(name: str, quick: bool = False) -> Sweep:
    """Return the sweep of an experiment, or its quick version."""
    return load_sweep(Path(__file__).parent / name / "points.toml", quick)


def points(name: str, quick: bool = False) -> list[Parameters]:
    """Return the parameters of all points, in the order of the table."""
    return list(plan(name, quick))


def compute(name: str, results_dir: Path, jobs: int = 1, quick: bool = False) -> Path:
    """Compute what is missing and return the table, ``results_dir/name.csv``.

    Parameters
    ----------
    name : str
        Of the experiment.
    results_dir : path
        Gets the table, and below ``shards`` the points.
    jobs : int
        Number of threads.
    quick : bool
        Fewer points and replicates.
    """
    sweep, shards = plan(name, quick), results_dir / "shards" / name
    compute_point = sweep.vocabulary.compute_point
    rows = run(list(sweep), compute_point, shards, describe, _effort, jobs)
    return collect(rows, list(sweep.columns()), results_dir / f"{name}.csv")


def _effort(point: Parameters) -> float:
    """Where replicates take T^2, there are about 1/T of them."""
    return float(point["T"])
