"""Cases: a command line and the files it reads, drawn from a seed; the same seed, the same case."""

import gzip
import json
import random
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
from examples import (
    SCORES,
    SWEEPS,
    TEXT,
    Examples,
    lines_of,
    make_examples,
    npz_bytes,
    parquet_bytes,
)
from mutations import (
    RAW,
    spoil_arrays,
    spoil_bytes,
    spoil_structure,
    spoil_toml,
    strain_log,
    strain_tree,
)

from treesmc.commands.listings import all_families
from treesmc.sims.laws.schemes import SCHEMES
from treesmc.sims.methods.registry import METHODS
from treesmc.sims.trees.perturb import PERTURBATIONS

Random = random.Random

FLOATS = (
    *("0.1", "0.5", "1e-3", "0", "-0.0", "1", "-1", "1.5", "1e-17", "1e-300", "5e-324", "1e308"),
    *("1e999", "nan", "inf", "-inf", "", "x", "0.9999999999999999", "1_0", "700", "1e9", "0x1"),
)
COUNTS = (
    *("1", "2", "3", "10", "100", "0", "-1", "1e3", "1e15", "1e16", "1e40", "1e300", "1e308"),
    *("1e309", "nan", "inf", "1.5", "", "x", "9223372036854775807", "9223372036854775808"),
    *("9" * 400, "9" * 5000, "1_0", "\u0663", "1e-3"),
)
SEEDS = ("0", "1", "-1", "18446744073709551616", "9" * 100, "x", "1.0")
WRONG = "nosuch"


@dataclass(frozen=True)
class Case:
    """A command line and the files in the folder where it runs."""

    name: str
    argv: list[str]
    files: dict[str, bytes]


@cache
def examples() -> Examples:
    """Return what cases start from, made once."""
    return make_examples()


def make_case(seed: int, index: int) -> Case:
    """Return the case of a place in the campaign of a seed."""
    rng = Random(f"{seed}/{index}")
    kinds, weights = zip(*KINDS.items(), strict=True)
    kind: Callable[[Random], tuple[list[str], dict[str, bytes]]] = rng.choices(kinds, weights)[0]
    argv, files = kind(rng)
    return Case(f"{seed}/{index}", argv, files)


def _rarely(rng: Random, share: float, *words: str) -> list[str]:
    return list(words) if rng.random() < share else []


def _mostly(rng: Random, usual: str, others: tuple[str, ...]) -> str:
    return usual if rng.random() < 0.6 else rng.choice(others)


def _json(rng: Random) -> list[str]:
    return _rarely(rng, 0.6, "--json")


# Files


def tree_file(rng: Random, name: str = "tree") -> dict[str, bytes]:
    """Return a file that is a tree, or was one."""
    layers, draw = rng.choice(examples().trees), rng.random()
    if draw < 0.5:
        layers = strain_tree(rng, layers)
    if draw < 0.1:
        return {f"{name}.npz": npz_bytes(_arrays(layers))}
    if draw < 0.5:
        return {f"{name}.json": json.dumps(layers).encode()}
    if draw < 0.75:
        return {f"{name}.json": spoil_structure(rng, layers).encode(errors="surrogatepass")}
    if draw < 0.82:
        return {f"{name}.json": spoil_bytes(rng, json.dumps(layers).encode())}
    data = npz_bytes(_arrays(layers) if draw < 0.9 else spoil_arrays(rng, _arrays(layers)))
    return {f"{name}.npz": spoil_bytes(rng, data) if draw < 0.9 else data}


def _arrays(layers: dict[str, Any]) -> dict[str, Any]:
    arrays = {"name": np.array(layers["name"])}
    for field in ("policy", "child", "log_value"):
        for t, layer in enumerate(layers[field]):
            arrays[f"{field}_{t}"] = np.array(layer)
    return arrays


def lines_file(rng: Random, name: str, records: list[dict[str, Any]]) -> dict[str, bytes]:
    """Return a file of JSON Lines, or one that was."""
    draw = rng.random()
    if draw < 0.02:
        data = parquet_bytes(records)
        return {f"{name}.parquet": spoil_bytes(rng, data) if draw < 0.01 else data}
    if draw < 0.7:
        records = strain_log(rng, records)
    text = lines_of(records)
    if 0.6 < draw < 0.9:
        lines = text.splitlines(keepends=True) or [""]
        k = rng.randrange(len(lines))
        record = records[k] if records else {}
        lines[k] = rng.choice(RAW) if draw > 0.88 else spoil_structure(rng, record)
        text = "".join(line.rstrip("\n") + "\n" for line in lines)
    data = text.encode(errors="surrogatepass")
    data = spoil_bytes(rng, data) if draw > 0.9 else data
    if rng.random() < 0.03:
        data = gzip.compress(data, mtime=0)
        return {f"{name}.gz": spoil_bytes(rng, data) if draw > 0.6 else data}
    return {f"{name}{'.parquet' if rng.random() < 0.005 else ''}": data}


# Commands: each returns the words of the command line and the files


def inspect(rng: Random) -> tuple[list[str], dict[str, bytes]]:
    """``treesmc inspect``."""
    files = tree_file(rng)
    return ["inspect", *files, *_json(rng)], files


def certify(rng: Random) -> tuple[list[str], dict[str, bytes]]:
    """``treesmc certify``."""
    files = tree_file(rng)
    n, delta = _mostly(rng, "10", COUNTS), _mostly(rng, "0.1", FLOATS)
    seed = _rarely(rng, 0.1, "--seed", rng.choice(SEEDS))
    return ["certify", *files, "-n", n, f"--delta={delta}", *seed, *_json(rng)], files


def compare(rng: Random) -> tuple[list[str], dict[str, bytes]]:
    """``treesmc compare``."""
    files = tree_file(rng) | (tree_file(rng, "other") if rng.random() < 0.2 else {})
    return ["compare", *files, f"--delta={_mostly(rng, '0.1', FLOATS)}", *_json(rng)], files


def _sampling(rng: Random) -> list[str]:
    return [
        *_rarely(rng, 0.1, f"--seed={rng.choice(SEEDS)}"),
        *_rarely(rng, 0.05, f"--jobs={rng.choice(('0', '-1', '2', 'x'))}"),
        *_rarely(rng, 0.15, "--resampling", rng.choice((*SCHEMES, WRONG))),
        *_rarely(rng, 0.15, f"--ess-threshold={rng.choice(FLOATS)}"),
    ]


def law(rng: Random) -> tuple[list[str], dict[str, bytes]]:
    """``treesmc law``."""
    files, method = tree_file(rng), rng.choice((*METHODS, WRONG))
    replicates = rng.choice(("2", "8", "8", "1", "0", "-1", "x"))
    few = method in ("smc", "guided-smc")  # particles are moved one by one by some schemes
    n = rng.choice(("1", "2", "10", "0", "-1", "nan", "1e40")) if few else rng.choice(COUNTS)
    exact = method in ("target", "reference", "naive", "guided") and rng.random() < 0.7
    words = ["law", *files, "--method", method, "-n", n]
    words += [] if exact else [f"--replicates={replicates}"]
    words += _rarely(rng, 0.2, f"--pool={rng.choice(('1', '3', '0', '-1', '1e3'))}")
    words += _rarely(rng, 0.2, f"--iterations={rng.choice(('0', '1', '-1', 'x'))}")
    return [*words, *_sampling(rng), *_json(rng)], files


def cost(rng: Random) -> tuple[list[str], dict[str, bytes]]:
    """``treesmc cost``; SMC is searched for by replicates, so it is rare and asked for little."""
    files = tree_file(rng)
    method = rng.choice(("naive", "rejection", "guided", "target", "naive", "rejection", "guided"))
    delta = _mostly(rng, "0.1", FLOATS)
    if rng.random() < 0.06:
        method, delta = rng.choice(("smc", "guided-smc")), rng.choice(("0.5", "0.9"))
    replicates = rng.choice(("256", "256", "300", "255", "1", "x"))
    words = ["--method", method, f"--delta={delta}", f"--replicates={replicates}"]
    return ["cost", *files, *words, *_json(rng)], files


def audit(rng: Random) -> tuple[list[str], dict[str, bytes]]:
    """``treesmc audit``."""
    files = lines_file(rng, "log.jsonl", rng.choice(examples().logs))
    words = ["audit", *files, f"--delta={_mostly(rng, '0.1', FLOATS)}"]
    words.append(f"--bootstrap={_mostly(rng, '20', ('19', '20', '21', '-1', 'x'))}")
    if rng.random() < 0.3:
        scores = lines_file(rng, "scores.jsonl", list(SCORES) * rng.choice((1, 1, 30)))
        words += ["--scores", *scores]
        files |= scores
    words += _rarely(rng, 0.1, f"--horizon={rng.choice(('3', '2', '4', '50', '0', '-1', 'x'))}")
    words += _rarely(rng, 0.05, "--ordered")
    words += _rarely(rng, 0.05, f"--seed={rng.choice(SEEDS)}")
    words += _rarely(rng, 0.002, "--html", "page.html")
    return [*words, *_rarely(rng, 0.1, "--skip-bad"), *_json(rng)], files


def sweep(rng: Random) -> tuple[list[str], dict[str, bytes]]:
    """``treesmc sweep``."""
    text = spoil_toml(rng, rng.choice(SWEEPS)).encode(errors="surrogatepass")
    data = spoil_bytes(rng, text) if rng.random() < 0.2 else text
    words = ["sweep", "sweep.toml", *_rarely(rng, 0.1, "--quick")]
    if rng.random() < 0.95:
        return [*words, "--dry-run"], {"sweep.toml": data}
    return [*words, "--out", "runs", "--jobs", "1"], {"sweep.toml": data}


def folder(rng: Random) -> tuple[list[str], dict[str, bytes]]:
    """``treesmc status`` and ``treesmc collect`` of a folder without results."""
    text = spoil_toml(rng, rng.choice(SWEEPS)).encode(errors="surrogatepass")
    files = {"runs/sweep.toml": spoil_bytes(rng, text) if rng.random() < 0.2 else text}
    if rng.random() < 0.5:
        return ["status", "runs", *_json(rng)], files
    return ["collect", "runs", "-o", rng.choice(("t.csv", "t.parquet", "t.x", "no/t.csv"))], files


def make(rng: Random) -> tuple[list[str], dict[str, bytes]]:
    """``treesmc make``."""
    family = rng.choice((*all_families(), WRONG))
    horizon = _mostly(rng, "3", ("1", "2", "5", "0", "-1", "x", "9" * 19, "9" * 30, "1e3", "10**9"))
    words = ["make", family, f"--horizon={horizon}", f"--epsilon={_mostly(rng, '0.1', FLOATS)}"]
    words += _rarely(rng, 0.2, f"--perturbation={rng.choice((*PERTURBATIONS, WRONG))}")
    words += _rarely(rng, 0.1, f"--seed={rng.choice(SEEDS)}")
    options = ("r", "drift", "concentration", "sigma", "temperature")
    words += _rarely(rng, 0.5, f"--{rng.choice(options)}={rng.choice(FLOATS)}")
    words += _rarely(rng, 0.1, f"--branching={rng.choice(('1', '3', '0', '-1', '9' * 20))}")
    words += _rarely(rng, 0.1, f"--order={rng.choice(('1', '4', '5', '0', '-1', '9' * 30))}")
    words += ["-o", rng.choice(("t.json", "t.npz", "t.json", "t.txt", "no/t.json", ".json"))]
    files = {}
    if family == "language":
        files = text_file(rng)
        words += ["--order=1", "--text=corpus.txt", f"--reward={rng.choice(REWARDS)}"]
    return words, files


REWARDS = (
    *("contains:a", "avoids:xyz", "balanced:1", "syllables:1", "words:1-3", "matches:a.*"),
    *("contains:", "contains", ":", "", "words:3-1", "words:0-0", "words:x", "words:1-" + "9" * 30),
    *("balanced:-1", "balanced:" + "9" * 20, "syllables:" + "9" * 5000, "avoids:", "nosuch:1"),
    *("matches:(", "matches:[", "matches:" + "(" * 300, "contains:\u0663", "contains:a b"),
)
MODELS = (
    *("exact", "rollouts:2", "hard:2", "hard-label:2", "regression:20", "power:0.5", "short:1"),
    *("least-variance", "rollouts:0", "rollouts:x", "power:1e300", "power:nan", "power:-1e9"),
    *("power:inf", "power:1e-320", "short:0", "short:99", "regression:0", "hard:-1", "nosuch", ":"),
    *("hard:" + "9" * 30, "power:", "power:1e9", "power:0", "regression:1"),
)


def text_file(rng: Random) -> dict[str, bytes]:
    """Return a text to learn from, or what was one."""
    data = TEXT.encode()
    if rng.random() < 0.4:
        data = rng.choice((b"", b"a", b"\xff", b"\x00" * 50, "\u00e9\U0001f600".encode(), b"   "))
    return {"corpus.txt": spoil_bytes(rng, data) if rng.random() < 0.4 else data}


def language(rng: Random) -> tuple[list[str], dict[str, bytes]]:
    """``treesmc language``."""
    words = ["language", "--horizon=3", "--order=1", "--text=corpus.txt", "--samples=1"]
    words += [f"--reward={_mostly(rng, 'contains:a', REWARDS)}"]
    words += [f"--model={_mostly(rng, 'exact', MODELS)}", f"-n={rng.choice(('1', '8', '0', 'x'))}"]
    words += _rarely(rng, 0.4, f"--temperature={rng.choice(FLOATS)}")
    words += _rarely(rng, 0.4, f"--delta={rng.choice(FLOATS)}")
    words += _rarely(rng, 0.1, f"--horizon={rng.choice(('0', '-1', 'x', '1', '9' * 19, '9' * 30))}")
    words += _rarely(rng, 0.1, f"--samples={rng.choice(('0', '-1', 'x'))}")
    return [*words, *_json(rng)], text_file(rng)


def warm_cases() -> list[Case]:
    """Return cases that between them compile every kernel, which takes longer than a case may."""
    files = {"tree.json": json.dumps(examples().trees[4]).encode()}
    lines = ["cost tree.json --method smc --delta 0.5 --replicates 256"]
    for method in METHODS:
        lines.append(f"law tree.json --method {method} -n 4 --replicates 2")
    for scheme in SCHEMES:
        smc = "law tree.json --method {} -n 4 --replicates 2 --resampling {} --ess-threshold {}"
        for method in ("smc", "guided-smc"):
            lines += [smc.format(method, scheme, threshold) for threshold in (0.5, 1)]
    return [Case("warm/0", line.split(), files) for line in lines]


KINDS: dict[Callable[[Random], tuple[list[str], dict[str, bytes]]], int] = {
    inspect: 20,
    certify: 22,
    compare: 8,
    law: 10,
    cost: 6,
    audit: 18,
    sweep: 6,
    folder: 2,
    make: 6,
    language: 2,
}
"""How often each command is tried."""
