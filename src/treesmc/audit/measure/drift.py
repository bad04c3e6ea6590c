r"""The drift V*/V of a log with rollouts: does the error compound with the steps left (A2 or A3)?

R rollouts from s estimate V*(s) = E_ref[phi | s] without bias, pairs of them its square.
A constant factor between V and V* at one depth of one prompt is harmless to SMC, so the error at a
depth is measured by the spread of V*/V within prompts,

    spread_t^2 = sum_i mean_i[(V*/V)^2] / sum_i (mean_i[V*/V])^2 - 1,

i over prompts, squares of expectations by pairs of draws, of different prefixes below the line.
What A2 allows and what A3 allows differ in how this grows with the steps left, T - t:

    bounded       spread^2 constant            A3: polynomial cost at any size of the error
    random walk   spread^2 ~ (T - t)           independent Bellman errors
    compounding   spread^2 ~ (T - t)^2         Bellman errors of one sign along a path: A2's worst

Each law is fitted to the depths by weighted least squares; the verdict is the best fit, and its
support is the share of bootstrap replicates in which it is the best. Noise made some spread^2
negative: they are kept in the fit, and shown as zero.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from treesmc.audit.log.probes import Probes
from treesmc.audit.measure.bootstrap import Clusters, Interval, far, log_group_mean
from treesmc.sims.base import portable
from treesmc.sims.trees.tree import FloatArray, IntArray

GROWTH = {"bounded": 0, "random walk": 1, "compounding": 2}
"""Power of T - t in the squared spread."""

NO_VERDICT = "undecided"
LEAST_SUPPORT = 0.8
LEAST_FOUND = 0.25


@dataclass(frozen=True)
class DriftSummary:
    """V*/V at one depth: mean over prefixes, and spread within prompts (noise removed)."""

    depth: int
    prefixes: int
    mean: Interval
    spread: Interval


@dataclass(frozen=True)
class Drift:
    """V*/V over the depths.

    Attributes
    ----------
    by_depth : list of DriftSummary
    growth : str
        A key of `GROWTH`, or "undecided".
    support : dict of str to float
        Share of bootstrap replicates that each growth law fits best.
    raw_log_error : float
        Largest |log V*/V| observed, noise included: biased. log(1 + eps_V) if nothing were unseen.
    log_error99 : float
        99% quantile of the same, noise included.
    lost_mass : Interval
        Share of the reference's reward that lies below prefixes with V = 0: total variation that no
        number of particles removes.
    """

    by_depth: list[DriftSummary]
    growth: str
    support: dict[str, float]
    raw_log_error: float
    log_error99: float
    lost_mass: Interval

    @property
    def found(self) -> float:
        """Reward that rollouts found over what V promises at the root; nan if it was not probed."""
        first = self.by_depth[0]
        return first.mean.value if first.depth == 0 else math.nan

    @property
    def broken_promise(self) -> bool:
        """Whether V promises so much more than was found that, if right, most was missed."""
        return self.found < LEAST_FOUND


def value_drift(probes: Probes, clusters: Clusters, horizon: int) -> Drift | None:
    """Return the drift of a log, None if no prefix with V > 0 has two rollouts."""
    usable = np.flatnonzero((probes.rollouts.count >= 2) & np.isfinite(probes.log_value))
    if not len(usable):
        return None
    depths = np.unique(probes.depth[usable])
    log_drift = probes.rollouts.mean[usable] - probes.log_value[usable]
    shift = far(log_drift, probes.depth[usable])
    columns = _line_columns(probes, usable, shift)
    rows = []
    for t in depths:
        here = probes.depth[usable] == t
        code = clusters.code[usable[here]]
        sums = np.column_stack([np.bincount(code, x[here], clusters.count) for x in columns])
        whole = sums.sum(axis=0)[None]
        rows.append(np.concatenate([whole, portable.matmul(clusters.weights, sums)]))
    lines, total, square, distinct = np.moveaxis(np.array(rows), 2, 0)  # each [depths, 1 + B]
    with np.errstate(all="ignore"):
        unit = portable.exp([shift[probes.depth[usable] == t][0] for t in depths])
        mean, squared_spread = total / lines * unit[:, None], square / distinct - 1
    error = np.abs(log_drift)
    growth, support = _verdict(horizon - depths, squared_spread)
    return Drift(
        [
            DriftSummary(
                int(t),
                int(lines[k, 0]),
                clusters.interval(mean[k]),
                _root(clusters.interval(squared_spread[k])),
            )
            for k, t in enumerate(depths)
        ],
        growth,
        support,
        float(error.max()),
        float(np.quantile(error, 0.99, method="inverted_cdf")),
        _lost_mass(probes, clusters),
    )


def _line_columns(probes: Probes, usable: IntArray, shift: FloatArray) -> list[FloatArray]:
    """Return, per line: 1, V*/V, its square by pairs of rollouts, and by pairs of prefixes.

    V*/V is in units of exp(shift), which lines of the same depth share.
    """
    value = probes.log_value[usable] + shift
    drift = portable.exp(probes.rollouts.mean[usable] - value)
    square = portable.exp(probes.rollouts.pair[usable] - 2 * value)
    cell = probes.depth[usable].astype(np.int64) * len(probes.prompts) + probes.prompt[usable]
    n, total, own = (np.bincount(cell, x)[cell] for x in (1 + 0 * drift, drift, drift**2))
    with np.errstate(all="ignore"):
        distinct = (total**2 - own) / (n * (n - 1))
    alone = n < 2  # no second prefix to pair with: such lines leave the spread alone
    return [1 + 0 * drift, drift, np.where(alone, 0.0, square), np.where(alone, 0.0, distinct)]


def _root(square: Interval) -> Interval:
    return Interval(*(math.sqrt(max(x, 0.0)) for x in (square.value, square.low, square.high)))


def _verdict(left: IntArray, squared_spread: FloatArray) -> tuple[str, dict[str, float]]:
    """Fit each growth law to squared spreads, [depths, 1 + B], ``left`` steps before the end.

    The root, where all prefixes of a prompt are one, tells nothing.
    """
    inner = left < left.max()
    if inner.sum() < 3:
        return NO_VERDICT, {}
    left, spread = left[inner], squared_spread[inner]
    if np.isnan(spread[:, 1:]).all(axis=1).any():  # no reward was found at some depth
        return NO_VERDICT, {}
    precision = 1 / np.maximum(np.nanvar(spread[:, 1:], axis=1), 1e-300)
    misfits = np.array(
        [_misfit(portable.power(left, p), spread, precision) for p in GROWTH.values()]
    )
    best = misfits[:, 1:].argmin(axis=0)
    support = {name: float(np.mean(best == k)) for k, name in enumerate(GROWTH)}
    winner = list(GROWTH)[int(misfits[:, 0].argmin())]
    return (winner if support[winner] >= LEAST_SUPPORT else NO_VERDICT), support


def _misfit(law: FloatArray, spread: FloatArray, precision: FloatArray) -> FloatArray:
    """Return the weighted residual of spread = a law, a >= 0, for each column."""
    weighted = law * precision
    slope = np.maximum(portable.matmul(weighted, spread) / portable.matmul(weighted, law), 0.0)
    return np.asarray(portable.matmul(precision, (spread - np.multiply.outer(law, slope)) ** 2))


def _lost_mass(probes: Probes, clusters: Clusters) -> Interval:
    """Return the largest share over depths of reward below V = 0."""
    known = np.flatnonzero(probes.rollouts.count >= 1)
    depth, code = probes.depth[known], clusters.code[known]
    log_reward = probes.rollouts.mean[known] + probes.log_weight[known]
    scale = log_group_mean(probes.rollouts.mean[known], np.zeros(len(known)), probes.prompt[known])
    log_reward -= np.where(np.isfinite(scale), scale, 0.0)  # so that prompts count alike
    reward = portable.exp(log_reward - far(log_reward, depth))
    dead = np.isneginf(probes.log_value[known])
    if not dead.any():
        return Interval(0.0, 0.0, math.nan)
    shares = []
    for t in np.unique(depth[dead]):
        here = depth == t
        sums = [np.bincount(code[here], (reward * m)[here], clusters.count) for m in (dead, 1)]
        lost, total = (portable.matmul(clusters.rows, x) for x in sums)
        with np.errstate(all="ignore"):
            shares.append(lost / total)
    worst = max(shares, key=lambda share: share[0])
    return clusters.interval(worst)
