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
    plain = {key: _plain(value) for key, value in answer.items()}
    if as_json:
        print(json.dumps(plain, allow_nan=False))
        return
    width = max(len(key) for key in plain)
    for key, value in plain.items():
        print(f"{key:<{width}}  {_readable(value)}")


def _plain(value: Any) -> Any:
    if hasattr(value, "tolist"):
        value = value.tolist()
    if isinstance(value, list | tuple):
        return [_plain(entry) for entry in value]
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
