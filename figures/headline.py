"""The headline figure: exponential cost becomes polynomial.

Both panels show cost in reference draws against the horizon, costs on a log axis; a straight line
is an exponential on the left, a power on the right. Markers are computed costs (error bars: 95%),
an arrow marks a censored one. Lines are theory: for SMC the first-order prediction of S6, for naive
sampling the exact law of S7, dotted its rate, T exp(KL(pi || pi_ref)). The band is the range in
which the exponent 2 log(1 + eps) holds the worst case at constant eps: at least S3's queries, at
most S2's particles. The legend gives fits to the markers with 95% intervals.
"""

import math
from pathlib import Path

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from treesmc.figures import style
from treesmc.figures.style import Look
from treesmc.sims.experiments.headline import SERIES, fit_series
from treesmc.sims.experiments.shards import Row, read_table
from treesmc.theory.bounds import log_hidden_queries, log_uniform_particles

LOOKS: dict[str, Look] = {
    "naive": Look(style.INK, "s", (0, ())),
    "constant": Look(style.RED, "^", (0, (5, 1.5))),
    "log-over-T": Look(style.ORANGE, "D", (0, (5, 1.5, 1, 1.5))),
    "over-T": Look(style.GREEN, "o", (0, (3, 1.2))),
    "exact": Look(style.BLUE, "v", (0, (1.5, 1))),
}
NAMES = {
    "naive": r"naive sampling",
    "constant": r"SMC, $\varepsilon = 0.05$",
    "log-over-T": r"SMC, $\varepsilon = \log T\,/\,2T$",
    "over-T": r"SMC, $\varepsilon = 1/T$",
    "exact": r"SMC, $\varepsilon = 0$",
}
POLYNOMIAL_CEILING = 3e9  # the right panel is about polynomials; exponentials leave it at the top


def draw(csv_path: Path, out_dir: Path) -> list[Path]:
    """Draw ``headline.pdf`` and ``headline.png`` from the table; return their paths."""
    with style.active():
        return style.save(build(read_table(csv_path)), out_dir, "headline")


def build(rows: list[Row]) -> Figure:
    """Return the figure of the table's rows."""
    figure = Figure(figsize=(style.PAGE_WIDTH, 3.5), layout="constrained")
    left, right = figure.subplots(1, 2)
    for axes in (left, right):
        _draw_band(axes, _of(rows, "constant"))
        for name in LOOKS:
            _draw_series(axes, _of(rows, name), LOOKS[name], _label(rows, name))
        axes.set_yscale("log")
        axes.set_xlabel(r"horizon $T$")
    _finish(left, right, rows)
    handles, labels = left.get_legend_handles_labels()
    figure.legend(handles, labels, loc="outside lower center", ncols=2)
    return figure


def _finish(left: Axes, right: Axes, rows: list[Row]) -> None:
    """Set scales, limits and titles."""
    T = sorted({row["T"] for row in rows})
    left.set(ylabel="cost (reference draws)", title="exponentials are straight", xlim=(0, None))
    right.set_xscale("log", base=2)
    right.set_xticks(T[::2], [f"{t:.0f}" for t in T[::2]])
    right.set(title="polynomials are straight", ylim=(None, POLYNOMIAL_CEILING))


def _of(rows: list[Row], name: str) -> list[Row]:
    return [row for row in rows if row["series"] == name]


def _column(rows: list[Row], key: str) -> np.ndarray:
    return np.array([row[key] for row in rows], dtype=np.float64)


def _draw_series(axes: Axes, rows: list[Row], look: Look, label: str) -> None:
    known = [row for row in rows if not row["censored"]]
    T, cost = _column(known, "T"), _column(known, "reference_draws")
    bars = np.abs([_column(known, "low") * T - cost, _column(known, "high") * T - cost])
    axes.errorbar(
        T, cost, bars, fmt=look.marker, color=look.colour, markeredgecolor="white", label=label
    )
    theory = _theory(rows)
    axes.plot(_column(rows, "T"), theory, color=look.colour, linestyle=look.dash, zorder=1)
    for row in rows:
        if row["censored"]:
            _draw_censored(axes, row, look)


def _theory(rows: list[Row]) -> np.ndarray:
    """First-order cost of SMC; naive sampling's costs are exact already."""
    key = "first_order" if rows[0]["method"] == "smc" else "n_star"
    return _column(rows, "T") * _column(rows, key)


def _draw_censored(axes: Axes, row: Row, look: Look) -> None:
    axes.annotate(
        "",
        xy=(row["T"], row["reference_draws"] * 30),
        xytext=(row["T"], row["reference_draws"]),
        arrowprops={"arrowstyle": "->", "color": look.colour},
    )


def _draw_band(axes: Axes, rows: list[Row]) -> None:
    """Shade from S3's lower to S2's upper bound on the worst case, at constant eps."""
    T = _column(rows, "T")
    lower = [log_hidden_queries(int(r["T"]), r["eps"], r["delta"]) for r in rows]
    upper = [log_uniform_particles(int(r["T"]), r["eps"], r["L"], r["delta"]) for r in rows]
    low, high = np.maximum(np.exp(lower), 1.0), T * np.exp(upper)
    axes.fill_between(T, low, high, color=LOOKS["constant"].colour, alpha=0.12, linewidth=0)


def _label(rows: list[Row], name: str) -> str:
    """Name of a series with its fitted law of growth."""
    fit = fit_series(rows, name)
    if fit is None:
        return NAMES[name]
    term = SERIES[name].growth[-1]
    low, high = fit.interval(term)
    value, half = fit.coefficient(term), (high - low) / 2
    if term == "log T":
        return rf"{NAMES[name]}: $T^{{{1 + value:.2f}\pm{half:.2f}}}$"
    digits = max(2, 1 - math.floor(math.log10(half)))
    return rf"{NAMES[name]}: $e^{{({value:.{digits}f}\pm{half:.{digits}f})T}}$"
