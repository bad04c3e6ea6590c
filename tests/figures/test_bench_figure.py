"""The bench figure shows the committed speeds, on a logarithmic axis, all of them named."""

from pathlib import Path

import numpy as np
import pytest
from drawing import drawn, markers, ordered

from treesmc.figures.bench import figure as bench
from treesmc.figures.shards import read_table

TABLE = Path(__file__).parents[2] / "results/bench.csv"


@pytest.fixture(scope="module")
def rows():
    return read_table(TABLE)


def speeds(rows):
    raced = [row for row in rows if row["engine"] != "limit"]
    return ordered(["ABC".index(row["size"]) for row in raced], [row["value"] for row in raced])


def test_every_speed_is_drawn(rows):
    (axes,) = drawn(bench.build, rows).axes
    assert axes.get_yscale() == "log"
    np.testing.assert_array_equal(markers(axes), speeds(rows))
    slower = [{**rows[0], "value": 0.99 * rows[0]["value"]}, *rows[1:]]
    assert not np.array_equal(markers(axes), speeds(slower))


def test_every_series_has_a_name_and_a_look_of_its_own(rows):
    (axes,) = drawn(bench.build, rows).axes
    series = {(row["engine"], row["method"]) for row in rows if row["engine"] != "limit"}
    assert len({line.get_label() for line in axes.lines}) == len(series) == len(axes.lines)
    assert len({(line.get_color(), line.get_marker()) for line in axes.lines}) == len(series)


def test_a_missing_engine_is_left_out(rows):
    (axes,) = drawn(bench.build, [row for row in rows if row["engine"] != "jax"]).axes
    assert not any("JAX" in line.get_label() for line in axes.lines)


def test_same_bytes_every_time(tmp_path):
    first, second = (bench.draw(TABLE, tmp_path / str(i)) for i in range(2))
    assert all(a.read_bytes() == b.read_bytes() for a, b in zip(first, second, strict=True))
