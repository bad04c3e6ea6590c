"""draw figures from results, computing what is missing

Results are kept as shards under the results folder, so an interrupted run resumes where it
stopped. Without NAME, every figure is drawn, and the scaling exponents are fitted anew.
"""

import argparse
import sys
from pathlib import Path

from treesmc.commands.arguments import check_at_least, check_name


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("names", nargs="*", metavar="NAME", help="figures to draw (default: all)")
    parser.add_argument(
        "--results", type=Path, default=Path("results"), metavar="DIR", help="default: results"
    )
    parser.add_argument(
        "--out", type=Path, default=Path("figures/output"), metavar="DIR", help="where to draw"
    )
    parser.add_argument("--jobs", type=int, default=1, help="threads (default 1)")
    parser.add_argument("--quick", action="store_true", help="a coarse version, in under a minute")


def run(args: argparse.Namespace) -> int:
    """Compute what is missing, then draw."""
    check_at_least("--jobs", args.jobs, 1)
    try:
        _draw(args)
    except KeyboardInterrupt:
        raise KeyboardInterrupt(f"results are kept in {args.results}") from None
    return 0


def _draw(args: argparse.Namespace) -> None:
    from treesmc.figures import rates
    from treesmc.figures.rooms import NAMES, compute, draw

    for name in args.names:
        check_name("figure", name, NAMES)
    for name in args.names or NAMES:
        table = compute(name, args.results, args.jobs, args.quick)
        for path in draw(name, table, args.out):
            print(f"treesmc: drew {path}", file=sys.stderr)
    if not (args.names or args.quick):
        print(f"treesmc: fitted {rates.compute(args.results)}", file=sys.stderr)
