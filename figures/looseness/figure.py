"""How loose is each bound: particles for TV <= 1/10 at eps = 1/T, and their ratio to N*.

One column per kind of tree. Dashed grey, the paper's: ZL-5.1 and the bound inside its proof. Solid,
this project's: S2 from T, eps and L, S2 from the tree's mixing ratios, S1's certificate. Dotted:
the first-order prediction (S6), no bound. Markers: N*, exact or measured (error bars: 95%).
"""

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from treesmc.figures import style
from treesmc.figures.looseness.points import TREES
from treesmc.figures.rows import bars, column, of
from treesmc.figures.style import Look
from treesmc.sims.base import portable
from treesmc.sims.sweeps.shards import Row
from treesmc.sims.trees.tree import FloatArray
from treesmc.theory.bounds import (
    log_uniform_particles,
    log_zhu_lu_middle_tv,
    log_zhu_lu_particles,
)

DASHED, SOLID, DOTTED = (0, (4, 1.5)), (0, ()), (0, (1.2, 1))
LOOKS = {
    "ZL-5.1": Look(style.INK, "s", DASHED),
    "inside ZL-5.1's proof": Look("0.55", "P", DASHED),
    r"S2 from $T, \varepsilon, L$": Look(style.RED, "^", SOLID),
    "S2 from the tree": Look(style.ORANGE, style.DIAMOND, SOLID),
    "S1's certificate": Look(style.GREEN, "v", SOLID),
    "first-order prediction (S6)": Look(style.BLUE, "", DOTTED),
}
TITLES = {
    "needle": "needle",
    "needle_in_drift": "needle in drift",
    "random_sign": "fair bits, random signs",
}


def build(rows: list[Row]) -> Figure:
    """Return the figure of the table's rows."""
    figure = Figure(figsize=(style.PAGE_WIDTH, 4.4), layout="constrained")
    panels = figure.subplots(2, len(TREES), sharex=True, sharey="row")
    for (above, below), name in zip(panels.T, TREES, strict=True):
        series = of(rows, series=name)
        T, n = column(series, "T"), column(series, "n_star")
        for label, values in routes(series).items():
            _draw_route(above, T, values, label)
            _draw_route(below, T, values / n, label)
        _draw_truth(above, series)
        above.set_title(TITLES[name])
        below.axhline(1, color="0.75", linewidth=0.8, zorder=0)
        below.set(xlabel="horizon $T$")
    _finish(*panels[:, 0])
    handles = panels[0, 0].get_legend_handles_labels()
    figure.legend(*handles, loc="outside lower center", ncols=4, columnspacing=1.2)
    return figure


def routes(rows: list[Row]) -> dict[str, FloatArray]:
    """Return particles by every route but the true one, in the order of `LOOKS`."""
    seen = [(int(row["T"]), row["eps"], row["L"], row["delta"]) for row in rows]
    closed = [
        [log_zhu_lu_particles(*s) for s in seen],
        [log_zhu_lu_middle_tv(*s) for s in seen],  # N and TV trade places: N TV is constant
        [log_uniform_particles(*s) for s in seen],
    ]
    of_tree = [column(rows, key) for key in ("instance", "certified", "first_order")]
    return dict(zip(LOOKS, [*portable.exp(closed), *of_tree], strict=True))


def _draw_route(axes: Axes, T: FloatArray, values: FloatArray, label: str) -> None:
    look = LOOKS[label]
    line = {"color": look.colour, "linestyle": look.dash, "marker": look.marker}
    axes.plot(T, values, label=label, markersize=3.2, markeredgecolor="white", **line)


def _draw_truth(axes: Axes, rows: list[Row]) -> None:
    T, n = column(rows, "T"), column(rows, "n_star")
    truth = {"fmt": "o", "color": style.PURPLE, "markeredgecolor": "white", "elinewidth": 0.8}
    axes.errorbar(T, n, bars(rows), label="$N^*$", zorder=3, **truth)


def _finish(above: Axes, below: Axes) -> None:
    """Set the scales, which the panels share."""
    above.set_xscale("log", base=2)
    ticks = (4, 16, 64)
    above.set_xticks(ticks, [str(t) for t in ticks])
    above.set(yscale="log", ylabel="particles")
    below.set(yscale="log", ylabel="particles $/\\ N^*$")
