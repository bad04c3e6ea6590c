"""A Dask cluster on loopback, of real processes, for tests that kill its parts."""

import os
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

START = 60.0  # seconds


class LocalCluster:
    """A scheduler and workers; ``with`` ends what is still running.

    Attributes
    ----------
    file : path
        Scheduler file.
    scheduler : Popen
    """

    def __init__(self, folder, **settings):
        self.file, self._folder, self._processes = folder / "scheduler.json", folder, []
        arguments = ["--host", "127.0.0.1", "--port", "0", "--scheduler-file", self.file]
        self.scheduler = self._start("scheduler", *arguments, **settings)
        wait_until(self.file.exists)

    def __enter__(self):
        return self

    def __exit__(self, *exception):
        self._end(self._processes)

    @contextmanager
    def workers(self, n, *options, **settings):
        """Run ``n`` workers of one thread; without options, each is a single process."""
        arguments = ["--scheduler-file", self.file, "--nthreads", "1"]
        options = options or ("--no-nanny",)
        workers = [self._start("worker", *arguments, *options, **settings) for _ in range(n)]
        try:
            yield workers
        finally:
            self._end(workers)

    def _start(self, kind, *arguments, **settings):
        command = [sys.executable, "-m", "dask", kind, "--no-dashboard", *map(str, arguments)]
        environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent), **settings}
        with (self._folder / f"{kind}.log").open("ab") as log:
            process = subprocess.Popen(
                command, env=environment, stdout=log, stderr=log, cwd=self._folder
            )
        self._processes.append(process)
        return process

    @staticmethod
    def _end(processes):
        for process in processes:
            process.terminate()
        for process in processes:
            process.wait()


def wait_until(condition):
    """Poll a condition; fail if it does not come true."""
    end = time.monotonic() + START
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)
