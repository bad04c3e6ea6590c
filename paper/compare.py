"""Compare generated texts, number by number.

Words and integers must agree. A number with a decimal point may differ by one unit in its last
printed digit, which is what round-off can do to a number that is rounded for printing.
"""

import re

NUMBER = re.compile(r"(\d+)(?:\.(\d+))?(?:\\times10\^\{(-?\d+)\})?")


def moved(committed: str, computed: str) -> list[str]:
    """Say which lines of two texts differ by more than the tolerance of the module."""
    old, new = committed.splitlines(), computed.splitlines()
    if len(old) != len(new):
        return [f"{len(old)} lines became {len(new)}"]
    return [f"{a} -> {b}" for a, b in zip(old, new, strict=True) if not _close(a, b)]


def _close(old: str, new: str) -> bool:
    if NUMBER.sub("0", old) != NUMBER.sub("0", new):
        return False
    pairs = zip(NUMBER.finditer(old), NUMBER.finditer(new), strict=True)
    return all(_close_numbers(a, b) for a, b in pairs)


def _close_numbers(old: re.Match[str], new: re.Match[str]) -> bool:
    (a, unit), (b, _) = map(_value_and_unit, (old, new))
    return abs(a - b) <= 1.001 * unit


def _value_and_unit(number: re.Match[str]) -> tuple[float, float]:
    """Read a number and its last printed digit; the unit of an integer is 0: it must not move."""
    whole, decimals, power = number.groups()
    scale = 10.0 ** int(power or 0)
    unit = scale * 10.0 ** -len(decimals) if decimals else 0.0
    return float(f"{whole}.{decimals or 0}") * scale, unit
