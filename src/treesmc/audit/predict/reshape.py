"""What tempering or clipping the reward model would do to the particles it takes.

V^gamma and clipped V are other reward models on the same policy and reward, and V* does not change:
with the rollouts and paths at hand each is judged as V itself is (`paths`). Clipping holds log V
between two quantiles of its depth within its prompt, which is what a saturating score does. Without
rollouts V* is not known and there is nothing to compare.
"""

from __future__ import annotations

import dataclasses
import math
from dataclasses import dataclass

import numpy as np

from treesmc.audit.predict.paths import GRID, PromptPaths, outlook, solve
from treesmc.sims.trees.tree import FloatArray

GAMMAS = (0.0, 0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 2.0)
CLIPS = (0.01, 0.05, 0.25)
MOST_RESHAPED = 10


@dataclass(frozen=True)
class Reshaped:
    """One transformed reward model: what it is, v, log N predicted, largest log step on a path."""

    name: str
    v: float
    log_n: float
    log_L: float


def reshaped(linked: list[PromptPaths], delta: float) -> list[Reshaped]:
    """Return the effect of tempering and clipping, over the first `MOST_RESHAPED` prompts."""
    linked = linked[:MOST_RESHAPED]
    rows = [_judge(f"V^{g:g}", [_tempered(p, g) for p in linked], delta) for g in GAMMAS]
    return rows + [
        _judge(f"V clipped at {c:.0%} and {1 - c:.0%}", [_clipped(p, c) for p in linked], delta)
        for c in CLIPS
    ]


def _judge(name: str, linked: list[PromptPaths], delta: float) -> Reshaped:
    view = outlook(linked)
    return Reshaped(
        name,
        float(view.v_steps.sum(axis=1).mean()),
        solve(view.tv.mean(axis=0), GRID, delta),
        max((_largest_step(p) for p in linked), default=math.nan),
    )


def _tempered(paths: PromptPaths, gamma: float) -> PromptPaths:
    alive = np.isfinite(paths.value)
    return dataclasses.replace(
        paths, value=np.where(alive, gamma * np.where(alive, paths.value, 0.0), -np.inf)
    )


def _clipped(paths: PromptPaths, tail: float) -> PromptPaths:
    low, high = np.quantile(paths.value, [tail, 1 - tail], axis=0, method="inverted_cdf")
    return dataclasses.replace(paths, value=np.clip(paths.value, low, high))


def _largest_step(paths: PromptPaths) -> float:
    all_values: FloatArray = np.column_stack([paths.value, paths.true[0][:, -1]])
    with np.errstate(invalid="ignore"):
        steps = np.abs(np.diff(all_values, axis=1))
    return float(steps[np.isfinite(steps)].max(initial=0.0))
