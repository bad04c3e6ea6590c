"""Every room: its points, its committed table, its run as a sweep, its drawing."""

import csv
import shutil
import subprocess
from pathlib import Path

import pytest
from drawing import RESULTS

from treesmc.cli import main
from treesmc.figures import rooms
from treesmc.figures.rooms import FILES, NAMES, compute, draw, plan
from treesmc.sims.base.errors import BadInput
from treesmc.sims.base.sources import ROOT, _closure
from treesmc.sims.sweeps.keys import whole
from treesmc.sims.sweeps.table import csv_lines
from treesmc.sims.sweeps.vocabulary import Vocabulary

EVERY_ROOM = pytest.mark.parametrize("name", NAMES)
QUICK_OR_NOT = pytest.mark.parametrize("quick", [False, True])
CHECKOUT = Path(__file__).parents[2]


def cells(rows, columns):
    lines = (line.decode() for line in csv_lines(rows, columns))
    return list(csv.DictReader(lines))


def committed_cells(name):
    with (RESULTS / f"{name}.csv").open(newline="") as handle:
        return list(csv.DictReader(handle))


def test_places_differ_and_come_in_order():
    places = [FILES[name]["place"] for name in NAMES]
    assert places == sorted(set(places))


@QUICK_OR_NOT
@EVERY_ROOM
def test_points_do_not_repeat(name, quick):
    sweep = plan(name, quick)
    assert len({tuple(sorted(map(str, p.items()))) for p in sweep}) == len(sweep) > 0


@QUICK_OR_NOT
@pytest.mark.parametrize(
    ("name", "within"),
    [
        *((name, ()) for name in ("headline", "exponent", "looseness", "perturbations", "phase")),
        ("resampling", ("family",)),
        ("queries", ("N", "t")),
    ],
)
def test_seeds_differ(name, within, quick):
    seeded = [p for p in plan(name, quick) if "seed" in p]
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

    full, quick = (list(map(kept, plan(name, quick))) for quick in (False, True))
    assert set(quick) < set(full)
    assert len(quick) < len(full) / 1.9
    assert [point for point in full if point in set(quick)] == quick


@EVERY_ROOM
def test_committed_table_has_the_points_of_the_file(name):
    asked, columns = list(plan(name)), list(plan(name).columns())
    expected = cells(asked, columns)

    def agrees(rows):
        """Whether rows are the points, in order; the corpus depends on the version of Python."""
        return len(rows) == len(asked) and all(
            row[key] == cell[key]
            for point, cell, row in zip(asked, expected, rows, strict=True)
            for key in cell
            if key in point and key != "corpus"
        )

    rows = committed_cells(name)
    assert list(rows[0]) == columns
    assert agrees(rows)
    assert not agrees(rows[:-1])
    assert not agrees([rows[1], rows[0], *rows[2:]])
    assert not agrees([*rows[:-1], {**rows[-1], "T": "3"}])


@EVERY_ROOM
def test_committed_numbers_are_computed_again(name):
    """At the shortest horizon of every series; and not where there is another step or query."""
    sweep, committed = plan(name), committed_cells(name)

    def row(point, asked):
        found = {**point, **sweep.vocabulary.compute_point(asked)}
        return cells([found], list(sweep.columns()))[0]

    for series in {point["series"] for point in sweep}:
        point = min((p for p in sweep if p["series"] == series), key=lambda p: p["T"])
        assert row(point, point) in committed
    point = next(iter(sweep))
    more = {key: point[key] + 1 for key in ("T", "q") if key in point}
    assert row(point, {**point, **more}) not in committed


@EVERY_ROOM
def test_a_table_is_that_of_a_sweep(name, quick_table, tmp_path, capsys):
    """Its points are a sweep's folder, and nothing is left to compute."""
    table = quick_table(name)
    folder, collected = table.parent / "shards" / name, tmp_path / "table.csv"
    capsys.readouterr()
    assert compute(name, table.parent, quick=True) == table
    assert capsys.readouterr().err == ""
    assert main(["status", str(folder)]) == 0
    assert f"{len(plan(name, quick=True))}" in capsys.readouterr().out
    assert main(["collect", str(folder), "-o", str(collected)]) == 0
    assert collected.read_bytes() == table.read_bytes()
    assert len(collected.read_text().splitlines()) == 1 + len(plan(name, quick=True))


@pytest.mark.parametrize("engine", ["threads", "processes"])
def test_a_sweep_of_a_copy_makes_the_table(engine, quick_table, tmp_path):
    copy, out = tmp_path / "copy.toml", tmp_path / "out"
    copy.write_bytes((ROOT / "figures/phase/points.toml").read_bytes())
    options = ["--quick", "--out", str(out), "--engine", engine, "--jobs", "2"]
    assert main(["sweep", str(copy), *options]) == 0
    assert main(["collect", str(out), "-o", f"{out}.csv"]) == 0
    assert Path(f"{out}.csv").read_bytes() == quick_table("phase").read_bytes()


@EVERY_ROOM
def test_dry_run_prints_the_points(name, capsys):
    file = str(ROOT / "figures" / name / "points.toml")
    assert main(["sweep", file, "--quick", "--dry-run"]) == 0
    shown = capsys.readouterr()
    n = len(plan(name, quick=True))
    assert len(shown.out.splitlines()) == 1 + n
    assert shown.err.startswith(f"{n} points")


@EVERY_ROOM
def test_what_computes_a_point_imports_no_other_room(name):
    compute_point = plan(name).vocabulary.compute_point
    closure = _closure(ROOT.joinpath(*compute_point.__module__.split(".")[1:]).with_suffix(".py"))
    inside = {path.parent.name for path in closure if path.is_relative_to(ROOT / "figures")}
    assert inside == ({name} if "experiment" in FILES[name] else set())
    assert not {path.stem for path in closure} & {"plan", "runner", "engines", "folder"}


@pytest.mark.parametrize(
    ("folder", "above"),
    [("sims", "theory"), ("sims", "figures"), ("theory", "figures")],
)
def test_imports_point_down(folder, above):
    """Also those by name, in a string."""
    sources = [path.read_text() for path in (ROOT / folder).rglob("*.py")]
    assert sources
    assert not any(f"treesmc.{above}" in source for source in sources)
    higher = [path.read_text() for path in (ROOT / above).rglob("*.py")]
    assert any(f"treesmc.{folder}" in source for source in higher)


def test_long_points_start_first_and_a_failing_one_is_named(tmp_path, monkeypatch, capsys):
    begun = []

    def compute_point(point):
        begun.append(point["T"])
        if point["T"] == 16:
            raise ValueError("a bug")
        return {}

    (tmp_path / "fake").mkdir()
    (tmp_path / "fake/points.toml").write_text('experiment = "fake"\nT = [4, 16, 8]\n')
    monkeypatch.setattr(rooms, "HERE", tmp_path)
    monkeypatch.setattr(rooms, "vocabulary", lambda name: FAKE)
    FAKE = Vocabulary(compute_point, {"T": whole(1)}, {})
    with pytest.raises(RuntimeError, match=r"^fake: fake T=16: ValueError: a bug$"):
        compute("fake", tmp_path)
    assert begun == [16, 8, 4]
    assert "3 of 3 points to compute" in capsys.readouterr().err
    assert not (tmp_path / "fake.csv").exists()


@pytest.mark.parametrize("name", [*NAMES, "bench"])
def test_drawings_are_the_same_in_every_run(name, tmp_path):
    table = RESULTS / f"{name}.csv"
    first, second = (draw(name, table, tmp_path / str(i)) for i in range(2))
    assert [path.name for path in first] == [f"{name}.pdf", f"{name}.png"]
    for a, b in zip(first, second, strict=True):
        assert a.read_bytes() == b.read_bytes()
    pdf = first[0].read_bytes()
    assert b"/Type3" not in pdf.replace(b" ", b"")
    assert b"CreationDate" not in pdf


def test_every_drawing_is_of_a_room():
    drawings = {path.name for path in (CHECKOUT / "figures/output").iterdir()}
    expected = {f"{name}.{kind}" for name in (*NAMES, "bench") for kind in ("pdf", "png")}
    assert drawings == expected


def test_a_missing_module_is_named():
    with pytest.raises(BadInput, match=r"^figures/absent/figure\.py is missing"):
        rooms.load("absent", "figure")


@pytest.mark.parametrize(
    ("files", "missing"),
    [
        (("alone/points.toml", "alone/figure.py"), None),
        (("alone/points.toml",), "alone/figure.py"),
        (("other/points.toml", "other/figure.py"), "other/points.py"),
        (("other/points.toml", "other/figure.py", "other/points.py"), None),
        (("output/gone.pdf",), "gone/figure.py"),
    ],
)
def test_make_misses_a_script(tmp_path, files, missing):
    (tmp_path / "Makefile").write_bytes((CHECKOUT / "Makefile").read_bytes())
    ready = ("requirements.lock", "setup.cfg", "pyproject.toml", ".venv/ready")
    for file in (*ready, *(f"figures/{file}" for file in files)):
        (tmp_path / file).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / file).write_text('experiment = "other"\n' if "other/points.t" in file else "")
    for folder in ("src", "sims", "theory", "figures"):
        (tmp_path / folder).mkdir(exist_ok=True)
    (tmp_path / ".venv/bin").mkdir()
    (tmp_path / ".venv/bin/treesmc").symlink_to(shutil.which("true"))
    command = ["make", "-C", str(tmp_path), "figures"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == (2 if missing else 0), done.stderr
    assert (f"make figures: figures/{missing} is missing" in done.stderr) == bool(missing)
