"""The rule for rows: each relation accepts what it should and refuses the neighbour."""

import math
from dataclasses import replace

import pytest
import sympy as sp

from treesmc.theory.claim import (
    THIS_PROJECT,
    Claim,
    Evaluation,
    Instance,
    Mutation,
    as_written,
    complaints,
    evidence_grade,
    instance_grid,
    worst_ratio,
)
from treesmc.theory.prover.steps import identity
from treesmc.theory.verify import check, refutation, summary

x = sp.Symbol("x", positive=True)


def row(computed, theoretical=0.5, **more):
    return Evaluation("here", computed, theoretical, **more)


RULES = [  # kind, computed values that hold, that do not, beside 0.5
    ("upper", (0.0, 0.5, 0.5 + 1e-13), (0.5 + 1e-11, 0.6, math.inf, math.nan)),
    ("lower", (0.5 - 1e-13, 0.5, 7.0, math.inf), (0.5 - 1e-11, 0.0, math.nan)),
    ("tight", (0.5 - 1e-13, 0.5, 0.5 + 1e-13), (0.499, 0.501, math.nan)),
    ("rate", (0.5,), (0.499, 0.501)),
]


@pytest.mark.parametrize(("kind", "good", "bad"), RULES)
def test_rule(kind, good, bad):
    assert all(row(value).holds(kind) for value in good)
    assert not any(row(value).holds(kind) for value in bad)


def test_relation_of_the_row_overrides_the_kind():
    assert not row(0.4).holds("rate")
    assert row(0.4, relation="<=").holds("rate")


def test_tolerance_and_standard_errors_widen_the_rule():
    assert not row(0.51).holds("tight")
    assert row(0.51, tolerance=0.011, origin="stated").holds("tight")
    assert row(0.51, evidence="measured", stderr=0.0026).holds("tight")
    assert not row(0.51, evidence="measured", stderr=0.0024).holds("tight")


def test_tolerance_is_relative_above_one():
    assert row(1e9 + 1e-4, 1e9).holds("tight")
    assert not row(1e9 + 1e-2, 1e9).holds("tight")


def test_infinite_bound_holds_but_says_nothing():
    assert row(math.inf, math.inf).holds("upper")
    assert not row(0.3, math.inf).informative("upper")


def test_vacuous_bound_is_a_complaint():
    assert complaints("upper", [row(0.1, 1.0), row(0.2, 3.0)]) == [
        "vacuous: the bound never beats the trivial one"
    ]
    assert not complaints("upper", [row(0.1, 1.0), row(0.1, 0.99)])
    assert complaints("lower", [row(0.1, -0.5)])
    assert complaints("upper", [row(0.1, 0.4, trivial=0.3)])


def test_ratio_of_zeros_is_one():
    assert row(1e-17, 0.0).ratio == 1
    assert row(0.1, 0.0).ratio == math.inf


def test_worst_ratio_is_the_row_nearest_to_failing():
    rows = [row(0.1), row(0.4), row(0.2)]
    assert worst_ratio("upper", rows) == 0.8
    assert worst_ratio("lower", [row(0.6), row(5.0)]) == 1.2
    assert worst_ratio("upper", []) is None


def test_worst_ratio_prefers_informative_rows_that_state_the_claim():
    own, audit, vacuous, zero = row(0.4), row(0.5, relation="=="), row(1, 2), row(0, 0.0)
    assert worst_ratio("upper", [own, audit, zero]) == 0.8
    assert worst_ratio("lower", [row(0.6), row(-1, -1)]) == 1.2
    assert worst_ratio("upper", [vacuous]) == 0.5


def test_evidence():
    measured = row(0.5, evidence="measured", stderr=0.1)
    assert evidence_grade([]) == "none"
    assert evidence_grade([row(0.5)]) == "exact"
    assert evidence_grade([measured, row(0.5)]) == "exact + measured"


def test_grid_of_instances():
    points = instance_grid("needle", T=(2, 3), N=(1, 4))
    assert [(p["T"], p["N"]) for p in points] == [(2, 1), (2, 4), (3, 1), (3, 4)]
    assert points[1].label == "needle T=2, N=4"


def test_as_written_keeps_what_would_cancel():
    build = as_written(lambda: identity("cancels", x / x * x, x))
    assert str(build().statement) != str(sp.Eq(x, x, evaluate=False))
    assert build().decide().grade == "universal"
    false = as_written(lambda: identity("does not", x / x * x, 2 * x))
    assert false().decide().grade == "failed"


HALF = Claim(
    title="x/2 is half of x",
    kind="tight",
    statement="x/2",
    latex="$x/2$",
    hypotheses=(),
    source=THIS_PROJECT,
    bound=x / 2,
    steps=lambda quick: [identity("halves", x / 2 + x / 2, x)],
    instances=lambda quick: [Instance("at 3", {"x": 3.0})],
    evaluate=lambda instance: row(instance["x"] / 2, 1.5),
    mutations=(
        Mutation("third", evaluate=lambda instance: row(instance["x"] / 3, 1.5)),
        Mutation("false step", steps=lambda quick: [identity("thirds", x / 3 + x / 3, x)]),
        Mutation(
            "elsewhere",
            evaluate=lambda instance: row(instance["x"] / 2, 1.5),
            instances=lambda quick: [Instance("at 4", {"x": 4.0})],
        ),
    ),
)


def test_true_claim_holds_and_its_mutations_are_refuted():
    result = check(HALF)
    assert result.verdict == "holds"
    assert summary(result) == {
        "id": "",
        "kind": "tight",
        "verdict": "holds",
        "steps": {"universal": 1, "grid": 0, "failed": 0},
        "instances": 1,
        "worst_ratio": 1.0,
        "evidence": "exact",
    }
    assert all(refutation(HALF, mutation) for mutation in HALF.mutations)


def test_toothless_mutation_survives():
    assert refutation(HALF, Mutation("the same", evaluate=HALF.evaluate)) is None
    assert refutation(HALF, Mutation("the same", steps=HALF.steps)) is None


def test_mutation_that_checks_nothing_is_an_error_of_the_mutation():
    with pytest.raises(ValueError, match="neither"):
        Mutation("empty")


def test_claim_without_steps_or_rows_fails():
    empty = replace(HALF, steps=lambda quick: (), instances=lambda quick: ())
    assert check(empty).complaints == ("nothing was checked",)


def test_failing_step_fails_the_claim():
    broken = replace(HALF, steps=HALF.mutations[1].steps)
    assert check(broken).verdict == "fails"
    assert "thirds" in check(broken).complaints[0]
