"""The benchmark on a few logs, and the table in the documentation that it wrote."""

import math
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from benchmark import (
    COVERED,
    KNOWN_TREES,
    LOGS,
    OUT_OF_SIGHT,
    TABLE_MARKS,
    Trial,
    binomial_range,
    claimed_ratios,
    failures,
    is_near,
    main,
    run,
    table,
    trial,
    truth_of,
)

from treesmc.audit.live.synthetic import logs_from_tree
from treesmc.audit.log.probes import probes_of
from treesmc.audit.report.report import audit
from treesmc.sims.trees import families

TEXT = (Path(__file__).parents[2] / "docs" / "audit.md").read_text()
SOME = ("random, persistent", "needle", "language, exact")


@pytest.fixture(scope="module")
def results():
    return list(run(SOME, logs=2))


def test_predictions_and_bounds_on_a_few_logs(results):
    trials = [v for _, some in results for v in some]
    ratios = claimed_ratios(trials)
    assert len(ratios) >= 5
    assert all(map(is_near, ratios))
    assert failures(trials) == 0
    held = np.mean([v.covered[key] for v in trials for key in COVERED])
    assert held >= 0.8  # 24 intervals of level 95%, correlated within a log


def test_nothing_is_claimed_of_what_is_out_of_sight():
    ((_, trials),) = run([OUT_OF_SIGHT], logs=2)
    assert claimed_ratios(trials) == []
    assert failures(trials) == 0


def test_a_wrong_truth_is_noticed():
    tree = families.needle(8, 0.15)
    report = audit(probes_of(logs_from_tree(tree, 20, 16, 2, 8, 0)), replicates=50)
    truth = truth_of("needle")
    right = trial(report, truth)
    assert all(right.covered.values())
    assert is_near(right.ratio)
    off = {"mean": 0.1, "rms": 0.1, "spread": 1.0, "v": 20.0}
    for key in COVERED:
        wrong = trial(report, replace(truth, **{key: getattr(truth, key) + off[key]}))
        assert not wrong.covered[key]
    far = trial(report, replace(truth, n_star=1e6))
    assert not is_near(far.ratio)
    assert far.least_bound < 1


def rows_of(text):
    """The table as lists of cells, header and rule left out."""
    inside = text.split(TABLE_MARKS[0])[1].split(TABLE_MARKS[1])[0]
    lines = [line for line in inside.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[1:]], inside


def test_the_documented_table_keeps_its_promises():
    rows, inside = rows_of(TEXT)
    assert [row[0] for row in rows] == [*KNOWN_TREES, "all but the last"]
    total = [int(cell) for cell in rows[-1][2:]]
    logs, covered, (claimed, near, below) = total[0], total[1:5], total[5:]
    assert logs == LOGS * (len(KNOWN_TREES) - 1) >= 200
    low, high = binomial_range(logs)
    assert all(low <= count <= high for count in covered)
    assert near >= 0.9 * claimed > 0.5 * logs
    assert below == 0
    assert rows[-2][-3:] == ["0", "0", "0"]
    assert f"for {claimed}; {near} " in inside


def test_the_documented_n_star_is_that_of_the_tree(results):
    rows, _ = rows_of(TEXT)
    documented = {row[0]: float(row[1]) for row in rows[:-1]}
    for name in SOME[:2]:
        assert documented[name] == round(truth_of(name).n_star)


def test_main_rewrites_between_the_marks_only(tmp_path, monkeypatch):
    monkeypatch.setattr("benchmark.run", lambda names: iter([("needle", [V] * 2)]))
    V = Trial(dict.fromkeys(COVERED, True), math.nan, math.inf)
    page = tmp_path / "page.md"
    page.write_text(f"before\n{TABLE_MARKS[0]}\nstale\n{TABLE_MARKS[1]}\nafter\n")
    main(page)
    text = page.read_text()
    assert text.startswith("before\n")
    assert text.endswith("\nafter\n")
    assert "stale" not in text
    assert table([("needle", [V] * 2)]) in text
    assert re.search(r"\| needle \| \d+ \| 2 \| 2 \| 2 \| 2 \| 2 \| 0 \| 0 \| 0 \|", text)
