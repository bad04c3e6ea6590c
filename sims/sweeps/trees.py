"""The vocabulary of ordinary sweeps: a tree, a method, and what is asked of it."""

from collections.abc import Iterable, Mapping
from typing import Any

from treesmc.sims.base.errors import BadInput
from treesmc.sims.laws.schemes import SCHEMES
from treesmc.sims.methods.distance import BATCHES
from treesmc.sims.methods.method import AMOUNTS
from treesmc.sims.methods.registry import COSTED, METHODS
from treesmc.sims.sweeps.keys import (
    Key,
    at_least_zero,
    number,
    one_of,
    proportion,
    text,
    whole,
)
from treesmc.sims.sweeps.point import RESULTS, STREAMS, compute_point
from treesmc.sims.sweeps.shards import Parameters
from treesmc.sims.sweeps.vocabulary import Vocabulary
from treesmc.sims.trees.families import FAMILIES, defaults
from treesmc.sims.trees.perturb import IMPLIED, PERTURBATIONS, has_error

DEFAULTS: dict[str, Any] = {
    "eps": 0.0,
    "tree_seed": 0,
    "resampling": "multinomial",
    "ess_threshold": 1.0,
    "replicates": 1024,
    "seed": 0,
    "streams": "own",
}


def options_of(family: str) -> dict[str, Key]:
    """Return the keys of a family's own parameters, by the types of their defaults."""
    kinds = {
        int: whole(0),
        float: number(),
        bool: Key(bool, lambda value: True, "true or false"),
        str: text(),
    }
    return {name: kinds[type(default)] for name, default in defaults(FAMILIES[family]).items()}


OPTIONS = {family: options_of(family) for family in FAMILIES}
ALL_OPTIONS = {name: key for options in OPTIONS.values() for name, key in options.items()}

KEYS: dict[str, Key] = {
    "series": text(),
    "family": one_of(FAMILIES),
    "T": whole(1),
    "c": number(),
    "a": number(),
    "eps": at_least_zero(),
    "perturbation": one_of(PERTURBATIONS),
    **ALL_OPTIONS,
    "tree_seed": whole(0),
    "method": one_of(METHODS),
    "N": whole(1),
    "delta": proportion(),
    "M": whole(1),
    "H": whole(0),
    "resampling": one_of(SCHEMES),
    "ess_threshold": Key(float, lambda value: 0 <= value <= 1, "a number from 0 to 1"),
    "replicates": whole(8 * BATCHES),
    "seed": whole(0),
    "streams": one_of(STREAMS),
}


class Trees(Vocabulary):
    """The vocabulary of ordinary sweeps."""

    def finish(self, point: Parameters, written: Mapping[str, Any]) -> None:
        """Name the schedule of eps and the perturbation; check what does not go together."""
        if isinstance(written["eps"], str):
            point["schedule"] = written["eps"]
        for name in ("family", "T", "method"):
            if name not in point:
                raise BadInput(f"{name}: missing")
        _check_family(point)
        _check_amount(point)

    def columns(self, used: Iterable[str]) -> dict[str, type]:
        """Return the parameters of a table and their types, given the keys that are written."""
        types = super().columns({*used, "perturbation"})
        return types | ({"N": float} if "N" in types else {}) | {"schedule": str}  # N may be huge


VOCABULARY = Trees(compute_point, KEYS, RESULTS, DEFAULTS)


def _check_family(point: Parameters) -> None:
    """Check the family's own parameters; name the perturbation where one is implied."""
    family = point["family"]
    for name in point:
        if name in ALL_OPTIONS and name not in OPTIONS[family]:
            raise BadInput(f"{name}: the family {family} has no such parameter")
    if has_error(FAMILIES[family]):
        if "perturbation" in point:
            raise BadInput(f"perturbation: {family} has its Bellman error by construction")
    elif point["eps"] > 0:
        point.setdefault("perturbation", IMPLIED)


def _check_amount(point: Parameters) -> None:
    """Check that a method is given what it counts, and nothing else."""
    method = point["method"]
    if "N" in point and "delta" in point:
        raise BadInput("N: given beside delta; one of them is enough")
    costed = method in COSTED and "delta" in point
    needed = ("delta",) if costed else METHODS[method].amounts
    for name in ("delta", *AMOUNTS):
        if name in point and name not in needed:
            raise BadInput(f"{name}: the method {method} has no use for it")
        if name in needed and name not in point:
            raise BadInput(f"{name}: missing; the method {method} needs it")
