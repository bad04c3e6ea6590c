"""``make check-bytes``: the same bytes on every machine that this one can pass for.

On each machine, two at a time: all tables and figures, and what `outputs` collects. All share one
cache of kernels, as processes on different nodes of a cluster do, but for those with a wrong
mathematical library, which compile their own. Ends with status 1 if a byte differs from those of
this machine as it is.
"""

import argparse
import json
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from machines import MACHINES, Machine, described

FOLDER = Path("build/bytes")
OUTPUTS = Path(__file__).with_name("outputs.py")
SHOWN = 5
AT_ONCE = 2  # machines; each is one thread of work, or a little more


def main() -> int:
    """Return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--full", action="store_true", help="the figures in full, not quick")
    full = parser.parse_args().full
    here, *others = MACHINES
    shutil.rmtree(FOLDER / "cache", ignore_errors=True)
    _say(f"{here.name}: {described()}")
    expected = run(here, full)
    _say(f"{here.name}: {len(expected)} files and outputs")
    with ThreadPoolExecutor(AT_ONCE) as pool:
        agreeing = list(pool.map(lambda machine: _agrees(machine, full, expected), others))
    return 0 if all(agreeing) else 1


def run(machine: Machine, full: bool) -> dict[str, bytes]:
    """Return all that is made on a machine, by name."""
    folder = FOLDER / machine.name.replace(" ", "-").replace(",", "")
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    cache = folder / "cache" if machine.wrong_libm else FOLDER / "cache"
    variables = {**machine.variables(), "XDG_CACHE_HOME": str(cache.resolve())}
    figures = ["-m", "treesmc", "figures", "--jobs", str(machine.jobs)]
    figures += [] if full else ["--quick"]
    for command in (
        [str(OUTPUTS), str(folder / "outputs.json")],
        [*figures, "--results", str(folder), "--out", str(folder)],
    ):
        subprocess.run([sys.executable, *command], env=variables, check=True, stderr=sys.stderr)
    return dict(made(folder))


def made(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Yield tables, figures and single outputs of a folder."""
    for path in sorted(folder.glob("*.*")):
        if path.suffix != ".json":
            yield path.name, path.read_bytes()
    for name, value in json.loads((folder / "outputs.json").read_text()).items():
        yield name, json.dumps(value).encode()


def differences(expected: dict[str, bytes], found: dict[str, bytes]) -> list[str]:
    """Return the names of what differs, or is there only once."""
    return sorted(x for x in {*expected, *found} if expected.get(x) != found.get(x))


def _agrees(machine: Machine, full: bool, expected: dict[str, bytes]) -> bool:
    if missing := machine.missing():
        _say(f"{machine.name}: not tried, {missing}")
        return True
    begin = time.monotonic()
    different = differences(expected, run(machine, full))
    verdict = "all bytes equal" if not different else f"{len(different)} differ: "
    more = f" and {len(different) - SHOWN} more" if len(different) > SHOWN else ""
    seconds = time.monotonic() - begin
    _say(f"{machine.name}: {verdict}{', '.join(different[:SHOWN])}{more} ({seconds:.0f} s)")
    return not different


def _say(line: str) -> None:
    print(f"check-bytes: {line}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
