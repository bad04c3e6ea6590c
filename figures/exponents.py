"""Every scaling exponent in one table: fitted to the collected results, beside its theory.

Each row of ``exponents.csv`` fits a law of growth to some rows of one table, and scales the
coefficient so that theory is a plain number. Intervals are 95%, widened where the law fits badly
(`treesmc.sims.fits`): a law holds asymptotically only, hence short horizons are left out, by a rule
that the row states, and chi2/dof stands beside the interval. Where theory says "about", the row has
an allowance.

A cost is the least integer that is enough, so the real one is in (n - 1, n]: n - 1/2 is fitted,
with 1/12 more variance.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from treesmc.figures.run import points
from treesmc.figures.shards import Row, collect, read_table
from treesmc.sims.base import portable
from treesmc.sims.fits import Fit, fit_growth, rounded_stderr
from treesmc.sims.sampling.samplers import SCHEMES

DECIMALS = 9  # the rest is round-off
STANDARD_ERRORS = 2.042  # half a 95% interval of a measured cost

COLUMNS = (
    *("name", "table", "quantity", "theory", "allowance", "fitted", "low", "high"),
    *("chi2_dof", "n_points", "evidence"),
)


@dataclass(frozen=True)
class Exponent:
    """One law of growth.

    Attributes
    ----------
    name, quantity : str
        What is fitted, in a word and in a sentence.
    table : str
        Experiment whose table is fitted.
    chosen : dict
        Rows used: values of columns.
    first : float
        Shortest horizon used.
    theory : float
        Expected value of the scaled coefficient.
    terms : tuple of str
        Of the fit (`treesmc.sims.fits.TERMS`); the last one is of interest.
    scale : callable
        Divides the coefficient; of the rows used.
    offset : callable
        Added to the logarithm of the cost; of the horizons.
    allowance : float
        By which theory may miss the interval at these horizons.
    cost : str
        Column of the cost; if measured, with a 95% interval in columns ``low`` and ``high``.
    """

    name: str
    quantity: str
    table: str
    chosen: dict[str, Any]
    first: float
    theory: float
    terms: tuple[str, ...]
    scale: Callable[[Sequence[Row]], float] = lambda rows: 1.0
    offset: Callable[[Any], Any] = np.zeros_like
    allowance: float = 0.0
    cost: str = "n_star"

    def used(self, table: Sequence[Row]) -> list[Row]:
        """Return the rows of the table that are fitted."""
        return [
            row
            for row in table
            if row["T"] >= self.first
            and all(row[key] == value for key, value in self.chosen.items())
            and not row.get("censored")
        ]

    def fit(self, rows: Sequence[Row]) -> Fit:
        """Fit the law to the rows used, by their errors if any of them has one."""
        T = np.array([row["T"] for row in rows], dtype=np.float64)
        cost = np.array([row[self.cost] for row in rows], dtype=np.float64) - 0.5
        exact = _evidence(rows) == "exact"
        stderr = None if exact else [_stderr(*pair) for pair in zip(rows, cost, strict=True)]
        return fit_growth(T, portable.log(cost) + self.offset(T), stderr, self.terms)

    def row(self, table: Sequence[Row]) -> Row:
        """Return this exponent's row of ``exponents.csv``."""
        rows = self.used(table)
        fit, scale = self.fit(rows), self.scale(rows)
        low, high = fit.interval(self.terms[-1])
        fitted = {"fitted": fit.coefficient(self.terms[-1]), "low": low, "high": high}
        return {
            **{key: getattr(self, key) for key in ("name", "table", "quantity")},
            **{"theory": self.theory, "allowance": self.allowance},
            **{key: round(value / scale, DECIMALS) for key, value in fitted.items()},
            "chi2_dof": round(fit.chi2_dof, DECIMALS),
            "n_points": len(rows),
            "evidence": _evidence(rows),
        }


def _evidence(rows: Sequence[Row]) -> str:
    """Return "exact" if no row says otherwise."""
    return "exact" if all(row.get("evidence", "exact") == "exact" for row in rows) else "measured"


def _stderr(row: Row, cost: float) -> float:
    """Return the standard error of log cost, rounding included."""
    return rounded_stderr(portable.log(row["high"] / row["low"]) / (2 * STANDARD_ERRORS), cost)


def _log_growth(rows: Sequence[Row]) -> float:
    """Return log(1 + eps), eps being the same in all rows."""
    return portable.log1p(rows[0]["eps"])


def _divergence_rate(rows: Sequence[Row]) -> float:
    """Return KL(pi || pi_ref) per step, from the two longest horizons."""
    before, last = rows[-2:]
    return float((last["kl"] - before["kl"]) / (last["T"] - before["T"]))


def _log_log(T: Any) -> Any:
    return portable.log(portable.log(T))


# What theory says of the degree: 1 where every step resamples by independent draws, 0 where the
# weights of a whole path vary little and few resamplings, or nearly noiseless ones, remain.
RESAMPLED = (
    ("needle", "multinomial", 1.0, 1.0),
    *(("needle", scheme, 0.5, 0.0) for scheme in SCHEMES),
    *(("needle", scheme, 1.0, 0.0) for scheme in SCHEMES if scheme != "multinomial"),
    ("needle_in_drift", "multinomial", 1.0, 1.0),
)

EXPONENTS: tuple[Exponent, ...] = (
    *(
        Exponent(
            f"needle-constant-{eps:g}",
            "rate of log N* in T over log(1 + eps), from T log(1 + eps) = 3 on (S2, S3)",
            "exponent",
            {"eps": eps},
            first=3 / portable.log1p(eps),
            theory=2.0,
            terms=("1", "T"),
            scale=_log_growth,
        )
        for eps in sorted({point["eps"] for point in points("exponent")})
    ),
    Exponent(
        "needle-over-T",
        "degree of N* in T at eps = 1/T, from T = 12 on (ZL-5.2, S2)",
        "phase",
        {"series": "line", "a": 1.0},
        first=12,
        theory=1.0,
        terms=("1", "log T"),
    ),
    Exponent(
        "needle-log-over-T",
        "degree of N* log T in T at eps = log T / (2T), from T = 32 on; about 1 + 2c (S2, S3)",
        "phase",
        {"series": "line", "a": None},
        first=32,
        theory=2.0,
        terms=("1", "log T"),
        offset=_log_log,
        allowance=0.1,
    ),
    Exponent(
        "needle-over-root-T",
        "coefficient of sqrt T in log N* at eps = 1/sqrt T, beside log T: beyond every polynomial",
        "phase",
        {"series": "line", "a": 0.5},
        first=12,
        theory=2.0,
        terms=("1", "log T", "sqrt T"),
    ),
    Exponent(
        "headline-naive",
        "rate of log n* in T beside sqrt T over KL per step, naive sampling, from T = 48 on (S7)",
        "headline",
        {"series": "naive"},
        first=48,
        theory=1.0,
        terms=("1", "sqrt T", "T"),
        scale=_divergence_rate,
    ),
    Exponent(
        "headline-constant",
        "rate of log N* in T over log(1 + eps), needle in drift, from T = 48 on (S2, S3)",
        "headline",
        {"series": "constant"},
        first=48,
        theory=2.0,
        terms=("1", "T"),
        scale=_log_growth,
    ),
    Exponent(
        "headline-over-T",
        "degree of N* in T, needle in drift at eps = 1/T, from T = 16 on (ZL-5.2, S2)",
        "headline",
        {"series": "over-T"},
        first=16,
        theory=1.0,
        terms=("1", "log T"),
    ),
    Exponent(
        "headline-log-over-T",
        "degree of N* log T in T, needle in drift at eps = log T / (2T), from T = 16 on (S2, S3)",
        "headline",
        {"series": "log-over-T"},
        first=16,
        theory=2.0,
        terms=("1", "log T"),
        offset=_log_log,
        allowance=0.1,
    ),
    Exponent(
        "headline-exact",
        "degree of N* in T, needle in drift with V = V*, from T = 16 on (S6, independent steps)",
        "headline",
        {"series": "exact"},
        first=16,
        theory=0.5,
        terms=("1", "log T"),
    ),
    *(
        Exponent(
            f"{name}-constant",
            "rate of log N* in T over log(1 + eps), compounding errors, from T = 24 on (S2)",
            "perturbations",
            {"series": name, "eps": 0.1},
            first=24,
            theory=2.0,
            terms=("1", "T"),
            scale=_log_growth,
        )
        for name in ("persistent", "hidden")
    ),
    Exponent(
        "value-noise-constant",
        "degree of N* in T, errors that do not compound, eps = 0.1, from T = 16 on (S2 under A3)",
        "perturbations",
        {"series": "value_noise", "eps": 0.1},
        first=16,
        theory=0.5,
        terms=("1", "log T"),
    ),
    *(
        Exponent(
            f"resampling-{tree}-{scheme}-{'every-step' if kappa == 1 else 'adaptive'}",
            "degree of N* in T at (1 + eps)^(T - 1) = e, from T = 16 on"
            + (", where N* = a + b T" if theory else ""),
            "resampling",
            {"family": tree, "scheme": scheme, "kappa": kappa},
            first=16,
            theory=theory,
            terms=("1", "log T"),
            allowance=0.1 if theory else 0.0,
        )
        for tree, scheme, kappa, theory in RESAMPLED
    ),
    *(
        Exponent(
            f"pool-{name}",
            f"degree of the cost M T (H + 1) of Algorithm 2 in T at eps = {schedule}, "
            "least over M and H, from T = 24 on",
            "pool",
            {"series": "least", "c": c},
            first=24,
            theory=theory,
            terms=("1", "log T"),
            allowance=0.05,  # M is an integer, and small
            cost="cost",
        )
        for name, schedule, c, theory in (
            ("exact", "0", 0.0, 1.5),
            ("over-T", "1/T", 1.0, 2.0),
        )
    ),
)


def compute(results_dir: Path) -> Path:
    """Fit every exponent to the tables in ``results_dir`` and return ``exponents.csv``."""
    tables = {
        name: read_table(results_dir / f"{name}.csv") for name in {e.table for e in EXPONENTS}
    }
    rows = [exponent.row(tables[exponent.table]) for exponent in EXPONENTS]
    return collect(rows, COLUMNS, results_dir / "exponents.csv")
