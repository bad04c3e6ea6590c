"""The check of bytes can fail: a differing byte is found, and the wrong library is wrong."""

import json
import subprocess
import sys

import pytest
from check import differences, made
from machines import MACHINES, Machine

COUNT = (
    "import math; print(sum(math.exp(k / 7) != float.fromhex(x) for k, x in enumerate("
    "{exact!r}.split())))"
)


def test_a_differing_byte_is_found(tmp_path):
    (tmp_path / "outputs.json").write_text(json.dumps({"law": ["0x1p-1"], "cost": [3]}))
    (tmp_path / "headline.csv").write_bytes(b"T,n_star\n4,12\n")
    expected = dict(made(tmp_path))
    assert set(expected) == {"law", "cost", "headline.csv"}
    assert not differences(expected, dict(made(tmp_path)))
    (tmp_path / "outputs.json").write_text(json.dumps({"law": ["0x1p-2"], "cost": [3], "new": 1}))
    (tmp_path / "headline.csv").write_bytes(b"T,n_star\n4,13\n")
    assert differences(expected, dict(made(tmp_path))) == ["headline.csv", "law", "new"]


@pytest.mark.parametrize("which", [1, 2])
def test_the_wrong_library_is_wrong_everywhere_but_where_all_are_right(which):
    machine = Machine("wrong", wrong_libm=which)
    if machine.missing():
        pytest.skip(machine.missing())
    import math

    code = COUNT.format(exact=" ".join(math.exp(k / 7).hex() for k in range(100)))
    done = subprocess.run(
        [sys.executable, "-c", code], env=machine.variables(), capture_output=True, check=True
    )
    assert int(done.stdout) == 99  # exp 0 is 1 in every library


def test_machines_are_told_apart():
    assert len({machine.name for machine in MACHINES}) == len(MACHINES)
    orders = [str(machine.variables()) for machine in MACHINES if not machine.missing()]
    assert len(set(orders)) == len(orders)
