r"""The reference policy: a character n-gram model with Witten-Bell smoothing.

A model of order n draws the next character given the n - 1 before it, the context h. With c(h b)
how often b follows h in the corpus, c(h) their sum over b, and u(h) how many different characters
follow h, the model of each order is interpolated with the one below,

    P(b | h) = (c(h b) + u(h) P(b | h')) / (c(h) + u(h)),    h' = h without its first character,

starting below order 1 from the uniform law (Witten & Bell 1991, IEEE Transactions on Information
Theory 37, 1085-1094, as interpolated in Chen & Goodman 1999, Computer Speech & Language 13,
359-394). Every character has positive probability in every context.

A context that is not in the corpus has c = u = 0 and so the law of its longest suffix that is. Nor
is any extension of it in the corpus, so this remains true of what it leads to: keeping, in place of
the context, its longest suffix that is in the corpus loses nothing. This is the finite-state form
of the model (Allauzen, Mohri & Roark 2003, Proceedings of ACL, 40-47), a thousand states in place
of the 31^(n-1) contexts.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from treesmc.sims.base.checks import check_one_of
from treesmc.sims.base.errors import BadInput
from treesmc.sims.language.text import ALPHABET, SYMBOL, decode, encode
from treesmc.sims.trees.tree import FloatArray, IntArray

ORDERS = (1, 2, 3, 4)
B = len(ALPHABET)


@dataclass(frozen=True, eq=False)
class NGram:
    """A character n-gram model as a finite-state machine.

    Attributes
    ----------
    order : int
        n.
    contexts : tuple of K str
        The states: contexts of the corpus, at most n - 1 characters long.
    policy : float64[K, B]
        P(b | context).
    next_context : int64[K, B]
        State that b leads to.
    start : int
        State in which a text begins, as if a space had been before it.
    """

    order: int
    contexts: tuple[str, ...]
    policy: FloatArray
    next_context: IntArray
    start: int


def fit(text: str, order: int) -> NGram:
    """Estimate a model of an order, 1 to 4, from a text in `ALPHABET`.

    Raises
    ------
    BadInput
        If the order is out of range, or the text is empty.
    """
    check_one_of("order", order, ORDERS)
    if not text:
        raise BadInput("text: nothing to estimate a model from")
    counts = [ngram_counts(encode(text), m) for m in range(order)]
    policies = interpolate(counts)
    seen = [c.sum(axis=1) > 0 for c in counts]
    offsets = np.cumsum([0, *(np.count_nonzero(s) for s in seen)])
    state = [offset + np.cumsum(s) - 1 for offset, s in zip(offsets, seen, strict=False)]
    codes = [np.flatnonzero(s) for s in seen]
    space = SYMBOL[" "]
    started = order > 1 and bool(seen[1][space])
    return NGram(
        order=order,
        contexts=tuple(_spell(int(code), m) for m in range(order) for code in codes[m]),
        policy=np.concatenate([policies[m][codes[m]] for m in range(order)]),
        next_context=np.concatenate([_next(codes[m], m, seen, state) for m in range(order)]),
        start=int(state[1][space]) if started else 0,
    )


def ngram_counts(symbols: IntArray, m: int) -> IntArray:
    """Return c(h b) for contexts of m characters, int64[B^m, B]; h is a number in base B."""
    codes = np.zeros(max(len(symbols) - m, 0), dtype=np.int64)
    for i in range(m + 1):
        codes = codes * B + symbols[i : i + len(codes)]
    return np.bincount(codes, minlength=B ** (m + 1)).reshape(-1, B)


def interpolate(counts: list[IntArray]) -> list[FloatArray]:
    """Return P(b | h), float64[B^m, B], for contexts of m = 0, 1, ... characters."""
    policies, below = [], np.full((1, B), 1 / B)
    for c in counts:
        distinct = np.count_nonzero(c, axis=1)[:, None]
        shorter = below[np.arange(len(c)) % len(below)]
        seen = c.sum(axis=1, keepdims=True) + distinct
        below = np.where(seen > 0, (c + distinct * shorter) / np.maximum(seen, 1), shorter)
        policies.append(below)
    return policies


def _next(
    codes: IntArray, m: int, seen: list[NDArray[np.bool_]], state: list[IntArray]
) -> IntArray:
    """Return the states that contexts of m characters lead to, int64[len(codes), B]."""
    extended = codes[:, None] * B + np.arange(B)
    result = np.zeros_like(extended)  # the empty context, a suffix of all
    for length in range(1, min(m + 1, len(seen) - 1) + 1):
        suffix = extended % B**length
        result = np.where(seen[length][suffix], state[length][suffix], result)
    return result


def _spell(code: int, m: int) -> str:
    """Return the m characters of a context."""
    return decode(code // B**i % B for i in reversed(range(m)))
