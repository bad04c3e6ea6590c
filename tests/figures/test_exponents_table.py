"""The table of exponents: what is committed follows from the committed results, and they from code.

The results are recomputed in full by `make figures`; here only series that take seconds.
"""

from pathlib import Path

import pytest

from treesmc.figures import exponents
from treesmc.figures.run import plan
from treesmc.figures.shards import read_table

RESULTS = Path(__file__).resolve().parents[2] / "results"
BY_NAME = {e.name: e for e in exponents.EXPONENTS}
DIGITS = 2e-9  # of the table


def committed():
    return {row["name"]: row for row in read_table(RESULTS / "exponents.csv")}


def agrees(row):
    """Whether theory is in the interval at twice its width, or within the allowance of that.

    Of two dozen intervals of 95% one is expected to miss; at twice the width, hardly any.
    """
    reach = row["high"] - row["low"] + row["allowance"]
    return abs(row["fitted"] - row["theory"]) <= reach


def test_committed_table_follows_from_the_committed_results(tmp_path):
    for path in RESULTS.glob("*.csv"):
        (tmp_path / path.name).write_bytes(path.read_bytes())
    path = exponents.compute(tmp_path)
    assert path.read_bytes() == (RESULTS / "exponents.csv").read_bytes()


@pytest.mark.parametrize("name", BY_NAME)
def test_theory_is_in_the_interval_and_other_classes_are_not(name):
    row = committed()[name]
    assert agrees(row)
    off = 0.25 + row["allowance"]
    for wrong in (row["theory"] - off, row["theory"] + off):
        assert not agrees({**row, "theory": wrong})


@pytest.mark.parametrize(
    ("experiment", "name"), [("exponent", "needle-constant-1"), ("headline", "headline-naive")]
)
def test_quick_exponents_are_computed_again(experiment, name):
    wanted, sweep = BY_NAME[name], plan(experiment)
    points = [p for p in sweep if wanted.used([p])]
    rows = [{**point, **sweep.vocabulary.compute_point(point)} for point in points]
    again = wanted.row(rows)
    for key in ("fitted", "low", "high"):
        assert again[key] == pytest.approx(committed()[name][key], abs=DIGITS)
    other = wanted.row([{**row, "T": row["T"] + 1} for row in rows[:1]] + rows[1:])
    assert other["fitted"] != pytest.approx(again["fitted"], rel=1e-6)
