"""Algorithm 2 written out in full: balanced, with marginal pi at every M; wrong scores are not."""

import numpy as np
import pytest

from treesmc.sims.laws.enumeration import enumerate_pool_mh
from treesmc.sims.laws.pool_chain import SCORES, imbalance, pool_states, stationary, transition
from treesmc.sims.trees.families import random_tree
from treesmc.sims.trees.perturb import persistent
from treesmc.sims.trees.values import target_law, total_variation

TREE = persistent(random_tree(2, seed=1), 0.5)
ROUND_OFF = 1e-13  # a few hundred sums and products, each off by 1e-16


def chain(M, name):
    states = pool_states(TREE, M)
    return states, transition(states, states.log_phi + SCORES[name] * states.log_weight)


def over_classes(states, law):
    return np.bincount(states.terminal, law, TREE.n_classes[-1])


@pytest.mark.parametrize("M", [1, 2, 3])
def test_right_acceptance_balances_and_has_marginal_pi(M):
    states, matrix = chain(M, "phi / w")
    assert len(states.terminal) == (2**M * M) ** 2
    assert states.proposal.sum() == pytest.approx(1, abs=ROUND_OFF)
    assert imbalance(states.target(), matrix) < ROUND_OFF
    law = stationary(matrix)
    np.testing.assert_allclose(law, states.target(), atol=ROUND_OFF)
    assert total_variation(over_classes(states, law), target_law(TREE)) < ROUND_OFF


@pytest.mark.parametrize("M", [2, 3])
@pytest.mark.parametrize("name", [name for name in SCORES if name != "phi / w"])
def test_wrong_acceptance_does_not(M, name):
    states, matrix = chain(M, name)
    assert imbalance(states.target(), matrix) > 0.1
    law = over_classes(states, stationary(matrix))
    assert total_variation(law, target_law(TREE)) > 0.05


def test_slightly_wrong_acceptance_is_seen():
    states = pool_states(TREE, 2)
    matrix = transition(states, states.log_phi - 1.01 * states.log_weight)
    assert imbalance(states.target(), matrix) > 1e-4


def test_chain_is_the_enumerated_algorithm():
    states, matrix = chain(2, "phi / w")
    law = states.proposal
    for H in range(3):
        exact = enumerate_pool_mh(TREE, 2, H)
        np.testing.assert_allclose(over_classes(states, law), exact, atol=ROUND_OFF)
        law = law @ matrix
    assert np.abs(over_classes(states, law) - exact).max() > 1e-3
