"""The headline figure shows the table's numbers and the formulas; pixels are not looked at."""

import math

import numpy as np
import pytest
from drawing import drawn

from treesmc.figures.headline.figure import LOOKS, build
from treesmc.figures.headline.fits import GROWTH, fit_series
from treesmc.figures.rooms import plan


def markers(axes, look):
    """Data of the series' markers on one panel."""
    (line,) = (
        x for x in axes.lines if x.get_color() == look.colour and x.get_linestyle() == "None"
    )
    return line.get_xydata()


def labels(rows):
    return [text.get_text() for text in drawn(build, rows).legends[0].get_texts()]


def planted(rows):
    """The rows with a law of growth in place of n_star, as the fit of each series expects."""
    laws = {"T": lambda T: 100 * math.exp(0.1 * T), "log T": lambda T: 100 * T**1.5}
    return [{**r, "n_star": round(laws[GROWTH[r["series"]][-1]](r["T"]))} for r in rows]


@pytest.mark.parametrize("name", LOOKS)
def test_markers_are_the_table_on_scales_that_make_either_class_straight(full, name):
    expected = [(r["T"], r["reference_draws"]) for r in full if r["series"] == name]
    for axes, scale in zip(drawn(build, full).axes, ("linear", "log"), strict=True):
        np.testing.assert_array_equal(markers(axes, LOOKS[name]), expected)
        assert (axes.get_xscale(), axes.get_yscale()) == (scale, "log")


def test_fitted_laws_are_those_of_the_table(full):
    rows = planted(full)
    for name, terms in GROWTH.items():
        fitted = fit_series(rows, name).coefficient(terms[-1])
        assert fitted == pytest.approx(0.1 if terms[-1] == "T" else 1.5, abs=2e-3)  # rounded
    assert sum("T^{\\,2.50" in label for label in labels(rows)) == 3  # a cost is T n_star
    assert sum("(0.1000" in label for label in labels(rows)) >= 1
    assert sum("T^{\\,2.50" in label for label in labels(full)) == 0


def test_too_few_points_have_no_law(rows):
    assert fit_series(rows, "constant") is None
    assert sum("T^{" in label for label in labels(rows)) == 3


def test_worst_case_band_has_exponent_two(full):
    (band,) = drawn(build, full).axes[0].collections[:1]
    vertices = band.get_paths()[0].vertices
    for side in (np.min, np.max):
        ends = [side(vertices[vertices[:, 0] == horizon, 1]) for horizon in (192, 256)]
        slope = math.log(ends[1] / ends[0]) / 64
        # The upper side is a cost, T N: subtract its factor T.
        slope -= math.log(256 / 192) / 64 if side is np.max else 0
        assert slope == pytest.approx(2 * math.log1p(0.05), rel=1e-3)


def test_censored_points_are_arrows(full):
    last = max((r for r in full if r["series"] == "constant"), key=lambda r: r["T"])
    censored = {**last, "censored": 1, "high": None, "log_stderr": None}
    left, right = drawn(build, [censored if r is last else r for r in full]).axes
    for axes in (left, right):
        (arrow,) = axes.texts
        assert arrow.xyann == (last["T"], last["reference_draws"])
        assert arrow.xy[0] == last["T"]
        assert arrow.xy[1] > last["reference_draws"]
    assert len(markers(left, LOOKS["constant"])) == sum(r["series"] == "constant" for r in full) - 1
    assert not drawn(build, full).axes[0].texts


def test_coarse_points_are_cheaper():
    full, coarse = (
        {(p["series"], p["T"]): p["replicates"] for p in plan("headline", quick)}
        for quick in (False, True)
    )
    assert all(replicates == full[key] / 4 for key, replicates in coarse.items())
