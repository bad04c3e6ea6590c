"""The keys of a sweep: what each may hold, and what it is when it is not given."""

import difflib
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from inspect import signature
from typing import Any

from treesmc.sims.cost import BATCHES
from treesmc.sims.errors import BadInput
from treesmc.sims.families import FAMILIES
from treesmc.sims.kernels.resampling import SCHEMES
from treesmc.sims.perturb import PERTURBATIONS
from treesmc.sims.sweeps.formula import evaluate
from treesmc.sims.sweeps.point import METHODS, STREAMS

DEFAULTS: dict[str, Any] = {
    "eps": 0.0,
    "tree_seed": 0,
    "resampling": "multinomial",
    "ess_threshold": 1.0,
    "replicates": 1024,
    "seed": 0,
    "streams": "own",
}
VARIABLES = ("T", "c", "a")  # formulas may use them


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

    def read(self, value: Any, variables: Mapping[str, float]) -> Any:
        """Return the value, computing formulas; raise BadInput if it is not admitted."""
        read = value
        if self.type in (int, float) and isinstance(value, str):
            read = evaluate(value, variables)
            read = math.ceil(read) if self.type is int else read
        elif self.type is int and isinstance(value, float) and value.is_integer():
            read = int(value)
        elif self.type is float and isinstance(value, int) and not isinstance(value, bool):
            read = float(value)
        if type(read) is not self.type or not self.valid(read):
            shown = repr(value) if read == value else f"{value!r} = {read!r}"
            hint = nearest(value, self.wanted.split()) if self.type is str else ""
            raise BadInput(f"{shown} is not {self.wanted}{hint}")
        return read


def _whole(least: int) -> Key:
    return Key(int, lambda value: value >= least, f"a whole number of at least {least}")


def _one_of(names: Iterable[str]) -> Key:
    known = tuple(names)
    return Key(str, lambda value: value in known, f"one of {', '.join(known)}")


def _finite() -> Key:
    return Key(float, math.isfinite, "a number")


def options_of(family: str) -> dict[str, Key]:
    """Return the keys of a family's own parameters, by the types of their defaults."""
    parameters = signature(FAMILIES[family]).parameters
    kinds = {
        int: _whole(0),
        float: _finite(),
        bool: Key(bool, lambda value: True, "true or false"),
        str: Key(str, lambda value: True, "text"),
    }
    defaults = {name: type(p.default) for name, p in parameters.items() if name != "seed"}
    return {name: kinds[kind] for name, kind in defaults.items() if kind in kinds}


OPTIONS = {family: options_of(family) for family in FAMILIES}
ALL_OPTIONS = {name: key for options in OPTIONS.values() for name, key in options.items()}
PERTURBABLE = [name for name in FAMILIES if "eps" not in signature(FAMILIES[name]).parameters]

KEYS: dict[str, Key] = {
    "series": Key(str, lambda value: True, "text"),
    "family": _one_of(FAMILIES),
    "T": _whole(1),
    "c": _finite(),
    "a": _finite(),
    "eps": Key(float, lambda value: 0 <= value < math.inf, "a number of at least 0"),
    "perturbation": _one_of(PERTURBATIONS),
    **ALL_OPTIONS,
    "tree_seed": _whole(0),
    "method": _one_of(METHODS),
    "N": _whole(1),
    "delta": Key(float, lambda value: 0 < value < 1, "a number strictly between 0 and 1"),
    "M": _whole(1),
    "H": _whole(0),
    "resampling": _one_of(SCHEMES),
    "ess_threshold": Key(float, lambda value: 0 <= value <= 1, "a number from 0 to 1"),
    "replicates": _whole(8 * BATCHES),
    "seed": _whole(0),
    "streams": _one_of(STREAMS),
}


def nearest(name: Any, known: Iterable[str]) -> str:
    """Return a hint at the valid spelling nearest to a name, empty if none is near."""
    near = difflib.get_close_matches(str(name), [word.strip(",") for word in known], n=1)
    return f"; did you mean {near[0]}?" if near else ""
