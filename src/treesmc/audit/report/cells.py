"""Numbers of a report as text in few characters."""

from __future__ import annotations

import math

from treesmc.audit.measure.bootstrap import Interval
from treesmc.audit.predict.routes import whole
from treesmc.sims.base import portable


def number(x: float) -> str:
    """Return a number in few characters."""
    if math.isnan(x):
        return "-"
    if math.isinf(x):
        return "inf" if x > 0 else "-inf"
    if x == int(x) and abs(x) < 1e6:
        return f"{int(x):,}"
    return f"{x:.3g}"


def exponential(log_x: float) -> str:
    """Return exp(log_x) in few characters."""
    return number(portable.exp(min(log_x, 700)))


def share(x: float) -> str:
    """Return a share in per cent."""
    return "-" if math.isnan(x) else f"{max(0.0, x):.0%}"


def particles(log_n: float) -> str:
    """Return exp(log_n) as a whole number, or a power of ten."""
    if math.isnan(log_n):
        return "-"
    if log_n > portable.log(1e7):
        return "inf" if math.isinf(log_n) else f"1e{log_n / portable.log(10):.1f}"
    return f"{whole(log_n):,.0f}"


def estimate(x: Interval) -> str:
    """Return value and interval."""
    if math.isnan(x.low):
        return number(x.value)
    return f"{number(x.value)} [{number(x.low)}, {number(x.high)}]"


def particle_range(log_n: Interval) -> str:
    """Return the interval of a number of particles."""
    if math.isnan(log_n.low):
        return ""
    return f"[{particles(log_n.low)}, {particles(log_n.high)}]"
