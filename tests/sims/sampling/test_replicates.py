"""Replicates: blocks merge into the plain moments, whatever the number of jobs."""

import numpy as np
import pytest

from treesmc.sims.base.errors import BadInput
from treesmc.sims.sampling import replicates, samplers
from treesmc.sims.sampling.kernels.sfc64 import uniform
from treesmc.sims.trees.families import product

TREE = product(3)  # four terminal classes
R = 3 * replicates.BLOCK + 5
METHODS = ["NAIVE", "REJECTION", "SMC", "GUIDED", "POOL_MH", "GENEALOGY", "TARGET", "CONDITIONAL"]


def run(seed=1, method=samplers.NAIVE, jobs=1):
    """Return the mean law and its standard error, and the laws themselves, drawn at random."""
    laws = np.zeros((R, 4))

    def block(stream, mean, spread, part):
        part[:] = [[uniform(stream) for _ in range(4)] for _ in part]
        mean[:] = part.mean(axis=0)
        spread[:] = ((part - mean) ** 2).sum(axis=0)

    return *replicates.replicate(block, TREE, laws, seed, method, jobs), laws


def test_blocks_merge_into_the_plain_moments():
    law, stderr, laws = run()
    assert law == pytest.approx(laws.mean(axis=0), rel=1e-13)
    assert stderr == pytest.approx(laws.std(axis=0, ddof=1) / np.sqrt(R), rel=1e-13)
    assert stderr != pytest.approx(laws.std(axis=0, ddof=0) / np.sqrt(R), rel=1e-13)


def test_jobs_do_not_change_a_bit(monkeypatch):
    found = run()
    assert all(a.tobytes() == b.tobytes() for a, b in zip(found, run(jobs=3), strict=True))
    for other in (run(seed=2), run(method=samplers.SMC)):
        assert not np.isin(other[2], found[2]).any()
    monkeypatch.setattr(replicates, "WAVE", 2)
    assert all(a.tobytes() == b.tobytes() for a, b in zip(found, run(), strict=True))


def test_methods_have_streams_of_their_own():
    methods = [value for name, value in vars(samplers).items() if name in METHODS]
    assert sorted(methods) == list(range(8))
    draws = {uniform(replicates.stream(1, method, b)) for method in methods for b in range(4)}
    assert len(draws) == 32


def test_log_mean_beyond_the_range_of_floats():
    log_mean, stderr = replicates.log_mean(np.log([1.0, 2.0, 6.0]) - 2000)
    assert log_mean == pytest.approx(np.log(3) - 2000, rel=1e-15)
    assert stderr == pytest.approx(np.sqrt(7 / 3) / 3)


def test_bad_input_is_named():
    for arguments, words in (({"seed": -1}, "seed: -1"), ({"jobs": 0}, "jobs: 0")):
        with pytest.raises(BadInput, match=words):
            run(**arguments)
    with pytest.raises(BadInput, match="replicates: 1"):
        replicates.per_replicate(1)
