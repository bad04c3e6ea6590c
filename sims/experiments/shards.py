"""Results on disk: one immutable file (a shard) per point, one tidy table per experiment.

A shard is named by a hash of the point's parameters, seed included, and of the sources that
computed it, so a name never means two results. It is written to a temporary file and renamed, hence
whole or absent; one that cannot be read, or holds other parameters, is computed again. Resuming
an interrupted run is therefore nothing but running it.

A point must depend on its parameters only. The table is then the same, byte for byte, whatever the
number of jobs and however often the run was interrupted; dates and timings stay out of it.
"""

import csv
import hashlib
import io
import json
import platform
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, BinaryIO

import numba
import numpy as np

from treesmc.sims.sources import source_hash
from treesmc.sims.treefile import write_atomically

Parameters = dict[str, Any]
Row = dict[str, Any]


@dataclass(frozen=True)
class Shards:
    """The shards of one experiment.

    Attributes
    ----------
    folder : path
        Holds the files; created when needed.
    source : str
        Hash of the sources that compute a point.
    """

    folder: Path
    source: str

    def path(self, parameters: Parameters) -> Path:
        """Return the file of a point."""
        key = json.dumps({"parameters": parameters, "source": self.source}, sort_keys=True)
        return self.folder / f"{hashlib.sha256(key.encode()).hexdigest()[:24]}.json"

    def load(self, parameters: Parameters) -> Row | None:
        """Return the stored result of a point, or None if there is none that can be trusted."""
        try:
            shard = json.loads(self.path(parameters).read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return None
        if not isinstance(shard, dict) or shard.get("parameters") != parameters:
            return None
        result = shard.get("result")
        return result if isinstance(result, dict) else None

    def store(self, parameters: Parameters, result: Row) -> None:
        """Write the result of a point with its provenance."""
        provenance = {"source": self.source, **versions()}
        shard = {"parameters": parameters, "result": result, "provenance": provenance}
        text = json.dumps(shard, indent=1, sort_keys=True) + "\n"
        self.folder.mkdir(parents=True, exist_ok=True)
        _write_bytes(self.path(parameters), text.encode())


@cache
def versions() -> dict[str, str]:
    """Return the git revision and the versions that produce results here."""
    return {
        "revision": _git_revision(),
        "python": platform.python_version(),
        "numpy": np.__version__,
        "numba": numba.__version__,
    }


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
    """
    shards = shards_of(compute, folder)
    missing = [point for point in points if shards.load(point) is None]
    missing.sort(key=effort, reverse=True)
    progress = _Progress(len(missing), sum(map(effort, missing)))
    if missing:
        _log(f"{len(missing)} of {len(points)} points to compute")
    with ThreadPoolExecutor(max_workers=max(1, jobs)) as pool:
        futures = {pool.submit(_compute_one, compute, shards, p): p for p in missing}
        try:
            for future in as_completed(futures):
                future.result()
                point = futures[future]
                progress.step(describe(point), effort(point))
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    return [{**point, **(shards.load(point) or {})} for point in points]


def collect(rows: Sequence[Row], columns: Sequence[str], path: Path) -> Path:
    """Write the columns of the rows as CSV and return the path.

    Floats have 12 significant digits, absent values are empty. A table that would not change is
    left alone.
    """
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerow(columns)
    writer.writerows([_cell(row.get(column)) for column in columns] for row in rows)
    data = buffer.getvalue().encode()
    if not (path.exists() and path.read_bytes() == data):
        path.parent.mkdir(parents=True, exist_ok=True)
        _write_bytes(path, data)
    return path


def read_table(path: Path) -> list[Row]:
    """Read a collected table: numbers as floats, empty cells as None, the rest as text."""
    with path.open(newline="", encoding="utf-8") as handle:
        return [{key: _value(cell) for key, cell in row.items()} for row in csv.DictReader(handle)]


def _compute_one(compute: Callable[[Parameters], Row], shards: Shards, point: Parameters) -> None:
    shards.store(point, compute(point))


class _Progress:
    """Lines on standard error: done, of how many, and the time left at the pace so far."""

    def __init__(self, n_points: int, effort: float) -> None:
        self.n_points, self.effort = n_points, effort
        self.n_done, self.spent, self.start = 0, 0.0, time.monotonic()

    def step(self, name: str, effort: float) -> None:
        self.n_done += 1
        self.spent += effort
        left = (time.monotonic() - self.start) * (self.effort / self.spent - 1)
        _log(f"{self.n_done}/{self.n_points} {name}, about {left:.0f} s left")


def _log(line: str) -> None:
    print(line, file=sys.stderr, flush=True)


def _write_bytes(path: Path, data: bytes) -> None:
    def write(handle: BinaryIO) -> None:
        handle.write(data)

    write_atomically(path, write)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    return f"{value:.12g}" if isinstance(value, float) else str(value)


def _value(cell: str) -> float | str | None:
    if cell == "":
        return None
    try:
        return float(cell)
    except ValueError:
        return cell


def _git_revision() -> str:
    command = ["git", "describe", "--always", "--dirty", "--abbrev=12"]
    try:
        done = subprocess.run(
            command, cwd=Path(__file__).parent, capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return done.stdout.strip()
