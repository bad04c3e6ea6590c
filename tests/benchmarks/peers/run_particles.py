"""The library `particles` (N. Chopin): a Feynman-Kac model with a vectorised NumPy mutation.

Of three ways to write the mutation (comparing with gathered rows of the cdf, searching the
concatenated rows, comparing column by column) the one below was the fastest at sizes B and C.
Replicates run one by one, as the library runs them in one process, so a few of them give the same
speed as all.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import particles
from serve import Run, serve

MOST = 64  # replicates in one run


class Tree(particles.FeynmanKac):
    """The task with the naive proposal: the state is the class, the potential V'/V."""

    def __init__(self, task: Mapping[str, Any]) -> None:
        super().__init__(T=int(task["T"]))
        cdf = np.cumsum(task["policy"], axis=-1)[..., :-1]
        self.columns = np.ascontiguousarray(np.moveaxis(cdf, -1, 1))
        self.child, self.log_value = task["child"], task["log_value"]
        self.log_root = float(task["log_root"])

    def M0(self, N):
        return np.random.randint(self.log_value.shape[1], size=N)  # noqa: NPY002

    def M(self, t, xp):
        u = np.random.rand(len(xp))  # noqa: NPY002
        b = np.zeros(len(xp), np.int64)
        for column in self.columns[t - 1]:
            b += u > column[xp]
        return self.child[t - 1][xp, b]

    def logG(self, t, xp, x):
        before = self.log_root if t == 0 else self.log_value[t - 1][xp]
        return self.log_value[t][x] - before


def prepare(task: Mapping[str, Any], method: str) -> Run:
    """Return a run of some of the replicates with a resampling scheme of the library's."""
    model, N = Tree(task), int(task["N"])
    replicates = min(MOST, int(task["replicates"]) // 4)

    def log_Z_hat() -> float:
        smc = particles.SMC(fk=model, N=N, resampling=method, ESSrmin=2.0, collect="off")
        smc.run()
        return smc.logLt + model.log_root

    def run(seed: int) -> list[float]:
        np.random.seed(seed)  # noqa: NPY002
        return [log_Z_hat() for _ in range(replicates)]

    return run


if __name__ == "__main__":
    serve(prepare)
