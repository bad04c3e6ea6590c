"""say how far a sweep is: points done, failed and missing, and why the failed ones did

Exit codes: 0 no point failed, 2 DIR is no sweep, 4 some points failed.
"""

import argparse
from itertools import islice
from pathlib import Path

from treesmc.commands.arguments import add_json
from treesmc.commands.output import emit

SHOWN_FAILURES = 8


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("folder", type=Path, metavar="DIR", help="what --out was")
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    """Print the counts, and the first failures."""
    from treesmc.figures.rooms import vocabulary
    from treesmc.sims.sweeps.folder import Folder
    from treesmc.sims.sweeps.plan import describe

    folder = Folder.open(args.folder, vocabulary)
    tally = folder.tally()
    failures = (row for row in folder.rows() if "error" in row)
    shown = [f"{describe(row)}: {row['error']}" for row in islice(failures, SHOWN_FAILURES)]
    counts = {"points": len(folder.sweep), "done": tally.done, "failed": tally.failed}
    emit({**counts, "missing": tally.missing, "failures": shown}, args.json)
    return 4 if tally.failed else 0
