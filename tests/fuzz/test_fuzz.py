"""Some thousand cases of the fuzzer, and whether it would notice if something were wrong."""

import json
import sys
import time
import warnings

import pytest
from cases import Case, make_case, warm_cases
from oracle import judge, limited_memory, replayed

from treesmc.commands import inspect
from treesmc.sims.base.errors import BadInput

SEED, CASES, PART = 2026, 2000, 200


@pytest.fixture(scope="module", autouse=True)
def compiled():
    """Every kernel is compiled before the clock of a case runs."""
    for case in warm_cases():
        assert judge(case, seconds=600) is None


@pytest.mark.parametrize("first", range(0, CASES, PART))
def test_nothing_breaks(first):
    broken = []
    with limited_memory():
        for index in range(first, first + PART):
            case = make_case(SEED, index)
            wrong = judge(case)
            broken += [f"{replayed(case)}\n{wrong}"] if wrong else []
    assert not broken, "\n\n".join(broken)


def test_a_seed_names_a_case():
    assert make_case(1, 7) == make_case(1, 7)
    assert len({json.dumps(make_case(1, k).argv) for k in range(50)}) > 25


FAULTS = {
    "ZeroDivisionError": lambda args: 1 / 0,
    "exit code 130": lambda args: 130,
    "exit code 'bye'": lambda args: sys.exit("bye"),
    "RuntimeWarning: leaks": lambda args: warnings.warn("leaks", RuntimeWarning, stacklevel=1) or 0,
    "nan in the answer": lambda args: print("tv  nan") or 0,
    "holds NaN": lambda args: print(json.dumps({"tv": float("nan")})) or 0,
    "holds Infinity": lambda args: print(json.dumps([float("inf")])) or 0,
    "not strict JSON": lambda args: print("{}{}") or 0,
    "UnicodeEncodeError": lambda args: print("\ud800") or 0,
    "on standard error": lambda args: print("{}") or print("psst", file=sys.stderr) or 0,
    "in other words": lambda args: print("wrong", file=sys.stderr) or 2,
    "than one line": lambda args: refuse("two\nlines"),
    "refused, and printed": lambda args: print("half an answer") or refuse("one line"),
    "not done after": lambda args: time.sleep(2) or 0,
}


def refuse(words):
    raise BadInput(words)


@pytest.mark.parametrize("seen", FAULTS)
def test_a_fault_is_noticed(monkeypatch, seen):
    monkeypatch.setattr(inspect, "run", FAULTS[seen])
    flags = ["--json"] if "JSON" in seen or "holds" in seen else []
    wrong = judge(Case("0/0", ["inspect", "tree.json", *flags], {}), seconds=0.5)
    assert wrong is not None
    assert seen in wrong


def test_answers_and_refusals_are_no_faults(monkeypatch):
    case = Case("0/0", ["inspect", "absent.json"], {})
    assert judge(case) is None
    monkeypatch.setattr(inspect, "run", lambda args: print("L  inf") or 0)
    assert judge(case) is None
