"""Numbers and tables as the article prints them."""

import math
from collections.abc import Iterable
from decimal import Decimal

from treesmc.sims.fits import Fit


def sci(x: float, digits: int = 2) -> str:
    """Return a positive number for text, to so many digits: plain up to 10^5, else a power."""
    if x < 1e5:
        decimals = digits - 1 - Decimal(x).adjusted()
        return f"{x:.{max(decimals, 0)}f}"
    mantissa, power = f"{x:.{digits - 1}e}".split("e")
    return rf"\ensuremath{{{mantissa}\times10^{{{int(power)}}}}}"


def grouped(x: float) -> str:
    """Return an integer with thin spaces between thousands, or a power of ten if it is long."""
    return f"{math.ceil(x):,}".replace(",", r"\,") if x < 1e7 else sci(x)


def fitted(fit: Fit, term: str) -> str:
    """Return a fitted coefficient and half its interval, to two decimals."""
    return rf"\ensuremath{{{fit.coefficient(term):.2f} \pm {fit.half_width(term):.2f}}}"


def table(spec: str, head: str, rows: Iterable[str]) -> str:
    """Return a booktabs table."""
    body = "\n".join(row if row == r"\midrule" else rf"{row} \\" for row in rows)
    return (
        rf"\begin{{tabular}}{{{spec}}}" + f"\n\\toprule\n{head} \\\\\n\\midrule\n{body}\n"
        "\\bottomrule\n\\end{tabular}\n"
    )
