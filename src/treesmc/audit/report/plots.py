"""The plots of a report, as SVG text that refers to nothing outside itself."""

from __future__ import annotations

import io
import math
import re
from collections.abc import Callable
from typing import Any

import matplotlib
import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from treesmc.audit.measure.drift import GROWTH
from treesmc.audit.predict.routes import FIRST_ORDER_BOUND, PREDICTION, WORST_CASE_BOUND
from treesmc.audit.report.report import Report
from treesmc.figures import style
from treesmc.sims.base import portable
from treesmc.sims.trees.tree import FloatArray

LOG10 = portable.log(10)
HEIGHT = 2.5  # inches
LARGEST_SHOWN = 12.0  # log10 of the most particles on an axis
LARGEST_DRAWN = 1e100
CLAIM_COLOURS = {
    WORST_CASE_BOUND: style.RED,
    FIRST_ORDER_BOUND: style.ORANGE,
    PREDICTION: style.BLUE,
}
SVG_SETTINGS: Any = {  # the same report, the same bytes
    "svg.hashsalt": "treesmc",
    "svg.fonttype": "path",
    "font.family": "DejaVu Sans",  # ships with matplotlib; beside the page's own sans serif
    "mathtext.fontset": "dejavusans",
}


def draw(report: Report, name: str, width: float) -> str:
    """Return the plot of a name as an ``<svg>`` element, ``width`` inches wide."""
    with style.active(), matplotlib.rc_context(SVG_SETTINGS):
        figure = Figure(figsize=(width, HEIGHT), layout="constrained")
        PLOTS[name](figure.add_subplot(), report)
        text = io.StringIO()
        figure.savefig(text, format="svg", transparent=True, metadata={"Date": None})
    svg = text.getvalue()
    return re.sub(r"<metadata>.*?</metadata>", "", svg[svg.index("<svg") :], flags=re.DOTALL)


def _shown(values: Any) -> FloatArray:
    """Return numbers with nan, which is not drawn, in place of those that no axis can hold."""
    x = np.asarray(values, dtype=np.float64)
    return np.where(np.abs(x) < LARGEST_DRAWN, x, np.nan)


def bellman(axes: Axes, report: Report) -> None:
    """Quantiles of the log Bellman ratio by depth, with and without the noise."""
    rows = [s for s in report.bellman_by_depth if s.prefixes]
    depth = [s.depth or 0 for s in rows]
    low, middle, high = (_shown([s.quantiles[k].value for s in rows]) for k in (1, 2, 3))
    raw_low, raw_high = (_shown([s.raw_quantiles[k] for s in rows]) for k in (1, 3))
    axes.fill_between(depth, low, high, color=style.BLUE, alpha=0.25, lw=0, label="5% to 95%")
    axes.plot(depth, middle, "o-", color=style.BLUE, label="median")
    axes.plot(depth, raw_low, "--", color=style.INK, lw=0.8, label="with noise")
    axes.plot(depth, raw_high, "--", color=style.INK, lw=0.8)
    axes.axhline(0, color="0.7", lw=0.6, zorder=0)
    axes.set(xlabel="depth", ylabel="log Bellman ratio")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    _legend(axes)


def drift(axes: Axes, report: Report) -> None:
    """Spread of V*/V by depth, and the growth law that fits it best."""
    assert report.drift is not None
    rows = [d for d in report.drift.by_depth if d.depth > 0]
    depth = np.array([d.depth for d in rows])
    value, low, high = (
        _shown([getattr(d.spread, k) for d in rows]) for k in ("value", "low", "high")
    )
    axes.vlines(depth, low, high, color=style.BLUE, lw=1)
    axes.plot(depth, value, "o", color=style.BLUE, label="measured, 95%")
    power = GROWTH.get(report.drift.growth)
    if power is not None and np.isfinite(value).all():
        law = (report.horizon - depth) ** (power / 2)
        scale = portable.matmul(law, value) / portable.matmul(law, law)
        axes.plot(depth, scale * law, "-", color=style.ORANGE, label=report.drift.growth)
    axes.set(xlabel="depth", ylabel="spread of V*/V")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_ylim(bottom=0)
    _legend(axes)


def steps(axes: Axes, report: Report) -> None:
    """Share of each step in the variance of Zhat."""
    shares = report.prediction.v_steps
    t = np.arange(1, len(shares) + 1)
    value = np.maximum(_shown([x.value for x in shares]), 0.0)
    axes.bar(t, value, color=style.BLUE, alpha=0.7, width=0.8)
    bounds = _shown([(x.low, x.high) for x in shares])
    axes.vlines(t, *np.maximum(bounds.T, 0.0), color=style.INK, lw=0.9)
    axes.set(xlabel="step", ylabel="variance $v_t$")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))


def curve(axes: Axes, report: Report) -> None:
    """Predicted total variation against particles."""
    N, tv = np.array(report.prediction.curve).T
    shown = tv > report.delta / 30
    if not shown.any():  # the tolerance alone gives an axis no extent
        axes.set(xlim=(N[0], N[-1]), ylim=(report.delta / 30, 1))
    axes.loglog(N[shown], tv[shown], "o-", color=style.BLUE, label="predicted")
    axes.axhline(
        report.delta, color=style.INK, lw=0.8, ls="--", label=f"tolerance {report.delta:g}"
    )
    needed = report.prediction.route("predicted").log_n
    if math.isfinite(needed.low) and math.isfinite(needed.high):
        axes.axvspan(
            portable.exp(needed.low), portable.exp(needed.high), color=style.BLUE, alpha=0.2, lw=0
        )
    axes.set(xlabel="particles N", ylabel="total variation")
    _legend(axes)


def routes(axes: Axes, report: Report) -> None:
    """Particles by route, coloured by what the route claims."""
    rows = [r for r in report.prediction.routes if not math.isnan(r.log_n.value)][::-1]
    for y, route in enumerate(rows):
        x = route.log_n.value / LOG10
        colour = CLAIM_COLOURS.get(route.claim, "0.6")
        if x > LARGEST_SHOWN:
            axes.plot(LARGEST_SHOWN, y, ">", color=colour)
            continue
        if math.isfinite(route.log_n.low):
            axes.hlines(y, route.log_n.low / LOG10, route.log_n.high / LOG10, color=colour, lw=2)
        axes.plot(x, y, "o", color=colour)
    axes.set_yticks(range(len(rows)), [route.name for route in rows])
    largest = max((r.log_n.value / LOG10 for r in rows), default=1.0)
    axes.set_xlim(-0.15, min(largest, LARGEST_SHOWN) + 0.4)
    axes.xaxis.set_major_formatter(lambda x, _: f"$10^{{{x:g}}}$")
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.set_xlabel("particles (best-of-n: samples)")
    for claim, colour in [*CLAIM_COLOURS.items(), ("no claim", "0.6")]:
        axes.plot([], [], "o", color=colour, label=claim)
    _legend(axes, columns=2)


def shapes(axes: Axes, report: Report) -> None:
    """Particles predicted for powers of V."""
    rows = [(float(r.name[2:]), r.log_n) for r in report.reshaped if r.name.startswith("V^")]
    gamma, log_n = np.array(rows).T
    axes.semilogy(gamma, portable.exp(_shown(log_n)), "o-", color=style.BLUE)
    axes.axvline(1, color="0.7", lw=0.6, zorder=0)
    axes.set(xlabel=r"exponent $\gamma$ of $V^\gamma$", ylabel="particles N")


def _legend(axes: Axes, columns: int = 4) -> None:
    above: Any = {"loc": "lower left", "bbox_to_anchor": (0, 1), "borderaxespad": 0}
    axes.legend(ncols=columns, handlelength=1.4, **above)


PLOTS: dict[str, Callable[[Axes, Report], None]] = {
    plot.__name__: plot for plot in (bellman, drift, steps, routes, curve, shapes)
}
"""Plots by name, as sections ask for them."""
