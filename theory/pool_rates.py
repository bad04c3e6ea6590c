r"""Algorithm 2 costs a factor T less than ZL-6.1 says, and less still where guidance is enough.

Model, algorithm and letters are those of ZL-6.1: pools of M, H iterations after the initial
proposal, A1 with L and A2 with eps; L' = L (1 + eps) and rho = (1 + eps)^(T - 1). Proved in this
project:

**R1.** For delta <= 1/2, `M >= L' T log(4/delta)` and `H >= 21 rho^2 log(2/delta)` give TV <= delta
over paths. With eps = c/T the cost M T (H + 1) is O(L T^2 log^2(1/delta)): no event is set aside,
and there is no log T.

**R2.** For M >= L', one proposal (H = 0) is within `sqrt(T/2) (L' - 1)(2 L' - 1) / M` of guided
sampling. With S4, TV <= that + tanh((T - 1)/2 log(1 + eps)). So where the tanh is at most delta/2,
in particular where V = V*, M of order sqrt(T)/delta is enough: cost O(T^(3/2)/delta).

**Proof of R1.** Let w = Zhat/Z of a proposal and tau = w q the target on pools and picks. Under tau
the path x has law pi, and given x every other child of its pools is drawn from pi_ref: the factors
V(picked)/sum of the pool of q cancel those of Zhat. With Y = V(child)/E_ref[V'|s] in [0, L'], of
mean one under pi_ref,

    w = kappa(x) m_1 ... m_T,    m_t = (Y_picked + sum of M - 1 independent Y) / M,

where kappa(x), a product of T - 1 Bellman ratios over its mean under guided sampling, is at most
rho^2. Let p = log(4/delta) and theta = p/M, so theta L' <= 1. As m <= exp(m - 1),

    E m_t^p <= exp(theta (L' - 1)) (E exp(theta (Y - 1)))^(M-1),

and E exp(theta Y) <= 1 + (exp(theta L') - 1)/L' <= 1 + theta + theta^2 L', by convexity and by
exp(u) - 1 <= u + u^2 on [0, 1]. Hence E_tau[(w/rho^2)^p] <= exp((p^2 + p) L' T / M) <= exp(p + 1),
and with K = e^3 rho^2 Markov's inequality leaves tau(w > K) <= eta = exp(1 - 2p) = e delta^2/16.

Run a second chain from tau with the same proposals and uniforms. As long as they differ, the chain
of larger weight keeps it until it accepts: whatever it accepts the other accepts too, and what the
other accepts alone has a smaller weight. So they have met once the larger has accepted, which at
weight at most K has probability at least E_q min(1, w/K) >= tau(w <= K)/K >= (1 - eta)/K a step:

    TV <= tau(w > K) + q(w > K) + (1 - (1 - eta)/K)^H <= (1 + 1/K) eta + delta/2 <= delta,

as q(w > K) <= tau(w > K)/K and 21 (1 - eta) >= e^3.

**Proof of R2.** Given the class, symbol b is picked with its guided probability times
r_b = E[1/m | b is in the pool], m = 1 + d. From 1 - d <= 1/m = 1 - d + d^2/m <= 1 - d + L' d^2, and
E[d | b] = (Y_b - 1)/M, E[d^2 | b] = ((Y_b - 1)^2 + (M - 1) Var Y)/M^2, with abs(Y - 1) <= L' - 1
and Var Y <= (L' - 1)^2/L' on [1/L', L'],

    abs(r_b - 1) <= ((L' - 1) + 2 (L' - 1)^2)/M = (L' - 1)(2 L' - 1)/M.

Relative entropy is at most the chi-square divergence, which is E (r_b - 1)^2 under guided sampling,
and it adds up over T steps; Pinsker's inequality halves it under the root.
"""

import math

from treesmc.theory.bounds import guided_single_tv


def enough_pool(T: int, eps: float, L: float, delta: float) -> int:
    """Return M of R1: L (1 + eps) T log(4/delta), rounded up."""
    return math.ceil(L * (1 + eps) * T * math.log(4 / delta))


def enough_iterations(T: int, eps: float, delta: float) -> int:
    """Return H of R1: 21 (1 + eps)^(2(T-1)) log(2/delta), rounded up; delta <= 1/2."""
    return math.ceil(21 * math.exp(2 * (T - 1) * math.log1p(eps)) * math.log(2 / delta))


def single_proposal_tv(T: int, eps: float, L: float, M: int) -> float:
    """Return R2's bound on TV(law of one proposal, pi), for M >= L (1 + eps)."""
    ratio = L * (1 + eps)
    bias = math.sqrt(T / 2) * (ratio - 1) * (2 * ratio - 1) / M
    return bias + guided_single_tv(T, eps)
