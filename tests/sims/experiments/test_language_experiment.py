"""The experiment on reward models: what its rows say, on the quick table."""

import pytest

from treesmc.figures.common import of
from treesmc.sims.experiments.language import COLUMNS, SERIES, compute, points
from treesmc.sims.experiments.shards import read_table


@pytest.fixture(scope="module")
def rows(tmp_path_factory):
    return read_table(compute(tmp_path_factory.mktemp("language"), quick=True))


def test_every_series_has_rows_with_every_column(rows):
    assert {row["series"] for row in rows} == set(SERIES)
    assert all(set(row) == set(COLUMNS) for row in rows)
    assert all(len(p["corpus"]) == 8 for p in points())


def test_draws_are_repeated_in_full_only():
    assert {p["seed"] for p in points()} == {0, 1}
    assert {p["seed"] for p in points(quick=True)} == {0}


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
