"""How every kernel is compiled: serial, without the GIL, cached on disk.

Numba's disk cache looks at the file of the compiled function only: edit a helper in another file
and a cached caller goes on returning the old numbers. The cache folder of a kernel is therefore
keyed by a hash of its file and of all it imports.
"""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba
from numba.core import config

from treesmc.sims.sources import source_hash


def kernel(function: Callable) -> Any:
    """Compile a kernel with Numba: no parallel loops, no fastmath, as both change last bits.

    Parameters
    ----------
    function : callable
        Takes plain arrays, named tuples of them, scalars and ``numpy.random.Generator`` objects
        only.

    Returns
    -------
    numba dispatcher
        ``.py_func`` is the function as written.
    """
    return _compiled(function)


def inner_kernel(function: Callable) -> Any:
    """Compile a kernel that neither makes nor returns arrays, to be called from other kernels.

    Numba counts references to arrays at every call, by atomic updates that cost as much as the
    work of a short function. A function that only borrows arrays can do without.
    """
    return _compiled(function, _nrt=False)


def _compiled(function: Callable, **options: Any) -> Any:
    previous = config.CACHE_DIR  # type: ignore[attr-defined]  # set by numba when it starts
    config.CACHE_DIR = _cache_folder(function)  # type: ignore[attr-defined]
    try:
        return numba.njit(cache=True, nogil=True, error_model="numpy", **options)(function)
    finally:
        config.CACHE_DIR = previous  # type: ignore[attr-defined]


def _cache_folder(function: Callable) -> str:
    root = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    source = Path(function.__code__.co_filename)
    return str(Path(root) / "treesmc" / f"numba-{source_hash(source)}")
