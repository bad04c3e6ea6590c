"""The counting argument against every strategy, and the trees against their closed forms."""

from fractions import Fraction

import numpy as np
import pytest

from treesmc.sims.base.errors import BadInput
from treesmc.sims.laws.lineage import lineage_law
from treesmc.sims.trees.tree import TreeMDP
from treesmc.sims.trees.values import epsilon, log_normalizer, ratio_bound, target_law
from treesmc.theory.queries import (
    best_success,
    best_success_by_enumeration,
    hidden_prefix_tree,
    least_queries,
    output,
    prefix_count,
    spelt_prefix_tree,
    success,
)

SMALL = [(2, 0), (3, 0), (2, 1), (3, 1), (5, 1), (2, 2), (3, 2), (4, 2), (2, 3)]


@pytest.mark.parametrize(("H", "q"), SMALL)
def test_no_strategy_beats_the_bound_and_one_attains_it(H, q):
    bound = min(Fraction(1), Fraction(q + 1, H))
    assert best_success_by_enumeration(H, q) == bound == best_success(H, q)


@pytest.mark.parametrize(("H", "q"), [(3, 1), (4, 2)])
def test_a_slightly_smaller_bound_is_refuted(H, q):
    assert best_success_by_enumeration(H, q) > Fraction(q + 1, H) * Fraction(999, 1000)


def test_dynamic_programming_beyond_enumeration():
    assert all(best_success(H, q) == Fraction(q + 1, H) for H in (10, 64, 200) for q in (0, 3, 9))


def test_a_strategy_by_hand():
    ask_0_then_guess_1 = (0, 1, 0)  # query, output on a miss, output on a hit
    assert [output(ask_0_then_guess_1, hidden) for hidden in range(3)] == [0, 1, 1]
    assert success(ask_0_then_guess_1, 3) == Fraction(2, 3)
    deaf = (0, 1, 1)
    assert success(deaf, 3) == Fraction(1, 3)


@pytest.mark.parametrize("q", [0, 3, 11])
def test_least_queries_is_where_the_bound_crosses(q):
    H, delta = 64, 1 / 3
    mass = (q + 1) / H + delta
    assert least_queries(H, mass - 1e-9, delta) == q
    assert least_queries(H, mass + 1e-9, delta) == q + 1


@pytest.mark.parametrize("L", [2, 3, 5])
@pytest.mark.parametrize("m", [1, 2])
def test_spelt_and_coded_trees_have_the_same_laws(L, m):
    spelt, coded = spelt_prefix_tree(m, L), hidden_prefix_tree(m, L, L ** (2 * m))
    grown = L ** (2 * m)
    for tree in (spelt, coded):
        assert tree.horizon == 3 * m
        # round-off: a few dozen operations
        np.testing.assert_allclose(target_law(tree)[0], grown / (2 * grown - 1), rtol=1e-13)
        np.testing.assert_allclose([ratio_bound(tree), epsilon(tree) + 1], L, rtol=1e-13)
    assert log_normalizer(spelt) == pytest.approx(log_normalizer(coded), rel=1e-13)
    np.testing.assert_allclose(lineage_law(coded, 9).sum(), 1, rtol=1e-13)


def test_spelt_tree_against_explicit_enumeration_of_prefixes():
    """L = 2, m = 1: four prefixes, one hidden, built without lumping."""
    log2 = np.log(2)
    tree = TreeMDP.from_layers(
        [np.full((1, 2), 0.5), np.full((2, 2), 0.5), np.ones((4, 1))],
        [np.array([[0, 1]]), np.array([[0, 1], [2, 3]]), np.arange(4)[:, None]],
        [np.zeros(1), np.zeros(2), np.zeros(4), log2 * np.array([-1, -1, 1, -1])],
    )
    np.testing.assert_allclose(target_law(tree)[2], target_law(spelt_prefix_tree(1, 2))[0])
    assert epsilon(tree) == pytest.approx(epsilon(spelt_prefix_tree(1, 2)))


@pytest.mark.parametrize("factor", [1.05, 1.3, 1.7, 2.9])
@pytest.mark.parametrize("m", [3, 8])
def test_floor_keeps_the_mass_above_one_half_and_two_more_do_not(factor, m):
    H = prefix_count(m, factor)
    assert H <= factor ** (2 * m) < H + 1
    if H >= 2:
        assert target_law(hidden_prefix_tree(m, factor, H))[0] > 0.5
        assert target_law(hidden_prefix_tree(m, factor, H + 2))[0] < 0.5


@pytest.mark.parametrize("arguments", [(0, 2.0, 4), (1, 0.5, 4), (1, 2.0, 1)])
def test_bad_trees_are_refused(arguments):
    with pytest.raises(BadInput, match="hidden prefix tree"):
        hidden_prefix_tree(*arguments)
    with pytest.raises(BadInput, match="spelt prefix tree"):
        spelt_prefix_tree(1, 1)
