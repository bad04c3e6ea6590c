"""The language figure, from its quick table: curves, measurements and levels as in the table."""

import numpy as np
import pytest
from drawing import drawn, same_bytes

from treesmc.figures.common import column, of
from treesmc.figures.language.figure import LOOKS, build, curve, measured
from treesmc.figures.run import compute, points
from treesmc.figures.shards import read_table


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    return compute("language", tmp_path_factory.mktemp("language"), quick=True)


def points_of(axes):
    """Every marker in an axes."""
    lines = [line for line in axes.lines if line.get_marker() not in ("None", None, "")]
    return np.concatenate([line.get_xydata() for line in lines])


def holds(points, x, n):
    return np.isclose(points, [x, n]).all(axis=1).any()


def test_every_series_has_a_look():
    assert set(LOOKS) == {point["series"] for point in points("language")} - {"naive"}


def test_curves_are_means_over_draws(table):
    rows = [{"series": "a", "x": x, "first_order": n} for x, n in ((2, 1), (1, 5), (2, 3))]
    x, n = curve(rows, "a")
    np.testing.assert_array_equal([x, n], [[1, 2], [5, 2]])


def test_measurements_without_a_digit_are_not_drawn():
    rows = [
        {"series": "a", "n_star": 5.0, "low": 4.0, "high": high} for high in (6.0, 39.0, 41.0)
    ] + [{"series": "a", "n_star": None, "low": None, "high": None}]
    assert measured(rows, "a") == rows[:2]


def test_upper_panels_show_predictions_and_measurements(table):
    rows = read_table(table)
    training, rollouts, *_ = drawn(build, rows).axes
    for axes, names in ((training, ["regression"]), (rollouts, ["rollouts", "hard"])):
        points = points_of(axes)
        for name in names:
            for row in of(rows, series=name):
                assert holds(points, row["x"], row["first_order"])
                assert not holds(points, row["x"], 1.01 * row["first_order"])
            for row in measured(rows, name):
                assert holds(points, row["x"], row["n_star"])


@pytest.mark.parametrize(("panel", "key"), [(2, "eps"), (3, "v")])
def test_lower_panels_show_every_model(table, panel, key):
    rows = read_table(table)
    points = points_of(drawn(build, rows).axes[panel])
    for name in LOOKS:
        found = measured(rows, name)
        for row in of(rows, series=name):
            n = row["n_star"] if row in found else row["first_order"]
            assert holds(points, row[key], n) == (row[key] > 1e-6)


def test_levels(table):
    rows = read_table(table)
    axes = drawn(build, rows).axes[0]
    levels = [line.get_ydata()[0] for line in axes.lines if line.get_linestyle() == ":"]
    expected = [
        *column(of(rows, series="naive"), "n_star"),
        *column(of(rows, series="power", x=0), "first_order"),
        *column(of(rows, series="exact"), "first_order"),
    ]
    np.testing.assert_allclose(levels, expected)


def test_files(table, tmp_path):
    assert same_bytes("language", table, tmp_path)
