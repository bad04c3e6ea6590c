"""The example of docs/bring_your_own_model.md prints what the page says, and it is true."""

import contextlib
import io
import re
from pathlib import Path

import numpy as np

from treesmc.sims.laws import moments
from treesmc.sims.trees.tree import TreeMDP

PAGE = (Path(__file__).parents[3] / "docs" / "bring_your_own_model.md").read_text()


def letters_tree():
    """The model of the page: depth t holds (a's so far, ended or not)."""
    T = 8
    policy, child, log_value = [], [], []
    for t in range(T + 1):
        log_value.append(0.8 * np.tile(np.arange(t + 1), 2 if t else 1))
        if t < T:
            live = [[0.4, 0.4, 0.2]] * (t + 1)
            policy.append(live + [[1.0, 0.0, 0.0]] * (t + 1) * bool(t))
            step = [[a + 1, a, t + 2 + a] for a in range(t + 1)]
            child.append(step + [[t + 2 + a, 0, 0] for a in range(t + 1)] * bool(t))
    return reachable(policy, child, log_value)


def reachable(policy, child, log_value):
    """Drop classes that nothing leads to: the tree refuses them."""
    keep = [0]
    layers = [], [], [np.array(log_value[0])]
    for p, c, v in zip(policy, child, log_value[1:], strict=True):
        p, c = np.array(p)[keep], np.array(c)[keep]
        keep, index = np.unique(c[p > 0], return_inverse=True)
        renamed = np.zeros_like(c)
        renamed[p > 0] = index
        for layer, part in zip(layers, (p, renamed, np.array(v)[keep]), strict=True):
            layer.append(part)
    return TreeMDP.from_layers(*layers)


def test_example_prints_what_the_page_says():
    (example,) = re.findall(r"^```python\n(.*?)^```", PAGE, flags=re.DOTALL | re.MULTILINE)
    printed, names = io.StringIO(), {}
    with contextlib.redirect_stdout(printed):
        exec(compile(example, "bring_your_own_model.md", "exec"), names)
    assert f"```\n{printed.getvalue()}```" in PAGE
    v = moments.asymptotic_variance(letters_tree())
    found = names["found"]
    assert found.report.prediction.v.low < v < found.report.prediction.v.high
    assert found.pilots[0].by_genealogy.low < v < found.pilots[0].by_genealogy.high
