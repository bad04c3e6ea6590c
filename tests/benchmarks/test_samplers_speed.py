"""Speed of the samplers' kernels: particle-steps per second, and time per cell of the counts.

A particle-step extends, weighs and resamples one particle once; a cell is one (class, symbol).
"""

import pytest
from task import task

from treesmc.sims.samplers import sample_naive, sample_smc

T = 64


@pytest.fixture(scope="module")
def tree():
    return task(T)


def measure(benchmark, run, **size):
    """Run once to compile, then a few times; record the size."""
    run()
    benchmark.pedantic(run, rounds=5)
    benchmark.extra_info.update(size)
    return benchmark.stats.stats.min


@pytest.mark.parametrize("resampling", ["multinomial", "systematic", "residual"])
@pytest.mark.parametrize(("N", "replicates"), [(64, 512), (1024, 64)])
def test_particles(benchmark, tree, resampling, N, replicates):
    seconds = measure(
        benchmark,
        lambda: sample_smc(tree, N, replicates, 0, resampling=resampling, kernel="particles"),
        N=N, T=T, replicates=replicates,
    )  # fmt: skip
    benchmark.extra_info["particle_steps_per_second"] = N * T * replicates / seconds


@pytest.mark.parametrize("N", [10**3, 10**6, 10**12])
def test_counts(benchmark, tree, N):
    seconds = measure(
        benchmark, lambda: sample_smc(tree, N, 32, 0, kernel="counts"), N=N, T=T, replicates=32
    )
    benchmark.extra_info["particle_steps_per_second"] = N * T * 32 / seconds
    benchmark.extra_info["seconds_per_cell"] = seconds / (32 * len(tree.policy))


def test_naive(benchmark, tree):
    seconds = measure(
        benchmark,
        lambda: sample_naive(tree, 1024, 64, 0, kernel="particles"),
        n=1024, T=T, replicates=64,
    )  # fmt: skip
    benchmark.extra_info["particle_steps_per_second"] = 1024 * T * 64 / seconds
