"""A sweep as a person writes it: a TOML file, read as a stream of points.

The top of the file holds keys that all points share. A key with a list, or with a range
``{from = 0, to = 99, step = 1}`` (both ends included), is an axis. Axes at the top and in a
``[[grid]]`` table are multiplied out, the last one varying fastest; those of a ``[[list]]`` table
are read side by side. Without tables, the file is one grid.

A number may be written as a formula of the horizon T and of the keys ``c`` and ``a``; whole numbers
are rounded up. Points are made one by one and never held together.
"""

import itertools
import math
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from treesmc.sims.errors import BadInput
from treesmc.sims.sweeps.keys import (
    ALL_OPTIONS,
    DEFAULTS,
    KEYS,
    OPTIONS,
    PERTURBABLE,
    VARIABLES,
    nearest,
)
from treesmc.sims.sweeps.point import COSTED, COUNTED, RESULTS
from treesmc.sims.sweeps.shards import Parameters

Axis = tuple[tuple[str, ...], list[tuple[Any, ...]]]  # keys that vary together, and their values

IMPLIED = {*DEFAULTS, "perturbation", "schedule"}  # of a point, also where not written


@dataclass(frozen=True)
class Block:
    """A grid or list of the file: the points are the product of its axes."""

    name: str
    axes: list[Axis]

    def __len__(self) -> int:
        return math.prod(len(values) for _, values in self.axes)

    def __iter__(self) -> Iterator[dict[str, Any]]:
        keys = [key for names, _ in self.axes for key in names]
        for rows in itertools.product(*(values for _, values in self.axes)):
            yield dict(zip(keys, itertools.chain(*rows), strict=True))


@dataclass(frozen=True)
class Sweep:
    """The points of a sweep; iterating makes them, as often as wanted.

    Attributes
    ----------
    path : path
        The file, for messages.
    blocks : list of Block
    """

    path: Path
    blocks: list[Block]

    def __len__(self) -> int:
        return sum(map(len, self.blocks))

    def __iter__(self) -> Iterator[Parameters]:
        for block in self.blocks:
            where = f"{self.path}: {block.name}"
            for written in block:
                try:
                    yield _resolve(written)
                except BadInput as error:
                    raise BadInput(f"{where}{error}") from None

    def parameters(self) -> dict[str, type]:
        """Return the columns of the points, and their types."""
        used = {key for block in self.blocks for names, _ in block.axes for key in names}
        types = {name: key.type for name, key in KEYS.items()}
        types |= {"N": float, "schedule": str}  # N may exceed 64 bits
        return {name: kind for name, kind in types.items() if name in used | IMPLIED}

    def columns(self) -> dict[str, type]:
        """Return the columns of the table, parameters before results, and their types."""
        return {**self.parameters(), **RESULTS, "error": str}


def load_sweep(path: Path) -> Sweep:
    """Read a sweep.

    Raises
    ------
    BadInput
        One line naming the file, the field and the value that is wrong; a misspelt key comes with
        the nearest valid one. Values are checked as points are made.
    """
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8"))
        shared = {key: value for key, value in data.items() if key not in ("grid", "list")}
        blocks = [
            _block(kind, number, table, shared)
            for kind in ("grid", "list")
            for number, table in enumerate(_tables(data, kind), start=1)
        ]
        return Sweep(path, blocks or [Block("", _axes(shared))])
    except OSError as error:
        raise BadInput(f"{path}: {error.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise BadInput(f"{path}: not TOML: {error}") from None
    except BadInput as error:
        raise BadInput(f"{path}: {error}") from None


def _tables(data: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    tables = data.get(kind, [])
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise BadInput(f"{kind}: {tables!r} is not a table; write [[{kind}]]")
    return tables


def _block(kind: str, number: int, own: dict[str, Any], shared: dict[str, Any]) -> Block:
    name = f"{kind} {number}: "
    try:
        if kind == "grid":
            return Block(name, _axes({**shared, **own}))
        rest = {key: value for key, value in shared.items() if key not in own}
        return Block(name, [*_axes(rest), *_paired(own)])
    except BadInput as error:
        raise BadInput(f"{name}{error}") from None


def _axes(table: dict[str, Any]) -> list[Axis]:
    return [((key,), [(value,) for value in _values(key, table[key])]) for key in table]


def _paired(table: dict[str, Any]) -> list[Axis]:
    """Return the axes of a list: one that takes its keys side by side, and constants."""
    columns = {key: _values(key, value) for key, value in table.items()}
    lengths = {key: len(values) for key, values in columns.items() if len(values) > 1}
    if len(set(lengths.values())) > 1:
        shown = ", ".join(f"{key} has {length}" for key, length in lengths.items())
        raise BadInput(f"the lengths differ: {shown}")
    n = max(lengths.values(), default=1)
    repeated = [values if len(values) == n else values * n for values in columns.values()]
    return [(tuple(columns), list(zip(*repeated, strict=True)))]


def _values(key: str, value: Any) -> list[Any]:
    if key not in KEYS:
        raise BadInput(f"{key}: not a key{nearest(key, [*KEYS, 'grid', 'list'])}")
    if isinstance(value, dict):
        return list(_range(key, value))
    if value == []:
        raise BadInput(f"{key}: [] has no values")
    return value if isinstance(value, list) else [value]


def _range(key: str, table: dict[str, Any]) -> range:
    match {"step": 1, **table}:
        case {"from": int(first), "to": int(last), "step": int(step), **rest} if not rest:
            if first <= last and step >= 1:
                return range(first, last + 1, step)
    raise BadInput(f"{key}: {table!r} is not a range such as {{from = 0, to = 9, step = 1}}")


def _resolve(written: dict[str, Any]) -> Parameters:
    """Return the point that was written: defaults filled in, formulas computed, all checked."""
    written = {**DEFAULTS, **written}
    point: Parameters = {}
    for name in VARIABLES:
        if name in written:
            point[name] = _read(name, written[name], point)
    variables = dict(point)
    for name, value in written.items():
        if name not in VARIABLES:
            point[name] = _read(name, value, variables)
    if isinstance(written["eps"], str):
        point["schedule"] = written["eps"]
    for name in ("family", "T", "method"):
        if name not in point:
            raise BadInput(f"{name}: missing")
    _check_family(point)
    _check_amount(point)
    return point


def _read(name: str, value: Any, variables: dict[str, float]) -> Any:
    try:
        return KEYS[name].read(value, variables)
    except BadInput as error:
        raise BadInput(f"{name}: {error}") from None


def _check_family(point: Parameters) -> None:
    """Check the family's own parameters; name the perturbation where one is implied."""
    family = point["family"]
    for name in point:
        if name in ALL_OPTIONS and name not in OPTIONS[family]:
            raise BadInput(f"{name}: the family {family} has no such parameter")
    if family in PERTURBABLE:
        if point["eps"] > 0:
            point.setdefault("perturbation", "persistent")
    elif "perturbation" in point:
        raise BadInput(f"perturbation: {family} has its Bellman error by construction")


def _check_amount(point: Parameters) -> None:
    """Check that a method is given what it counts, and nothing else."""
    method = point["method"]
    if "N" in point and "delta" in point:
        raise BadInput("N: given beside delta; one of them is enough")
    if method == "pool-mh":
        needed: tuple[str, ...] = ("M", "H")
    elif method in COSTED and "delta" in point:
        needed = ("delta",)
    else:
        needed = ("N",) if method in COUNTED else ()
    for name in ("N", "delta", "M", "H"):
        if name in point and name not in needed:
            raise BadInput(f"{name}: the method {method} has no use for it")
        if name in needed and name not in point:
            raise BadInput(f"{name}: missing; the method {method} needs it")
