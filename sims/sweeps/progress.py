"""Lines on standard error: how many points are done, and the time left at the pace so far."""

import sys
import time
from collections.abc import Callable, Iterable

from treesmc.sims.sweeps.plan import describe
from treesmc.sims.sweeps.shards import Parameters

INTERVAL = 1.0  # seconds between lines
Effort = Callable[[Parameters], float]  # relative time of a point


class Progress:
    """A count of finished points.

    Parameters
    ----------
    effort : callable
    points : iterable of dict
        To be computed; counted here and not kept.
    """

    def __init__(self, effort: Effort, points: Iterable[Parameters]) -> None:
        self.n_points, self._total = 0, 0.0
        for point in points:
            self.n_points += 1
            self._total += effort(point)
        self._effort, self._n_done, self._spent = effort, 0, 0.0
        self._begin, self._last_line = time.monotonic(), -INTERVAL

    def step(self, point: Parameters) -> None:
        """Count a point as finished; say so if it is time, or the last one."""
        self._n_done += 1
        self._spent += self._effort(point)
        now = time.monotonic()
        if self._n_done < self.n_points and now - self._last_line < INTERVAL:
            return
        self._last_line = now
        left = max(0.0, (now - self._begin) * (self._total / self._spent - 1))
        say(f"{self._n_done}/{self.n_points} {describe(point)}, about {left:.0f} s left")


def say(line: str) -> None:
    """Print a line on standard error."""
    print(line, file=sys.stderr, flush=True)
