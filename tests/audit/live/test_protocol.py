import numpy as np
import pytest
from small import SMALL

from treesmc.audit import audit_model
from treesmc.audit.live.protocol import Checked, take
from treesmc.audit.live.tree_model import TreeModel
from treesmc.sims.base.errors import BadInput
from treesmc.sims.base.streams import generator
from treesmc.sims.trees import families

TREE = families.random_tree(3, seed=1)


def with_method(name, method):
    """A tree model with one method replaced; the method gets what the right one answers."""
    right = TreeModel(TREE)
    wrong = TreeModel(TREE)
    setattr(wrong, name, lambda *args: method(getattr(right, name)(*args)))
    return wrong


WRONG = {
    "start: 3 states": ("start", lambda x: np.append(x, [0, 0])),
    "start: a int has no length": ("start", lambda x: 7),
    "extend: ": ("extend", lambda x: x[:-1]),
    "log_values: has shape [1, 1], expected [1]": ("log_values", lambda x: x[:, None]),
    "log_values: nan": ("log_values", lambda x: np.full(len(x), np.nan)),
    "log_values: inf": ("log_values", lambda x: np.full(len(x), np.inf)),
    "log_values: holds <U": ("log_values", lambda x: x.astype(str)),
    "log_values: V of prompt '' is 0": ("log_values", lambda x: np.full(len(x), -np.inf)),
    "finished: holds int64, expected truth values": ("finished", lambda x: x.astype(int)),
    "finished: has shape []": ("finished", lambda x: True),
    "finished: ": ("finished", lambda x: np.zeros(len(x), dtype=bool)),
}


@pytest.mark.parametrize("message", WRONG)
def test_wrong_answers_name_the_method(message):
    with pytest.raises(BadInput) as caught:
        audit_model(with_method(*WRONG[message]), 3, **SMALL)
    assert str(caught.value).startswith(message)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", ["start", "extend", "log_values", "finished"])
def test_missing_methods_are_named(name):
    model = TreeModel(TREE)
    setattr(model, name, None)
    with pytest.raises(BadInput, match=f"^{name}: TreeModel has no such method"):
        audit_model(model, 3, **SMALL)


class Restless:
    """Ends at once with value `first`; a step later it is worth `later`, or has begun again."""

    def __init__(self, later, still):
        self.later, self.still = later, still

    def start(self, prompt, n):
        return [0] * n

    def extend(self, states, rng):
        return [1 for _ in states]

    def log_values(self, states):
        return np.where(np.array(states) == 0, 0.0, self.later)

    def finished(self, states):
        return np.array([state == 0 or self.still for state in states])


@pytest.mark.parametrize(
    ("model", "message"),
    [
        (Restless(0.0, False), "extend: a finished state became unfinished"),
        (Restless(0.5, True), "extend: the log value of a finished state went from 0 to 0.5"),
    ],
)
def test_a_finished_state_must_stay(model, message):
    with pytest.raises(BadInput, match=message):
        audit_model(model, 3, **SMALL)
    audit_model(Restless(0.0, True), 3, **SMALL)


def test_horizon_must_be_reached():
    with pytest.raises(BadInput, match="unfinished after 2 steps, the horizon"):
        audit_model(TreeModel(TREE), 2, **SMALL)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"prompts": "abc"}, "prompts: 'abc' is not a list of texts"),
        ({"prompts": ["a", "a"]}, "prompts: 2, but 1 distinct"),
        ({"prompts": []}, "prompts: 0, but 0 distinct"),
        ({"children": 1}, "children: 1 is not a whole number of at least 2"),
        ({"particles": 0}, "particles: 0"),
        ({"rollouts": 2.0}, "rollouts: 2.0"),
        ({"seed": -1}, "seed: -1"),
        ({"probes": 0, "guided": 0}, "nothing to probe"),
        ({"delta": 1.5}, "delta: 1.5"),
        ({"bootstrap": 3}, "bootstrap: 3"),
    ],
)
def test_arguments_are_checked(arguments, message):
    with pytest.raises(BadInput, match=message):
        audit_model(TreeModel(TREE), 3, **{**SMALL, **arguments})


def test_states_may_be_lists_or_arrays_but_not_sets():
    assert take(["a", "b", "c"], np.array([2, 2, 0])) == ["c", "c", "a"]
    assert take(np.array([5, 6, 7]), np.array([1])).tolist() == [6]
    with pytest.raises(BadInput, match="a set cannot be indexed"):
        take({1, 2}, np.array([0]))


def test_checked_answers_are_the_model_s_own():
    model, checked = TreeModel(TREE), Checked(TreeModel(TREE))
    here, there = (m.extend(m.start("", 50), generator(3)) for m in (model, checked))
    assert np.array_equal(here, there)
    assert np.array_equal(model.log_values(here), checked.log_values(there))
