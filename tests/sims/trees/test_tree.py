"""The tree's validator: every defect is refused in one line that says where it is."""

import copy

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from treesmc.sims.base.errors import BadInput
from treesmc.sims.trees.tree import TreeMDP

GOOD = {
    "policy": [[[0.5, 0.5]], [[0.25, 0.75], [0.5, 0.5]]],
    "child": [[[0, 1]], [[0, 1], [1, 2]]],
    "log_value": [[0.0], [0.1, -0.2], [0.3, -0.4, 0.5]],
}


def good() -> dict:
    return copy.deepcopy(GOOD)


def test_layout_of_flat_arrays():
    tree = TreeMDP.from_layers(**good())
    assert tree.horizon == 2
    assert tree.n_classes.tolist() == [1, 2, 3]
    assert tree.class_start.tolist() == [0, 1, 3, 6]
    assert tree.edge_start.tolist() == [0, 2, 6]
    assert tree.policy_at(1).tolist() == good()["policy"][1]
    assert tree.child_at(1).tolist() == good()["child"][1]
    assert tree.log_value_at(2).tolist() == good()["log_value"][2]


def test_arrays_are_read_only():
    tree = TreeMDP.from_layers(**good())
    with pytest.raises(ValueError, match="read-only"):
        tree.policy[0] = 1.0


def defect(field, *place_and_value):
    *place, value = place_and_value
    layers = good()
    target = layers[field]
    for index in place[:-1]:
        target = target[index]
    target[place[-1]] = value
    return layers


DEFECTS = [
    (defect("policy", 1, 0, 1, -0.75), ["policy", "depth 1", "class 0", "-0.75"]),
    (defect("policy", 1, 0, 1, float("nan")), ["policy", "depth 1", "class 0", "nan"]),
    (defect("policy", 1, 0, 1, 0.75 + 2e-9), ["policy", "depth 1", "class 0", "sums to"]),
    (defect("policy", 1, 0, [1.0]), ["policy", "depth 1", "ragged"]),
    (defect("policy", 1, 0, 1, "x"), ["policy", "depth 1", "not a number"]),
    (defect("policy", 1, 0, 1, True), ["policy", "depth 1", "True"]),
    (defect("policy", 1, 0, 1, None), ["policy", "depth 1", "None"]),
    (defect("policy", 1, []), ["policy", "depth 1", "shape"]),
    (defect("policy", 1, [[0.5, 0.5]]), ["policy", "depth 1", "1 rows", "2 classes"]),
    (defect("child", 1, 1, 1, 3), ["child", "depth 1", "class 1", "3", "3 classes"]),
    (defect("child", 1, 1, 1, -1), ["child", "depth 1", "class 1", "-1"]),
    (defect("child", 1, 1, 1, 0.5), ["child", "depth 1", "class 1", "0.5", "class index"]),
    (defect("child", 1, 1, 1, 1), ["child", "depth 2", "class 2", "unreachable"]),
    (defect("child", 1, [[0, 1]]), ["child", "depth 1", "shape"]),
    (defect("child", 1, 1, 1, float("inf")), ["child", "depth 1", "class 1", "inf"]),
    ({**good(), "child": [[[0, 1]]]}, ["child", "1 layers", "2"]),
    ({**good(), "log_value": [[0.0], [0.1, 0.2]]}, ["log_value", "2 layers", "3"]),
    ({"policy": [], "child": [], "log_value": [[0.0]]}, ["horizon is 0"]),
    (defect("log_value", 2, 1, float("-inf")), ["log_value", "depth 2", "class 1", "-inf", "A1"]),
    (defect("log_value", 2, 1, float("nan")), ["log_value", "depth 2", "class 1", "nan", "A1"]),
    (defect("log_value", 2, []), ["log_value", "depth 2", "shape"]),
    (defect("log_value", 0, [0.0, 0.0]), ["depth 0", "2 classes", "root"]),
]


@pytest.mark.parametrize(("layers", "words"), DEFECTS)
def test_defect_is_refused_with_its_place(layers, words):
    with pytest.raises(BadInput) as refusal:
        TreeMDP.from_layers(**layers)
    message = str(refusal.value)
    assert "\n" not in message
    for word in words:
        assert word in message


def test_class_reached_only_with_probability_zero_is_unreachable():
    layers = good()
    layers["policy"][1][1] = [1.0, 0.0]
    with pytest.raises(BadInput, match="depth 2, class 2: unreachable"):
        TreeMDP.from_layers(**layers)


@given(st.floats(-1e-9, 1e-9), st.integers(0, 1))
def test_rows_may_miss_one_by_rounding(error, row):
    layers = good()
    layers["policy"][1][row][0] += error * 0.99
    tree = TreeMDP.from_layers(**layers)
    assert np.abs(tree.policy_at(1).sum(axis=1) - 1).max() <= 1e-9


def test_with_log_value_replaces_the_reward_model():
    tree = TreeMDP.from_layers(**good())
    shifted = tree.with_log_value(tree.log_value + 1.0, name="shifted")
    assert shifted.name == "shifted"
    assert np.array_equal(shifted.log_value, tree.log_value + 1.0)
    assert np.array_equal(shifted.policy, tree.policy)
