"""The bench figure: speed of the samplers by size, beside their peers on the same task.

Million particle-steps per second on one thread. Solid and filled: this project; hollow: peers. A
colour is a method; counts are another route to the law of multinomial resampling.

The numbers are clocks of one machine: the table comes from ``make bench``, and ``make figures``
leaves it alone.
"""

from matplotlib.axes import Axes
from matplotlib.figure import Figure

from treesmc.figures import style
from treesmc.figures.rows import column, of
from treesmc.sims.sweeps.shards import Row

OURS = "treesmc"
SIZES = {
    "A": "A\n$T = 32$\n$N = 64$",
    "B": "B\n$T = 64$\n$N = 1024$",
    "C": "C\n$T = 256$\n$N = 16384$",
}
COLOURS = {
    "multinomial": style.BLUE,
    "systematic": style.ORANGE,
    "counts": style.GREEN,
}
LOOKS = {OURS: ("o", "-"), "cpp": ("D", "-."), "jax": ("s", "--"), "particles": ("^", ":")}
NAMES = {OURS: "treesmc", "cpp": "C++", "jax": "JAX", "particles": "particles"}


def build(rows: list[Row]) -> Figure:
    """Return the figure of the table's rows."""
    figure = Figure(figsize=(style.COLUMN_WIDTH, 3.6))
    figure.set_layout_engine("constrained")
    axes = figure.subplots()
    for engine in LOOKS:
        for method in COLOURS:
            _draw_series(axes, engine, method, of(rows, engine=engine, method=method))
    axes.set(yscale="log", ylabel="million particle-steps per second", xlim=(-0.15, 2.15))
    axes.set_xticks(range(len(SIZES)), SIZES.values())
    figure.legend(loc="outside lower center", ncols=2, columnspacing=1.2)
    return figure


def _draw_series(axes: Axes, engine: str, method: str, rows: list[Row]) -> None:
    if not rows:
        return
    (marker, dash), colour = LOOKS[engine], COLOURS[method]
    face = colour if engine == OURS else "white"
    place = [list(SIZES).index(row["size"]) for row in rows]
    axes.plot(
        place, column(rows, "value"), color=colour, linestyle=dash, marker=marker,
        markerfacecolor=face, label=f"{NAMES[engine]}, {method}",
    )  # fmt: skip
