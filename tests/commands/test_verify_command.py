"""`treesmc verify`: shapes on stdout, exit codes, one failing claim."""

import json
from dataclasses import replace

import pytest

from treesmc.cli import main
from treesmc.theory.claims import zl_4_1_bounded_ratio as zl_4_1
from treesmc.theory.claims import zl_4_3_guidance_drift as zl_4_3


def test_table(capsys):
    assert main(["verify", "--quick", "ZL-4.1", "zl-4.3"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split()[:3] == ["claim", "kind", "universal"]
    assert [line.split()[0] for line in lines[1:3]] == ["ZL-4.1", "ZL-4.3"]
    assert "2 of 2 claims hold" in lines[-1]
    columns = lines[0].index("verdict")
    assert all(line[columns:].startswith("holds") for line in lines[1:3])


def test_json(capsys):
    assert main(["verify", "--quick", "--json", "ZL-4.3"]) == 0
    (found,) = json.loads(capsys.readouterr().out)
    assert found["id"] == "ZL-4.3"
    assert found["verdict"] == "holds"
    assert found["steps"]["failed"] == 0


def test_explain(capsys):
    assert main(["verify", "--quick", "--explain", "zl-4.3"]) == 0
    words = capsys.readouterr().out
    result = zl_4_3.CLAIM
    for step in result.steps(True):
        assert f"[universal] {step.name}" in words
    assert "taken as known:" in words
    assert "eps >= 1" in words
    assert words.rstrip().endswith("verdict: holds")


@pytest.fixture
def broken(monkeypatch):
    """ZL-4.1 with the exponent of its first mutation."""
    false = replace(zl_4_1.CLAIM, evaluate=zl_4_1.CLAIM.mutations[0].evaluate)
    monkeypatch.setattr(zl_4_1, "CLAIM", false)


@pytest.mark.parametrize("shape", [[], ["--json"], ["--markdown"]])
def test_failure_is_told_and_exits_with_1(broken, capsys, shape):
    assert main(["verify", "--quick", "ZL-4.1", *shape]) == 1
    assert "fails" in capsys.readouterr().out


def test_failure_is_explained(broken, capsys):
    assert main(["verify", "--quick", "--explain", "ZL-4.1"]) == 1
    words = capsys.readouterr().out
    assert "fails: best strategy" in words
    assert words.rstrip().endswith("verdict: fails")


def test_unknown_claim_exits_with_2(capsys):
    assert main(["verify", "ZL-9.9"]) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert "ZL-9.9" in captured.err
    assert captured.err.count("\n") == 1


def test_one_shape_at_a_time():
    with pytest.raises(SystemExit) as exit_:
        main(["verify", "--json", "--explain", "ZL-4.1"])
    assert exit_.value.code == 2
