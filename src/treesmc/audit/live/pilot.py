r"""Pilot runs of SMC on a live model: the relative variance of Zhat, in two ways.

A run has N particles, the reference policy as proposal, weights G_t = V(s_t)/V(s_{t-1}) and
multinomial resampling after every step but the last; Zhat = V(root) prod_t mean_i G_t(i).

**By replicates**: N times the sample variance of Zhat over its squared mean.

**By genealogy**, from a single run (Lee & Whiteley, "Variance estimation in the particle filter",
Biometrika 105, 2018; arXiv:1509.00394). Let E_i be the index of the first-step ancestor of particle
i, its *Eve*, and

    D = (N/(N-1))^T (Zhat / sum_i G_T(i))^2 sum_{E_i != E_j} G_T(i) G_T(j).

Two particles of different Eves never met, and in S6's pair recursion each of the T draws keeps a
pair apart with probability 1 - 1/N; pairs that stayed apart are independent. So E[D] = Z^2 at every
N >= 2, and Zhat^2 - D is unbiased for Var(Zhat). Divided by Zhat^2 it is their relative estimator,
which N times tends to v. It cannot exceed N, where it stays once all particles share one Eve:
then N is too small for it to say anything. Over several runs, Zhat^2 - D and Zhat are averaged
before dividing.

After every particle is finished all weights are one: Zhat no longer changes, and D is a martingale
under resampling alone, so the run may stop there.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from treesmc.audit.live.protocol import Checked, take
from treesmc.audit.measure.bootstrap import Interval, interval, resampled
from treesmc.sims.base import portable
from treesmc.sims.base.streams import generator
from treesmc.sims.trees.tree import FloatArray, IntArray

BOOTSTRAP = 400


class Run(NamedTuple):
    """One run, relative to V(root).

    Attributes
    ----------
    log_Z : float
        log (Zhat / V(root)).
    log_D : float
        log (D / V(root)^2); nan if N = 1.
    """

    log_Z: float
    log_D: float


@dataclass(frozen=True)
class Pilot:
    """Pilot runs on one prompt.

    Attributes
    ----------
    prompt : str
    particles : int
        N.
    runs : list of Run
    by_replicates, by_genealogy : Interval
        N Var(Zhat/Z), with 95% intervals over the runs; nan where there is none.
    """

    prompt: str
    particles: int
    runs: list[Run]
    by_replicates: Interval
    by_genealogy: Interval


def run_smc(
    model: Checked, prompt: str, particles: int, horizon: int, rng: np.random.Generator
) -> Run:
    """Run SMC once."""
    states = model.start(prompt, particles)
    log_V = model.log_values(states)
    eve: IntArray = np.arange(particles)
    log_Z = 0.0
    for t in range(1, horizon + 1):
        states = model.extend(states, rng)
        log_next = model.rewards(states, t) if t == horizon else model.log_values(states)
        log_G = log_next - log_V
        largest = float(log_G.max())
        if largest == -math.inf:
            return Run(-math.inf, -math.inf)
        G = portable.exp(log_G - largest)
        log_Z += largest + portable.log(G.mean())
        if t == horizon or model.finished(states).all():
            break
        chosen = rng.choice(particles, particles, p=G / G.sum())
        states, log_V, eve = take(states, chosen), log_next[chosen], eve[chosen]
    return Run(log_Z, 2 * log_Z + log_apart(eve, G, t))


def log_apart(eve: IntArray, G: FloatArray, generations: int) -> float:
    """Return log (D / Zhat^2) from the Eves and the weights of the last of T generations."""
    N = len(eve)
    if N == 1:
        return math.nan
    shares = np.bincount(eve, G) / G.sum()
    apart = 1 - portable.matmul(shares, shares)
    if apart <= N * np.finfo(float).eps:  # one Eve, up to round-off
        return -math.inf
    return portable.log(apart) - generations * portable.log1p(-1 / N)


def summarise(prompt: str, particles: int, runs: list[Run], seed: int) -> Pilot:
    """Return both estimates of N Var(Zhat/Z) from the runs on one prompt."""
    multiplicity = resampled(len(runs), BOOTSTRAP, generator(seed))
    rows = np.vstack([np.ones(len(runs)), multiplicity])
    log_Z, log_D = np.array([(run.log_Z, run.log_D) for run in runs]).T
    Z, D = _relative(log_Z, log_D)
    return Pilot(
        prompt,
        particles,
        runs,
        interval(particles * _by_replicates(Z, rows), len(runs)),
        interval(particles * _by_genealogy(Z, D, rows), len(runs)),
    )


def _relative(log_Z: FloatArray, log_D: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return Zhat and D in units of the largest Zhat, so that neither overflows."""
    unit = log_Z.max() if np.isfinite(log_Z.max()) else 0.0
    return portable.exp(log_Z - unit), portable.exp(log_D - 2 * unit)


def _by_replicates(Z: FloatArray, rows: FloatArray) -> FloatArray:
    """Return Var(Zhat) / Z^2 for each row of multiplicities of the runs."""
    n = rows.sum(axis=1)
    mean = portable.matmul(rows, Z) / n
    with np.errstate(invalid="ignore", divide="ignore"):
        return (portable.matmul(rows, Z**2) / n - mean**2) * n / (n - 1) / mean**2


def _by_genealogy(Z: FloatArray, D: FloatArray, rows: FloatArray) -> FloatArray:
    mean = portable.matmul(rows, Z) / rows.sum(axis=1)
    with np.errstate(invalid="ignore", divide="ignore"):
        return portable.matmul(rows, Z**2 - D) / rows.sum(axis=1) / mean**2
