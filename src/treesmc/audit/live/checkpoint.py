"""Finished units of work on disk, so that an interrupted audit goes on where it stopped.

The first line of the file holds the parameters that decide what a unit is; each further line one
unit, written and flushed when it is finished. A kill in the middle of a line costs that unit only:
on opening, the whole lines are put back atomically and the torn one is dropped. Results pass
through JSON whether or not they were on disk, and Python writes floats so that they read back
exactly; so a resumed audit equals an uninterrupted one.
"""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

from treesmc.audit.log.files import write_lines
from treesmc.sims.base.errors import BadInput
from treesmc.sims.base.jsontext import parse

CHECKPOINT_KIND = "treesmc audit checkpoint"


class Checkpoint:
    """Results by unit name, in a file or, without a path, in memory only.

    Parameters
    ----------
    path : Path or None
    parameters : dict of str to Any
        JSON values.

    Raises
    ------
    BadInput
        If the file is something else, belongs to other parameters, or cannot be written.
    """

    def __init__(self, path: Path | None, parameters: dict[str, Any]) -> None:
        self.path = path
        self.results: dict[str, Any] = {}
        if path is None:
            return
        header = {"kind": CHECKPOINT_KIND, **parameters}
        if path.exists():
            self.results = _read(path, header)
        units = [{"unit": name, "result": result} for name, result in self.results.items()]
        write_lines(path, [header, *units])

    def result(self, name: str, compute: Callable[[], Any]) -> Any:
        """Return the result of a unit, computing and keeping it if it is not there."""
        if name not in self.results:
            text = json.dumps(compute())
            self.results[name] = json.loads(text)
            self._append(f'{{"unit": {json.dumps(name)}, "result": {text}}}\n')
        return self.results[name]

    def _append(self, line: str) -> None:
        if self.path is not None:
            with self.path.open("ab") as handle:
                handle.write(line.encode())
                handle.flush()
                os.fsync(handle.fileno())


def _read(path: Path, header: dict[str, Any]) -> dict[str, Any]:
    """Return the units of a checkpoint of the same parameters."""
    try:
        first, *lines = path.read_bytes().splitlines(keepends=True)
        found = parse(first)
        if found.get("kind") != CHECKPOINT_KIND:
            raise ValueError
        units = [parse(line) for line in lines if line.endswith(b"\n")]
        results = {unit["unit"]: unit["result"] for unit in units}
    except OSError as error:
        raise BadInput(f"checkpoint {path}: {error.strerror or error}") from None
    except (ValueError, AttributeError, LookupError, TypeError):
        raise BadInput(f"checkpoint {path}: is not a checkpoint; it is left alone") from None
    for key in header:
        if found.get(key) != header[key]:
            raise BadInput(
                f"checkpoint {path}: was made with {key} = {str(found.get(key))[:60]}, "
                f"not {str(header[key])[:60]}; name another file"
            )
    return results
