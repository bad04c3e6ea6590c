r"""Resampling schemes: their names, and the exact laws of the ancestors they draw.

`kernels.resampling` runs a scheme by its number. Here it is written once more, in pure Python and
in fractions if wanted: the oracle that the kernels and the samplers are held to.
"""

import itertools
import math
from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import NamedTuple

Number = Fraction | float
Law = dict[tuple[int, ...], Number]

# In floats N W_i may fall short of an integer by rounding; residual resampling must not see that.
ROUNDING = 1e-12


class Scheme(NamedTuple):
    """A scheme.

    Attributes
    ----------
    number : int
        What the kernel knows it by.
    summary : str
        A line for people.
    law : callable
        Exact law of the N ancestors, in increasing order, of N normalised weights.
    exchangeable : bool
        Whether that law does not depend on the order of the particles: states may be sorted.
    """

    number: int
    summary: str
    law: Callable[[Sequence[Number]], Law]
    exchangeable: bool


def _multinomial(weights: Sequence[Number]) -> Law:
    """N independent ancestors."""
    return multisets(weights, len(weights))


def _systematic(weights: Sequence[Number]) -> Law:
    """Ancestors at (k + U)/N, k < N: one uniform U, constant between breakpoints N C_j - k."""
    N = len(weights)
    cumulative = list(itertools.accumulate(weights))
    breaks = sorted({0, 1, *(N * C % 1 for C in cumulative[:-1])})
    law: Law = defaultdict(int)
    for low, high in itertools.pairwise(breaks):
        U = (low + high) / 2
        ancestors = tuple(_ancestor(cumulative, (k + U) / N) for k in range(N))
        law[ancestors] += high - low
    return law


def _stratified(weights: Sequence[Number]) -> Law:
    """Ancestors at (k + U_k)/N, k < N, with independent uniforms U_k."""
    N = len(weights)
    ends = list(itertools.accumulate(weights, initial=weights[0] * 0))
    strata = []
    for k in range(N):
        inside = [
            (j, min(ends[j + 1] * N, k + 1) - max(ends[j] * N, k))
            for j in range(N)
            if ends[j] * N < k + 1 and ends[j + 1] * N > k
        ]
        strata.append(inside)
    law: Law = defaultdict(int)
    for choice in itertools.product(*strata):
        law[tuple(j for j, _ in choice)] += math.prod(p for _, p in choice)
    return law


def _residual(weights: Sequence[Number]) -> Law:
    """floor(N W_j) copies of each particle, the rest multinomial on what remains."""
    N = len(weights)
    rounding = ROUNDING if isinstance(weights[0], float) else 0
    copies = [math.floor(N * W + rounding) for W in weights]
    rest = N - sum(copies)
    certain = [j for j, count in enumerate(copies) for _ in range(count)]
    if rest == 0:
        return {tuple(certain): 1}
    excess = [(N * W - count) / rest for W, count in zip(weights, copies, strict=True)]
    law: Law = defaultdict(int)
    for drawn, probability in multisets(excess, rest).items():
        law[tuple(sorted((*certain, *drawn)))] += probability
    return law


def multisets(law: Sequence[Number], n: int) -> Law:
    """Law of n independent draws from a law over 0 .. len-1, as increasing tuples."""
    result: Law = {}
    support = [j for j, p in enumerate(law) if p > 0]
    for draws in itertools.combinations_with_replacement(support, n):
        counts = Counter(draws)
        orders = math.factorial(n) // math.prod(math.factorial(k) for k in counts.values())
        result[draws] = orders * math.prod(law[j] ** k for j, k in counts.items())
    return result


def _ancestor(cumulative: Sequence[Number], position: Number) -> int:
    """First index whose cumulative weight exceeds the position, the last one at most."""
    return next((j for j, C in enumerate(cumulative[:-1]) if C > position), len(cumulative) - 1)


SCHEMES = {
    "multinomial": Scheme(0, "independent draws by weight", _multinomial, True),
    "systematic": Scheme(1, "one uniform for all, in equal steps", _systematic, False),
    "stratified": Scheme(2, "a uniform in each of N equal stretches", _stratified, False),
    "residual": Scheme(3, "whole parts of N W copied, the rest multinomial", _residual, True),
}
