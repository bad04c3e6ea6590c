r"""Step scores as a reward model: product, minimum, last or mean of them, side by side.

A sequence with step scores p_1 .. p_T and reward phi gives, by each aggregation, a value V_t of its
prefixes. Only one continuation of each prefix is logged, so E_ref[V_{t+1} | s_t] is known only on
average over prefixes of alike score: at each depth they are sorted into bins of V_t, and

    Bellman error   spread of (mean V_{t+1} / mean V_t) over the bins, around 1,
    value error     spread of (mean phi / mean V_t) over the bins, around its mean at that depth,

less the sampling noise of the bin means. Errors that cancel within a bin are not seen: both are
*lower* estimates of the rms error over prefixes. The step from V_T to phi is part of the first.

    weight variance    sum_t (E[G_t^2]/E[G_t]^2 - 1), G_t = V_t/V_{t-1}, E over pi_{t-1} x pi_ref:
                       what a sampler would see as the variance of its weights, step by step.
    telescoping        weights that follow V multiply to phi / V_0, so sum_t log w_t - log phi is
                       one number a prompt. `defect` is the standard deviation of that difference
                       within prompts, were V_t *itself* used as weight at each step (a common
                       slip): such a sampler targets another law than pi_ref phi.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from treesmc.audit.log.probes import Scores
from treesmc.audit.measure.bootstrap import far
from treesmc.sims.base import portable
from treesmc.sims.trees.tree import FloatArray, IntArray

BIN = 50  # sequences a bin, at least
MOST_BINS = 10
TELESCOPES = 1e-6


AGGREGATIONS: dict[str, Callable[[FloatArray], FloatArray]] = {
    "product": np.cumsum,
    "minimum": np.minimum.accumulate,
    "last": lambda log_p: log_p,
    "mean": lambda log_p: portable.log(
        np.cumsum(portable.exp(log_p)) / np.arange(1, len(log_p) + 1)
    ),
}
"""Each maps log scores of the steps to log V of the prefixes, float64[T]."""


@dataclass(frozen=True)
class Aggregation:
    """One aggregation of step scores, judged (module docstring).

    Attributes
    ----------
    name : str
    bellman_rms, value_spread : float
        Lower estimates.
    weight_variance : float
    defect : float
        Standard deviation of log weight lost if V itself is the weight.
    zeros : int
        Prefixes with V = 0.
    """

    name: str
    bellman_rms: float
    value_spread: float
    weight_variance: float
    defect: float
    zeros: int


@dataclass(frozen=True)
class ScoreReport:
    """All aggregations, and whether logged weights telescope.

    Attributes
    ----------
    sequences, prompts : int
    aggregations : list of Aggregation
    weight_defect : float or None
        Standard deviation within prompts of sum_t log w_t - log phi for the weights in the log.
    telescopes : bool or None
        Whether that is zero up to rounding; None if the log holds no weights.
    """

    sequences: int
    prompts: int
    aggregations: list[Aggregation]
    weight_defect: float | None
    telescopes: bool | None


def compare_aggregations(scores: Scores) -> ScoreReport:
    """Judge every aggregation on one log of step scores."""
    weighted = [i for i, w in enumerate(scores.log_weights) if w is not None]
    defect = telescopes = None
    if weighted:
        totals = np.array([w.sum() for w in scores.log_weights if w is not None])
        defect = _within(totals, scores.log_reward[weighted], scores.prompt[weighted])
        telescopes = _is_rounding(defect, totals)
    rows = [_judge(name, rule, scores) for name, rule in AGGREGATIONS.items()]
    return ScoreReport(len(scores.scores), len(scores.prompts), rows, defect, telescopes)


def _is_rounding(defect: float, totals: FloatArray) -> bool | None:
    """Whether a defect is zero up to rounding; None where no prompt has two sequences."""
    if math.isnan(defect):
        return None
    return math.isfinite(defect) and defect <= TELESCOPES * max(1.0, float(np.abs(totals).max()))


def _judge(name: str, rule: Callable[[FloatArray], FloatArray], scores: Scores) -> Aggregation:
    values = [rule(portable.log(p)) for p in scores.scores]
    table = _padded(values, scores.log_reward)
    steps = [_step(table, t, scores.log_reward) for t in range(table.shape[1] - 1)]
    steps = [step for step in steps if step is not None]
    count, bellman, value, variance = np.array(steps or [(np.nan,) * 4]).T
    total = np.array([np.sum(v) for v in values])
    return Aggregation(
        name,
        float(np.sqrt(max(np.average(bellman, weights=count), 0.0))),
        float(np.sqrt(max(np.average(value, weights=count), 0.0))),
        float(variance.sum()),
        _within(total, scores.log_reward, scores.prompt),
        int(sum(np.isneginf(v).sum() for v in values)),
    )


def _padded(values: list[FloatArray], log_reward: FloatArray) -> FloatArray:
    """Return log V_1 .. V_T, then phi for ever: a sequence that has ended stays as it is."""
    horizon = max(len(v) for v in values)
    table = np.repeat(log_reward[:, None], horizon + 1, axis=1)
    for row, v in zip(table, values, strict=True):
        row[: len(v)] = v
    return table


def _step(table: FloatArray, t: int, log_reward: FloatArray) -> tuple[float, ...] | None:
    """Return prefixes, squared Bellman error, squared value spread and weight variance of a step.

    None once no sequence moves, or nothing has a positive value. Infinite beyond floats, and nan
    where a spread is not known, because nothing that its bin holds is worth anything.
    """
    here, after = table[:, t], table[:, t + 1]
    alive = np.flatnonzero(np.isfinite(here))
    if not len(alive) or np.array_equal(here[alive], after[alive]):
        return None
    log_V, log_W, log_phi = here[alive], after[alive], log_reward[alive]
    unit = log_V.max()
    excess = far(log_W - unit, np.zeros_like(alive))[0].clip(min=0)
    with np.errstate(all="ignore"):
        V, W = portable.exp(log_V - unit), portable.exp(log_W - unit - excess)
        bins = _bins(V)
        ratio, noise, share = _bin_ratios(V, W, bins)
        gain, gain_noise, _ = _bin_ratios(V, portable.exp(log_phi - log_phi.max()), bins)
        mean_gain = portable.matmul(share, gain)
        spread = portable.matmul(share, (gain / mean_gain - 1) ** 2 - gain_noise / mean_gain**2)
        variance = (V.sum() * np.sum(W**2 / V)) / W.sum() ** 2 - 1 if W.any() else np.nan
        bellman = np.inf if excess else portable.matmul(share, (ratio - 1) ** 2 - noise)
    return len(alive), float(bellman), float(spread), float(variance)


def _bins(V: FloatArray) -> IntArray:
    """Sort prefixes into bins of alike value, ties kept together."""
    count = int(np.clip(len(V) // BIN, 1, MOST_BINS))
    edges = np.unique(np.quantile(V, np.linspace(0, 1, count + 1)[1:-1]))
    return np.searchsorted(edges, V, side="left")


def _bin_ratios(
    V: FloatArray, W: FloatArray, bins: IntArray
) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return mean W / mean V of each bin, the noise variance of that, and the bin's share.

    A prefix alone in its bin is left out.
    """
    shared = np.bincount(bins)[bins] > 1
    V, W, bins = V[shared], W[shared], np.unique(bins[shared], return_inverse=True)[1]
    count = np.bincount(bins)
    mean_V, mean_W = (np.bincount(bins, x) / count for x in (V, W))
    share: FloatArray = count / count.sum()
    ratio = mean_W / mean_V
    variance = np.bincount(bins, (W - ratio[bins] * V) ** 2) / (count - 1)
    return ratio, variance / (count * mean_V**2), share


def _within(log_x: FloatArray, log_y: FloatArray, prompt: IntArray) -> float:
    """Return the standard deviation of log(x/y) within prompts; infinite if a zero is among them.

    nan if no prompt has two entries.
    """
    if not (np.isfinite(log_x).all() and np.isfinite(log_y).all()):
        return float("inf")
    x = log_x - log_y
    _, code, count = np.unique(prompt, return_inverse=True, return_counts=True)
    mean = np.bincount(code, x) / count
    freedom = len(x) - len(count)
    return float(np.sqrt(np.sum((x - mean[code]) ** 2) / freedom)) if freedom else float("nan")
