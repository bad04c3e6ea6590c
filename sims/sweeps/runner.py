"""Hand points to an engine and keep what comes back.

Only a window of points is in flight, so a sweep of any length takes the same memory. Tasks double
while they finish in time and shrink to what they finished when they do not; what a task hands back
goes to the front of the queue.

**A point that kills its process** takes the points around it along: all that were in flight are
suspects. They are run again one at a time, and the one that kills again, alone, is recorded as
failed. The innocent finish, and the run goes on.
"""

import time
from collections import deque
from collections.abc import Callable, Iterable
from concurrent.futures import (
    FIRST_COMPLETED,
    CancelledError,
    Future,
    ThreadPoolExecutor,
    wait,
)
from itertools import islice

from treesmc.sims.sweeps.engines import Engine
from treesmc.sims.sweeps.shards import Parameters, Row, Shards
from treesmc.sims.sweeps.worker import EngineFailed, compute_some, fingerprint

TASKS_PER_SLOT = 2  # one running, one waiting
LARGEST_TASK = 1024  # points
WRITERS = 8  # files that reach the disk at once: ten times faster than one after the other
POLL = 1.0  # seconds between looks at whether anybody is left
KILLED = "killed the process that computed it"


def run(
    points: Iterable[Parameters],
    compute: Callable[[Parameters], Row],
    shards: Shards,
    engine: Engine,
    report: Callable[[Parameters], None],
) -> int:
    """Compute points and store what becomes of them; return how many failed.

    Parameters
    ----------
    points : iterable of dict
        JSON values only. Read as needed.
    compute : callable
        Result of a point, a dict of JSON values; a function of a module, unless run by threads.
    shards : Shards
    engine : Engine
    report : callable
        Called with every point that is finished.

    Raises
    ------
    EngineFailed
        If the engine gives out, or results cannot be written. What was stored stays.
    """
    shards.tidy()
    with engine, ThreadPoolExecutor(WRITERS) as writers:
        return _Run(points, compute, shards, engine, writers, report).finish()


class _Run:
    """The state of a run: points to come, tasks in flight, suspects."""

    def __init__(
        self,
        points: Iterable[Parameters],
        compute: Callable[[Parameters], Row],
        shards: Shards,
        engine: Engine,
        writers: ThreadPoolExecutor,
        report: Callable[[Parameters], None],
    ) -> None:
        self._points = iter(points)
        self._compute, self._expected = compute, fingerprint(compute.__module__)
        self._shards, self._engine, self._report = shards, engine, report
        self._writers = writers
        self._returned: deque[Parameters] = deque()
        self._flight: dict[Future, list[Parameters]] = {}
        self._suspects: list[Parameters] = []
        self._size, self._n_failed, self._next_check = 1, 0, time.monotonic() + POLL

    def finish(self) -> int:
        """Run all points; return how many failed."""
        while self._fill():
            self._land()
            if self._suspects:
                self._empty()
                self._isolate()
        return self._n_failed

    def _fill(self) -> bool:
        """Submit tasks while the window has room; say whether anything is in flight."""
        while len(self._flight) < TASKS_PER_SLOT * max(1, self._engine.slots):
            task = self._take()
            if not task:
                break
            self._launch(task)
        return bool(self._flight)

    def _take(self) -> list[Parameters]:
        """Return the points of the next task, those handed back first."""
        task = [self._returned.popleft() for _ in range(min(self._size, len(self._returned)))]
        return task + list(islice(self._points, self._size - len(task)))

    def _launch(self, task: list[Parameters]) -> None:
        try:
            future = self._engine.submit(compute_some, self._compute, self._expected, task)
        except self._engine.deaths as error:  # of an earlier task, noticed only now
            future = Future()
            future.set_exception(error)
        self._flight[future] = task

    def _empty(self) -> None:
        """Wait for all that is in flight."""
        while self._flight:
            self._land()

    def _land(self) -> None:
        """Wait for some task, and keep what it computed."""
        done, _ = wait(self._flight, POLL, FIRST_COMPLETED)
        if time.monotonic() >= self._next_check:
            self._engine.check()
            self._next_check = time.monotonic() + POLL
        for future in [future for future in self._flight if future in done]:  # in order
            task = self._flight.pop(future)
            try:
                self._keep(task, self._outcomes(future))
            except self._engine.deaths:
                self._suspects += task

    def _outcomes(self, future: Future) -> list[Row]:
        try:
            outcomes: list[Row] = future.result()
            return outcomes
        except CancelledError:
            raise EngineFailed("the tasks were dropped: the scheduler is gone") from None
        except Exception as error:
            if isinstance(error, (EngineFailed, *self._engine.deaths)):
                raise
            line = f"{type(error).__name__}: {error}".partition("\n")[0]
            raise EngineFailed(f"a task failed: {line}") from error

    def _keep(self, task: list[Parameters], outcomes: list[Row]) -> None:
        self._store(task[: len(outcomes)], outcomes)
        rest = task[len(outcomes) :]
        self._returned.extendleft(reversed(rest))
        self._size = len(outcomes) if rest else min(2 * len(task), LARGEST_TASK)

    def _store(self, points: list[Parameters], outcomes: list[Row]) -> None:
        try:
            list(self._writers.map(self._shards.store, points, outcomes))
        except OSError as error:
            raise EngineFailed(f"{self._shards.folder}: {error.strerror}") from error
        for point, outcome in zip(points, outcomes, strict=True):
            self._n_failed += "error" in outcome
            self._report(point)

    def _isolate(self) -> None:
        """Run the suspects one at a time, and record those that kill again."""
        suspects, self._suspects = self._suspects, []
        self._engine.renew()
        for point in suspects:
            self._launch([point])
            self._empty()
            if self._suspects:
                self._suspects = []
                self._store([point], [{"error": KILLED}])
                self._engine.renew()
