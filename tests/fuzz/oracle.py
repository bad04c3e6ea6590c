"""Run a case in this process and say what is wrong with how it ended, if anything is.

A command may answer or refuse; whichever it does, it does it as documented:

* no exception escapes, no warning is raised, and it ends in time;
* it answers with an exit code that its help lists; refusing is code 2, one line on standard error
  that begins as all errors do, and nothing on standard output;
* what it prints is UTF-8; with ``--json`` it is strict JSON; and it never says nan.
"""

import contextlib
import io
import json
import os
import re
import resource
import signal
import sys
import tempfile
import traceback
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NoReturn

from cases import Case

from treesmc import cli

SECONDS = 20
MEMORY = 12 * 2**30  # bytes of address space, of which the compiler takes one or two
REFUSED = re.compile(r"treesmc( \w+)?: error: [^\n]+\n")
SPEAKS = {"sweep", "collect"}  # say on standard error how far they are
FAILING = {"sweep": {4}, "collect": {4}, "status": {4}}  # exit codes beside 0 and 2
NAN = re.compile(r"\bnan\b", re.IGNORECASE)


class TooSlow(BaseException):
    """A case took too long; no command catches it."""


@dataclass(frozen=True)
class Outcome:
    """How a command ended: exit code, what it printed, what it warned of, what escaped."""

    code: object
    out: bytes
    err: bytes
    warned: list[str]
    escaped: str


def judge(case: Case, seconds: float = SECONDS) -> str | None:
    """Run a case in a folder of its own; return what is wrong, None if nothing is."""
    with tempfile.TemporaryDirectory(prefix="treesmc-fuzz-") as folder, _inside(folder):
        for name, data in case.files.items():
            Path(name).parent.mkdir(exist_ok=True)
            Path(name).write_bytes(data)
        return complaint(case, run(case.argv, seconds))


def run(argv: list[str], seconds: float = SECONDS) -> Outcome:
    """Run a command line in this process."""
    out, err = _Stream("strict"), _Stream("backslashreplace")  # as Python opens the real ones
    code, escaped = None, ""
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err), _watched() as caught:
        try:
            with _alarm(seconds):
                code = cli.main(argv)
        except SystemExit as exit_:
            code = exit_.code
        except TooSlow:
            escaped = f"not done after {seconds} s\n{traceback.format_exc()}"
        except BaseException:
            escaped = traceback.format_exc()
    warned = [f"{w.filename}:{w.lineno}: {w.category.__name__}: {w.message}" for w in caught]
    return Outcome(code, out.taken(), err.taken(), warned, escaped)


def complaint(case: Case, outcome: Outcome) -> str | None:
    """Return what is wrong with an outcome, None if nothing is."""
    if outcome.escaped:
        return outcome.escaped
    if outcome.warned:
        return "\n".join(outcome.warned)
    out, err = outcome.out.decode(), outcome.err.decode()
    if outcome.code == 2:
        return _wrong_refusal(out, err)
    if outcome.code not in {0, *FAILING.get(case.argv[0], ())}:
        return f"exit code {outcome.code!r}"
    if err and case.argv[0] not in SPEAKS:
        return f"an answer, and on standard error: {err[:200]!r}"
    wrong = _wrong_json(out) if "--json" in case.argv else None
    return wrong or (None if "--skip-bad" in case.argv else _wrong_text(out))  # it quotes a line


def _wrong_refusal(out: str, err: str) -> str | None:
    if not REFUSED.fullmatch(err):
        return f"refused in other words than one line: {err[:400]!r}"
    return f"refused, and printed: {out[:200]!r}" if out else None


def _wrong_json(out: str) -> str | None:
    try:
        json.loads(out, parse_constant=_no_constant)
    except ValueError as error:
        return f"not strict JSON ({error}): {out[:200]!r}"
    return None


def _wrong_text(out: str) -> str | None:
    found = NAN.search(out)
    if found is None:
        return None
    return f"nan in the answer: {out[max(0, found.start() - 80) : found.end()]!r}"


def _no_constant(name: str) -> NoReturn:
    raise ValueError(f"holds {name}")


class _Stream(io.TextIOWrapper):
    """A stream like standard output, whose bytes are kept."""

    def __init__(self, errors: str) -> None:
        super().__init__(io.BytesIO(), encoding="utf-8", errors=errors, newline="\n")

    def taken(self) -> bytes:
        self.flush()
        kept: Any = self.buffer
        return bytes(kept.getvalue())


@contextlib.contextmanager
def _inside(folder: str) -> Iterator[None]:
    before = os.getcwd()
    os.chdir(folder)
    try:
        yield
    finally:
        os.chdir(before)


@contextlib.contextmanager
def _watched() -> Iterator[list[warnings.WarningMessage]]:
    """Record every warning, however often it was seen before."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield caught


@contextlib.contextmanager
def _alarm(seconds: float) -> Iterator[None]:
    """Raise `TooSlow` in what takes too long."""

    def ring(signum: int, frame: object) -> NoReturn:
        raise TooSlow

    before = signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, before)


@contextlib.contextmanager
def limited_memory(size: int = MEMORY) -> Iterator[None]:
    """Make what asks for more memory than a case needs fail, before the machine does."""
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


def replayed(case: Case) -> str:
    """Return the command that replays a case."""
    seed, index = case.name.split("/")
    return f"{os.path.relpath(sys.executable)} tests/fuzz/campaign.py --seed {seed} --case {index}"
