"""The points of an experiment: computed by threads, kept as shards, returned as rows.

Experiments are small sweeps whose points are a list at hand: the long ones start first, and one
that fails stops the run, since it is a bug.
"""

import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from treesmc.sims.base.sources import source_hash
from treesmc.sims.sweeps.engines import make_engine
from treesmc.sims.sweeps.progress import Progress, say
from treesmc.sims.sweeps.runner import run as run_sweep
from treesmc.sims.sweeps.shards import Parameters, Row, Shards
from treesmc.sims.sweeps.table import collect, read_table

__all__ = ["Parameters", "Row", "collect", "read_table", "run", "shards_of"]


def shards_of(compute: Callable[[Parameters], Row], folder: Path) -> Shards:
    """Return the shards of what ``compute`` computes, named by the sources it is made of."""
    file = sys.modules[compute.__module__].__file__ or ""
    return Shards(folder, source_hash(Path(file)))


def run(
    points: Sequence[Parameters],
    compute: Callable[[Parameters], Row],
    folder: Path,
    describe: Callable[[Parameters], str],
    effort: Callable[[Parameters], float],
    jobs: int = 1,
) -> list[Row]:
    """Return one row, parameters and result together, per point, computing what is missing.

    Parameters
    ----------
    points : sequence of dict
        JSON values only.
    compute : callable
        Result of a point, a dict of JSON values; should spend its time outside the GIL.
    folder : path
        Of the shards.
    describe : callable
        Short name of a point, for the progress lines on standard error.
    effort : callable
        Relative time of a point: the long ones start first, and the time left is forecast by it.
    jobs : int
        Number of threads.

    Raises
    ------
    RuntimeError
        If a point fails.
    """
    shards = shards_of(compute, folder)
    missing = [point for point in points if shards.load(point) is None]
    missing.sort(key=effort, reverse=True)
    if missing:
        say(f"{len(missing)} of {len(points)} points to compute")
    progress = Progress(len(missing), describe, effort, sum(map(effort, missing)))

    def report(point: Parameters) -> None:
        progress.step(point)
        if (error := shards.error(point)) is not None:
            raise RuntimeError(f"{describe(point)}: {error}")

    run_sweep(missing, compute, shards, make_engine("threads", "", max(1, jobs), 0), report)
    return [{**point, **(shards.load(point) or {})} for point in points]
