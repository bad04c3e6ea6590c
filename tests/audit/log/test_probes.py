"""Logs: what is kept of a line, and what is said about a bad one."""

import gzip
import json

import numpy as np
import pytest

from treesmc.audit.log.files import read_probes, read_scores
from treesmc.audit.log.probes import (
    number_paths,
    probes_of,
)
from treesmc.sims.base.errors import BadInput

LINE = {
    "prompt": "p",
    "depth": 1,
    "log_value": -1.5,
    "child_log_values": [-1.0, -2.0, -0.5],
    "rollout_log_rewards": [0.5, -0.25],
    "path": 3,
    "log_weight": 0.1,
}


def write(path, lines):
    path.write_text("".join(json.dumps(line) + "\n" for line in lines))
    return path


def arrays(probes):
    plain = [getattr(probes, name) for name in ("prompt", "depth", "path")]
    draws = [getattr(d, f) for d in (probes.children, probes.rollouts) for f in vars(d)]
    return [*plain, probes.log_value, probes.log_weight, probes.largest_step, *draws]


def test_what_is_kept_of_the_draws():
    draws = probes_of(iter([LINE])).children
    x = np.exp(LINE["child_log_values"])
    pairs = [x[i] * x[j] for i in range(3) for j in range(3) if i != j]
    assert np.exp(draws.mean[0]) == pytest.approx(x.mean())
    assert np.exp(draws.pair[0]) == pytest.approx(np.mean(pairs))
    assert np.exp(draws.half1[0]) == pytest.approx((x[0] + x[2]) / 2)
    assert np.exp(draws.half2[0]) == pytest.approx(x[1])
    assert np.exp(draws.mean_square(0)) == pytest.approx(np.mean(x**2))
    assert draws.first[0] == -1.0
    assert probes_of(iter([LINE])).largest_step[0] == 1.0


def test_values_far_from_one_keep_their_digits():
    far = {**LINE, "child_log_values": [x - 5000 for x in LINE["child_log_values"]]}
    near, moved = probes_of(iter([LINE])).children, probes_of(iter([far])).children
    assert moved.pair[0] == pytest.approx(near.pair[0] - 10000)
    assert moved.mean[0] == pytest.approx(near.mean[0] - 5000)


def test_zeros_are_draws_like_others():
    line = {**LINE, "child_log_values": [-np.inf, 0.0, -np.inf]}
    probes = probes_of(iter([line]))
    draws = probes.children
    assert draws.zeros[0] == 2
    assert probes.largest_step[0] == 1.5
    assert np.exp(draws.mean[0]) == pytest.approx(1 / 3)
    assert np.exp(draws.pair[0]) == 0


def test_a_file_plain_and_compressed_across_blocks(tmp_path, monkeypatch):
    monkeypatch.setattr("treesmc.audit.log.probes.AT_A_TIME", 7)
    rng = np.random.default_rng(0)
    lines = [
        {
            **LINE,
            "prompt": i % 3,
            "log_value": float(v),
            "child_log_values": [float(v)] * (2 + i % 2),
        }
        for i, v in enumerate(rng.normal(size=40))
    ]
    plain = read_probes(write(tmp_path / "log.jsonl", lines))
    packed = tmp_path / "log.jsonl.gz"
    packed.write_bytes(gzip.compress((tmp_path / "log.jsonl").read_bytes()))
    for a, b, c in zip(
        arrays(plain), arrays(read_probes(packed)), arrays(probes_of(iter(lines))), strict=True
    ):
        np.testing.assert_array_equal(a, b)
        np.testing.assert_array_equal(a, c)
    assert len(plain) == 40
    assert plain.prompts == ["0", "1", "2"]


def test_bytes_of_a_line_do_not_depend_on_its_draws():
    many = {**LINE, "child_log_values": [0.0] * 500}
    for line in (LINE, many):
        probes = probes_of(iter([line] * 10))
        assert sum(x.nbytes for x in arrays(probes)) == 10 * 136  # docs/audit.md


def test_parquet(tmp_path):
    pyarrow = pytest.importorskip("pyarrow")
    from pyarrow import parquet

    lines = [LINE, {**LINE, "rollout_log_rewards": None, "path": None, "log_weight": None}]
    parquet.write_table(pyarrow.Table.from_pylist(lines), tmp_path / "log.parquet")
    probes = read_probes(tmp_path / "log.parquet")
    assert probes.rollouts.count.tolist() == [2, 0]
    assert probes.path[1] == 0 != probes.path[0]


BAD = [
    ({**LINE, "depth": -1}, "depth: -1"),
    ({**LINE, "depth": 1.5}, "depth: 1.5"),
    ({**LINE, "log_value": "1"}, "log_value: '1'"),
    ({**LINE, "log_value": float("nan")}, "log_value: 'nan'"),
    ({**LINE, "log_value": float("inf")}, "log_value: 'inf'"),
    ({**LINE, "child_log_values": [0.0]}, "child_log_values: 1 of them"),
    ({**LINE, "child_log_values": [0.0, None]}, "child_log_values: 'None'"),
    ({**LINE, "child_log_values": [0.0, True]}, "child_log_values: 'True'"),
    ({**LINE, "child_log_values": [float("inf"), 0]}, "child_log_values: holds nan or +infinity"),
    ({**LINE, "rollout_log_rewards": 3}, "rollout_log_rewards: '3'"),
    ({**LINE, "child_log_values": [0.0, -1e299]}, "child_log_values: -1e+299 exceeds 1e+09"),
    ({**LINE, "child_log_values": [0.5, 10**400]}, "child_log_values: 1000"),
    ({**LINE, "log_value": 1e10}, "log_value: 10000000000.0 exceeds 1e+09 in size"),
    ({**LINE, "depth": 10**6}, "depth: 1000000 is not a whole number from 0 to 99999"),
    ({**LINE, "prompt": None}, "prompt: 'None'"),
    ({**LINE, "path": 1.5}, "path: '1.5'"),
    ([1], "an object is needed"),
]


@pytest.mark.parametrize(("line", "message"), BAD, ids=lambda x: x if isinstance(x, str) else "")
def test_a_bad_line_is_named_by_number_and_field(tmp_path, line, message):
    path = write(tmp_path / "log.jsonl", [LINE, line, LINE])
    with pytest.raises(BadInput, match="line 2: ") as error:
        read_probes(path)
    assert message in str(error.value)
    assert "\n" not in str(error.value)
    kept = read_probes(path, skip_bad=True)
    assert (len(kept), kept.skipped) == (2, 1)
    assert message in kept.first_skipped


def test_what_cannot_be_read(tmp_path):
    broken = tmp_path / "log.jsonl"
    broken.write_text('{"prompt": 1,\n')
    with pytest.raises(BadInput, match="line 1: not JSON"):
        read_probes(broken)
    with pytest.raises(BadInput, match="no such file"):
        read_probes(tmp_path / "absent.jsonl")
    (tmp_path / "empty.jsonl").write_text("\n")
    with pytest.raises(BadInput, match="no probed prefix"):
        read_probes(tmp_path / "empty.jsonl")
    (tmp_path / "bad.jsonl.gz").write_bytes(b"not gzip")
    with pytest.raises(BadInput, match="cannot be read"):
        read_probes(tmp_path / "bad.jsonl.gz")
    (tmp_path / "cut.jsonl.gz").write_bytes(gzip.compress(b'{"prompt": 1}\n' * 1000)[:-20])
    with pytest.raises(BadInput, match=r"cannot be read|no probed"):
        read_probes(tmp_path / "cut.jsonl.gz", skip_bad=True)


def test_a_line_nested_too_deeply_is_named(tmp_path):
    path = write(tmp_path / "log.jsonl", [LINE])
    path.write_text(path.read_text() + "[" * 100_000 + "\n")
    with pytest.raises(BadInput, match="line 2: not JSON: nested too deeply"):
        read_probes(path)
    assert read_probes(path, skip_bad=True).skipped == 1


def test_scores(tmp_path):
    good = {"prompt": "p", "scores": [0.5, 0.25], "log_reward": -1.0, "log_weights": [0.0, -1.0]}
    scores = read_scores(write(tmp_path / "s.jsonl", [good, {**good, "log_weights": [1.0]}]), True)
    assert len(scores.scores) == 1
    assert "log_weights: 1, but there are 2 scores" in scores.first_skipped
    with pytest.raises(BadInput, match="scores: a list"):
        read_scores(write(tmp_path / "t.jsonl", [{**good, "scores": [-0.5, 1]}]))


def rollout_lines(*depths, **fields):
    line = {key: value for key, value in LINE.items() if key != "path"}
    return [{**line, "depth": depth, **fields} for depth in depths]


def test_paths_of_an_ordered_log_are_numbered():
    first, second = rollout_lines(0, 1, 2, 0, 1, 2, 0), rollout_lines(0, 1, prompt="q")
    mixed = [*first[:2], second[0], *first[2:5], second[1], *first[5:]]
    path = number_paths(probes_of(iter(mixed))).path
    p, q = [0, 1, 3, 4, 5, 7, 8], [2, 6]  # a prompt's lines may stand between another's
    assert path[p].tolist() == [1, 1, 1, 2, 2, 2, 3]
    assert path[q].tolist() == [4, 4]


@pytest.mark.parametrize("depths", [(1, 2), (0, 2), (0, 0, 1, 1), (0, 1, 2, 1)])
def test_a_log_out_of_order_is_refused(depths):
    with pytest.raises(BadInput, match=r"ordered: prefix \d of the log has depth \d, "):
        number_paths(probes_of(iter(rollout_lines(*depths))))


def test_named_paths_are_not_numbered_anew():
    with pytest.raises(BadInput, match="name their path already"):
        number_paths(probes_of(iter([LINE])))
