r"""Growth of a cost with the horizon: polynomial or exponential, and at which rate.

Every law of growth of this project is one linear model in the logarithm,

    log cost(T) = a + b log T + c T + d sqrt(T),

b the degree of a polynomial, c the rate of an exponential, d the fluctuation term of naive
sampling (S7). Which terms are present is the hypothesis.

**Weighted** (standard errors of log cost given): minimise chi2 = sum ((y - X beta)/se)^2. The
covariance of beta is (X' W X)^-1, and chi2 of a right model has n - k degrees of freedom.

**Unweighted** (exact costs): there is no noise. Residuals measure how far the model is from the
truth, not chance; their variance replaces the missing one, and chi2/dof is 1 by construction.

Intervals are Student's t with n - k degrees of freedom. A weighted fit whose chi2/dof exceeds 1
has its errors widened by the root of it: a model that does not fit must not look certain.
"""

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

from treesmc.sims.base import portable
from treesmc.sims.base.errors import BadInput

Array = NDArray[np.float64]

TERMS: dict[str, Callable[[Array], Array]] = {
    "1": np.ones_like,
    "log T": portable.log,
    "T": np.array,
    "sqrt T": np.sqrt,
}


@dataclass(frozen=True)
class Fit:
    """A fitted law of growth.

    Attributes
    ----------
    terms : tuple of str
        Keys of `TERMS`, k of them.
    coefficients, stderr : float64[k]
    chi2 : float
        Weighted sum of squared residuals; the plain sum if ``weighted`` is false.
    dof : int
        Points minus terms, at least 1.
    weighted : bool
        Whether the standard errors of the data were given.
    """

    terms: tuple[str, ...]
    coefficients: Array
    stderr: Array
    chi2: float
    dof: int
    weighted: bool

    @property
    def chi2_dof(self) -> float:
        """Chi-square per degree of freedom; residual variance of an unweighted fit."""
        return self.chi2 / self.dof

    def coefficient(self, term: str) -> float:
        """Return the coefficient of one term."""
        return float(self.coefficients[self.terms.index(term)])

    def half_width(self, term: str) -> float:
        """Return half of the 95% interval of one coefficient, by Student's t."""
        return float(self.stderr[self.terms.index(term)] * stats.t.ppf(0.975, self.dof))

    def interval(self, term: str) -> tuple[float, float]:
        """Return the 95% interval of one coefficient."""
        centre, half = self.coefficient(term), self.half_width(term)
        return centre - half, centre + half


def fit_growth(
    T: ArrayLike,
    log_cost: ArrayLike,
    stderr: ArrayLike | None = None,
    terms: Sequence[str] = ("1", "log T", "T"),
) -> Fit:
    """Fit log cost by least squares.

    Parameters
    ----------
    T : [n] horizons, positive
    log_cost : [n] natural logarithm of the cost
    stderr : [n] standard errors of log_cost, positive; None for exact costs
    terms : keys of `TERMS`, fewer than n

    Raises
    ------
    BadInput
        If lengths differ, a number is not finite, or the terms cannot be told apart.
    """
    T, log_cost = _checked("T", T), _checked("log_cost", log_cost)
    scale = np.ones_like(T) if stderr is None else _checked("stderr", stderr)
    _check_shapes(T, log_cost, scale, terms)
    design = _design(T, terms) / scale[:, None]
    try:
        beta, covariance = portable.least_squares(design, log_cost / scale)
    except ZeroDivisionError:
        raise BadInput(
            f"fit_growth: {len(T)} horizons cannot tell apart the terms {list(terms)}"
        ) from None
    chi2 = float(np.sum((log_cost / scale - portable.matmul(design, beta)) ** 2))
    dof = len(T) - len(terms)
    widening = chi2 / dof if stderr is None else max(1.0, chi2 / dof)
    error = np.sqrt(np.diag(covariance) * widening)
    return Fit(tuple(terms), beta, error, chi2, dof, stderr is not None)


def rounded_stderr(log_stderr: float, n: float) -> float:
    """Return the standard error of log n when n was rounded, which adds a variance of 1/12 to n.

    Parameters
    ----------
    log_stderr : float
        Standard error of log n without the rounding.
    n : float
    """
    return portable.hypot(log_stderr, 1 / (math.sqrt(12) * n))


def _design(T: Array, terms: Sequence[str]) -> Array:
    return np.column_stack([TERMS[term](T) for term in terms])


def _checked(name: str, data: ArrayLike) -> Array:
    array = np.asarray(data, dtype=np.float64)
    if not np.all(np.isfinite(array)):
        raise BadInput(f"{name}: not finite at index {int(np.argmin(np.isfinite(array)))}")
    if name != "log_cost" and not np.all(array > 0):
        raise BadInput(f"{name}: {array.min()} is not positive")
    return array


def _check_shapes(T: Array, log_cost: Array, scale: Array, terms: Sequence[str]) -> None:
    if not T.shape == log_cost.shape == scale.shape or T.ndim != 1:
        raise BadInput(f"fit_growth: shapes {T.shape}, {log_cost.shape}, {scale.shape} differ")
    unknown = set(terms) - set(TERMS)
    if unknown:
        raise BadInput(f"terms: {sorted(unknown)} unknown; choose from {list(TERMS)}")
    if len(T) <= len(terms):
        raise BadInput(f"fit_growth: {len(T)} points are too few for {len(terms)} terms")
