"""Reading a figure back: what is drawn as markers, and whether it is what it should be."""

from pathlib import Path

import numpy as np

from treesmc.figures import style

RESULTS = Path(__file__).parents[2] / "results"


def drawn(build, rows):
    with style.active():
        return build(rows)


def markers(axes):
    """All points drawn as markers, [n, 2], in the order of the coordinates."""
    lines = [line for line in axes.lines if line.get_marker() not in ("None", None, "")]
    return ordered(*np.concatenate([line.get_xydata() for line in lines]).T)


def ordered(x, y):
    data = np.column_stack([x, y])
    return data[np.lexsort(data.T[::-1])]


def shows(axes, x, y):
    """Whether the markers are these points, and would not be others that are close."""
    expected = ordered(x, y)
    return np.allclose(markers(axes), expected, rtol=1e-7, atol=0) and not np.allclose(
        markers(axes) * [1, 1.01], expected, rtol=1e-3, atol=0
    )
