"""Checks of the fields of one line."""

from __future__ import annotations

import hashlib
import math
from typing import Any

import numpy as np

from treesmc.sims.base.checks import LARGEST_HORIZON, LARGEST_LOG_VALUE

NUMBERS = {int, float, np.float64}  # booleans are no numbers here
NO_PATH = 0


class BadField(Exception):
    """A field of one line is wrong; the reader adds the line number."""


def probe_fields(record: Any) -> tuple:
    """Check one record; return prompt, depth, path, log_value, log_weight, children, rollouts."""
    prompt = _name(record, "prompt")
    depth = record.get("depth")
    if type(depth) is not int or not 0 <= depth < LARGEST_HORIZON:
        raise BadField(
            f"depth: {_shown(depth)} is not a whole number from 0 to {LARGEST_HORIZON - 1}"
        )
    children = _logs(record, "child_log_values")
    if len(children) < 2:
        raise BadField(f"child_log_values: {len(children)} of them; at least 2 are needed")
    rollouts = _logs(record, "rollout_log_rewards") if "rollout_log_rewards" in record else []
    path = _hash(prompt, _name(record, "path")) if "path" in record else NO_PATH
    log_weight = _number(record, "log_weight") if "log_weight" in record else 0.0
    return prompt, depth, path, _number(record, "log_value"), log_weight, children, rollouts


def score_fields(record: Any) -> tuple:
    """Check one record; return prompt, scores, log_reward, log_weights."""
    prompt = _name(record, "prompt")
    scores = np.array(_logs(record, "scores"), dtype=np.float64)
    if not len(scores) or scores.min() < 0:
        raise BadField("scores: a list of at least one number, none negative, is needed")
    log_weights = None
    if "log_weights" in record:
        log_weights = np.array(_logs(record, "log_weights"), dtype=np.float64)
        if len(log_weights) != len(scores):
            raise BadField(f"log_weights: {len(log_weights)}, but there are {len(scores)} scores")
    return prompt, scores, _number(record, "log_reward"), log_weights


def _name(record: Any, field: str) -> str | int:
    if not isinstance(record, dict):
        raise BadField(f"an object is needed, not {str(record)[:40]!r}")
    value: Any = record.get(field)
    if type(value) not in (str, int):
        raise BadField(f"{field}: {str(value)[:40]!r} is neither text nor a whole number")
    name: str | int = value
    return name


def _number(record: dict[str, Any], field: str) -> float:
    value: Any = record.get(field)
    if type(value) not in NUMBERS or not value < math.inf:  # nan fails the comparison too
        raise BadField(f"{field}: {str(value)[:40]!r} is not a finite number or -Infinity")
    _check_sizes(field, [value])
    return float(value)


def _check_sizes(field: str, values: list[float]) -> None:
    """Refuse numbers that are finite and too large; the others are for the caller to judge."""
    if values and not -LARGEST_LOG_VALUE <= min(values) <= max(values) <= LARGEST_LOG_VALUE:
        for value in values:
            if LARGEST_LOG_VALUE < abs(value) < math.inf:
                raise BadField(f"{field}: {_shown(value)} exceeds {LARGEST_LOG_VALUE:g} in size")


def _shown(value: Any) -> str:
    return repr(value)[:40]


def _logs(record: dict[str, Any], field: str) -> list[float]:
    values = record.get(field)
    if not isinstance(values, list):
        raise BadField(f"{field}: {str(values)[:40]!r} is not a list of numbers")
    if not set(map(type, values)) <= NUMBERS:
        entry = next(v for v in values if type(v) not in NUMBERS)
        raise BadField(f"{field}: {str(entry)[:40]!r} is not a number")
    _check_sizes(field, values)
    total = sum(values)
    if math.isnan(total) or total == math.inf:
        raise BadField(f"{field}: holds nan or +infinity")
    return values


def _hash(prompt: str | int, path: str | int) -> int:
    """Return 63 bits that name a path: no table of names to keep, and never `NO_PATH`."""
    digest = hashlib.blake2b(f"{prompt!r} {path!r}".encode(), digest_size=8).digest()
    return max(int.from_bytes(digest) >> 1, NO_PATH + 1)
