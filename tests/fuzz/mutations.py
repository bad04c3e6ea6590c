"""How a valid input is spoiled: in its bytes, in its structure, or by values at the extremes."""

import json
import random
from collections.abc import Callable
from typing import Any

import numpy as np

NUMBERS = (
    *(0.0, -0.0, 1.0, -1.0, 0.5, 2, -3, 7, 30.0, -40.0, 300.0, -700.0, 710.0, -745.2, 800.0),
    *(5e-324, -5e-324, 1e-310, 1e-300, 1e-17, 1e5, -1e5, 1e8, -1e8, 1e9, -1e9, 1.0000001e9, 1e12),
    *(1e15, -1e16, 2**31, 2**53, 2**63, -(2**63), 2**64, 1e100, -1e154, 1e299, -1e299, 1e308),
    *(-1.7976931348623157e308, 10**30, -(10**400), float("nan"), float("inf"), float("-inf")),
)
WRONG = (
    *("", "text", "\ud800", "\u2028", "a\nb", None, True, False, [], {}, [[]], {"a": 1}, [None]),
)
RAW = (  # what no value of Python is written as
    *("1e999", "-1e999", "-Infinity", "01", "+1", ".5", "1.", "0x10", "nul", "'a'", "[1,]"),
    *("1e-999", "9" * 400, "9" * 5000, "1" * 17),
    *("[" * 3000 + "]" * 3000, "[" * 100_000, '{"a":' * 50_000),
)
MARK = "@raw{}@"
SPANS = (0.0, -1.0, 1e-12, 3.0, 30.0, 500.0, 1e4, 1e6, 4e8, 3e9, 1e15, 1e299)
TINY = (0.0, 5e-324, 1e-310, 1e-300, 1e-100, 1e-17, 1e-16, 1e-12, 1e-5, 0.5)
LOGS = ("log_", "child_", "rollout_", "scores")  # fields of numbers begin with one of these
DTYPES = ("f2", "f4", "i1", "u1", "i8", "u8", "c16", "?", "U5", "S3", "O", "M8[s]", "m8[s]", ">f8")

Random = random.Random


def spoil_bytes(rng: Random, data: bytes) -> bytes:
    """Change, drop, repeat or insert some bytes."""
    data_ = bytearray(data)
    for _ in range(rng.choice((1, 1, 1, 2, 5, 20))):
        i, j = sorted(rng.randrange(len(data_) + 1) for _ in range(2))
        match rng.randrange(7):
            case 0:
                del data_[i:]
            case 1:
                del data_[i : i + rng.randrange(1, 9)]
            case 2:
                data_[i : i + 1] = bytes([rng.randrange(256)])
            case 3:
                data_[i:i] = data_[i : min(j, i + 200)]
            case 4:
                data_[i:i] = rng.choice((b"\x00", b"\xff\xfe", b"\xef\xbb\xbf", b"\n", b"\r", b'"'))
            case 5:
                data_[i : i + 1] = rng.choice(b'[]{},:"-.eE0123456789').to_bytes()
            case _ if data_:
                k = min(i, len(data_) - 1)
                data_[k] ^= 1 << rng.randrange(8)
    return bytes(data_)


def spoil_structure(rng: Random, value: Any) -> str:
    """Return JSON of a value in which some entries are of the wrong kind, gone, or twice there."""
    raw: list[str] = []
    for _ in range(rng.choice((1, 1, 1, 2, 4))):
        value = _replaced(rng, value, lambda old: _spoiled(rng, old, raw))
    text = json.dumps(value)
    for k, written in enumerate(raw):
        text = text.replace(json.dumps(MARK.format(k)), written)
    return text


def _replaced(rng: Random, value: Any, change: Callable[[Any], Any]) -> Any:
    """Return a copy of nested lists and objects with one entry changed, at a random place."""
    if not isinstance(value, list | dict) or not value or rng.random() < 0.12:
        return change(value)
    keys = list(value) if isinstance(value, dict) else list(range(len(value)))
    key, copy = rng.choice(keys), value.copy()
    if rng.random() < 0.08:
        del copy[key]
    elif rng.random() < 0.05 and isinstance(copy, list):
        copy.insert(key, copy[key])
    else:
        copy[key] = _replaced(rng, value[key], change)
    return copy


def _spoiled(rng: Random, old: Any, raw: list[str]) -> Any:
    draw = rng.random()
    if draw < 0.6:
        return rng.choice(NUMBERS)
    if draw < 0.8:
        return rng.choice(WRONG)
    if draw < 0.9:
        return [old, old] if draw < 0.85 else {"value": old}
    raw.append(rng.choice(RAW))
    return MARK.format(len(raw) - 1)


def strain_tree(rng: Random, layers: dict[str, Any]) -> dict[str, Any]:
    """Return a tree that is still valid, or nearly, with log V and policies at the extremes."""
    values = [list(layer) for layer in layers["log_value"]]
    policy = [[list(row) for row in layer] for layer in layers["policy"]]
    span, shift = rng.choice(SPANS), rng.choice((0.0, 0.0, *SPANS))
    kept = rng.choice((0.0, 0.5, 1.0))
    for layer in values:
        lift = shift * rng.choice((-1, 0, 1))
        for s, x in enumerate(layer):
            layer[s] = x if rng.random() < kept else x * span + lift
            if rng.random() < 0.05:
                layer[s] = rng.choice(NUMBERS)
    for layer in policy:
        for row in layer:
            if len(row) == 2 and rng.random() < 0.3:
                p = rng.choice(TINY)
                row[:] = rng.choice(([p, 1 - p], [1 - p, p]))
    return {**layers, "log_value": values, "policy": policy}


def strain_log(rng: Random, records: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return lines that are still valid, or nearly, with logarithms at the extremes."""
    span, shift = rng.choice(SPANS), rng.choice((0.0, *SPANS)) * rng.choice((-1, 1))
    share, dead = rng.choice((0.05, 0.5, 1.0)), rng.choice((0.0, 0.0, 0.1, 0.6, 1.0))
    held = sorted({key for line in records for key in line if key.startswith(LOGS)})
    fields = rng.sample(held, rng.choice((1, 1, len(held))))

    def strained(x: float) -> float:
        if rng.random() < dead:
            return float("-inf")
        if rng.random() < 0.01:
            return rng.choice(NUMBERS)
        return x * span + shift if rng.random() < share else x

    def line_of(line: dict[str, Any]) -> dict[str, Any]:
        return {key: _mapped(x, strained) if key in fields else x for key, x in line.items()}

    return [line_of(line) for line in records if rng.random() < 0.97]


def _mapped(x: Any, change: Callable[[float], float]) -> Any:
    return [change(y) for y in x] if isinstance(x, list) else change(x)


def spoil_arrays(rng: Random, arrays: dict[str, Any]) -> dict[str, Any]:
    """Return arrays of which some have another type or shape, are gone, or hold other numbers."""
    arrays = dict(arrays)
    for _ in range(rng.choice((1, 1, 2))):
        key = rng.choice(list(arrays))
        match rng.randrange(6):
            case 0:
                del arrays[key]
            case 1:
                arrays[key] = _converted(arrays[key], rng.choice(DTYPES))
            case 2:
                arrays[key] = arrays[key].reshape(rng.choice(((-1,), (1, -1), (-1, 1), (1, 1, -1))))
            case 3:
                arrays[key] = np.zeros(rng.choice(((), (0,), (1, 0), (2, 2), (1,), (70_000,))))
            case 4:
                arrays[rng.choice(("policy_9", "policy_x", "child_", "name", "log_value_-1"))] = (
                    arrays[key]
                )
            case _:
                arrays[key] = _holding(rng, arrays[key])
        if not arrays:
            break
    return arrays


def _converted(array: Any, dtype: str) -> Any:
    with np.errstate(all="ignore"):
        try:
            return array.astype(dtype)
        except (ValueError, TypeError):
            return np.array([(1, 2.0)], dtype="i4,f8")


def _holding(rng: Random, array: Any) -> Any:
    numbers = [x for x in NUMBERS if isinstance(x, float)]
    copy = np.array(array, dtype=float) if array.dtype.kind in "iuf" else np.zeros((1, 1))
    if copy.size:
        copy.flat[rng.randrange(copy.size)] = rng.choice(numbers)
    return copy


def spoil_toml(rng: Random, text: str) -> str:
    """Return a sweep file with some words replaced, lines gone, repeated or moved."""
    lines = text.splitlines(keepends=True)
    for _ in range(rng.choice((1, 1, 2, 3))):
        k = rng.randrange(len(lines))
        match rng.randrange(5):
            case 0 if len(lines) > 1:
                del lines[k]
            case 1:
                lines.insert(rng.randrange(len(lines) + 1), lines[k])
            case 2:
                lines[k] = f"{rng.choice(SWEEP_KEYS)} = {rng.choice(SWEEP_VALUES)}\n"
            case _:
                key, equals, _ = lines[k].partition(" = ")
                lines[k] = f"{key}{equals}{rng.choice(SWEEP_VALUES)}\n"
    return "".join(lines)


SWEEP_KEYS = (
    *("family", "T", "eps", "method", "delta", "N", "seed", "c", "a", "perturbation", "r", "drift"),
    *("branching", "concentration", "sigma", "true_value", "tree_seed", "M", "H", "resampling"),
    *("ess_threshold", "replicates", "streams", "series", "columns", "version", "experiment"),
    *("quick", "grid", "list", "nosuch"),
)
SWEEP_VALUES = (
    *("0", "-1", "1", "2", "3", "0.5", "-0.0", "1e-320", "1e308", "1e400", "nan", "inf", "-inf"),
    *("1_0", "9223372036854775807", "9223372036854775808", str(10**30), "true", '""', '"x"', "[]"),
    *("{}", "[[1]]", "[1, 2]", '["1/T", 0.5]', "1979-05-27", '"T"', '"1/0"', '"log(0)"', '"T**T"'),
    *('"9**9**9**9"', '"exp(1000)"', '"-1**0.5"', '"(-1)**0.5"', '"{T}"', '"{x}"', '"eps"', '"("'),
    *("{from = 0, to = 3}", "{from = 0, to = 1000000000000000}", "{from = 1, to = 2, count = 3}"),
    *("{from = 0.1, to = 1, count = 1000000000000}", "{from = -1e308, to = 1e308, count = 3}"),
    *('{from = 1e-320, to = 1e308, count = 3, scale = "log"}', "{from = 3, to = 0}", '"min()"'),
    *('"' + "(" * 150 + '"', '"' + "-" * 190 + '1"', "'''a\nb'''", '"\\ud800"', '"\\u0000"'),
    *('"needle"', '"random"', '"product"', '"smc"', '"naive"', '"systematic"', '"1e300*T"'),
    *("[" * 2000 + "]" * 2000, "{a = " * 500 + "1" + "}" * 500, "9" * 5000),
)
