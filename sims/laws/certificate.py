"""What SMC's output law certifiably is at a given N: the certificate, its limit, its mixing ratios.

Conditional-SMC certificate (claim S1, proved in this project). Run SMC with a path x frozen as one
of the N particles and let u_N(x) = E[Zhat/Z] of that run. The law of SMC's output satisfies
law(x)/pi(x) = E_cond[Z/Zhat] >= 1/u_N(x) by Jensen's inequality, so

    TV(law, pi) <= E_{x~pi}[(1 - 1/u_N(x))_+].

u_N(x) = g_0 is exact, by the recursion along x that the module `moments` derives: the forecasts
m_{t,u} are carried back once for all paths, O(T edges), and every path then costs O(T^2).
The positive part comes before the average: 1 - 1/E_pi[u_N] = 1 - 1/E[(Zhat/Z)^2] is no bound.

First-order constant (claim S6): N TV -> (1/2) E_{x~pi}|b(x) - v|, the least constant that any
bound of the form C/N can have on the tree; a prediction, not a bound. Over terminal classes it is
(1/2) sum_c |E_pi[(b(x) - v) 1{x_T in c}]|, exact by one forward pass.

Mixing ratios (claim S2): along edges and at parents of positive probability let
Q_t = V*(child)/V(parent) and M Q_t = V*(parent)/V(parent). With q_t = sup Q_t / inf M Q_t the
recursion of S1 gives u_N(x) <= prod_t (1 + (q_t - 1)/N) for every path, so

    TV(law, pi) <= 1 - prod_t (1 + (q_t - 1)/N)^-1 <= (1/N) sum_t (q_t - 1),

also where a hypothesis bounds q_t in place of the tree (`bounds` of the theory).
"""

import numpy as np

from treesmc.sims.base import portable
from treesmc.sims.laws.moments import (
    TargetChain,
    asymptotic_variance,
    check_particles,
    is_faint,
    log_mixture,
    mixture_excess,
)
from treesmc.sims.laws.target_paths import target_expectation, visited_classes
from treesmc.sims.trees.tree import FloatArray, IntArray, TreeMDP
from treesmc.sims.trees.values import class_laws, log_expectation, target_policy

DEFAULT_PATHS = 4096
LARGEST_LOG = 700.0
LARGEST_N = 1e300  # at which the certificate is computed


def _log_path_advantages(chain: TargetChain, classes: IntArray) -> FloatArray:
    """Return log a_s along paths, [n, T], from their classes, [n, T + 1]."""
    steps = [
        chain.tree.layer(chain.log_true, t + 1)[classes[:, t + 1]]
        - chain.tree.log_value_at(t)[classes[:, t]]
        for t in range(chain.tree.horizon)
    ]
    return np.column_stack(steps)


def class_path_excess(tree: TreeMDP, N: float, classes: IntArray) -> FloatArray:
    """Return u_N(x) - 1, float64[n], of class paths int64[n, T + 1], with all its digits."""
    check_particles(N)
    chain = TargetChain.of(tree)
    log_a = _log_path_advantages(chain, classes)
    log_g = np.zeros(classes.shape)
    log_m = np.empty((tree.n_classes[-1], 0))
    for t in reversed(range(tree.horizon)):
        log_m = chain.log_forecast(t, log_m)
        terms = log_m[classes[:, t]] + log_a[:, t:] + log_g[:, t + 1 :]
        log_g[:, t] = log_mixture(terms, N)
    return mixture_excess(terms, N)


def path_certificate(tree: TreeMDP, N: float, paths: IntArray) -> FloatArray:
    """Return u_N(x) = E[Zhat/Z] with x frozen, float64[n]: law(x) >= pi(x)/u_N(x) (claim S1).

    Parameters
    ----------
    tree : TreeMDP
    N : float
        Particles, any real number of at least 1.
    paths : int64[n, T]
        Symbols.

    Raises
    ------
    BadInput
        If N is below 1 or not finite, or a path does not exist.
    """
    return 1 + class_path_excess(tree, N, visited_classes(tree, paths))


def tv_certificate(
    tree: TreeMDP, N: float, n_paths: int = DEFAULT_PATHS, seed: int = 0
) -> tuple[float, float]:
    """Return S1's bound on TV(SMC's output law over paths, pi), and its standard error.

    Parameters
    ----------
    tree : TreeMDP
    N : float
        Particles, any real number of at least 1.
    n_paths, seed : int
        How paths are drawn from pi where there are too many to enumerate.

    Returns
    -------
    value, stderr : float
        E_{x~pi}[(1 - 1/u_N(x))_+]; the standard error is 0 where paths were enumerated.
    """

    def shortfall(classes: IntArray) -> FloatArray:
        return -portable.expm1(
            -portable.log1p(np.maximum(class_path_excess(tree, N, classes), 0.0))
        )

    return target_expectation(tree, shortfall, n_paths, seed)


def log_certified_particles(tree: TreeMDP, delta: float) -> float | None:
    """Return log of the least real N >= 1 with S1's certificate at most delta, to 1e-9.

    None if that is not known, N being beyond `LARGEST_N`. Few enough classes for exact certificates
    are assumed; S2 gives an N that is enough.
    """
    from scipy.optimize import brentq

    def excess(log_N: float) -> float:
        return tv_certificate(tree, portable.exp(log_N))[0] - delta

    if excess(0.0) <= 0:
        return 0.0
    enough = log_instance_particles(log_mixing_ratios(tree), delta)
    most = min(enough + 1e-9, portable.log(LARGEST_N))
    return float(brentq(excess, 0.0, most, xtol=1e-9)) if excess(most) <= 0 else None


def first_order_constant(
    tree: TreeMDP, n_paths: int = DEFAULT_PATHS, seed: int = 0
) -> tuple[float, float]:
    """Return lim N TV(SMC's output law over paths, pi) = (1/2) E_pi|b(x) - v|, and its error.

    Parameters
    ----------
    tree : TreeMDP
    n_paths, seed : int
        How paths are drawn from pi where there are too many to enumerate; v is always exact.

    Returns
    -------
    value, stderr : float
        The standard error is 0 where paths were enumerated. Infinite if v exceeds the largest
        float.

    Notes
    -----
    Claim S6. Divided by delta it predicts the particles needed for TV <= delta.
    """
    chain = TargetChain.of(tree)
    log_m = chain.log_root_forecast()
    v = asymptotic_variance(tree)

    if np.isinf(v):
        return np.inf, 0.0

    def b(classes: IntArray) -> FloatArray:
        with np.errstate(over="ignore"):
            return portable.expm1(log_m + _log_path_advantages(chain, classes)).sum(axis=1)

    def half_deviation(classes: IntArray) -> FloatArray:
        return 0.5 * np.abs(b(classes) - v)

    def shortfall(classes: IntArray) -> FloatArray:
        return np.maximum(v - b(classes), 0.0)

    # v is the mean of b, so both have the same mean; the second misses nothing where b is vast on
    # paths too rare for a float.
    log_h = (log_m[t] + chain.log_advantage(t)[tree.policy_at(t) > 0] for t in range(tree.horizon))
    vast = is_faint(tree) or max(float(step.max()) for step in log_h) > LARGEST_LOG
    return target_expectation(tree, shortfall if vast else half_deviation, n_paths, seed)


def terminal_constant(tree: TreeMDP, guided: bool = False) -> float:
    """Return lim N TV(output law of SMC, pi) over terminal classes, exactly.

    Notes
    -----
    Claim S6, for multinomial resampling at every step. The sum over terminal classes of conditional
    means is at most the constant over paths. The guided proposal multiplies h_t by
    E_ref[V(s') | s] / V(s'). Infinite beyond the largest float. Time O(edges).
    """
    chain, policy = TargetChain.of(tree), target_policy(tree)
    laws, log_m = class_laws(tree, policy), chain.log_root_forecast()
    b = np.zeros(1)  # E_pi[b so far; class]
    with np.errstate(over="ignore", invalid="ignore"):
        for t in range(tree.horizon):
            log_h = log_m[t] + chain.log_advantage(t)
            if guided:
                log_next = tree.log_value_at(t + 1)
                expected = log_expectation(tree, t, log_next)
                log_h = log_h + expected[:, None] - log_next[tree.child_at(t)]
            gain = b[:, None] + tree.layer(laws, t)[:, None] * portable.expm1(log_h)
            b = np.bincount(
                tree.child_at(t).ravel(),
                weights=(tree.edge_layer(policy, t) * gain).ravel(),
                minlength=int(tree.n_classes[t + 1]),
            ).astype(np.float64)
        value = 0.5 * float(np.abs(b - b.sum() * tree.layer(laws, tree.horizon)).sum())
    return np.inf if np.isnan(value) else value


def log_mixing_ratios(tree: TreeMDP) -> FloatArray:
    """Return log q_t of S2 for t = 1..T, float64[T]: q_t = sup Q_t / inf M Q_t on this tree."""
    chain = TargetChain.of(tree)
    ratios = np.empty(tree.horizon)
    for t in range(tree.horizon):
        log_q = chain.log_advantage(t)[tree.policy_at(t) > 0]
        ratios[t] = log_q.max() + chain.log_drift(t).max()
    return ratios


def instance_tv(log_q: FloatArray, N: float) -> float:
    """Return S2's bound 1 - prod_t (1 + (q_t - 1)/N)^-1 on TV, from mixing ratios.

    Parameters
    ----------
    log_q : float64[T]
        log q_t, nonnegative: those of a tree (`log_mixing_ratios`), or those that a hypothesis
        allows.
    N : float
        Particles.
    """
    log_factors = portable.logaddexp(0.0, portable.log_expm1(log_q) - portable.log(N))
    return -portable.expm1(-float(log_factors.sum()))


def log_instance_particles(log_q: FloatArray, delta: float) -> float:
    """Return log of N = (1/delta) sum_t (q_t - 1), which suffices (S2); -inf if every q_t is 1."""
    return float(portable.logsumexp(portable.log_expm1(log_q))) - portable.log(delta)
