"""Ctrl-C ends a run at once, whatever its points are doing, in one line and with whole files."""

import itertools
import json
import os
import signal
import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import pytest

from treesmc import cli
from treesmc.cli import main
from treesmc.sims.sweeps.engines import make_engine

# The first point takes milliseconds. The second, a quarter of an hour of particle steps, spends
# half a minute at a time in compiled code.
PLAN = """
family = "needle"
T = 64
eps = 0.01
method = "smc"
resampling = "systematic"
N = [10, 1000000]
replicates = 2048
"""
COMMAND = ["-c", "from treesmc.cli import run_process; run_process()"]
WAITING = ["-c", "import sys; from treesmc.cli import main; sys.exit(main())"]
SOON = 30.0  # seconds: a tenth of one on an idle machine
LONGER = 3.0  # seconds that the control is watched


@pytest.fixture
def start():
    """Return a function that starts Python as the leader of its own group, as a shell does."""
    processes = []

    def start(*command):
        process = subprocess.Popen(
            [sys.executable, *map(str, command)],
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
            # Tests that a shell runs in the background ignore Ctrl-C; children inherit it.
            preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),
        )
        processes.append(process)
        return process

    yield start
    for process in processes:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
        process.communicate()


def wait_for(condition):
    deadline = time.monotonic() + 120
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def interrupt(process):
    """Press Ctrl-C; return the lines that the process leaves, all but progress."""
    os.killpg(process.pid, signal.SIGINT)
    error = process.communicate(timeout=SOON)[1].splitlines()
    assert process.returncode == 130
    return [line for line in error if not line[:1].isdigit()]


def test_a_sweep_does_not_wait_for_its_points(tmp_path, start, capsys):
    plan, out, waiting = (tmp_path / name for name in ("plan.toml", "out", "waiting"))
    plan.write_text(PLAN)
    control = start(*WAITING, "sweep", plan, "--out", waiting, "--jobs", 2)
    process = start(*COMMAND, "sweep", plan, "--out", out, "--jobs", 2)
    wait_for(lambda: list(out.glob("shards/*.json")) and list(waiting.glob("shards/*.json")))
    os.killpg(control.pid, signal.SIGINT)
    line = f"treesmc: interrupted; results are kept in {out}, the same command resumes"
    assert interrupt(process) == [line]
    (shard,) = (out / "shards").iterdir()  # and no temporary file
    assert json.loads(shard.read_text())["parameters"]["N"] == 10
    assert main(["status", str(out), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["missing"] == 1
    assert any(line.startswith("treesmc: interrupted") for line in control.stderr)
    with pytest.raises(subprocess.TimeoutExpired):
        control.wait(LONGER)


def test_processes_that_are_starting_print_nothing(tmp_path, start):
    (tmp_path / "plan.toml").write_text(PLAN)
    command = "sweep", tmp_path / "plan.toml", "--out", tmp_path / "out"
    process = start(*COMMAND, *command, "--engine", "processes", "--jobs", 2)
    assert process.stderr.readline() == "2 of 2 points to compute\n"
    time.sleep(0.2)  # amid the imports of the first
    (line,) = interrupt(process)
    assert line.startswith("treesmc: interrupted")


@pytest.mark.skipif(not hasattr(signal, "pthread_sigmask"), reason="needs signal masks")
def test_processes_never_see_ctrl_c():
    look = signal.pthread_sigmask, signal.SIG_BLOCK, ()
    with make_engine("processes", "sweep_tasks", 1, 10) as engine:
        assert signal.SIGINT in engine.submit(*look).result()
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as unprotected:
        assert signal.SIGINT not in unprotected.submit(*look).result()
    assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, ())


def test_figures_do_not_wait_for_their_points(tmp_path, start):
    folders = "--results", tmp_path / "results", "--out", tmp_path / "drawn"
    process = start(*COMMAND, "figures", "headline", *folders, "--jobs", 2)
    wait_for(lambda: list(tmp_path.glob("results/shards/headline/shards/*.json")))
    assert interrupt(process) == [
        f"treesmc: interrupted; results are kept in {tmp_path / 'results'}"
    ]
    assert all(path.suffix == ".json" for path in tmp_path.glob("results/shards/headline/shards/*"))
    assert not (tmp_path / "drawn").exists()


SLOW_WAY_OUT = """
import sys, time
from treesmc import cli

def main():
    try:
        print("begun", file=sys.stderr, flush=True)
        time.sleep(600)
    except KeyboardInterrupt:
        print("first", file=sys.stderr, flush=True)
        time.sleep(600)

cli.main = main
cli.run_process()
"""


def test_a_long_way_out_can_be_cut_short(start):
    process = start("-c", SLOW_WAY_OUT)
    assert process.stderr.readline() == "begun\n"
    os.killpg(process.pid, signal.SIGINT)
    assert process.stderr.readline() == "first\n"
    time.sleep(cli.WAY_OUT)
    os.killpg(process.pid, signal.SIGINT)
    assert process.communicate(timeout=SOON)[1] == ""
    assert process.returncode == 130


def test_a_short_way_out_is_not_disturbed(monkeypatch):
    ended, now = [], itertools.count()
    monkeypatch.setattr(cli.time, "monotonic", lambda: next(now) * 0.9 * cli.WAY_OUT)
    monkeypatch.setattr(cli.os, "_exit", ended.append)
    handle = cli._interrupt_once()
    with pytest.raises(KeyboardInterrupt):
        handle(signal.SIGINT, None)
    handle(signal.SIGINT, None)
    assert ended == []
    handle(signal.SIGINT, None)
    assert ended == [130]
