"""The identities of the enumerated laws, as proof steps.

Each step is universal in the policy and the values, for the tree and the N or M it names: the
whole law is enumerated in letters and the difference of the two sides vanishes identically.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable
from fractions import Fraction

from treesmc.theory.prover.bruteforce.rational import RationalSum, difference
from treesmc.theory.prover.bruteforce.single import (
    guided_law,
    guided_total,
    importance_ratio,
    pool_marginal,
    pool_states,
    reversible,
)
from treesmc.theory.prover.bruteforce.smc import certificate, moment, output_law, second_moment
from treesmc.theory.prover.bruteforce.tree import SymbolicTree, symbolic_tree
from treesmc.theory.prover.steps import Decision, Step


def unbiased(N: int = 2, T: int = 2) -> Step:
    """``E[Zhat] = Z``."""

    def sides(tree: SymbolicTree) -> Iterable[bool]:
        yield difference(moment(tree, N, 1), tree.normalizer()).vanishes()

    return enumerated_step("unbiased", "E[Zhat] = Z", T, f"N = {N}", sides)


def pair_recursion(N: int = 2, T: int = 2) -> Step:
    """S6: the pair recursion gives ``E[Zhat^2]``."""

    def sides(tree: SymbolicTree) -> Iterable[bool]:
        recursion = second_moment(tree, Fraction(1, N))
        yield difference(moment(tree, N, 2), recursion).vanishes()

    return enumerated_step("pair recursion", "U_0(root, root) = E[Zhat^2]", T, f"N = {N}", sides)


def certificate_recursion(N: int = 2, T: int = 2) -> Step:
    """S1: the backward recursion gives ``u_N(x) = E_cond[Zhat/Z]`` on every path."""

    def sides(tree: SymbolicTree) -> Iterable[bool]:
        for x in tree.leaves():
            recursion = certificate(tree, Fraction(1, N), x)
            yield difference(moment(tree, N, 1, x), recursion).vanishes()

    return enumerated_step("certificate recursion", "f_0(root) = Z u_N(x)", T, f"N = {N}", sides)


def certificate_mean(N: int = 2, T: int = 2) -> Step:
    """S1: ``E_{x~pi}[u_N(x)] = E[(Zhat/Z)^2]``, the right side enumerated."""

    def sides(tree: SymbolicTree) -> Iterable[bool]:
        share = Fraction(1, N)
        mean = sum(tree.mass(x) * certificate(tree, share, x) for x in tree.leaves())
        yield difference(moment(tree, N, 2), mean).vanishes()

    return enumerated_step("certificate mean", "E_pi[u_N] = E[(Zhat/Z)^2]", T, f"N = {N}", sides)


def output_ratio(N: int = 2, T: int = 2) -> Step:
    """S1: ``law(x)/pi(x) = E_cond[Z/Zhat]`` on every path."""

    def sides(tree: SymbolicTree) -> Iterable[bool]:
        for x in tree.leaves():
            conditional = moment(tree, N, -1, x).scaled(tree.mass(x))
            yield difference(output_law(tree, N, x), conditional).vanishes()

    return enumerated_step("output ratio", "law(x)/pi(x) = E_cond[Z/Zhat]", T, f"N = {N}", sides)


def guided_ratio(T: int = 2) -> Step:
    """S4: guided law times importance ratio is ``pi_ref phi``, and the guided law sums to one."""

    def sides(tree: SymbolicTree) -> Iterable[bool]:
        yield difference(guided_total(tree), tree.ring.one).vanishes()
        for x in tree.leaves():
            (law, law_under), (ratio, ratio_under) = guided_law(tree, x), importance_ratio(tree, x)
            yield law * ratio == tree.mass(x) * law_under * ratio_under

    statement = "Z pi(x)/law(x) = V(root) prod_t E_ref[V'|x_1:t]/V(x_1:t)"
    return enumerated_step("guided ratio", statement, T, "one particle", sides)


def pool_balance(M: int = 2, T: int = 2) -> Step:
    """ZL-6.1: the pool sampler is reversible, and its proposal is a probability."""

    def sides(tree: SymbolicTree) -> Iterable[bool]:
        total = RationalSum(tree.ring)
        for state in pool_states(tree, M):
            total.add(state.proposal, state.proposal_under)
        yield difference(total, tree.ring.one).vanishes()
        distinct = set(pool_states(tree, M))
        for here, there in itertools.product(distinct, repeat=2):
            yield reversible(tree, here, there)

    statement = "tau(s) q(s') min(1, R) = tau(s') q(s) min(1, 1/R)"
    return enumerated_step("pool balance", statement, T, f"M = {M}", sides)


def pool_invariance(M: int = 2, T: int = 2) -> Step:
    """ZL-6.1: the marginal of the pool sampler's invariant law over paths is ``pi``."""

    def sides(tree: SymbolicTree) -> Iterable[bool]:
        for x in tree.leaves():
            above, total = pool_marginal(tree, M, x)
            yield above * tree.normalizer() == tree.mass(x) * total

    return enumerated_step("pool invariance", "marginal of tau = pi", T, f"M = {M}", sides)


def enumerated_step(
    name: str,
    statement: str,
    T: int,
    scope: str,
    sides: Callable[[SymbolicTree], Iterable[bool]],
) -> Step:
    """Step: all `sides`, equalities in the letters of the binary tree of horizon T, hold."""

    def check() -> Decision:
        if all(sides(symbolic_tree(T))):
            return Decision("universal", "the enumerated laws agree identically in all letters")
        return Decision("failed", "the enumerated laws differ")

    hypotheses = f"binary tree, T = {T}, {scope}, any policy, any V > 0"
    return Step(name, statement, hypotheses, "enumeration", check)
