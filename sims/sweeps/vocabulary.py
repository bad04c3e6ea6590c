"""A vocabulary: what the points of a sweep may hold, and what computes them."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from treesmc.sims.base.errors import BadInput
from treesmc.sims.sweeps.keys import Key
from treesmc.sims.sweeps.shards import Parameters, Row

COST: Mapping[str, type] = {  # what `treesmc.sims.cost.Cost.row` returns
    **dict.fromkeys(("n_star", "low", "high", "log_stderr"), float),
    "evidence": str,
}


@dataclass(frozen=True)
class Vocabulary:
    """What the points of a sweep may hold, and what computes them.

    Attributes
    ----------
    compute_point : callable
        Result of a point; a function of a module.
    keys : mapping
        All keys, by name.
    results : mapping
        Types of the results, by name; they may share names with keys that not all points have.
    defaults : mapping
        Of keys that may be left out.
    own : mapping
        Keys that only some series have, by series; the other keys are needed by every point.
    """

    compute_point: Callable[[Parameters], Row]
    keys: Mapping[str, Key]
    results: Mapping[str, type]
    defaults: Mapping[str, Any] = field(default_factory=dict)
    own: Mapping[str, Iterable[str]] = field(default_factory=dict)

    def read(self, written: Mapping[str, Any], index: int) -> Parameters:
        """Return the point that was written: defaults filled in, formulas computed, all checked.

        Parameters
        ----------
        written : mapping
        index : int
            Place of the point in the sweep, for formulas.

        Raises
        ------
        BadInput
            One line naming the key and the value that is wrong.
        """
        written = {**self.defaults, **written}
        point: Parameters = {"index": index}
        for name in written:
            self._settle(name, written, point)
        del point["index"]
        self.finish(point, written)
        return point

    def finish(self, point: Parameters, written: Mapping[str, Any]) -> None:
        """Complete a point, or raise BadInput if it has too many keys or too few.

        Parameters
        ----------
        point : dict
            Completed in place.
        written : mapping
            The same before its formulas were computed.
        """
        special = {name for names in self.own.values() for name in names}
        mine = self.own.get(point.get("series", ""), ())
        for name in self.keys:
            needed = name not in special or name in mine
            if needed and name not in point:
                raise BadInput(f"{name}: missing")
            if name in point and not needed and name not in self.defaults:
                raise BadInput(f"{name}: the series {point['series']} has no use for it")

    def _settle(
        self,
        name: str,
        written: Mapping[str, Any],
        point: Parameters,
        waiting: tuple[str, ...] = (),
    ) -> None:
        """Read a key of a point, after those that it is computed from.

        ``waiting`` are the keys whose formulas led here.
        """
        if name in point:
            return
        value = written[name]
        if name in waiting:
            circle = " -> ".join((*waiting[waiting.index(name) :], name))
            raise BadInput(f"{name}: {value!r} is computed from itself: {circle}")
        needed = self.keys[name].needs(value)
        for other in needed:
            if other in written:
                self._settle(other, written, point, (*waiting, name))
        known = {other: point[other] for other in needed if other in point}
        point[name] = None if value is None else self.keys[name].of(name, value, known)

    def columns(self, used: Iterable[str]) -> dict[str, type]:
        """Return the parameters of a table and their types, given the keys that are written."""
        present = {*used, *self.defaults}
        return {name: key.type for name, key in self.keys.items() if name in present}
