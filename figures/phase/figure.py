"""The phase diagram: polynomial if and only if eps is O(log T / T).

Left and middle, eps = c T^-a on `needle`: the local degree d log N* / d log T of the first-order
law (S6), at a short and at a very long horizon. Lines of equal degree turn into the boundary a = 1
(white) as T grows, and so does the dashed line c T^-a = log T / (2T). Right, N* for TV <= 1/10, at
the eps written beside each curve: markers are exact or measured values (error bars: 95%), lines the
first-order law. On logarithmic axes a power of T is straight. For eps = T^-5/4 one particle is
enough in the end, which a law of many particles does not see.
"""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import BoundaryNorm
from matplotlib.contour import QuadContourSet
from matplotlib.figure import Figure

from treesmc.figures import style
from treesmc.figures.phase.points import epsilon_of, log_needle_constant
from treesmc.figures.rows import bars, column, of
from treesmc.figures.style import Look
from treesmc.sims.base import portable
from treesmc.sims.sweeps.shards import Row

LEVELS = (0, 1, 1.5, 2, 3, 5, 10, 30, 1000)
LOOKS: dict[float | None, Look] = {
    0.0: Look(style.RED, "^", (0, (5, 1.5))),
    0.5: Look(style.PURPLE, "s", (0, (3, 1, 1, 1))),
    0.75: Look(style.INK, "P", (0, ())),
    None: Look(style.ORANGE, style.DIAMOND, (0, (5, 1.5, 1, 1.5))),
    1.0: Look(style.GREEN, "o", (0, (3, 1.2))),
    1.25: Look(style.BLUE, "v", (0, (1.5, 1))),
}
EDGE = r"$\frac{\log T}{2T}$"
LABELS: dict[float | None, tuple[str, float, float]] = {  # at T, N
    0.0: (r"$\varepsilon = 1$", 4.4, 2e6),
    0.5: ("$T^{-1/2}$", 19, 8e5),
    0.75: ("$T^{-3/4}$", 600, 1.3e6),
    None: (EDGE, 600, 3.5e4),
    1.0: ("$T^{-1}$", 600, 1.5e3),
    1.25: ("$T^{-5/4}$", 600, 1.5e2),
}


def build(rows: list[Row]) -> Figure:
    """Return the figure of the table's rows."""
    figure = Figure(figsize=(style.PAGE_WIDTH, 3.0), layout="constrained")
    *maps, right = figure.subplots(1, 3, width_ratios=(1, 1, 1.45))
    grid = of(rows, series="map")
    for axes, T in zip(maps, sorted({row["T"] for row in grid}), strict=True):
        shading = _draw_map(axes, of(grid, T=T), int(T))
    maps[0].set_ylabel("factor $c$")
    maps[1].tick_params(labelleft=False)
    bar: dict[str, Any] = {"location": "bottom", "aspect": 35, "pad": 0.03, "ticks": LEVELS[1:-1]}
    colours = figure.colorbar(
        shading, ax=maps, label="local degree in $T$ of the first-order $N^*$", **bar
    )
    colours.ax.set_xticklabels([f"{level:g}" for level in LEVELS[1:-1]])
    for a, look in LOOKS.items():
        _draw_line(right, of(rows, series="line", a=a), a, look)
    _finish(right)
    return figure


def _draw_map(axes: Axes, rows: list[Row], T: int) -> QuadContourSet:
    a, c = (sorted({row[key] for row in rows}) for key in ("a", "c"))
    degree = column(sorted(rows, key=lambda r: (r["c"], r["a"])), "degree")
    shading = axes.contourf(
        a,
        c,
        np.minimum(degree, LEVELS[-1] - 1).reshape(len(c), len(a)),
        levels=LEVELS,
        norm=BoundaryNorm(LEVELS, 256),
        cmap="rocket_r",
    )
    axes.axvline(1, color="white", linewidth=1.6)
    ends = np.array([a[0], a[-1]])  # of a straight line, here
    edge = 0.5 * portable.log(T) * portable.power(T, ends - 1)
    axes.plot(ends, edge, color="white", linestyle=(0, (4, 1.5)), label=EDGE)
    axes.set(yscale="log", xlim=(a[0], a[-1]), ylim=(c[0], c[-1]), xlabel="power $a$")
    axes.set_title(rf"$\varepsilon = c\,T^{{-a}}$, $T = 2^{{{round(portable.log2(T))}}}$")
    axes.legend(loc="lower right", facecolor="0.65", edgecolor="none", frameon=True)
    axes.set_xticks([0.5, 1, 1.5], ["1/2", "1", "3/2"])
    axes.set_yticks([0.125, 0.5, 2, 4], ["1/8", "1/2", "2", "4"])
    axes.set_yticks([], minor=True)
    return shading


def _draw_line(axes: Axes, rows: list[Row], a: float | None, look: Look) -> None:
    T, n = column(rows, "T"), column(rows, "n_star")
    axes.errorbar(T, n, bars(rows), elinewidth=0.8, **look.handle())
    fine = np.unique(portable.geomspace(T[0], T[-1], 60).round()).astype(int)
    law = [log_needle_constant(t, epsilon_of(t, a)) for t in fine.tolist()]
    law = portable.exp(law) / rows[0]["delta"]
    axes.plot(fine, law, color=look.colour, linestyle=look.dash, zorder=1)
    text, x, y = LABELS[a]
    axes.text(x, y, text, color=look.colour, va="center")


def _finish(axes: Axes) -> None:
    axes.set(xlabel="horizon $T$", ylabel="particles $N^*$", yscale="log", ylim=(0.7, 1e10))
    axes.set_xscale("log", base=2)
    ticks = (4, 16, 64, 256)
    axes.set_xticks(ticks, [str(t) for t in ticks])
    axes.set_title(r"$N^*$, by $\varepsilon$: powers of $T$ are straight")
    axes.set_xlim(3.5, 560)
