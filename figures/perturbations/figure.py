r"""The perturbations figure: same Bellman error, costs that are orders of magnitude apart.

N* for TV <= 1/10 on one tree under four perturbations: against T at eps = 1/10, and against eps and
the value error eps_V at T = 64. Markers: the median over random draws of the perturbation, bars
their range. Grey: SMC with the true value, and naive sampling, which needs no reward model. Red,
solid: S2, left from eps and from the eps_V of `value_noise`, right as a function of eps_V; L is
that of the true value. eps_V is free of a factor per depth (see the experiment).
"""

import math
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from treesmc.figures import style
from treesmc.figures.guided.figure import LOOKS
from treesmc.figures.perturbations.points import EPS, ERROR_HORIZON, REFERENCES
from treesmc.figures.rows import column, of
from treesmc.figures.style import bound_look
from treesmc.sims.base import portable
from treesmc.sims.sweeps.shards import Row
from treesmc.sims.trees.tree import FloatArray
from treesmc.theory.bounds import log_uniform_particles, uniform_particles_value_error

LABELS = {"exact": "exact value", "naive": "naive sampling"}
DASHES = dict(zip(REFERENCES, ((0, (1, 1.2)), (0, (4, 1.5))), strict=True))
TEXT: dict[str, Any] = {"fontsize": 7.5, "color": style.RED}


def build(rows: list[Row]) -> Figure:
    """Return the figure of the table's rows."""
    figure = Figure(figsize=(style.PAGE_WIDTH, 3.1), layout="constrained")
    panels = figure.subplots(1, 3, sharey=True)
    along_T, along_eps = of(rows, eps=EPS), of(rows, T=ERROR_HORIZON)
    axis_of = ((along_T, "T"), (along_eps, "eps"), (along_eps, "seen_value_error"))
    for axes, (used, key) in zip(panels, axis_of, strict=True):
        for name in LOOKS:
            _draw_perturbation(axes, of(used, series=name), key, name)
    _draw_references(panels, of(rows, eps=0.0))
    _draw_bounds(panels, rows)
    _finish(*panels)
    legend = {"loc": "outside lower center", "ncols": 6, "columnspacing": 1.2}
    figure.legend(*panels[0].get_legend_handles_labels(), **legend)
    return figure


def summarise(rows: list[Row], key: str) -> FloatArray:
    """Return median of the key and lowest, median and highest N* of each (T, eps), [4, n]."""
    groups = [of(rows, T=T, eps=eps) for T, eps in sorted({(r["T"], r["eps"]) for r in rows})]
    n = [np.quantile(column(group, "n_star"), (0, 0.5, 1)) for group in groups]
    return np.column_stack([[np.median(column(g, key)) for g in groups], np.array(n)]).T


def _draw_perturbation(axes: Axes, rows: list[Row], key: str, name: str) -> None:
    x, low, middle, high = summarise(rows, key)
    look = LOOKS[name]
    handle = look.handle() | {"linestyle": look.dash}
    bars = np.array([middle - low, high - middle])
    label = name.replace("_", " ")
    axes.errorbar(x, middle, bars, label=label, elinewidth=0.8, zorder=3, **handle)


def _draw_references(panels: list[Axes], rows: list[Row]) -> None:
    """Draw what does not depend on the perturbation: a curve against T, a level elsewhere."""
    for name in REFERENCES:
        series = of(rows, series=name)
        line: dict[str, Any] = {"color": "0.45", "linestyle": DASHES[name], "zorder": 1}
        panels[0].plot(column(series, "T"), column(series, "n_star"), label=LABELS[name], **line)
        (level,) = column(of(series, T=ERROR_HORIZON), "n_star")
        for axes in panels[1:]:
            axes.axhline(level, **line)


def _draw_bounds(panels: list[Axes], rows: list[Row]) -> None:
    delta, L = rows[0]["delta"], of(rows, series="exact")[0]["L"]
    horizons = np.unique(column(rows, "T")).astype(int).tolist()
    # Under A2, S2 with the L of V* is S2 with (1 + eps) times it in place of V's own.
    from_eps = [log_uniform_particles(T, EPS, L * (1 + EPS), delta) for T in horizons]
    noise = math.sqrt(1 + EPS) - 1
    from_value = [uniform_particles_value_error(T, noise, L, delta) for T in horizons]
    x = portable.geomspace(1e-3, 1e6, 100)
    along = [uniform_particles_value_error(ERROR_HORIZON, value, L, delta) for value in x]
    panels[0].plot(horizons, portable.exp(from_eps), **bound_look(ours=True))
    panels[0].plot(horizons, from_value, **bound_look(ours=True))
    panels[2].plot(x, along, **bound_look(ours=True))


def _finish(left: Axes, middle: Axes, right: Axes) -> None:
    left.set(yscale="log", ylim=(2, 1e12), xlim=(0, 100), xlabel="horizon $T$")
    left.set(ylabel="particles or samples needed")
    left.set_title(rf"same $\varepsilon = {EPS:g}$")
    middle.set(xscale="log", xlim=(0.003, 7), xlabel=r"Bellman error $\varepsilon$")
    middle.set_title(f"against the Bellman error, $T = {ERROR_HORIZON}$")
    right.set(xscale="log", xlim=(1e-3, 1e6), xlabel=r"value error $\varepsilon_V$")
    right.set_title(f"against the value error, $T = {ERROR_HORIZON}$")
    middle.axvline(1 / ERROR_HORIZON, color="0.8", linewidth=0.8, zorder=0)
    middle.text(1.1 / ERROR_HORIZON, 2e11, r"$\varepsilon = 1/T$", fontsize=7.5, color=style.INK)
    left.text(47, 6e6, r"S2 from $\varepsilon$", ha="center", va="center", rotation=39, **TEXT)
    left.text(98, 1.8e3, r"S2 from $\varepsilon_V$", ha="right", **TEXT)
    right.text(0.0015, 1.4e3, r"S2 from $\varepsilon_V$", **TEXT)
