"""The letters of the theory, with their sympy assumptions; where one has two meanings it is said.

Model: a prefix tree of horizon ``T`` with reference policy ``pi_ref``, terminal reward ``phi``,
normaliser ``Z``, approximate value ``V`` and incremental weight ``G = V(child) / V(node)``.
``L`` bounds the ratio ``G`` (premise A1), ``eps`` the Bellman error (A2), ``eps_V`` the value
error (A3). ``Q`` is the future reward over the parent's value, ``q`` the supremum of ``Q`` over
the infimum of its mean.

sympy has no assumption "at least one", so such a letter is only declared positive; wherever the
bound matters, pass `AT_LEAST_ONE` to the deciding step, which writes the letter as one plus a
nonnegative slack.
"""

from __future__ import annotations

import sympy as sp


def _integers(names: str) -> tuple[sp.Symbol, ...]:
    return tuple(sp.symbols(names, positive=True, integer=True, seq=True))


def _positives(names: str) -> tuple[sp.Symbol, ...]:
    return tuple(sp.symbols(names, positive=True, seq=True))


T, t, N, M, H = _integers("T t N M H")
"""Horizon; depth; particles; pool size (``M Q`` in words is the mean of Q); iterations of pool
Metropolis-Hastings (ZL-6.1, S13, S14), but number of equally likely prefixes or symbols where one
is hidden (ZL-4.1, ZL-4.2, S3, S9)."""

eps, eps_V = sp.symbols("eps eps_V", nonnegative=True)
"""Bellman error (A2) and value error (A3)."""

eps_positive = sp.Symbol("eps", positive=True)
"""The Bellman error where a formula divides by it, as geometric sums do."""

L, q, r, rho = _positives("L q r rho")
"""All >= 1. Ratio bound (A1); its product with the drift, but number of queries in
`treesmc.theory.queries`; ``1 + eps``, but factor of V below a hidden prefix (ZL-4.1, ZL-4.2, S3)
and ratio of rewards of `product` (ZL-4.3, S7); ``(1 + eps)^(T-1)``."""

AT_LEAST_ONE: dict[sp.Symbol, sp.Expr] = {letter: sp.S.One for letter in (L, q, r, rho)}
"""Lower bounds to pass as ``at_least`` to the steps that use them."""

delta, xi = _positives("delta xi")
"""Total-variation tolerance, relative deviation of a pool mean; both below one where it matters."""

phi, V, Z, G, Q, eta = _positives("phi V Z G Q eta")
"""Reward, approximate value, normaliser, weight, future reward, reference law of a step."""

c = sp.Symbol("c", positive=True)
"""Constant of a schedule such as ``eps = c / T``, but factor of V on a depth in S8."""
