"""The algorithms as one would write them on a blackboard: slow, plain, the measure of the kernels.

Nothing here is shared with the kernels: no tables, no aliases, no streams of their own, no ratios.
"""

import numpy as np


def multinomial(W, rng):
    return rng.choice(len(W), len(W), p=W)


def systematic(W, rng):
    return at_points(W, rng.random())


def stratified(W, rng):
    return at_points(W, rng.random(len(W)))


def residual(W, rng):
    N = len(W)
    sure = np.floor(N * W).astype(int)
    rest = N * W - sure
    kept = np.repeat(np.arange(N), sure)
    drawn = N - len(kept)
    return np.append(kept, rng.choice(N, drawn, p=rest / rest.sum())) if drawn else kept


def at_points(W, u):
    """Ancestors at one point (i + u_i)/N in every N-th of the unit interval."""
    points = (np.arange(len(W)) + u) / len(W)
    return np.searchsorted(np.cumsum(W)[:-1], points, side="right")


RESAMPLE = {
    "multinomial": multinomial,
    "systematic": systematic,
    "stratified": stratified,
    "residual": residual,
}


def proposal(tree, t, guided):
    """Return symbol probabilities and the weight G of every (class, symbol) at depth t."""
    p, V = tree.policy_at(t), np.exp(tree.log_value_at(t))[:, None]
    V_child = np.exp(tree.log_value_at(t + 1))[tree.child_at(t)]
    if not guided:
        return p, V_child / V
    expected = (p * V_child).sum(axis=1, keepdims=True)
    return p * V_child / expected, np.broadcast_to(expected / V, p.shape)


def smc(tree, N, rng, scheme, ess_threshold, guided):
    """Return Zhat and the law of the particle drawn last, [S_T]."""
    s, W, Z_hat = np.zeros(N, int), np.full(N, 1 / N), np.exp(tree.log_value[0])
    for t in range(tree.horizon):
        if t > 0 and (ess_threshold == 1 or 1 / (W**2).sum() < ess_threshold * N):
            s, W = s[RESAMPLE[scheme](W, rng)], np.full(N, 1 / N)
        q, G = proposal(tree, t, guided)
        symbols = (rng.random((N, 1)) > np.cumsum(q, axis=1)[s, :-1]).sum(axis=1)
        gain = W * G[s, symbols]
        s, W, Z_hat = tree.child_at(t)[s, symbols], gain / gain.sum(), Z_hat * gain.sum()
    return Z_hat, np.bincount(s, W, minlength=tree.n_classes[-1])
