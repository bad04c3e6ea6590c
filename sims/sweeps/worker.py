"""The task: compute points until half a second has passed, and hand back the rest.

A task costs milliseconds of scheduling, a cheap point less than one; half a second of points makes
that negligible, and handing back keeps one dear point from holding up those queued behind it.
"""

import time
import traceback
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path

import numba
import numpy as np
import scipy

from treesmc.sims.base.errors import BadInput
from treesmc.sims.base.sources import source_hash
from treesmc.sims.sweeps.shards import Parameters, Row

ENOUGH = 0.5  # seconds


class EngineFailed(RuntimeError):
    """The engine, not a point, failed: one line that says how. Results so far are kept."""


def fingerprint(module: str) -> str:
    """Say what decides the bits of a result here.

    Parameters
    ----------
    module : str
        Name of the module that computes a point.
    """
    libraries = f"numpy {np.__version__}, numba {numba.__version__}, scipy {scipy.__version__}"
    return f"source {source_of(module)}, {libraries}"


def source_of(module: str) -> str:
    """Return the hash of the sources that a module is made of."""
    return source_hash(Path(import_module(module).__file__ or ""))


def compute_some(
    compute: Callable[[Parameters], Row], expected: str, points: Sequence[Parameters]
) -> list[Row]:
    """Compute the first points of a list, at least one.

    Parameters
    ----------
    compute : callable
        Result of a point, a dict of JSON values.
    expected : str
        Fingerprint of the driver.
    points : sequence of dict

    Returns
    -------
    list of dict
        Each with ``result``, or with ``error`` and ``traceback``. The remaining points were not
        begun.

    Raises
    ------
    EngineFailed
        If results computed here could differ from the driver's.
    """
    found = fingerprint(compute.__module__)
    if found != expected:
        raise EngineFailed(f"a worker differs: {found}; here {expected}")
    begin = time.monotonic()
    outcomes = [_outcome(compute, points[0])]
    while len(outcomes) < len(points) and time.monotonic() - begin < ENOUGH:
        outcomes.append(_outcome(compute, points[len(outcomes)]))
    return outcomes


def _outcome(compute: Callable[[Parameters], Row], point: Parameters) -> Row:
    try:
        return {"result": compute(point)}
    except BadInput as error:
        return {"error": str(error)}
    except Exception as error:
        line = f"{type(error).__name__}: {error}".partition("\n")[0]
        return {"error": line, "traceback": traceback.format_exc()}
