"""Laws of growth fitted to tables, and every scaling exponent in one, beside its theory.

Each row of ``exponents.csv`` fits a law to some rows of one table, as the room's ``EXPONENTS`` say,
and scales the coefficient so that theory is a plain number. Intervals are 95%, widened where the
law fits badly (`treesmc.sims.fits`): a law holds asymptotically only, hence short horizons are left
out, by a rule that the row states, and chi2/dof stands beside the interval. Where theory says
"about", the row has an allowance.

A cost is the least integer that is enough, so the real one is in (n - 1, n]: n - 1/2 is fitted,
with 1/12 more variance.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from treesmc.figures.rooms import having
from treesmc.figures.rows import of
from treesmc.sims.base import portable
from treesmc.sims.fits import Fit, fit_growth, rounded_stderr
from treesmc.sims.methods.search import STUDENT
from treesmc.sims.sweeps.shards import Row
from treesmc.sims.sweeps.table import collect, read_table

DECIMALS = 9  # the rest is round-off

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
        chosen = of(table, **self.chosen)
        return [row for row in chosen if row["T"] >= self.first and not row.get("censored")]

    def fit(self, rows: Sequence[Row]) -> Fit:
        """Fit the law to the rows used, by their errors if any of them has one."""
        T = np.array([row["T"] for row in rows], dtype=np.float64)
        cost = np.array([row[self.cost] for row in rows], dtype=np.float64) - 0.5
        exact = _evidence(rows) == "exact"
        stderr = None if exact else [_stderr(*pair) for pair in zip(rows, cost, strict=True)]
        return fit_growth(T, portable.log(cost) + self.offset(T), stderr, self.terms)

    def row(self, name: str, table: Sequence[Row]) -> Row:
        """Return this exponent's row of ``exponents.csv``, given the table of this name."""
        rows = self.used(table)
        fit, scale = self.fit(rows), self.scale(rows)
        low, high = fit.interval(self.terms[-1])
        fitted = {"fitted": fit.coefficient(self.terms[-1]), "low": low, "high": high}
        return {
            **{"name": self.name, "table": name, "quantity": self.quantity},
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
    return rounded_stderr(portable.log(row["high"] / row["low"]) / (2 * STUDENT), cost)


def fit_counts(rows: Sequence[Row], terms: Sequence[str], excess: float = 0.0) -> Fit:
    """Fit the growth of log n_star, by errors that contain its rounding to an integer.

    Parameters
    ----------
    rows : sequence of dict
        With columns ``T``, ``n_star`` and ``log_stderr``.
    terms : sequence of str
    excess : float
        Taken off n_star: 1/2 where an estimate was rounded up.
    """
    stderr = [rounded_stderr(row["log_stderr"], row["n_star"]) for row in rows]
    log_n = [portable.log(row["n_star"] - excess) for row in rows]
    return fit_growth([row["T"] for row in rows], log_n, stderr, terms)


def log_growth(rows: Sequence[Row]) -> float:
    """Return log(1 + eps), eps being the same in all rows: a scale."""
    return portable.log1p(rows[0]["eps"])


def log_log(T: Any) -> Any:
    """Return log log T: an offset."""
    return portable.log(portable.log(T))


def compute(results: Path) -> Path:
    """Fit every exponent to the tables in ``results`` and return ``exponents.csv``."""
    rows: list[Row] = []
    for name, fits in having("fits"):
        table = read_table(results / f"{name}.csv")
        rows += [exponent.row(name, table) for exponent in fits.EXPONENTS]
    return collect(rows, COLUMNS, results / "exponents.csv")
