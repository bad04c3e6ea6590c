"""Every registered claim holds, its false neighbours do not, and the README's table is fresh.

Each test runs a claim, or a mutation, once; a claim is added by its file alone.
"""

import json
import re
import textwrap
from pathlib import Path

import pytest

from treesmc.cli import main
from treesmc.sims.base.errors import BadInput
from treesmc.theory import claims
from treesmc.theory.claims import CLAIMS, claim_id, select
from treesmc.theory.prover import steps
from treesmc.theory.prover.smt import Answer
from treesmc.theory.verify import check, claims_table_markdown, refutation, summary

README = Path(__file__).parents[2] / "README.md"
MUTATIONS = [
    pytest.param(name, mutation, id=f"{name} {mutation.name}")
    for name, claim in CLAIMS.items()
    for mutation in claim.mutations
]


def readme_table():
    text = README.read_text("utf-8")
    shown = re.search(r"<!-- claims:begin -->\n(.*?)<!-- claims:end -->", text, re.S)
    assert shown, "README.md has no claims:begin and claims:end markers"
    return shown[1].splitlines()


@pytest.mark.parametrize("name", CLAIMS)
def test_claim_holds_and_the_readme_says_so(name):
    result = check(CLAIMS[name], quick=True)
    assert not result.complaints
    assert result.step_counts["failed"] == 0
    found = json.loads(json.dumps(summary(result), allow_nan=False))
    assert found["instances"] == len(result.rows) > 0
    *_, line = claims_table_markdown([result]).splitlines()
    assert line in readme_table(), "stale: paste `treesmc verify --markdown`"


def test_readme_has_one_line_a_claim_in_order():
    head = claims_table_markdown([]).splitlines()
    assert readme_table()[:2] == head
    assert [line.split()[1] for line in readme_table()[2:]] == list(CLAIMS)


@pytest.mark.parametrize(("name", "mutation"), MUTATIONS)
def test_mutation_is_refuted(name, mutation):
    assert refutation(CLAIMS[name], mutation)


@pytest.mark.parametrize("name", CLAIMS)
def test_quick_keeps_the_steps_and_a_claim_says_all_of_itself(name):
    claim = CLAIMS[name]
    labels = [step.name for step in claim.steps(True)]
    assert labels == [step.name for step in claim.steps(False)]
    assert len(set(labels)) == len(labels)
    assert 0 < len(claim.instances(True)) <= len(claim.instances(False))
    assert all([claim.title, claim.statement, claim.latex, claim.source, claim.mutations])


@pytest.mark.parametrize("name", CLAIMS)
def test_without_z3_its_steps_are_graded_grid(name, monkeypatch):
    monkeypatch.setattr(steps, "prove", lambda *_: Answer("unknown", "z3 is not installed"))
    chain = [step for step in CLAIMS[name].steps(True) if step.method == "smt"]
    assert {step.decide().grade for step in chain} <= {"grid"}


def test_registry_refuses_unknown_names():
    with pytest.raises(KeyError):
        CLAIMS["ZL-9.9"]
    with pytest.raises(BadInput, match=r"ZL-9\.9"):
        select(["S1", "zl-9.9"])


def test_selection_keeps_the_order_and_ignores_case():
    assert [claim.id for claim in select(["s10", "s2", "zl-5.1"])] == ["ZL-5.1", "S2", "S10"]
    assert len(select()) == len(CLAIMS)


@pytest.mark.parametrize(
    ("module", "expected"),
    [
        ("treesmc.theory.claims.zl_5_1_smc_particles", "ZL-5.1"),
        ("s02_smc_particles", "S2"),
        ("s14_single_proposal", "S14"),
        ("zl_4_12_x", "ZL-4.12"),
        *((helper, "") for helper in ("small_trees", "s_curve", "s2", "points", "zl_shared")),
    ],
)
def test_a_file_name_says_the_id(module, expected):
    assert claim_id(module) == expected


RECIPES = (README.parent / "CONTRIBUTING.md").read_text("utf-8")
(TOY,) = re.findall(r"claims/s98.*?```python\n(.*?)\n   ```", RECIPES, re.DOTALL)
TOY = textwrap.dedent(TOY)


@pytest.fixture
def toys(monkeypatch, tmp_path):
    """Two files more in the folder of claims: one true, one false."""
    for name, divisor in (("s98_two_halves", "/ 2"), ("s99_two_thirds", "/ 3")):
        (tmp_path / f"{name}.py").write_text(TOY.replace("/ 2 *", f"{divisor} *"), "utf-8")
    monkeypatch.setattr(claims, "__path__", [*claims.__path__, str(tmp_path)])


def test_a_claim_is_added_by_its_file_alone(toys, capsys):
    assert list(CLAIMS)[-2:] == ["S98", "S99"]
    assert refutation(CLAIMS["S98"], CLAIMS["S98"].mutations[0])
    assert main(["verify", "--markdown", "S98"]) == 0
    *_, line = capsys.readouterr().out.splitlines()
    assert line == "| S98 | a whole is two halves | tight | 1 / 0 | exact | holds |"
    assert main(["verify", "--markdown", "S98", "S99"]) == 1
    assert capsys.readouterr().out.splitlines()[-1].endswith("| fails |")
    with pytest.raises(SystemExit):
        main(["verify", "--help"])
    assert "S98, S99" in " ".join(capsys.readouterr().out.split())


def test_without_its_file_it_is_unknown(capsys):
    assert main(["verify", "S98"]) == 2
    assert "S98" in capsys.readouterr().err
