"""Trees on disk: JSON for people and other languages, NPZ for large trees.

JSON
    An object with ``policy`` (T matrices, each S_t rows of B_t numbers), ``child`` (T matrices of
    the same shape, integers below S_{t+1}), ``log_value`` (T + 1 vectors of length S_t, between
    -1e9 and 1e9) and, optionally, ``name``.
NPZ
    The same layers as NumPy arrays keyed ``policy_0 ... policy_{T-1}``, ``child_0 ...``,
    ``log_value_0 ... log_value_T``, and optionally ``name``.

The ending of the file name, ``.json`` or ``.npz``, decides.
"""

import json
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np

from treesmc.sims.base.errors import BadInput
from treesmc.sims.base.files import write_atomically
from treesmc.sims.base.jsontext import parse
from treesmc.sims.trees.tree import TreeMDP

FIELDS = ("policy", "child", "log_value")


def load_tree(path: str | Path) -> TreeMDP:
    """Read and validate a tree.

    Parameters
    ----------
    path : path
        Ends in ``.json`` or ``.npz``.

    Returns
    -------
    TreeMDP

    Raises
    ------
    BadInput
        One line naming the file, the field, the depth, the class and the value that is wrong.
    """
    path = Path(path)
    read = _by_suffix(path, _read_json, _read_npz)
    try:
        layers = read(path)
        return TreeMDP.from_layers(**layers)
    except OSError as error:
        raise BadInput(f"{path}: {error.strerror or error}") from None
    except BadInput as error:
        raise BadInput(f"{path}: {error}") from None


def save_tree(tree: TreeMDP, path: str | Path) -> None:
    """Write a tree, atomically: the file is either the old one or the whole new one.

    Parameters
    ----------
    tree : TreeMDP
    path : path
        Ends in ``.json`` or ``.npz``.

    Raises
    ------
    BadInput
        If the ending is neither, or the file cannot be written.
    """
    path = Path(path)
    write = _by_suffix(path, _write_json, _write_npz)
    try:
        write_atomically(path, lambda handle: write(tree, handle))
    except OSError as error:
        raise BadInput(f"{path}: {error.strerror or error}") from None


def _by_suffix(path: Path, for_json: Callable, for_npz: Callable) -> Callable:
    if path.suffix not in (".json", ".npz"):
        raise BadInput(f"{path}: the name of a tree file ends in .json or .npz")
    return for_json if path.suffix == ".json" else for_npz


def _read_json(path: Path) -> dict[str, Any]:
    data = parse(path.read_bytes())
    if not isinstance(data, dict):
        raise BadInput(f"holds a {type(data).__name__}; expected an object with {list(FIELDS)}")
    for field in FIELDS:
        if field not in data:
            raise BadInput(f"{field}: missing")
        if not isinstance(data[field], list):
            raise BadInput(f"{field}: {_shown(data[field])} where a list of layers is expected")
    layers = {field: data[field] for field in FIELDS}
    return {**layers, "name": _checked_name(data.get("name", ""))}


def _read_npz(path: Path) -> dict[str, Any]:
    try:
        with (
            warnings.catch_warnings(action="error"),
            path.open("rb") as handle,
            np.load(handle, allow_pickle=False) as archive,
        ):
            arrays = {key: archive[key] for key in archive.files}
    except OSError:
        raise
    except Exception as error:  # of a spoiled archive NumPy, zipfile and zlib each raise their own
        reason = " ".join(str(error).split()) or type(error).__name__
        raise BadInput(f"not an NPZ archive of plain arrays, or cut short: {reason}") from None
    horizon = sum(key.startswith("policy_") for key in arrays)
    layers = {
        "policy": _take(arrays, "policy", horizon),
        "child": _take(arrays, "child", horizon),
        "log_value": _take(arrays, "log_value", horizon + 1),
    }
    return {**layers, "name": _checked_name(arrays.get("name", np.array("")).tolist())}


def _take(arrays: dict[str, np.ndarray], field: str, n_layers: int) -> list[np.ndarray]:
    keys = [f"{field}_{t}" for t in range(n_layers)]
    for key in keys:
        if key not in arrays:
            raise BadInput(f"{key}: missing")
    return [arrays[key] for key in keys]


def _checked_name(name: Any) -> str:
    if not isinstance(name, str):
        raise BadInput(f"name: {_shown(name)} is not text")
    return name


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 40 else text[:37] + "..."


def _write_json(tree: TreeMDP, handle: BinaryIO) -> None:
    layers = {
        "name": tree.name,
        "policy": [tree.policy_at(t).tolist() for t in range(tree.horizon)],
        "child": [tree.child_at(t).tolist() for t in range(tree.horizon)],
        "log_value": [tree.log_value_at(t).tolist() for t in range(tree.horizon + 1)],
    }
    handle.write((json.dumps(layers) + "\n").encode())


def _write_npz(tree: TreeMDP, handle: BinaryIO) -> None:
    arrays: dict[str, Any] = {"name": np.array(tree.name)}
    for t in range(tree.horizon):
        arrays[f"policy_{t}"], arrays[f"child_{t}"] = tree.policy_at(t), tree.child_at(t)
    for t in range(tree.horizon + 1):
        arrays[f"log_value_{t}"] = tree.log_value_at(t)
    np.savez_compressed(handle, **arrays)
