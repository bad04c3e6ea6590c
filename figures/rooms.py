"""The rooms of the package's docstring: found, computed and drawn.

Modules are imported by name, when needed: what one computes does not depend on the others.
"""

import math
import tomllib
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType
from typing import Any

from treesmc.sims.base.errors import BadInput
from treesmc.sims.sweeps.engines import make_engine
from treesmc.sims.sweeps.folder import Folder
from treesmc.sims.sweeps.keys import one_of
from treesmc.sims.sweeps.plan import Sweep, describe, load_sweep
from treesmc.sims.sweeps.shards import Parameters
from treesmc.sims.sweeps.table import collect, read_table
from treesmc.sims.sweeps.vocabulary import Vocabulary

HERE = Path(__file__).parent
FILES = {path.parent.name: tomllib.loads(path.read_text()) for path in HERE.glob("*/points.toml")}
NAMES = sorted(FILES, key=lambda name: (FILES[name].get("place", math.inf), name))


def load(name: str, part: str) -> ModuleType:
    """Import a module of a room.

    Raises
    ------
    BadInput
        The file is not there.
    """
    if not (HERE / name / f"{part}.py").is_file():
        raise BadInput(f"figures/{name}/{part}.py is missing")
    return import_module(f"treesmc.figures.{name}.{part}")


def having(part: str) -> Iterator[tuple[str, Any]]:
    """Yield the rooms that have a module which not all have, and the module."""
    return ((name, load(name, part)) for name in NAMES if (HERE / name / f"{part}.py").is_file())


def vocabulary(name: Any) -> Vocabulary:
    """Return what ``experiment`` of this name stands for in a sweep file.

    Raises
    ------
    BadInput
        There is no such room, or its points are an ordinary sweep.
    """
    one_of(NAMES).of("experiment", name)
    if "experiment" not in FILES[name]:
        raise BadInput(f"experiment: {name!r} has no keys of its own; its file is without this one")
    found: Vocabulary = load(name, "points").VOCABULARY
    return found


def plan(name: str, quick: bool = False) -> Sweep:
    """Return the points of a room, or those of its quick version."""
    return load_sweep(HERE / name / "points.toml", quick, vocabulary)


def compute(name: str, results: Path, jobs: int = 1, quick: bool = False) -> Path:
    """Compute what is missing by threads, and return the table, ``results/name.csv``.

    Parameters
    ----------
    name : str
    results : path
        Gets the table, and as ``shards/name`` the folder of the sweep.
    jobs : int
        Number of threads.
    quick : bool

    Raises
    ------
    RuntimeError
        If a point failed, which is a bug.
    """
    folder = Folder.create(plan(name, quick), results / "shards" / name)
    engine = make_engine("threads", "", jobs, 0)
    if any(folder.missing()) and folder.run(engine, effort=_effort):
        failed = next(row for row in folder.rows() if "error" in row)
        raise RuntimeError(f"{name}: {describe(failed)}: {failed['error']}")
    columns = list(folder.sweep.columns())
    return collect(list(folder.rows()), columns, results / f"{name}.csv")


def _effort(point: Parameters) -> float:
    """Where replicates take T^2, there are about 1/T of them."""
    return float(point["T"])


def draw(name: str, table: Path, out: Path) -> list[Path]:
    """Draw ``name.pdf`` and ``name.png`` from the table; return their paths."""
    from treesmc.figures import style  # matplotlib takes a second

    with style.active():
        return style.save(load(name, "figure").build(read_table(table)), out, name)
