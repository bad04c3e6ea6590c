"""What the article says of the exponent: how close to 2 the fitted ones are."""

from treesmc.figures.exponent.fits import fit_exponent
from treesmc.sims.base import portable
from treesmc.sims.sweeps.shards import Row


def numbers(rows: list[Row]) -> dict[str, str]:
    """Return the range of the exponents fitted on `needle`."""
    fitted = [
        fit_exponent(rows, eps).coefficient("T") / portable.log1p(eps)
        for eps in sorted({row["eps"] for row in rows})
    ]
    return {"ExponentLow": f"{min(fitted):.3f}", "ExponentHigh": f"{max(fitted):.3f}"}
