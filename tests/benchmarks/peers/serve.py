"""What every peer process does: read a request a line, run, answer a line. JSON both ways.

A request names the file of the task, the method and a seed. The answer gives the seconds of one
replicate's worth of work and Zhat/Z of all replicates run. The clock is the CPU time of this
process, so other programs' turns do not count; compiling and laying out tables do not count either.

Runs in every peer's own environment: nothing is imported here but NumPy.
"""

import json
import sys
import time
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

import numpy as np

Run = Callable[[int], Any]  # seed -> log Zhat of each replicate
Prepare = Callable[[Mapping[str, Any], str], Run]

LEAST_SECONDS = 0.5  # a shorter run is repeated


def serve(prepare: Prepare) -> None:
    """Answer requests on stdin until it closes; ``prepare(task, method)`` makes a run."""

    @lru_cache
    def prepared(path: str, method: str) -> tuple[Run, float]:
        with np.load(path) as file:
            task = dict(file)
        run = prepare(task, method)
        run(0)
        return run, float(task["log_Z"])

    for line in sys.stdin:
        request = json.loads(line)
        run, log_Z = prepared(request["task"], request["method"])
        seconds, log_Z_hat = clock(run, request["seed"])
        answer = {"seconds": seconds, "ratio": np.exp(log_Z_hat - log_Z).tolist()}
        print(json.dumps(answer), flush=True)


def clock(run: Run, seed: int) -> tuple[float, Any]:
    """Run with seeds `seed`, `seed` + 1 ...; return seconds per replicate, and all log Zhat."""
    results = []
    start = time.process_time()
    while not results or time.process_time() - start < LEAST_SECONDS:
        results.append(np.asarray(run(seed + len(results)), np.float64))
    seconds = time.process_time() - start
    log_Z_hat = np.concatenate(results)
    return seconds / len(log_Z_hat), log_Z_hat
