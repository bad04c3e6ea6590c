"""The bench figure shows the committed speeds, on a logarithmic axis, all of them named."""

import numpy as np
from drawing import drawn, shows

from treesmc.figures.bench.figure import build


def test_every_speed_is_drawn_with_a_name_and_a_look_of_its_own(full):
    (axes,) = drawn(build, full).axes
    assert axes.get_yscale() == "log"
    raced = [row for row in full if row["engine"] != "limit"]
    values = np.array([row["value"] for row in raced])
    assert shows(axes, ["ABC".index(row["size"]) for row in raced], values)
    series = {(row["engine"], row["method"]) for row in raced}
    assert len({line.get_label() for line in axes.lines}) == len(series) == len(axes.lines)
    assert len({(line.get_color(), line.get_marker()) for line in axes.lines}) == len(series)


def test_a_missing_engine_is_left_out(full):
    (axes,) = drawn(build, [row for row in full if row["engine"] != "jax"]).axes
    assert not any("JAX" in line.get_label() for line in axes.lines)
