"""What the article says of perturbations: costs at one horizon, and exponents."""

import numpy as np

from treesmc.figures.latex import sci
from treesmc.figures.perturbations.fits import COMPOUNDING, fit_rate
from treesmc.figures.perturbations.points import EPS, ERROR_HORIZON
from treesmc.figures.rows import of
from treesmc.sims.base import portable
from treesmc.sims.sweeps.shards import Row


def numbers(rows: list[Row]) -> dict[str, str]:
    """Return the cost of the perturbations at one T, median over draws; exponents fitted in T."""

    def cost(series: str, eps: float) -> str:
        used = of(rows, series=series, T=ERROR_HORIZON, eps=eps)
        return sci(float(np.median([row["n_star"] for row in used])))

    rates = [fit_rate(rows, series).coefficient("T") for series in COMPOUNDING]
    fitted = [rate / portable.log1p(EPS) for rate in rates]
    largest = max(row["eps"] for row in rows)
    return {
        "PerturbHorizon": f"{ERROR_HORIZON}",
        "PerturbEps": f"{EPS:g}",
        "PerturbPersistent": cost("persistent", EPS),
        "PerturbHidden": cost("hidden", EPS),
        "PerturbRandom": cost("random_sign", EPS),
        "PerturbNoise": cost("value_noise", EPS),
        "PerturbExact": cost("exact", 0.0),
        "PerturbNaive": cost("naive", 0.0),
        "PerturbSmall": cost("persistent", 0.01),
        "PerturbLargestEps": f"{largest:g}",
        "PerturbLargestNoise": cost("value_noise", largest),
        "PerturbLargestRandom": cost("random_sign", largest),
        "PerturbExponentLow": f"{min(fitted):.3f}",
        "PerturbExponentHigh": f"{max(fitted):.3f}",
    }
