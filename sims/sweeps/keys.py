"""The keys of a sweep: what each may hold."""

import difflib
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from treesmc.sims.base.errors import BadInput
from treesmc.sims.sweeps.formula import evaluate, fill, label_names, names

LARGEST_WHOLE = 1e300
NOTHING: Mapping[str, Any] = {}


@dataclass(frozen=True)
class Key:
    """What a key holds.

    Attributes
    ----------
    type : type
        str, bool, int or float.
    valid : callable
        Whether a value of that type is admitted.
    wanted : str
        The admitted values, in words.
    """

    type: type
    valid: Callable[[Any], bool]
    wanted: str

    def needs(self, value: Any) -> tuple[str, ...]:
        """Return the keys that a value is computed from, if it is a formula or a label."""
        if not isinstance(value, str) or self.type is bool:
            return ()
        return label_names(value) if self.type is str else names(value)

    def of(self, name: str, value: Any, known: Mapping[str, Any] = NOTHING) -> Any:
        """Return the value of a key.

        Parameters
        ----------
        name : str
            Of the key, for messages.
        value
            As written.
        known : mapping
            Values of the keys that it needs.

        Raises
        ------
        BadInput
            If it is not admitted.
        """
        try:
            return self._read(value, known)
        except BadInput as error:
            raise BadInput(f"{name}: {error}") from None

    def _read(self, value: Any, known: Mapping[str, Any]) -> Any:
        read = value
        if self.type in (int, float) and isinstance(value, str):
            read = evaluate(value, known)
            read = math.ceil(read) if self.type is int else read
        elif self.type is str and isinstance(value, str):
            read = fill(value, known)
        elif self.type is int and isinstance(value, float) and value.is_integer():
            read = int(value)
        elif self.type is float and isinstance(value, int) and not isinstance(value, bool):
            read = float(value)
        if type(read) is not self.type or not self.valid(read):
            shown = repr(value) if read == value else f"{value!r} = {read!r}"
            hint = nearest(value, self.wanted.split()) if self.type is str else ""
            raise BadInput(f"{shown} is not {self.wanted}{hint}")
        return read


def whole(least: int) -> Key:
    """Whole numbers from ``least`` on, as far as floats go."""
    wanted = f"a whole number of at least {least} and at most {LARGEST_WHOLE:g}"
    return Key(int, lambda value: least <= value <= LARGEST_WHOLE, wanted)


def one_of(known: Iterable[str]) -> Key:
    """Some names."""
    admitted = tuple(known)
    shown = ", ".join(name or "''" for name in admitted)
    return Key(str, lambda value: value in admitted, f"one of {shown}")


def text() -> Key:
    """Any text."""
    return Key(str, lambda value: True, "text")


def number() -> Key:
    """Any finite number."""
    return Key(float, math.isfinite, "a number")


def at_least_zero() -> Key:
    """Finite numbers from 0 on."""
    return Key(float, lambda value: 0 <= value < math.inf, "a number of at least 0")


def proportion() -> Key:
    """Numbers strictly between 0 and 1."""
    return Key(float, lambda value: 0 < value < 1, "a number strictly between 0 and 1")


def nearest(name: Any, known: Iterable[str]) -> str:
    """Return a hint at the valid spelling nearest to a name, empty if none is near."""
    near = difflib.get_close_matches(str(name), [word.strip(",") for word in known], n=1)
    return f"; did you mean {near[0]}?" if near else ""
