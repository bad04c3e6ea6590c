r"""Exhaustive laws on tiny trees, in floats or in rational numbers: the oracle of the tests.

Nothing clever happens here.  Every random choice of an algorithm is branched on, and branches that
reach the same state are merged.  A merged state carries its probability together with the
expectations E[X; state] of the functionals X wanted (powers of Zhat), which stay linear because
each step multiplies X by a number that the state determines.

* `enumerate_smc`: the particles are an ordered tuple of (class, normalised weight).  One step
  resamples ancestors (in increasing order), moves every particle by the proposal and multiplies
  Zhat by sum_i W_i G_i.  After the last step one particle is drawn by weight.
* `enumerate_conditional`: the same with one particle frozen on a given path x.  Andrieu, Lee and
  Vihola (2018) study the algorithm; law(x) / pi(x) = E_cond[Z / Zhat] is claim S1.
* `enumerate_naive`: n complete sequences, one drawn by reward (claim S7).
* `enumerate_pool_mh`: Algorithm 2 of Zhu & Lu (2026), arXiv:2602.01381.

With ``exact=True`` probabilities and values are the floats of the tree read as binary fractions,
each policy row divided by its exact sum, and every result is an exact `Fraction`.
"""

import itertools
import math
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

from treesmc.sims.base import portable
from treesmc.sims.base.checks import check_integer, check_one_of
from treesmc.sims.laws.schemes import SCHEMES, Number, multisets
from treesmc.sims.trees.tree import FloatArray, IntArray, TreeMDP
from treesmc.sims.trees.values import existing_path

Particles = tuple[tuple[int, Number], ...]  # (class, normalised weight) of each particle
Moves = list[tuple[int, Number, Number]]  # (child, probability, incremental weight G) of one class
Branches = dict[Particles, tuple[Number, ...]]  # state -> E[Zhat^k; state], k in POWERS
Chain = dict[tuple[int, Number], Number]  # (terminal class, weight) -> number

POWERS = (0, 1, 2, -1)


@dataclass(frozen=True)
class NumberTree:
    """A tree MDP in nested lists of numbers (floats or fractions), values not in log space.

    Attributes
    ----------
    edges : list
        ``edges[t][s]`` lists the (child, probability) of class s, probabilities positive.
        Symbols that lead to the same child are one edge.
    value : list
        ``value[t][s]`` is V; phi at depth T.
    """

    edges: list[list[list[tuple[int, Number]]]]
    value: list[list[Number]]

    @classmethod
    def from_tree(cls, tree: TreeMDP, exact: bool = True) -> "NumberTree":
        """Convert a TreeMDP, to fractions if ``exact``, normalising each policy row."""
        number: Callable[[float], Number] = Fraction if exact else float
        edges = [
            [_edges(p, c, number) for p, c in zip(tree.policy_at(t), tree.child_at(t), strict=True)]
            for t in range(tree.horizon)
        ]
        log_values = [tree.log_value_at(t) for t in range(tree.horizon + 1)]
        return cls(edges, [[number(portable.exp(x)) for x in layer] for layer in log_values])

    @property
    def horizon(self) -> int:
        """T."""
        return len(self.edges)

    def expected_value(self, t: int, s: int) -> Number:
        """Return E_ref[V(child)] of class s at depth t."""
        return sum(p * self.value[t + 1][c] for c, p in self.edges[t][s])

    def reference_law(self) -> tuple[Number, ...]:
        """Return the reference law over terminal classes."""
        law: list[Number] = [1]
        for t, layer in enumerate(self.edges):
            following: list[Number] = [0] * len(self.value[t + 1])
            for mass, edges in zip(law, layer, strict=True):
                for c, p in edges:
                    following[c] += mass * p
            law = following
        return tuple(law)

    def normalizer(self) -> Number:
        """Return Z = E_ref[phi]."""
        return sum(p * phi for p, phi in zip(self.reference_law(), self.value[-1], strict=True))

    def target_law(self) -> tuple[Number, ...]:
        """Return the target law pi over terminal classes."""
        Z = self.normalizer()
        law = zip(self.reference_law(), self.value[-1], strict=True)
        return tuple(p * phi / Z for p, phi in law)


@dataclass(frozen=True)
class SmcLaw:
    """Output law of SMC over terminal classes, E[Zhat] and E[Zhat^2]."""

    law: tuple[Number, ...]
    mean_Z: Number
    second_moment_Z: Number


@dataclass(frozen=True)
class ConditionalMoments:
    """Expectations under conditional SMC: u_N(x) = E[Zhat/Z], and E[Z/Zhat] = law(x)/pi(x)."""

    mean_ratio: Number
    mean_inverse_ratio: Number


def enumerate_smc(
    tree: TreeMDP,
    N: int,
    *,
    exact: bool = False,
    guided: bool = False,
    resampling: str = "multinomial",
    ess_threshold: float = 1.0,
) -> SmcLaw:
    """Enumerate SMC with N particles.

    Parameters
    ----------
    tree : TreeMDP
        Tiny: a few hundred states of N particles at the last step but one.
    N : int
        Particles, at least 1.
    exact : bool
        Fractions instead of floats.
    guided : bool
        Propose from pi_ref V(child), normalised, with weight E_ref[V'|s]/V(s), instead of pi_ref.
    resampling : str
        A key of `SCHEMES`.
    ess_threshold : float
        Resample iff 1 / sum W^2 < ess_threshold N; 1 (or more) resamples at every step.

    Returns
    -------
    SmcLaw

    Raises
    ------
    BadInput
        If N < 1 or the scheme is unknown.
    """
    check_integer("N", N, 1)
    check_one_of("resampling", resampling, SCHEMES)
    numbers = NumberTree.from_tree(tree, exact)
    branches = _start(numbers, N)
    for t in range(numbers.horizon):
        if t > 0:
            branches = _resample(branches, resampling, ess_threshold)
        moves = [_moves(numbers, t, s, guided) for s in range(len(numbers.edges[t]))]
        branches = _move(branches, moves, SCHEMES[resampling].exchangeable)
    _, mean, second, _ = _moments(branches)
    return SmcLaw(_final_draw(branches, len(numbers.value[-1])), mean, second)


def enumerate_conditional(
    tree: TreeMDP,
    N: int,
    path_symbols: Sequence[int],
    *,
    exact: bool = False,
    guided: bool = False,
) -> ConditionalMoments:
    """Enumerate conditional SMC with the path frozen as one of the N particles.

    Parameters
    ----------
    tree : TreeMDP
    N : int
        Particles, the frozen one included, at least 1.
    path_symbols : sequence of T int
        Symbols of the frozen path, of positive probability.
    exact, guided : bool
        As in `enumerate_smc`; resampling is multinomial at every step.

    Returns
    -------
    ConditionalMoments

    Raises
    ------
    BadInput
        If N < 1 or the path does not exist.

    Notes
    -----
    Claim S1. At each step the N - 1 free particles draw ancestors from all N.
    """
    check_integer("N", N, 1)
    path = existing_path(tree, path_symbols)
    numbers = NumberTree.from_tree(tree, exact)
    branches = _start(numbers, N)
    for t in range(numbers.horizon):
        if t > 0:
            branches = _resample_free(branches)
        moves = [_moves(numbers, t, s, guided) for s in range(len(numbers.edges[t]))]
        G = next(G for c, _, G in moves[path[t]] if c == path[t + 1])
        branches = _move(branches, moves, exchangeable=True, frozen=(path[t + 1], 1, G))
    _, mean, _, mean_inverse = _moments(branches)
    Z = numbers.normalizer()
    return ConditionalMoments(mean / Z, mean_inverse * Z)


def enumerate_naive(tree: TreeMDP, n: int, *, exact: bool = False) -> tuple[Number, ...]:
    """Enumerate naive sampling: the law over terminal classes of one of n samples, by reward.

    Parameters
    ----------
    tree : TreeMDP
    n : int
        Samples, at least 1.
    exact : bool
        Fractions instead of floats.

    Raises
    ------
    BadInput
        If n < 1.

    Notes
    -----
    Claim S7.
    """
    check_integer("n", n, 1)
    numbers = NumberTree.from_tree(tree, exact)
    phi = numbers.value[-1]
    law: list[Number] = [0] * len(phi)
    for sample, probability in multisets(numbers.reference_law(), n).items():
        total = sum(phi[c] for c in sample)
        for c in sample:
            law[c] += probability * phi[c] / total
    return tuple(law)


def enumerate_pool_mh(tree: TreeMDP, M: int, H: int, *, exact: bool = False) -> tuple[Number, ...]:
    """Enumerate pool Metropolis-Hastings: its law over terminal classes.

    Parameters
    ----------
    tree : TreeMDP
    M : int
        Pool size, at least 1.
    H : int
        Accept/reject steps after the first proposal, which is the initial state; 0 gives the
        proposal's own law.
    exact : bool
        Fractions instead of floats.

    Raises
    ------
    BadInput
        If M < 1 or H < 0.

    Notes
    -----
    Algorithm 2 of Zhu & Lu (2026), as stated in arXiv:2602.01381. The state is (terminal class,
    weight w), and phi / w is its importance weight against the proposal.
    """
    check_integer("M", M, 1)
    check_integer("H", H, 0)
    numbers = NumberTree.from_tree(tree, exact)
    proposal = _pool_proposal(numbers, M)
    importance = {(c, w): numbers.value[-1][c] / w for c, w in proposal}
    chain = proposal
    for _ in range(H):
        chain = _independence_step(chain, proposal, importance)
    law: list[Number] = [0] * len(numbers.value[-1])
    for (c, _), probability in chain.items():
        law[c] += probability
    return tuple(law)


def _start(numbers: NumberTree, N: int) -> Branches:
    """N particles at the root, Zhat = V(root)."""
    root = numbers.value[0][0]
    W = root / root / N
    return {((0, W),) * N: tuple(root**k for k in POWERS)}


def _resample(branches: Branches, resampling: str, ess_threshold: float) -> Branches:
    """Replace the particles by their drawn ancestors wherever the ESS is below the threshold."""
    result: Branches = {}
    for particles, moments in branches.items():
        weights = [W for _, W in particles]
        N = len(weights)
        if ess_threshold < 1 and 1 / sum(W * W for W in weights) >= ess_threshold * N:
            _merge(result, particles, moments)
            continue
        W = sum(weights) / N
        for ancestors, probability in SCHEMES[resampling].law(weights).items():
            drawn = tuple((particles[j][0], W) for j in ancestors)
            _merge(result, drawn, (m * probability for m in moments))
    return result


def _resample_free(branches: Branches) -> Branches:
    """Multinomial resampling of all particles but the first."""
    result: Branches = {}
    for particles, moments in branches.items():
        weights = [W for _, W in particles]
        N = len(weights)
        W = sum(weights) / N
        for ancestors, probability in multisets(weights, N - 1).items():
            drawn = tuple((particles[j][0], W) for j in (0, *ancestors))
            _merge(result, drawn, (m * probability for m in moments))
    return result


def _move(
    branches: Branches,
    moves: list[Moves],
    exchangeable: bool,
    frozen: tuple[int, Number, Number] | None = None,
) -> Branches:
    """Move and weigh every particle; the first one by the frozen move, if there is one.

    Particles are sorted if exchangeable (all but a frozen one), so that more states merge.
    """
    result: Branches = {}
    fixed = 0 if frozen is None else 1
    for particles, moments in branches.items():
        choices = [moves[s] for s, _ in particles]
        if frozen is not None:
            choices[0] = [frozen]
        for probability, factor, moved in _outcomes(particles, choices):
            if exchangeable:
                moved[fixed:] = sorted(moved[fixed:])
            grown = (m * probability * factor**k for m, k in zip(moments, POWERS, strict=True))
            _merge(result, tuple(moved), grown)
    return result


def _outcomes(
    particles: Particles, choices: list[Moves]
) -> Iterator[tuple[Number, Number, list[tuple[int, Number]]]]:
    """Every joint move: its probability, the factor sum W G of Zhat, and the moved particles."""
    for joint in itertools.product(*choices):
        masses = [W * G for (_, W), (_, _, G) in zip(particles, joint, strict=True)]
        factor = sum(masses)
        moved = [(c, mass / factor) for (c, _, _), mass in zip(joint, masses, strict=True)]
        yield math.prod(p for _, p, _ in joint), factor, moved


def _merge(branches: Branches, state: Particles, added: Iterable[Number]) -> None:
    """Add to the moments of a state."""
    present = branches.get(state)
    if present is not None:
        added = (old + new for old, new in zip(present, added, strict=True))
    branches[state] = tuple(added)


def _final_draw(branches: Branches, n_classes: int) -> tuple[Number, ...]:
    """Law over terminal classes of one particle drawn by weight."""
    law: list[Number] = [0] * n_classes
    for particles, (probability, *_) in branches.items():
        for c, W in particles:
            law[c] += probability * W
    return tuple(law)


def _moments(branches: Branches) -> tuple[Number, ...]:
    """E[Zhat^k], k in POWERS, over all states."""
    return tuple(sum(column) for column in zip(*branches.values(), strict=True))


def _moves(numbers: NumberTree, t: int, s: int, guided: bool) -> Moves:
    """Proposal and incremental weights of class s at depth t."""
    V, V_next = numbers.value[t][s], numbers.value[t + 1]
    if not guided:
        return [(c, p, V_next[c] / V) for c, p in numbers.edges[t][s]]
    expected = numbers.expected_value(t, s)
    return [(c, p * V_next[c] / expected, expected / V) for c, p in numbers.edges[t][s]]


def _pool_proposal(numbers: NumberTree, M: int) -> Chain:
    """Law of (terminal class, weight) when every step picks from a pool of M children by V."""
    one = numbers.value[0][0] / numbers.value[0][0]
    law: Chain = {(0, one): one}
    for t in range(numbers.horizon):
        following: Chain = defaultdict(int)
        for (s, w), mass in law.items():
            for c, probability, ratio in _pool_picks(numbers, t, s, M):
                following[c, w * ratio] += mass * probability
        law = following
    return law


def _pool_picks(
    numbers: NumberTree, t: int, s: int, M: int
) -> Iterator[tuple[int, Number, Number]]:
    """Every picked child of class s, its probability, and V(child) / mean V of the pool."""
    edges, V = numbers.edges[t][s], numbers.value[t + 1]
    for pool, probability in multisets([p for _, p in edges], M).items():
        children = [edges[j][0] for j in pool]
        total = sum(V[c] for c in children)
        for c in children:
            yield c, probability * V[c] / total, M * V[c] / total


def _independence_step(chain: Chain, proposal: Chain, importance: Chain) -> Chain:
    """One accept/reject step of an independence sampler on the augmented states."""
    result: Chain = defaultdict(int)
    for current, mass in chain.items():
        for proposed, probability in proposal.items():
            flow = mass * probability
            accepted = flow * min(1, importance[proposed] / importance[current])
            result[proposed] += accepted
            result[current] += flow - accepted
    return result


def _edges(
    policy: FloatArray, child: IntArray, number: Callable[[float], Number]
) -> list[tuple[int, Number]]:
    """Children of one class with their probabilities, which sum to one."""
    merged: dict[int, Number] = defaultdict(int)
    for c, p in zip(child, policy, strict=True):
        if p > 0:
            merged[int(c)] += number(float(p))
    total = sum(merged.values())
    return [(c, p / total) for c, p in merged.items()]
