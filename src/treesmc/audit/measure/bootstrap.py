"""Intervals by resampling clusters: prompts, or what stands for them in a log of one prompt.

Lines of one prompt share everything that the prompt decides, so lines are not independent and
prompts are: resample prompts. In a log of one prompt, resample its paths (then an interval speaks
of that prompt only), and lines where no path is named. More than `MOST_CLUSTERS` clusters are
dealt into as many groups, which are as independent as they were.

A percentile interval of n clusters is too narrow by sqrt((n-1)/n) and by using the normal quantile
where Student's t is due. Expanded percentiles repair both (Hesterberg, "What Teachers Should Know
About the Bootstrap", 2015, sec. 5.3): the tail is Phi(-sqrt(n/(n-1)) t_{n-1}).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from treesmc.audit.log.fields import NO_PATH
from treesmc.audit.log.probes import Probes
from treesmc.sims.base import portable
from treesmc.sims.base.streams import generator
from treesmc.sims.trees.tree import FloatArray, IntArray

MOST_CLUSTERS = 1000
LEVEL = 0.95
FAR = 300.0


@dataclass(frozen=True)
class Interval:
    """A number and its 95% interval; the interval is nan where none can be given."""

    value: float
    low: float = math.nan
    high: float = math.nan


@dataclass(frozen=True, eq=False)
class Clusters:
    """Who is resampled.

    Attributes
    ----------
    kind : str
        "prompts", "paths" or "lines".
    code : int64[lines]
        Cluster of each line.
    count : int
        Number of clusters.
    weights : float64[B, count]
        How often each replicate holds each cluster; rows sum to ``count``.
    """

    kind: str
    code: IntArray
    count: int
    weights: FloatArray

    @classmethod
    def of(cls, probes: Probes, replicates: int, seed: int) -> Clusters:
        """Choose the clusters of a log and draw the replicates."""
        if len(probes.prompts) > 1:
            kind, key = "prompts", probes.prompt.astype(np.int64)
        elif np.all(probes.path != NO_PATH):
            kind, key = "paths", in_order_of_appearance(probes.path)
        else:
            kind, key = "lines", np.arange(len(probes))
        count = min(int(key.max()) + 1, MOST_CLUSTERS)
        return cls(kind, key % count, count, resampled(count, replicates, generator(seed)))

    def interval(self, values: FloatArray) -> Interval:
        """Return the log's value, entry 0, with the interval of its replicates, [1 + B]."""
        return interval(values, self.count)

    @property
    def rows(self) -> FloatArray:
        """Weights of the log, all one, then of the replicates, float64[1 + B, count]."""
        return np.vstack([np.ones(self.count), self.weights])


def interval(values: FloatArray, count: int) -> Interval:
    """Return a statistic of ``count`` clusters, entry 0, with the interval of its replicates."""
    return Interval(float(values[0]), *expanded_percentiles(values[1:], count))


def in_order_of_appearance(keys: IntArray) -> IntArray:
    """Return codes 0, 1, ... of keys, numbered as they first appear."""
    _, first, code = np.unique(keys, return_index=True, return_inverse=True)
    return np.argsort(np.argsort(first))[code]


def resampled(count: int, replicates: int, rng: np.random.Generator) -> FloatArray:
    """Return multiplicities float64[B, count] of draws with replacement."""
    uniform = np.full(count, 1 / count)
    return rng.multinomial(count, uniform, size=replicates).astype(np.float64)


def weighted_sums(rows: FloatArray, x: NDArray) -> FloatArray:
    """Return rows @ x for weights of at least 0: weight 0 takes nothing of infinity."""
    infinite = x == np.inf
    with np.errstate(over="ignore"):
        if not infinite.any():
            return np.asarray(portable.matmul(rows, x))
        return np.where(
            portable.matmul(rows, infinite) > 0,
            np.inf,
            portable.matmul(rows, np.where(infinite, 0.0, x)),
        )


def far(log_x: FloatArray, group: IntArray) -> FloatArray:
    """Return, per entry, the largest of its group if exp of twice that is no float, else 0.

    Taken off logarithms that only count relative to each other, it keeps squares of exp in range.
    """
    largest = np.full(int(group.max(initial=0)) + 1, -np.inf)
    np.maximum.at(largest, group, log_x)
    return np.where(np.isfinite(largest) & (np.abs(largest) > FAR), largest, 0.0)[group]


def log_group_mean(log_x: FloatArray, log_weight: FloatArray, group: IntArray) -> FloatArray:
    """Return, per entry, log of the mean of weighted x over the entries of its group."""
    terms = log_x + log_weight
    largest = np.full(int(group.max(initial=0)) + 1, -np.inf)
    np.maximum.at(largest, group, terms)
    shift = np.where(np.isfinite(largest), largest, 0.0)
    total = np.bincount(group, portable.exp(terms - shift[group]), len(shift))
    mean = total / np.maximum(np.bincount(group, minlength=len(shift)), 1)
    return np.asarray((shift + portable.log(mean))[group])


def expanded_percentiles(replicates: FloatArray, count: int) -> tuple[float, float]:
    """Return the 95% interval of replicates of a statistic of ``count`` clusters."""
    from scipy.special import ndtr, stdtrit

    known = replicates[~np.isnan(replicates)]
    if count < 2 or len(known) < len(replicates) / 2 or not len(known):
        return math.nan, math.nan
    quantile = -stdtrit(count - 1, (1 - LEVEL) / 2) * math.sqrt(count / (count - 1))
    tail = float(ndtr(-quantile))
    low, high = np.quantile(known, [tail, 1 - tail], method="inverted_cdf")
    return float(low), float(high)
