"""The command line: parse, call, print. Heavy imports wait until a command runs.

Exit codes: 0 ok, 1 a claim or check failed, 2 bad input or usage, 3 the engine of a sweep failed
with results kept, 4 some points failed, 130 interrupted.
"""

import argparse
import os
import signal
import sys
import threading
import time
from collections.abc import Callable, Sequence
from types import ModuleType
from typing import Any, NoReturn

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
from treesmc.commands.listings import filled

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

INTERRUPTED = 130  # exit code, as of what SIGINT kills
WAY_OUT = 1.0  # seconds that it is given

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


class CommandParser(OneLineParser):
    """The parser of a command. What it knows is declared when the command is the one asked for."""

    def __init__(self, *args: Any, module: ModuleType, **options: Any) -> None:
        super().__init__(*args, **options)
        self.undeclared: ModuleType | None = module

    def parse_known_args(self, *args: Any) -> Any:  # type: ignore[override]
        """Parse, as argparse does."""
        self._declare()
        return super().parse_known_args(*args)

    def format_help(self) -> str:
        """Return the help text, with what there is to choose from."""
        self._declare()
        self.description = filled(self.description or "")
        return super().format_help()

    def _declare(self) -> None:
        if self.undeclared is not None:
            self.undeclared.add_arguments(self)
            self.undeclared = None


def build_parser() -> argparse.ArgumentParser:
    """Return the parser of all commands."""
    parser = OneLineParser(
        prog="treesmc",
        description="Verify, sharpen and draw the theory of reward-guided inference.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"treesmc {__version__}")
    commands = parser.add_subparsers(
        dest="command", metavar="COMMAND", required=True, parser_class=CommandParser
    )
    for name, module in COMMANDS.items():
        summary, _, details = (module.__doc__ or "").partition("\n")
        command = commands.add_parser(
            name,
            help=summary,
            description=f"{summary}\n{details}",
            formatter_class=argparse.RawDescriptionHelpFormatter,
            module=module,
        )
        command.set_defaults(run=module.run)
    return parser


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command; return its exit code."""
    args = build_parser().parse_args(argv)
    from treesmc.sims.base.errors import BadInput

    try:
        return args.run(args)
    except BadInput as error:
        print(f"treesmc: error: {error}", file=sys.stderr)
        return 2
    except MemoryError:
        print("treesmc: error: out of memory; this machine cannot hold the input", file=sys.stderr)
        return 2
    except KeyboardInterrupt as interrupt:  # whoever kept results says so in its argument
        print("; ".join(["treesmc: interrupted", *interrupt.args]), file=sys.stderr)
        return INTERRUPTED
    except BrokenPipeError:  # the reader of our output left; stop without a traceback
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def run_process() -> NoReturn:
    """Run the command of this process, and end it whatever its threads are at.

    The threads of an interrupted or failed sweep compute on, for minutes perhaps, and Python would
    wait for them. It would not wait for daemon threads, but these can crash, since compiled code is
    unmapped under them. What they compute reaches nobody: only the driver writes, and it has ended.
    """
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _interrupt_once())
    code = main()
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # all is said and done
    sys.stdout.flush()
    sys.stderr.flush()
    if any(not thread.daemon for thread in _other_threads()):
        os._exit(code)
    sys.exit(code)


def _other_threads() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread is not threading.main_thread()]


def _interrupt_once() -> Callable[[int, object], None]:
    """Return a handler of Ctrl-C: one raises KeyboardInterrupt, more do not disturb the way out.

    The way out is short. Should it not be, another Ctrl-C ends the process.
    """
    pressed: list[float] = []

    def handle(signum: int, frame: object) -> None:
        pressed.append(time.monotonic())
        if len(pressed) == 1:
            raise KeyboardInterrupt
        if pressed[-1] - pressed[0] > WAY_OUT:
            os._exit(INTERRUPTED)

    return handle
