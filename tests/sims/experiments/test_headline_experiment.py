"""The headline's points are a sweep file, and its numbers are those of the committed table."""

from pathlib import Path

import pytest

from treesmc.sims.experiments.headline import (
    COLUMNS,
    CONSTANT,
    PLAN,
    SERIES,
    collect,
    compute_point,
    points,
)
from treesmc.sims.experiments.shards import read_table
from treesmc.sims.sweeps.plan import load_sweep

COMMITTED = Path(__file__).parents[3] / "results" / "headline.csv"


def test_points_are_those_of_the_sweep_file():
    assert points() == list(load_sweep(PLAN))
    assert {(p["series"], p["method"]) for p in points()} == {
        (name, series.method) for name, series in SERIES.items()
    }
    assert {p["eps"] for p in points() if "constant" in p["series"]} == {CONSTANT}


def test_coarse_points_are_fewer_and_cheaper():
    full = {(p["series"], p["T"]): p["replicates"] for p in points()}
    assert all(p["replicates"] < full[p["series"], p["T"]] for p in points(quick=True))


@pytest.mark.parametrize(("series", "T"), [("naive-constant", 8), ("over-T", 4), ("exact", 4)])
def test_committed_numbers(tmp_path, series, T):
    (point,) = (p for p in points() if (p["series"], p["T"]) == (series, T))
    table = collect([{**point, **compute_point(point)}], COLUMNS, tmp_path / "table.csv")
    header, line = table.read_text().splitlines()
    committed = COMMITTED.read_text().splitlines()
    assert header == committed[0]
    assert line in committed
    other = collect([{**point, **compute_point({**point, "delta": 0.2})}], COLUMNS, table)
    assert other.read_text().splitlines()[1] not in committed


def test_table_has_every_point():
    rows = read_table(COMMITTED)
    assert [(r["series"], r["T"], r["seed"]) for r in rows] == [
        (p["series"], p["T"], p["seed"]) for p in points()
    ]
