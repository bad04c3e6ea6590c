"""Resampling less often or with less noise: T^2 becomes T where weights vary little, only there.

Left and middle, N* for TV <= 1/10 at (1 + eps)^(T - 1) = e: markers are exact or measured (error
bars: 95%), filled and solid if resampled at every step, hollow and dashed if ESS < N/2. Without any
resampling (crosses: naive sampling, exact) `needle` costs no more, `needle_in_drift` exponentially
more. Black: the first-order law of ideal resampling. Grey: slope 1, a cost of T^2.

Right, b of N* = a + b T with its 95% interval, so that the cost is a T + b T^2, of degree 1 where
b = 0. Vertical ticks: b of the first-order laws.
"""

from itertools import product
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from treesmc.figures import style
from treesmc.figures.resampling.fits import fit_slope, law_slope
from treesmc.figures.resampling.points import IDEAL, NAIVE
from treesmc.figures.rows import bars, column, of
from treesmc.figures.style import Look
from treesmc.sims.sweeps.shards import Row

LOOKS = {
    "multinomial": Look(style.BLUE, "o", "-"),
    "residual": Look(style.ORANGE, style.DIAMOND, "-"),
    "stratified": Look(style.GREEN, "^", "-"),
    "systematic": Look(style.PURPLE, "v", "-"),
}
WHEN = {1.0: "every step", 0.5: "adaptive"}
TITLES = {
    "needle": "needle, $L = 1 + \\varepsilon$",
    "needle_in_drift": "needle in drift, $L$ constant",
}
WHEN_DASH: dict[float, Any] = {1.0: "-", 0.5: (0, (2.5, 1.5))}
NAIVE_LINE: dict[str, Any] = {"color": "0.5", "marker": "x", "linestyle": (0, (1, 1))}
IDEAL_LINE: dict[str, Any] = {"color": "black", "linewidth": 0.9, "linestyle": (0, (5, 1.2))}
LAW_TICK: dict[str, Any] = {
    **{"marker": "|", "color": "black", "linestyle": "none"},
    **{"markersize": 9, "markeredgewidth": 1.0},
}
FAMILY_MARKERS = {"needle": "s", "needle_in_drift": "o"}
ROWS = {1.0: -0.2, 0.5: 0.2, "needle": -0.07, "needle_in_drift": 0.07}
CEILING = 1.1e3
SLOPE_ONE = 6  # N*/T along the grey line


def build(rows: list[Row]) -> Figure:
    """Return the figure of the table's rows."""
    figure = Figure(figsize=(style.PAGE_WIDTH, 3.2), layout="constrained")
    *panels, right = figure.subplots(1, 3, width_ratios=(1, 1, 1))
    for axes, family in zip(panels, TITLES, strict=True):
        _draw_particles(axes, of(rows, family=family))
        axes.set_title(TITLES[family])
    panels[0].set_ylabel("particles $N^*$")
    panels[0].text(34, 300, "slope 1", color="0.5", fontsize=7.5, ha="right")
    panels[1].tick_params(labelleft=False)
    _draw_slopes(right, rows)
    figure.legend(handles=_handles(), loc="outside lower center", ncols=5, columnspacing=1.2)
    return figure


def _draw_particles(axes: Axes, rows: list[Row]) -> None:
    """Draw N* of one tree by scheme, without resampling, and by ideal resampling."""
    for scheme, look in LOOKS.items():
        for kappa in WHEN:
            _draw_scheme(axes, of(rows, scheme=scheme, kappa=kappa), look, kappa)
    naive, ideal = of(rows, scheme=NAIVE), of(rows, scheme=IDEAL)
    axes.plot(column(naive, "T"), column(naive, "n_star"), **NAIVE_LINE)
    axes.plot(column(ideal, "T"), column(ideal, "predicted"), **IDEAL_LINE)
    T = column(naive, "T")[[0, -1]]
    axes.plot(T, SLOPE_ONE * T, color="0.75", linewidth=0.9, zorder=0)
    axes.set_xscale("log", base=2)
    ticks = (8, 32, 128)
    axes.set_xticks(ticks, [str(t) for t in ticks])
    axes.set(yscale="log", ylim=(7.5, CEILING), xlabel="horizon $T$")


def _draw_scheme(axes: Axes, rows: list[Row], look: Look, kappa: float) -> None:
    T, n = column(rows, "T"), column(rows, "n_star")
    axes.errorbar(T, n, bars(rows), elinewidth=0.7, **_shape(look, kappa))


def _shape(look: Look, kappa: float) -> dict[str, Any]:
    """Return the look of a curve: hollow and dashed if resampling is adaptive."""
    marker = look.handle() if kappa == 1 else look.hollow("white")
    return {**marker, "linestyle": WHEN_DASH[kappa], "linewidth": 0.9}


def _draw_slopes(axes: Axes, rows: list[Row]) -> None:
    """Draw b scheme by scheme, adaptive below every step, `needle` above `needle_in_drift`."""
    for family, scheme, kappa in product(TITLES, LOOKS, WHEN):
        series = of(rows, family=family, scheme=scheme, kappa=kappa)
        fit = fit_slope(series)
        y = list(LOOKS).index(scheme) + ROWS[kappa] + ROWS[family]
        shape = {**_shape(LOOKS[scheme], kappa), "linestyle": "none", "elinewidth": 0.8}
        shape |= {"marker": FAMILY_MARKERS[family], "xerr": fit.half_width("T")}
        axes.errorbar(fit.coefficient("T"), y, **shape)
        if scheme == "multinomial":
            axes.plot([law_slope(series)], [y], **LAW_TICK)
    axes.axvline(law_slope(of(rows, family="needle_in_drift", scheme=IDEAL)), **IDEAL_LINE)
    axes.axvline(0, color="0.6", linewidth=0.7, zorder=0)
    axes.set_yticks(range(len(LOOKS)), list(LOOKS))
    axes.tick_params(axis="y", length=0)
    axes.set(xlim=(-0.4, 4.8), ylim=(len(LOOKS) - 0.5, -0.5), xlabel="$b$, particles per step")
    axes.set_title("$N^* = a + b\\,T$: cost $a\\,T + b\\,T^2$")
    axes.text(-0.22, 1.5, "needle", fontsize=7.5, rotation="vertical", va="center", ha="center")
    axes.text(1.6, 2.6, "needle in drift", fontsize=7.5)


def _handles() -> list[Line2D]:
    """Return the legend: schemes, when they act, the two references, the two trees."""
    schemes = [Line2D([], [], label=s, **_shape(look, 1.0)) for s, look in LOOKS.items()]
    ink = Look(style.INK, "o", "-")
    when = [Line2D([], [], label=WHEN[k], **_shape(ink, k)) for k in WHEN]
    references = [
        Line2D([], [], label="no resampling", **NAIVE_LINE),
        Line2D([], [], label="ideal resampling, first order", **IDEAL_LINE),
        Line2D([], [], label="first-order law (S6)", **LAW_TICK),
    ]
    return schemes + when + references
