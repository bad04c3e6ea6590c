"""Runs of experiments: computed once, long points first, and the same table from any schedule."""

from pathlib import Path

import pytest

from treesmc.figures.shards import collect, read_table, run, shards_of
from treesmc.sims.base.sources import source_hash
from treesmc.sims.sweeps.shards import Shards

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


def test_damaged_shard_is_computed_again(tmp_path):
    rows = run_all(Square(), tmp_path)
    shards_of(Square(), tmp_path).path(POINTS[1]).write_text("{")
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


def test_failing_point_stops_the_run(tmp_path):
    def fails(point):
        raise ValueError("a bug")

    with pytest.raises(RuntimeError, match=r"^T=16: ValueError: a bug$"):
        run_all(fails, tmp_path)


def test_source_is_that_of_the_computing_module(tmp_path):
    assert shards_of(Square(), tmp_path) == Shards(tmp_path, source_hash(Path(__file__)))


def test_table_is_the_same_from_any_schedule(tmp_path):
    tables = [
        collect(run_all(Square(), tmp_path / str(jobs), jobs), COLUMNS, tmp_path / f"{jobs}.csv")
        for jobs in (1, 3)
    ]
    data = [table.read_bytes() for table in tables]
    assert data[0] == data[1]
    assert data[0].decode().splitlines()[1] == "4,0.1,5.33333333333,"
    assert read_table(tables[0])[0] == {"T": 4.0, "eps": 0.1, "cost": 5.33333333333, "none": None}
    different = collect([{"T": 1}], COLUMNS, tmp_path / "different.csv")
    assert different.read_bytes() != data[0]
