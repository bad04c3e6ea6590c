"""The kernels in C++, peers/samplers.cpp, run like ours: on the same tables and streams."""

import ctypes
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np

from treesmc.sims.sampling.kernels.tables import Moves, moves
from treesmc.sims.sampling.replicates import per_replicate, replicate
from treesmc.sims.sampling.samplers import SMC
from treesmc.sims.trees.tree import FloatArray, TreeMDP

LIBRARY = Path(__file__).parents[2] / "build/peers/cpp/samplers.so"


class _Moves(ctypes.Structure):
    _fields_ = (
        *((name, ctypes.c_void_p) for name in Moves._fields),
        *((name, ctypes.c_int64) for name in ("horizon", "cells")),
    )


@cache
def _library() -> ctypes.CDLL:
    return ctypes.CDLL(str(LIBRARY))


def sample_smc(
    tree: TreeMDP, N: int, replicates: int, seed: int, method: str
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return law, stderr and log Zhat, as `samplers.sample_smc` does.

    `method` is "multinomial", "systematic" or "counts".
    """
    table = moves(tree)
    arrays = _Moves(*map(_address, table), tree.horizon, len(table.ratio))
    log_Z_hat = per_replicate(replicates)
    run, how = _library().smc_block, [ctypes.c_bool(method == "systematic")]
    if method == "counts":
        run, how = _library().smc_counts_block, []

    def block(*out: np.ndarray) -> None:
        addresses = [ctypes.c_void_p(_address(x)) for x in out]
        number = ctypes.c_int64(len(out[-1]))
        run(ctypes.byref(arrays), ctypes.c_int64(N), *how, *addresses, number)

    law, stderr = replicate(block, tree, log_Z_hat, seed, SMC, jobs=1)
    return law, stderr, log_Z_hat + tree.log_value[0]


def _address(x: Any) -> int:
    return x.ctypes.data
