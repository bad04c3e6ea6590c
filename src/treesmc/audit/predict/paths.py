r"""What SMC would do with a reward model, estimated from whole reference paths of one prompt.

Let x be a path drawn from pi_ref, with V(x_t) and an estimate of V*(x_t) at each of its prefixes.
With Q_t = V*(x_t)/V(x_{t-1}), the density of the target's step t with respect to SMC's own is
h_t = Q_t / eta_t(Q_t), where eta_t = pi_{t-1} x pi_ref and pi_{t-1} is proportional to pi_ref V
(claim S6). Expectations are taken over the paths of the log:

    under pi_ref    weights omega (equal, or exp(log_weight) normalised),
    under pi_{t-1}  weights omega V(x_{t-1}), normalised:  eta_t(Q_t) = mean V*_t / mean V_{t-1},
    under pi        weights p proportional to omega phi.

All of it is within one prompt: neither the prompt's Z nor the scale of V on it matters.

**Noise.** V*(x_t) is a mean of rollouts. Where a square is needed, pairs of them give it without
bias: v_t + 1 = E_pi[h_t] = E_ref[V*_t^2 / V_{t-1}] mean V_{t-1} / (mean V*_t)^2, v = sum_t v_t.
For a spread along paths, such as that of b = sum_t (h_t - 1), two halves of the rollouts give
two versions with independent noise, whose covariance under p is the variance without noise; the
observed deviations from the mean are shrunk by s, s^2 = covariance / observed variance, which is
pooled over prompts. That keeps the observed shape.

**Total variation.** By S1, law(x)/pi(x) >= 1/u_N(x). Where a step forgets the one before, the
recursion behind u_N factorises, u_N(x) ~ prod_t (1 + (h_t - 1)/N): the closed form used here.
Taking law/pi proportional to 1/u_N,

    TV(N) ~ (1/2) E_pi| (1/u_N) / E_pi[1/u_N] - 1 |,

which for N -> infinity is S6's first-order law C/N, C = (1/2) E_pi|b - v|, and unlike it saturates
where a rare path weighs much: a *prediction*. To first order in 1/N there are two bounds,

    certificate    TV <= E_pi[b_+] / N               (S1)
    variance       TV <= sqrt(v / (2 N))             (KL(pi || law) <= log(1 + v/N), Pinsker).

Without rollouts V* is taken to be V, up to a factor per depth. That is right if V's Bellman error
is small over the whole path, and the caller must make sure that it is.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from treesmc.audit.log.fields import NO_PATH
from treesmc.audit.log.probes import Probes
from treesmc.audit.measure.bootstrap import FAR, in_order_of_appearance
from treesmc.sims.base import portable
from treesmc.sims.trees.tree import FloatArray, IntArray

GRID: FloatArray = np.array([2.0**k for k in range(1, 49)])
"""Particles at which the predicted total variation is tabulated."""

TAIL = 1e-3  # total variation below which it is taken to fall like 1/N
LEAST_FREEDOM = 2.0
LEAST_SHARE = 1e-300  # of the target, relative to the largest, that a path needs to count
MANY_PATHS = 200
CHUNK = 200  # prompts held in memory together; the share of noise is pooled over them


@dataclass(frozen=True, eq=False)
class PromptPaths:
    """The n complete paths of one prompt; logarithms.

    Attributes
    ----------
    prompt : int
    line : int64[n]
        Line of the root of each path.
    weight : float64[n]
        pi_ref against the proposal that drew the path.
    value : float64[n, T]
        V(x_0) .. V(x_{T-1}).
    true : float64[3, n, T]
        V*(x_1) .. V*(x_{T-1}) and phi(x_T): estimate, and its two halves.
    square : float64[n, T]
        Unbiased estimates of V*(x_t)^2; for t = T the mean of phi^2 over the children.
    last : float64[n]
        Mean of phi over the children of x_{T-1}.
    """

    prompt: int
    line: IntArray
    weight: FloatArray
    value: FloatArray
    true: FloatArray
    square: FloatArray
    last: FloatArray

    def part(self, chosen: slice) -> PromptPaths:
        """Return some of the paths."""
        return PromptPaths(
            self.prompt,
            self.line[chosen],
            self.weight[chosen],
            self.value[chosen],
            self.true[:, chosen],
            self.square[chosen],
            self.last[chosen],
        )


@dataclass(frozen=True, eq=False)
class PathStatistics:
    """What one weighting of one prompt's paths says; the deviations are under p.

    Attributes
    ----------
    p : float64[n]
        Target probabilities.
    v_steps : float64[T]
        v_t.
    log_h : tuple of float64[n, T]
        From all rollouts and from each half.
    chi2 : float
        E_ref[phi^2]/Z^2 - 1: what v would be without resampling.
    """

    p: FloatArray
    v_steps: FloatArray
    log_h: tuple[FloatArray, FloatArray, FloatArray]
    chi2: float

    @property
    def ess(self) -> float:
        """Effective number of paths under the target."""
        return float(1 / np.sum(self.p**2)) if len(self.p) else 0.0


def linked_paths(probes: Probes, horizon: int) -> list[PromptPaths]:
    """Return the complete paths of a log by prompt: depths 0 .. T-1, once each."""
    known = np.flatnonzero(probes.path != NO_PATH)
    if not len(known):
        return []
    path = in_order_of_appearance(probes.path[known])
    order = known[np.lexsort((probes.depth[known], path))]
    size = np.bincount(path)
    whole = np.flatnonzero(np.repeat(size == horizon, size))
    table = order[whole].reshape(-1, horizon)
    table = table[(probes.depth[table] == np.arange(horizon)).all(axis=1)]
    owner = probes.prompt[table[:, 0]]
    with_rollouts = has_rollouts(probes, table)
    return [
        _prompt_paths(probes, int(i), table[owner == i], with_rollouts) for i in np.unique(owner)
    ]


def has_rollouts(probes: Probes, table: IntArray) -> bool:
    """Whether every inner prefix of every path, [paths, T] lines, has at least two rollouts."""
    return bool(np.all(probes.rollouts.count[table[:, 1:]] >= 2))


def _prompt_paths(probes: Probes, i: int, table: IntArray, with_rollouts: bool) -> PromptPaths:
    value = probes.log_value[table]
    first = probes.children.first[table[:, -1:]]
    inner, last = table[:, 1:], table[:, -1]
    if with_rollouts:
        draws = probes.rollouts
        true = [np.hstack([x[inner], first]) for x in (draws.mean, draws.half1, draws.half2)]
        square = draws.pair[inner]
    else:
        true = [np.hstack([value[:, 1:], first])] * 3
        square = 2 * value[:, 1:]
    children = probes.children
    return PromptPaths(
        i,
        table[:, 0],
        probes.log_weight[last],
        value,
        np.array(true),
        np.hstack([square, children.mean_square(last)[:, None]]),
        children.mean[last],
    )


def path_statistics(paths: PromptPaths, multiplicity: FloatArray | None = None) -> PathStatistics:
    """Return the statistics of one prompt, each path counted ``multiplicity`` times.

    Paths through V = 0 have no weight under SMC; they count under pi_ref only.
    """
    with np.errstate(divide="ignore", over="ignore", invalid="ignore"):  # -inf less -inf: not alive
        omega = paths.weight if multiplicity is None else paths.weight + portable.log(multiplicity)
        log_V = _log_mean(omega, paths.value)
        p, alive = _target_weights(paths, omega)
        full, half1, half2 = (
            (x - _log_mean(omega, x) - paths.value + log_V)[alive] for x in paths.true
        )
        v_steps = _step_variances(paths, omega)
        last = _log_mean(omega, np.column_stack([paths.square[:, -1], paths.last]))
        chi2 = portable.expm1(last[0] - 2 * last[1])
    return PathStatistics(p, v_steps, (full, half1, half2), float(chi2))


def _step_variances(paths: PromptPaths, omega: FloatArray) -> FloatArray:
    """Return v_t of each step, a ratio of means less its bias by the jackknife over paths."""
    true = np.column_stack([paths.true[0][:, :-1], paths.last])
    ratio = np.where(np.isfinite(paths.value), paths.square - paths.value, -np.inf)
    terms = [_scaled(omega[:, None] + x) for x in (ratio, paths.value, true)]
    scale = terms[0][1] + terms[1][1] - 2 * terms[2][1]
    A, B, Z = (x for x, _ in terms)
    n = np.count_nonzero(omega > -np.inf)
    whole = A.sum(axis=0) * B.sum(axis=0) / Z.sum(axis=0) ** 2
    without = (A.sum(axis=0) - A) * (B.sum(axis=0) - B) / (Z.sum(axis=0) - Z) ** 2
    if not n:  # the proposal's paths are none of the reference's
        return np.full(len(whole), np.nan)
    mean_without = without[omega > -np.inf].mean(axis=0)
    corrected = np.where(np.isfinite(mean_without), n * whole - (n - 1) * mean_without, whole)
    v = corrected * portable.exp(scale) - 1
    return np.where(v == -np.inf, np.nan, v)  # noise beyond floats: nothing is known


def _scaled(log_x: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return x over the largest of its column, and the logarithm of that."""
    largest = log_x.max(axis=0)
    shift = np.where(np.isfinite(largest), largest, 0.0)
    return portable.exp(log_x - shift), shift


def _target_weights(paths: PromptPaths, omega: FloatArray) -> tuple[FloatArray, IntArray]:
    """Return target probabilities, and which paths have any."""
    reachable = np.isfinite(paths.value).all(axis=1)
    log_p = np.where(reachable, omega + paths.true[0][:, -1], -np.inf)
    p = portable.exp(log_p - log_p.max())
    alive = np.flatnonzero(p > LEAST_SHARE)
    return p[alive] / p[alive].sum(), alive


def _log_mean(log_weight: FloatArray, log_x: FloatArray) -> FloatArray:
    """Return log of the weighted mean over the paths of each column; weights of any scale."""
    log_weight = log_weight - log_weight.max()
    x, shift = _scaled(log_x + log_weight[:, None])
    return shift + portable.log(x.sum(axis=0) / portable.exp(log_weight).sum())


@dataclass(frozen=True, eq=False)
class Outlook:
    """What the paths of P prompts predict, prompt by prompt.

    Attributes
    ----------
    tv : float64[P, G]
        Predicted total variation at the particles of the grid.
    first_order, certificate : float64[P]
        C and E_pi[b_+]: N times total variation for large N, and its bound.
    v_steps : float64[P, T]
    chi2, ess : float64[P]
    """

    tv: FloatArray
    first_order: FloatArray
    certificate: FloatArray
    v_steps: FloatArray
    chi2: FloatArray
    ess: FloatArray


def outlook(
    linked: list[PromptPaths], grid: FloatArray = GRID, multiplicity: FloatArray | None = None
) -> Outlook:
    """Return what several prompts predict, less the bias of few paths.

    That bias falls like one over the number of paths, so it is as large again with half of them:
    twice the outlook of all paths less the mean of the outlooks of the two halves is free of it.
    From `MANY_PATHS` a prompt on it is left alone.

    Parameters
    ----------
    linked : list of PromptPaths
        Of P prompts, each with at least four paths.
    grid : float64[G]
        Particles, increasing, at least 2.
    multiplicity : float64[n], optional
        How often each path counts, where there is one prompt.
    """
    parts = [linked[k : k + CHUNK] for k in range(0, len(linked), CHUNK)]
    views = [_corrected_outlook(part, grid, multiplicity) for part in parts]
    fields = Outlook.__dataclass_fields__
    return Outlook(*(np.concatenate([getattr(v, name) for v in views]) for name in fields))


def _corrected_outlook(
    linked: list[PromptPaths], grid: FloatArray, multiplicity: FloatArray | None
) -> Outlook:
    full = _outlook([path_statistics(p, multiplicity) for p in linked], grid)
    if min(len(p.line) for p in linked) >= MANY_PATHS:
        return full
    halves = [
        _outlook(
            [
                path_statistics(p.part(half), None if multiplicity is None else multiplicity[half])
                for p in linked
            ],
            grid,
        )
        for half in (slice(0, None, 2), slice(1, None, 2))
    ]

    def corrected(x: FloatArray, x0: FloatArray, x1: FloatArray) -> FloatArray:
        infinite = (x == np.inf) | (x0 == np.inf) | (x1 == np.inf)
        with np.errstate(invalid="ignore"):
            return np.where(infinite, np.inf, np.maximum(2 * x - (x0 + x1) / 2, 0.0))

    return replace(
        full,
        tv=np.minimum(corrected(full.tv, *(h.tv for h in halves)), 1.0),
        first_order=corrected(full.first_order, *(h.first_order for h in halves)),
        certificate=corrected(full.certificate, *(h.certificate for h in halves)),
    )


def _outlook(statistics: list[PathStatistics], grid: FloatArray) -> Outlook:
    """Return what several prompts predict: nan for those none of whose paths has a reward."""
    found = [k for k, x in enumerate(statistics) if len(x.p)]
    n_prompts, n_steps = len(statistics), len(statistics[0].v_steps)
    whole = Outlook(
        tv=np.full((n_prompts, len(grid)), np.nan),
        first_order=np.full(n_prompts, np.nan),
        certificate=np.full(n_prompts, np.nan),
        v_steps=np.full((n_prompts, n_steps), np.nan),
        chi2=np.full(n_prompts, np.nan),
        ess=np.zeros(n_prompts),
    )
    if found:
        part = _rewarded_outlook([statistics[k] for k in found], grid)
        for name, column in vars(whole).items():
            column[found] = getattr(part, name)
    return whole


def _rewarded_outlook(statistics: list[PathStatistics], grid: FloatArray) -> Outlook:
    """Return what prompts with a reward predict; the share of noise is pooled over them."""
    stack = _Stack.of(statistics)
    tv = np.zeros((len(statistics), len(grid)))
    for k, N in enumerate(grid):
        tv[:, k] = stack.total_variation(stack.deviations(stack.log_u(float(N))))
        if tv[:, k].max() < TAIL:
            tv[:, k + 1 :] = tv[:, k, None] * N / grid[k + 1 :]
            break
    b = stack.deviations([x.sum(axis=1) for x in stack.excess])
    v = np.array([x.v_steps for x in statistics])
    return Outlook(
        tv,
        stack.or_infinite(0.5 * stack.mean(np.abs(b))),
        stack.or_infinite(stack.mean(np.maximum(v.sum(axis=1)[stack.code] + b, 0.0))),
        v,
        np.array([x.chi2 for x in statistics]),
        stack.ess,
    )


@dataclass(frozen=True, eq=False)
class _Stack:
    """The paths of several prompts, one below the other.

    Attributes
    ----------
    code : int64[n]
        Prompt of each path, 0 .. P - 1; ``start``, int64[P], the first path of each.
    p : float64[n]
        Target probabilities: they sum to one in each prompt.
    excess : list of float64[n, T]
        h - 1, from all rollouts and from each half; h is held below exp(`FAR`), where more of it
        changes total variation no further.
    beyond : bool[P]
        Whether more of it would change a mean.
    ess : float64[P]
    """

    code: IntArray
    start: IntArray
    p: FloatArray
    excess: list[FloatArray]
    beyond: NDArray[np.bool_]
    ess: FloatArray

    @classmethod
    def of(cls, statistics: list[PathStatistics]) -> _Stack:
        """Stack the statistics of several prompts."""
        size = np.array([len(x.p) for x in statistics])
        start, p = np.cumsum(size) - size, np.concatenate([x.p for x in statistics])
        log_h = [np.concatenate([x.log_h[k] for x in statistics]) for k in range(3)]
        largest = np.max(log_h, axis=(0, 2))
        felt = (largest > FAR) & (largest + portable.log(p) > 0)
        return cls(
            np.repeat(np.arange(len(size)), size),
            start,
            p,
            [portable.expm1(np.minimum(x, FAR)) for x in log_h],
            np.logical_or.reduceat(felt, start),
            np.array([x.ess for x in statistics]),
        )

    def or_infinite(self, x: FloatArray) -> FloatArray:
        """Return a mean of each prompt, infinite where it was held below its value."""
        return np.where(self.beyond, np.inf, x)

    def mean(self, x: FloatArray) -> FloatArray:
        """Return E_pi[x] in each prompt, float64[P]."""
        return np.add.reduceat(self.p * x, self.start)

    def log_u(self, N: float) -> list[FloatArray]:
        """Return log u_N(x) in the closed form, from all rollouts and from each half."""
        return [portable.log1p(x / N).sum(axis=1) for x in self.excess]

    def deviations(self, versions: list[FloatArray]) -> FloatArray:
        """Return deviations from the prompt's mean, brought to the spread they have without noise.

        The mean is one of the same paths, which takes 1/ESS of the variance away: given back.
        """
        full, half1, half2 = (x - self.mean(x)[self.code] for x in versions)
        variance, covariance = self.mean(full**2).sum(), self.mean(half1 * half2).sum()
        if not 0 < variance < np.inf:
            return full
        kept = math.sqrt(min(max(covariance / variance, 0.0), 1.0))
        taken = np.sqrt(1 - 1 / np.maximum(self.ess, LEAST_FREEDOM))
        return full * (kept / taken)[self.code]

    def total_variation(self, log_u: FloatArray) -> FloatArray:
        """Return the distance to p of the law proportional to p / u in each prompt, float64[P]."""
        density = portable.exp(np.minimum.reduceat(log_u, self.start)[self.code] - log_u)
        return 0.5 * self.mean(np.abs(density / self.mean(density)[self.code] - 1))


def solve(tv: FloatArray, grid: FloatArray, delta: float) -> float:
    """Return log of the least N with tv(N) <= delta, by interpolation of logarithms.

    The ends of the grid where it does not hold the answer; infinite beyond the largest of `GRID`.
    """
    if np.isnan(tv).any():
        return math.nan
    enough = np.flatnonzero(tv > delta)
    if not len(enough):
        return portable.log(grid[0])
    k = int(enough[-1])
    if k == len(grid) - 1:
        return portable.log(grid[-1]) if grid[-1] < GRID[-1] else math.inf
    share = portable.log(tv[k] / delta) / portable.log(tv[k] / max(tv[k + 1], 1e-300))
    return portable.log(grid[k]) + share * portable.log(grid[k + 1] / grid[k])
