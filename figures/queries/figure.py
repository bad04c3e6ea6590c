"""The queries figure: the lower bound at work on `needle`, and SMC as a population.

Left, success at finding the hidden symbol against effort: q/H for strategies, N/H for SMC. S3's
(q + 1)/H (one line per H) is attained by asking for fresh symbols (filled); asking at random
repeats itself (hollow); SMC (dashed) stays below, and climbs to the target's mass. Middle and
right, the hidden share of SMC's weight in single runs: N = H is too few, with N = 200 H runs follow
a logistic curve, the limit for many particles. Dashed: the mean over runs, which ends at the
success of the same tree on the left.
"""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from treesmc.figures import style
from treesmc.figures.rows import column, of
from treesmc.figures.style import ordered_looks
from treesmc.sims.sweeps.shards import Row

REACH = 1.5  # of q/H and N/H
STRATEGIES = {"fresh": "fresh", "repeats": "at random"}
DASHED = (0, (4, 1.5))
SHADES = (style.ORANGE, style.RED, style.PURPLE)
RUN: dict[str, Any] = {"color": style.BLUE, "linewidth": 0.6, "alpha": 0.6, "zorder": 0}


def build(rows: list[Row]) -> Figure:
    """Return the figure of the table's rows."""
    figure = Figure(figsize=(style.PAGE_WIDTH, 3.2))
    figure.set_layout_engine("constrained", wspace=0.06)
    left, *crowds = figure.subplots(1, 3, width_ratios=(1.5, 1, 1))
    _draw_strategies(left, rows)
    _draw_smc(left, rows)
    sizes = sorted({row["N"] for row in of(rows, series="mean")})
    for axes, N in zip(crowds, sizes, strict=True):
        _draw_population(axes, of(rows, N=N))
    _finish(left, *crowds)
    entries = zip(*(axes.get_legend_handles_labels() for axes in (left, crowds[0])), strict=True)
    figure.legend(*map(sum, entries, ([], [])), loc="outside lower center", ncols=4)
    return figure


def _draw_strategies(axes: Axes, rows: list[Row]) -> None:
    """Draw S3's line for every H, and the two strategies on it and below it."""
    symbols = sorted({row["H"] for row in of(rows, series="fresh")})
    looks = dict(zip(symbols, ordered_looks(len(symbols)), strict=True))
    for H, look in looks.items():
        q = np.array([0, H - 1, REACH * H])
        axes.plot(q / H, np.minimum(1, (q + 1) / H), color=look.colour, zorder=1)
    for name, label in STRATEGIES.items():
        for H, look in looks.items():
            series = of(rows, series=name, H=H)
            shape = look.handle() if name == "fresh" else look.hollow("white")
            x, y = column(series, "q") / H, column(series, "success")
            axes.plot(x, y, label=f"{label}, $H = {H:g}$", clip_on=False, **shape)


def _draw_smc(axes: Axes, rows: list[Row]) -> None:
    """Draw SMC's success tree by tree, and the hidden symbol's mass under the target."""
    trees = of(rows, series="smc")
    for eps, colour in zip(sorted({r["eps"] for r in trees}, reverse=True), SHADES, strict=False):
        series = of(trees, eps=eps)
        x = column(series, "N") / column(series, "H")
        label = rf"SMC, $\varepsilon = {eps:g}$"
        axes.plot(x, column(series, "success"), color=colour, linestyle=DASHED, label=label)
    axes.axhline(trees[0]["limit"], color="0.6", linestyle=":", zorder=0)


def _draw_population(axes: Axes, rows: list[Row]) -> None:
    """Draw the runs of one population size, their mean and their limit."""
    runs = of(rows, series="run")
    seeds = sorted({row["seed"] for row in runs})
    for seed in seeds:
        path = of(runs, seed=seed)
        label = None if seed else "one run of SMC"
        axes.plot(column(path, "t"), column(path, "share"), label=label, **RUN)
    lost = len(of(runs, t=runs[-1]["t"], share=0.0))
    axes.text(0.4, 0.95, f"{lost} of {len(seeds)} runs lost", fontsize=7.5)
    means = of(rows, series="mean")
    t = column(means, "t")
    axes.plot(t, column(means, "share"), color=style.RED, linestyle=DASHED, label="mean")
    axes.plot(t, column(means, "limit"), color=style.INK, zorder=1, label=r"$N \to \infty$")
    crowd = round(means[0]["N"] / means[0]["H"])
    axes.set(title="$N = H$" if crowd == 1 else f"$N = {crowd}\\,H$", xlabel="depth $t$")
    axes.set(xlim=(0, t.max() + 0.3), ylim=(0, 1.02))


def _finish(left: Axes, *crowds: Axes) -> None:
    left.set(xlim=(0, REACH), ylim=(0, 1.02), xlabel="$q/H$; for SMC $N/H$")
    left.set(ylabel="success", title="finding the hidden one of $H$ symbols")
    left.text(0.02, 0.93, "S3: $(q + 1)/H$", fontsize=7.5)
    left.text(REACH, 0.515, "target", fontsize=7.5, ha="right", color="0.4")
    left.set_xticks([0, 0.5, 1, 1.5], ["0", "0.5", "1", "1.5"])
    crowds[0].set(ylabel="hidden share of the weight")
    crowds[1].set(yticklabels=[])
