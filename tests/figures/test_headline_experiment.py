"""The headline's points are its curves, and its numbers are those of the committed table."""

from pathlib import Path

import pytest

from treesmc.figures.headline.points import CONSTANT, SERIES
from treesmc.figures.run import plan, points
from treesmc.figures.shards import collect
from treesmc.sims.sweeps.point import compute_point

COMMITTED = Path(__file__).parents[2] / "results" / "headline.csv"
POINTS, COLUMNS = points("headline"), list(plan("headline").columns())


def test_points_are_those_of_the_curves():
    assert {(p["series"], p["method"]) for p in POINTS} == {
        (name, series.method) for name, series in SERIES.items()
    }
    assert {p["eps"] for p in POINTS if "constant" in p["series"]} == {CONSTANT}


def test_coarse_points_are_fewer_and_cheaper():
    full = {(p["series"], p["T"]): p["replicates"] for p in POINTS}
    quick = points("headline", quick=True)
    assert all(p["replicates"] == full[p["series"], p["T"]] / 4 for p in quick)


@pytest.mark.parametrize(("series", "T"), [("naive-constant", 8), ("over-T", 4), ("exact", 4)])
def test_committed_numbers(tmp_path, series, T):
    (point,) = (p for p in POINTS if (p["series"], p["T"]) == (series, T))
    table = collect([{**point, **compute_point(point)}], COLUMNS, tmp_path / "table.csv")
    header, line = table.read_text().splitlines()
    committed = COMMITTED.read_text().splitlines()
    assert header == committed[0]
    assert line in committed
    other = collect([{**point, **compute_point({**point, "delta": 0.2})}], COLUMNS, table)
    assert other.read_text().splitlines()[1] not in committed
