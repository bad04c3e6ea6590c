"""Resampling schemes: their ancestors by hand, and what holds of all of them."""

from fractions import Fraction as F

import pytest
from hypothesis import given
from hypothesis import strategies as st

from treesmc.sims.laws.schemes import SCHEMES

GOLDEN_OFFSPRING = {
    "multinomial": {(0, 0, 0): F(1, 8), (0, 1, 2): F(1, 6), (2, 2, 2): F(1, 216)},
    "systematic": {(0, 0, 1): F(1, 2), (0, 1, 2): F(1, 2)},
    "stratified": dict.fromkeys([(0, 0, 1), (0, 0, 2), (0, 1, 1), (0, 1, 2)], F(1, 4)),
    "residual": {(0, 0, 1): F(1, 2), (0, 1, 2): F(1, 2)},
}


@pytest.mark.parametrize("scheme", SCHEMES)
def test_offspring_of_three_particles_by_hand(scheme):
    law = SCHEMES[scheme].law([F(1, 2), F(1, 3), F(1, 6)])
    assert sum(law.values()) == 1
    assert GOLDEN_OFFSPRING[scheme].items() <= law.items()
    assert scheme == "multinomial" or GOLDEN_OFFSPRING[scheme] == law


@given(counts=st.lists(st.integers(0, 9), min_size=1, max_size=4).filter(any))
def test_offspring_are_unbiased_increasing_and_round_off_safe(counts):
    weights = [F(k, sum(counts)) for k in counts]
    N = len(weights)
    for scheme in SCHEMES.values():
        law = scheme.law(weights)
        assert all(list(a) == sorted(a) and len(a) == N for a in law)
        for j, W in enumerate(weights):
            assert sum(p * a.count(j) for a, p in law.items()) == N * W
        in_floats = scheme.law([float(W) for W in weights])
        for ancestors in law | in_floats:
            difference = in_floats.get(ancestors, 0) - float(law.get(ancestors, 0))
            assert abs(difference) < 1e-11
