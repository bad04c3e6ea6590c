"""What Algorithm 2 of Zhu & Lu (2026) needs, in numbers: claims S13 and S14, which hold the proofs.

Letters: horizon T, Bellman error eps (A2), ratio bound L (A1), tolerance delta in total variation,
pool size M, iterations H after the initial proposal.
"""

import math

from treesmc.theory.bounds import guided_single_tv


def enough_pool(T: int, eps: float, L: float, delta: float) -> int:
    """Return M of S13: L (1 + eps) T log(4/delta), rounded up."""
    return math.ceil(L * (1 + eps) * T * math.log(4 / delta))


def enough_iterations(T: int, eps: float, delta: float) -> int:
    """Return H of S13: 21 (1 + eps)^(2(T-1)) log(2/delta), rounded up; delta <= 1/2."""
    return math.ceil(21 * math.exp(2 * (T - 1) * math.log1p(eps)) * math.log(2 / delta))


def pool_bias(T: int, eps: float, L: float, M: int) -> float:
    """Return S14's bound on TV(law of one proposal, guided law), for M >= L (1 + eps)."""
    ratio = L * (1 + eps)
    return math.sqrt(T / 2) * (ratio - 1) * (2 * ratio - 1) / M


def single_proposal_tv(T: int, eps: float, L: float, M: int) -> float:
    """Return S14's bound on TV(law of one proposal, pi): guided sampling is off by S4's."""
    return pool_bias(T, eps, L, M) + guided_single_tv(T, eps)
