"""Reading a figure back: its markers, and whether its files are the same in every run."""

import numpy as np

from treesmc.figures import FIGURES, style


def drawn(build, rows):
    with style.active():
        return build(rows)


def markers(axes):
    """All points drawn as markers, [n, 2], in the order of the coordinates."""
    lines = [line for line in axes.lines if line.get_marker() not in ("None", None, "")]
    data = np.concatenate([line.get_xydata() for line in lines])
    return data[np.lexsort(data.T[::-1])]


def ordered(x, y):
    data = np.column_stack([x, y])
    return data[np.lexsort(data.T[::-1])]


def same_bytes(name, table, folder):
    """Draw twice; whether both runs wrote the same PDF and PNG."""
    first, second = (FIGURES[name](table, folder / str(i)) for i in range(2))
    assert [p.name for p in first] == [f"{name}.pdf", f"{name}.png"]
    return all(a.read_bytes() == b.read_bytes() for a, b in zip(first, second, strict=True))
