"""The headline figure: exponential cost becomes polynomial.

Both panels show cost in reference draws against the horizon, costs on a log axis; a straight line
is an exponential on the left, a power on the right. Markers are computed costs (error bars: 95%),
an arrow starts from a censored one. Lines are theory: for SMC the first-order prediction of S6, for
naive sampling the exact law of S7 and, dotted, its rate, T exp(KL(pi || pi_ref)). The band holds
the worst case at constant eps: at least S3's queries, at most S2's particles, both of exponent
2 log(1 + eps). The legend gives the laws of growth fitted to the markers, with 95% intervals.
"""

from decimal import Decimal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Patch

from treesmc.figures import style
from treesmc.figures.headline.fits import GROWTH, fit_series, kl_rate
from treesmc.figures.rows import column, of
from treesmc.figures.style import Look
from treesmc.sims.base import portable
from treesmc.sims.sweeps.shards import Row
from treesmc.sims.trees.tree import FloatArray
from treesmc.theory.bounds import log_hidden_queries, log_uniform_particles

LOOKS: dict[str, Look] = {
    "naive": Look(style.INK, "s", (0, ())),
    "constant": Look(style.RED, "^", (0, (5, 1.5))),
    "log-over-T": Look(style.ORANGE, style.DIAMOND, (0, (5, 1.5, 1, 1.5))),
    "over-T": Look(style.GREEN, "o", (0, (3, 1.2))),
    "exact": Look(style.BLUE, "v", (0, (1.5, 1))),
}
NAMES = {
    "naive": r"naive sampling, $\varepsilon = 0$",
    "constant": r"SMC, $\varepsilon = 0.05$",
    "log-over-T": r"SMC, $\varepsilon = \log T\,/\,2T$",
    "over-T": r"SMC, $\varepsilon = 1/T$",
    "exact": r"SMC, $\varepsilon = 0$",
}
FLOOR = 5.0
POLYNOMIAL_CEILING = 3e9  # the right panel is about polynomials; exponentials leave it at the top
ARROW = 30.0  # factor of cost that the arrow of a censored point spans


def build(rows: list[Row]) -> Figure:
    """Return the figure of the table's rows."""
    figure = Figure(figsize=(style.PAGE_WIDTH, 3.75), layout="constrained")
    left, right = figure.subplots(1, 2)
    _draw_bounds(left, rows)
    for axes in (left, right):
        for name, look in LOOKS.items():
            _draw_series(axes, of(rows, series=name), look)
        axes.set(xlabel="horizon $T$", yscale="log")
    _finish(left, right, sorted({row["T"] for row in rows}))
    figure.legend(handles=_legend(rows), loc="outside lower center", ncols=2, handlelength=3)
    return figure


def _finish(left: Axes, right: Axes, T: list[float]) -> None:
    """Set scales, limits and titles."""
    left.set(title="log-linear: exponential costs are straight", xlim=(0, None))
    left.set(ylabel="cost (reference draws)", ylim=(FLOOR, None))
    right.set_xscale("log", base=2)
    right.set_xticks(T[::2], [f"{t:.0f}" for t in T[::2]])
    right.set(title="log-log: polynomial costs are straight", ylim=(FLOOR, POLYNOMIAL_CEILING))


def _draw_series(axes: Axes, rows: list[Row], look: Look) -> None:
    known = [row for row in rows if not row["censored"]]
    T, cost = column(known, "T"), column(known, "reference_draws")
    bars = np.abs([column(known, "low") * T - cost, column(known, "high") * T - cost])
    axes.errorbar(T, cost, bars, elinewidth=0.8, **look.handle())
    axes.plot(column(rows, "T"), _theory(rows), color=look.colour, linestyle=look.dash, zorder=1)
    for row in rows:
        if row["censored"]:
            _draw_censored(axes, row, look)


def _theory(rows: list[Row]) -> FloatArray:
    """First-order cost of SMC; naive sampling's costs are exact already."""
    key = "first_order" if rows[0]["method"] == "smc" else "n_star"
    return column(rows, "T") * column(rows, key)


def _draw_censored(axes: Axes, row: Row, look: Look) -> None:
    """Draw an arrow upwards from the largest cost tried."""
    tail = (row["T"], row["reference_draws"])
    tip = (row["T"], row["reference_draws"] * ARROW)
    arrow = {"arrowstyle": "->", "color": look.colour, "shrinkA": 0, "shrinkB": 0}
    axes.annotate("", xy=tip, xytext=tail, arrowprops=arrow)


def _draw_bounds(axes: Axes, rows: list[Row]) -> None:
    """Shade from S3's lower to S2's upper bound at constant eps; dot the rate of naive sampling."""
    constant, naive = of(rows, series="constant"), of(rows, series="naive")
    lower = [log_hidden_queries(int(r["T"]), r["eps"], r["delta"]) for r in constant]
    upper = [log_uniform_particles(int(r["T"]), r["eps"], r["L"], r["delta"]) for r in constant]
    T = column(constant, "T")
    low, high = np.maximum(portable.exp(lower), 1.0), T * portable.exp(upper)
    axes.fill_between(T, low, high, color=LOOKS["constant"].colour, alpha=0.13, linewidth=0)
    T = column(naive, "T")
    axes.plot(T, T * portable.exp(column(naive, "kl")), color=style.INK, linestyle=":", zorder=1)


def _legend(rows: list[Row]) -> list[Line2D | Patch]:
    curves = [
        Line2D(
            *([], []),
            color=look.colour,
            linestyle=look.dash,
            marker=look.marker,
            markeredgecolor="white",
            label=_label(rows, name),
        )
        for name, look in LOOKS.items()
    ]
    eps = of(rows, series="constant")[0]["eps"]
    rate = rf"rate of naive sampling: $T\,e^{{\mathrm{{KL}}}}$, KL $= {kl_rate(rows):.4f}\,(T-1)$"
    band = (
        rf"worst case at $\varepsilon = {eps:g}$ (S3 to S2): "
        rf"$2\log(1+\varepsilon) = {2 * portable.log1p(eps):.4f}$"
    )
    return [
        *curves,
        Line2D([], [], color=style.INK, linestyle=":", label=rate),
        Patch(color=LOOKS["constant"].colour, alpha=0.13, linewidth=0, label=band),
    ]


def _label(rows: list[Row], name: str) -> str:
    """Name of a series with its fitted law of growth, as one of the cost T n_star."""
    fit = fit_series(rows, name)
    if fit is None:
        return NAMES[name]
    term = GROWTH[name][-1]
    value, half = fit.coefficient(term), fit.half_width(term)
    if term == "log T":
        return rf"{NAMES[name]}: $\propto T^{{\,{1 + value:.2f} \pm {half:.2f}}}$"
    digits = -Decimal(half).adjusted()
    exponent = rf"({value:.{digits}f} \pm {half:.{digits}f})\,T"
    if "sqrt T" in GROWTH[name]:
        exponent += r" + O(\sqrt{T})"
    return rf"{NAMES[name]}: $\approx e^{{{exponent}}}$"
