"""Lines on standard error: how many points are done, and the time left at the pace so far."""

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from treesmc.sims.sweeps.shards import Parameters

INTERVAL = 1.0  # seconds between lines


@dataclass
class Progress:
    """A count of finished points.

    Attributes
    ----------
    n_points : int
        To be computed.
    describe : callable
        Short name of a point.
    effort : callable
        Relative time of a point.
    total : float
        Effort of all points.
    """

    n_points: int
    describe: Callable[[Parameters], str]
    effort: Callable[[Parameters], float]
    total: float
    _n_done: int = 0
    _spent: float = 0.0
    _begin: float = field(default_factory=time.monotonic)
    _last_line: float = -INTERVAL

    def step(self, point: Parameters) -> None:
        """Count a point as finished; say so if it is time, or the last one."""
        self._n_done += 1
        self._spent += self.effort(point)
        now = time.monotonic()
        if self._n_done < self.n_points and now - self._last_line < INTERVAL:
            return
        self._last_line = now
        left = max(0.0, (now - self._begin) * (self.total / self._spent - 1))
        say(f"{self._n_done}/{self.n_points} {self.describe(point)}, about {left:.0f} s left")


def say(line: str) -> None:
    """Print a line on standard error."""
    print(line, file=sys.stderr, flush=True)
