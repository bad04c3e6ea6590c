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
halves, whose noises are independent. A line costs `BYTES_PER_LINE` whatever K is.
"""

from __future__ import annotations

import gzip
import hashlib
import math
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from treesmc.sims.base import portable
from treesmc.sims.base.checks import LARGEST_LOG_VALUE
from treesmc.sims.base.errors import BadInput
from treesmc.sims.base.jsontext import parse
from treesmc.sims.trees.tree import FloatArray, IntArray

BLOCK = 8192  # lines turned into arrays at a time
NUMBERS = {int, float, np.float64}  # booleans are no numbers here
NO_PATH = 0
MOST_STEPS = 100_000


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

    def mean_square(self) -> FloatArray:
        """Return log of the mean of X_i^2, float64[n]: all pairs less the distinct ones."""
        share = (self.count - 1) / np.maximum(self.count, 1)
        with np.errstate(all="ignore"):
            rest = share * portable.exp(self.pair - 2 * self.mean)
            return 2 * self.mean + portable.log(self.count * np.maximum(1 - rest, 0.0))


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


BYTES_PER_LINE = 2 * 4 + 4 * 8 + 2 * (2 * 4 + 5 * 8)


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


class BadField(Exception):
    """A field of one line is wrong; the reader adds the line number."""


def read_probes(path: str | Path, skip_bad: bool = False) -> Probes:
    """Read a log of probed prefixes (module docstring).

    Parameters
    ----------
    path : str or Path
        JSON Lines, plain or ``.gz``, or ``.parquet`` (needs pyarrow).
    skip_bad : bool
        Leave bad lines out, and count them, instead of raising.

    Raises
    ------
    BadInput
        Naming file, line and field of the first bad line, or if no line is left.
    """
    lines = _Checked(Path(path), _probe_fields, skip_bad)
    probes = _gathered(lines, str(path))
    return replace(probes, skipped=lines.skipped, first_skipped=lines.first_skipped)


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
    return _gathered((_located(i, record) for i, record in enumerate(records, 1)), "records")


def read_scores(path: str | Path, skip_bad: bool = False) -> Scores:
    """Read a log of step scores: ``{"prompt", "scores", "log_reward", "log_weights"?}`` a line.

    Parameters and errors are those of `read_probes`.
    """
    lines = _Checked(Path(path), _score_fields, skip_bad)
    names: dict[str | int, int] = {}
    rows = [(names.setdefault(name, len(names)), *rest) for name, *rest in lines]
    if not rows:
        raise BadInput(f"{path}: no scored sequence in it")
    prompt, scores, log_reward, log_weights = zip(*rows, strict=True)
    return Scores(
        [str(name) for name in names],
        np.array(prompt, dtype=np.int32),
        list(scores),
        np.array(log_reward, dtype=np.float64),
        list(log_weights),
        lines.skipped,
        lines.first_skipped,
    )


class _Checked:
    """The checked records of a file; counts what it leaves out."""

    def __init__(self, path: Path, check: Callable[[Any], tuple], skip_bad: bool) -> None:
        if not path.is_file():
            raise BadInput(f"{path}: no such file")
        self.path, self.check, self.skip_bad = path, check, skip_bad
        self.skipped, self.first_skipped = 0, ""

    def __iter__(self) -> Iterator[tuple]:
        for number, record, parsed in _raw(self.path):
            try:
                yield self.check(parsed(record))
            except (BadField, ValueError) as error:
                self._refuse(f"{self.path}: line {number}: {error}")

    def _refuse(self, message: str) -> None:
        if not self.skip_bad:
            raise BadInput(message)
        self.skipped += 1
        self.first_skipped = self.first_skipped or message


def _raw(path: Path) -> Iterator[tuple[int, Any, Callable[[Any], Any]]]:
    """Yield line number, line and how to parse it; blank lines do not count as records."""
    if path.suffix == ".parquet":
        yield from ((i, row, _without_nulls) for i, row in enumerate(_parquet_rows(path), 1))
        return
    opener = gzip.open if path.suffix == ".gz" else open
    try:
        with opener(path, "rb") as handle:
            for number, line in enumerate(handle, 1):
                if not line.isspace():
                    yield number, line, parse
    except (OSError, EOFError, zlib.error) as error:
        raise BadInput(f"{path}: cannot be read: {error}") from None


def _parquet_rows(path: Path) -> Iterator[dict[str, Any]]:
    try:
        from pyarrow import ArrowException, parquet  # type: ignore[import-untyped,unused-ignore]
    except ImportError:
        raise BadInput(f"{path}: reading Parquet needs pyarrow: pip install pyarrow") from None
    try:
        for batch in parquet.ParquetFile(path).iter_batches(BLOCK):
            yield from batch.to_pylist()
    except (ArrowException, OSError, ValueError) as error:
        raise BadInput(f"{path}: not Parquet: {' '.join(str(error).split())}") from None


def _without_nulls(row: dict[str, Any]) -> dict[str, Any]:
    """In a table a missing optional field is a null."""
    return {key: value for key, value in row.items() if value is not None}


def _located(number: int, record: dict[str, Any]) -> tuple:
    try:
        return _probe_fields(record)
    except BadField as error:
        raise BadInput(f"record {number}: {error}") from None


def _probe_fields(record: Any) -> tuple:
    """Check one record; return prompt, depth, path, log_value, log_weight, children, rollouts."""
    prompt = _name(record, "prompt")
    depth = record.get("depth")
    if type(depth) is not int or not 0 <= depth < MOST_STEPS:
        raise BadField(f"depth: {_shown(depth)} is not a whole number from 0 to {MOST_STEPS - 1}")
    children = _logs(record, "child_log_values")
    if len(children) < 2:
        raise BadField(f"child_log_values: {len(children)} of them; at least 2 are needed")
    rollouts = _logs(record, "rollout_log_rewards") if "rollout_log_rewards" in record else []
    path = _hash(prompt, _name(record, "path")) if "path" in record else NO_PATH
    log_weight = _number(record, "log_weight") if "log_weight" in record else 0.0
    return prompt, depth, path, _number(record, "log_value"), log_weight, children, rollouts


def _score_fields(record: Any) -> tuple:
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


def _gathered(records: Iterable[tuple], source: str) -> Probes:
    """Collect checked records block by block into columns that grow in place."""
    names: dict[str | int, int] = {}
    columns: list[NDArray] = []
    length = 0
    for block in _blocks(records):
        added = _columns(block, names)
        columns = columns or [np.empty(0, dtype=x.dtype) for x in added]
        for column, values in zip(columns, added, strict=True):
            if length + len(values) > len(column):
                # realloc moves pages, not bytes: no second copy of what is there
                column.resize(length + length // 8 + len(values), refcheck=False)
            column[length : length + len(values)] = values
        length += len(block)
    if not length:
        raise BadInput(f"{source}: no probed prefix in it")
    for column in columns:
        column.resize(length, refcheck=False)
    prompt, depth, path, log_value, log_weight, largest_step, *draws = columns
    half = len(draws) // 2
    children, rollouts = Draws(*draws[:half]), Draws(*draws[half:])
    prompts = [str(name) for name in names]
    return Probes(
        prompts, prompt, depth, path, log_value, log_weight, largest_step, children, rollouts
    )


def _blocks(records: Iterable[tuple]) -> Iterator[list[tuple]]:
    block: list[tuple] = []
    for record in records:
        block.append(record)
        if len(block) == BLOCK:
            yield block
            block = []
    if block:
        yield block


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
