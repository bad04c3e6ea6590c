"""A real Dask scheduler and real workers: the same bytes as from threads, and every way to fail."""

import json
import shutil
import sys
import threading
from contextlib import contextmanager
from pathlib import Path

import pytest
import sweep_tasks
from local_cluster import LocalCluster, wait_until

import treesmc
from treesmc.cli import main
from treesmc.sims.base.sources import ROOT
from treesmc.sims.sweeps import runner
from treesmc.sims.sweeps.engines import make_engine
from treesmc.sims.sweeps.shards import Shards

pytest.importorskip("distributed")

GRID = """
family = "random"
eps = "1/T"
T = [3, 5]
tree_seed = {from = 0, to = 9}
replicates = 4096
[[grid]]
method = "smc"
N = 20
[[grid]]
method = "naive"
delta = 0.1
"""
N_POINTS = 40
HIDE = """
import sys

class Hide:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] == "treesmc":
            raise ModuleNotFoundError("No module named 'treesmc'", name="treesmc")

sys.meta_path.insert(0, Hide())
"""


@pytest.fixture(scope="module")
def cluster(tmp_path_factory):
    with LocalCluster(tmp_path_factory.mktemp("cluster")) as cluster:
        yield cluster


@pytest.fixture(scope="module")
def expected(tmp_path_factory):
    """Return the table that one thread makes of the grid."""
    folder = tmp_path_factory.mktemp("threads")
    assert sweep(folder, "threads", "--jobs", "1") == 0
    return table(folder)


def sweep(folder, engine, *options, patience=20):
    """Run the grid below a folder and return the exit code."""
    (folder / "grid.toml").write_text(GRID)
    command = ["sweep", f"{folder}/grid.toml", "--out", f"{folder}/out", "--engine", str(engine)]
    return main([*command, "--patience", str(patience), *options])


def table(folder):
    assert main(["collect", f"{folder}/out", "-o", f"{folder}/table.csv"]) == 0
    return (folder / "table.csv").read_bytes()


def shards(folder):
    return list((folder / "out" / "shards").glob("*.json"))


@contextmanager
def killing(process, folder):
    """Kill a process once four points of the grid below the folder are done."""

    done = []

    def kill():
        wait_until(lambda: len(shards(folder)) >= 4)
        process.kill()
        done.extend(shards(folder))

    killer = threading.Thread(target=kill)
    killer.start()
    yield
    killer.join()
    assert process.wait() == -9
    assert 4 <= len(done) < N_POINTS


def message(capsys):
    """Return the one line that says what went wrong."""
    (line,) = [s for s in capsys.readouterr().err.splitlines() if not s[0].isdigit()]
    return line


def test_same_table_from_one_two_and_four_workers_one_of_them_killed(tmp_path, cluster, expected):
    address = json.loads(cluster.file.read_text())["address"]
    with cluster.workers(2) as workers:
        with killing(workers[0], tmp_path):
            assert sweep(tmp_path, address) == 0
        assert table(tmp_path) == expected
        assert sweep(tmp_path, cluster.file, "--no-resume") == 0
        assert table(tmp_path) == expected
        with cluster.workers(3):
            assert sweep(tmp_path, cluster.file, "--no-resume") == 0
    assert table(tmp_path) == expected


def test_an_experiment_runs_on_workers(tmp_path, cluster):
    (tmp_path / "copy.toml").write_bytes((ROOT / "figures/phase/points.toml").read_bytes())
    tables = []
    with cluster.workers(2):
        for engine in ("threads", str(cluster.file)):
            folder = tmp_path / Path(engine).stem
            out = ["--out", f"{folder}/out", "--engine", engine]
            assert main(["sweep", f"{tmp_path}/copy.toml", "--quick", *out]) == 0
            tables.append(table(folder))
    assert tables[0] == tables[1]


def test_no_workers(tmp_path, capsys, cluster):
    assert sweep(tmp_path, cluster.file, patience=1) == 3
    assert "scheduler.json: no worker within 1 s; results are kept in" in message(capsys)


def test_workers_without_the_package(tmp_path, capsys, cluster):
    (tmp_path / "hide_treesmc.py").write_text(HIDE)
    with cluster.workers(1, "--no-nanny", "--preload", tmp_path / "hide_treesmc.py"):
        assert sweep(tmp_path, cluster.file) == 3
    assert "No module named 'treesmc'" in message(capsys)
    assert shards(tmp_path) == []


def test_workers_with_another_version_of_the_package(tmp_path, capsys, cluster):
    other, sims = tmp_path / "other" / "treesmc", Path(runner.__file__).parents[1]
    shutil.copytree(Path(treesmc.__file__).parent, other)
    shutil.copytree(sims, other / "sims", dirs_exist_ok=True)
    with (other / "sims" / "trees" / "values.py").open("a") as handle:
        handle.write("# an edit\n")
    with cluster.workers(1, PYTHONPATH=str(other.parent)):
        assert sweep(tmp_path, cluster.file) == 3
    assert "differs: source " in message(capsys)
    assert shards(tmp_path) == []


def test_all_workers_lost(tmp_path, capsys, cluster, expected):
    with cluster.workers(1) as workers, killing(workers[0], tmp_path):
        assert sweep(tmp_path, cluster.file, patience=3) == 3
    assert "no worker within 3 s; results are kept in" in message(capsys)
    assert sweep(tmp_path, "threads") == 0
    assert table(tmp_path) == expected


def test_scheduler_lost(tmp_path, capsys, expected):
    with LocalCluster(tmp_path) as cluster, cluster.workers(1):
        with killing(cluster.scheduler, tmp_path):
            assert sweep(tmp_path, cluster.file, patience=3) == 3
        assert "; results are kept in" in message(capsys)
    assert sweep(tmp_path, "threads") == 0
    assert table(tmp_path) == expected


def test_a_point_that_kills_its_worker_is_isolated(tmp_path):
    points = [{"n": n, "dies": n == 3, "seconds": 0.01} for n in range(12)]
    results, reported = Shards(tmp_path / "shards", "source"), []
    strict = {"DASK_DISTRIBUTED__SCHEDULER__ALLOWED_FAILURES": "0"}
    with LocalCluster(tmp_path, **strict) as cluster, cluster.workers(2, "--nanny"):
        engine = make_engine(str(cluster.file), "sweep_tasks", 1, 30)
        n_failed = runner.run(points, sweep_tasks.compute, results, engine, reported.append)
    assert n_failed == 1
    assert results.error(points[3]) == runner.KILLED
    assert sorted(point["n"] for point in reported) == list(range(12))


@pytest.mark.parametrize(
    ("engine", "code", "text"),
    [
        ("tcp://127.0.0.1:1", 3, "tcp://127.0.0.1:1: no scheduler: "),
        ("/nowhere/scheduler.json", 2, "/nowhere/scheduler.json: no such scheduler file"),
        ("thread", 2, "engine: 'thread' is not threads"),
    ],
)
def test_no_such_engine(tmp_path, capsys, engine, code, text):
    assert sweep(tmp_path, engine, patience=1) == code
    assert text in message(capsys)


def test_dask_is_not_installed(tmp_path, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "distributed", None)
    assert sweep(tmp_path, "tcp://127.0.0.1:1") == 2
    assert "pip install 'treesmc[cluster]'" in message(capsys)
