"""``make fuzz``: feed spoiled inputs to every command that reads one, and report what breaks.

Cases are numbered, and a seed and a number make a case. Failing ones are kept in build/fuzz, each
with its files, its command line, what is wrong, and the command that replays it. Ends with status
1 if there are any.
"""

import argparse
import json
import sys
import time
from collections.abc import Iterable
from pathlib import Path

from cases import Case, make_case, warm_cases
from oracle import judge, limited_memory, replayed

ROOT = Path(__file__).parents[2]
KEPT = ROOT / "build/fuzz"
EVERY = 5.0  # seconds between lines of progress


def main() -> int:
    """Return the exit status."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=int, default=100_000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--start", type=int, default=0, help="number of the first case")
    parser.add_argument("--case", type=int, help="replay this one, and keep its files")
    args = parser.parse_args()
    with limited_memory():
        for case in warm_cases():
            judge(case, seconds=600)
        if args.case is not None:
            return _replay(make_case(args.seed, args.case))
        return _campaign(args.seed, range(args.start, args.cases))


def _replay(case: Case) -> int:
    wrong = judge(case)
    folder = keep(case, wrong or "nothing is wrong")
    print(f"{folder}: treesmc {' '.join(case.argv)}\n{wrong or 'nothing is wrong'}")
    return 1 if wrong else 0


def _campaign(seed: int, numbers: range) -> int:
    failed: list[str] = []
    for number in _with_progress(numbers, failed):
        case = make_case(seed, number)
        wrong = judge(case)
        if wrong:
            failed.append(case.name)
            keep(case, wrong)
            print(f"{replayed(case)}  # {wrong.strip().splitlines()[-1][:150]}", flush=True)
    print(f"make fuzz: {len(numbers)} cases of seed {seed}, {len(failed)} failed", file=sys.stderr)
    return 1 if failed else 0


def _with_progress(numbers: range, failed: list[str]) -> Iterable[int]:
    """Yield numbers, and say now and then how many are done and how long the rest will take."""
    begun = said = time.monotonic()
    for done, number in enumerate(numbers):
        yield number
        now = time.monotonic()
        if now - said > EVERY:
            said, left = now, (now - begun) / (done + 1) * (len(numbers) - done - 1)
            state = f"{done + 1} of {len(numbers)} cases, {len(failed)} failed"
            print(f"make fuzz: {state}, {left / 60:.1f} min left", file=sys.stderr, flush=True)


def keep(case: Case, wrong: str) -> Path:
    """Save a case: its files, its command line and what is wrong."""
    folder = KEPT / case.name.replace("/", "-")
    for name, data in case.files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "argv.json").write_text(json.dumps(case.argv) + "\n")
    (folder / "wrong.txt").write_text(f"{replayed(case)}\n{wrong}\n", errors="backslashreplace")
    return folder


if __name__ == "__main__":
    sys.exit(main())
