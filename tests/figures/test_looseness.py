"""Looseness: the routes in their proved order, drawn as ratios."""

from itertools import pairwise

import numpy as np
import pytest
from drawing import drawn

from treesmc.figures.looseness.figure import LOOKS, build, routes
from treesmc.figures.looseness.points import TREES
from treesmc.figures.rows import column, of

BOUNDS = list(LOOKS)[:-1]  # coarsest first; the last route is a prediction


def in_order(particles):
    return all(np.all(a >= b) for a, b in pairwise(particles))


@pytest.mark.parametrize("name", TREES)
def test_every_bound_is_above_the_next_and_above_the_truth(rows, name):
    series = of(rows, series=name)
    chain = [np.ceil(routes(series)[label]) for label in BOUNDS] + [column(series, "low")]
    assert in_order(chain)
    lowered = [*chain[:3], chain[3] / 20, *chain[4:]]  # S2 divided by more than it is loose
    assert not in_order(lowered)


def test_ratios_are_drawn(rows):
    panels = np.array(drawn(build, rows).axes).reshape(2, -1)
    for below, name in zip(panels[1], TREES, strict=True):
        series = of(rows, series=name)
        lines = {line.get_label(): line.get_ydata() for line in below.lines}
        for label, values in routes(series).items():
            np.testing.assert_allclose(lines[label], values / column(series, "n_star"))
            assert not np.allclose(lines[label], values)
