"""How commands answer: one JSON object, or an aligned table for people."""

import json
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
    entries = plain(answer)
    if as_json:
        print(json.dumps(entries, allow_nan=False))
        return
    width = max(len(key) for key in entries)
    for key, value in entries.items():
        print(f"{key:<{width}}  {_readable(value)}")


def plain(value: Any) -> Any:
    """Return a value as JSON can hold it: arrays become lists, what is not finite becomes None."""
    if isinstance(value, Mapping):
        return {key: plain(entry) for key, entry in value.items()}
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, list | tuple):
        return [plain(entry) for entry in value]
    if isinstance(value, float) and not math.isfinite(value):
        return None
    return value


def _readable(value: Any) -> str:
    if isinstance(value, list):
        shown = ", ".join(_readable(entry) for entry in value[:SHOWN_ENTRIES])
        more = len(value) - SHOWN_ENTRIES
        return f"[{shown}]" if more <= 0 else f"[{shown}, ... {more} more; --json for all]"
    if isinstance(value, float):
        return f"{value:.6g}"
    return "-" if value is None else str(value)
