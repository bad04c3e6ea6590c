"""JSON read and written strictly: text that is none is bad input, and no answer holds what is none.

JSON has no number that is infinite or unknown. Both are written as null.
"""

import json
import math
from collections.abc import Mapping
from typing import Any

from treesmc.sims.base.errors import BadInput


def parse(text: str | bytes) -> Any:
    """Return what a text says; beside JSON it may hold NaN and Infinity, for readers to judge.

    Raises
    ------
    BadInput
        In one line, whatever is wrong: syntax, encoding, nesting, an integer of too many digits.
    """
    try:
        text = text if isinstance(text, str) else text.decode()
        value = json.loads(text)
        if "\\ud" in text.lower():  # half of a surrogate pair is text that cannot be printed
            json.dumps(value, ensure_ascii=False).encode()
        return value
    except RecursionError:
        raise BadInput("not JSON: nested too deeply") from None
    except ValueError as error:
        raise BadInput(f"not JSON, or cut short: {error}") from None


def written(value: Any) -> str:
    """Return numbers, text, None, and sequences, mappings and NumPy arrays of these as JSON."""
    return json.dumps(finite(listed(value)), allow_nan=False)


def listed(value: Any) -> Any:
    """Return a value with lists in place of tuples and arrays."""
    if isinstance(value, Mapping):
        return {key: listed(entry) for key, entry in value.items()}
    if hasattr(value, "tolist"):
        value = value.tolist()
    return [listed(entry) for entry in value] if isinstance(value, list | tuple) else value


def finite(value: Any) -> Any:
    """Return a value of `listed` with None in place of numbers that are not finite."""
    if isinstance(value, dict):
        return {key: finite(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [finite(entry) for entry in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
