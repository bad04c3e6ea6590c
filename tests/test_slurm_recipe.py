"""The batch script of docs/sweeps.md, word for word but for its host, where there is no Slurm.

A stand-in for `srun` runs its command twice, as a job of two tasks would. Requeueing and neighbours
show in what they leave: a scheduler's file of the same job number, a taken port.
"""

import contextlib
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from treesmc.cli import main

pytest.importorskip("distributed")
pytestmark = pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")

PAGE = (Path(__file__).parents[1] / "docs" / "sweeps.md").read_text()
JOB = "7"
LONG = 180.0  # seconds, of a script that takes ten; nothing waits for it unless the script hangs
SRUN = """#!/bin/bash
trap 'kill $(jobs -p); wait' TERM
"$@" & "$@" &
wait
"""
SWEEP = """
family = "random"
method = "smc"
T = 4
N = 8
eps = 0.1
replicates = 256
tree_seed = {from = 0, to = 9}
"""


def recipe():
    """Return the batch script of the page, its scheduler on loopback."""
    (script,) = re.findall(r"^    #!/bin/bash\n(?:    .*\n)+", PAGE, flags=re.MULTILINE)
    script, n_schedulers = re.subn("dask scheduler", r"\g<0> --host 127.0.0.1", script)
    assert n_schedulers == 1
    return textwrap.dedent(script)


def run(script, folder, **commands):
    """Run a script as job 7; return exit code and output once all that it began has ended.

    ``commands`` are scripts that stand in for those of the same name.
    """
    (folder / "bin").mkdir()
    for name, text in commands.items():
        (folder / "bin" / name).write_text(text)
        (folder / "bin" / name).chmod(0o755)
    path = os.pathsep.join([f"{folder}/bin", str(Path(sys.executable).parent), os.environ["PATH"]])
    with subprocess.Popen(
        ["bash", "-c", script],
        cwd=folder,
        env={**os.environ, "PATH": path, "SLURM_JOB_ID": JOB},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            output, _ = process.communicate(timeout=LONG)  # until the last one closes its output
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
    return process.returncode, output


def table(out):
    assert main(["collect", str(out), "-o", f"{out}.csv"]) == 0
    return Path(f"{out}.csv").read_bytes()


@pytest.fixture
def usual_port_taken():
    """Hold the port that a scheduler takes unless told otherwise, if nobody does already."""
    with socket.socket() as holder:
        with contextlib.suppress(OSError):
            holder.bind(("127.0.0.1", 8786))
            holder.listen()
        yield


@pytest.mark.usefixtures("usual_port_taken")
def test_batch_script_makes_the_table_of_threads(tmp_path):
    (tmp_path / "needle.toml").write_text(SWEEP)
    code, output = run(recipe(), tmp_path, srun=SRUN)
    assert code == 0, output
    assert "Start worker at" in output
    assert main(["sweep", f"{tmp_path}/needle.toml", "--out", f"{tmp_path}/threads"]) == 0
    assert table(tmp_path / "runs" / "needle") == table(tmp_path / "threads")


def test_batch_script_ends_if_the_scheduler_does_not_start(tmp_path):
    (tmp_path / f"scheduler-{JOB}.json").touch()  # of the job's first try
    nothing = "#!/bin/bash\n"
    code, output = run(
        recipe(), tmp_path, dask="#!/bin/bash\nexit 1\n", srun=nothing, treesmc=nothing
    )
    assert code == 3, output
