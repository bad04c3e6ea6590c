"""Exact moments of SMC's normalising constant: E[(Zhat/Z)^2] at any N, and its limit.

SMC with N particles, the naive proposal and multinomial resampling at every step estimates Z by
Zhat = V(root) prod_t mean_i G_t(i), G_t = V(s_{1:t}) / V(s_{1:t-1}). Its second moment is a
recursion on pairs of nodes (claim S6). Seen from the target pi it is a recursion on single
classes, proved in this project:

Let D = V/V* be the *drift* of the reward model, and let P_pi be the target's own Markov chain,
pi(b | s) = pi_ref(b | s) V*(s_b) / V*(s). Averages under pi_ref and under P_pi are related by
E_ref[f V*] = V* E_pi[f], so for t <= u

    m_{t,u}(c) = E_pi[D(x_u) | x_t = c] = E_ref[V(x_u) | x_t = c] / V*(c)     the forecast drift,
    a_s(x)     = V*(x_s) / (V*(x_{s-1}) D(x_{s-1})) = V*(x_s) / V(x_{s-1})    the advantage = Q_s.

Freeze a path x as one of the N particles (conditional SMC). S1's backward recursion
f_t(y) = G_t(y) [(1 - 1/N) E_ref[f_{t+1} | y] + f_{t+1}(x_{t+1}) / N] is linear: unrolled along x
and divided by V*(x_t)/V(x_{t-1}), g_t = f_t(x_t) V(x_{t-1}) / V*(x_t) obeys g_T = 1 and

    g_t = (1 - 1/N)^(T-t) + (1/N) sum_{s=t+1..T} (1 - 1/N)^(s-t-1) m_{t,s-1}(x_t) a_s g_s,

with u_N(x) = E[Zhat/Z | x frozen] = g_0: one path meets another only through the ancestor of the
other, whose law the forecast has already averaged. Now E[(Zhat/Z)^2] = E_{x~pi}[u_N(x)], and
under pi the pair (m, a g) decouples given x_t. So d_t(c) = E_pi[g_t | x_t = c] obeys the same
recursion with k_{t,s}(c) = E_pi[a_s d_s(x_s) | x_t = c] in place of a_s g_s, and both m and k are
carried back one step by one average under P_pi. With T - t columns of each held at depth t, the
cost is O(T edges), where the pairs cost O(S^2) per step, and N >= 1 may be any real number.

The powers of 1 - 1/N and the 1/N sum to one. Hence u_N - 1 = (1/N) sum_s (1 - 1/N)^(s-1)
(m_{0,s-1} a_s g_s - 1), which keeps its digits when N is 1e40, and N -> infinity gives S6: with
h_s = m_{0,s-1} a_s,

    N (u_N(x) - 1) -> b(x) = sum_s (h_s - 1),       N Var(Zhat/Z) -> v = E_{x~pi}[b(x)].

Everything is kept in log space: drifts of (1 + eps)^T never overflow, only a final answer can.
"""

from dataclasses import dataclass

import numpy as np

from treesmc.sims.base import portable
from treesmc.sims.base.errors import BadInput
from treesmc.sims.trees.tree import FloatArray, TreeMDP
from treesmc.sims.trees.values import class_laws, log_true_value, target_policy

FAINT = float(np.finfo(np.float64).tiny)  # probabilities below have lost digits, or all of them
LIMIT = 1e200  # particles at which N Var(Zhat/Z) is its limit


@dataclass(frozen=True, eq=False)
class TargetChain:
    """The target pi as a Markov chain over classes, with drift and advantage (module docstring).

    Attributes
    ----------
    tree : TreeMDP
    log_true : float64[classes]
        log V*.
    """

    tree: TreeMDP
    log_true: FloatArray

    @classmethod
    def of(cls, tree: TreeMDP) -> "TargetChain":
        """Build the chain of a tree."""
        return cls(tree, log_true_value(tree))

    def log_drift(self, t: int) -> FloatArray:
        """Return log D = log V - log V* at depth t, [S_t]."""
        return self.tree.log_value_at(t) - self.tree.layer(self.log_true, t)

    def log_advantage(self, t: int) -> FloatArray:
        """Return log a_{t+1} = log V*(child) - log V(class) along the edges of depth t, [S_t, B_t].

        Edges of zero probability hold whatever their child says: weigh them with the policy.
        """
        log_next = self.tree.layer(self.log_true, t + 1)
        return log_next[self.tree.child_at(t)] - self.tree.log_value_at(t)[:, None]

    def log_policy(self, t: int) -> FloatArray:
        """Return log pi(b | c) at depth t, [S_t, B_t]; -inf where there is no edge."""
        log_next = self.tree.layer(self.log_true, t + 1)[self.tree.child_at(t)]
        log_reference = portable.log(self.tree.policy_at(t))
        return log_reference + log_next - self.tree.layer(self.log_true, t)[:, None]

    def log_average(self, t: int, log_f: FloatArray) -> FloatArray:
        """Return log E_pi[f(x_{t+1}) | x_t], [S_t, J], from J columns log f, [S_{t+1}, J]."""
        return portable.logsumexp(
            self.log_policy(t)[:, :, None] + log_f[self.tree.child_at(t)], axis=1
        )

    def log_forecast(self, t: int, log_m: FloatArray) -> FloatArray:
        """Carry log m_{t+1,u}, u = t+1..T-1, back to log m_{t,u}, u = t..T-1: [S_t, T - t]."""
        return np.column_stack([self.log_drift(t), self.log_average(t, log_m)])

    def log_root_forecast(self) -> FloatArray:
        """Return log m_{0,u}, u = 0..T-1: the ratios Z_u / Z of S6, Z_u = E_ref[V_u]."""
        laws = class_laws(self.tree, target_policy(self.tree))
        if laws.min() < FAINT:  # their share of the mean may still count
            return self._carried_forecast()
        log_laws = portable.log(laws)
        depths = range(self.tree.horizon)
        return np.array(
            [portable.logsumexp(self.tree.layer(log_laws, t) + self.log_drift(t)) for t in depths]
        )

    def _carried_forecast(self) -> FloatArray:
        """Return the same by carrying it back to the root, which takes no law."""
        log_m = np.empty((self.tree.n_classes[-1], 0))
        for t in reversed(range(self.tree.horizon)):
            log_m = self.log_forecast(t, log_m)
        return np.asarray(log_m[0])


def log_mixture(log_terms: FloatArray, N: float) -> FloatArray:
    """Return log of (1 - 1/N)^J + (1/N) sum_j (1 - 1/N)^j terms_j: g_t from its terms m a g.

    Parameters
    ----------
    log_terms : float64[n, J]
        J = T - t >= 1 terms per row, nearest first.
    N : float
        Particles, at least 1.

    Returns
    -------
    float64[n]
    """
    J = log_terms.shape[1]
    log_stay = portable.log1p(-1 / N) if N > 1 else -np.inf
    log_weights = np.concatenate([[0.0], np.full(J - 1, log_stay)]).cumsum()
    return portable.logaddexp(
        J * log_stay, portable.logsumexp(log_terms + log_weights, axis=-1) - portable.log(N)
    )


def mixture_excess(log_terms: FloatArray, N: float) -> FloatArray:
    """Return exp(log_mixture(log_terms, N)) - 1 without cancellation, float64[n]."""
    weights = portable.power(1 - 1 / N, np.arange(log_terms.shape[1]))
    kept = np.count_nonzero(weights)
    with np.errstate(over="ignore"):
        return portable.matmul(portable.expm1(log_terms[:, :kept]), weights[:kept]) / N


def check_particles(N: float) -> None:
    """Raise `BadInput` unless N is a finite number of at least one particle."""
    if not 1 <= N < np.inf:
        raise BadInput(f"N: {N} particles; a finite number of at least 1 is needed")


def relative_variance(tree: TreeMDP, N: float) -> float:
    """Return E[(Zhat/Z)^2] - 1 of SMC with multinomial resampling at every step, exactly.

    Parameters
    ----------
    tree : TreeMDP
    N : float
        Particles, any real number from 1 to 1e300; digits are kept however large it is.

    Returns
    -------
    float
        Infinite if it exceeds the largest float.

    Raises
    ------
    BadInput
        If N is below 1 or not finite.

    Notes
    -----
    Claim S6, by the recursion of the module docstring. Time O(T edges), memory O(T max S_t B_t).
    """
    check_particles(N)
    chain = TargetChain.of(tree)
    log_d = np.zeros(tree.n_classes[-1])
    log_m = log_k = np.empty((len(log_d), 0))
    for t in reversed(range(tree.horizon)):
        log_m = chain.log_forecast(t, log_m)
        log_gain = chain.log_policy(t) + chain.log_advantage(t) + log_d[tree.child_at(t)]
        log_k = np.column_stack(
            [portable.logsumexp(log_gain, axis=-1), chain.log_average(t, log_k)]
        )
        log_d = log_mixture(log_m + log_k, N)
    return float(mixture_excess(log_m + log_k, N)[0])


def second_moment(tree: TreeMDP, N: float) -> float:
    """Return E[(Zhat/Z)^2] at N particles, exactly: one plus `relative_variance` (claim S6)."""
    return 1 + relative_variance(tree, N)


def asymptotic_variance(tree: TreeMDP) -> float:
    """Return v = lim N Var(Zhat/Z) = sum_t (E_pi[h_t] - 1), exactly.

    Notes
    -----
    Claim S6, where E_pi[h_t] is written eta_t(h_t^2): under pi the step (x_{t-1}, x_t) has
    density h_t with respect to eta_t = pi_{t-1} x pi_ref. Time O(edges); where floats do not hold
    the densities or the law, the limit is taken of `relative_variance`. Infinite if it exceeds the
    largest float.
    """
    chain = TargetChain.of(tree)
    policy = target_policy(tree)
    laws = class_laws(tree, policy)
    total = 0.0
    for t, log_m in enumerate(chain.log_root_forecast()):
        law = tree.layer(laws, t)[:, None] * tree.edge_layer(policy, t)
        log_h = np.where(law > 0, log_m + chain.log_advantage(t), 0.0)
        with np.errstate(over="ignore"):
            total += float(np.sum(law * portable.expm1(log_h)))
    return LIMIT * relative_variance(tree, LIMIT) if total == np.inf or is_faint(tree) else total


def is_faint(tree: TreeMDP) -> bool:
    """Whether the target gives a step that exists a probability too small for a float."""
    policy = target_policy(tree)
    laws = class_laws(tree, policy)
    law = np.repeat(laws[: tree.class_start[-2]], np.repeat(tree.n_symbols, tree.n_classes[:-1]))
    return bool((law[tree.policy > 0] * policy[tree.policy > 0] < FAINT).any())
