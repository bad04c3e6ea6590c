"""How commands answer: one JSON object, or an aligned table for people."""

import math
from collections.abc import Mapping
from typing import Any

SHOWN_ENTRIES = 8


def emit(answer: Mapping[str, Any], as_json: bool) -> None:
    """Print an answer on stdout.

    Parameters
    ----------
    answer : mapping
        Values are numbers, text, None, or sequences and NumPy arrays of these.
    as_json : bool
        One JSON object and nothing else; numbers that are not finite become null.
    """
    from treesmc.sims.base.jsontext import listed, written

    if as_json:
        print(written(answer))
        return
    width = max(len(key) for key in answer)
    for key, value in listed(answer).items():
        print(f"{key:<{width}}  {_readable(value)}")


def _readable(value: Any) -> str:
    if isinstance(value, list):
        shown = ", ".join(_readable(entry) for entry in value[:SHOWN_ENTRIES])
        more = len(value) - SHOWN_ENTRIES
        return f"[{shown}]" if more <= 0 else f"[{shown}, ... {more} more; --json for all]"
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return "-"
    return f"{value:.6g}" if isinstance(value, float) else str(value)
