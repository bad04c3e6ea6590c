"""Tree files: what is written is read back, and bad files are refused by name and place."""

import contextlib
import json

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from treesmc.sims.base.errors import BadInput
from treesmc.sims.trees.families import needle_in_drift, random_tree
from treesmc.sims.trees.treefile import load_tree, save_tree

FIELDS = ("policy", "child", "log_value", "n_classes", "n_symbols")


@pytest.fixture
def tree_json(tmp_path):
    path = tmp_path / "tree.json"
    save_tree(random_tree(3, 2, seed=4), path)
    return path


def rewrite(path, **changes):
    data = {**json.loads(path.read_text()), **changes}
    path.write_text(json.dumps({k: v for k, v in data.items() if v is not None}))
    return path


@given(
    T=st.integers(1, 4),
    branching=st.integers(1, 3),
    seed=st.integers(0, 99),
    suffix=st.sampled_from([".json", ".npz"]),
)
def test_round_trip_keeps_every_bit(tmp_path_factory, T, branching, seed, suffix):
    tree = random_tree(T, branching, seed=seed)
    path = tmp_path_factory.mktemp("trees") / f"tree{suffix}"
    save_tree(tree, path)
    again = load_tree(path)
    assert again.name == tree.name
    for field in FIELDS:
        assert np.array_equal(getattr(again, field), getattr(tree, field)), field


def test_layers_of_different_width_round_trip(tmp_path):
    tree = needle_in_drift(6, 0.2)
    save_tree(tree, tmp_path / "t.json")
    assert np.array_equal(load_tree(tmp_path / "t.json").child, tree.child)


@pytest.mark.parametrize("field", ["policy", "child", "log_value"])
def test_missing_key_is_named(tree_json, field):
    with pytest.raises(BadInput, match=f"tree.json: {field}: missing"):
        load_tree(rewrite(tree_json, **{field: None}))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"policy": 3}, ["policy", "3", "list"]),
        ({"policy": []}, ["horizon is 0"]),
        ({"policy": [3, [[1]], [[1]]]}, ["policy", "depth 0"]),
        ({"name": 7}, ["name", "7"]),
        ({"log_value": "x"}, ["log_value", "'x'"]),
    ],
)
def test_wrong_types_are_named(tree_json, changes, words):
    with pytest.raises(BadInput) as refusal:
        load_tree(rewrite(tree_json, **changes))
    assert all(word in str(refusal.value) for word in ["tree.json", *words])


@pytest.mark.parametrize("text", ["", "[]", "3", "{", '{"policy": [[[', "\x00\xff", "null"])
def test_text_that_is_not_a_tree_object(tmp_path, text):
    path = tmp_path / "bad.json"
    path.write_text(text, encoding="latin-1")
    with pytest.raises(BadInput, match=r"bad\.json"):
        load_tree(path)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 400))
def test_truncated_files_are_refused(tmp_path, length):
    for suffix in (".json", ".npz"):
        whole = tmp_path / f"whole{suffix}"
        save_tree(random_tree(2, 2), whole)
        cut = tmp_path / f"cut{suffix}"
        cut.write_bytes(whole.read_bytes()[:-1][:length])
        if suffix == ".npz" or length < whole.stat().st_size - 2:
            with pytest.raises(BadInput, match="cut"):
                load_tree(cut)


def test_absent_file_wrong_ending_and_missing_array(tmp_path):
    with pytest.raises(BadInput, match="absent"):
        load_tree(tmp_path / "absent.json")
    with pytest.raises(BadInput, match=r"\.json or \.npz"):
        load_tree(tmp_path / "tree.txt")
    np.savez(tmp_path / "part.npz", policy_0=np.ones((1, 1)))
    with pytest.raises(BadInput, match="child_0: missing"):
        load_tree(tmp_path / "part.npz")


def test_failed_write_keeps_the_old_file(tree_json, monkeypatch):
    before = tree_json.read_bytes()
    monkeypatch.setattr("os.fsync", lambda _: (_ for _ in ()).throw(OSError(28, "No space left")))
    with pytest.raises(BadInput, match="No space left"):
        save_tree(random_tree(2, 2), tree_json)
    assert tree_json.read_bytes() == before
    assert [p.name for p in tree_json.parent.iterdir()] == ["tree.json"]


@pytest.mark.parametrize("value", [1e299, -1e299, 1.1e9])
def test_a_logarithm_beyond_all_digits_is_named(tree_json, value):
    layers = json.loads(tree_json.read_text())["log_value"]
    layers[1][0] = value
    with pytest.raises(BadInput, match=r"log_value: depth 1, class 0: .* is out of range"):
        load_tree(rewrite(tree_json, log_value=layers))


def test_a_spoiled_archive_is_refused_wherever_it_is_spoiled(tmp_path):
    save_tree(random_tree(2, 2), tmp_path / "whole.npz")
    whole = (tmp_path / "whole.npz").read_bytes()
    spoiled = tmp_path / "spoiled.npz"
    for place in range(0, len(whole), 7):
        spoiled.write_bytes(whole[:place] + bytes([whole[place] ^ 0x55]) + whole[place + 1 :])
        with contextlib.suppress(BadInput):  # or read, where a time stamp is of no account
            load_tree(spoiled)


def test_short_floats_are_numbers_too(tmp_path):
    save_tree(random_tree(1, 2), tmp_path / "tree.npz")
    with np.load(tmp_path / "tree.npz") as archive:
        arrays = {key: archive[key] for key in archive.files}
    arrays["child_0"] = arrays["child_0"].astype(np.float16)
    np.savez(tmp_path / "short.npz", **arrays)
    assert load_tree(tmp_path / "short.npz").child.tolist() == [0, 1]
