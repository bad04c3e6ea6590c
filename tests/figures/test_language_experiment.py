"""The experiment on reward models: what its rows say, on the quick table."""

from pathlib import Path

import pytest

from treesmc.figures.common import of
from treesmc.figures.run import compute, plan, points
from treesmc.figures.shards import read_table

TABLE = read_table(Path(__file__).parents[2] / "results" / "language.csv")
SERIES = {point["series"] for point in points("language")}


@pytest.fixture(scope="module")
def rows(tmp_path_factory):
    return read_table(compute("language", tmp_path_factory.mktemp("language"), quick=True))


def test_every_series_has_rows_with_every_column(rows):
    assert {row["series"] for row in rows} == SERIES
    assert all(set(row) == set(plan("language").columns()) for row in rows)
    assert all(len(p["corpus"]) == 8 for p in points("language"))


def test_draws_are_repeated_in_full_only():
    assert {p["seed"] for p in points("language")} == {0, 1}
    assert {p["seed"] for p in points("language", quick=True)} == {0}


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


@pytest.fixture(scope="module")
def committed():
    def row(series, x=0, seed=0):
        (one,) = of(TABLE, series=series, x=x, seed=seed)
        return one

    return row


def test_bellman_error_does_not_order_the_particles(committed):
    learned, hard = committed("regression", 1e6), committed("hard", 4096)
    assert learned["eps"] > 5 * hard["eps"]
    assert 100 * learned["first_order"] < hard["first_order"]
    assert 100 * learned["v"] < hard["v"]


def test_hard_labels_inflate_until_they_are_worse_than_none(committed):
    assert committed("hard", 2)["high"] < 2 * committed("exact")["low"]
    assert committed("hard", 65536)["first_order"] > committed("naive")["n_star"]
    assert committed("rollouts", 65536)["high"] < 2 * committed("exact")["low"]


def test_the_true_value_is_not_the_best_reward_model(committed):
    truth, least, sharper = (
        committed(*key) for key in (("exact",), ("least-variance",), ("power", 1.1))
    )
    assert max(least["high"], sharper["high"]) < truth["low"]
    assert least["v"] < 0.7 * truth["v"]
    assert truth["eps"] < 1e-12 < least["eps"]
    assert least["v"] == min(row["v"] for row in TABLE if row["series"] != "naive")


def test_a_third_of_the_horizon_is_enough_to_train_at(committed):
    assert committed("short", 10)["eps_value"] > 1
    assert committed("short", 10)["high"] < committed("exact")["low"]
