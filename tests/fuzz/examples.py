"""What the fuzzer starts from: valid inputs of every kind, small, made by the program itself."""

import io
import json
from dataclasses import dataclass
from typing import Any

import numpy as np

from treesmc.audit.live.synthetic import logs_from_tree
from treesmc.sims.trees.families import FAMILIES
from treesmc.sims.trees.perturb import build
from treesmc.sims.trees.tree import TreeMDP
from treesmc.sims.trees.treefile import FIELDS

Layers = dict[str, Any]

TREES = (
    ("product", {"T": 1}, "random_sign"),
    ("product", {"T": 3}, "hidden"),
    ("needle", {"T": 2}, None),
    ("needle", {"T": 4}, None),
    ("needle_in_drift", {"T": 3}, None),
    ("persistent", {"T": 3}, None),
    ("random", {"T": 2, "branching": 3}, "value_noise"),
)
LOGS = (
    {"prompts": 1, "paths": 8, "K": 2, "rollouts": 0},
    {"prompts": 1, "paths": 10, "K": 3, "rollouts": 2},
    {"prompts": 2, "paths": 8, "K": 2, "rollouts": 2},
    {"prompts": 2, "paths": 8, "K": 2, "rollouts": 2, "guided": True},
    {"prompts": 3, "paths": 2, "K": 2, "rollouts": 2, "linked": False},
    {"prompts": 1, "paths": 60, "K": 2, "rollouts": 2},  # enough of them that predictions are made
)
SCORES = (
    {"prompt": "p", "scores": [0.9, 0.4], "log_reward": -0.3, "log_weights": [-0.1, -0.2]},
    {"prompt": "p", "scores": [0.5, 0.6], "log_reward": -0.7, "log_weights": [-0.3, -0.4]},
    {"prompt": "q", "scores": [0.8], "log_reward": -0.1},
    {"prompt": "q", "scores": [0.7, 0.2, 0.1], "log_reward": -2.0},
)
SWEEPS = (
    'family = "needle"\nT = [2, 3]\neps = ["1/T", "0.5*log(T)/T", 0.05]\nmethod = "naive"\n'
    'delta = 0.1\nseed = {from = 0, to = 1}\ncolumns = ["T", "n_star", "error"]\n',
    'family = "persistent"\nT = 3\neps = "c/T**a"\nc = {from = 0.5, to = 2, count = 3, '
    'scale = "log"}\na = 1.0\nmethod = "guided"\nseries = "c = {c}"\n[quick]\nc = 1\n',
    'eps = 0.1\n[[grid]]\nfamily = "product"\nr = 2\nT = [1, 2]\nmethod = ["naive", "rejection"]\n'
    'N = 4\n[[list]]\nfamily = ["needle", "random"]\nT = [3, 2]\nmethod = "smc"\nN = [2, 4]\n'
    "replicates = 256\n",
    'experiment = "guided"\n',
)
TEXT = "the theory of what a particle returns, and when; a needle in the drift. " * 4


@dataclass(frozen=True)
class Examples:
    """Valid inputs: trees as layers, logs as lists of lines."""

    trees: list[Layers]
    logs: list[list[Layers]]


def make_examples() -> Examples:
    """Return valid trees and logs."""
    trees = [_tree(*words) for words in TREES]
    judged = trees[4]
    logs = [list(logs_from_tree(judged, seed=0, **design)) for design in LOGS]
    return Examples([layers_of(tree) for tree in trees], logs)


def _tree(family: str, options: Layers, perturbation: str | None) -> TreeMDP:
    return build(FAMILIES[family], {"eps": 0.2, "seed": 0, **options}, perturbation)


def layers_of(tree: TreeMDP) -> Layers:
    """Return a tree as its JSON file holds it."""
    at = {"policy": tree.policy_at, "child": tree.child_at, "log_value": tree.log_value_at}
    depths = {field: tree.horizon + (field == "log_value") for field in FIELDS}
    layers = {field: [at[field](t).tolist() for t in range(depths[field])] for field in FIELDS}
    return {"name": tree.name, **layers}


def npz_bytes(arrays: dict[str, Any]) -> bytes:
    """Return arrays as an NPZ file, object arrays pickled."""
    buffer = io.BytesIO()
    np.savez(buffer, **arrays)
    return buffer.getvalue()


def parquet_bytes(records: list[Any]) -> bytes:
    """Return records as a Parquet table."""
    import pyarrow
    from pyarrow import parquet

    buffer = io.BytesIO()
    parquet.write_table(pyarrow.Table.from_pylist(records), buffer)
    return buffer.getvalue()


def lines_of(records: list[Any]) -> str:
    """Return records as JSON Lines."""
    return "".join(json.dumps(record) + "\n" for record in records)
