"""The language figure: which reward model needs how many particles.

Above, N* for TV <= 1/10 against what a reward model is made from: rollouts to train a regression
on, and rollouts per class. Lines are the first-order law (S6, exact constant, mean of two draws),
filled markers N* measured (bars: 95%). Levels: the true value, a constant V, and naive sampling.
Below, all reward models, measured (filled) or by the first-order law (hollow): N* is no function of
the Bellman error of A2, and close to one of the asymptotic variance v.
"""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from treesmc.figures import style
from treesmc.figures.rows import bars, column, of
from treesmc.figures.style import Look
from treesmc.sims.sweeps.shards import Row

LOOKS = {
    "exact": Look(style.INK, "X", (0, (1.2, 1))),
    "regression": Look(style.BLUE, "o", "-"),
    "rollouts": Look(style.GREEN, "s", "-"),
    "hard": Look(style.RED, "^", (0, (5, 1.5))),
    "hard-label": Look(style.ORANGE, "v", (0, (3, 1.2))),
    "power": Look(style.PURPLE, style.DIAMOND, "-"),
    "short": Look("0.45", "P", "-"),
    "least-variance": Look(style.INK, "h", "-"),
}
NAMES = {
    "exact": "true value $V^*$",
    "regression": "regression on $n$ rollouts",
    "rollouts": "mean of $k$ rollouts",
    "hard": "hard label, learned",
    "hard-label": "hard label, one a class",
    "power": r"$(V^*)^\gamma$",
    "short": "trained at a shorter horizon",
    "least-variance": "least variance",
}
MOST = 6e5
LEAST = 1e-6  # of what a logarithmic axis shows
UNRESOLVED = 10.0  # a measurement known to no better than this factor is not drawn


def build(rows: list[Row]) -> Figure:
    """Return the figure of the table's rows."""
    figure = Figure(figsize=(style.PAGE_WIDTH, 4.9), layout="constrained")
    (training, rollouts), (error, variance) = figure.subplots(2, 2, sharey=True)
    _draw_series(training, rows, "regression")
    for name in ("rollouts", "hard", "hard-label"):
        _draw_series(rollouts, rows, name)
    for axes in (training, rollouts):
        _draw_levels(axes, rows, named=axes is training)
    for axes, key in ((error, "eps"), (variance, "v")):
        _draw_all(axes, rows, key)
    training.set(xlabel="rollouts $n$ trained on", xscale="log", yscale="log")
    training.set_title("a regression learns")
    rollouts.set(xlabel="rollouts $k$ per class", xscale="log", xlim=(0.7, 2e5))
    rollouts.set_title("labels from rollouts")
    error.set(xlabel=r"Bellman error $\varepsilon$", xscale="log")
    error.set_title(r"$\varepsilon$ does not tell")
    variance.set(xlabel="asymptotic variance $v$", xscale="log")
    variance.set_title("$v$ does")
    for axes in (training, error):
        axes.set_ylabel("particles $N^*$")
    training.set_ylim(10, MOST)
    handles = variance.get_legend_handles_labels()
    figure.legend(*handles, loc="outside lower center", ncols=4, columnspacing=1.2)
    return figure


def curve(rows: list[Row], name: str) -> tuple[np.ndarray, np.ndarray]:
    """Return x and the particles of the first-order law of a series, mean over draws."""
    series = of(rows, series=name)
    x = np.unique(column(series, "x"))
    return x, np.array([column(of(series, x=value), "first_order").mean() for value in x])


def measured(rows: list[Row], name: str) -> list[Row]:
    """Return the rows of a series whose N* is measured, and resolved."""
    return [
        row
        for row in of(rows, series=name)
        if row["n_star"] is not None and row["high"] < UNRESOLVED * row["low"]
    ]


def _draw_series(axes: Axes, rows: list[Row], name: str) -> None:
    look = LOOKS[name]
    axes.plot(*curve(rows, name), color=look.colour, linestyle=look.dash, marker=look.marker,
              markerfacecolor="white")  # fmt: skip
    found = measured(rows, name)
    x, n = column(found, "x"), column(found, "n_star")
    axes.errorbar(x, n, bars(found), elinewidth=0.8, zorder=3, **look.handle())


def _draw_levels(axes: Axes, rows: list[Row], named: bool) -> None:
    """Draw what does not depend on data: naive sampling, constant V, the true value."""
    levels = {
        "naive sampling": of(rows, series="naive")[0]["n_star"],
        "constant $V$": of(rows, series="power", x=0)[0]["first_order"],
        "true value $V^*$": of(rows, series="exact")[0]["first_order"],
    }
    for label, n in levels.items():
        axes.axhline(n, color="0.6", linestyle=":", zorder=0)
        if named:
            axes.annotate(
                label, (0.99, n), xycoords=("axes fraction", "data"), xytext=(0, -2),
                textcoords="offset points", ha="right", va="top", fontsize=7.5, color="0.35",
            )  # fmt: skip


def _draw_all(axes: Axes, rows: list[Row], key: str) -> None:
    """Draw every reward model: filled where measured, else hollow; eps = 0 has no place."""
    for name, look in LOOKS.items():
        found = measured(rows, name)
        rest = [row for row in of(rows, series=name) if row not in found]
        shapes = ((rest, "first_order", look.hollow("white")), (found, "n_star", look.handle()))
        for part, n, shape in shapes:
            shown = [row for row in part if row[key] > LEAST]
            axes.plot(column(shown, key), column(shown, n), **shape)
        axes.plot([], [], label=NAMES[name], **look.handle())
