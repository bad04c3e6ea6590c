"""`treesmc sweep`, `status`, `collect`: exit codes, one-line errors, resumption after anything."""

import json
import os
import random
import signal
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

from treesmc.cli import main
from treesmc.figures.rooms import vocabulary
from treesmc.sims.sweeps.folder import Folder

GRID = """
family = ["random", "product"]
T = [3, 4]
eps = "1/T"
method = "smc"
N = 20
replicates = 512
seed = {from = 0, to = 9}
"""
LONG = GRID.replace("512", "6144")
ENDLESS = LONG.replace("to = 9", "to = 1000")
FAILING = 'family = "needle"\nT = [1, 2, 3]\neps = 0.1\nmethod = "smc"\nN = 10\n'
LINUX = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="needs Linux")


@pytest.fixture
def plan(tmp_path):
    path = tmp_path / "grid.toml"
    path.write_text(GRID)
    return path


@pytest.fixture(scope="module")
def expected(tmp_path_factory):
    """Return the table of the grid, from one uninterrupted thread."""
    folder = tmp_path_factory.mktemp("expected")
    (folder / "grid.toml").write_text(GRID)
    assert sweep(folder / "grid.toml", folder / "out", "--jobs", 1) == 0
    return table(folder / "out")


def sweep(plan, out, *options):
    return main(["sweep", str(plan), "--out", str(out), *map(str, options)])


def table(out):
    path = out.parent / f"{out.name}.csv"
    assert main(["collect", str(out), "-o", str(path)]) == 0
    return path.read_bytes()


def message(capsys):
    """Return the one line that says what went wrong."""
    (line,) = [s for s in capsys.readouterr().err.splitlines() if s.startswith("treesmc")]
    return line


def is_whole(out):
    """Whether everything below a sweep's folder can be read, and nothing is half written."""
    files = [path for path in (out / "shards").iterdir() if path.stat().st_size]
    return all(path.suffix == ".json" and json.loads(path.read_text()) for path in files)


@pytest.mark.parametrize(("engine", "jobs"), [("threads", 4), ("processes", 2)])
def test_same_table_from_every_engine(tmp_path, plan, expected, engine, jobs):
    assert sweep(plan, tmp_path / "out", "--engine", engine, "--jobs", jobs) == 0
    assert table(tmp_path / "out") == expected


def test_resume(tmp_path, capsys, plan, expected):
    out = tmp_path / "out"
    plan.write_text(GRID.replace("to = 9", "to = 4"))
    assert sweep(plan, out) == 0
    plan.write_text(GRID)
    assert sweep(plan, out) == 0
    assert "20 of 40 points to compute" in capsys.readouterr().err
    assert table(out) == expected
    assert sweep(plan, out) == 0
    assert "0 of 40 points to compute" in capsys.readouterr().err
    assert sweep(plan, out, "--no-resume") == 0
    assert "40 of 40 points to compute" in capsys.readouterr().err
    assert table(out) == expected


def test_progress_has_a_forecast(tmp_path, capsys, plan):
    assert sweep(plan, tmp_path / "out") == 0
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.splitlines()[-1].startswith("40/40 ")
    assert shown.err.splitlines()[-1].endswith("about 0 s left")


def test_dry_run_prints_points_and_cost(tmp_path, capsys, plan):
    assert main(["sweep", str(plan), "--dry-run"]) == 0
    shown = capsys.readouterr()
    lines = shown.out.splitlines()
    assert len(lines) == 41
    assert lines[0].startswith("family,T,eps,perturbation,")
    assert lines[0].endswith(",draws,evaluations,error")
    total = sum(512 * 20 * T for T in (3, 4)) * 20
    assert shown.err == (
        f"40 points, about {total:.3g} reference draws and {total:.3g} value evaluations\n"
    )
    assert os.listdir(tmp_path) == ["grid.toml"]


def test_status_and_collect_of_an_unfinished_sweep(tmp_path, capsys, plan):
    out = tmp_path / "out"
    assert sweep(plan, out) == 0
    next((out / "shards").iterdir()).unlink()
    next((out / "shards").iterdir()).write_text("{")
    capsys.readouterr()
    assert main(["status", str(out), "--json"]) == 0
    status = json.loads(capsys.readouterr().out)
    assert status == {"points": 40, "done": 38, "failed": 0, "missing": 2, "failures": []}
    assert main(["collect", str(out), "-o", f"{out}.csv"]) == 4
    assert message(capsys) == "treesmc: 0 points failed, 2 missing"
    assert len(Path(f"{out}.csv").read_text().splitlines()) == 39


def test_failed_points_are_kept_and_tried_again(tmp_path, capsys):
    out, plan = tmp_path / "out", tmp_path / "failing.toml"
    plan.write_text(FAILING)
    assert sweep(plan, out) == 4
    assert message(capsys) == f"treesmc: 1 points failed, see treesmc status {out}"
    assert main(["status", str(out), "--json"]) == 4
    status = json.loads(capsys.readouterr().out)
    assert (status["done"], status["failed"], status["missing"]) == (2, 1, 0)
    assert "horizon: 1 is too short" in status["failures"][0]
    assert main(["collect", str(out), "-o", f"{out}.csv"]) == 4
    assert "too short" in Path(f"{out}.csv").read_text().splitlines()[1]
    assert sweep(plan, out) == 4
    assert "1 of 3 points to compute" in capsys.readouterr().err


def points_of(out, capsys):
    capsys.readouterr()
    assert main(["status", str(out), "--json"]) == 0
    status = json.loads(capsys.readouterr().out)
    assert status["done"] == status["points"]
    return status["points"]


def test_a_folder_knows_the_version_that_was_run(tmp_path, capsys, plan, expected):
    out = tmp_path / "out"
    plan.write_text(f"{GRID}quick.T = 4\n")
    assert sweep(plan, out, "--quick") == 0
    assert points_of(out, capsys) == 20
    assert table(out) == b"".join(
        line for line in expected.splitlines(True) if line.split(b",")[1] in (b"T", b"4")
    )
    assert sweep(out / "sweep.toml", tmp_path / "again") == 0
    assert table(tmp_path / "again") == table(out)
    assert sweep(out / "sweep.toml", out, "--quick") == 2
    assert "version: given beside --quick" in message(capsys)
    assert sweep(plan, out) == 0
    assert "20 of 40 points to compute" in capsys.readouterr().err
    assert points_of(out, capsys) == 40
    assert table(out) == expected


def test_chosen_columns_leave_failed_points_out(tmp_path, capsys):
    out, plan = tmp_path / "out", tmp_path / "failing.toml"
    for columns, n_rows in (("T,N", 2), ("N,T,error", 3)):
        plan.write_text(f"columns = {columns.split(',')}\n{FAILING}")
        assert sweep(plan, out) == 4
        assert main(["collect", str(out), "-o", f"{out}.csv"]) == 4
        header, *rows = Path(f"{out}.csv").read_text().splitlines()
        assert (header, len(rows)) == (columns, n_rows)
        assert "1 points failed, 0 missing" in capsys.readouterr().err


EXPERIMENT = """
experiment = "phase"
series = "line"
a = 1
T = [1, 4]
eps = "T**-a"
delta = 0.1
replicates = 256
seed = "index"
"""


def test_a_failed_point_of_an_experiment_is_named(tmp_path, capsys):
    out, plan = tmp_path / "out", tmp_path / "phase.toml"
    plan.write_text(EXPERIMENT)
    assert sweep(plan, out) == 4
    assert main(["status", str(out)]) == 4
    assert "phase line T=1 delta=0.1 seed=0: horizon: 1 is too short" in capsys.readouterr().out
    assert main(["collect", str(out), "-o", f"{out}.csv"]) == 4
    rows = Path(f"{out}.csv").read_text().splitlines()
    assert rows[0].startswith("experiment,series,T,a,eps,delta,replicates,seed,first_order,")
    assert rows[1].startswith("phase,line,1,1,1,0.1,256,0,,")
    assert rows[2].startswith("phase,line,4,1,0.25,0.1,256,1,")


@pytest.mark.parametrize("text", [GRID, EXPERIMENT.replace("[1, 4]", "4")])
def test_parquet(tmp_path, capsys, plan, monkeypatch, text):
    parquet = pytest.importorskip("pyarrow.parquet")
    out = tmp_path / "out"
    plan.write_text(text)
    assert sweep(plan, out) == 0
    assert main(["collect", str(out), "-o", f"{out}.parquet"]) == 0
    rows = parquet.read_table(f"{out}.parquet").to_pylist()
    for row, expected in zip(rows, Folder.open(out, vocabulary).rows(), strict=True):
        assert {key: row[key] for key in expected} == expected
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    assert main(["collect", str(out), "-o", f"{out}.parquet"]) == 2
    assert "pip install 'treesmc[parquet]'" in message(capsys)


@pytest.mark.parametrize(
    ("text", "options", "wrong"),
    [
        ("replicats = 3", "", "grid.toml: replicats: not a key; did you mean replicates?"),
        ("eps = -1", "", "grid.toml: eps: -1 is not a number of at least 0"),
        (None, "", "grid.toml: No such file or directory"),
        ("", "--engine dask", "engine: 'dask' is not threads, processes, tcp://HOST:PORT or"),
        ("", "--jobs 0", "--jobs: 0 is less than 1"),
        ("", "--quick", "grid.toml: there is no quick version; it would be in a table [quick]"),
        ("experiment = 'fase'", "", "grid.toml: experiment: 'fase' is not one of exponent,"),
        ("experiment = 'phase'", "", "grid.toml: family: not a key"),
    ],
)
def test_bad_input(tmp_path, capsys, plan, text, options, wrong):
    plan.unlink()
    if text is not None:
        plan.write_text(f"{text}\n{GRID if 'eps' not in text else GRID.replace('eps', '#')}")
    assert sweep(plan, tmp_path / "out", *options.split()) == 2
    assert wrong in message(capsys)
    assert not (tmp_path / "out").exists()


def test_bad_folders(tmp_path, capsys, plan):
    assert main(["sweep", str(plan)]) == 2
    assert "--out: missing" in message(capsys)
    assert sweep(plan, plan / "out") == 2
    assert "Not a directory" in message(capsys)
    assert main(["status", str(tmp_path)]) == 2
    assert "not the folder of a sweep" in message(capsys)
    assert sweep(plan, tmp_path / "out") == 0
    assert main(["collect", str(tmp_path / "out"), "-o", f"{tmp_path}/table.txt"]) == 2
    assert "ends in .csv or .parquet" in message(capsys)
    assert main(["collect", str(tmp_path / "out"), "-o", f"{tmp_path}/no/table.csv"]) == 2
    assert "No such file" in message(capsys)


@contextmanager
def mounted(folder, options):
    """Mount a small file system in memory, where that is permitted."""
    folder.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", options, "tmpfs", folder]).returncode:
        pytest.skip("mounting is not permitted")
    try:
        yield folder
    finally:
        subprocess.run(["umount", folder], check=True)


@LINUX
def test_full_disk(tmp_path, capfd, plan, expected):
    with mounted(tmp_path / "disk", "size=64k") as disk:
        assert sweep(plan, disk / "out") == 3
        assert "No space left on device; results are kept in" in message(capfd)
        assert is_whole(disk / "out")
        assert len(list((disk / "out" / "shards").iterdir())) > 4
        subprocess.run(["mount", "-o", "remount,size=4m", disk], check=True)
        assert sweep(plan, disk / "out") == 0
        assert table(disk / "out") == expected


@LINUX
def test_read_only_folder(tmp_path, capfd, plan):
    with mounted(tmp_path / "disk", "ro") as disk:
        assert sweep(plan, disk / "out") == 2
        assert message(capfd).endswith("Read-only file system")


def start(plan, out, *options):
    command = [sys.executable, "-m", "treesmc", "sweep", plan, "--out", out, *options]
    return subprocess.Popen(
        list(map(str, command)),
        stderr=subprocess.PIPE,
        text=True,
        start_new_session=True,
        # Tests that a shell runs in the background ignore Ctrl-C, and their children inherit it.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
    )


@pytest.mark.parametrize("engine", ["threads", "processes"])
def test_ctrl_c(tmp_path, plan, expected, engine):
    out = tmp_path / "out"
    plan.write_text(ENDLESS)
    process = start(plan, out, "--engine", engine, "--jobs", 2)
    while len(list(out.glob("shards/*.json"))) < 10:
        assert process.poll() is None
        time.sleep(0.01)
    os.killpg(process.pid, signal.SIGINT)
    error = process.communicate()[1].splitlines()
    assert process.returncode == 130
    assert error[-1].startswith("treesmc: interrupted; results are kept in")
    assert all(line[0].isdigit() for line in error[:-1])
    assert is_whole(out)
    plan.write_text(GRID)
    assert sweep(plan, out) == 0
    assert table(out) == expected


# Imports once, then starts the command afresh for every moment at which it is killed.
KILLED_DRIVERS = """
import os, signal, sys, time
from treesmc.cli import main
from treesmc.figures.rooms import vocabulary
from treesmc.sims.sweeps import folder, point, runner

for moment in map(float, sys.argv[1].split(",")):
    child = os.fork()
    if child == 0:
        os._exit(main(sys.argv[2:]))
    time.sleep(moment)
    os.kill(child, signal.SIGKILL)
    print(os.waitpid(child, 0)[1], flush=True)
"""


@LINUX
def test_a_driver_killed_twenty_times(tmp_path, plan):
    rng, out = random.Random(0), tmp_path / "out"
    plan.write_text(LONG)
    moments = ",".join(f"{rng.uniform(0.0, 0.3):.4f}" for _ in range(20))
    driver = [sys.executable, "-c", KILLED_DRIVERS, moments]
    command = [*driver, "sweep", plan, "--out", out, "--jobs", "1"]
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, check=True)
    statuses = done.stdout.split()
    assert len(statuses) == 20
    assert statuses.count(str(int(signal.SIGKILL))) >= 5
    assert sweep(plan, out) == 0
    assert sweep(plan, tmp_path / "uninterrupted") == 0
    assert table(out) == table(tmp_path / "uninterrupted")


@LINUX
def test_processes_follow_a_killed_driver(tmp_path, plan):
    plan.write_text(ENDLESS)
    process = start(plan, tmp_path / "out", "--engine", "processes", "--jobs", 2)
    while not list(tmp_path.glob("out/shards/*.json")):
        time.sleep(0.01)
    process.kill()
    # Returns when the last process has closed standard error, else raises.
    process.communicate(timeout=60)
    assert process.returncode == -signal.SIGKILL
