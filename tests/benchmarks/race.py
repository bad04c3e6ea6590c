"""Side by side: this project's kernels and its peers on one task, in turn, on one processor.

Every peer is a process of its own that stays alive and runs only when asked. In a round each runs
once; the speed of a peer is the median over rounds. All run the same law, so their Zhat/Z must have
mean one; with multinomial resampling their variance is known exactly too (S6), and with systematic
resampling at the same N it is smaller.
"""

import json
import os
import statistics
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import chi2
from task import SIZES, task

from treesmc.sims.laws.moments import relative_variance
from treesmc.sims.trees.values import log_normalizer

HERE = Path(__file__).parent
METHODS = {
    "treesmc": ("multinomial", "systematic", "counts"),
    "cpp": ("multinomial", "systematic", "counts"),
    "particles": ("multinomial", "systematic"),
    "jax": ("multinomial", "systematic"),
}
ONE_THREAD = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "XLA_FLAGS": "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1",
}
STDERRS = 4.0  # false alarm 6e-5 per check
TAIL = 1e-5  # of the chi-square law of a variance, whose limits get a factor of two for kurtosis

Row = dict[str, Any]


def race(environments: Path, folder: Path, rounds: int) -> list[Row]:
    """Run all peers that are installed; return one row per size, peer and method.

    Parameters
    ----------
    environments : path
        Holds a folder per peer: a virtual environment, or the compiled C++.
    folder : path
        Where the tasks are written.
    rounds : int
        Runs of each; their median counts.
    """
    with ExitStack() as stack:
        stack.enter_context(_one_processor())
        peers = {
            name: stack.enter_context(_peer(name, python))
            for name, python in _pythons(environments).items()
        }
        return [row for size in SIZES for row in _race_at(size, peers, folder, rounds)]


def missing(environments: Path) -> list[str]:
    """Return the peers that are not installed."""
    return [name for name in METHODS if name not in _pythons(environments)]


def check_law(name: str, ratio: np.ndarray, variance: float, exact: bool) -> None:
    """Raise ValueError unless Zhat/Z of a peer, [replicates], has mean one, and its variance.

    `variance` is the exact one of multinomial resampling; if not `exact`, an upper bound.
    """
    n = len(ratio)
    errors = (ratio.mean() - 1) / np.sqrt(variance / n)
    if not abs(errors) <= STDERRS:
        raise ValueError(f"{name}: the mean of Zhat/Z is {errors:.1f} standard errors from one")
    low, high = chi2.ppf([TAIL, 1 - TAIL], n - 1) / (n - 1) * (0.5, 2.0)
    excess = ratio.var(ddof=1) / variance
    if not (low if exact else 0.0) <= excess <= high:
        raise ValueError(f"{name}: the variance of Zhat/Z is {excess:.3g} times the exact one")


def _pythons(environments: Path) -> dict[str, str]:
    found = {"treesmc": sys.executable}
    if (environments / "cpp" / "samplers.so").exists():
        found["cpp"] = sys.executable
    for name in ("particles", "jax"):
        if (environments / name / "ready").exists():
            found[name] = str(environments / name / "bin" / "python")
    return found


@contextmanager
def _one_processor() -> Iterator[None]:
    """Pin this process, and so its children, to one processor, where the system can."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {max(before)})
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


@contextmanager
def _peer(name: str, python: str) -> Iterator[subprocess.Popen]:
    process = subprocess.Popen(
        [python, str(HERE / "peers" / f"run_{name}.py")],
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
        env={**os.environ, **ONE_THREAD, "PYTHONPATH": str(HERE)},
    )  # fmt: skip
    with process:
        yield process


def _ask(peer: subprocess.Popen, **request: Any) -> Any:
    assert peer.stdin is not None
    assert peer.stdout is not None
    peer.stdin.write(json.dumps(request) + "\n")
    peer.stdin.flush()
    answer = peer.stdout.readline()
    if not answer:
        raise RuntimeError(f"a peer stopped: {' '.join(map(str, peer.args))}")
    return json.loads(answer)


def _race_at(
    size: str, peers: dict[str, subprocess.Popen], folder: Path, rounds: int
) -> Iterator[Row]:
    T, N, _ = SIZES[size]
    tree = task(T)
    path = folder / f"{size}.npz"
    _write(path, size, tree)
    runs = [(peer, method) for peer in peers for method in METHODS[peer]]
    answers: dict[Any, list] = {run: [] for run in runs}
    for i in range(rounds):
        for peer, method in runs:
            request = {"task": str(path), "method": method, "seed": 1000 * i}
            answers[peer, method].append(_ask(peers[peer], **request))
    variance = relative_variance(tree, N)
    for (peer, method), of_run in answers.items():
        ratio = np.concatenate([answer["ratio"] for answer in of_run])
        check_law(f"{peer}, {method}, size {size}", ratio, variance, method != "systematic")
        seconds = statistics.median(answer["seconds"] for answer in of_run)
        yield {"engine": peer, "method": method, "size": size, "value": N * T / seconds / 1e6}


def _write(path: Path, size: str, tree: Any) -> None:
    """Write a task for the peers, who start by drawing a class evenly: so does the root."""
    T, N, replicates = SIZES[size]
    path.parent.mkdir(parents=True, exist_ok=True)
    np.savez(
        path, T=T, N=N, replicates=replicates,
        log_Z=log_normalizer(tree), log_root=tree.log_value[0],
        policy=np.stack([tree.policy_at(t) for t in range(1, T)]),
        child=np.stack([tree.child_at(t) for t in range(1, T)]),
        log_value=np.stack([tree.log_value_at(t) for t in range(1, T + 1)]),
    )  # fmt: skip
