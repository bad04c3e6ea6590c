"""Formulas: computed as arithmetic says, and nothing but arithmetic."""

import contextlib
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from treesmc.sims.base.errors import BadInput
from treesmc.sims.sweeps.formula import LONGEST, evaluate, fill, label_names, names

VARIABLES = {"T": 16, "c": 0.5, "a": 0.75}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("0.25", 0.25),
        ("1/T", 1 / 16),
        ("c*log(T)/T", 0.5 * math.log(16) / 16),
        ("c/T**a", 0.5 / 8),
        (" -T + 20 ", 4.0),
        ("max(512, 2**17 // T)", 8192.0),
        ("min(1, sqrt(T), exp(c))", 1.0),
        ("2*T - 1", 31.0),
        ("expm1(1/(T - 1))", math.expm1(1 / 15)),
        ("1000*((T - 1) // 7) + T", 2016.0),
    ],
)
def test_value(text, value):
    assert evaluate(text, VARIABLES) == value


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1/",
        "x/T",
        "b",
        "T.real",
        "T()",
        "T[0]",
        "'T'",
        "True",
        "[1]",
        "1 if T else 2",
        "T < 2",
        "lambda: 1",
        "(c := 2)",
        "__import__('os').getpid()",
        "open('/etc/passwd')",
        "log.__class__",
        "log(T, base=2)",
        "log(*[T])",
        "1j*T",
        "9**9**9**9",
        "(-1)**0.5",
        "1/(T - 16)",
        "1e400",
        "log(0)",
        "log()",
        "1" + "+1" * LONGEST,
        "(" * 90 + "1" + ")" * 89,
    ],
)
def test_anything_else_is_refused_in_one_line(text):
    with pytest.raises(BadInput) as refused:
        evaluate(text, VARIABLES)
    assert repr(text) in str(refused.value)
    assert "\n" not in str(refused.value)


@given(st.text(max_size=30))
def test_any_text_is_a_number_or_refused(text):
    with contextlib.suppress(BadInput):
        assert math.isfinite(evaluate(text, VARIABLES))


def test_a_name_without_value_is_refused():
    with pytest.raises(BadInput, match=r"'c' is not understood"):
        evaluate("c/T", {"T": 4})


def test_names_are_those_of_values():
    assert set(names("c*log(T)/T + min(a, 2)")) == {"c", "T", "a"}
    assert names("2 +") == names("(" * 300) == ()


def test_values_that_are_no_numbers_are_refused():
    with pytest.raises(BadInput, match=r"^'2\*family' cannot be computed \(family = needle\)"):
        evaluate("2*family", {"family": "needle"})


def test_labels_show_values():
    values = {"T": 16, "eps": 0.1 + 0.2, "kappa": 1.0, "family": "needle"}
    label = "{family} {kappa}, {T}: {eps} {} {0} { T }"
    assert fill(label, values) == "needle 1, 16: 0.3 {} {0} { T }"
    assert label_names(label) == ("family", "kappa", "T", "eps")
    for attack in ("{T.real}", "{T!r}", "{T:>99999999}", "{T[0]}"):
        assert fill(attack, values) == attack
    with pytest.raises(BadInput, match="'x' is no key of this point"):
        fill("{x}", values)
