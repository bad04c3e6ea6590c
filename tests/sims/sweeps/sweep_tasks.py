"""Points for tests of the runner: cheap, slow, failing, and deadly. Imported by workers too."""

import os
import signal
import time


def compute(point):
    time.sleep(point.get("seconds", 0.0))
    if point.get("dies"):
        os.kill(os.getpid(), signal.SIGKILL)
    if point.get("fails"):
        raise ValueError("no such thing\nat all")
    return {"square": point["n"] ** 2 / 7}
