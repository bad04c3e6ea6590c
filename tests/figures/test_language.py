"""Reward models of a language: what their rows say, and that these are drawn."""

import numpy as np
import pytest
from drawing import drawn, markers

from treesmc.figures.language.figure import LOOKS, build, curve, measured
from treesmc.figures.rooms import plan
from treesmc.figures.rows import column, of


def test_every_series_has_rows_and_a_look(rows):
    series = {row["series"] for row in rows}
    assert series == {point["series"] for point in plan("language")} == {*LOOKS, "naive"}


def test_the_true_value_has_no_error_and_beats_naive_sampling(rows):
    (truth,), (naive,) = of(rows, series="exact"), of(rows, series="naive")
    assert truth["eps"] < 1e-12
    assert truth["high"] < naive["n_star"]
    assert naive["evidence"] == "exact"
    assert naive["first_order"] is None


def test_more_rollouts_err_less_and_more_labels_err_more(rows):
    for name, sign in (("rollouts", 1), ("hard", -1), ("regression", 1)):
        series = of(rows, series=name)
        assert [row["x"] for row in series] == sorted(row["x"] for row in series)
        for key in ("eps_value", "v"):
            first, last = series[0][key], series[-1][key]
            assert sign * first > sign * last, (name, key)


def test_a_factor_per_depth_never_hurts(rows):
    judged = [row for row in rows if row["series"] != "naive"]
    assert all(row["eps_centred"] <= row["eps"] * (1 + 1e-9) + 1e-12 for row in judged)
    assert any(row["eps_centred"] < 0.5 * row["eps"] for row in judged)


def test_constant_value_errs_by_the_whole_reward(rows):
    (constant,) = of(rows, series="power", x=0)
    assert constant["eps"] == pytest.approx(constant["L"] - 1, rel=1e-9)


@pytest.fixture
def found(full):
    def row(series, x=0, seed=0):
        (one,) = of(full, series=series, x=x, seed=seed)
        return one

    return row


def test_bellman_error_does_not_order_the_particles(found):
    learned, hard = found("regression", 1e6), found("hard", 4096)
    assert learned["eps"] > 5 * hard["eps"]
    assert 100 * learned["first_order"] < hard["first_order"]
    assert 100 * learned["v"] < hard["v"]


def test_hard_labels_inflate_until_they_are_worse_than_none(found):
    assert found("hard", 2)["high"] < 2 * found("exact")["low"]
    assert found("hard", 65536)["first_order"] > found("naive")["n_star"]
    assert found("rollouts", 65536)["high"] < 2 * found("exact")["low"]


def test_the_true_value_is_not_the_best_reward_model(found, full):
    truth, least, sharper = found("exact"), found("least-variance"), found("power", 1.1)
    assert max(least["high"], sharper["high"]) < truth["low"]
    assert least["v"] < 0.7 * truth["v"]
    assert truth["eps"] < 1e-12 < least["eps"]
    assert least["v"] == min(row["v"] for row in full if row["series"] != "naive")


def test_a_third_of_the_horizon_is_enough_to_train_at(found):
    assert found("short", 10)["eps_value"] > 1
    assert found("short", 10)["high"] < found("exact")["low"]


def test_curves_are_means_over_draws():
    rows = [{"series": "a", "x": x, "first_order": n} for x, n in ((2, 1), (1, 5), (2, 3))]
    np.testing.assert_array_equal(curve(rows, "a"), [[1, 2], [5, 2]])


def test_measurements_without_a_digit_are_not_drawn():
    rows = [
        {"series": "a", "n_star": 5.0, "low": 4.0, "high": high} for high in (6.0, 39.0, 41.0)
    ] + [{"series": "a", "n_star": None, "low": None, "high": None}]
    assert measured(rows, "a") == rows[:2]


def holds(axes, x, n):
    return np.isclose(markers(axes), [x, n]).all(axis=1).any()


def test_upper_panels_show_predictions_and_measurements(rows):
    training, rollouts, *_ = drawn(build, rows).axes
    for axes, names in ((training, ["regression"]), (rollouts, ["rollouts", "hard"])):
        for name in names:
            for row in of(rows, series=name):
                assert holds(axes, row["x"], row["first_order"])
                assert not holds(axes, row["x"], 1.01 * row["first_order"])
            for row in measured(rows, name):
                assert holds(axes, row["x"], row["n_star"])


@pytest.mark.parametrize(("panel", "key"), [(2, "eps"), (3, "v")])
def test_lower_panels_show_every_model(rows, panel, key):
    axes = drawn(build, rows).axes[panel]
    for name in LOOKS:
        resolved = measured(rows, name)
        for row in of(rows, series=name):
            n = row["n_star"] if row in resolved else row["first_order"]
            assert holds(axes, row[key], n) == (row[key] > 1e-6)


def test_levels(rows):
    axes = drawn(build, rows).axes[0]
    levels = [line.get_ydata()[0] for line in axes.lines if line.get_linestyle() == ":"]
    expected = [
        *column(of(rows, series="naive"), "n_star"),
        *column(of(rows, series="power", x=0), "first_order"),
        *column(of(rows, series="exact"), "first_order"),
    ]
    np.testing.assert_allclose(levels, expected)
