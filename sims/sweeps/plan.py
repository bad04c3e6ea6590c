"""A sweep as a person writes it: a TOML file, read as a stream of points.

The top of the file holds keys that all points share. A key with a list or a range is an axis. Axes
at the top and in a ``[[grid]]`` table are multiplied out, the last one varying fastest; those of a
``[[list]]`` table are read side by side. Without tables, the file is one grid.

``experiment`` names the vocabulary that the file uses, looked up by whoever reads it. ``columns``
are those of the table, all if left out; ``place`` is that of its figure among others. A ``[quick]``
table, at the top or in a table, holds what replaces its keys in a quick version; a table with
``quick = false`` is not part of it.

A number may be written as a formula of other numbers of its point, and of ``index``, the place of
the point among all. Points are made one by one and never held together.
"""

import itertools
import math
import tomllib
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from treesmc.sims.base.errors import BadInput
from treesmc.sims.sweeps.axes import values_of
from treesmc.sims.sweeps.keys import Key, nearest, one_of, whole
from treesmc.sims.sweeps.shards import Parameters
from treesmc.sims.sweeps.trees import VOCABULARY
from treesmc.sims.sweeps.vocabulary import Vocabulary

Axis = tuple[tuple[str, ...], list[tuple[Any, ...]]]  # keys that vary together, and their values
Table = dict[str, Any]
Keys = Mapping[str, Key]
Lookup = Callable[[Any], Vocabulary]  # of an experiment, by its name

COMMON = ("experiment", "quick")
WORDS = (*COMMON, "columns", "place", "version", "grid", "list")  # of a file, beside keys
VERSIONS = ("full", "quick")
QUICK = b'version = "quick"\n'  # above a file: its quick version
NAMED, COUNTED = ("experiment", "series", "family", "method"), ("T", "N", "delta", "seed")


@dataclass(frozen=True)
class Block:
    """A grid or list of the file: the points are the product of its axes."""

    name: str
    axes: list[Axis]

    def __len__(self) -> int:
        return math.prod(len(values) for _, values in self.axes)

    def __iter__(self) -> Iterator[Table]:
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
    vocabulary : Vocabulary
    blocks : list of Block
    chosen : tuple of str
        Columns of the table; all if empty.
    text : bytes
        A file of its own that holds this sweep.
    """

    path: Path
    vocabulary: Vocabulary
    blocks: list[Block]
    chosen: tuple[str, ...]
    text: bytes

    def __len__(self) -> int:
        return sum(map(len, self.blocks))

    def __iter__(self) -> Iterator[Parameters]:
        index = itertools.count()
        for block in self.blocks:
            for written in block:
                try:
                    yield self.vocabulary.read(written, next(index))
                except BadInput as error:
                    raise BadInput(f"{self.path}: {block.name}{error}") from None

    def check(self) -> "Sweep":
        """Return the sweep, once every point is known to be admitted; else raise BadInput."""
        for _ in self:
            pass
        return self

    def parameters(self) -> dict[str, type]:
        """Return the columns of the points, and their types."""
        used = {key for block in self.blocks for names, _ in block.axes for key in names}
        return self.vocabulary.columns(used)

    def columns(self) -> dict[str, type]:
        """Return the columns of the table, parameters before results, and their types."""
        results = {**self.vocabulary.results, "error": str}
        if not self.chosen:
            return {**self.parameters(), **results}
        known = {**results, **self.vocabulary.columns(self.vocabulary.keys)}
        return {name: known[name] for name in self.chosen}


def describe(point: Parameters) -> str:
    """Return a short name of a point; what its series says already is not said again."""
    series = point.get("series", "")
    named = {name: point[name] for name in NAMED if name in point}
    words = [word for name, word in named.items() if name == "series" or word not in series]
    return " ".join(words + [f"{name}={point[name]}" for name in COUNTED if name in point])


def no_experiment(name: Any) -> Vocabulary:
    """Refuse an experiment, where only ordinary sweeps are known."""
    raise BadInput(f"experiment: {name!r} is not known here")


def load_sweep(path: Path, quick: bool = False, lookup: Lookup = no_experiment) -> Sweep:
    """Read a sweep, or its quick version.

    Parameters
    ----------
    path : path
    quick : bool
    lookup : callable
        Returns the vocabulary of an experiment, or raises BadInput if there is none.

    Raises
    ------
    BadInput
        One line naming the file, the field and the value that is wrong; a misspelt key comes with
        the nearest valid one. Values are checked as points are made.
    """
    try:
        return _sweep(path, path.read_bytes(), quick, lookup)
    except OSError as error:
        raise BadInput(f"{path}: {error.strerror}") from None
    except BadInput as error:
        raise BadInput(f"{path}: {error}") from None
    except RecursionError:
        raise BadInput(f"{path}: not TOML: nested too deeply") from None
    except ValueError as error:  # of syntax, encoding, or an integer of too many digits
        raise BadInput(f"{path}: not TOML: {error}") from None


def _sweep(path: Path, text: bytes, quick: bool, lookup: Lookup) -> Sweep:
    data = tomllib.loads(text.decode())
    if quick and "version" in data:
        raise BadInput("version: given beside --quick; one of them is enough")
    version = "quick" if quick else data.get("version", "full")
    one_of(VERSIONS).of("version", version)
    whole(0).of("place", data.get("place", 0))
    vocabulary = _vocabulary(data, lookup)
    blocks = {name: _blocks(data, vocabulary.keys, name) for name in _versions(data)}
    if not blocks.get(version):
        raise BadInput(f"there is no {version} version; it would be in a table [quick]")
    own = QUICK + text if quick else text
    return Sweep(path, vocabulary, blocks[version], _chosen(data, vocabulary), own)


def _vocabulary(data: Table, lookup: Lookup) -> Vocabulary:
    """Return the words of an experiment, or the ordinary ones."""
    if "experiment" not in data:
        return VOCABULARY
    vocabulary = lookup(data["experiment"])
    return replace(vocabulary, keys={"experiment": one_of([data["experiment"]]), **vocabulary.keys})


def _chosen(data: Table, vocabulary: Vocabulary) -> tuple[str, ...]:
    chosen = data.get("columns", [])
    known = [*vocabulary.columns(vocabulary.keys), *vocabulary.results, "error"]
    if not isinstance(chosen, list):
        raise BadInput(f"columns: {chosen!r} is not a list of names")
    for name in chosen:
        one_of(known).of("columns", name)
    return tuple(chosen)


def _versions(data: Table) -> list[str]:
    """Return the versions that a file has."""
    if not isinstance(data.get("quick", {}), dict):
        raise BadInput(f"quick: {data['quick']!r} is not a table; write [quick]")
    tables = [data, *_tables(data, "grid"), *_tables(data, "list")]
    return ["full", "quick"] if any("quick" in table for table in tables) else ["full"]


def _tables(data: Table, kind: str) -> list[Table]:
    tables = data.get(kind, [])
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise BadInput(f"{kind}: {tables!r} is not a table; write [[{kind}]]")
    return tables


def _blocks(data: Table, keys: Keys, version: str) -> list[Block]:
    """Return the grids and lists of a version, or the file itself if it has none."""
    prefix = "" if version == "full" else f"{version}: "
    tables = [
        (kind, f"{prefix}{kind} {number}: ", table)
        for kind in ("grid", "list")
        for number, table in enumerate(_tables(data, kind), start=1)
    ]
    kept = {name: data[name] for name in data if name not in WORDS or name in COMMON}
    shared = _of_version(kept, version)
    return [
        _block(kind, name, _of_version(table, version), shared, keys)
        for kind, name, table in tables or [("grid", prefix, {})]
        if version == "full" or table.get("quick") is not False
    ]


def _of_version(table: Table, version: str) -> Table:
    """Return the keys of a table in a version."""
    own, other = {**table}, table.get("quick", False)
    own.pop("quick", None)
    if other is not False and not isinstance(other, dict):
        raise BadInput(f"quick: {other!r} is neither a table nor false")
    return {**own, **other} if other and version == "quick" else own


def _block(kind: str, name: str, own: Table, shared: Table, keys: Keys) -> Block:
    try:
        if kind == "grid":
            return Block(name, _axes({**shared, **own}, keys))
        rest = {key: value for key, value in shared.items() if key not in own}
        return Block(name, [*_axes(rest, keys), *_paired(own, keys)])
    except BadInput as error:
        raise BadInput(f"{name}{error}") from None


def _axes(table: Table, keys: Keys) -> list[Axis]:
    return [((name,), [(value,) for value in _values(name, table[name], keys)]) for name in table]


def _paired(table: Table, keys: Keys) -> list[Axis]:
    """Return the axes of a list: one that takes its keys side by side, and constants."""
    columns = {name: _values(name, value, keys) for name, value in table.items()}
    lengths = {name: len(values) for name, values in columns.items() if len(values) > 1}
    if len(set(lengths.values())) > 1:
        shown = ", ".join(f"{name} has {length}" for name, length in lengths.items())
        raise BadInput(f"the lengths differ: {shown}")
    n = max(lengths.values(), default=1)
    repeated = [values if len(values) == n else values * n for values in columns.values()]
    return [(tuple(columns), list(zip(*repeated, strict=True)))]


def _values(name: str, written: Any, keys: Keys) -> list[Any]:
    if name not in keys:
        raise BadInput(f"{name}: not a key{nearest(name, [*keys, *WORDS])}")
    return values_of(name, keys[name], written)
