"""Which regime a measured Bellman error puts SMC in at horizon T, and what would change it.

In the worst case N grows like (1+eps)^(2T) (S2 and S3), so what counts is T eps:

    linear        T eps <= 1: N = O(T) (ZL-5.2)
    polynomial    eps = c log T / T: the degree of N in T is between 2c and 2c + 2, c <= 2 here
    exponential   beyond: N doubles every log 2 / (2 log(1+eps)) steps

unless the error does not compound: under a bounded *value* error N is linear in T at any size of
the error (S2 under A3). That is what the drift of V*/V with depth decides, which takes rollouts.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from treesmc.audit.measure.bellman import RatioSummary
from treesmc.audit.measure.drift import Drift
from treesmc.sims.base import portable

LARGEST_DEGREE_CONSTANT = 2.0


@dataclass(frozen=True)
class Regime:
    """T eps, its regime, and what would change it.

    Attributes
    ----------
    name : str
        "no error seen", "linear", "polynomial", "exponential" or "bounded".
    T_eps_rms, T_eps99, T_eps_largest : float
        Horizon times: rms Bellman error, that of 99% of prefixes, the largest seen (biased).
    doubling : float
        Steps after which the worst case doubles N, from eps99.
    meaning : str
        One sentence.
    changes : list of str
        What would change the regime.
    """

    name: str
    T_eps_rms: float
    T_eps99: float
    T_eps_largest: float
    doubling: float
    meaning: str
    changes: list[str]


def regime(horizon: int, bellman: RatioSummary, drift: Drift | None) -> Regime:
    """Return the regime of a measured error at horizon T."""
    eps = bellman.eps99
    name = _name(horizon, bellman, drift)
    doubling = portable.log(2) / (2 * portable.log1p(eps)) if eps > 0 else math.inf
    return Regime(
        name,
        horizon * bellman.rms.value,
        horizon * eps,
        horizon * bellman.raw_eps,
        doubling,
        _meaning(name, horizon, bellman, doubling),
        _changes(name, horizon, eps, drift),
    )


def _name(horizon: int, bellman: RatioSummary, drift: Drift | None) -> str:
    T_eps = horizon * bellman.eps99
    bounded = drift is not None and drift.growth == "bounded" and not drift.broken_promise
    if bounded and T_eps > 1:
        return "bounded"
    if bellman.rms.low == 0 and T_eps <= 1:
        return "no error seen"
    if T_eps <= 1:
        return "linear"
    constant = T_eps / portable.log(max(horizon, 2))
    return "polynomial" if constant <= LARGEST_DEGREE_CONSTANT else "exponential"


def _meaning(name: str, horizon: int, bellman: RatioSummary, doubling: float) -> str:
    c = horizon * bellman.eps99 / portable.log(max(horizon, 2))
    return {
        "no error seen": "the Bellman error cannot be told from zero; with 95% confidence its rms "
        f"is at most {bellman.rms.high:.3g}",
        "linear": "T eps <= 1: the particles needed grow linearly with T, even in the worst case",
        "polynomial": f"eps = {c:.2g} log T / T: in the worst case the particles needed grow like "
        f"T to a power between {2 * c:.1f} and {2 * c + 2:.1f}",
        "exponential": f"in the worst case the particles needed double every {doubling:.2g} steps",
        "bounded": "the value error does not grow with the steps left: the particles needed grow "
        "linearly with T, though T eps > 1",
    }[name]


def _changes(name: str, horizon: int, eps: float, drift: Drift | None) -> list[str]:
    changes = []
    if name in ("polynomial", "exponential"):
        changes.append(
            f"a Bellman error of {1 / horizon:.3g} (now {eps:.3g} for 99% of the prefixes) would "
            f"make the growth linear at T = {horizon}"
        )
        changes.append(f"with this error the growth is linear up to T = {_reach(eps)}")
        if drift is None:
            changes.append("rollouts would tell whether the error compounds at all")
        elif drift.growth == "compounding":
            changes.append(
                "the error keeps its sign along a path; errors that forget it would not compound"
            )
    if name in ("linear", "no error seen", "bounded") and eps > 0:
        changes.append(f"the worst case stays linear up to T = {_reach(eps)}")
    return changes


def _reach(eps: float) -> str:
    """Return the largest T with T eps <= 1, at least 1, as text."""
    reach = max(1.0, 1 / eps)
    return str(int(reach)) if reach < 1e15 else f"{reach:.0e}"
