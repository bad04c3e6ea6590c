"""What Algorithm 2 needs by S13 and S14: the numbers are the stated ones and have their powers."""

import math

import pytest

from treesmc.theory.bounds import (
    enough_iterations,
    enough_pool,
    guided_single_tv,
    pool_bias,
    single_proposal_tv,
)
from treesmc.theory.claims import s13, s14
from treesmc.theory.symbols import L, M, T, delta, eps

DELTA = 0.1


@pytest.mark.parametrize("horizon", [1, 7, 40])
@pytest.mark.parametrize("ratio", [1.5, 3.0])
def test_numbers_are_the_stated_expressions(horizon, ratio):
    point = {T: horizon, eps: 0.1, L: ratio, delta: DELTA, M: 12}
    assert enough_pool(horizon, 0.1, ratio, DELTA) == math.ceil(s13.POOL.subs(point))
    assert enough_iterations(horizon, 0.1, DELTA) == math.ceil(s13.ITERATIONS.subs(point))
    bias = pool_bias(horizon, 0.1, ratio, 12)
    assert bias == pytest.approx(float(s14.BOUND.subs(point)), rel=1e-12)
    guided = guided_single_tv(horizon, 0.1)
    assert single_proposal_tv(horizon, 0.1, ratio, 12) == pytest.approx(bias + guided, rel=1e-12)


def test_costs_have_their_powers():
    def cost(T, delta=DELTA):
        return enough_pool(T, 1 / T, 2.0, delta) * T * (enough_iterations(T, 1 / T, delta) + 1)

    assert math.log2(cost(2000) / cost(1000)) == pytest.approx(2, abs=0.01)
    single = [single_proposal_tv(T, 0.0, 2.0, 10 * math.isqrt(T)) for T in (10**4, 10**6)]
    assert single[0] == pytest.approx(single[1])
