"""Shards: named by parameters and sources, whole or absent, trusted only if they match."""

import json
import os
import time

import pytest

from treesmc.sims.sweeps.shards import ABANDONED, Shards

POINT = {"T": 4, "eps": 0.1}
OTHER = {"T": 8, "eps": 0.1}


@pytest.fixture
def shards(tmp_path):
    return Shards(tmp_path / "shards", "source")


def test_name_depends_on_parameters_and_sources(shards):
    name = shards.path(POINT)
    assert name == shards.path(dict(reversed(POINT.items())))
    assert name != shards.path({**POINT, "eps": 0.1 + 1e-16 * 2})
    assert name != Shards(shards.folder, "edited").path(POINT)


def test_shard_holds_result_and_provenance(shards):
    shards.store(POINT, {"result": {"cost": 1.0}})
    shard = json.loads(shards.path(POINT).read_text())
    assert shard["parameters"] == POINT
    assert set(shard["provenance"]) == {"source", "revision", "python", "numpy", "numba"}
    assert shards.load(POINT) == {"cost": 1.0}
    assert shards.error(POINT) is None
    assert shards.load(OTHER) is None


def test_failure_is_on_record_but_is_no_result(shards):
    shards.store(POINT, {"error": "too large", "traceback": "..."})
    assert shards.load(POINT) is None
    assert shards.error(POINT) == "too large"
    assert shards.error(OTHER) is None
    shards.store(POINT, {"result": {"cost": 1.0}})
    assert shards.error(POINT) is None


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"parameters": {"T": 5}, "result": {}}'])
def test_damaged_shard_is_not_trusted(shards, damage):
    shards.store(POINT, {"result": {"cost": 1.0}})
    shards.path(POINT).write_text(damage)
    assert shards.load(POINT) is None
    assert shards.error(POINT) is None


def test_what_a_killed_writer_left_is_removed(shards):
    shards.store(POINT, {"result": {"cost": 1.0}})
    old, new = (shards.folder / f".{name}.json.tmp" for name in ("old", "new"))
    old.write_text("half")
    new.write_text("half")
    os.utime(old, times=(time.time() - 2 * ABANDONED,) * 2)
    shards.tidy()
    assert not old.exists()
    assert new.exists()  # its writer may be at it
    assert shards.load(POINT) == {"cost": 1.0}
