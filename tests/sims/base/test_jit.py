"""The compile cache notices an edit anywhere in the package."""

import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

from treesmc.sims.base import jit, sources

CALLER = """
from package.sims.base.helper import helper
from package.sims.base.jit import kernel

@kernel
def caller():
    return helper()
"""
HELPER = """
from package.sims.base.jit import kernel

@kernel
def helper():
    return {number}
"""


def run_caller(folder, **variables):
    hits = "sum(caller.stats.cache_hits.values())"
    code = f"from package.sims.base.caller import caller; print(caller(), {hits})"
    environment = {**os.environ, "XDG_CACHE_HOME": str(folder / "cache"), "PYTHONPATH": str(folder)}
    answer = subprocess.run(
        [sys.executable, "-c", code],
        env=environment | variables,
        capture_output=True,
        text=True,
        check=True,
    )
    return answer.stdout.split()


@pytest.fixture
def package(tmp_path):
    """A package of two kernels, compiled as this one is."""
    package = tmp_path / "package" / "sims" / "base"
    package.mkdir(parents=True)
    for module in (jit, sources):
        text = Path(module.__file__).read_text().replace("treesmc", "package")
        (package / Path(module.__file__).name).write_text(text)
    (package / "caller.py").write_text(CALLER)
    (package / "helper.py").write_text(HELPER.format(number=1))
    return package


def test_cached_caller_follows_an_edited_helper(tmp_path, package):
    assert run_caller(tmp_path) == ["1", "0"]
    assert run_caller(tmp_path) == ["1", "1"], "unchanged sources must hit the cache"
    (package / "helper.py").write_text(HELPER.format(number=2))
    assert run_caller(tmp_path) == ["2", "0"]


@pytest.mark.skipif(platform.machine() != "x86_64", reason="the other processor is an x86")
def test_processors_share_a_cache_and_never_a_kernel(tmp_path, package):
    """As on a cluster: one home, nodes of several kinds."""
    older = {"NUMBA_CPU_NAME": "nehalem", "NUMBA_CPU_FEATURES": ""}
    assert run_caller(tmp_path) == ["1", "0"]
    assert run_caller(tmp_path, **older) == ["1", "0"], "compiled for another processor"
    assert run_caller(tmp_path, **older) == ["1", "1"]
    assert run_caller(tmp_path) == ["1", "1"], "still there"


def test_kernel_leaves_numba_settings_alone():
    before = jit.config.CACHE_DIR

    @jit.kernel
    def identity(x):
        return x

    assert jit.config.CACHE_DIR == before
    assert identity(3) == 3


FIRST_CALL = """
import sys
from treesmc import families, samplers
samplers.sample_smc(families.needle(2, 0.1), 2, 2, 0)
print("scipy.linalg" in sys.modules)

import numba, numpy as np
multiply = numba.njit(lambda a, b: a @ b)
print(multiply(np.full((2, 2), 2.0), np.eye(2)).sum(), "scipy.linalg" in sys.modules)
"""


def test_scipy_is_imported_for_linear_algebra_only():
    answer = subprocess.run(
        [sys.executable, "-c", FIRST_CALL], capture_output=True, text=True, check=True
    )
    assert answer.stdout.split() == ["False", "8.0", "True"]
