"""Alias tables: one symbol of a row in constant time, from one word (Walker 1977, Vose 1991).

A row of B probabilities is padded to 2^bits cells of equal size. Cell i keeps its own symbol on a
share ``threshold[i]`` of its size and gives the rest to ``alias[i]``, a symbol that is too large
for one cell. The upper bits of a word choose the cell and the next 63 decide: no comparison is
left to a branch that the processor would have to guess.

Shares are integers in units of 2^-63, from 0 (never) to 2^63 (always), so a symbol of probability
zero is never drawn, whatever the rounding: it keeps nothing, and receives nothing because only
symbols of more than a cell's size receive.
"""

import numpy as np

from treesmc.sims.base.jit import inner_kernel, kernel

_ONE, _63 = np.uint64(1), np.uint64(63)
ALWAYS = 2.0**63


@kernel
def divide(share, threshold, alias, pending):
    """Make one row's table by Vose's algorithm from `share`, cell sizes that sum to their number.

    Overwrites `share`; `pending` [cells] is scratch. Cells smaller than their size wait in it from
    the front, larger ones from the back. `alias` is relative to the row.
    """
    small, large = 0, len(share)
    for i in range(len(share)):
        threshold[i] = np.uint64(ALWAYS)
        alias[i] = i
        if share[i] < 1.0:
            pending[small] = i
            small += 1
        else:
            large -= 1
            pending[large] = i
    while small > 0 and large < len(share):
        small -= 1
        poor, rich = pending[small], pending[large]
        threshold[poor] = np.uint64(share[poor] * ALWAYS)
        alias[poor] = rich
        share[rich] -= 1.0 - share[poor]
        if share[rich] < 1.0:
            large += 1
            pending[small] = rich
            small += 1


@kernel
def fill_tables(policy, n_symbols, bits, threshold, alias):
    """Make the tables of all rows of one depth; `policy` is their flat probabilities.

    Writes the flat `threshold` and `alias` (relative to the depth) of 2^bits cells a row.
    """
    cells = 1 << bits
    share, pending = np.empty(cells), np.empty(cells, np.int64)
    for s in range(len(policy) // n_symbols):
        p = policy[s * n_symbols : (s + 1) * n_symbols]
        share[:] = 0.0
        share[:n_symbols] = p * (cells / p.sum())
        row = slice(s * cells, (s + 1) * cells)
        divide(share, threshold[row], alias[row], pending)
        alias[row] += np.uint32(s * cells)


@inner_kernel
def cross(threshold, alias, row, bits, word):
    """Return the cell drawn from the row of 2^bits cells that starts at `row`."""
    cell = row + ((word >> _ONE) >> (_63 - bits))
    keeps = (((word << bits) >> _ONE) - threshold[cell]) >> _63
    other = np.uint64(alias[cell])
    return other + keeps * (cell - other)
