"""Runs: every point once, whatever fails, whatever kills; and in bounded memory."""

import itertools
import os
import time

import pytest
import sweep_tasks

from treesmc.sims.sweeps import runner, worker
from treesmc.sims.sweeps.engines import make_engine
from treesmc.sims.sweeps.shards import Shards
from treesmc.sims.sweeps.worker import EngineFailed, compute_some, fingerprint

POINTS = [{"n": n} for n in range(40)]


class Memory(dict):
    """Shards that are never written."""

    def tidy(self):
        pass

    def store(self, point, outcome):
        self[point["n"]] = outcome


def run(points, shards, engine="threads", jobs=2):
    reported = []
    engine = make_engine(engine, "sweep_tasks", jobs, 10)
    n_failed = runner.run(points, sweep_tasks.compute, shards, engine, reported.append)
    return n_failed, reported


@pytest.mark.parametrize(("engine", "jobs"), [("threads", 1), ("threads", 4), ("processes", 2)])
def test_every_point_is_stored_and_reported_once(tmp_path, engine, jobs):
    shards = Shards(tmp_path / "shards", "source")
    n_failed, reported = run(iter(POINTS), shards, engine, jobs)
    assert n_failed == 0
    assert sorted(point["n"] for point in reported) == list(range(40))
    assert [shards.load(point) for point in POINTS] == [{"square": n * n / 7} for n in range(40)]
    assert len(os.listdir(shards.folder)) == 40


def test_a_failing_point_is_recorded_and_the_rest_goes_on():
    points = [{"n": n, "fails": n in (3, 20)} for n in range(40)]
    shards = Memory()
    assert run(points, shards)[0] == 2
    assert len(shards) == 40
    assert shards[3]["error"] == "ValueError: no such thing"
    assert "sweep_tasks.py" in shards[3]["traceback"]
    assert shards[4] == {"result": {"square": 16 / 7}}


def test_a_point_that_kills_its_process_is_isolated():
    points = [{"n": n, "dies": n == 11, "seconds": 0.01} for n in range(40)]
    shards = Memory()
    n_failed, reported = run(points, shards, "processes")
    assert n_failed == 1
    assert shards[11] == {"error": runner.KILLED}
    assert sorted(point["n"] for point in reported) == list(range(40))
    assert all("result" in shards[n] for n in range(40) if n != 11)


def test_a_task_stops_in_time_and_hands_back_the_rest(monkeypatch):
    monkeypatch.setattr(worker, "ENOUGH", 0.05)
    points = [{"n": n, "seconds": 0.02} for n in range(40)]
    outcomes = compute_some(sweep_tasks.compute, fingerprint("sweep_tasks"), points)
    assert 1 <= len(outcomes) <= 4
    slow = [{"n": n, "seconds": 0.06} for n in range(3)]
    assert len(compute_some(sweep_tasks.compute, fingerprint("sweep_tasks"), slow)) == 1


def test_points_handed_back_keep_their_turn(monkeypatch):
    monkeypatch.setattr(worker, "ENOUGH", 0.02)
    points = [{"n": n, "seconds": 0.0 if n < 20 else 0.03} for n in range(30)]
    reported = run(points, Memory(), jobs=1)[1]
    turns = [point["n"] for point in reported]
    assert sorted(turns) == list(range(30))
    assert max(abs(n - turn) for turn, n in enumerate(turns)) <= 8  # of points already in flight


def test_cheap_points_share_tasks(monkeypatch):
    sizes = []

    def counted(compute, expected, points):
        sizes.append(len(points))
        return compute_some(compute, expected, points)

    monkeypatch.setattr(runner, "compute_some", counted)
    run(({"n": n} for n in range(2000)), Memory())
    assert len(sizes) < 40
    assert max(sizes) <= runner.LARGEST_TASK


def test_a_worker_with_other_sources_is_refused(monkeypatch):
    monkeypatch.setattr(runner, "fingerprint", lambda module: "source 0123")
    with pytest.raises(EngineFailed, match=r"differs: source [0-9a-f]{16}, numpy .*0123$"):
        run(POINTS, Memory())


def test_results_that_cannot_be_written_end_the_run(tmp_path):
    (tmp_path / "shards").write_text("a file")
    with pytest.raises(EngineFailed, match="shards: "):
        run(POINTS, Shards(tmp_path / "shards", "source"))


def test_a_run_removes_what_a_killed_one_left(tmp_path):
    shards = Shards(tmp_path / "shards", "source")
    run(POINTS[:1], shards)
    left = shards.folder / ".0123.json.tmp"
    left.write_text("half")
    os.utime(left, times=(0, 0))
    run(POINTS[1:2], shards)
    assert len(os.listdir(shards.folder)) == 2
    assert not left.exists()


def test_processes_that_die_as_they_start(monkeypatch):
    monkeypatch.setattr("treesmc.sims.sweeps.engines._prepare_process", os.abort)
    with pytest.raises(EngineFailed, match="die as they start"):
        run(POINTS, Memory(), "processes")


def test_an_interrupt_does_not_wait_for_what_was_not_begun():
    def interrupted():
        yield from ({"n": n, "seconds": 0.01} for n in range(20))
        raise KeyboardInterrupt

    shards, begin = Memory(), time.monotonic()
    with pytest.raises(KeyboardInterrupt):
        run(itertools.chain(interrupted(), itertools.repeat({"n": 0, "seconds": 60})), shards)
    assert time.monotonic() - begin < 30
    assert len(shards) > 0


class Counted(dict):
    """A point that knows how many there are."""

    alive = most = 0

    def __init__(self, n):
        super().__init__(n=n)
        Counted.alive += 1
        Counted.most = max(Counted.most, Counted.alive)

    def __del__(self):
        Counted.alive -= 1


def test_memory_does_not_grow_with_points():
    class Nothing(Memory):
        def store(self, point, outcome):
            pass

    engine, reported = make_engine("threads", "sweep_tasks", 2, 10), itertools.count()
    points = (Counted(n) for n in range(100_000))
    runner.run(points, lambda point: {}, Nothing(), engine, lambda point: next(reported))
    assert next(reported) == 100_000
    assert Counted.most <= (2 * runner.TASKS_PER_SLOT + 2) * runner.LARGEST_TASK
