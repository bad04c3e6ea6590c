"""treesmc language, and the language family of treesmc make."""

import json

import pytest

from treesmc.cli import build_parser, main
from treesmc.sims.language.automata import KINDS
from treesmc.sims.language.models import MODELS
from treesmc.sims.trees import values
from treesmc.sims.trees.treefile import load_tree

SMALL = "language --order 2 --horizon 8 --reward contains:th --temperature 0.3 -n 20 --samples 3"


def ask(capsys, line):
    capsys.readouterr()
    assert main([*line.split(), "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_numbers_and_texts(capsys):
    answer = ask(capsys, SMALL)
    assert answer["epsilon"] < 1e-9
    assert 0 < answer["accepted_reference"] < answer["accepted_smc"] < 1
    assert abs(answer["accepted_smc"] - answer["accepted_target"]) < 0.15
    assert answer["particles_predicted"] < answer["samples_needed"]
    assert set(answer["texts"]) == {"reference", "target", "smc"}
    assert all(len(text) == 8 for texts in answer["texts"].values() for text in texts)
    assert all(len(texts) == 3 for texts in answer["texts"].values())


def test_same_seed_same_answer(capsys):
    line = f"{SMALL} --model regression:50"
    assert ask(capsys, line) == ask(capsys, line)
    assert ask(capsys, f"{line} --seed 1")["texts"] != ask(capsys, line)["texts"]


def test_for_people(capsys):
    assert main(SMALL.split()) == 0
    shown = capsys.readouterr().out
    assert "log_Z" in shown
    for source in ("reference", "target", "smc"):
        assert f"\n{source}: " in shown
    marked = [line for line in shown.splitlines() if line.startswith("+ ")]
    assert marked
    assert all("th" in line for line in marked)


def test_saved_tree_has_the_reward_model(capsys, tmp_path):
    path = tmp_path / "tree.npz"
    answer = ask(capsys, f"{SMALL} --model rollouts:2 -o {path}")
    assert values.epsilon(load_tree(path)) == pytest.approx(answer["epsilon"])
    assert answer["epsilon"] > 0.1


def test_make_language(capsys, tmp_path):
    path = tmp_path / "tree.npz"
    options = "--horizon 6 --order 2 --reward contains:th --temperature 0.3"
    assert main(f"make language {options} -o {path}".split()) == 0
    assert values.epsilon(load_tree(path)) < 1e-9
    perturbed = f"make language {options} --epsilon 0.25 --perturbation random_sign -o {path}"
    assert main(perturbed.split()) == 0
    assert values.epsilon(load_tree(path)) == pytest.approx(0.25)


def test_own_text(capsys, tmp_path):
    path = tmp_path / "text.txt"
    path.write_text("the cat sat on the mat. " * 100)
    answer = ask(capsys, f"{SMALL} --text {path}")
    assert answer["contexts"] < 15
    assert answer["accepted_reference"] > ask(capsys, SMALL)["accepted_reference"]


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("language --reward contain:x", ["contain:x", "contains:"]),
        ("language --model regresion:5", ["regresion:5", "regression"]),
        ("language --horizon 3", ["no text of 3 characters"]),
        ("language --order 5", ["order: 5"]),
        ("language -n 0", ["-n", "0"]),
        ("language --delta 2", ["--delta", "2"]),
        ("language --text absent.txt", ["absent.txt", "No such file"]),
        ("make language --horizon 4 --sigma 2 -o t.json", ["--sigma", "language"]),
        ("make needle --horizon 4 --order 2 -o t.json", ["--order", "needle"]),
    ],
)
def test_bad_input_gets_one_line_and_code_2(capsys, line, words):
    assert main(line.split()) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert all(word in error for word in words)


def test_help_names_every_reward_and_model():
    commands = build_parser()._subparsers._group_actions[0].choices  # argparse offers no getter
    text = commands["language"].format_help()
    assert all(f"{name}:" in text for name in KINDS)
    assert all(name in text for name in MODELS)
    assert "language" in commands["make"].format_help()
