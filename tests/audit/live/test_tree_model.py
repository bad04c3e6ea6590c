import numpy as np
import pytest

from treesmc.audit.live.tree_model import TreeModel
from treesmc.sims.base.streams import generator
from treesmc.sims.trees import families
from treesmc.sims.trees.tree import TreeMDP
from treesmc.sims.trees.values import class_laws

PADDED = TreeMDP.from_layers(
    [[[0.25, 0.75, 0.0]], [[1.0, 0.0], [0.4, 0.6]]],
    [[[1, 0, 0]], [[0, 0], [1, 2]]],
    [[0.0], [0.1, -0.2], [0.3, 0.4, 0.5]],
)


@pytest.mark.parametrize("tree", [PADDED, families.needle_in_drift(4, 0.3)])
def test_states_follow_the_reference_law(tree):
    model, rng, n = TreeModel(tree), generator(1), 20_000
    states, laws = model.start("any", n), class_laws(tree, tree.policy)
    for t in range(1, tree.horizon + 1):
        states = model.extend(states, rng)
        law = tree.layer(laws, t)
        counts = np.bincount(states - tree.class_start[t], minlength=len(law))
        # 4 standard errors of a binomial count per class
        assert np.all(abs(counts - n * law) <= 4 * np.sqrt(n * law * (1 - law)) + 1e-9)
        assert np.array_equal(model.log_values(states), tree.log_value[states])
        assert model.finished(states).all() == (t == tree.horizon)


def test_leaves_stay_and_depths_may_be_mixed():
    model, rng = TreeModel(PADDED), generator(2)
    mixed = np.array([0, 2, 5, 1, 4])
    after = model.extend(mixed, rng)
    assert after[2] == 5
    assert after[4] == 4
    assert after[3] == 3
    assert after[0] in (1, 2)
    assert after[1] in (4, 5)
    assert model.finished(mixed).tolist() == [False, False, True, False, True]
    assert mixed.tolist() == [0, 2, 5, 1, 4]
