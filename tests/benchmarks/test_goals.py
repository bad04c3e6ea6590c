"""The goals: a miss is named and fails, tables show what was measured, wrong laws are caught."""

import json
import re

import bench
import numpy as np
import pytest
from goals import LIMITS, RATIOS, markdown, ratio, verdicts
from race import check_law

from treesmc.sims.sweeps.table import collect, read_table

SLACK = 1.012


def rows_at_goal():
    """Peers at speed one, this project just above the largest ratio asked; limits just kept."""
    engines = {(goal.peer, goal.peer_method) for goal in RATIOS}
    rows = [row(*engine, size, 1.0) for engine in sorted(engines) for size in "ABC"]
    for method in ("multinomial", "systematic", "counts"):
        for size in "ABC":
            asked = [g.least.get(size, 0) for g in RATIOS if g.method == method]
            rows.append(row("treesmc", method, size, max(asked) * SLACK))
    for limit in LIMITS:
        kept = limit.limit * SLACK if limit.larger else limit.limit / SLACK
        rows.append(row("limit", limit.name, "", kept))
    return rows


def row(engine, method, size, value):
    return {"engine": engine, "method": method, "size": size, "value": value}


def names_missed(rows):
    return [verdict.name for verdict in verdicts(rows) if not verdict.met]


def scaled(rows, engine, method, size, factor):
    chosen = (engine, method, size)
    return [
        {
            **r,
            "value": r["value"]
            * (factor if (r["engine"], r["method"], r["size"]) == chosen else 1),
        }
        for r in rows
    ]


def test_all_met_at_the_goal():
    assert names_missed(rows_at_goal()) == []


@pytest.mark.parametrize("goal", RATIOS, ids=lambda g: f"{g.method}-{g.peer}")
def test_a_ratio_missed_by_little_is_named(goal):
    for size, least in goal.least.items():
        faster = least / ratio(goal, size, rows_at_goal())  # what would just meet the goal
        rows = scaled(rows_at_goal(), goal.peer, goal.peer_method, size, SLACK / faster)
        assert f"{goal.method} over {goal.peer} at {size}" in names_missed(rows)
        rows = scaled(rows_at_goal(), goal.peer, goal.peer_method, size, 1 / SLACK / faster)
        assert f"{goal.method} over {goal.peer} at {size}" not in names_missed(rows)


@pytest.mark.parametrize("limit", LIMITS, ids=lambda limit: limit.name)
def test_a_limit_missed_by_little_is_named(limit):
    factor = SLACK**-2 if limit.larger else SLACK**2
    assert names_missed(scaled(rows_at_goal(), "limit", limit.name, "", factor)) == [limit.name]


def test_a_missing_peer_is_a_dash_and_not_a_miss():
    rows = [r for r in rows_at_goal() if r["engine"] != "jax"]
    assert names_missed(rows) == []
    assert "| multinomial over jax | - [3.5] | - [5] | - [5] |" in markdown(rows, "here")


def test_table_shows_the_ratio_and_the_goal():
    text = markdown(rows_at_goal(), "Measured here.")
    assert "| systematic over particles | 111 [110] | 14.2 [14] | 6.07 [6] |" in text
    assert "| counts over particles | 0.86 | 12.1 [12] | 20.2 [20] |" in text
    assert "| counts over cpp | 0.86 [0.85] | 12.1 [0.85] | 20.2 [0.85] |" in text
    assert "| two threads over one | 1.62 | at least 1.6 |" in text
    assert text.endswith("\nMeasured here.\n")


def test_status_is_one_when_a_goal_is_missed(monkeypatch, tmp_path, capsys):
    rows = rows_at_goal()
    raced = [r for r in rows if r["engine"] != "limit"]
    info = [{"extra_info": {"limit": [r["method"], r["value"]]}} for r in rows if not r["size"]]
    stored = tmp_path / "own.json"
    stored.write_text(json.dumps({"benchmarks": [*info, {"extra_info": {}}]}))
    monkeypatch.setattr(bench, "STORED", stored)
    monkeypatch.setattr(bench, "missing", lambda _: [])
    monkeypatch.setattr(bench, "write", lambda *_: None)
    monkeypatch.setattr(bench, "race", lambda *_: list(raced))
    assert bench.main() == 0
    assert capsys.readouterr().err == ""
    raced[:] = scaled(raced, "treesmc", "systematic", "B", 0.9)
    assert bench.main() == 1
    missed = "make bench: missed: systematic over particles at B is 12.8, wanted at least 14\n"
    assert capsys.readouterr().err == missed


def test_a_wrong_law_fails_the_race(monkeypatch, capsys):
    def wrong(*_):
        raise ValueError("jax, multinomial, size C: the mean of Zhat/Z is off")

    monkeypatch.setattr(bench, "race", wrong)
    assert bench.main() == 1
    assert "jax, multinomial, size C" in capsys.readouterr().err


def test_check_of_laws():
    rng = np.random.default_rng(0)
    right = 1 + 0.1 * rng.normal(size=1000)
    check_law("right", right, 0.01, exact=True)
    with pytest.raises(ValueError, match=r"wrong: the mean of Zhat/Z is -?\d"):
        check_law("wrong", right + 0.02, 0.01, exact=True)
    for factor in (59, 1 / 18):  # a uniform of exactly zero; resampling in the order of classes
        spread = 1 + (right - right.mean()) * factor**0.5
        with pytest.raises(ValueError, match="the variance of Zhat/Z is"):
            check_law("wrong", spread, 0.01, exact=True)
    check_law("smaller is right where the variance is a bound", right, 0.03, exact=False)
    with pytest.raises(ValueError, match="nan"):
        check_law("nan", np.array([1.0, np.nan]), 0.01, exact=True)


def test_text_between_markers():
    document = f"above\n{bench.BEGIN}old\n{bench.END}\nbelow\n"
    assert bench.between_markers(document, "new\n") == document.replace("old", "new")
    assert bench.between_markers("no markers\n", "new\n") == "no markers\n"


def test_results_survive_the_table(tmp_path):
    path = collect(rows_at_goal(), bench.COLUMNS[:4], tmp_path / "bench.csv")
    assert markdown(read_table(path), "here") == markdown(rows_at_goal(), "here")


@pytest.mark.parametrize("document", bench.DOCUMENTS, ids=lambda path: path.name)
def test_documents_show_the_committed_results(document):
    shown = re.search(f"{bench.BEGIN}(.*?){bench.END}", document.read_text(), re.DOTALL)
    if shown is None:
        pytest.skip("no markers")
    rows = read_table(bench.TABLE)
    assert shown[1] == markdown(rows, rows[0]["machine"])
