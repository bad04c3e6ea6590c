"""Automata against the plain string check that each one stands for."""

import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from treesmc.sims.base.errors import BadInput
from treesmc.sims.language.automata import KINDS, automaton
from treesmc.sims.language.text import ALPHABET

TEXTS = st.text("abey (),", max_size=25)


def is_balanced(text, deepest):
    depth = 0
    for character in text:
        depth += {"(": 1, ")": -1}.get(character, 0)
        if not 0 <= depth <= deepest:
            return False
    return depth == 0


CHECKS = {
    "contains:aba": lambda text: "aba" in text,
    "contains:a b": lambda text: "a b" in text,
    "avoids:be": lambda text: not set("be") & set(text),
    "balanced:2": lambda text: is_balanced(text, 2),
    "balanced:1": lambda text: is_balanced(text, 1),
    "syllables:2": lambda text: len(re.findall("[aeiouy]+", text)) == 2,
    "words:2-3": lambda text: all(2 <= len(w) <= 3 for w in re.findall("[a-z]+", text)),
    "words:2": lambda text: all(len(w) == 2 for w in re.findall("[a-z]+", text)),
    "matches:[^(]*(ab|e+)[ ,]?b*": lambda text: bool(re.fullmatch(r"[^(]*(ab|e+)[ ,]?b*", text)),
    r"matches:(a.b\(\))*": lambda text: bool(re.fullmatch(r"(a.b\(\))*", text)),
}


@pytest.mark.parametrize("specification", CHECKS)
@given(TEXTS)
def test_accepts_what_the_string_check_does(specification, text):
    assert automaton(specification).accepts(text) == CHECKS[specification](text)


@pytest.mark.parametrize(
    ("specification", "accepted", "refused"),
    [
        ("contains:ababc", "xabababcx", "ababab c"),  # falls back within the word
        ("avoids:xyz", "plain words", "lazy"),
        ("balanced:2", "a(b)(c(d))", "(((a)))"),
        ("balanced:3", "(((a)))", ")("),
        ("syllables:3", "banana", "bananas are"),
        ("words:3-5", "three word text", "a text"),
        ("matches:[a-z]*ing", "sampling", "sampler"),
    ],
)
def test_examples_on_both_sides(specification, accepted, refused):
    machine = automaton(specification)
    assert machine.accepts(accepted)
    assert not machine.accepts(refused)


@pytest.mark.parametrize("specification", CHECKS)
def test_tables_are_total(specification):
    machine = automaton(specification)
    n_states = len(machine.accepting)
    assert machine.next_state.shape == (n_states, len(ALPHABET))
    assert machine.next_state.dtype == np.int64
    assert 0 <= machine.next_state.min() <= machine.next_state.max() < n_states


def test_every_kind_is_checked():
    assert {specification.partition(":")[0] for specification in CHECKS} == set(KINDS)


@pytest.mark.parametrize(
    ("specification", "words"),
    [
        ("contain:x", "one of contains:"),
        ("contains", "not understood"),
        ("contains:", "not understood"),
        ("contains:Python", "'P'"),
        ("avoids:é", "'é'"),
        ("balanced:0", "'0'"),
        ("balanced:two", "'two'"),
        ("syllables:-1", "'-1'"),
        ("words:3-", "''"),
        ("matches:(a", "not a regular expression"),
        ("matches:[", "not a regular expression"),
        ("matches:" + "(" * 300, "not a regular expression"),
        ("syllables:" + "9" * 5000, "is not a whole number"),
        ("matches:^a$", "no anchors"),
        ("matches:[z-a]", "not a regular expression"),
    ],
)
def test_bad_specifications_are_named(specification, words):
    with pytest.raises(BadInput, match=re.escape(words)):
        automaton(specification)


def test_missing_library_is_named(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "greenery", None)
    with pytest.raises(BadInput, match=r"treesmc\[language\]"):
        automaton("matches:a*")
