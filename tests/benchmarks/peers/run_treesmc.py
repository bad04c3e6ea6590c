"""This project's kernels, as one of the peers: through the public functions, laws included."""

from collections.abc import Mapping
from typing import Any

from serve import Run, serve
from task import task as make_tree

from treesmc.sims.sampling.samplers import sample_smc


def prepare(task: Mapping[str, Any], method: str) -> Run:
    """Return a run of all replicates by "multinomial", "systematic" or "counts"."""
    tree, N, replicates = make_tree(int(task["T"])), int(task["N"]), int(task["replicates"])
    how = (
        {"kernel": "counts"}
        if method == "counts"
        else {"kernel": "particles", "resampling": method}
    )
    return lambda seed: sample_smc(tree, N, replicates, seed, **how).log_Z_hat


if __name__ == "__main__":
    serve(prepare)
