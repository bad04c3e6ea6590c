"""What the benchmarks are held to, as ratios in one run and as limits, and how they are shown.

A row of results is {engine, method, size, value}: million particle-steps per second of an engine at
a size, or, with the engine "limit" and no size, a number that has a limit.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

Row = dict[str, Any]

SIZES = "ABC"
OURS = "treesmc"


class Ratio(NamedTuple):
    """Our speed over a peer's, at least so much at each size."""

    method: str
    peer: str
    peer_method: str
    least: dict[str, float]


class Limit(NamedTuple):
    """A number with a limit: at most, or at least if `larger`."""

    name: str
    limit: float
    unit: str = ""
    larger: bool = False


class Verdict(NamedTuple):
    """What was measured against what was wanted; `measured` is None where something is missing."""

    name: str
    measured: float | None
    wanted: str
    met: bool


RATIOS = (
    Ratio("multinomial", "cpp", "multinomial", {"A": 0.85, "B": 0.85, "C": 0.85}),
    Ratio("systematic", "cpp", "systematic", {"A": 0.85, "B": 0.85, "C": 0.85}),
    Ratio("counts", "cpp", "counts", {"A": 0.85, "B": 0.85, "C": 0.85}),
    Ratio("multinomial", "particles", "multinomial", {"A": 80, "B": 12, "C": 5}),
    Ratio("multinomial", "jax", "multinomial", {"A": 3.5, "B": 5, "C": 5}),
    Ratio("systematic", "particles", "systematic", {"A": 110, "B": 14, "C": 6}),
    Ratio("counts", "particles", "multinomial", {"B": 12, "C": 20}),
)

LIMITS = (
    Limit("counts, time at N = 1e9 over N = 1e6", 1.25),
    Limit("counts, per (class, symbol) cell and step", 60, "ns"),
    Limit("two threads over one", 1.6, larger=True),
    Limit("cached start to first result", 0.7, "s"),
    Limit("dynamic programming, S = 1e5, T = 1000", 20, "s"),
    Limit("needle chain, N = 5000, T = 100", 10, "s"),
    Limit("naive integral, 1000 classes", 1, "s"),
    Limit("N* search on the headline's family, T = 64", 10, "s"),
)


def ratio(goal: Ratio, size: str, rows: Sequence[Row]) -> float | None:
    """Return our speed over the peer's at a size, None if one was not measured."""
    ours = _value(rows, OURS, goal.method, size)
    theirs = _value(rows, goal.peer, goal.peer_method, size)
    return None if ours is None or theirs is None else ours / theirs


def verdicts(rows: Sequence[Row]) -> list[Verdict]:
    """Hold every ratio and every limit against the rows; what is missing counts as met."""
    found = []
    for goal in RATIOS:
        for size, least in goal.least.items():
            measured = ratio(goal, size, rows)
            name = f"{goal.method} over {goal.peer} at {size}"
            met = measured is None or measured >= least
            found.append(Verdict(name, measured, f"at least {least:g}", met))
    for limit in LIMITS:
        measured = _value(rows, "limit", limit.name, "")
        least = "at least" if limit.larger else "at most"
        wanted = f"{least} {limit.limit:g} {limit.unit}".strip()
        found.append(Verdict(limit.name, measured, wanted, _within(limit, measured)))
    return found


def markdown(rows: Sequence[Row], machine: str) -> str:
    """Return the tables: speeds, ratios with their goals in brackets, and limits."""
    speeds = dict.fromkeys((r["engine"], r["method"]) for r in rows if r["engine"] != "limit")
    lines = ["| million particle-steps per second | A | B | C |", "|---|---|---|---|"]
    for engine, method in speeds:
        cells = (_short(_value(rows, engine, method, size)) for size in SIZES)
        lines.append(f"| {engine}, {method} | {' | '.join(cells)} |")
    lines += ["", "| ratio [goal] | A | B | C |", "|---|---|---|---|"]
    for goal in RATIOS:
        name = f"{goal.method} over {goal.peer}"
        lines.append(f"| {name} | {' | '.join(_goal_cell(goal, size, rows) for size in SIZES)} |")
    lines += ["", "| | measured | wanted |", "|---|---|---|"]
    for verdict, limit in zip(verdicts(rows)[-len(LIMITS) :], LIMITS, strict=True):
        measured = f"{_short(verdict.measured)} {limit.unit}".strip()
        lines.append(f"| {verdict.name} | {measured} | {verdict.wanted} |")
    return "\n".join([*lines, "", machine, ""])


def _value(rows: Sequence[Row], engine: str, method: str, size: str) -> float | None:
    key = engine, method, size
    matching = (r["value"] for r in rows if (r["engine"], r["method"], r["size"] or "") == key)
    return next(matching, None)


def _within(limit: Limit, measured: float | None) -> bool:
    if measured is None:
        return True
    return measured >= limit.limit if limit.larger else measured <= limit.limit


def _goal_cell(goal: Ratio, size: str, rows: Sequence[Row]) -> str:
    measured = _short(ratio(goal, size, rows))
    return f"{measured} [{goal.least[size]:g}]" if size in goal.least else measured


def _short(value: float | None) -> str:
    """Return three digits, or a dash for what was not measured."""
    if value is None:
        return "-"
    return f"{value:.0f}" if abs(value) >= 100 else f"{value:.3g}"
