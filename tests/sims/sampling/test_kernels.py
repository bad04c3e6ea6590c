"""Kernels as such: compiled equals plain Python bit for bit, and the guards at the edges."""

import math
from functools import cache
from types import FunctionType

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from treesmc.sims.base import elementary
from treesmc.sims.sampling.kernels import (
    alias,
    binomial,
    conditional,
    counts,
    pool,
    resampling,
    sfc64,
    smc,
    tables,
    walk,
)
from treesmc.sims.sampling.kernels import running as moments
from treesmc.sims.sampling.kernels.sfc64 import BUFFER, LANES, ROUNDS, open_stream
from treesmc.sims.sampling.kernels.tables import moves, single_row
from treesmc.sims.trees.tree import TreeMDP

LARGEST = np.uint64(2**64 - 1)
BELOW_ONE = 1 - 2.0**-53  # the largest uniform of a stream

TREE = TreeMDP.from_layers(
    policy=[[[0.2, 0.5, 0.3]], [[0.4, 0.6, 0.0], [0.0, 1.0, 0.0]], [[0.3, 0.7], [0.9, 0.1]]],
    child=[[[1, 0, 1]], [[0, 1, 1], [0, 0, 1]], [[0, 1], [1, 2]]],
    log_value=[[0.3], [0.4, -0.9], [-0.5, 1.0], [0.7, -1.2, 1.4]],
)
TABLE = moves(TREE)
BITS, ROW = np.uint64(2), np.uint64(4)  # the row of depth 1, class 0
PATH = np.array([0, 9, 13], np.uint64)  # cells of symbols 0, 1, 1 through classes 0, 1, 0, 1
LOG_PHI = np.array(TREE.log_value_at(3))
REWARD = np.array([0.1, 1.0, 0.2])
LAW = single_row(np.array([0.2, 0.5, 0.3]))
WEIGHTS = np.array([0.2, 0.0, 0.9, 0.4, 0.3])
POLICY = np.array([0.2, 0.8, 0.0, 0.5, 0.5, 0.0])
FAINT = TABLE._replace(ratio=1e-140 * TABLE.ratio)  # weights whose product would underflow
RARE = single_row(np.array([1e-12, 0.5, 3e-5, 0.2, 0.3 - 3e-5 - 1e-12]))
RARE_REWARD = np.array([0.7, -1.2, 1.4, 0.1, 0.2])
EDGES = np.array(
    [-np.inf, -800.0, -745.0, -80.0, -1.5, -1.0, -0.9, -0.4, -1e-9, 0.0, 5e-324, 1e-9, 0.3, 0.41,
     0.5, 0.7, 1.0, 2.5, 50.0, 700.0, 800.0, 1e17, 1e300, np.inf, np.nan]
)  # fmt: skip


def zeros(n):
    return np.zeros(n)


def integers(*values):
    return np.array(values, dtype=np.int64)


def indices(*values):
    return np.array(values, dtype=np.uint32)


def out(replicates=20, classes=3):
    """Mean, spread and log Zhat of some replicates."""
    return zeros(classes), zeros(classes), zeros(replicates)


# Arguments of the kernels that Python calls, by the stream they draw from. They call all others.
CASES = {
    "apply": [lambda _, f=f: (f, EDGES.copy()) for f in range(4)],
    "fill_rows": [
        lambda _: (POLICY.copy(), 3, 2, np.zeros(8, np.uint64), indices(*range(8)), zeros(8))
    ],
    "smc_block": [
        lambda stream, table=table, scheme=scheme, kappa=kappa, n=n: (
            table, n, scheme.number, kappa, stream, *out()
        )
        for table in (TABLE, FAINT)
        for scheme in resampling.SCHEMES.values()
        for kappa, n in ((1.0, 1), (1.0, 9), (0.8, 6), (0.0, 3))
    ],
    "conditional_smc_block": [
        lambda stream, n=n: (TABLE, PATH, n, stream, *out()) for n in (1, 5)
    ],
    "smc_counts_block": [
        lambda stream, n=n: (TABLE, n, stream, *out(99)) for n in (1, 9, 300, 10**4, 10**12)
    ],
    "sequence_block": [
        lambda stream, table=table: (table, stream, *out()) for table in (TABLE, FAINT)
    ],
    "naive_block": [lambda stream, n=n: (TABLE, LOG_PHI, n, stream, *out()) for n in (5, 99)],
    "naive_counts_block": [
        lambda stream, n=n: (RARE, RARE_REWARD, n, stream, *out(400, 5))
        for n in (5, 30, 10**4, 10**6, 10**15, 2**53)
    ],
    "rejection_block": [lambda stream: (TABLE, REWARD, stream, *out()[:2], integers(*[0] * 40))],
    "pool_mh_block": [
        lambda stream, table=table, M=M: (table, M, 5, stream, *out())
        for table in (TABLE, FAINT)
        for M in (1, 3, 100)
    ],
}  # fmt: skip

MODULES = (
    alias, binomial, conditional, counts, elementary, moments, pool, resampling, sfc64, smc, tables,
    walk,
)  # fmt: skip
KERNELS = {
    name: function
    for module in MODULES
    for name, function in vars(module).items()
    if hasattr(function, "py_func")
}
entered = set()


@cache
def plain(function):
    """The kernel as plain Python all the way down: whatever it calls is not compiled either."""
    source = function.py_func
    names = {
        name: plain(x) if hasattr(x, "py_func") and name in source.__code__.co_names else x
        for name, x in source.__globals__.items()
    }
    written = FunctionType(source.__code__, names)

    def entering(*arguments):
        entered.add(source.__name__)
        return written(*arguments)

    return entering


def flat(arguments):
    """All arrays among arguments, those of named tuples included."""
    for x in arguments:
        if isinstance(x, tuple):
            yield from flat(x)
        elif isinstance(x, np.ndarray):
            yield x


def everything(function, arguments):
    """All arrays after the call, the stream's included, as bytes."""
    filled = arguments(open_stream(1, 2))
    with np.errstate(all="ignore"):
        function(*filled)
    return [x.tobytes() for x in flat(filled)]


def test_compiled_equals_plain_python_bit_for_bit():
    """All arrays a call leaves behind; every kernel is among those that are called."""
    for name, cases in CASES.items():
        for arguments in cases:
            compiled = everything(KERNELS[name], arguments)
            assert compiled == everything(plain(KERNELS[name]), arguments), name
    assert set(KERNELS) - entered == set()


def table_law(p):
    """The law that an alias table draws from, in exact integers out of cells 2^63."""
    row = single_row(np.array(p))
    law = [0] * len(row.threshold)
    for cell, (kept, other) in enumerate(zip(row.threshold, row.alias, strict=True)):
        law[cell] += int(kept)
        law[int(other)] += 2**63 - int(kept)
    return law


@settings(deadline=None, derandomize=True, max_examples=50)
@given(st.lists(st.sampled_from([0.0, 1e-300, 1e-17, 0.1, 0.3, 1.0, 7.0]), min_size=1, max_size=9))
def test_alias_tables_have_the_law_of_their_row(masses):
    """Up to rounding of 2^-49; padding and symbols of probability zero get exactly nothing."""
    if sum(masses) < 0.1:
        masses = [*masses, 1.0]
    p = np.array(masses) / sum(masses)
    law = table_law(p)
    assert sum(law) == len(law) * 2**63
    for i, mass in enumerate(law):
        expected = p[i] if i < len(p) else 0.0
        assert abs(mass / (len(law) * 2**63) - expected) < 2.0**-49
        assert mass == 0 or expected > 0


def test_alias_tables_of_a_wrong_row_are_noticed():
    law = np.array(table_law([0.3, 0.7])) / 2.0**64
    assert abs(law[0] - 0.3) < 2.0**-49
    assert abs(law[0] - 0.3 - 1e-9) > 2.0**-49


def test_zero_probability_edges_are_never_crossed():
    """The row of depth 1, class 1 is (0, 1, 0) and padding; every word leads to symbol 1."""
    row = np.uint64(8)
    for word in (0, 2**62 - 1, 2**62, 2**63, 2**63 + 2**62, 2**64 - 1):
        assert alias.cross(TABLE.threshold, TABLE.alias, row, BITS, np.uint64(word)) == 9


def test_the_last_of_a_pool_is_guarded():
    weights = np.array([0.2, 0.7, 0.0])
    assert pool.pick(weights, 0.9, BELOW_ONE) == 1
    assert pool.pick(weights, 0.9000001, BELOW_ONE) == 1  # round-off in the total
    tiny = np.array([5e-324, 0.0])
    assert 5e-324 * BELOW_ONE == 5e-324  # the product rounds up to the total itself
    assert pool.pick(tiny, 5e-324, BELOW_ONE) == 0


def test_reference_streams_end_where_they_should():
    """Kernels that use single words leave the stream where as many words leave it."""
    stream = open_stream(1, 2)
    pool.propose(TABLE, 1, integers(*range(8)), zeros(4), stream)
    assert stream[BUFFER] == ROUNDS * LANES + 6  # a draw and a pick at each of three depths


def test_welford_keeps_the_variance_of_a_law_that_hardly_varies():
    """Values 0.3 +- 1e-9: sums of squares in doubles would lose the variance altogether."""
    mean, spread = np.zeros(1), np.zeros(1)
    x = 0.3 + 1e-9 * np.random.default_rng(0).standard_normal(500)
    for r, value in enumerate(x):
        moments.absorb(np.array([value]), r + 1, mean, spread)
    assert spread[0] / 500 == pytest.approx(x.var(), rel=1e-6, abs=0)
    naive = np.sum(x**2) / 500 - np.mean(x) ** 2
    assert naive != pytest.approx(x.var(), rel=1e-6, abs=0)


def test_hits_have_the_moments_of_their_indicators():
    hits = np.array([1.0, 0.0, 4.0])
    mean, spread = hits.copy(), np.empty(3)
    moments.absorb_hits(5, mean, spread)
    indicators = np.array([np.arange(5) < h for h in hits], dtype=float)
    assert np.allclose(mean, indicators.mean(axis=1), atol=1e-15)
    assert np.allclose(spread, 5 * indicators.var(axis=1), atol=1e-14)


def test_long_sequences_do_not_underflow():
    """Weights of 1e-100 a step: their product over 9 steps is far below the smallest double."""
    steep = TABLE._replace(ratio=np.full(len(TABLE.ratio), 1e-100))
    rows, weights, logs = indices(4, 8), np.ones(2), zeros(2)
    stream = open_stream(1, 3)
    for _ in range(9):
        rows[:] = (4, 8)
        walk.weighted_step(steep, 1, rows, weights, logs, stream)
    assert np.allclose(logs + np.log(weights), 9 * math.log(1e-100), rtol=1e-12)
