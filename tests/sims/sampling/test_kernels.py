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
MASS = np.array([0.2, 0.0, 0.7, 0.1])


def zeros(n):
    return np.zeros(n)


def integers(*values):
    return np.array(values, dtype=np.int64)


def indices(*values):
    return np.array(values, dtype=np.uint32)


def out():
    """Mean, spread and 4 replicates of log Zhat."""
    return zeros(3), zeros(3), zeros(4)


def plan(masses):
    heap, result = zeros(2 * len(masses)), zeros(len(masses))
    heap[len(masses) :] = masses
    binomial.plan_split(heap, result)
    return result


def summed(weights):
    """Working arrays that hold the running sums of weights."""
    arrays = resampling.scratch(len(weights))
    for x in arrays:
        x[:] = 0
    resampling.running_sums(weights, arrays.sums)
    return arrays


def particles(rows):
    arrays = smc.population(6, rows)
    for x in (*arrays[:4], *arrays.scratch):
        x[:] = 0
    return arrays


def count_arrays():
    arrays = counts.counts(TABLE)
    for x in arrays:
        x[:] = 0
    return arrays


# Arguments of every kernel, from the stream it draws from.
CASES = {
    "divide": [
        lambda _, share=share: (
            zeros(4) + share, np.zeros(4, np.uint64), indices(*range(4)), integers(*range(4))
        )
        for share in ([0.3, 2.2, 0.0, 1.5], [1.0, 1.0, 1.0, 1.0], [4.0, 0.0, 0.0, 0.0])
    ],
    "fill_tables": [
        lambda _: (POLICY.copy(), 3, 2, np.zeros(8, np.uint64), indices(*range(8)))
    ],
    "fill_rows": [
        lambda _: (POLICY.copy(), 3, 2, np.zeros(8, np.uint64), indices(*range(8)), zeros(8))
    ],
    "cross": [
        lambda _, word=word: (TABLE.threshold, TABLE.alias, ROW, BITS, np.uint64(word))
        for word in (0, 2**62, 2**63 + 12345, 2**64 - 1)
    ],
    "absorb": [lambda _: (np.array([0.2, 0.3]), 2, np.array([0.1, 0.7]), np.array([0.3, 0.2]))],
    "absorb_hits": [lambda _: (5, np.array([2.0, 3.0]), zeros(2))],
    "table_bits": [lambda _, n=n: (n,) for n in (1, 2, 3, 8, 9)],
    "reduced": [lambda _, x=x: (x,) for x in (-745.0, 0.3, 709.0)],
    "log_of_parts": [lambda _, f=f: (f, 3.0, 1e-17) for f in (-0.29, 0.0, 0.41)],
    "log_positive": [lambda _, x=x: (x, 1e-17) for x in (5e-324, 0.6, 0.8, 1e300)],
    "exp": [lambda _, x=x: (x,) for x in (-800.0, -745.0, -1.5, 0.0, 1e-9, 700.0, 800.0)],
    "expm1": [lambda _, x=x: (x,) for x in (-80.0, -0.4, 0.0, 1e-9, 0.3, 50.0, 800.0)],
    "log": [lambda _, x=x: (x,) for x in (-1.0, 0.0, 5e-324, 0.7, 1.0, 1e300, np.inf)],
    "log1p": [lambda _, x=x: (x,) for x in (-1.0, -0.9, 1e-9, 0.5, 1e17)],
    "logaddexp": [lambda _, x=x: (x, 0.5) for x in (-np.inf, 0.5, 3.0)],
    "settle": [lambda _, x=x: (x, -2.0) for x in (1e-200, 0.5)],
    "apply": [lambda _, f=f: (f, np.array([0.3, 2.5])) for f in range(4)],
    "scratch": [],  # allocation only
    "running_sums": [lambda _: (WEIGHTS, zeros(5))],
    "scale": [lambda _: (np.cumsum(WEIGHTS), 5.0)],
    "count_shifted": [lambda _: (np.array([0.3, 1.7, 3.0]), 0.6, np.zeros(3, np.int32))],
    "count_stratified": [
        lambda _: (np.array([0.3, 1.7, 3.0]), np.array([0.2, 0.9, 0.1]), np.zeros(3, np.int32))
    ],
    "fill_runs": [lambda _: (np.array([1, 1, 7, 8], np.int32), indices(*range(12)))],
    "make_table": [lambda _: (summed(WEIGHTS),)],
    "look_up": [
        lambda _, word=word: (
            np.array([0.5, 0.5, 3.0, 4.0]), indices(0, 2, 2, 3), 2, np.uint64(word)
        )
        for word in (0, 2**61, 2**63, 2**64 - 1)
    ],
    "multinomial": [lambda stream: (summed(WEIGHTS), indices(*range(5)), stream)],
    "residual": [
        lambda stream: (WEIGHTS.copy(), summed(WEIGHTS), indices(*range(9)), stream)
    ],
    "resample": [
        lambda stream, scheme=scheme: (
            scheme, WEIGHTS.copy(), summed(WEIGHTS), indices(*range(9)), stream
        )
        for scheme in resampling.SCHEMES.values()
    ],
    "population": [],
    "must_resample": [
        lambda _, kappa=kappa: (WEIGHTS.copy(), 1.8, kappa) for kappa in (0.0, 0.5, 0.9, 1.0)
    ],
    "extend": [
        lambda stream: (
            TABLE, 1, indices(0, 1, 2), indices(0, 0, 2), indices(0, 0, 0), zeros(3), stream
        )
    ],
    "carry": [lambda _: (WEIGHTS, 2.5, zeros(5))],
    "reweigh": [lambda _: (WEIGHTS.copy(), WEIGHTS + 1)],
    "stay": [lambda _: (indices(9, 9, 9, 9), 3)],
    "smc": [
        lambda stream, rows=rows, scheme=scheme: (TABLE, scheme, 0.8, particles(rows), stream)
        for rows, scheme in ((2, 0), (4, 3))
    ],
    "final_law": [lambda _: (TABLE.next_row, indices(12, 13, 15), WEIGHTS[2:].copy(), zeros(3))],
    "smc_block": [lambda stream: (TABLE, 5, 2, 0.9, stream, *out())],
    "conditional_smc": [
        lambda stream, rows=rows: (TABLE, PATH, particles(rows), stream) for rows in (2, 4)
    ],
    "conditional_smc_block": [
        lambda stream, n=n: (TABLE, PATH, n, stream, *out()) for n in (1, 5)
    ],
    "bit_count": [lambda _, x=x: (np.uint64(x),) for x in (0, 1, 2**64 - 1, 0xF0F0F00000000001)],
    "coin_tosses": [lambda stream, n=n: (np.uint64(n), stream) for n in (0, 1, 63, 64, 65, 300)],
    "by_bits": [
        lambda stream, n=n, p=p: (n, p, stream) for n, p in ((1, 0.5), (70, 0.3), (200, 1e-3))
    ],
    "by_inversion": [
        lambda stream, n=n, p=p: (n, p, stream)
        for n, p in ((900, 0.01), (10**15, 3e-15), (600, 0.0))
    ],
    "correction": [lambda _, x=x: (x,) for x in (0.0, 9.0, 10.0, 1e6)],
    "log_ratio_to_mode": [lambda _: (1000.0, 0.3, 300.0, 321.0)],
    "hat": [lambda _: (1000.0, 0.3)],
    "trial": [lambda _, u=u: (1000.0, 0.3, u, 0.5) for u in (0.1, -0.49)],
    "squeeze": [lambda _, d=d: (d, 1e-3) for d in (0.0, 3.0, 400.0)],
    "power_64": [lambda _, x=x: (x,) for x in (-1.0, 0.9, 1.1)],
    "accept": [
        lambda _, u=u, v=v, k=k: (1000.0, 0.3, u, v, k)
        for u, v, k in ((0.45, 0.4, 330.0), (0.45, 0.9, 330.0), (-0.4999, 1e-3, 0.0))
    ],
    "keep_trying": [
        lambda stream, k=k: (1000.0, 0.3, 0.45, 0.9, k, stream) for k in (-1.0, 330.0, 310.0)
    ],
    "few": [lambda stream, n=n, p=p: (n, p, stream) for n, p in ((20, 0.3), (10**4, 1e-4))],
    "binomial": [
        lambda stream, n=n, p=p: (n, p, stream)
        for n, p in ((20, 0.3), (10**4, 1e-4), (10**6, 0.5), (2**53, 0.5), (10**9, 1e-7))
    ],
    "rarer": [lambda _, x=x: x for x in ((0.3, 0.1), (0.1, 0.3), (0.0, 1.0), (1.0, 0.0))],
    "share": [lambda stream, p=p: (1000, p, stream) for p in (0.3, -0.3, 0.0, -0.0)],
    "plan_split": [lambda _: (np.concatenate([zeros(4), MASS]), zeros(4))],
    "split": [lambda stream: (1000, plan(MASS), 0, integers(*range(8)), stream)],
    "plan_rows": [lambda _: (POLICY.copy(), 3, zeros(8), 4)],
    "leaves_of": [lambda _, n=n: (n,) for n in (1, 2, 3, 8)],
    "counts": [],
    "tally": [
        lambda stream, n=n: (TABLE, ROW, BITS, n, integers(*range(8)), stream) for n in (3, 100)
    ],
    "spread_class": [lambda stream: (TABLE, 1, 0, 50, integers(*range(8)), zeros(2), stream)],
    "step": [
        lambda stream: (
            TABLE, 1, 500, np.array([0.0, 0.0, 0.3, 0.6]), zeros(2), integers(0, 0, 0, 0),
            integers(*range(8)), zeros(2), stream,
        )
    ],
    "smc_counts": [
        lambda stream, n=n: (TABLE, n, count_arrays(), zeros(3), stream) for n in (7, 10**12)
    ],
    "smc_counts_block": [lambda stream: (TABLE, 9, stream, *out())],
    "advance": [lambda stream: (TABLE, 1, indices(4, 8, 4), stream)],
    "walk": [lambda stream: (TABLE, indices(7, 7, 7), stream)],
    "weighted_step": [
        lambda stream: (
            TABLE, 1, indices(4, 8, 4), np.array([1.0, 0.3, 1e-140]), zeros(3), stream
        )
    ],
    "sequence_block": [lambda stream: (TABLE, stream, *out())],
    "weigh": [lambda _: (integers(3, 0, 2), LOG_PHI, zeros(3))],
    "naive": [lambda stream: (TABLE, 20, indices(*range(8)), stream, integers(7, 7, 7))],
    "naive_block": [lambda stream: (TABLE, LOG_PHI, 5, stream, *out())],
    "count_draws": [lambda stream, n=n: (LAW, n, integers(*range(8)), stream) for n in (5, 100)],
    "naive_counts_block": [lambda stream: (LAW, LOG_PHI, 30, stream, *out())],
    "rejection_block": [
        lambda stream: (TABLE, REWARD, stream, zeros(3), zeros(3), integers(0, 0))
    ],
    "pick": [lambda _, u=u: (WEIGHTS, 1.8, u) for u in (0.0, 0.5, BELOW_ONE)],
    "propose": [lambda stream: (TABLE, 3, integers(*range(8)), zeros(4), stream)],
    "pool_mh": [lambda stream: (TABLE, 3, 5, integers(*range(8)), zeros(4), stream)],
    "pool_mh_block": [lambda stream: (TABLE, 3, 2, stream, *out())],
}  # fmt: skip

KERNELS = {
    name: function
    for module in (
        alias,
        binomial,
        conditional,
        counts,
        elementary,
        moments,
        pool,
        resampling,
        smc,
        tables,
        walk,
    )
    for name, function in vars(module).items()
    if hasattr(function, "py_func") and name not in ("take", "word", "uniform", "to_unit")
}


@cache
def plain(function):
    """The kernel as plain Python all the way down: whatever it calls is not compiled either."""
    source = function.py_func
    names = {
        name: plain(x) if hasattr(x, "py_func") and name in source.__code__.co_names else x
        for name, x in source.__globals__.items()
    }
    return FunctionType(source.__code__, names)


def flat(arguments):
    """All arrays among arguments, those of named tuples included."""
    for x in arguments:
        if isinstance(x, tuple):
            yield from flat(x)
        elif isinstance(x, np.ndarray):
            yield x


def everything(function, arguments):
    """Result, and all arrays after the call, the stream's included, as bytes."""
    filled = arguments(open_stream(1, 2))
    with np.errstate(over="ignore"):
        result = function(*filled)
    numbers = np.atleast_1d(np.array(result, dtype=float) if result is not None else 0.0)
    return numbers.tobytes(), [x.tobytes() for x in flat(filled)]


def test_every_kernel_has_a_case():
    assert set(CASES) == set(KERNELS)


@pytest.mark.parametrize("name", CASES)
def test_compiled_equals_plain_python_bit_for_bit(name):
    for arguments in CASES[name]:
        compiled = everything(KERNELS[name], arguments)
        assert compiled == everything(plain(KERNELS[name]), arguments)


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
