"""The exponent figure: one slope for every eps, and it is 2.

Left, N*/T on `needle` against x = T log(1 + eps): the points of all eps fall on one curve. Solid:
S2's exp(2x)/delta. Dashed: ZL-5.1's exp(6x)/(2 delta), and exp(2x/3), whose slope only is claimed
by ZL-4.2. Right, the exponent fitted at each eps, d log N* / d(T log(1 + eps)), with its 95%
interval, between the two that bracketed it.
"""

import math
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from treesmc.figures import style
from treesmc.figures.exponent.fits import fit_exponent
from treesmc.figures.rows import column, of
from treesmc.figures.style import Look, bound_look, ordered_looks
from treesmc.sims.base import portable
from treesmc.sims.sweeps.shards import Row

CEILING = 2e11
PAPER = (2 / 3, 6.0)
SHADE = "0.93"
ASPECT = 0.235  # slope on paper of a curve that grows by e per unit of x


def build(rows: list[Row]) -> Figure:
    """Return the figure of the table's rows."""
    figure = Figure(figsize=(style.PAGE_WIDTH, 3.1), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=(1.25, 1))
    epsilons = sorted({row["eps"] for row in rows})
    _draw_lines(left, rows)
    for eps, look in zip(epsilons, ordered_looks(len(epsilons)), strict=True):
        series = of(rows, eps=eps)
        x = column(series, "T") * portable.log1p(eps)
        y = column(series, "n_star") / column(series, "T")
        left.plot(x, y, label=rf"$\varepsilon = {eps:g}$", **look.handle())
        _draw_exponent(right, rows, eps, look)
    _finish(left, right, epsilons)
    legend = {"loc": "outside lower center", "ncols": len(epsilons), "handletextpad": 0.1}
    figure.legend(*left.get_legend_handles_labels(), **legend)
    return figure


def _draw_lines(axes: Axes, rows: list[Row]) -> None:
    """Draw the bounds as functions of x alone, and write their slopes along them."""
    delta = rows[0]["delta"]
    x = np.array([0.0, 9.0])  # straight lines, here
    axes.plot(x, portable.exp(6 * x) / (2 * delta), **bound_look(ours=False))
    axes.plot(x, portable.exp(2 * x) / delta, **bound_look(ours=True))
    axes.plot(x, portable.exp(2 * x / 3), **bound_look(ours=False))
    _write(axes, 2.1, 2e7, "ZL-5.1, enough: slope 6", 6, style.INK)
    _write(axes, 5.2, 1.6e6, "S2, enough: slope 2", 2, style.RED)
    _write(axes, 6.5, 24, "ZL-4.2, necessary: slope 2/3", 2 / 3, style.INK)


def _write(axes: Axes, x: float, y: float, text: str, slope: float, colour: style.Colour) -> None:
    angle = round(math.degrees(math.atan(slope * ASPECT)), 6)
    axes.text(x, y, text, rotation=angle, color=colour, ha="center", va="center", fontsize=7.5)


def _draw_exponent(axes: Axes, rows: list[Row], eps: float, look: Look) -> None:
    fit = fit_exponent(rows, eps)
    exponent, interval = (
        np.array(x) / portable.log1p(eps) for x in (fit.coefficient("T"), fit.interval("T"))
    )
    bars = np.abs(interval - exponent)[:, None]
    axes.errorbar([eps], [exponent], bars, elinewidth=0.8, **look.handle())
    value = f"{exponent:.3f}\n±{bars.max():.3f}"
    axes.text(eps, 1.83, value, color=style.INK, fontsize=6.5, ha="center", va="top")


def _finish(left: Axes, right: Axes, epsilons: list[float]) -> None:
    left.set(yscale="log", xlim=(0, 9), ylim=(0.8, CEILING))
    left.set(
        xlabel=r"$x = T\,\log(1+\varepsilon)$", ylabel=r"particles needed over horizon, $N^*/T$"
    )
    left.set_title("nearly one curve for all $T$ and $\\varepsilon$")
    right.set(xscale="log", yscale="log", ylim=(0.5, 8), xlabel=r"Bellman error $\varepsilon$")
    right.set_xlim(epsilons[0] / 1.6, epsilons[-1] * 1.6)
    right.set_title("the exponent of $N^*$ is 2")
    right.set_ylabel(r"$d\,\log N^*\, /\, d\,x$")
    right.set_yticks([2 / 3, 1, 2, 4, 6], ["2/3", "1", "2", "4", "6"])
    right.set_yticks([], minor=True)
    right.set_xticks(epsilons, [f"{eps:g}" for eps in epsilons])
    right.set_xticks([], minor=True)
    right.axhspan(*PAPER, color=SHADE, linewidth=0, zorder=0)
    for exponent in PAPER:
        right.axhline(exponent, **bound_look(ours=False))
    right.axhline(2, **bound_look(ours=True))
    text: dict[str, Any] = {
        "transform": right.get_yaxis_transform(),
        "fontsize": 7.5,
        "ha": "center",
    }
    right.text(0.5, 6.25, "ZL-5.1: enough", **text)
    right.text(0.5, 2.15, "S2: enough; S3: necessary", color=style.RED, **text)
    right.text(0.5, 0.7, "ZL-4.2: necessary", **text)
