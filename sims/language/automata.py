"""Rewards that a finite automaton recognises.

A specification names one:

    contains:WORD       the text contains the word (Knuth, Morris & Pratt 1977)
    avoids:LETTERS      none of the letters occurs
    balanced:DEPTH      brackets are balanced and nested no deeper than DEPTH
    syllables:COUNT     exactly so many groups of vowels (a, e, i, o, u, y): a crude metre
    words:SHORT-LONG    every word, the last one included, has so many letters
    matches:REGEX       the whole text matches a regular expression (compiled by `greenery`, extra
                        ``language``; no anchors, since the whole text must match)
"""

import string
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from treesmc.sims.base.errors import BadInput
from treesmc.sims.language.text import ALPHABET, SYMBOL, encode
from treesmc.sims.trees.tree import IntArray

VOWELS = "aeiouy"
LARGEST_COUNT = 1000


@dataclass(frozen=True, eq=False)
class Automaton:
    """A deterministic automaton over `ALPHABET`; state 0 is where it starts.

    Attributes
    ----------
    next_state : int64[Q, B]
        State that a character leads to.
    accepting : bool[Q]
    """

    next_state: IntArray
    accepting: NDArray[np.bool_]

    @classmethod
    def of(
        cls, n_states: int, step: Callable[[int, str], int], accepts: Callable[[int], bool]
    ) -> "Automaton":
        """Tabulate a step function (state, character) and a set of accepting states."""
        table = [[step(q, character) for character in ALPHABET] for q in range(n_states)]
        return cls(np.array(table), np.array([accepts(q) for q in range(n_states)]))

    def accepts(self, text: str) -> bool:
        """Whether a text is accepted."""
        state = 0
        for symbol in encode(text):
            state = self.next_state[state, symbol]
        return bool(self.accepting[state])


def automaton(specification: str) -> Automaton:
    """Return the automaton of a specification (see the module).

    Raises
    ------
    BadInput
        If the specification is not understood, or the library it needs is not installed.
    """
    kind, colon, argument = specification.partition(":")
    if kind not in KINDS or not colon or not argument:
        usage = ", ".join(f"{name}:..." for name in KINDS)
        raise BadInput(f"reward: {specification!r} is not understood; one of {usage}")
    return KINDS[kind](argument)


def contains(word: str) -> Automaton:
    """Accept texts that contain a word. State k: the longest prefix of it that was just read."""
    encode(word)

    def step(k: int, character: str) -> int:
        if k == len(word):
            return k
        read = word[:k] + character
        return next(n for n in reversed(range(k + 2)) if read.endswith(word[:n]))

    return Automaton.of(len(word) + 1, step, lambda k: k == len(word))


def avoids(letters: str) -> Automaton:
    """Accept texts in which none of the letters occurs. State 1: one did."""
    encode(letters)
    return Automaton.of(2, lambda q, character: int(q or character in letters), lambda q: q == 0)


def balanced(depth: str) -> Automaton:
    """Accept balanced brackets, nested no deeper than ``depth``. The last state is failure."""
    deepest = _count(depth)
    failed = deepest + 1

    def step(q: int, character: str) -> int:
        if q == failed:
            return failed
        opened = q + (character == "(") - (character == ")")
        return opened if 0 <= opened <= deepest else failed

    return Automaton.of(deepest + 2, step, lambda q: q == 0)


def syllables(count: str) -> Automaton:
    """Accept exactly so many groups of vowels. State 2 n + v: n so far, v whether within one."""
    n = _count(count)
    failed = 2 * n + 2

    def step(q: int, character: str) -> int:
        if q == failed:
            return failed
        vowel = character in VOWELS
        begun = q // 2 + (vowel and q % 2 == 0)
        return failed if begun > n else 2 * begun + vowel

    return Automaton.of(failed + 1, step, lambda q: q // 2 == n and q != failed)


def words(lengths: str) -> Automaton:
    """Accept words of ``SHORT-LONG`` letters only. State n: letters of the word being read."""
    shortest, dash, longest = lengths.partition("-")
    least, most = _count(shortest), _count(longest if dash else shortest)
    failed = most + 1

    def complete(n: int) -> bool:
        return n == 0 or least <= n <= most

    def step(n: int, character: str) -> int:
        if n == failed:
            return failed
        if character in string.ascii_lowercase:
            return n + 1
        return 0 if complete(n) else failed

    return Automaton.of(most + 2, step, complete)


def matches(pattern: str) -> Automaton:
    """Accept texts that a regular expression matches as a whole."""
    try:
        from greenery import parse
    except ImportError:
        raise BadInput("reward: matches needs greenery; pip install 'treesmc[language]'") from None
    if pattern.startswith("^") or pattern.endswith("$"):
        raise BadInput(f"reward: {pattern!r}: no anchors; the whole text must match anyway")
    try:
        machine = parse(pattern).to_fsm().reduce()
    except Exception as error:  # its parser raises whatever it trips over
        reason = " ".join(str(error).split())
        raise BadInput(f"reward: {pattern!r} is not a regular expression: {reason}") from None
    states = [machine.initial, *sorted(machine.states - {machine.initial})]
    place = {state: q for q, state in enumerate(states)}
    table = np.empty((len(states), len(ALPHABET)), dtype=np.int64)
    for state, row in machine.map.items():
        for characters, target in row.items():
            accepted = [SYMBOL[c] for c in ALPHABET if characters.accepts(c)]
            table[place[state], accepted] = place[target]
    return Automaton(table, np.array([state in machine.finals for state in states]))


KINDS: dict[str, Callable[[str], Automaton]] = {
    "contains": contains,
    "avoids": avoids,
    "balanced": balanced,
    "syllables": syllables,
    "words": words,
    "matches": matches,
}


def _count(text: str) -> int:
    digits = text.isascii() and text.isdigit() and len(text) < 20  # int() refuses thousands
    if not digits or not 1 <= int(text) <= LARGEST_COUNT:
        raise BadInput(f"reward: {text!r} is not a whole number from 1 to {LARGEST_COUNT}")
    return int(text)
