"""The peer in C++ is the same algorithm: equal to the kernels, draw for draw and bit for bit."""

import subprocess
from pathlib import Path
from shutil import which

import numpy as np
import pytest
from cpp import LIBRARY, sample_smc
from task import task

from treesmc.sims.sampling import samplers
from treesmc.sims.trees import families

ROOT = Path(__file__).parents[2]
TREES = {"task": task(8), "drift": families.needle_in_drift(9, 0.1)}
HOW = {
    "multinomial": {"kernel": "particles"},
    "systematic": {"resampling": "systematic"},
    "counts": {"kernel": "counts"},
}


@pytest.fixture(scope="module", autouse=True)
def library():
    if which("make") is None:
        pytest.skip("no make")
    subprocess.run(["make", "--silent", "cpp"], cwd=ROOT, check=True)
    if not LIBRARY.exists():
        pytest.skip("no C++ compiler")


@pytest.mark.parametrize("N", [1, 3, 64, 65, 1000, 20_000])
@pytest.mark.parametrize("method", HOW)
@pytest.mark.parametrize("tree", TREES)
def test_laws_are_equal_to_the_last_bit(tree, method, N):
    """A single draw of another ancestor, symbol or count would change the mean law."""
    ours = samplers.sample_smc(TREES[tree], N, 35, 1, **HOW[method])
    law, stderr, log_Z_hat = sample_smc(TREES[tree], N, 35, 1, method)
    assert (law == ours.law).all()
    assert (stderr == ours.stderr).all()
    # sums of logarithms of order one, a few dozen of them
    np.testing.assert_allclose(log_Z_hat, ours.log_Z_hat, atol=1e-13)


@pytest.mark.parametrize("N", [10**6, 10**12])
def test_rejection_is_the_same(N):
    """Many particles are counted by rejection, by inversion where a class has little mass."""
    for tree in TREES.values():
        ours = samplers.sample_smc(tree, N, 35, 1, kernel="counts")
        law, _, _ = sample_smc(tree, N, 35, 1, "counts")
        assert (law == ours.law).all()


def test_another_seed_is_another_law():
    law, _, _ = sample_smc(TREES["task"], 64, 35, 1, "multinomial")
    other, _, _ = sample_smc(TREES["task"], 64, 35, 2, "multinomial")
    assert (law != other).any()
