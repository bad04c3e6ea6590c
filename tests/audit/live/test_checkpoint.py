import json

import pytest
from small import SMALL

from treesmc.audit import audit_model
from treesmc.audit.live.checkpoint import Checkpoint
from treesmc.audit.live.tree_model import TreeModel
from treesmc.sims.base.errors import BadInput
from treesmc.sims.trees import families

TREE = families.random_tree(3, seed=4)
SIZES = {**SMALL, "probes": 20, "guided": 12, "replicates": 3}  # several units of each kind


class Interrupted(TreeModel):
    """Raises KeyboardInterrupt at the n-th step."""

    def __init__(self, tree, steps):
        super().__init__(tree)
        self.steps = steps

    def extend(self, states, rng):
        self.steps -= 1
        if self.steps < 0:
            raise KeyboardInterrupt
        return super().extend(states, rng)


def run(model=None, **options):
    return audit_model(model or TreeModel(TREE), 3, prompts=["a", "b"], **{**SIZES, **options})


def written(result, path):
    result.write_log(path)
    return path.read_bytes(), result.report.to_json(), repr(result.pilots)


@pytest.mark.parametrize("steps", [0, 5, 60, 100])
def test_resumed_audit_is_byte_identical(tmp_path, steps):
    path = tmp_path / "work.jsonl"
    with pytest.raises(KeyboardInterrupt):
        run(Interrupted(TREE, steps), checkpoint=path)
    kept = len(path.read_text().splitlines()) - 1
    assert (kept > 0) == (steps > 5)
    resumed = run(checkpoint=path)
    assert written(resumed, tmp_path / "a") == written(run(), tmp_path / "b")
    again = run(Interrupted(TREE, 0), checkpoint=path)  # everything is there: not one step
    assert written(again, tmp_path / "a") == written(run(), tmp_path / "b")
    assert written(run(seed=1), tmp_path / "a") != written(run(), tmp_path / "b")


def test_a_torn_line_costs_its_unit_only(tmp_path):
    path = tmp_path / "work.jsonl"
    run(checkpoint=path)
    whole = path.read_bytes()
    path.write_bytes(whole[:-40])
    assert written(run(checkpoint=path), tmp_path / "a") == written(run(), tmp_path / "b")
    assert path.read_bytes() == whole


def test_more_probes_and_another_tolerance_reuse_what_is_there(tmp_path):
    path = tmp_path / "work.jsonl"
    run(checkpoint=path, probes=8)
    more = run(checkpoint=path, probes=16, delta=0.2)
    assert written(more, tmp_path / "a") == written(run(probes=16, delta=0.2), tmp_path / "b")


@pytest.mark.parametrize(("name", "value"), [("seed", 1), ("children", 3), ("particles", 9)])
def test_other_parameters_are_refused_by_name(tmp_path, name, value):
    path = tmp_path / "work.jsonl"
    run(checkpoint=path)
    before = path.read_bytes()
    with pytest.raises(BadInput, match=f"was made with {name} = .*, not {value}"):
        run(checkpoint=path, **{name: value})
    assert path.read_bytes() == before


def test_another_model_is_noticed_by_its_root(tmp_path):
    path = tmp_path / "work.jsonl"
    run(checkpoint=path)
    with pytest.raises(BadInput, match=r"log V\(prompt\)"):
        run(TreeModel(families.random_tree(3, seed=5)), checkpoint=path)


@pytest.mark.parametrize("content", [b"", b"notes\n", b'{"prompt": 1}\n', b"[1]\n"])
def test_foreign_files_are_left_alone(tmp_path, content):
    path = tmp_path / "notes.txt"
    path.write_bytes(content)
    with pytest.raises(BadInput, match="is not a checkpoint"):
        run(checkpoint=path)
    assert path.read_bytes() == content


def test_folders_that_do_not_exist_are_named(tmp_path):
    with pytest.raises(BadInput, match="No such file"):
        run(checkpoint=tmp_path / "none" / "work.jsonl")


def test_infinities_and_floats_survive():
    store = Checkpoint(None, {})
    value = [float("-inf"), 0.1 + 0.2, 5e-324]
    assert store.result("x", lambda: value) == value
    assert store.result("x", lambda: 1 / 0) == value
    assert json.loads(json.dumps(value)) == value
