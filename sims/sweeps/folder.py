"""A sweep's folder: ``sweep.toml``, the file that was run last, and below ``shards`` its results.

If its quick version was run, a line above the copy says so. A folder may outlive an edit of the
file: points that stay keep their results, new ones are missing, and the shards of those that went
are left alone.
"""

import errno
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from treesmc.sims.base.errors import BadInput
from treesmc.sims.base.files import write_bytes
from treesmc.sims.sweeps.engines import Engine
from treesmc.sims.sweeps.plan import Lookup, Sweep, load_sweep, no_experiment
from treesmc.sims.sweeps.progress import Effort, Progress, say
from treesmc.sims.sweeps.runner import run
from treesmc.sims.sweeps.shards import Parameters, Row, Shards
from treesmc.sims.sweeps.worker import EngineFailed, source_of

PLAN = "sweep.toml"
NO_ROOM = (errno.ENOSPC, errno.EDQUOT)


@dataclass(frozen=True)
class Tally:
    """How many points there are, by what became of them."""

    done: int
    failed: int
    missing: int


@dataclass(frozen=True)
class Folder:
    """A sweep with its results.

    Attributes
    ----------
    path : path
    sweep : Sweep
    shards : Shards
    """

    path: Path
    sweep: Sweep
    shards: Shards

    @classmethod
    def open(cls, path: Path, lookup: Lookup = no_experiment) -> "Folder":
        """Return the folder of a sweep that was run; ``lookup`` is that of `load_sweep`.

        Raises
        ------
        BadInput
            If it holds none.
        """
        if not (path / PLAN).is_file():
            raise BadInput(f"{path}: not the folder of a sweep; there is no {PLAN}")
        return cls._of(path, load_sweep(path / PLAN, lookup=lookup))

    @classmethod
    def create(cls, sweep: Sweep, path: Path) -> "Folder":
        """Return the folder for a sweep, made or brought up to date.

        Raises
        ------
        BadInput
            If a value of the file is wrong, or the folder cannot be written.
        """
        folder = cls._of(path, sweep.check())
        try:
            folder.shards.folder.mkdir(parents=True, exist_ok=True)
            write_bytes(path / PLAN, sweep.text)
        except OSError as error:
            kind = EngineFailed if error.errno in NO_ROOM else BadInput
            raise kind(f"{path}: {error.strerror}") from None
        return folder

    @classmethod
    def _of(cls, path: Path, sweep: Sweep) -> "Folder":
        source = source_of(sweep.vocabulary.compute_point.__module__)
        return cls(path, sweep, Shards(path / "shards", source))

    def run(self, engine: Engine, resume: bool = True, effort: Effort | None = None) -> int:
        """Compute the points without result, or all again; return how many failed.

        Parameters
        ----------
        engine : Engine
        resume : bool
        effort : callable, optional
            The time left is forecast by it, and the long points, held together, start first. If
            left out, all points are alike.

        Raises
        ------
        EngineFailed
            If the engine gives out, or results cannot be written. What was stored stays.
        """
        points = self.missing if resume else self.sweep.__iter__
        if effort is not None:
            points = sorted(points(), key=effort, reverse=True).__iter__
        progress = Progress(effort or (lambda point: 1.0), points())
        say(f"{progress.n_points} of {len(self.sweep)} points to compute")
        if progress.n_points == 0:
            return 0
        compute_point = self.sweep.vocabulary.compute_point
        return run(points(), compute_point, self.shards, engine, progress.step)

    def missing(self) -> Iterator[Parameters]:
        """Yield the points without result."""
        return (point for point in self.sweep if self.shards.load(point) is None)

    def rows(self) -> Iterator[Row]:
        """Yield the points with their results or errors, in the order of the file."""
        for point in self.sweep:
            if (result := self.shards.load(point)) is not None:
                yield {**point, **result}
            elif (error := self.shards.error(point)) is not None:
                yield {**point, "error": error}

    def tally(self) -> Tally:
        """Count the points."""
        found = done = 0
        for row in self.rows():
            found += 1
            done += "error" not in row
        return Tally(done, found - done, len(self.sweep) - found)
