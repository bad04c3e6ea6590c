"""Kernels as such: compiled equals plain Python bit for bit, and the guards at the edges."""

import math

import numpy as np
import pytest

from treesmc.sims.kernels import counts, moments, pool, resampling, smc, walk
from treesmc.sims.kernels.tables import moves
from treesmc.sims.streams import generator
from treesmc.sims.tree import TreeMDP

BELOW_ONE = 1 - 2.0**-53  # the largest uniform a Generator can return

TREE = TreeMDP.from_layers(
    policy=[[[0.2, 0.5, 0.3]], [[0.4, 0.6, 0.0], [0.0, 1.0, 0.0]], [[0.3, 0.7], [0.9, 0.1]]],
    child=[[[1, 0, 1]], [[0, 1, 1], [0, 0, 1]], [[0, 1], [1, 2]]],
    log_value=[[0.3], [0.4, -0.9], [-0.5, 1.0], [0.7, -1.2, 1.4]],
)
TABLE = moves(TREE)
PARTICLES = (TABLE.cumulative, TABLE.ratio, TABLE.next_row, TABLE.log_scale)
WALK = (TABLE.cumulative, TABLE.next_row, 3)
COUNTS = (
    TABLE.policy, TABLE.rest, TABLE.ratio, TREE.child, TABLE.log_scale,
    TREE.edge_start, TREE.n_classes, TREE.n_symbols,
)  # fmt: skip
LOG_PHI = np.array(TREE.log_value_at(3))
MASS = np.array([0.2, 0.0, 0.7, 0.1, 0.0])
REST = np.array([0.8, 0.8, 0.1, 0.0, 0.0])
WEIGHTS = np.array([0.2, 0.0, 0.9, 0.4, 0.3])


def zeros(n):
    return np.zeros(n)


def integers(*values):
    return np.array(values, dtype=np.int64)


def out():
    """Mean, spread and 4 replicates of log Zhat."""
    return zeros(3), zeros(3), zeros(4)


def history(rows):
    return np.zeros((rows, 6), np.int64), np.zeros((rows, 6), np.int64), zeros(6), zeros(6)


# Arguments of every kernel, from the random generator it draws from.
CASES = {
    "absorb": [lambda rng: (rng.random(3), 2, rng.random(3), rng.random(3))],
    "cross": [lambda rng: (TABLE.cumulative, 3, rng)],
    "walk": [lambda rng: (*WALK, rng)],
    "weigh": [lambda rng: (integers(3, 0, 2), LOG_PHI, zeros(3))],
    "naive": [lambda rng: (*WALK, 20, rng, integers(7, 7, 7))],
    "naive_block": [lambda rng: (*WALK, LOG_PHI, 5, rng, *out())],
    "rejection": [lambda rng: (*WALK, np.array([0.1, 1.0, 0.2]), rng)],
    "rejection_block": [
        lambda rng: (*WALK, np.array([0.1, 1.0, 0.2]), rng, zeros(3), zeros(3), integers(0, 0))
    ],
    "sorted_uniforms": [lambda rng: (zeros(5), rng)],
    "stratified_points": [lambda rng: (zeros(5), rng)],
    "systematic_points": [lambda rng: (zeros(5), rng)],
    "invert": [lambda rng: (WEIGHTS.copy(), 1.8, np.sort(rng.random(5)), integers(*range(5)))],
    "residual": [lambda rng: (WEIGHTS.copy(), 1.8, zeros(5), integers(*range(5)), rng)],
    "resample": [
        lambda rng, scheme=scheme: (
            scheme, WEIGHTS.copy(), 1.8, zeros(5), integers(*range(5)), rng
        )
        for scheme in resampling.SCHEMES.values()
    ],
    "must_resample": [
        lambda rng, kappa=kappa: (WEIGHTS.copy(), 1.8, kappa) for kappa in (0.0, 0.5, 0.9, 1.0)
    ],
    "select": [
        lambda rng, kappa=kappa: (
            0, kappa, WEIGHTS.copy(), 1.8, zeros(5), integers(*range(5)), rng
        )
        for kappa in (0.0, 1.0)
    ],
    "extend": [
        lambda rng: (
            *PARTICLES[:3], integers(0, 1, 2), integers(0, 0, 2), integers(0, 0, 0),
            zeros(3) + 0.7, rng,
        )
    ],
    "smc": [
        lambda rng, rows=rows, scheme=scheme: (*PARTICLES, scheme, 0.8, *history(rows), rng)
        for rows, scheme in ((2, 0), (4, 3))
    ],
    "final_law": [lambda rng: (TABLE.next_row, integers(9, 10, 12), WEIGHTS[2:].copy(), zeros(3))],
    "smc_block": [lambda rng: (*PARTICLES, 5, 2, 0.9, rng, *out())],
    "rare_or_binomial": [
        lambda rng, n=n, p=p: (n, p, rng) for n, p in ((50, 0.4), (10**9, 1e-8), (10**12, 1e-11))
    ],
    "share": [
        lambda rng, mass=mass, rest=rest: (1000, mass, rest, rng)
        for mass, rest in ((0.3, 0.1), (0.0, 0.4), (0.2, 0.0), (1e-3, 0.4))
    ],
    "sum_after": [lambda rng: (MASS, zeros(5))],
    "split": [lambda rng: (1000, MASS, REST, integers(*range(5)), rng)],
    "spread_mass": [
        lambda rng: (*COUNTS[:4], 3, 3, integers(40, 60), zeros(2) + 9.0, rng)
    ],
    "smc_counts": [
        lambda rng, n=n: (*COUNTS, n, integers(0, 0, 0), zeros(3), zeros(3), rng)
        for n in (7, 10**12)
    ],
    "smc_counts_block": [lambda rng: (*COUNTS, 9, rng, *out())],
    "naive_counts_block": [lambda rng: (np.array([0.2, 0.5, 0.3]), LOG_PHI, 30, rng, *out())],
    "pick": [lambda rng: (np.array([0.0, 0.3, 0.3, 1.1, 1.1]), rng)],
    "propose": [lambda rng: (*PARTICLES, integers(0, 0, 0), zeros(3), rng)],
    "pool_mh": [lambda rng: (*PARTICLES, 5, integers(0, 0, 0), zeros(3), rng)],
    "pool_mh_block": [lambda rng: (*PARTICLES, 3, 2, rng, *out())],
}  # fmt: skip

KERNELS = {
    name: function
    for module in (walk, moments, resampling, smc, counts, pool)
    for name, function in vars(module).items()
    if hasattr(function, "py_func")
}


def everything(function, arguments):
    """Result, all arrays after the call, and where the random stream stands, as bytes."""
    rng = generator(1, 2)
    filled = arguments(rng)
    result = function(*filled)
    arrays = [x.tobytes() for x in filled if isinstance(x, np.ndarray)]
    numbers = np.atleast_1d(np.array(result, dtype=float) if result is not None else 0.0)
    return numbers.tobytes(), arrays, rng.random()


def test_every_kernel_has_a_case():
    assert set(CASES) == set(KERNELS)


@pytest.mark.parametrize("name", CASES)
def test_compiled_equals_plain_python_bit_for_bit(name):
    for arguments in CASES[name]:
        compiled = everything(KERNELS[name], arguments)
        assert compiled == everything(KERNELS[name].py_func, arguments)


class LargestUniform:
    """A generator at the edge of its range."""

    def random(self):
        return BELOW_ONE


def test_the_last_symbol_is_guarded():
    """Ten probabilities of 0.1 add up to less than one; the padding after them is never drawn."""
    tree = TreeMDP.from_layers([[[0.1] * 10 + [0.0]]], [[[0] * 11]], [[0.0], [0.0]])
    cumulative = moves(tree).cumulative
    assert walk.cross.py_func(cumulative, 0, LargestUniform()) == 9
    unguarded = np.cumsum(tree.policy)
    with pytest.raises(IndexError):  # compiled code would read on without a word
        walk.cross.py_func(unguarded, 0, LargestUniform())


def test_the_last_of_a_pool_is_guarded():
    running = np.array([0.2, 0.9, 0.9])
    assert pool.pick.py_func(running, LargestUniform()) == 1
    assert running[-1] * BELOW_ONE < running[-1]
    tiny = np.array([5e-324, 5e-324])  # here the product rounds up to the total itself
    assert tiny[-1] * BELOW_ONE == tiny[-1]
    assert pool.pick.py_func(tiny, LargestUniform()) == 0


def test_zero_probability_edges_are_never_crossed():
    rng = generator(6)
    symbols = {int(walk.cross(TABLE.cumulative, 6, rng)) - 6 for _ in range(200)}
    assert symbols == {1}  # the row of depth 1, class 1 is (0, 1, 0)


@pytest.mark.parametrize(("n", "p"), [(10**12, 3e-12), (10**15, 2e-14), (10**15, 0.3)])
def test_shares_of_huge_counts(n, p):
    """Mean and variance of Binomial(n, p) from either side; 5 standard errors of each."""
    rng = generator(7)
    R = 4000
    small = np.array([counts.share(n, p, 1 - p, rng) for _ in range(R)])
    large = n - np.array([counts.share(n, 1 - p, p, rng) for _ in range(R)])
    variance = n * p * (1 - p)
    for draws in (small, large):
        off = (draws - n * p).astype(float)
        assert abs(off.mean()) < 5 * math.sqrt(variance / R)
        assert abs(off.var() / variance - 1) < 5 * math.sqrt((2 + 1 / variance) / R)
        assert not abs(off.mean() + 0.2 * math.sqrt(variance)) < 5 * math.sqrt(variance / R)


def test_counts_are_conserved_and_zero_mass_gets_nothing():
    rng, hits, rest = generator(8), np.zeros(5, np.int64), np.zeros(5)
    counts.sum_after(MASS, rest)
    for n in (1, 3, 10**6, 2**53):
        counts.split(n, MASS, rest, hits, rng)
        assert hits.sum() == n
        assert (hits[MASS == 0] == 0).all()


def test_welford_keeps_the_variance_of_a_law_that_hardly_varies():
    """Values 0.3 +- 1e-9: sums of squares in doubles would lose the variance altogether."""
    mean, spread = np.zeros(1), np.zeros(1)
    x = 0.3 + 1e-9 * np.random.default_rng(0).standard_normal(500)
    for r, value in enumerate(x):
        moments.absorb(np.array([value]), r + 1, mean, spread)
    assert spread[0] / 500 == pytest.approx(x.var(), rel=1e-6, abs=0)
    naive = np.sum(x**2) / 500 - np.mean(x) ** 2
    assert naive != pytest.approx(x.var(), rel=1e-6, abs=0)
