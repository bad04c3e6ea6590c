"""The headline figure shows the table's numbers and the formulas, and is the same file every time.

What is plotted is read back from the axes; pixels are not looked at.
"""

import math

import numpy as np
import pytest

from treesmc.figures import FIGURES, style
from treesmc.figures.headline.figure import LOOKS, build
from treesmc.figures.headline.points import SERIES, fit_series
from treesmc.figures.run import plan, points
from treesmc.figures.shards import collect, read_table

T = (16, 32, 64, 96, 128, 192, 256)
RATE, DEGREE = 0.1, 1.5
EPSILONS = {(point["series"], point["T"]): point["eps"] for point in points("headline")}


def row(name, horizon):
    """A made-up point: exponential or polynomial, as the fit of its series expects."""
    exponential = SERIES[name].growth[-1] == "T"
    n = round(100 * math.exp(RATE * horizon) if exponential else 100 * horizon**DEGREE)
    return {
        **{"series": name, "method": SERIES[name].method, "T": horizon, "delta": 0.1},
        **{"eps": EPSILONS[name, horizon], "L": 2.0, "kl": 0.13 * (horizon - 1)},
        **{"n_star": n, "low": 0.9 * n, "high": 1.1 * n, "log_stderr": 0.05, "censored": 0},
        **{"reference_draws": n * horizon, "first_order": 1.05 * n},
    }


def table(tmp_path, censored=False):
    rows = [row(name, horizon) for name in SERIES for horizon in T]
    if censored:
        rows = [
            {**r, "censored": 1, "high": None, "log_stderr": None}
            if r["series"] == "constant" and r["T"] == 256
            else r
            for r in rows
        ]
    return collect(rows, list(plan("headline").columns()), tmp_path / "headline.csv")


def drawn(rows):
    with style.active():
        return build(rows)


def markers(axes, look):
    """Data of the series' markers on one panel."""
    (line,) = (
        x for x in axes.lines if x.get_color() == look.colour and x.get_linestyle() == "None"
    )
    return line.get_xydata()


@pytest.fixture(scope="module")
def rows(tmp_path_factory):
    return read_table(table(tmp_path_factory.mktemp("table")))


@pytest.mark.parametrize("name", LOOKS)
def test_markers_are_the_table(rows, name):
    expected = [(r["T"], r["reference_draws"]) for r in rows if r["series"] == name]
    left, right = drawn(rows).axes
    np.testing.assert_array_equal(markers(left, LOOKS[name]), expected)
    np.testing.assert_array_equal(markers(right, LOOKS[name]), expected)


def test_scales_make_either_class_straight(rows):
    left, right = drawn(rows).axes
    assert (left.get_xscale(), left.get_yscale()) == ("linear", "log")
    assert (right.get_xscale(), right.get_yscale()) == ("log", "log")


def test_fitted_laws_are_those_of_the_table(rows):
    for name, series in SERIES.items():
        planted = RATE if series.growth[-1] == "T" else DEGREE
        fitted = fit_series(rows, name).coefficient(series.growth[-1])
        assert fitted == pytest.approx(planted, abs=2e-3)  # n_star is rounded
    labels = [text.get_text() for text in drawn(rows).legends[0].get_texts()]
    assert sum("T^{\\,2.50" in label for label in labels) == 3  # a cost is T n_star
    assert sum("(0.1000" in label for label in labels) >= 1
    # The fit follows the data: another degree gives another label.
    steeper = [
        {**r, "n_star": r["n_star"] * r["T"] ** 0.1} if r["series"] == "exact" else r for r in rows
    ]
    labels = [text.get_text() for text in drawn(steeper).legends[0].get_texts()]
    assert sum("T^{\\,2.60" in label for label in labels) == 1


def test_worst_case_band_has_exponent_two(rows):
    left = drawn(rows).axes[0]
    (band,) = left.collections[:1]
    vertices = band.get_paths()[0].vertices
    for side in (np.min, np.max):
        ends = [side(vertices[vertices[:, 0] == horizon, 1]) for horizon in (192, 256)]
        slope = math.log(ends[1] / ends[0]) / 64
        # The upper side is a cost, T N: subtract its factor T.
        slope -= math.log(256 / 192) / 64 if side is np.max else 0
        assert slope == pytest.approx(2 * math.log1p(0.05), rel=1e-3)


def test_censored_points_are_arrows(tmp_path):
    rows = read_table(table(tmp_path, censored=True))
    left, right = drawn(rows).axes
    look = LOOKS["constant"]
    (known,) = (r["reference_draws"] for r in rows if r["censored"])
    assert len(markers(left, look)) == len(T) - 1
    for axes in (left, right):
        (arrow,) = axes.texts
        assert arrow.xyann == (256, known)
        assert arrow.xy[0] == 256
        assert arrow.xy[1] > known
    assert not drawn([r for r in rows if not r["censored"]]).axes[0].texts


def test_files_are_the_same_in_every_run(tmp_path):
    path = table(tmp_path)
    first, second = (FIGURES["headline"](path, tmp_path / str(i)) for i in range(2))
    assert [p.name for p in first] == ["headline.pdf", "headline.png"]
    for a, b in zip(first, second, strict=True):
        assert a.read_bytes() == b.read_bytes()
    pdf = first[0].read_bytes()
    assert b"/Type3" not in pdf.replace(b" ", b"")
    assert b"CreationDate" not in pdf
    other = FIGURES["headline"](table(tmp_path / "c", censored=True), tmp_path / "c")
    assert other[1].read_bytes() != first[1].read_bytes()


def test_points_differ_in_seed_and_do_not_repeat():
    for quick in (False, True):
        asked = points("headline", quick)
        assert len({p["seed"] for p in asked}) == len(asked)
        assert len({(p["series"], p["T"]) for p in asked}) == len(asked)
    full, quick = points("headline"), points("headline", quick=True)
    assert max(p["T"] for p in full) == 256 > max(p["T"] for p in quick)
