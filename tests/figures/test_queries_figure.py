"""The queries figure, from its quick table: S3 kept and attained, and the table drawn."""

import numpy as np
import pytest
from drawing import drawn, markers, ordered, same_bytes

from treesmc.figures.common import column, of
from treesmc.figures.queries.figure import build
from treesmc.figures.run import compute
from treesmc.figures.shards import read_table
from treesmc.theory.queries import best_success

SYMBOLS = (4, 16, 256)
ROUND_OFF = 1e-11  # 12 digits are kept


@pytest.fixture(scope="module")
def table(tmp_path_factory):
    return compute("queries", tmp_path_factory.mktemp("queries"), quick=True)


@pytest.fixture(scope="module")
def rows(table):
    return read_table(table)


@pytest.mark.parametrize("H", SYMBOLS)
def test_bound_is_kept_and_attained(rows, H):
    best = {q: float(best_success(H, int(q))) for q in {r["q"] for r in of(rows, H=H) if r["q"]}}
    games = {
        name: [r for r in of(rows, series=name, H=H) if r["q"]] for name in ("fresh", "repeats")
    }
    bounds = np.array([best[row["q"]] for row in games["fresh"]])
    np.testing.assert_allclose(column(games["fresh"], "success"), bounds, atol=ROUND_OFF)
    assert np.all(column(games["repeats"], "success") < bounds)
    assert not np.all(column(games["fresh"], "success") <= 0.999 * bounds)


def test_smc_is_below_what_its_particles_can_see(rows):
    trees = of(rows, series="smc")
    N, H, found = (column(trees, key) for key in ("N", "H", "success"))
    seen = -np.expm1(N * np.log1p(-1 / H))
    assert np.all(found <= seen + ROUND_OFF)
    assert np.all(found <= column(trees, "limit"))
    assert not np.all(found <= seen / 3)


def test_mean_ends_at_the_success_of_the_same_tree(rows):
    last = [r for r in of(rows, series="mean") if r["t"] == r["T"] and r["N"] == r["H"]]
    (end,) = last
    (same,) = of(rows, series="smc", eps=end["eps"], N=end["N"])
    assert end["share"] == same["success"]


def test_strategies_drawn_are_the_table(rows):
    left = drawn(build, rows).axes[0]
    shown = [r for r in rows if r["q"] is not None]
    expected = ordered(column(shown, "q") / column(shown, "H"), column(shown, "success"))
    np.testing.assert_allclose(markers(left), expected)
    assert not np.allclose(markers(left) * [1, 1.01], expected, rtol=1e-3, atol=0)


def test_bound_lines_are_s3(rows):
    lines = drawn(build, rows).axes[0].lines[: len(SYMBOLS)]
    for line, H in zip(lines, SYMBOLS, strict=True):
        for x, y in line.get_xydata():
            assert y == pytest.approx(min(1, x + 1 / H))
            assert y != pytest.approx(min(1, x + 1 / H) + 0.01)


def test_populations_drawn_are_the_table(rows):
    crowds = drawn(build, rows).axes[1:]
    for axes, N in zip(crowds, sorted({r["N"] for r in of(rows, series="mean")}), strict=True):
        *paths, means, limits = (line.get_ydata() for line in axes.lines)
        runs = of(rows, series="run", N=N)
        np.testing.assert_array_equal(np.concatenate(paths), column(runs, "share"))
        np.testing.assert_array_equal(means, column(of(rows, series="mean", N=N), "share"))
        np.testing.assert_array_equal(limits, column(of(rows, series="mean", N=N), "limit"))
        lost = sum(path[-1] == 0 for path in paths)
        assert [t.get_text() for t in axes.texts] == [f"{lost} of {len(paths)} runs lost"]
    few, many = (sum(line.get_ydata()[-1] == 0 for line in axes.lines) for axes in crowds)
    assert few > many


def test_files(table, tmp_path):
    assert same_bytes("queries", table, tmp_path)
