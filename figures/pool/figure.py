"""The pool figure: Algorithm 2's accuracy, its cost in T, and its detailed balance.

Left, exact TV against iterations H on `needle_in_drift` (T = 64, eps = 1/T), by pool size M; dashed
is the tolerance 1/10 of the next panel. Middle, least cost M T (H + 1) that meets it: markers are
exact, lines the limits T -> infinity, powers 3/2 and 2; dashed is a power 3, ZL-6.1's. Right, the
chain on all pools and picks of a small tree: how far the marginal of its stationary law is from pi
(filled), and the largest difference of opposite flows (hollow), for the acceptance of the paper,
which balances, and for two that look like it. Pools of one child have weight one: all agree there.
"""

from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from treesmc.figures import style
from treesmc.figures.pool.points import DEGREES
from treesmc.figures.rows import column, of
from treesmc.figures.style import Look, bound_look, ordered_looks
from treesmc.sims.laws.pool_chain import SCORES
from treesmc.sims.sweeps.shards import Row

FLOOR = 1e-14  # where zero is drawn: less than the table resolves
SHOWN = 1e-5  # least TV of the left panel
TREES = {
    0.0: (Look(style.BLUE, "o", "-"), "$V = V^*$"),
    1.0: (Look(style.GREEN, "s", "-"), r"$\varepsilon = 1/T$"),
    2.0: (Look(style.ORANGE, style.DIAMOND, "-"), r"$\varepsilon = 2/T$"),
}
SCORE_LOOKS = {
    "phi / w": (Look(style.BLUE, "o"), r"$\varphi/w$"),
    "phi": (Look(style.ORANGE, style.DIAMOND), r"$\varphi$"),
    "phi w": (Look(style.RED, "^"), r"$\varphi\,w$"),
}
POWERS = ("$10^{-4}$", "$10^{-8}$", "$10^{-12}$")
PLACES = dict(zip(SCORES, (-0.2, 0.0, 0.2), strict=True))


def build(rows: list[Row]) -> Figure:
    """Return the figure of the table's rows."""
    figure = Figure(figsize=(style.PAGE_WIDTH, 3.0), layout="constrained")
    left, middle, right = figure.subplots(1, 3, width_ratios=(1, 1.15, 1))
    (delta,) = {row["delta"] for row in of(rows, series="least")}
    _draw_accuracy(left, of(rows, series="accuracy"), delta)
    _draw_cost(middle, rows)
    _draw_balance(right, of(rows, series="balance"))
    for axes in (left, middle, right):
        axes.legend(
            loc="upper center",
            bbox_to_anchor=(0.5, -0.2),
            ncols=2,
            columnspacing=1.0,
            handletextpad=0.3,
        )
    return figure


def _draw_accuracy(axes: Axes, rows: list[Row], delta: float) -> None:
    pools = sorted({row["M"] for row in rows})
    for M, look in zip(pools, ordered_looks(len(pools)), strict=True):
        series = of(rows, M=M)
        handle = look.handle() | {"linestyle": "-"}
        axes.plot(column(series, "H"), column(series, "tv"), label=f"$M = {M:g}$", **handle)
    axes.axhline(delta, **bound_look(ours=False))
    axes.set(yscale="log", ylim=(SHOWN, 1), xlabel="iterations $H$", ylabel="TV from the target")
    axes.set_title(rf"accuracy, $T = {rows[0]['T']:g}$, $\varepsilon = 1/T$")


def _draw_cost(axes: Axes, rows: list[Row]) -> None:
    for c in sorted({row["c"] for row in of(rows, series="least")}):
        series, limit = of(rows, series="least", c=c), of(rows, series="limit", c=c)
        look, name = TREES[c]
        T = column(series, "T")
        axes.plot(T, column(series, "cost"), label=name, **look.handle())
        axes.plot(T, limit[0]["cost"] * T ** DEGREES[c], color=look.colour, zorder=1)
    _draw_powers(axes)
    axes.set(xscale="log", yscale="log", xlabel="horizon $T$", ylabel="least cost $M\\,T\\,(H+1)$")
    ticks = (8, 32, 128, 512)
    axes.set_xticks(ticks, [str(t) for t in ticks])
    axes.set_xticks([], minor=True)
    axes.set(xlim=(6.5, 620), ylim=(15, 4e6))
    axes.set_title("cost of TV $\\leq 1/10$")


def _draw_powers(axes: Axes) -> None:
    """Draw the power 3 and write all powers beside their lines."""
    T = np.array([8.0, 128.0])
    axes.plot(T, 4.5 * T**3, **bound_look(ours=False))
    text: dict[str, Any] = {"fontsize": 8, "ha": "left", "va": "center"}
    axes.text(8, 2.5e5, "ZL-6.1: $T^3$", color=style.INK, **text)
    axes.text(62, 2.2e5, "$T^2$", color=TREES[2.0][0].colour, **text)
    axes.text(300, 1.2e5, "$T^2$", color=TREES[1.0][0].colour, **text)
    axes.text(230, 2.2e3, "$T^{3/2}$", color=TREES[0.0][0].colour, **text)


def _draw_balance(axes: Axes, rows: list[Row]) -> None:
    for score, (look, name) in SCORE_LOOKS.items():
        series = of(rows, score=score)
        place = column(series, "M") + PLACES[score]
        tv = np.maximum(column(series, "tv"), FLOOR)
        axes.plot(place, tv, label=f"{name}: TV", **look.handle())
        flows = np.maximum(column(series, "imbalance"), FLOOR)
        axes.plot(place, flows, label=f"{name}: flows", **look.hollow())
    axes.set(yscale="log", ylim=(FLOOR / 4, 10), xlabel="pool size $M$", xlim=(0.5, 3.5))
    axes.set_yticks([1, 1e-4, 1e-8, 1e-12, FLOOR], ["1", *POWERS, "0"])
    axes.set_xticks([1, 2, 3])
    axes.set_title("balance, by what is compared")
