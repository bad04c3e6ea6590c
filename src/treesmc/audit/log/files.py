"""Files of logs: JSON Lines, plain or compressed, and Parquet."""

from __future__ import annotations

import gzip
import json
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from treesmc.audit.log.fields import BadField, probe_fields, score_fields
from treesmc.audit.log.probes import AT_A_TIME, Probes, Scores, gathered
from treesmc.sims.base.errors import BadInput
from treesmc.sims.base.files import write_atomically
from treesmc.sims.base.jsontext import parse


def read_probes(path: str | Path, skip_bad: bool = False) -> Probes:
    """Read a log of probed prefixes (`probes`).

    Parameters
    ----------
    path : str or Path
        JSON Lines, plain or ``.gz``, or ``.parquet`` (needs pyarrow).
    skip_bad : bool
        Leave bad lines out, and count them, instead of raising.

    Raises
    ------
    BadInput
        Naming file, line and field of the first bad line, or if no line is left.
    """
    lines = _Checked(Path(path), probe_fields, skip_bad)
    probes = gathered(lines, str(path))
    return replace(probes, skipped=lines.skipped, first_skipped=lines.first_skipped)


def read_scores(path: str | Path, skip_bad: bool = False) -> Scores:
    """Read a log of step scores: ``{"prompt", "scores", "log_reward", "log_weights"?}`` a line.

    Parameters and errors are those of `read_probes`.
    """
    lines = _Checked(Path(path), score_fields, skip_bad)
    names: dict[str | int, int] = {}
    rows = [(names.setdefault(name, len(names)), *rest) for name, *rest in lines]
    if not rows:
        raise BadInput(f"{path}: no scored sequence in it")
    prompt, scores, log_reward, log_weights = zip(*rows, strict=True)
    return Scores(
        [str(name) for name in names],
        np.array(prompt, dtype=np.int32),
        list(scores),
        np.array(log_reward, dtype=np.float64),
        list(log_weights),
        lines.skipped,
        lines.first_skipped,
    )


def write_lines(path: Path, entries: Iterable[dict[str, Any]]) -> None:
    """Write objects as JSON Lines, atomically."""
    lines = ((json.dumps(entry) + "\n").encode() for entry in entries)
    try:
        write_atomically(path, lambda handle: handle.writelines(lines))
    except OSError as error:
        raise BadInput(f"{path}: {error.strerror or error}") from None


class _Checked:
    """The checked records of a file; counts what it leaves out."""

    def __init__(self, path: Path, check: Callable[[Any], tuple], skip_bad: bool) -> None:
        if not path.is_file():
            raise BadInput(f"{path}: no such file")
        self.path, self.check, self.skip_bad = path, check, skip_bad
        self.skipped, self.first_skipped = 0, ""

    def __iter__(self) -> Iterator[tuple]:
        for number, record, parsed in _raw(self.path):
            try:
                yield self.check(parsed(record))
            except (BadField, ValueError) as error:
                self._refuse(f"{self.path}: line {number}: {error}")

    def _refuse(self, message: str) -> None:
        if not self.skip_bad:
            raise BadInput(message)
        self.skipped += 1
        self.first_skipped = self.first_skipped or message


def _raw(path: Path) -> Iterator[tuple[int, Any, Callable[[Any], Any]]]:
    """Yield line number, line and how to parse it; blank lines do not count as records."""
    if path.suffix == ".parquet":
        yield from ((i, row, _without_nulls) for i, row in enumerate(_parquet_rows(path), 1))
        return
    opener = gzip.open if path.suffix == ".gz" else open
    try:
        with opener(path, "rb") as handle:
            for number, line in enumerate(handle, 1):
                if not line.isspace():
                    yield number, line, parse
    except (OSError, EOFError, zlib.error) as error:
        raise BadInput(f"{path}: cannot be read: {error}") from None


def _parquet_rows(path: Path) -> Iterator[dict[str, Any]]:
    try:
        from pyarrow import ArrowException, parquet  # type: ignore[import-untyped,unused-ignore]
    except ImportError:
        raise BadInput(f"{path}: reading Parquet needs pyarrow: pip install pyarrow") from None
    try:
        for batch in parquet.ParquetFile(path).iter_batches(AT_A_TIME):
            yield from batch.to_pylist()
    except (ArrowException, OSError, ValueError) as error:
        raise BadInput(f"{path}: not Parquet: {' '.join(str(error).split())}") from None


def _without_nulls(row: dict[str, Any]) -> dict[str, Any]:
    """In a table a missing optional field is a null."""
    return {key: value for key, value in row.items() if value is not None}
