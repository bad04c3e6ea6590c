"""A step by counts against the multinomial law, with few particles per class and with many."""

import numpy as np
import pytest
from scipy.stats import binom, chisquare

from treesmc.sims.base.jit import kernel
from treesmc.sims.sampling.kernels import counts
from treesmc.sims.sampling.kernels.sfc64 import open_stream
from treesmc.sims.sampling.kernels.tables import moves
from treesmc.sims.trees.tree import TreeMDP

FALSE_ALARM = 1e-4
R = 20_000

TREE = TreeMDP.from_layers(
    policy=[[[0.2, 0.5, 0.3]], [[0.4, 0.6, 0.0], [0.0, 1.0, 0.0], [0.1, 0.2, 0.7]]],
    child=[[[0, 1, 2]], [[0, 1, 1], [0, 0, 1], [2, 2, 0]]],
    log_value=[[0.0], [0.4, -0.9, 0.1], [-0.5, 1.0, 0.2]],
)
TABLE = moves(TREE)
MASSES = np.array([0.3, 0.1, 0.45])


@kernel
def repeat(table, n, masses, stream, out):
    """Fill the rows of `out` with the masses after a step from depth 1."""
    arrays = counts.counts(table)
    heap = np.zeros(8)
    out[:] = 0.0
    for r in range(len(out)):
        heap[4:7] = masses
        counts.step(table, 1, n, heap, arrays.plan, arrays.numbers, arrays.row, out[r], stream)


def steps(table, n):
    out = np.empty((R, 3))
    repeat(table, n, MASSES, open_stream(3, n), out)
    return out


def edge_law():
    """Probability of every edge of depth 1 for one resampled particle."""
    return ((MASSES / MASSES.sum())[:, None] * TREE.policy_at(1)).ravel()


def tail_probability(numbers, n, p):
    """Chi-square of integers against Binomial(n, p), rare values pooled."""
    expected = binom.pmf(np.arange(n + 1), n, p) * len(numbers)
    cell = np.where(expected < 10, expected.argmin(), np.arange(n + 1))
    observed = np.bincount(cell[np.round(numbers).astype(int)], minlength=n + 1)
    expected = np.bincount(cell, weights=expected, minlength=n + 1)
    return chisquare(observed[expected > 0], expected[expected > 0]).pvalue


@pytest.mark.parametrize("n", [1, 20, 90])
def test_numbers_per_class_are_binomial(n):
    unweighted = TABLE._replace(ratio=np.ones_like(TABLE.ratio))
    numbers = steps(unweighted, n)
    assert (numbers.sum(axis=1) == n).all()
    for c in range(3):
        p = edge_law()[TREE.child_at(1).ravel() == c].sum()
        assert tail_probability(numbers[:, c], n, p) > FALSE_ALARM
        assert tail_probability(numbers[:, c], n, p + 0.3 * (p * (1 - p) / n) ** 0.5) < FALSE_ALARM


@pytest.mark.parametrize("n", [5, 200])
def test_masses_have_the_multinomial_mean_and_covariance(n):
    """Entries of a covariance from R draws have a relative error of about sqrt(2/R): 5 of those."""
    x = steps(TABLE, n)
    G = TABLE.ratio[int(TABLE.first_row[1]) :].reshape(3, 4)[:, :3].ravel()
    carries = (TREE.child_at(1).ravel()[:, None] == np.arange(3)) * G[:, None]
    p = edge_law()
    mean = n * p @ carries
    covariance = n * (carries.T @ (p[:, None] * carries) - np.outer(mean / n, mean / n))
    spread = np.sqrt(np.diag(covariance))
    assert (np.abs(x.mean(axis=0) - mean) < 5 * spread / R**0.5).all()
    off = (np.cov(x.T) - covariance) / np.outer(spread, spread)
    assert (np.abs(off) < 5 * (2 / R) ** 0.5).all()
    assert not (np.abs(off + 0.1) < 5 * (2 / R) ** 0.5).all()
