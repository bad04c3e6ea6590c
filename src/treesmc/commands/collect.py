"""collect the results of a sweep into one table, CSV or Parquet by the name of FILE

One row per point, in the order of the sweep file: its parameters, its results, and its error if it
failed; or the columns that the file chooses, without failed points unless "error" is one of these.
Points without result are left out and counted on standard error. The same results give the same
bytes. Parquet needs pyarrow: pip install 'treesmc[parquet]'.

Exit codes: 0 the table is complete, 2 bad input, 4 some points failed or are missing.
"""

import argparse
import sys
from pathlib import Path


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("folder", type=Path, metavar="DIR", help="what --out was")
    parser.add_argument(
        "-o", "--output", type=Path, required=True, metavar="FILE", help=".csv or .parquet"
    )


def run(args: argparse.Namespace) -> int:
    """Write the table."""
    from treesmc.figures.rooms import vocabulary
    from treesmc.sims.base.errors import BadInput
    from treesmc.sims.sweeps.folder import Folder
    from treesmc.sims.sweeps.table import write_csv, write_parquet

    folder = Folder.open(args.folder, vocabulary)
    columns = folder.sweep.columns()
    rows = (row for row in folder.rows() if "error" in columns or "error" not in row)
    try:
        if args.output.suffix == ".csv":
            write_csv(rows, list(columns), args.output)
        elif args.output.suffix == ".parquet":
            write_parquet(rows, columns, args.output)
        else:
            raise BadInput(f"{args.output}: the name of a table ends in .csv or .parquet")
    except OSError as error:
        raise BadInput(f"{args.output}: {error.strerror}") from None
    tally = folder.tally()
    if tally.failed or tally.missing:
        print(f"treesmc: {tally.failed} points failed, {tally.missing} missing", file=sys.stderr)
        return 4
    return 0
