"""Results on disk: one immutable file (a shard) per point.

A shard is named by a hash of the point's parameters, seed included, and of the sources that
computed it, so a name never means two results. It is written to a temporary file and renamed, hence
whole or absent; one that cannot be read, or holds other parameters, is computed again. Resuming
an interrupted run is therefore nothing but running it.

A point that could not be computed leaves a shard too, with its error in place of a result. It says
why, and is computed again by the next run.
"""

import hashlib
import json
import platform
import subprocess
import time
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import numba
import numpy as np

from treesmc.sims.base.files import write_bytes
from treesmc.sims.base.jsontext import parse

Parameters = dict[str, Any]
Row = dict[str, Any]

ABANDONED = 60.0  # seconds after which a temporary file has no writer any more


@dataclass(frozen=True)
class Shards:
    """The shards of one sweep or experiment.

    Attributes
    ----------
    folder : path
        Holds the files; created when needed.
    source : str
        Hash of the sources that compute a point.
    """

    folder: Path
    source: str

    def path(self, parameters: Parameters) -> Path:
        """Return the file of a point."""
        key = json.dumps({"parameters": parameters, "source": self.source}, sort_keys=True)
        return self.folder / f"{hashlib.sha256(key.encode()).hexdigest()[:24]}.json"

    def load(self, parameters: Parameters) -> Row | None:
        """Return the stored result of a point, or None if there is none that can be trusted."""
        result = self._read(parameters).get("result")
        return result if isinstance(result, dict) else None

    def error(self, parameters: Parameters) -> str | None:
        """Return why a point could not be computed, or None if no failure is on record."""
        error = self._read(parameters).get("error")
        return error if isinstance(error, str) else None

    def store(self, parameters: Parameters, outcome: Row) -> None:
        """Write what became of a point, with provenance.

        Parameters
        ----------
        parameters : dict
        outcome : dict
            Holds ``result``, a dict of JSON values, or ``error``, one line.
        """
        provenance = {"source": self.source, **versions()}
        shard = {"parameters": parameters, **outcome, "provenance": provenance}
        data = (json.dumps(shard, indent=1, sort_keys=True) + "\n").encode()
        self.folder.mkdir(parents=True, exist_ok=True)
        write_bytes(self.path(parameters), data)

    def tidy(self) -> None:
        """Remove the temporary files that a killed run left behind."""
        for temporary in self.folder.glob(".*.json.*"):
            with suppress(FileNotFoundError):  # a writer at work renames it meanwhile
                if time.time() - temporary.stat().st_mtime > ABANDONED:
                    temporary.unlink()

    def _read(self, parameters: Parameters) -> Row:
        try:
            shard = parse(self.path(parameters).read_bytes())
        except (OSError, ValueError):
            return {}
        trusted = isinstance(shard, dict) and shard.get("parameters") == parameters
        return shard if trusted else {}


@cache
def versions() -> dict[str, str]:
    """Return the git revision and the versions that produce results here."""
    return {
        "revision": _git_revision(),
        "python": platform.python_version(),
        "numpy": np.__version__,
        "numba": numba.__version__,
    }


def _git_revision() -> str:
    command = ["git", "describe", "--always", "--dirty", "--abbrev=12"]
    try:
        done = subprocess.run(
            command, cwd=Path(__file__).parent, capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return done.stdout.strip()
