"""Logs of probed prefixes, streamed into a fixed number of bytes a line.

One line is one prefix s at depth t of one prompt:

    {"prompt": "p1", "depth": 3, "log_value": -1.2,      log V(s); -Infinity is V = 0
     "child_log_values": [-1.0, -1.6],                   log V of K >= 2 continuations by pi_ref;
                                                         at the last depth these are log rewards
     "rollout_log_rewards": [-0.3, -2.0],                optional: log phi of completions by pi_ref
     "path": 17,                                         optional: which rollout s is a prefix of
     "log_weight": 0.0}                                  optional: log pi_ref(s)/q(s), if s was
                                                         drawn from q instead of pi_ref

Prefixes with the same prompt and path are prefixes of one sequence; only with them is it known how
errors of successive steps go together.

Of the children and of the rollouts only what the estimators need is kept (`Draws`): with
X_1 .. X_K independent given s, the mean, the mean over pairs of distinct draws (unbiased for
the *square* of the expectation, which the square of the mean is not), and the means of two
halves, whose noises are independent. A line costs 136 bytes whatever K is.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from treesmc.audit.log.fields import NO_PATH, BadField, probe_fields
from treesmc.sims.base import portable
from treesmc.sims.base.errors import BadInput
from treesmc.sims.trees.tree import FloatArray, IntArray

AT_A_TIME = 8192  # lines turned into arrays


@dataclass(frozen=True, eq=False)
class Draws:
    """What is kept of the draws X_1 .. X_K at each line; logarithms, nan where there are too few.

    Attributes
    ----------
    count : int32[n]
        K.
    zeros : int32[n]
        How many of them are exactly 0.
    mean, pair, half1, half2 : float64[n]
        log of the mean, of the mean of X_i X_j over i != j, of the means of even and odd draws.
    first : float64[n]
        log of X_1.
    """

    count: IntArray
    zeros: IntArray
    mean: FloatArray
    pair: FloatArray
    half1: FloatArray
    half2: FloatArray
    first: FloatArray

    def mean_square(self, lines: IntArray) -> FloatArray:
        """Return log of the mean of X_i^2 at some lines: all pairs less the distinct ones."""
        count, mean, pair = self.count[lines], self.mean[lines], self.pair[lines]
        share = (count - 1) / np.maximum(count, 1)
        with np.errstate(all="ignore"):
            rest = share * portable.exp(pair - 2 * mean)
            return 2 * mean + portable.log(count * np.maximum(1 - rest, 0.0))


@dataclass(frozen=True, eq=False)
class Probes:
    """A log of n probed prefixes, in arrays.

    Attributes
    ----------
    prompts : list of str
        Names; ``prompt`` indexes them.
    prompt, depth : int32[n]
    path : int64[n]
        Hash of prompt and path, `NO_PATH` where the line names none.
    log_value, log_weight : float64[n]
    largest_step : float64[n]
        Largest |log V(child) - log V(s)| of a line, zeros left out.
    children, rollouts : Draws
    skipped : int
        Bad lines left out.
    first_skipped : str
        What was wrong with the first of them.
    """

    prompts: list[str]
    prompt: IntArray
    depth: IntArray
    path: IntArray
    log_value: FloatArray
    log_weight: FloatArray
    largest_step: FloatArray
    children: Draws
    rollouts: Draws
    skipped: int = 0
    first_skipped: str = ""

    def __len__(self) -> int:
        return len(self.depth)


@dataclass(frozen=True)
class Scores:
    """A log of complete sequences with the score of each step.

    Attributes
    ----------
    prompts : list of str
    prompt : int32[n]
    scores : list of float64[T_i]
        Score of each step, positive.
    log_reward : float64[n]
    log_weights : list of float64[T_i] or None
        Incremental log weights that a sampler used, where logged.
    """

    prompts: list[str]
    prompt: IntArray
    scores: list[FloatArray]
    log_reward: FloatArray
    log_weights: list[FloatArray | None]
    skipped: int = 0
    first_skipped: str = ""


def number_paths(probes: Probes) -> Probes:
    """Name the paths of a log that names none but holds them one after another.

    Within a prompt a line of depth 0 begins a path, and each other line is one step deeper than
    the line before.

    Raises
    ------
    BadInput
        If a line is out of this order, or names its path.
    """
    if (probes.path != NO_PATH).any():
        raise BadInput("ordered: lines name their path already")
    order = np.argsort(probes.prompt, kind="stable")
    prompt, depth = probes.prompt[order], probes.depth[order]
    begins = depth == 0
    follows = (np.diff(prompt, prepend=-1) == 0) & (np.diff(depth, prepend=-1) == 1)
    broken = order[~begins & ~follows]
    if len(broken):
        line = int(broken.min())
        raise BadInput(
            f"ordered: prefix {line + 1} of the log has depth {probes.depth[line]}, which does not "
            "follow on the line before of its prompt"
        )
    path = np.empty_like(probes.path)
    path[order] = NO_PATH + np.cumsum(begins)
    return replace(probes, path=path)


def probes_of(records: Iterator[dict[str, Any]]) -> Probes:
    """Turn records, as a log would hold them, into arrays; `BadInput` names the record."""
    return gathered((_located(i, record) for i, record in enumerate(records, 1)), "records")


def _located(number: int, record: dict[str, Any]) -> tuple:
    try:
        return probe_fields(record)
    except BadField as error:
        raise BadInput(f"record {number}: {error}") from None


def gathered(records: Iterable[tuple], source: str) -> Probes:
    """Collect checked records in columns."""
    names: dict[str | int, int] = {}
    remaining = iter(records)
    blocks = iter(lambda: list(islice(remaining, AT_A_TIME)), [])
    parts = [_columns(block, names) for block in blocks]
    if not parts:
        raise BadInput(f"{source}: no probed prefix in it")
    # Only one column at a time is held twice.
    columns = [np.concatenate([part.pop(0) for part in parts]) for _ in range(len(parts[0]))]
    prompt, depth, path, value, weight, step, *draws = columns
    half = len(draws) // 2
    children, rollouts = Draws(*draws[:half]), Draws(*draws[half:])
    prompts = [str(name) for name in names]
    return Probes(prompts, prompt, depth, path, value, weight, step, children, rollouts)


def _columns(block: list[tuple], names: dict[str | int, int]) -> list[NDArray]:
    prompt, depth, path, log_value, log_weight, children, rollouts = zip(*block, strict=True)
    codes = [names.setdefault(name, len(names)) for name in prompt]
    return [
        np.array(codes, dtype=np.int32),
        np.array(depth, dtype=np.int32),
        np.array(path, dtype=np.int64),
        np.array(log_value, dtype=np.float64),
        np.array(log_weight, dtype=np.float64),
        _largest_steps(np.array(log_value, dtype=np.float64), children),
        *_summaries(children),
        *_summaries(rollouts),
    ]


def _summaries(lists: tuple[list[float], ...]) -> list[NDArray]:
    """Return the columns of `Draws` for a block of lists of log X."""
    count: NDArray = np.array([len(draws) for draws in lists], dtype=np.int32)
    some = np.flatnonzero(count)
    columns: list[NDArray] = [np.zeros(len(lists), dtype=np.int32)]
    columns += [np.full(len(lists), np.nan) for _ in range(5)]
    if len(some):
        flat = np.array([x for draws in lists for x in draws], dtype=np.float64)
        for column, values in zip(columns, _segments(flat, count[some]), strict=True):
            column[some] = values
    return [count, *columns]


def _largest_steps(log_value: FloatArray, children: tuple[list[float], ...]) -> FloatArray:
    count = np.array([len(draws) for draws in children])
    flat = np.array([x for draws in children for x in draws], dtype=np.float64)
    value = np.repeat(log_value, count)
    with np.errstate(invalid="ignore"):
        step = np.where(np.isfinite(flat) & np.isfinite(value), np.abs(flat - value), 0.0)
    return np.maximum.reduceat(step, np.cumsum(count) - count)


def _segments(log_x: FloatArray, count: IntArray) -> list[NDArray]:
    """Return zeros, mean, pair, half1, half2, first of consecutive segments."""
    start = np.cumsum(count) - count
    largest = np.maximum.reduceat(log_x, start)
    shift = np.where(np.isfinite(largest), largest, 0.0)
    x = portable.exp(log_x - np.repeat(shift, count))
    total, squares = np.add.reduceat(x, start), np.add.reduceat(x * x, start)
    odd = (np.arange(len(x)) - np.repeat(start, count)) % 2
    odd_total = np.add.reduceat(x * odd, start)
    with np.errstate(divide="ignore", invalid="ignore"):
        return [
            np.add.reduceat((x == 0) & (log_x == -np.inf), start, dtype=np.int32),
            shift + portable.log(total / count),
            2 * shift + portable.log(np.maximum(total**2 - squares, 0.0) / (count * (count - 1.0))),
            shift + portable.log((total - odd_total) / ((count + 1) // 2)),
            shift + portable.log(odd_total / (count // 2)),
            log_x[start],
        ]
