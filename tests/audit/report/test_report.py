"""The report from outside: the command, JSON, the terminal, one HTML file."""

import json
import re
import shutil
import subprocess

import numpy as np
import pytest

from treesmc.audit.live.synthetic import logs_from_tree
from treesmc.audit.log.files import write_lines
from treesmc.audit.log.probes import probes_of
from treesmc.audit.predict.regime import _reach
from treesmc.audit.report.cells import particles
from treesmc.audit.report.report import audit
from treesmc.audit.report.text import render
from treesmc.cli import main
from treesmc.sims.base.errors import BadInput
from treesmc.sims.trees import families, perturb

TREE = perturb.persistent(families.random_tree(5, seed=1), 0.3)
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("audit")
    lines = logs_from_tree(TREE, 12, 12, 3, 4, 0)
    named = ({**line, "prompt": f"<script>{line['prompt']}"} for line in lines)
    write_lines(folder / "log.jsonl", named)
    rng = np.random.default_rng(0)
    with open(folder / "scores.jsonl", "w") as handle:
        for i in range(300):
            p = rng.uniform(0.2, 1, size=4)
            line = {"prompt": i % 3, "scores": p.tolist(), "log_reward": float(np.log(p).sum())}
            handle.write(json.dumps({**line, "log_weights": np.log(p).tolist()}) + "\n")
    return folder


@pytest.fixture(scope="module")
def page(folder):
    path = folder / "report.html"
    words = (folder / "log.jsonl", "--scores", folder / "scores.jsonl", "--html", path)
    assert main(["audit", *map(str, words), "--bootstrap", "50"]) == 0
    return path


def ask(capsys, *words):
    capsys.readouterr()
    assert main(["audit", *map(str, words), "--bootstrap", "50"]) == 0
    return capsys.readouterr().out


def test_json(capsys, folder):
    log, scores = folder / "log.jsonl", folder / "scores.jsonl"
    out = ask(capsys, log, "--scores", scores, "--json")
    answer = json.loads(out)
    assert (answer["horizon"], answer["lines"], answer["prompts"]) == (5, 720, 12)
    assert answer["clusters"] == "prompts"
    assert answer["bellman"]["rms"]["low"] <= answer["bellman"]["rms"]["high"]
    assert answer["bellman"]["eps99"] > 0
    assert len(answer["bellman_by_depth"]) == 5
    assert set(answer["drift"]["support"]) == {"bounded", "random walk", "compounding"}
    assert answer["scores"]["telescopes"] is True
    routes = {route["name"]: route for route in answer["prediction"]["routes"]}
    assert routes["certificate"]["n"] > routes["predicted"]["n"] >= 1
    assert len(answer["prediction"]["v_steps"]) == 5
    assert answer["limits"]
    assert ask(capsys, log, "--scores", scores, "--json") == out, "same seed, same bytes"
    other = json.loads(ask(capsys, log, "--json", "--seed", 5))
    assert other["bellman"]["rms"]["value"] == answer["bellman"]["rms"]["value"]
    assert other["bellman"]["rms"]["low"] != answer["bellman"]["rms"]["low"]


def test_an_ordered_log_predicts_as_one_that_names_its_paths(capsys, folder):
    lines = [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]
    lines.sort(key=lambda line: (line["prompt"], line["path"], line["depth"]))

    def answer(name, named, *words):
        kept = [{k: v for k, v in x.items() if named or k != "path"} for x in lines]
        write_lines(folder / name, iter(kept))
        return json.loads(ask(capsys, folder / name, "--json", *words))

    without = answer("ordered.jsonl", False)
    assert without["recommendation"]["claim"] != "prediction" or without["paths"] == 0
    assert answer("ordered.jsonl", False, "--ordered") == answer("named.jsonl", True)


def test_terminal(capsys, folder):
    text = ask(capsys, folder / "log.jsonl", "--scores", folder / "scores.jsonl")
    for phrase in (
        "Bellman ratio",
        "biased",
        "regime: ",
        "T eps = ",
        "certificate",
        "logged weights telescope",
        "what this log cannot tell",
        "Accuracy of answers",
        "V^0.5",
    ):
        assert phrase in text
    assert max(map(len, text.splitlines())) < 240


def test_bad_lines_are_counted(capsys, folder):
    text = (folder / "log.jsonl").read_text()
    (folder / "bad.jsonl").write_text('{"prompt": 1}\n' + text)
    assert main(["audit", str(folder / "bad.jsonl")]) == 2
    assert "line 1: depth" in capsys.readouterr().err
    answer = json.loads(ask(capsys, folder / "bad.jsonl", "--skip-bad", "--json"))
    assert (answer["skipped"], answer["lines"]) == (1, 720)
    assert "line 1: depth" in answer["warnings"][0]


def test_bad_arguments(folder, capsys):
    for words in ("--delta 2", "--horizon 4", "--bootstrap 3", "--seed -1"):
        assert main(["audit", str(folder / "log.jsonl"), *words.split()]) == 2
        assert len(capsys.readouterr().err.splitlines()) == 1
    line = {"prompt": 1, "depth": 0, "log_value": -np.inf, "child_log_values": [0.0, 0.0]}
    with pytest.raises(BadInput, match="nothing to audit"):
        audit(probes_of(iter([{**line, "log_value": float("-inf")}])))


def test_html_is_one_file_that_refers_to_nothing(capsys, folder, page):
    text = page.read_text()
    assert text.count("<svg") >= 6
    assert "&lt;script&gt;prompt 3" in text
    assert "<script" not in text
    assert not re.findall(r"""(?:src|href)\s*=\s*["'](?!#)""", text)
    assert not re.findall(r"url\((?!#)", text)
    assert not re.findall(r"@import|<link|<iframe|<img", text)
    again = folder / "again.html"
    words = (folder / "log.jsonl", "--scores", folder / "scores.jsonl", "--html", again)
    ask(capsys, *words)
    assert again.read_text() == text, "the same log, the same bytes"


@pytest.mark.skipif(CHROMIUM is None, reason="needs chromium")
def test_html_in_a_browser(page):
    shot = page.with_suffix(".png")
    command = [CHROMIUM, "--headless", "--no-sandbox", "--disable-gpu", "--window-size=1000,1400"]
    found = subprocess.run(
        [*command, "--dump-dom", page.as_uri()], capture_output=True, text=True, timeout=120
    )
    assert "Which step burns the particles" in found.stdout
    assert found.stdout.count("</svg>") == page.read_text().count("</svg>")
    subprocess.run([*command, f"--screenshot={shot}", page.as_uri()], timeout=120, check=True)
    from matplotlib.image import imread

    pixels = imread(shot)[..., :3]
    assert pixels.shape[0] >= 1000
    assert 0.02 < np.mean(pixels.min(axis=2) < 0.9) < 0.6  # something is drawn, on white


@pytest.mark.parametrize(
    "design", ["unlinked", "no rollouts", "one step", "one prompt", "K differs"]
)
def test_every_kind_of_log_gets_a_report(design, tmp_path):
    from treesmc.audit.report.html import page

    tree = families.product(1) if design == "one step" else TREE
    lines = list(
        logs_from_tree(
            tree,
            1 if design == "one prompt" else 3,
            10,
            3,
            0 if design == "no rollouts" else 2,
            0,
            linked=design != "unlinked",
        )
    )
    if design == "K differs":
        lines = [
            {**line, "child_log_values": line["child_log_values"][: 2 + i % 2]}
            for i, line in enumerate(lines)
        ]
    report = audit(probes_of(iter(lines)), replicates=20)
    assert "particles for total variation" in render(report)
    assert page(report).endswith("</html>\n")
    json.loads(report.to_json())


def test_numbers_of_particles():
    assert particles(np.log(1234.2)) == "1,235"
    assert particles(230.2585) == "1e100.0"
    assert particles(float("inf")) == "inf"
    assert particles(float("nan")) == "-"


@pytest.mark.parametrize("span", [-1e5, -800.0, 800.0, 1e8])
@pytest.mark.parametrize("flags", [[], ["--json"]])
def test_a_log_beyond_floats_gets_a_report_without_nan(capsys, tmp_path, span, flags):
    lines = list(logs_from_tree(TREE, 3, 9, 2, 2, 0))
    for line in lines[::7]:
        line["child_log_values"][0] += span
        line["rollout_log_rewards"][-1] += span
    write_lines(tmp_path / "far.jsonl", iter(lines))
    text = ask(capsys, tmp_path / "far.jsonl", "--html", tmp_path / "far.html", *flags)
    assert not re.search(r"\bnan\b", text, re.IGNORECASE)
    if flags:
        json.loads(text, parse_constant=pytest.fail)


def test_weights_of_zero_throughout_are_no_paths(capsys, tmp_path):
    lines = [{**x, "log_weight": -np.inf} for x in logs_from_tree(TREE, 2, 9, 2, 2, 0)]
    write_lines(tmp_path / "none.jsonl", iter(lines))
    assert "nan" not in ask(capsys, tmp_path / "none.jsonl")


@pytest.mark.parametrize(("eps", "T"), [(0.01, "100"), (2.0, "1"), (np.inf, "1"), (5e-324, "inf")])
def test_the_horizon_that_stays_linear(eps, T):
    assert _reach(eps) == T
