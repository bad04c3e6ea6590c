"""The same kernels in C++: what they could at best be."""

from collections.abc import Mapping
from typing import Any

from cpp import sample_smc
from serve import Run, serve
from task import task as make_tree


def prepare(task: Mapping[str, Any], method: str) -> Run:
    """Return a run of all replicates by "multinomial", "systematic" or "counts"."""
    tree, N, replicates = make_tree(int(task["T"])), int(task["N"]), int(task["replicates"])
    return lambda seed: sample_smc(tree, N, replicates, seed, method)[2]


if __name__ == "__main__":
    serve(prepare)
