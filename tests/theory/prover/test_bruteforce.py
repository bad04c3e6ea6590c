"""Identities of the enumerated laws hold in all letters, and each broken recursion fails."""

from dataclasses import replace
from fractions import Fraction

import pytest
from sympy.polys.domains import QQ

from treesmc.theory.prover.bruteforce import identities, rational, single, smc
from treesmc.theory.prover.bruteforce.tree import symbolic_tree

STEPS = [  # those at N = 2 and M = 2 are steps of claims
    identities.unbiased(N=3),
    identities.pair_recursion(N=3),
    identities.certificate_recursion(N=3),
    identities.certificate_mean(N=3),
    identities.output_ratio(N=3),
]


def off_by_one_depth(tree):
    """The tree whose weight at a node is that of its parent."""
    return replace(tree, weight={x: tree.weight[x[:-1]] for x in tree.weight})


def broken(function, tree_to=lambda tree: tree, share_to=lambda share: share):
    def mutant(tree, share, *path):
        return function(tree_to(tree), share_to(share), *path)

    return mutant


@pytest.mark.parametrize("step", STEPS, ids=lambda step: f"{step.name}, {step.hypotheses}")
def test_identity_holds_in_all_letters(step):
    assert step.decide().grade == "universal"


MUTATIONS = {
    "no coalescence": {"share_to": lambda share: Fraction(0)},
    "one particle too many": {"share_to": lambda share: share / (1 + share)},
    "weight off by one depth": {"tree_to": off_by_one_depth},
}


@pytest.mark.parametrize("mutation", MUTATIONS)
@pytest.mark.parametrize(
    ("recursion", "step"),
    [
        ("second_moment", identities.pair_recursion),
        ("certificate", identities.certificate_recursion),
        ("certificate", identities.certificate_mean),
    ],
)
def test_broken_recursion_fails(monkeypatch, recursion, step, mutation):
    true = getattr(smc, recursion)
    monkeypatch.setattr(identities, recursion, broken(true, **MUTATIONS[mutation]))
    assert step().decide().grade == "failed"


def test_biased_estimate_fails(monkeypatch):
    true = smc.moment
    monkeypatch.setattr(identities, "moment", lambda t, *rest: true(off_by_one_depth(t), *rest))
    assert identities.unbiased().decide().grade == "failed"
    assert identities.output_ratio().decide().grade == "failed"


def test_wrong_importance_ratio_fails(monkeypatch):
    true = single.importance_ratio

    def mutant(tree, x):
        return true(off_by_one_depth(tree), x)

    monkeypatch.setattr(identities, "importance_ratio", mutant)
    assert identities.guided_ratio().decide().grade == "failed"


def inverted_weight(tree, M):
    for state in single.pool_states(tree, M):
        yield replace(state, weight=state.weight_under, weight_under=state.weight)


def pool_of_one_less(tree, M):
    """The weight divides by the picked value alone, as if the pool mean were forgotten."""
    for state in single.pool_states(tree, M):
        yield replace(state, weight_under=tree.value(state.path))


@pytest.mark.parametrize("mutant", [inverted_weight, pool_of_one_less])
def test_wrong_pool_weight_breaks_detailed_balance(monkeypatch, mutant):
    monkeypatch.setattr(identities, "pool_states", mutant)
    assert identities.pool_balance().decide().grade == "failed"


def test_proposal_marginal_is_not_the_target(monkeypatch):
    """Without acceptance the pool sampler has another law at finite M."""

    def proposal_law(tree, M, x):
        states = [s for s in single.pool_states(tree, M) if s.path == x]
        total = rational.RationalSum(tree.ring)
        for state in states:
            total.add(state.proposal * tree.normalizer(), state.proposal_under)
        return rational.difference(total, tree.mass(x)).vanishes()

    tree = symbolic_tree()
    assert not proposal_law(tree, 2, (0, 0))


def test_enumeration_is_a_probability():
    tree = symbolic_tree()
    for frozen in (None, (0, 1)):
        mass = smc.moment(tree, 2, 0, frozen)
        assert rational.difference(mass, tree.ring.one).vanishes()


def test_output_law_sums_to_one():
    tree = symbolic_tree()
    mass = rational.RationalSum(tree.ring)
    for x in tree.leaves():
        for denominator, numerator in smc.output_law(tree, 2, x).terms.items():
            mass.add(numerator, denominator)
    assert rational.difference(mass, tree.ring.one).vanishes()


def test_hand_calculation_at_one_depth():
    """T = 1, N = 2: E[Zhat^2] = V^2 (E[G^2] + E[G]^2) / 2."""
    tree = symbolic_tree(1)
    p, v, a, b = tree.ring.gens
    mean, square = p * a + (1 - p) * b, p * a**2 + (1 - p) * b**2
    expected = v**2 * (square + mean**2) * QQ(1, 2)
    assert smc.second_moment(tree, Fraction(1, 2)) == expected
    assert rational.difference(smc.moment(tree, 2, 2), expected).vanishes()


def test_rational_sums_vanish_across_denominators():
    tree = symbolic_tree(1)
    _, _, a, b = tree.ring.gens
    zero = rational.RationalSum(tree.ring)
    zero.add(a, a * (a + b))
    zero.add(b, b * (a - b))
    zero.add(-2 * a, (a + b) * (a - b))
    assert zero.vanishes()
    zero.add(tree.ring.one * QQ(1, 10**9), a + b)
    assert not zero.vanishes()
