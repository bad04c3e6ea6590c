"""The sweep files of the experiments: which points they mean, and that the tables are theirs."""

import csv
import math
from collections import Counter
from itertools import pairwise
from pathlib import Path

import pytest

from treesmc.cli import main
from treesmc.figures.perturbations.points import COMPOUNDING
from treesmc.figures.phase.points import log_needle_constant
from treesmc.figures.queries.points import n_symbols
from treesmc.figures.rooms import NAMES
from treesmc.figures.run import compute, plan, points
from treesmc.sims.base import portable
from treesmc.sims.base.sources import ROOT, _closure
from treesmc.sims.sweeps.table import csv_lines, read_table
from treesmc.sims.trees.families import needle

RESULTS = Path(__file__).parents[2] / "results"
FILES = {name: ROOT / "figures" / name / "points.toml" for name in NAMES}
SERIES = {
    "headline": {13: 6},
    "exponent": {11: 4, 10: 1, 9: 1},
    "guided": {4 * 13: 2, 13: 3, 3 * 13: 4},
    "phase": {2 * 31 * 16: 1, 5 + 10 + 4 * 12: 1},
    "looseness": {6: 3},
    "queries": {7 + 11 + 11: 2, 3 * 11: 1, 20 * 2 * 16: 1, 2 * 16: 1},
    "perturbations": {13: 2, 17 * 5: 1, 17 * 3: 1, 8: 2},
    "pool": {4 * 8: 1, 3: 1, 9: 1} | {13 + 11 + 8: 1 + 2},
    "resampling": {10: 10, 8: 10},
    "language": {1: 3, 9 * 2: 1, 9: 1, 4: 2, 7 * 2: 1, 8: 1},
}


def cells(rows, columns):
    lines = (line.decode() for line in csv_lines(rows, columns))
    return list(csv.DictReader(lines))


@pytest.mark.parametrize("name", NAMES)
def test_every_series_is_as_long_as_its_axes_say(name):
    lengths = Counter(point["series"] for point in points(name))
    assert Counter(lengths.values()) == SERIES[name]


@pytest.mark.parametrize("quick", [False, True])
@pytest.mark.parametrize("name", NAMES)
def test_points_do_not_repeat(name, quick):
    asked = points(name, quick)
    assert len({tuple(sorted(map(str, p.items()))) for p in asked}) == len(asked)


@pytest.mark.parametrize("quick", [False, True])
@pytest.mark.parametrize(
    ("name", "within"),
    [
        *((name, ()) for name in ("headline", "exponent", "looseness", "perturbations", "phase")),
        ("resampling", ("family",)),
        ("queries", ("N", "t")),
    ],
)
def test_seeds_differ(name, within, quick):
    seeded = [p for p in points(name, quick) if "seed" in p]
    assert seeded
    assert len({(p["seed"], *(p[key] for key in within)) for p in seeded}) == len(seeded)


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("headline", ("replicates",)),
        ("guided", ()),
        ("phase", ("replicates", "seed")),
        ("looseness", ("replicates",)),
        ("perturbations", ("replicates", "seed")),
        ("pool", ()),
        ("resampling", ("replicates",)),
    ],
)
def test_a_quick_version_is_a_part_of_the_full_one(name, other):
    def kept(point):
        return tuple(sorted((k, v) for k, v in point.items() if k not in other))

    full, quick = (list(map(kept, points(name, quick))) for quick in (False, True))
    assert set(quick) < set(full)
    assert len(quick) < len(full) / 1.9
    assert [point for point in full if point in set(quick)] == quick


def agrees(name, rows):
    """Whether rows and points are the same, in order, as far as points go."""
    asked = points(name)
    expected = cells(asked, list(plan(name).columns()))
    # The corpus depends on the version of Python.
    return len(rows) == len(asked) and all(
        row[key] == cell[key]
        for point, cell, row in zip(asked, expected, rows, strict=True)
        for key in cell
        if key in point and key != "corpus"
    )


@pytest.mark.parametrize("name", NAMES)
def test_committed_table_has_the_points_of_the_file(name):
    with (RESULTS / f"{name}.csv").open(newline="") as handle:
        reader = csv.DictReader(handle)
        rows = list(reader)
    assert list(reader.fieldnames) == list(plan(name).columns())
    assert agrees(name, rows)
    assert not agrees(name, rows[:-1])
    assert not agrees(name, [rows[1], rows[0], *rows[2:]])
    assert not agrees(name, [*rows[:-1], {**rows[-1], "T": "3"}])


def test_horizons_of_the_exponent_are_spread_evenly_in_x():
    wanted = (0.75, 1, 1.5, 2, 2.75, 3.5, 4.5, 5.5, 6.5, 7.5, 8.5)
    quick = (1, 2, 3.5, 5, 6.5)
    for scales, asked in ((wanted, points("exponent")), (quick, points("exponent", quick=True))):
        for eps in {p["eps"] for p in asked}:
            horizons = [p["T"] for p in asked if p["eps"] == eps]
            nearest = {max(2, round(x / math.log1p(eps))) for x in scales}
            assert horizons == sorted(nearest)


def test_schedules_of_the_phase_diagram():
    asked = points("phase")
    powers = [p for p in asked if p["a"] is not None]
    assert all(p["eps"] == p.get("c", 1.0) * portable.power(p["T"], -p["a"]) for p in powers)
    edge = [p for p in asked if p["a"] is None]
    assert all(p["eps"] == pytest.approx(math.log(p["T"]) / (2 * p["T"])) for p in edge)
    a, c = (sorted({p[key] for p in asked if p["series"] == "map"}) for key in ("a", "c"))
    assert (a[0], a[-1], c[0], c[-1]) == (0.5, 1.5, 0.125, 4.0)
    assert all(y - x == pytest.approx(1 / 30) for x, y in pairwise(a))
    assert all(y / x == pytest.approx(2 ** (1 / 3)) for x, y in pairwise(c))


def test_lines_of_the_phase_diagram_end_where_first_order_particles_reach_1e13():
    lines = [p for p in points("phase") if p["series"] == "line"]
    horizons = sorted({p["T"] for p in lines})

    def within_reach(T, eps):
        return log_needle_constant(T, eps) < math.log(0.1 * 1e13)

    assert all(within_reach(p["T"], p["eps"]) for p in lines)
    for a in {p["a"] for p in lines} - {None}:
        line = [p["T"] for p in lines if p["a"] == a]
        assert line == [T for T in horizons if within_reach(T, T**-a)]


def test_compounding_errors_stop_before_1e12_particles():
    asked = points("perturbations")
    others = {p["eps"] for p in asked if p["series"] == "random_sign"}
    for name in COMPOUNDING:
        kept = {p["eps"] for p in asked if p["series"] == name and p["T"] == 64}
        assert kept == {eps for eps in others if 2 * 64 * math.log1p(eps) < 25}
    assert all(p["eps"] == 0.1 for p in asked if p["T"] != 64 and p["eps"])


def test_trees_of_resampling_differ_in_the_horizon_only():
    asked = points("resampling")
    assert all((p["T"] - 1) * math.log1p(p["eps"]) == pytest.approx(1) for p in asked)
    drift = [p for p in asked if p["family"] == "needle_in_drift"]
    assert all(2**17 - p["T"] < p["T"] * p["replicates"] < 2**17 + p["T"] for p in drift)
    variants = {(p["scheme"], p["kappa"]): set() for p in asked}
    for p in asked:
        variants[p["scheme"], p["kappa"]].add(p["seed"] - p["T"])
    assert sorted(map(tuple, variants.values())) == [(1000 * i,) for i in range(10)]


def test_efforts_of_queries_are_eighths_of_the_symbols():
    efforts = [x / 8 for x in (*range(9), 10, 12)]
    asked = points("queries")
    for T, eps in {(p["T"], p["eps"]) for p in asked if p["series"] == "smc"}:
        H = n_symbols(needle(T, eps))
        N = [p["N"] for p in asked if (p["series"], p["T"]) == ("smc", T)]
        assert N == [max(1, round(x * H)) for x in efforts]
    H = n_symbols(needle(16, 0.2))
    assert {p["N"] for p in asked if p["series"] == "run"} == {H, 200 * H}
    for H in {p["H"] for p in asked if p["series"] == "fresh"}:
        q = [p["q"] for p in asked if (p["series"], p.get("H")) == ("fresh", H)]
        assert q == sorted({round(x * H) for x in efforts})


def test_fixed_steps_of_pools_are_the_best_in_the_limit():
    limits = [row for row in read_table(RESULTS / "pool.csv") if row["series"] == "limit"]
    fixed = {(p["c"], p["H"]) for p in points("pool") if p["series"] == "fixed H"}
    assert fixed == {(row["c"], row["H"]) for row in limits}


@pytest.mark.parametrize("name", NAMES)
def test_a_figure_runs_as_a_sweep(name, tmp_path, capsys):
    """A figure finds what a sweep computed, and both make the same table."""
    out, results = tmp_path / "out", tmp_path / "results"
    engine = ["--engine", "processes"] if name == "guided" else []
    command = ["sweep", str(FILES[name]), "--quick", "--out", str(out), "--jobs", "2", *engine]
    assert main(command) == 0
    assert main(["status", str(out)]) == 0
    assert f"{len(points(name, quick=True))}" in capsys.readouterr().out
    assert main(["collect", str(out), "-o", f"{out}.csv"]) == 0
    if name != "guided":  # whose table is computed again, by threads
        (results / "shards").mkdir(parents=True)
        (out / "shards").rename(results / "shards" / name)
    capsys.readouterr()
    table = compute(name, results, jobs=2, quick=True)
    assert (capsys.readouterr().err == "") == (name != "guided")
    assert table.read_bytes() == Path(f"{out}.csv").read_bytes()
    assert len(table.read_text().splitlines()) == 1 + len(points(name, quick=True))


@pytest.mark.parametrize("name", NAMES)
def test_what_computes_an_experiment_imports_no_other(name):
    compute_point = plan(name).vocabulary.compute_point
    closure = _closure(ROOT.joinpath(*compute_point.__module__.split(".")[1:]).with_suffix(".py"))
    inside = {path.parent.name for path in closure if path.is_relative_to(ROOT / "figures")}
    assert inside == ({name} if name != "headline" else set())
    assert not {path.stem for path in closure} & {"plan", "runner", "engines", "folder"}


@pytest.mark.parametrize("name", NAMES)
def test_dry_run_prints_the_points(name, capsys):
    assert main(["sweep", str(FILES[name]), "--quick", "--dry-run"]) == 0
    shown = capsys.readouterr()
    n = len(points(name, quick=True))
    assert len(shown.out.splitlines()) == 1 + n
    assert shown.err.startswith(f"{n} points")
