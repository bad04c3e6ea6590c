"""The values of a key as they are written: one value, a list, or a range.

``{from = 0, to = 9, step = 3}`` counts whole numbers, both ends included if the step meets them.
``{from = 0.5, to = 1.5, count = 31}`` spaces ``count`` numbers evenly, both ends included, or with
``scale = "log"`` in equal ratios; whole numbers are the nearest ones, each once. ``every = 6``
keeps one in six of these, the first one first.
"""

import math
from typing import Any

import numpy as np

from treesmc.sims.base import portable
from treesmc.sims.base.errors import BadInput
from treesmc.sims.sweeps.keys import Key

LARGEST = 1e300  # whose differences are floats
MOST_VALUES = 1_000_000  # of one key
EXAMPLES = "{from = 0, to = 9, step = 1} or {from = 0.1, to = 1, count = 10}"


def values_of(name: str, key: Key, written: Any) -> list[Any]:
    """Return the values of a key, unread.

    Raises
    ------
    BadInput
        If there are none.
    """
    if isinstance(written, dict):
        found = _spaced(key, written) if "count" in written else _counted(written)
        if not found:
            raise BadInput(f"{name}: {written!r} is not a range such as {EXAMPLES}")
        return found
    if written == []:
        raise BadInput(f"{name}: [] has no values")
    return written if isinstance(written, list) else [written]


def _counted(table: dict[str, Any]) -> list[int]:
    match {"step": 1, **table}:
        case {"from": int(first), "to": int(last), "step": int(step), **rest} if not rest:
            few = step >= 1 and (last - first) // step < MOST_VALUES
            return list(range(first, last + 1, step)) if few else []
    return []


def _spaced(key: Key, table: dict[str, Any]) -> list[Any]:
    """Return numbers between two ends; none if the table does not say so."""
    match {"scale": "linear", "every": 1, **table}:
        case {
            "from": int() | float() as first,
            "to": int() | float() as last,
            "count": int(count),
            "scale": "linear" | "log" as scale,
            "every": int(every),
            **rest,
        } if not rest:
            least = 0 if scale == "log" else -math.inf
            held = 2 <= count <= MOST_VALUES and max(abs(first), abs(last)) <= LARGEST
            if not (least < first < last and held and every >= 1):
                return []
            spaced = portable.geomspace if scale == "log" else np.linspace
            found = spaced(first, last, count)[::every].tolist()
            return list(dict.fromkeys(map(round, found))) if key.type is int else found
    return []
