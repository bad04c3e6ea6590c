"""``make bench``, second half: race the peers, hold all against the goals, write what is shown.

Reads the stored run of pytest-benchmark for what has a limit. Writes results/bench.csv, its figure,
and the tables between the markers of the documents, unless a peer is missing. Ends with status 1
if a goal is missed or a peer runs another law.
"""

import json
import os
import platform
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numba
import numpy as np
from goals import Row, markdown, verdicts
from race import missing, race

from treesmc.figures.rooms import draw
from treesmc.sims.sweeps.table import collect

ROOT = Path(__file__).parents[2]
STORED = ROOT / "build/bench/own.json"
PEERS = ROOT / "build/peers"
PINS = Path(__file__).parent / "peers"
TABLE = ROOT / "results/bench.csv"
DOCUMENTS = (ROOT / "README.md", ROOT / "docs/benchmarks.md")
COLUMNS = ("engine", "method", "size", "value", "machine")
BEGIN, END = "<!-- bench:begin -->\n", "<!-- bench:end -->"
ROUNDS = 5


def main() -> int:
    """Return the exit status."""
    absent = missing(PEERS)
    if absent:
        _say(f"nothing is written without {' and '.join(absent)}; make peers says what is wrong")
    try:
        rows = race(PEERS, ROOT / "build/bench/tasks", ROUNDS)
    except (ValueError, RuntimeError) as error:
        _say(str(error))
        return 1
    rows += limits(json.loads(STORED.read_text()))
    text = markdown(rows, machine())
    print(text)
    if not absent:
        write(rows, text)
    missed = [verdict for verdict in verdicts(rows) if not verdict.met]
    for verdict in missed:
        _say(f"missed: {verdict.name} is {verdict.measured:.3g}, wanted {verdict.wanted}")
    return 1 if missed else 0


def limits(stored: dict[str, Any]) -> list[Row]:
    """Return rows of what the stored run measured that has a limit."""
    named = [b["extra_info"]["limit"] for b in stored["benchmarks"] if "limit" in b["extra_info"]]
    return [{"engine": "limit", "method": m, "size": "", "value": v} for m, v in named]


def machine() -> str:
    """Say what the numbers come from."""
    try:
        described = Path("/proc/cpuinfo").read_text()
    except OSError:
        described = ""
    name = re.search(r"^model name\s*: (.*)$", described, re.MULTILINE)
    processor = name[1] if name else platform.processor() or platform.machine()
    pins = "".join(path.read_text() for path in sorted(PINS.glob("*.txt")))
    peers = ", ".join(" ".join(p) for p in re.findall(r"^(jax|particles)==(.*)$", pins, re.M))
    return (
        f"{processor}, {os.cpu_count()} processors, {platform.system()}; "
        f"Python {platform.python_version()}, NumPy {np.__version__}, Numba {numba.__version__}; "
        f"{peers}."
    )


def write(rows: Sequence[Row], text: str) -> None:
    """Write the table of results, its figure, and the documents that have room for it."""
    collect([{**row, "machine": machine()} for row in rows], COLUMNS, TABLE)
    draw("bench", TABLE, ROOT / "figures/output")
    for document in DOCUMENTS:
        document.write_text(between_markers(document.read_text(), text))


def between_markers(document: str, text: str) -> str:
    """Return the document with the text between its markers, or as it is if it has none."""
    pattern = re.escape(BEGIN) + r".*?" + re.escape(END)
    return re.sub(pattern, lambda _: BEGIN + text + END, document, flags=re.DOTALL)


def _say(line: str) -> None:
    print(f"make bench: {line}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
