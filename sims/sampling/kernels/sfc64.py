"""SFC64 in many lanes: the random words of the kernels.

SFC64 (C. Doty-Humphrey, PractRand 0.91, "Small Fast Chaotic"; NumPy's bit generator of that name)
has three words a, b, c and a counter w. One step, modulo 2^64, is

    word = a + b + w,   w <- w + 1,   a <- b ^ (b >> 11),   b <- c + (c << 3),
    c <- (c rotated left by 24) + word.

Here LANES generators share w and are stepped side by side, which compiles to vector instructions:
word k of a stream is word k // LANES of lane k % LANES.

A stream is named by a seed and a key, whose last integer is the number of the stream within the
rest of the key. Lane l of stream number i starts at w = 1 with

    a, b = two words of SeedSequence(seed, spawn_key=rest of the key),   c = i LANES + l,

and drops its first ROUNDS words. **Streams are disjoint:** the step is a bijection of (a, b, c, w)
and w counts steps, so generators that start at w = 1 from different (a, b, c) are in no common
state before w returns, after 2^64 steps. Streams of different numbers differ in c by
construction, other streams in (a, b) by hash, but for a chance of 2^-128 a pair.

An open stream is one array: BUFFER words, how many of them are used, w, and a, b, c of all lanes.
"""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from treesmc.sims.base.jit import inner_kernel

LANES = 16
BUFFER = 512  # words, 4 kB: the buffer stays in the nearest cache
ROUNDS = 18  # as PractRand drops after seeding with three words

_USED = BUFFER
_COUNTER = BUFFER + 1
_A, _B, _C = (BUFFER + 2 + LANES * i for i in range(3))
_LENGTH = BUFFER + 2 + 3 * LANES

_ZERO, _ONE, _3, _11, _24, _40 = (np.uint64(x) for x in (0, 1, 3, 11, 24, 40))
_LANES, _STEPS = np.uint64(LANES), np.uint64(BUFFER // LANES)
_EMPTY, _DROPPED = np.uint64(BUFFER), np.uint64(ROUNDS * LANES)
_UNIT = 2.0**-53


def open_stream(seed: int, *key: int) -> NDArray[np.uint64]:
    """Return the stream named by a seed and a key, at its first word.

    Parameters
    ----------
    seed : int
        Non-negative root seed of the run.
    *key : int
        Non-negative integers, at least one; the last is the number of the stream, below 2^60.
    """
    stream = np.zeros(_LENGTH, np.uint64)
    stream[_A : _A + LANES], stream[_B : _B + LANES] = _words_of_key(seed, *key[:-1])[:, None]
    stream[_C : _C + LANES] = np.arange(LANES) + key[-1] * LANES
    stream[_COUNTER], stream[_USED] = 1, BUFFER
    return stream


@lru_cache(maxsize=8)
def _words_of_key(seed: int, *key: int) -> NDArray[np.uint64]:
    return np.random.SeedSequence(seed, spawn_key=key).generate_state(2, np.uint64)  # type: ignore[return-value]


@inner_kernel
def fill(words, a, b, c, w):
    """Fill `words` by stepping every lane, from w on.

    Arrays of its own and unsigned indices tell the compiler that no word overwrites the state, nor
    lies before its array: it steps the lanes side by side then, at a quarter of the price.
    """
    for first in range(_ZERO, np.uint64(len(words)), _LANES):
        for lane in range(LANES):
            word = a[lane] + b[lane] + w
            a[lane] = b[lane] ^ (b[lane] >> _11)
            b[lane] = c[lane] + (c[lane] << _3)
            c[lane] = ((c[lane] << _24) | (c[lane] >> _40)) + word
            words[first + np.uint64(lane)] = word
        w += _ONE


@inner_kernel
def refill(stream):
    """Fill the buffer with the next words; drop the first ones of a stream just opened."""
    w = stream[_COUNTER]
    stream[_USED] = _DROPPED if w == _ONE else _ZERO
    a, b, c = stream[_A:_B], stream[_B:_C], stream[_C:_LENGTH]
    fill(stream[:BUFFER], a, b, c, w)
    stream[_COUNTER] = w + _STEPS


@inner_kernel
def word(stream):
    """Return the next word."""
    if stream[_USED] == _EMPTY:
        refill(stream)
    used = stream[_USED]
    stream[_USED] = used + _ONE
    return stream[used]


@inner_kernel
def take(stream, done, n):
    """Take words for the draws from `done` to n, or for as many of them as the buffer holds.

    Returns where they start in `stream`, and the draw to stop before. Taken one by one, every word
    would wait for the account of the one before to come back from memory.
    """
    if stream[_USED] == _EMPTY:
        refill(stream)
    first = stream[_USED]
    taken = min(n - done, _EMPTY - first)
    stream[_USED] = first + taken
    return first, done + taken


@inner_kernel
def to_unit(word):
    """Return the uniform in [0, 1) made of the upper 53 bits of a word."""
    return (word >> _11) * _UNIT


@inner_kernel
def uniform(stream):
    """Return the next uniform in [0, 1), a multiple of 2^-53."""
    return to_unit(word(stream))
