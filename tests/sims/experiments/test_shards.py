"""Shards: computed once, recomputed when damaged, and the same table from any schedule."""

import json
from pathlib import Path

import pytest

from treesmc.sims.experiments.shards import Shards, collect, read_table, run, shards_of
from treesmc.sims.sources import source_hash

POINTS = [{"T": T, "eps": 0.1} for T in (4, 8, 16)]
COLUMNS = ("T", "eps", "cost", "none")


class Square:
    """Counts its calls."""

    def __init__(self):
        self.calls = []

    def __call__(self, point):
        self.calls.append(point["T"])
        return {"cost": point["T"] ** 2 / 3, "none": None}


def run_all(compute, folder, jobs=1):
    return run(POINTS, compute, folder, lambda point: f"T={point['T']}", lambda p: p["T"], jobs)


def test_second_run_computes_nothing(tmp_path, capsys):
    first, second = Square(), Square()
    rows = run_all(first, tmp_path)
    assert first.calls == [16, 8, 4]  # the long ones first
    assert "3/3 T=4" in capsys.readouterr().err
    assert run_all(second, tmp_path) == rows
    assert second.calls == []
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"parameters": {"T": 5}, "result": {}}'])
def test_damaged_shard_is_computed_again(tmp_path, damage):
    rows = run_all(Square(), tmp_path)
    shards_of(Square(), tmp_path).path(POINTS[1]).write_text(damage)
    again = Square()
    assert run_all(again, tmp_path) == rows
    assert again.calls == [8]


def test_interrupted_run_resumes(tmp_path):
    def fails(point):
        if point["T"] == 8:
            raise KeyboardInterrupt
        return {"cost": 1.0}

    with pytest.raises(KeyboardInterrupt):
        run_all(fails, tmp_path)
    rest = Square()
    run_all(rest, tmp_path)
    assert 8 in rest.calls
    assert 16 not in rest.calls


def test_name_depends_on_parameters_and_sources(tmp_path):
    shards = Shards(tmp_path, "source")
    name = shards.path(POINTS[0])
    assert name == shards.path(dict(reversed(POINTS[0].items())))
    assert name != shards.path({**POINTS[0], "eps": 0.1 + 1e-16 * 2})
    assert name != Shards(tmp_path, "edited").path(POINTS[0])


def test_source_is_that_of_the_computing_module(tmp_path):
    assert shards_of(Square(), tmp_path) == Shards(tmp_path, source_hash(Path(__file__)))


def test_shard_holds_provenance(tmp_path):
    shards = Shards(tmp_path, "source")
    shards.store(POINTS[0], {"cost": 1.0})
    shard = json.loads(shards.path(POINTS[0]).read_text())
    assert shard["parameters"] == POINTS[0]
    assert set(shard["provenance"]) == {"source", "revision", "python", "numpy", "numba"}
    assert shards.load(POINTS[0]) == {"cost": 1.0}
    assert shards.load(POINTS[1]) is None


def test_table_is_the_same_from_any_schedule(tmp_path):
    tables = [
        collect(run_all(Square(), tmp_path / str(jobs), jobs), COLUMNS, tmp_path / f"{jobs}.csv")
        for jobs in (1, 3)
    ]
    data = [table.read_bytes() for table in tables]
    assert data[0] == data[1]
    assert data[0].decode().splitlines()[1] == "4,0.1,5.33333333333,"
    different = collect([{"T": 1}], COLUMNS, tmp_path / "different.csv")
    assert different.read_bytes() != data[0]


def test_unchanged_table_is_left_alone(tmp_path):
    rows = run_all(Square(), tmp_path)
    table = collect(rows, COLUMNS, tmp_path / "table.csv")
    before = table.stat().st_ino
    assert collect(rows, COLUMNS, table).stat().st_ino == before
    assert collect(rows[:1], COLUMNS, table).stat().st_ino != before


def test_table_reads_back(tmp_path):
    table = collect([{"T": 4, "eps": "word", "cost": 1e-300}], COLUMNS, tmp_path / "table.csv")
    assert read_table(table) == [{"T": 4.0, "eps": "word", "cost": 1e-300, "none": None}]
