"""A proof step that says how a bound grows along a schedule of the Bellman error."""

from __future__ import annotations

from typing import Any

from treesmc.theory.growth import SCHEDULES, Growth, growth
from treesmc.theory.prover.steps import Step, Verdict


def growth_step(log_bound: Any, schedule: str, expected: Growth) -> Step:
    """Step: along the schedule called so, the bound is of the expected growth class.

    Parameters
    ----------
    log_bound : sympy expression
        Logarithm of the bound, in T and eps.
    schedule : str
        Name of one of `treesmc.theory.growth.SCHEDULES`.
    expected : Growth
        Class with its degree or rate.
    """
    found_on = next(entry for entry in SCHEDULES if entry.name == schedule)

    def check() -> Verdict:
        found = growth(log_bound, found_on)
        same = found.kind == expected.kind and (found.value - expected.value).equals(0)
        return Verdict("universal" if same else "failed", f"by limits it grows like {found}")

    statement = f"exp({log_bound}) grows like {expected}"
    return Step(f"growth at eps = {schedule}", statement, f"eps = {schedule}", "limits", check)
