"""Every registered claim holds, and what is reported of it says so; the README's table is fresh."""

import json
import re
from functools import cache
from pathlib import Path

import pytest

from treesmc.sims.base.errors import BadInput
from treesmc.theory.claims import CLAIMS, IDS, select
from treesmc.theory.verify import check, claims_table_markdown, summary

README = Path(__file__).parents[2] / "README.md"


@cache
def quick(name):
    return check(CLAIMS[name], quick=True)


def test_registry_is_complete_and_in_order():
    paper = ["ZL-4.1", "ZL-4.2", "ZL-4.3", "ZL-5.1", "ZL-5.2", "ZL-6.1"]
    assert list(CLAIMS) == list(IDS) == paper + [f"S{k}" for k in range(1, 15)]
    assert [CLAIMS[name].id for name in CLAIMS] == list(IDS)
    assert len(CLAIMS) == 20


def test_registry_refuses_unknown_names():
    with pytest.raises(KeyError):
        CLAIMS["ZL-9.9"]
    with pytest.raises(BadInput, match=r"ZL-9\.9"):
        select(["S1", "zl-9.9"])


def test_selection_keeps_the_order_and_ignores_case():
    assert [claim.id for claim in select(["s2", "zl-5.1"])] == ["ZL-5.1", "S2"]
    assert len(select()) == len(IDS)


@pytest.mark.parametrize("name", IDS)
def test_claim_holds(name):
    result = quick(name)
    assert not result.complaints
    assert result.step_counts["failed"] == 0
    assert result.rows


@pytest.mark.parametrize("name", IDS)
def test_claim_is_documented(name):
    claim = CLAIMS[name]
    assert claim.statement
    assert claim.title
    assert claim.source
    assert claim.mutations
    labels = [step.name for step in claim.steps(True)]
    assert len(set(labels)) == len(labels)


@pytest.mark.parametrize("name", IDS)
def test_quick_and_full_proofs_have_the_same_steps(name):
    claim = CLAIMS[name]
    assert [s.name for s in claim.steps(True)] == [s.name for s in claim.steps(False)]


@pytest.mark.parametrize("name", IDS)
def test_quick_instances_are_no_more_than_full_ones(name):
    claim = CLAIMS[name]
    assert 0 < len(claim.instances(True)) <= len(claim.instances(False))


def test_summary_is_json_of_the_stated_shape():
    found = json.loads(json.dumps(summary(quick("ZL-5.1")), allow_nan=False))
    assert list(found) == [
        "id",
        "kind",
        "verdict",
        "steps",
        "instances",
        "worst_ratio",
        "evidence",
    ]
    assert list(found["steps"]) == ["universal", "grid", "failed"]
    assert 0 < found["worst_ratio"] < 1


def test_table_of_the_readme_is_fresh():
    shown = re.search(r"<!-- claims:begin -->\n(.*?)<!-- claims:end -->", README.read_text(), re.S)
    assert shown, "README.md has no claims:begin and claims:end markers"
    expected = claims_table_markdown(quick(name) for name in IDS)
    assert shown[1].strip() == expected.strip(), "stale: paste `treesmc verify --markdown`"


def test_table_has_one_line_a_claim():
    lines = claims_table_markdown([quick("ZL-4.1"), quick("ZL-4.3")]).splitlines()
    assert len(lines) == 4
    assert lines[2].startswith("| ZL-4.1 | with a bounded ratio")
    assert lines[3].endswith("| exact | holds |")
