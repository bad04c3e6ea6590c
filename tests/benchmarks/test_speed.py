"""Speed of every kernel at every size and of the exact computations, and all that has a limit.

``extra_info`` holds the size and the particle-steps per second (a particle-step extends, weighs and
resamples one particle once), and under "limit" the name of a limit in `goals` and its value.

The clock is the CPU time of this process (the timer that ``make bench`` passes), so other programs'
turns do not count; threads and the start of a process are timed by the clock on the wall.
"""

import os
import subprocess
import sys
import time
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from task import SIZES, task

from treesmc.sims.cost import least_particles
from treesmc.sims.laws import lineage, naive_law
from treesmc.sims.sampling import samplers
from treesmc.sims.sampling.conditional import sample_conditional_smc
from treesmc.sims.trees import families, values
from treesmc.sims.trees.tree import TreeMDP

PARTICLES = {"kernel": "particles"}
KERNELS = {
    "multinomial": lambda *run: samplers.sample_smc(*run, **PARTICLES),
    "systematic": lambda *run: samplers.sample_smc(*run, resampling="systematic"),
    "stratified": lambda *run: samplers.sample_smc(*run, resampling="stratified"),
    "residual": lambda *run: samplers.sample_smc(*run, resampling="residual"),
    "counts": lambda *run: samplers.sample_smc(*run, kernel="counts"),
    "guided": lambda *run: samplers.sample_smc(*run, guided=True, **PARTICLES),
    "conditional": lambda tree, *run: sample_conditional_smc(tree, [0] * tree.horizon, *run),
    "naive": lambda *run: samplers.sample_naive(*run, **PARTICLES),
}
ITERATIONS = 3  # of pool Metropolis-Hastings, after the initial proposal
MEMORY = 8e9  # bytes that the largest dynamic programme needs
FIRST_RESULT = (
    "from treesmc import families, samplers; "
    "estimate = samplers.sample_smc(families.needle(8, 0.1), 100, 32, 0, kernel='particles'); "
    "print(estimate.log_mean_Z_hat, flush=True)"
)


@cache
def tree_of(horizon):
    return task(horizon)


def measure(benchmark, run, rounds=5, **info):
    """Run once to compile, then a few times; return the least seconds."""
    run()
    benchmark.pedantic(run, rounds=rounds)
    benchmark.extra_info.update(info)
    return benchmark.stats.stats.min


def measure_steps(benchmark, run, T, N, replicates):
    seconds = measure(benchmark, run, T=T, N=N, replicates=replicates)
    benchmark.extra_info["particle_steps_per_second"] = N * T * replicates / seconds
    return seconds


def measure_in_turn(benchmark, *runs, clock, rounds=8):
    """Run each in turn; return the least seconds of each, which a slow minute leaves comparable."""
    seconds = np.empty((rounds, len(runs)))

    def turns():
        for i, k in np.ndindex(*seconds.shape):
            start = clock()
            runs[k]()
            seconds[i, k] = clock() - start

    for run in runs:
        run()
    benchmark.pedantic(turns)
    return seconds.min(axis=0)


def limit(benchmark, name, value):
    benchmark.extra_info["limit"] = [name, float(value)]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("kernel", KERNELS)
def test_kernel(benchmark, kernel, size):
    T, N, replicates = SIZES[size]
    tree = tree_of(T)
    measure_steps(benchmark, lambda: KERNELS[kernel](tree, N, replicates, 0), T, N, replicates)


@pytest.mark.parametrize("size", SIZES)
def test_pool(benchmark, size):
    T, M, replicates = SIZES[size]
    tree, chains = tree_of(T), max(2, replicates // (ITERATIONS + 1))
    steps = M * (ITERATIONS + 1)
    run = lambda: samplers.sample_pool_mh(tree, M, ITERATIONS, chains, 0)  # noqa: E731
    measure_steps(benchmark, run, T, steps, chains)


@pytest.mark.parametrize("N", [10**3, 10**4, 10**5, 10**6, 10**9, 10**12])
def test_counts(benchmark, N):
    T, replicates = 64, 64
    tree = tree_of(T)
    run = lambda: samplers.sample_smc(tree, N, replicates, 0, kernel="counts")  # noqa: E731
    seconds = measure_steps(benchmark, run, T, N, replicates)
    if N == 10**6:
        per_cell = seconds / (replicates * len(tree.policy))
        limit(benchmark, "counts, per (class, symbol) cell and step", per_cell * 1e9)


def test_counts_of_a_billion(benchmark):
    tree = tree_of(64)
    runs = [lambda N=N: samplers.sample_smc(tree, N, 64, 0) for N in (10**6, 10**9)]
    million, billion = measure_in_turn(benchmark, *runs, clock=time.process_time)
    limit(benchmark, "counts, time at N = 1e9 over N = 1e6", billion / million)


def test_two_threads(benchmark):
    T, N, replicates = SIZES["B"]
    tree = tree_of(T)

    def run(jobs):
        return samplers.sample_smc(tree, N, replicates, 0, jobs=jobs, **PARTICLES)

    runs = (lambda: run(1)), (lambda: run(2))
    one, two = measure_in_turn(benchmark, *runs, clock=time.perf_counter)
    limit(benchmark, "two threads over one", one / two)
    assert run(1).law.tobytes() == run(2).law.tobytes()


def test_first_result(benchmark):
    """From the start of Python until the result is printed; bytecode and kernels are cached."""
    seconds = []

    def run():
        start = time.perf_counter()
        with start_python(FIRST_RESULT) as process:
            assert float(process.stdout.readline())
            seconds.append(time.perf_counter() - start)

    measure(benchmark, run, rounds=8)
    limit(benchmark, "cached start to first result", min(seconds))


def start_python(code):
    """Start Python, which may keep its bytecode."""
    environment = {k: v for k, v in os.environ.items() if k != "PYTHONDONTWRITEBYTECODE"}
    command = [sys.executable, "-c", code]
    return subprocess.Popen(command, stdout=subprocess.PIPE, env=environment)


def test_dynamic_programme(benchmark):
    if available_memory() < MEMORY:
        pytest.skip("needs 8 GB")
    tree = wide_tree(10**5, 1000)
    benchmark.pedantic(lambda: values.log_normalizer(tree))
    limit(benchmark, "dynamic programming, S = 1e5, T = 1000", benchmark.stats.stats.min)


def test_needle_chain(benchmark):
    tree = families.needle(100, 0.05)
    seconds = measure(benchmark, lambda: lineage.lineage_law(tree, 5000), rounds=3)
    limit(benchmark, "needle chain, N = 5000, T = 100", seconds)


def test_naive_integral(benchmark):
    rng = np.random.default_rng(0)
    p, log_phi = rng.dirichlet(np.ones(1000)), rng.normal(size=1000)
    seconds = measure(benchmark, lambda: naive_law.naive_law(p, log_phi, 1e6))
    limit(benchmark, "naive integral, 1000 classes", seconds)


def test_particles_search(benchmark):
    tree = families.needle_in_drift(64, 1 / 64)
    seconds = measure(benchmark, lambda: least_particles(tree, 0.1, replicates=1024), rounds=3)
    limit(benchmark, "N* search on the headline's family, T = 64", seconds)


def available_memory():
    """Return the bytes of memory available, as Linux tells."""
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
    except OSError:
        return 0
    (kilobytes,) = (line.split()[1] for line in lines if line.startswith("MemAvailable"))
    return 1024 * int(kilobytes)


def wide_tree(classes, horizon):
    """Every class leads to two, in equal shares; one draw of log values serves every depth."""
    first, binary = np.full((1, classes), 1 / classes), np.full((classes, 2), 0.5)
    pairs = np.arange(2 * classes).reshape(classes, 2) % classes
    log_value = np.random.default_rng(0).normal(0, 0.1, classes)
    return TreeMDP.from_layers(
        [first, *[binary] * (horizon - 1)],
        [np.arange(classes)[None], *[pairs] * (horizon - 1)],
        [[0.0], *[log_value] * horizon],
    )
