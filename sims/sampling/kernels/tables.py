"""Edge tables: a tree and a proposal policy, laid out for the samplers.

Edges are kept in cells: a class of depth t has a row of 2^bits[t] of them, its symbols first, then
padding of probability zero, and rows of all classes follow each other from ``first_row[t]`` on. A
particle is described by the cell of the edge (class, symbol) it crossed last. Cell e leads to the
row that starts at ``next_row[e]`` (at the last depth, to that terminal class); the last entry of
`next_row` belongs to the edge into the root, where every particle starts.

Symbols are drawn one by one from alias tables (`alias`), or in numbers by halving rows
(`binomial`): ``plan[row + i]`` is node i of the binary tree over the row, node 1 being the root.

The incremental weight of an edge is ``ratio[e] * exp(log_scale[t])``. Its largest value at each
depth is in `log_scale`, so `ratio` lies in [0, 1] whatever the scale of V:

    naive proposal    pi_ref(b | s),                 weight V(child) / V(s);
    guided proposal   pi_ref(b | s) V(child) / norm, weight E_ref[V(child) | s] / V(s).
"""

from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from treesmc.sims.base import portable
from treesmc.sims.base.errors import BadInput
from treesmc.sims.base.jit import kernel
from treesmc.sims.sampling.kernels.alias import fill_tables
from treesmc.sims.sampling.kernels.binomial import plan_rows
from treesmc.sims.trees.tree import FloatArray, IntArray, TreeMDP
from treesmc.sims.trees.values import bellman_log_ratio, guided_policy, log_increments

WIDEST_LOG_RATIO = 300.0  # squares of weights are summed too


class Moves(NamedTuple):
    """One proposal with its incremental weights, by depth and by cell.

    Attributes
    ----------
    bits : uint64[T + 1]
        A row of depth t has 2^bits[t] cells; 0 at depth T, where a row is a terminal class.
    first_row : uint64[T + 1]
        Where the rows of each depth start; 0 at depth T.
    n_classes : int64[T + 1]
        S_t.
    log_scale : float64[T]
        Logarithm of the largest incremental weight of each depth.
    threshold, alias : uint64[cells], uint32[cells]
        Alias tables, see `alias`.
    next_row : uint32[cells + 1]
        First cell of the row that the edge leads to; of padding, any row of the next depth.
    ratio : float64[cells]
        Incremental weight over the largest of its depth; 0 on impossible edges and on padding.
    plan : float64[cells]
        Probability of the rarer side at each node of each row, see `binomial`.
    """

    bits: NDArray[np.uint64]
    first_row: NDArray[np.uint64]
    n_classes: IntArray
    log_scale: FloatArray
    threshold: NDArray[np.uint64]
    alias: NDArray[np.uint32]
    next_row: NDArray[np.uint32]
    ratio: FloatArray
    plan: FloatArray


class Row(NamedTuple):
    """One law, laid out like a row: 2^bits cells. Attributes as in `Moves`."""

    bits: np.uint64
    threshold: NDArray[np.uint64]
    alias: NDArray[np.uint32]
    plan: FloatArray


def single_row(law: FloatArray) -> Row:
    """Lay out one law."""
    bits = int(len(law) - 1).bit_length()
    cells = 1 << bits
    row = Row(
        np.uint64(bits), np.empty(cells, np.uint64), np.empty(cells, np.uint32), np.zeros(cells)
    )
    fill_rows(law, len(law), bits, row.threshold, row.alias, row.plan)
    return row


@kernel
def fill_rows(policy, n_symbols, bits, threshold, alias, plan):
    """Make alias tables and plans of rows; one kernel for both, as each takes 15 ms to load."""
    fill_tables(policy, n_symbols, bits, threshold, alias)
    plan_rows(policy, n_symbols, plan, 1 << bits)


@lru_cache(maxsize=8)
def moves(tree: TreeMDP, guided: bool = False) -> Moves:
    """Tabulate the naive proposal of a tree, or the guided one. The last few tables are kept.

    Raises
    ------
    BadInput
        If the incremental weights of some depth do not fit into double precision together.
    """
    # A copy, as Numba compiles once more for the read-only arrays of a tree.
    policy = guided_policy(tree) if guided else tree.policy.copy()
    log_weight = _guided_log_weight(tree) if guided else log_increments(tree)
    return tabulate(tree, policy, *_scaled(tree, log_weight))


def tabulate(tree: TreeMDP, policy: FloatArray, ratio: FloatArray, log_scale: FloatArray) -> Moves:
    """Lay out a policy and ratios, both float64[edges], in cells."""
    bits = _bits(tree)
    n_cells = tree.n_classes[:-1] << bits
    first_row = np.concatenate([[0], np.cumsum(n_cells)])
    total = int(first_row[-1])
    first_row[-1] = 0
    table = Moves(
        np.append(bits, 0).astype(np.uint64),
        first_row.astype(np.uint64),
        tree.n_classes.copy(),
        log_scale,
        np.empty(total, np.uint64),
        np.empty(total, np.uint32),
        np.zeros(total + 1, np.uint32),
        np.zeros(total),
        np.zeros(total),
    )
    for t in range(tree.horizon):
        _lay_out(tree, t, policy, ratio, table)
    return table


def _bits(tree: TreeMDP) -> IntArray:
    """Return the least bits with 2^bits >= B_t, int64[T]."""
    return np.array([int(b - 1).bit_length() for b in tree.n_symbols])


def _lay_out(tree: TreeMDP, t: int, policy: FloatArray, ratio: FloatArray, table: Moves) -> None:
    """Write the cells of depth t."""
    rows, width = int(tree.n_classes[t]), int(tree.n_symbols[t])
    shape = rows, 1 << int(table.bits[t])
    first = int(table.first_row[t])
    cells = slice(first, first + shape[0] * shape[1])
    p = tree.edge_layer(policy, t).ravel()
    written = table.threshold[cells], table.alias[cells], table.plan[cells]
    fill_rows(p, width, int(table.bits[t]), *written)
    table.alias[cells] += np.uint32(first)
    next_row = table.first_row[t + 1] + (tree.child_at(t).astype(np.uint64) << table.bits[t + 1])
    table.next_row[cells] = table.first_row[t + 1]
    _row_view(table.next_row, cells, shape)[:, :width] = next_row
    _row_view(table.ratio, cells, shape)[:, :width] = tree.edge_layer(ratio, t)


def _row_view(flat: NDArray[Any], cells: slice, shape: tuple[int, int]) -> NDArray[Any]:
    return flat[cells].reshape(shape)


def _guided_log_weight(tree: TreeMDP) -> FloatArray:
    """Return log E_ref[V' | s] / V(s) of the class each edge starts from, -inf if impossible."""
    classes_of_depth = np.split(bellman_log_ratio(tree), tree.class_start[1:-2])
    rows = [np.repeat(x, b) for x, b in zip(classes_of_depth, tree.n_symbols, strict=True)]
    return np.where(tree.policy > 0, np.concatenate(rows), -np.inf)


def _scaled(tree: TreeMDP, log_weight: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Split log weights into ratios to the largest of the depth, and its logarithm."""
    log_scale = np.maximum.reduceat(log_weight, tree.edge_start[:-1])
    depth = np.repeat(np.arange(tree.horizon), np.diff(tree.edge_start))
    log_ratio = log_weight - log_scale[depth]
    too_low = np.isfinite(log_ratio) & (log_ratio < -WIDEST_LOG_RATIO)
    if too_low.any():
        e = int(np.argmax(too_low))
        raise BadInput(
            f"log_value: the weights V(child)/V(parent) of depth {depth[e] + 1} span a factor of "
            f"exp({-log_ratio[e]:.0f}); sampling in double precision takes at most "
            f"exp({WIDEST_LOG_RATIO:.0f})"
        )
    return portable.exp(log_ratio), log_scale
