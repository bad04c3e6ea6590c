"""How every kernel is compiled: serial, without the GIL, cached on disk.

Numba's disk cache looks at the file of the compiled function only: edit a helper in another file
and a cached caller goes on returning the old numbers. The cache folder of a kernel is therefore
keyed by a hash of its file and of all it imports.

Numba is most of the time from the start to the first result, and a third of that can be spared.
"""

import gc
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from treesmc.sims.base.sources import source_hash


@contextmanager
def _quiet_collector() -> Iterator[None]:
    """Keep the garbage collector from going through what imports make, none of it garbage.

    Freezing and unfreezing declares it old without looking at it.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.unfreeze()
        if was_enabled:
            gc.enable()


def _trust_blas() -> None:
    """Spare Numba's first call the 0.15 s of importing scipy.linalg.

    It only asks whether there is a BLAS. There is: this package requires SciPy. Kernels that use
    BLAS still import it when they are compiled. Another version of Numba may ask otherwise.
    """
    from numba.np import linalg

    ask: Any = getattr(linalg, "ensure_blas", None)
    linalg.ensure_blas = lambda: None
    import numba.np.arraymath  # noqa: F401  # asks

    linalg.ensure_blas = ask


with _quiet_collector():
    import numba
    from numba.core import config

    _trust_blas()


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


def inlined_kernel(function: Callable) -> Any:
    """Compile an inner kernel into its callers.

    A call passes every field of every array through memory: for a tree's tables, as much work as
    twenty particles' steps. Meant for what is called once or twice, as every caller grows.
    """
    return _compiled(function, _nrt=False, forceinline=True)


def _compiled(function: Callable, **options: Any) -> Any:
    previous = config.CACHE_DIR  # type: ignore[attr-defined]  # set by numba when it starts
    config.CACHE_DIR = _cache_folder(function.__code__.co_filename)  # type: ignore[attr-defined]
    try:
        return numba.njit(cache=True, nogil=True, error_model="numpy", **options)(function)
    finally:
        config.CACHE_DIR = previous  # type: ignore[attr-defined]


@cache
def _cache_folder(source: str) -> str:
    root = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return str(Path(root) / "treesmc" / f"numba-{source_hash(Path(source))}")
