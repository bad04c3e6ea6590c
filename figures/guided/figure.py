"""The guided figure: TV of single-particle guided sampling against eps T.

Left: on S4's extremal tree the exact TV of four horizons (markers) is S4's tanh (lines), whereas on
the tree V = r^(ones) it is zero at every eps T, so 1/(2T) is no threshold of failure. Dashed: 2 T
eps of ZL-4.3. Right, in logarithms: the perturbations of fair bits (T = 64, filled) and of random
trees (T = 6, hollow) share eps and differ by orders of magnitude; all are below S4's tanh (solid,
long horizons), itself a quarter of ZL-4.3's bound at first order.
"""

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from treesmc.figures import style
from treesmc.figures.rows import column, of
from treesmc.figures.style import Look, bound_look, ordered_looks
from treesmc.sims.base import portable
from treesmc.sims.sweeps.shards import Row
from treesmc.theory.bounds import guided_single_tv, zhu_lu_guided_tv

LOOKS = {
    "hidden": Look(style.ORANGE, style.DIAMOND, (0, (5, 1.5))),
    "persistent": Look(style.BLUE, "o", (0, (3, 1.2))),
    "random_sign": Look(style.GREEN, "^", (0, (5, 1.5, 1, 1.5))),
    "value_noise": Look(style.PURPLE, "v", (0, (1.5, 1))),
}
X = portable.geomspace(0.01, 20, 200)
LONG = 10**6  # a horizon at which (T - 1)/2 log(1 + x/T) is x/2
THRESHOLD = 0.5  # 1/(2T), as eps T


def build(rows: list[Row]) -> Figure:
    """Return the figure of the table's rows."""
    figure = Figure(figsize=(style.PAGE_WIDTH, 3.3), layout="constrained")
    left, right = figure.subplots(1, 2)
    _draw_worst(left, rows)
    _draw_exact(left, rows)
    _draw_perturbations(right, rows)
    for axes in (left, right):
        axes.plot(X, [zhu_lu_guided_tv(1, x) for x in X], **bound_look(ours=False))
        axes.set(xscale="log", xlabel=r"$\varepsilon\,T$")
    right.plot(X, [guided_single_tv(LONG, x / LONG) for x in X], **bound_look(ours=True))
    _finish(left, right)
    for axes in (left, right):
        axes.legend(loc="upper center", bbox_to_anchor=(0.5, -0.2), ncols=2, columnspacing=1.0)
    return figure


def _draw_worst(axes: Axes, rows: list[Row]) -> None:
    """Draw S4's tree, and its formula, horizon by horizon."""
    horizons = sorted({row["T"] for row in of(rows, base="persistent")})
    for T, look in zip(horizons, ordered_looks(len(horizons)), strict=True):
        series = of(rows, base="persistent", T=T)
        axes.plot(X, [guided_single_tv(T, x / T) for x in X], color=look.colour, zorder=1)
        x, tv = T * column(series, "eps"), column(series, "tv")
        axes.plot(x, tv, label=f"S4's worst tree, $T = {T:g}$", **look.handle())


def _draw_exact(axes: Axes, rows: list[Row]) -> None:
    """Draw the tree on which guided sampling is exact at every eps, all horizons alike."""
    series = of(rows, base="power")
    x, tv = column(series, "T") * column(series, "eps"), column(series, "tv")
    label = r"exact: $V = (1 + 2\varepsilon)^{\mathrm{ones}}$"
    axes.plot(x, tv, label=label, clip_on=False, **Look(style.RED, "X").handle())


def _draw_perturbations(axes: Axes, rows: list[Row]) -> None:
    for name, look in LOOKS.items():
        filled, hollow = look.handle() | {"linestyle": look.dash}, look.hollow() | {"markersize": 3}
        shapes = {"fair bits": filled, "random trees": hollow}
        for (where, shape), base in zip(shapes.items(), ("product", "random"), strict=True):
            series = of(rows, base=base, perturbation=name)
            x, tv = column(series, "T") * column(series, "eps"), column(series, "tv")
            axes.plot(x, tv, label=f"{name.replace('_', ' ')}, {where}" if series else "", **shape)


def _finish(left: Axes, right: Axes) -> None:
    left.set(xlim=(0.015, 20), ylim=(-0.02, 1.04), ylabel="total variation")
    left.set_title("exact worst case, and no threshold of failure")
    left.axvline(THRESHOLD, color="0.6", linestyle=":", zorder=0)
    left.text(THRESHOLD * 1.15, 0.035, r"$\varepsilon = 1/2T$: no threshold", fontsize=7.5)
    right.set(xlim=(0.015, 20), ylim=(1e-5, 2), yscale="log", ylabel="total variation")
    right.set_title(r"same $\varepsilon$, very different errors")
    left.text(0.24, 0.56, r"ZL-4.3: $2\,T\varepsilon$", fontsize=7.5, ha="right")
    right.text(0.042, 0.22, r"ZL-4.3: $2\,T\varepsilon$", fontsize=7.5, ha="center")
    right.text(6, 1.15, "S4: tanh", fontsize=7.5, ha="left", color=style.RED)
