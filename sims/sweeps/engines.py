"""Where points are computed: threads, processes, or the workers of a Dask cluster.

Each engine is a context that checks, on entry, that somebody can compute and would compute the same
bits, and that submits to a `concurrent.futures.Executor`. On an exception it drops what it has not
begun and does not wait: processes are killed, threads compute on for nobody until their process
ends.

`threads`           share compiled code and start at once; a point that kills its process kills all.
`processes`         are spawned and survive each other, at about two seconds of imports.
`tcp://HOST:PORT`, `NAME.json`  a Dask scheduler, by address or by scheduler file; extra [cluster].
"""

import logging
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import (
    BrokenExecutor,
    Executor,
    Future,
    ProcessPoolExecutor,
    ThreadPoolExecutor,
)
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

from treesmc.sims.base.errors import BadInput
from treesmc.sims.sweeps.worker import EngineFailed, fingerprint

ALLOWED_RETRIES = 2  # of a task lost to the network


class Engine:
    """What the runner needs.

    Attributes
    ----------
    deaths : tuple of exception types
        What a task raises whose process died under it.
    slots : int
        How many tasks run at once.
    """

    deaths: tuple[type[BaseException], ...]
    slots: int
    _executor: Executor

    def __enter__(self) -> Self:
        raise NotImplementedError

    def __exit__(self, kind: type[BaseException] | None, *details: object) -> None:
        raise NotImplementedError

    def submit(self, task: Callable[..., Any], *arguments: Any) -> Future:
        """Submit a task to the executor."""
        return self._executor.submit(task, *arguments)

    def check(self) -> None:
        """Raise EngineFailed if nobody is left to compute; a pool loses no worker unnoticed."""

    def renew(self) -> None:
        """Make the executor usable again after a death; a cluster does so by itself."""


class Pool(Engine):
    """Threads or processes of this machine.

    Parameters
    ----------
    make : callable
        Returns a new executor.
    jobs : int
    """

    deaths = (BrokenExecutor,)

    def __init__(self, make: Callable[[], Executor], jobs: int) -> None:
        self._make, self.slots = make, jobs

    def __enter__(self) -> Self:
        self._executor = self._make()
        try:
            self.submit(os.getpid).result()
        except BrokenExecutor:
            raise EngineFailed("processes die as they start") from None
        except BaseException as error:
            self.__exit__(type(error))
            raise
        return self

    def __exit__(self, kind: type[BaseException] | None, *details: object) -> None:
        killed = multiprocessing.active_children() if kind is not None else []
        for child in killed:
            child.kill()
        self._executor.shutdown(wait=kind is None or bool(killed), cancel_futures=True)

    def renew(self) -> None:
        """Replace the executor."""
        self._executor.shutdown(wait=False)
        self._executor = self._make()


class Cluster(Engine):
    """The workers of a Dask scheduler.

    Parameters
    ----------
    address : str
        ``tcp://HOST:PORT``, or the path of a scheduler file.
    module : str
        Computes the points; its fingerprint must be the same on every worker.
    patience : float
        Seconds to wait for the scheduler, and for a worker.
    """

    def __init__(self, address: str, module: str, patience: float) -> None:
        self._address, self._module, self._patience = address, module, patience

    def __enter__(self) -> Self:
        self._client = self._connect()
        try:
            self._wait_for_worker()
            self._compare_workers()
        except BaseException as error:
            self.__exit__(type(error))
            raise
        self._executor = self._client.get_executor(pure=False, retries=ALLOWED_RETRIES)
        return self

    def __exit__(self, kind: type[BaseException] | None, *details: object) -> None:
        self._client.close(timeout=2)

    def check(self) -> None:
        """Raise EngineFailed if the scheduler is gone, or has been without worker for long."""
        try:
            self.slots = sum(self._client.nthreads().values())
        except OSError:
            raise EngineFailed(f"{self._address}: lost the scheduler") from None
        now = time.monotonic()
        if self.slots:
            self._last_seen = now
        elif now - self._last_seen > self._patience:
            raise EngineFailed(f"{self._address}: no worker within {self._patience:g} s")

    def _connect(self) -> Any:
        try:
            from distributed import Client, KilledWorker
        except ModuleNotFoundError:
            raise BadInput(
                f"{self._address}: needs dask.distributed; pip install 'treesmc[cluster]'"
            ) from None
        for name in ("distributed", "distributed.client", "tornado"):
            logging.getLogger(name).setLevel(logging.CRITICAL + 1)  # our one line says it
        self.deaths = (KilledWorker,)
        where = "scheduler_file" if self._address.endswith(".json") else "address"
        if where == "scheduler_file" and not Path(self._address).is_file():
            raise BadInput(f"{self._address}: no such scheduler file")
        try:
            return Client(**{where: self._address}, timeout=self._patience, set_as_default=False)
        except (OSError, ValueError) as error:
            reason = str(error) or "it does not answer"
            raise EngineFailed(f"{self._address}: no scheduler: {reason}") from None

    def _wait_for_worker(self) -> None:
        self._last_seen = time.monotonic()
        self.check()
        while not self.slots:
            time.sleep(0.1)
            self.check()

    def _compare_workers(self) -> None:
        here = fingerprint(self._module)
        found = self._client.run(fingerprint, self._module, on_error="return")
        for worker, there in sorted(found.items()):
            if there != here:
                raise EngineFailed(f"worker {worker} differs: {there}; here {here}")


def make_engine(name: str, module: str, jobs: int, patience: float) -> Engine:
    """Return the engine of a name: threads, processes, a scheduler's address or its file.

    Raises
    ------
    BadInput
        If the name is none of these.
    """
    if name == "threads":
        return Pool(lambda: ThreadPoolExecutor(jobs), jobs)
    if name == "processes":
        return Pool(lambda: _Processes(jobs), jobs)
    if "://" in name or name.endswith(".json"):
        return Cluster(name, module, patience)
    raise BadInput(f"engine: {name!r} is not threads, processes, tcp://HOST:PORT or a .json file")


class _Processes(ProcessPoolExecutor):
    """Spawned processes that leave Ctrl-C to the driver."""

    def __init__(self, jobs: int) -> None:
        context = multiprocessing.get_context("spawn")
        super().__init__(jobs, mp_context=context, initializer=_prepare_process)

    def submit(self, task: Callable[..., Any], /, *arguments: Any, **named: Any) -> Future:
        """Submit a task, spawning a process if none is idle."""
        with _interrupts_held():  # inherited: it importing when Ctrl-C comes, it would print
            return super().submit(task, *arguments, **named)


@contextmanager
def _interrupts_held() -> Iterator[None]:
    """Hold Ctrl-C back until the end of the block, and for ever in processes started within."""
    if not hasattr(signal, "pthread_sigmask"):  # Windows
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGINT])
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _prepare_process() -> None:
    """Leave Ctrl-C to the driver, and die with it, however it dies."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_follow_parent, daemon=True).start()


def _follow_parent() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)
