"""The command line from outside: keys, exit codes, one-line errors, seeds, quick start."""

import json
import math
import re
import subprocess
import sys

import pytest

from treesmc.cli import COMMANDS, build_parser, main
from treesmc.sims.laws.schemes import SCHEMES
from treesmc.sims.methods.registry import METHODS
from treesmc.sims.trees.families import FAMILIES, defaults
from treesmc.sims.trees.perturb import PERTURBATIONS

KEYS = {
    "inspect": "horizon classes L epsilon epsilon_per_depth epsilon_value log_Z kl",
    "certify": "second_moment relative_variance tv_certificate tv_certificate_stderr tv_uniform "
    "tv_instance tv_zhu_lu first_order_constant particles_predicted",
    "cost": "n_star reference_draws evidence interval",
}


@pytest.fixture
def tree(tmp_path):
    path = tmp_path / "tree.json"
    assert main(f"make needle_in_drift --horizon 5 --epsilon 0.2 -o {path}".split()) == 0
    return path


def ask(capsys, *words):
    """Run a command with --json; return the object that is alone on stdout."""
    capsys.readouterr()
    assert main([str(word) for word in words] + ["--json"]) == 0
    return json.loads(capsys.readouterr().out)


def test_inspect(capsys, tree):
    answer = ask(capsys, "inspect", tree)
    assert set(KEYS["inspect"].split()) <= set(answer)
    assert answer["horizon"] == 5
    assert answer["classes"] == [1, 2, 4, 6, 8, 10]
    assert answer["epsilon"] == pytest.approx(0.2)
    assert answer["L"] == pytest.approx(2.4)


def test_certify(capsys, tree):
    answer = ask(capsys, "certify", tree, "-n", 50, "--delta", 0.05)
    assert set(KEYS["certify"].split()) <= set(answer)
    assert 0 < answer["tv_certificate"] <= answer["tv_instance"] <= answer["tv_uniform"] < 1
    assert answer["tv_uniform"] < answer["tv_zhu_lu"]
    predicted = math.ceil(answer["first_order_constant"] / 0.05)
    assert answer["particles_predicted"] == predicted


@pytest.mark.parametrize("method", ["naive", "smc", "guided-smc", "rejection"])
def test_cost(capsys, tree, method):
    answer = ask(capsys, "cost", tree, "--method", method, "--delta", 0.2, "--replicates", 300)
    assert set(KEYS["cost"].split()) <= set(answer)
    low, high = answer["interval"]
    assert low <= answer["n_star"] <= high
    assert answer["evidence"] == ("measured" if "smc" in method else "exact")


def test_compare_orders_the_routes(capsys, tmp_path):
    path = tmp_path / "needle.json"
    assert main(f"make needle --horizon 6 --epsilon 0.2 -o {path}".split()) == 0
    (row,) = ask(capsys, "compare", path, "--delta", 0.05)
    routes = ["exact", "certificate", "instance", "uniform", "middle", "zhu_lu"]
    particles = [row[route] for route in routes]
    assert particles == sorted(particles)
    assert main(["compare", str(path)]) == 0
    assert "needle(T=6, eps=0.2)" in capsys.readouterr().out


def test_growth_has_every_bound_and_schedule(capsys):
    table = ask(capsys, "growth")
    assert table["S2"]["c"] == "exp(2*T*log(c + 1))"
    assert table["ZL-5.1"]["c/T"] == "T^(1)"
    assert main(["growth"]) == 0
    shown = capsys.readouterr().out
    assert all(bound in shown and cells["c"] in shown for bound, cells in table.items())


def test_cost_of_smc_is_exact_on_two_lineages(capsys, tmp_path):
    path = tmp_path / "needle.npz"
    assert main(f"make needle --horizon 6 --epsilon 0.2 -o {path}".split()) == 0
    answer = ask(capsys, "cost", path, "--method", "smc", "--delta", 0.05)
    assert answer["evidence"] == "exact"
    assert answer["interval"] == [answer["n_star"]] * 2
    assert answer["reference_draws"] == 6 * answer["n_star"]


@pytest.mark.parametrize("family", FAMILIES)
def test_make_every_family(capsys, tmp_path, family):
    path = tmp_path / "tree.npz"
    assert main(f"make {family} --horizon 4 --epsilon 0.25 -o {path}".split()) == 0
    assert ask(capsys, "inspect", path)["epsilon"] == pytest.approx(0.25)


def test_tables_for_people(capsys, tree):
    assert main(["inspect", str(tree)]) == 0
    assert "epsilon_per_depth" in capsys.readouterr().out


BAD = [
    ("inspect {absent}", ["absent.json", "No such file"]),
    ("inspect {broken}", ["broken.json", "JSON"]),
    ("law {tree} --method smcc", ["smcc", "did you mean smc?"]),
    ("law {tree} --method smc -n 0", ["-n", "0"]),
    ("law {tree} --method smc -n 1e40", ["too large"]),
    ("law {tree} --method smc --replicates 1", ["replicates", "1"]),
    ("law {tree} --method smc --resampling systemic", ["systemic"]),
    ("law {tree} --method smc --ess-threshold -1", ["-1"]),
    ("law {tree} --method pool-mh --pool 0", ["0"]),
    ("law {tree} --method target --seed -3", ["--seed", "-3"]),
    ("certify {tree} -n 10 --delta 1.5", ["--delta", "1.5"]),
    ("certify {tree} -n 10 --delta 1e-200", ["--delta", "1e-200"]),
    ("make product --horizon 100000 -o {absent}", ["horizon", "100000"]),
    ("make random --horizon 3 --sigma 1e308 -o {absent}", ["sigma", "1e+308"]),
    ("make needle --horizon 10000000000000000000 -o {absent}", ["horizon", "10000000000000000000"]),
    ("cost {tree} --method smc --delta 0", ["--delta", "0"]),
    ("cost {tree} --method target --delta 0.1", ["target"]),
    ("make nedle --horizon 4 -o {absent}", ["nedle", "did you mean needle?"]),
    ("make needle --horizon 4 --branching 3 -o {absent}", ["--branching", "needle"]),
    ("make needle --horizon 4 --perturbation hidden -o {absent}", ["--perturbation", "needle"]),
    ("make random --horizon 3 --epsilon 0.1 --perturbation x -o {absent}", ["'x'"]),
    ("make needle --horizon 4 -o {folder}/none/t.json", ["none/t.json"]),
    ("make needle --horizon 4 -o {folder}/t.txt", [".json or .npz"]),
    ("figures headlin", ["headlin", "did you mean headline?"]),
]


@pytest.mark.parametrize(("line", "words"), BAD)
def test_bad_input_gets_one_line_and_code_2(capsys, tree, line, words):
    broken = tree.parent / "broken.json"
    broken.write_text('{"policy": [')
    absent = tree.parent / "absent.json"
    places = {"tree": tree, "broken": broken, "absent": absent, "folder": tree.parent}
    capsys.readouterr()
    assert main(line.format(**places).split()) == 2
    streams = capsys.readouterr()
    assert streams.out == ""
    assert streams.err.startswith("treesmc: error: ")
    assert streams.err.count("\n") == 1
    assert all(word in streams.err for word in words)
    assert not absent.exists()


@pytest.mark.parametrize("line", ["", "nosuch", "law {tree}", "law {tree} --method smc -n 1.5"])
def test_bad_usage_gets_one_line_and_code_2(capsys, tree, line):
    with pytest.raises(SystemExit) as exit_:
        main(line.format(tree=tree).split())
    assert exit_.value.code == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1
    assert "--help" in error


def test_naive_law_at_astronomical_n(capsys, tree):
    assert ask(capsys, "law", tree, "--method", "naive", "-n", "1e40")["tv"] < 1e-12
    assert ask(capsys, "certify", tree, "-n", "1e40")["tv_certificate"] < 1e-38


def far_tree(folder):
    """A tree on which v, L and the Bellman error are beyond floats."""
    path = folder / "far.json"
    log_value = [[0.0], [-5000.0, 0.0], [0.0, 0.0]]
    layers = {"policy": [[[0.5, 0.5]], [[1.0], [1.0]]], "child": [[[0, 1]], [[0], [1]]]}
    path.write_text(json.dumps({**layers, "log_value": log_value}))
    return path


def test_what_is_infinite_is_said_so(capsys, tmp_path):
    path = far_tree(tmp_path)
    answer = ask(capsys, "certify", path, "-n", 10)
    assert answer["particles_predicted"] is None
    assert answer["tv_uniform"] == 1
    assert main(["certify", str(path), "-n", "10"]) == 0
    assert re.search(r"particles_predicted +inf\n", capsys.readouterr().out)
    assert ask(capsys, "inspect", path)["L"] is None
    (row,) = ask(capsys, "compare", path)
    assert row["zhu_lu"] > 30_000
    assert main(["compare", str(path)]) == 0
    assert "nan" not in capsys.readouterr().out


def test_memory_that_is_not_there_is_no_traceback(capsys, monkeypatch, tree):
    monkeypatch.setattr("treesmc.commands.inspect.run", lambda args: bytearray(2**62))
    assert main(["inspect", str(tree)]) == 2
    assert "out of memory" in capsys.readouterr().err


def test_help_names_every_choice():
    commands = build_parser()._subparsers._group_actions[0].choices  # argparse offers no getter
    assert set(commands) == set(COMMANDS)
    shown = {name: command.format_help() for name, command in commands.items()}
    assert not re.search(r"\{\w+\}", "".join(shown.values()))
    for name, method in METHODS.items():
        assert all(
            re.search(rf"^  {name} .*{method.exact}", shown[c], re.M) for c in ("law", "sweep")
        )
        assert bool(re.search(rf"^  {name} ", shown["cost"], re.M)) == bool(method.n_star)
    assert all(name in shown["law"] and name in shown["cost"] for name in SCHEMES)
    assert all(name in shown["make"] for name in [*FAMILIES, *PERTURBATIONS])
    options = {name for family in FAMILIES.values() for name in defaults(family)}
    assert all(f"--{name} " in shown["make"] for name in options - {"true_value"})
    assert all(name in shown["sweep"] for name in [*FAMILIES, *PERTURBATIONS, *options])


@pytest.mark.parametrize("command", [[], ["law"], ["cost"], ["verify"]])
def test_help_imports_nothing_heavy(command):
    """Tenths of a second, which people notice: numpy, sympy, numba."""
    code = f"from treesmc.cli import main; main({[*command, '--help']})"
    script = f"import atexit, sys; atexit.register(lambda: print('numpy' in sys.modules)); {code}"
    shown = subprocess.check_output([sys.executable, "-c", script], text=True)
    assert "usage: treesmc" in shown
    assert shown.endswith("False\n")
