"""What the article says of the headline: costs at the longest horizon, and laws of growth."""

from decimal import Decimal

from treesmc.figures.headline.fits import GROWTH, asymptotic, fit_series, kl_rate
from treesmc.figures.latex import sci, table
from treesmc.figures.rows import of
from treesmc.sims.base import portable
from treesmc.sims.fits import fit_growth
from treesmc.sims.sweeps.shards import Row


def numbers(rows: list[Row]) -> dict[str, str]:
    """Return the costs at the longest horizon, and how close S6 predicts those of SMC."""
    last = {name: of(rows, series=name)[-1] for name in GROWTH}
    smc = [row for row in rows if row["method"] == "smc" and row["T"] >= 16]
    ratios = [row["n_star"] / row["first_order"] for row in smc]
    eps = last["constant"]["eps"]
    return {
        "HeadlineDelta": f"{last['naive']['delta']:g}",
        "HeadlineHorizon": f"{last['naive']['T']:.0f}",
        "HeadlineDrift": f"{last['naive']['drift']:g}",
        "HeadlineNaive": sci(last["naive"]["reference_draws"]),
        "HeadlineConstant": sci(last["constant"]["reference_draws"]),
        "HeadlineOverT": sci(last["over-T"]["reference_draws"]),
        "HeadlineLogOverT": sci(last["log-over-T"]["reference_draws"]),
        "HeadlineExact": sci(last["exact"]["reference_draws"]),
        "HeadlineEps": f"{eps:g}",
        "HeadlineRate": f"{2 * portable.log1p(eps):.4f}",
        "HeadlineKappa": f"{kl_rate(rows):.4f}",
        "FirstOrderLow": f"{min(ratios):.2f}",
        "FirstOrderHigh": f"{max(ratios):.2f}",
    }


def tables(rows: list[Row]) -> dict[str, str]:
    """Return the fitted laws of growth beside theory."""
    eps = of(rows, series="constant")[0]["eps"]
    kappa, hidden = kl_rate(rows), 2 * portable.log1p(eps)
    series = {
        "naive": (r"naive, $\eps = 0$", f"rate {kappa:.4f}"),
        "naive-constant": (rf"naive, $\eps = {eps:g}$", f"rate {kappa + hidden:.4f}"),
        "constant": (rf"SMC, $\eps = {eps:g}$", f"rate {hidden:.4f}"),
        "log-over-T": (r"SMC, $\eps = \log T/(2T)$", r"degree $\to 2$"),
        "over-T": (r"SMC, $\eps = 1/T$", "degree 1"),
        "exact": (r"SMC, $\eps = 0$", r"degree $\tfrac12$"),
    }
    lines = (" & ".join([*cells, *_fitted(rows, name)]) for name, cells in series.items())
    head = r"series & theory & fitted & S6 & $\chi^2\!/\nu$"
    return {"growth.tex": table("@{}llllr@{}", head, lines)}


def _fitted(rows: list[Row], name: str) -> tuple[str, str, str]:
    """Return the coefficient of interest, what S6 predicts of it, and how well the law fits."""
    term, fit = GROWTH[name][-1], fit_series(rows, name)
    if fit is None:
        return ("---",) * 3
    value, half = fit.coefficient(term), fit.half_width(term)
    digits = 2 if term == "log T" else -Decimal(half).adjusted()
    fitted = rf"${value:.{digits}f} \pm {half:.{digits}f}$"
    if not fit.weighted:
        return fitted, "---", "---"
    return fitted, _predicted(rows, name), f"{fit.chi2_dof:.1f}"


def _predicted(rows: list[Row], name: str) -> str:
    """Return the same coefficient for the particles that S6 predicts, at the same horizons."""
    used, term = asymptotic(rows, name), GROWTH[name][-1]
    log_n = [portable.log(row["first_order"]) for row in used]
    value = fit_growth([row["T"] for row in used], log_n, None, GROWTH[name]).coefficient(term)
    return f"{value:.2f}" if term == "log T" else f"{value:.4f}"
