"""The corpus: English text, reduced to 31 characters.

Letters are lower-cased. The full stop, the comma and both brackets are kept. Everything else, line
breaks and digits included, is a space, and runs of spaces are one space: what is left can be read.

By default the corpus is `pydoc_data.topics`, the half million characters of reference manual that
ship with CPython. It differs a little from one version of Python to the next.
"""

import re
import string
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import numpy as np

from treesmc.sims.base.errors import BadInput
from treesmc.sims.trees.tree import IntArray

MARKS = ".,()"
ALPHABET = " " + string.ascii_lowercase + MARKS
SYMBOL = {character: symbol for symbol, character in enumerate(ALPHABET)}
SHORTEST = 1000  # characters; less is no estimate of anything


def clean(text: str) -> str:
    """Return a text in the 31 characters of `ALPHABET`, without spaces at its ends."""
    return re.sub(rf"[^a-z{re.escape(MARKS)}]+", " ", text.lower()).strip()


def encode(text: str) -> IntArray:
    """Return the symbols of a text in `ALPHABET`, int64[n].

    Raises
    ------
    BadInput
        If a character is not in the alphabet.
    """
    for character in text:
        if character not in SYMBOL:
            raise BadInput(f"text: {character!r} is not among the characters {ALPHABET!r}")
    return np.array([SYMBOL[character] for character in text], dtype=np.int64)


def decode(symbols: Iterable[int]) -> str:
    """Return the text of symbols."""
    return "".join(ALPHABET[symbol] for symbol in symbols)


def corpus(path: str | Path | None = None) -> str:
    """Return the clean text of a UTF-8 file, by default of the manual that ships with CPython.

    Raises
    ------
    BadInput
        If the file cannot be read, is not UTF-8, or leaves fewer than 1000 characters.
    """
    if path is None:
        return _manual()
    try:
        text = clean(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise BadInput(f"text: {path}: {error.strerror or error}") from None
    except UnicodeDecodeError as error:
        raise BadInput(f"text: {path}: not UTF-8 at byte {error.start}") from None
    if len(text) < SHORTEST:
        raise BadInput(f"text: {path}: {len(text)} characters are left, at least {SHORTEST} needed")
    return text


@cache
def _manual() -> str:
    from pydoc_data.topics import topics

    return clean("\n".join(topics[name] for name in sorted(topics)))
