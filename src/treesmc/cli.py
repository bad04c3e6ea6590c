"""The command line: parse, call, print. Heavy imports wait until a command runs.

Exit codes: 0 ok, 1 a claim or check failed, 2 bad input or usage, 3 the engine of a sweep failed
with results kept, 4 some points failed, 130 interrupted.
"""

import argparse
import os
import sys
from collections.abc import Sequence
from typing import NoReturn

from treesmc import __version__
from treesmc.commands import (
    audit,
    certify,
    collect,
    compare,
    cost,
    figures,
    growth,
    inspect,
    language,
    law,
    make,
    status,
    sweep,
    verify,
)

COMMANDS = {
    "make": make,
    "language": language,
    "audit": audit,
    "inspect": inspect,
    "law": law,
    "certify": certify,
    "compare": compare,
    "cost": cost,
    "figures": figures,
    "verify": verify,
    "growth": growth,
    "sweep": sweep,
    "status": status,
    "collect": collect,
}

EPILOG = """\
a first session:
  treesmc make needle_in_drift --horizon 16 --epsilon 0.05 -o tree.json
  treesmc inspect tree.json                       Bellman error, L, Z of the tree
  treesmc law tree.json --method smc -n 100       what SMC returns, and how far it is off
  treesmc certify tree.json -n 100 --delta 0.1    bounds that need no sampling
  treesmc cost tree.json --method smc --delta 0.1 the particles it takes

exit codes: 0 ok, 1 a claim or check failed, 2 bad input or usage, 3 the engine of a sweep failed,
4 some points of a sweep failed, 130 interrupted
"""


class OneLineParser(argparse.ArgumentParser):
    """A parser whose errors are one line, as all errors here are."""

    def error(self, message: str) -> NoReturn:
        """Print what is wrong and where to read more; exit with code 2."""
        print(f"{self.prog}: error: {message}; see {self.prog} --help", file=sys.stderr)
        sys.exit(2)


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of all commands."""
    parser = OneLineParser(
        prog="treesmc",
        description="Verify, sharpen and draw the theory of reward-guided inference.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"treesmc {__version__}")
    commands = parser.add_subparsers(dest="command", metavar="COMMAND", required=True)
    for name, module in COMMANDS.items():
        summary, _, details = (module.__doc__ or "").partition("\n")
        command = commands.add_parser(
            name,
            help=summary,
            description=f"{summary}\n{details}",
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        module.add_arguments(command)
        command.set_defaults(run=module.run)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; return its exit code."""
    args = build_parser().parse_args(argv)
    from treesmc.sims.errors import BadInput

    try:
        return args.run(args)
    except BadInput as error:
        print(f"treesmc: error: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("treesmc: interrupted", file=sys.stderr)
        return 130
    except BrokenPipeError:  # the reader of our output left; stop without a traceback
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
