r"""The Bellman ratio rho(s) = E_ref[V' | s] / V(s) of a log, without taking noise for error.

Only K children of each prefix are seen. Their mean over V(s) is rho plus noise, and the noise
spreads it and biases any function of it. But with X_j = V(child_j)/V(s), independent given s,

    E[ mean_j X_j | s ] = rho,    E[ mean_{i != j} X_i X_j | s ] = rho^2,

so averages over prefixes of rho, rho^2 and (rho - 1)^2 = rho^2 - 2 rho + 1 are estimated without
bias at every K >= 2. From them, per depth,

    bias          mean(rho) - 1
    rms error     sqrt(mean (rho - 1)^2), at 0 where noise made the estimate negative
    quantiles     of log rho: location and spread from the noise-free moments, as for a lognormal
                  rho, and the shape from the data in the share lambda that is not noise,

                      q_p = m + tau (lambda (r_p - mean)/sd + (1 - lambda) z_p),
                      tau^2 = log(1 + CV^2), m = log mean(rho) - tau^2/2, lambda = tau^2/sd^2,

                  with r_p, mean and sd those of the observed log ratios, z_p normal quantiles, CV
                  the noise-free coefficient of variation. Exact where there is no noise and log rho
                  has the spread of a lognormal of that CV, or where everything is normal; an
                  assumption elsewhere. lambda is reported as `reliability`: near 0 nothing is
                  known of the shape. Where the two halves of the children agree so well that noise
                  is below 1% of the variance, the observed quantiles are left alone.
    raw maximum   of |log rho| as observed: over *these* prefixes (unseen ones may be worse: too
                  low) and with the noise in it (too high). Biased either way; never an estimate.

L is the largest |log V(child)/V(s)| seen, a lower bound on the true one. A zero makes it infinite:
assumption A1 fails, and the bounds that need it say nothing. A prefix with V = 0 has no ratio; it
is counted, and what the target loses below it is measured where rollouts are given (`drift`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from treesmc.audit.log.probes import Probes
from treesmc.audit.measure.bootstrap import Clusters, Interval, far
from treesmc.sims.base import portable
from treesmc.sims.trees.tree import FloatArray, IntArray

QUANTILES = (0.005, 0.05, 0.5, 0.95, 0.995)
NEGLIGIBLE = 0.01  # share of the variance of log rho below which noise is not corrected


@dataclass(frozen=True)
class RatioSummary:
    """The Bellman ratio at one depth, or over all of them.

    Attributes
    ----------
    depth : int or None
        None: all depths, every prefix counting alike.
    prefixes : int
        Prefixes with V > 0.
    mean : Interval
        Mean of rho.
    rms : Interval
        Root mean square of rho - 1, noise removed.
    quantiles : list of Interval
        Of log rho at `QUANTILES`, noise removed.
    raw_quantiles : list of float
        As observed, noise included.
    reliability : float
        Share of the observed variance of log rho that is not noise.
    raw_largest : float
        Largest observed |log rho|: biased.
    """

    depth: int | None
    prefixes: int
    mean: Interval
    rms: Interval
    quantiles: list[Interval]
    raw_quantiles: list[float]
    reliability: float
    raw_largest: float

    @property
    def eps99(self) -> float:
        """Noise-corrected Bellman error that 99% of prefixes keep to."""
        return _error(max(abs(self.quantiles[0].value), abs(self.quantiles[-1].value)))

    @property
    def raw_eps(self) -> float:
        """Largest Bellman error observed, noise included."""
        return _error(self.raw_largest)


def _error(log_ratio: float) -> float:
    return portable.expm1(log_ratio) if log_ratio < 700 else math.inf


@dataclass(frozen=True)
class StepSizes:
    """What is seen of A1.

    Attributes
    ----------
    log_L : float
        Largest |log V(child)/V(s)| seen; infinite if a child is worth zero.
    log_L_positive : float
        The same, zeros left out.
    log_L99 : float
        99% quantile over prefixes of their own largest, zeros left out.
    zero_children : int
        Children worth zero below a prefix worth more.
    dead_ends : int
        Prefixes with V > 0 all of whose children are worth zero.
    zero_prefixes : int
        Prefixes with V = 0.
    revived : int
        Prefixes with V = 0 that have a child worth more.
    """

    log_L: float
    log_L_positive: float
    log_L99: float
    zero_children: int
    dead_ends: int
    zero_prefixes: int
    revived: int


def bellman_ratios(probes: Probes, clusters: Clusters) -> tuple[RatioSummary, list[RatioSummary]]:
    """Return the summary over all depths, and one per depth that the log holds."""
    alive = np.flatnonzero(np.isfinite(probes.log_value))
    observed = probes.children.mean[alive] - probes.log_value[alive]
    pair = probes.children.pair[alive] - 2 * probes.log_value[alive]
    with np.errstate(invalid="ignore"):
        gap = probes.children.half1[alive] - probes.children.half2[alive]
    lines = _Lines(observed, pair, gap, clusters, alive)
    depths = probes.depth[alive]
    each = [lines.summary(int(t), np.flatnonzero(depths == t)) for t in np.unique(depths)]
    return lines.summary(None, np.arange(len(alive))), each


def step_sizes(probes: Probes) -> StepSizes:
    """Return what a log shows of A1."""
    children, alive = probes.children, np.isfinite(probes.log_value)
    worthless = children.zeros == children.count
    steps = probes.largest_step[alive & ~worthless]
    zeros = int(children.zeros[alive].sum())
    positive = float(steps.max(initial=0.0))
    revived = int(np.sum(~alive & ~worthless))
    return StepSizes(
        log_L=math.inf if zeros or revived else positive,
        log_L_positive=positive,
        log_L99=float(np.quantile(steps, 0.99)) if len(steps) else math.nan,
        zero_children=zeros,
        dead_ends=int(np.sum(alive & worthless)),
        zero_prefixes=int(np.sum(~alive)),
        revived=revived,
    )


@dataclass(frozen=True, eq=False)
class _Lines:
    """Observed log ratios, log pair means and gaps between log half means of lines with V > 0."""

    observed: FloatArray
    pair: FloatArray
    gap: FloatArray
    clusters: Clusters
    line: IntArray

    def summary(self, depth: int | None, chosen: IntArray) -> RatioSummary:
        """Summarise some of the lines."""
        rows, interval = self.clusters.rows, self.clusters.interval
        shift = float(far(self.observed[chosen], np.zeros_like(chosen))[0])
        moments = _Moments.of(portable.matmul(rows, self._sums(chosen, shift)), shift)
        shape = _Shape.of(self.observed[chosen], self.gap[chosen])
        raw = self._raw_quantiles(chosen, rows)
        quantiles = moments.quantiles(raw, shape)
        return RatioSummary(
            depth,
            len(chosen),
            interval(moments.mean),
            interval(moments.rms),
            [interval(column) for column in quantiles.T],
            [float(q) for q in raw[0]],
            float(shape.trust(moments.log_variance)[0]),
            float(np.abs(self.observed[chosen]).max(initial=0.0)),
        )

    def _sums(self, chosen: IntArray, shift: float) -> FloatArray:
        """Return prefixes, sum of ratios and sum of pair means of each cluster, [clusters, 3].

        Ratios are in units of exp(shift), pair means of its square.
        """
        code, count = self.clusters.code[self.line[chosen]], self.clusters.count
        terms = (self.observed[chosen] - shift, self.pair[chosen] - 2 * shift)
        sums = [np.bincount(code, portable.exp(x), count) for x in terms]
        return np.column_stack([np.bincount(code, minlength=count), *sums])

    def _raw_quantiles(self, chosen: IntArray, rows: FloatArray) -> FloatArray:
        """Return observed quantiles under each row of cluster weights, [rows, 5]: inverted cdf."""
        chosen = chosen[np.argsort(self.observed[chosen])]
        code = self.clusters.code[self.line[chosen]]
        ordered = self.observed[chosen]
        result = np.empty((len(rows), len(QUANTILES)))
        for k, row in enumerate(rows):
            cumulative = np.cumsum(row[code])
            place = np.searchsorted(cumulative, np.multiply(QUANTILES, cumulative[-1]))
            result[k] = ordered[np.minimum(place, len(ordered) - 1)]
        return result


@dataclass(frozen=True)
class _Shape:
    """Mean and standard deviation of observed log ratios, and whether they hold noise."""

    mean: float
    sd: float
    noisy: bool

    @classmethod
    def of(cls, observed: FloatArray, gap: FloatArray) -> _Shape:
        """Half means have twice the noise variance of the mean, their difference four times."""
        finite, gap = observed[np.isfinite(observed)], gap[np.isfinite(gap)]
        if not len(finite):
            return cls(0.0, 0.0, False)
        noise = float(np.mean(gap**2)) / 4 if len(gap) else 0.0
        return cls(float(finite.mean()), float(finite.std()), noise > NEGLIGIBLE * finite.var())

    def trust(self, log_variance: FloatArray) -> FloatArray:
        """Return the share of the observed variance that is not noise."""
        if not self.noisy or self.sd == 0:
            return np.ones_like(log_variance)
        return np.minimum(log_variance / (self.sd * self.sd), 1.0)


@dataclass(frozen=True, eq=False)
class _Moments:
    """Noise-free moments of rho: of the log in entry 0, of the replicates after it."""

    log_mean: FloatArray
    mean: FloatArray
    rms: FloatArray
    log_variance: FloatArray

    @classmethod
    def of(cls, sums: FloatArray, shift: float) -> _Moments:
        """From rows of (prefixes, sum of ratios, sum of pair means), in units of exp(shift)."""
        with np.errstate(all="ignore"):
            mean, square = sums[:, 1] / sums[:, 0], sums[:, 2] / sums[:, 0]
            log_mean = portable.log(mean) + shift
            log_variance = portable.log(np.maximum(square / mean**2, 1.0))
            mean, square = mean * portable.exp(shift), square * portable.exp(2 * shift)
            error = np.where(square == np.inf, np.inf, np.maximum(square - 2 * mean + 1, 0.0))
            return cls(log_mean, mean, np.sqrt(error), log_variance)

    def quantiles(self, raw: FloatArray, shape: _Shape) -> FloatArray:
        """Return noise-free quantiles from observed ones, [rows, 5]; infinite ones stay."""
        from scipy.special import ndtri

        if not shape.noisy:
            return raw
        tau, trust = np.sqrt(self.log_variance)[:, None], shape.trust(self.log_variance)[:, None]
        with np.errstate(all="ignore"):
            location = self.log_mean[:, None] - tau**2 / 2
            observed = (raw - shape.mean) / (shape.sd or 1.0)
            normal = ndtri(QUANTILES).round(12)  # the digits that are right on every machine
            standard = trust * observed + (1 - trust) * normal
            return np.where(np.isfinite(raw), location + tau * standard, raw)
