r"""Probed prefixes of a live model: reference paths, guided paths, and what is seen from them.

Every prefix of a path gets K children and R rollouts by the reference policy, apart from the step
that the path takes, and becomes one line of a log (`probes`).

A **guided** path takes each step by a pool: M children c_1 .. c_M are drawn from pi_ref and c_j is
picked with probability p_j. The weight of the step, 1/(M p_j), makes it as good as a draw from
pi_ref whatever the p_j > 0 are:

    E[ f(c_j) / (M p_j) ] = E[ (1/M) sum_j f(c_j) ] = E_ref[ f ],

so the product of the weights along the path is its ``log_weight``. Here

    p_j = (1 - a) V(c_j) / sum_i V(c_i) + a / M,

where the share a keeps children worth zero in sight and bounds every weight by 1/a. Guided paths
go where SMC goes, which reference paths may never find.

The children of a finished prefix are itself, so it is not given to the model again.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from treesmc.audit.live.protocol import BoolArray, Checked, check_absorbing, take
from treesmc.sims.base import portable
from treesmc.sims.base.errors import BadInput
from treesmc.sims.trees.tree import FloatArray, IntArray

DEFENSIVE = 0.1  # a: share of the picks that ignores V


@dataclass(frozen=True)
class Design:
    """How a path is probed.

    Attributes
    ----------
    horizon : int
        T.
    children, rollouts : int
        K >= 2 and R at each prefix.
    pool : int
        M, children that a guided step picks from.
    """

    horizon: int
    children: int
    rollouts: int
    pool: int


def probe_paths(
    model: Checked,
    prompt: str,
    names: range,
    design: Design,
    guided: bool,
    rng: np.random.Generator,
) -> list[dict[str, Any]]:
    """Draw one path for each name and return its lines, depth by depth."""
    path = walk(model, prompt, len(names), design.pool if guided else None, rng)
    return lines_of(
        model, prompt, names, zip(range(design.horizon), path, strict=False), design, rng
    )


def lines_of(
    model: Checked,
    prompt: str,
    names: range,
    path: Iterable[tuple[int, Front]],
    design: Design,
    rng: np.random.Generator,
) -> list[dict[str, Any]]:
    """Return the lines of paths of which each depth is given, a path a name."""
    lines = []
    for t, step in path:
        columns = step.value, step.log_weight, *_seen(model, step, t, design, rng)
        lines += [_line(prompt, t, *row) for row in zip(names, *columns, strict=True)]
    return lines


class Front(NamedTuple):
    """States of one depth, log V, which are finished, and log pi_ref against their proposal."""

    states: Any
    value: FloatArray
    done: BoolArray
    log_weight: FloatArray


def walk(
    model: Checked, prompt: str, n: int, pool: int | None, rng: np.random.Generator
) -> Iterator[Front]:
    """Draw n paths, guided by a pool if there is one; yield depth after depth, without end."""
    states, log_weight = model.start(prompt, n), np.zeros(n)
    value, done = model.log_values(states), model.finished(states)
    while True:
        yield Front(states, value, done, log_weight)
        if pool is None:
            states = model.extend(states, rng)
        else:
            states, log_step = _guided_step(model, states, pool, rng)
            log_weight = log_weight + log_step
        before, value = value, model.log_values(states)
        was_done, done = done, model.finished(states)
        check_absorbing(was_done, before, done, value)


def _line(
    prompt: str,
    depth: int,
    name: int,
    value: float,
    log_weight: float,
    children: FloatArray,
    rewards: FloatArray,
) -> dict[str, Any]:
    line = {
        "prompt": prompt,
        "depth": depth,
        "path": name,
        "log_value": float(value),
        "log_weight": float(log_weight),
        "child_log_values": children.tolist(),
    }
    return {**line, "rollout_log_rewards": rewards.tolist()} if len(rewards) else line


def _seen(
    model: Checked, step: Front, t: int, design: Design, rng: np.random.Generator
) -> tuple[FloatArray, FloatArray]:
    """Return log V of K children, [n, K], and log phi of R rollouts, [n, R], of depth t."""
    K, R = design.children, design.rollouts
    children, rewards = (np.repeat(step.value[:, None], k, axis=1) for k in (K, R))
    alive = np.flatnonzero(~step.done)
    if len(alive):
        last = t == design.horizon - 1
        next_states = model.extend(take(step.states, np.repeat(alive, K)), rng)
        log_V = model.rewards(next_states, t + 1) if last else model.log_values(next_states)
        children[alive] = log_V.reshape(-1, K)
        if R:
            rewards[alive] = _roll_out(
                model, take(step.states, np.repeat(alive, R)), t, design, rng
            )
    return children, rewards


def _roll_out(
    model: Checked, states: Any, t: int, design: Design, rng: np.random.Generator
) -> FloatArray:
    """Return log phi of one completion of each state of depth t, [n / R, R]."""
    rewards = np.empty(len(states))
    waiting: IntArray = np.arange(len(states))
    for depth in range(t, design.horizon):
        done = model.finished(states)
        if done.any():
            rewards[waiting[done]] = model.log_values(take(states, np.flatnonzero(done)))
            waiting, states = waiting[~done], take(states, np.flatnonzero(~done))
        if not len(waiting):
            break
        states = model.extend(states, rng)
        if depth == design.horizon - 1:
            rewards[waiting] = model.rewards(states, design.horizon)
    return rewards.reshape(-1, design.rollouts)


def _guided_step(
    model: Checked, states: Any, M: int, rng: np.random.Generator
) -> tuple[Any, FloatArray]:
    """Pick one of M children of each state; return them and the log weights of the step."""
    n = len(states)
    pool = model.extend(take(states, np.repeat(np.arange(n), M)), rng)
    p = picking_probabilities(model.log_values(pool).reshape(n, M))
    below = p.cumsum(axis=1)[:, :-1] <= rng.random(n)[:, None]
    picked = below.sum(axis=1)
    rows = np.arange(n)
    return take(pool, rows * M + picked), -portable.log(M * p[rows, picked])


def picking_probabilities(log_V: FloatArray) -> FloatArray:
    """Return p of the module docstring for pools in rows; uniform where all are worth zero."""
    largest = log_V.max(axis=1, keepdims=True)
    V = portable.exp(log_V - np.where(np.isfinite(largest), largest, 0.0))
    V = np.where(np.isfinite(largest), V, 1.0)
    return (1 - DEFENSIVE) * V / V.sum(axis=1, keepdims=True) + DEFENSIVE / log_V.shape[1]


def root_log_value(model: Checked, prompt: str) -> float:
    """Return log V of a prompt, which must be positive for SMC to start."""
    value = float(model.log_values(model.start(prompt, 1))[0])
    if value == -np.inf:
        raise BadInput(f"log_values: V of prompt {prompt[:40]!r} is 0; nothing can start there")
    return value
