"""The recipes of CONTRIBUTING.md work: a sampler added as it says runs, in a copy of the package.

The recipe of a claim is tried by `theory/test_verify.py`.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest
from scipy.stats import norm

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "CONTRIBUTING.md").read_text("utf-8")
BLOCK = re.compile(r"`([\w/]+\.py)`[^`]*?\n\n   ```python\n(.*?)\n   ```", re.DOTALL)
BLOCKS = {file: textwrap.dedent(code) + "\n" for file, code in BLOCK.findall(TEXT)}
REGISTRY = "sims/methods/registry.py"
FALSE_ALARM = 1e-4


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    """A copy of the package with the sampler of the recipe."""
    copy = tmp_path_factory.mktemp("copy") / "treesmc"
    shutil.copytree(ROOT / "src/treesmc", copy)
    for room in ("sims", "theory", "figures"):
        shutil.copytree(ROOT / room, copy / room, ignore=shutil.ignore_patterns("output"))
    for file, code in BLOCKS.items():
        if file.startswith("sims/"):
            with (copy / file).open("a", encoding="utf-8") as handle:
                handle.write(f"\n\n{code}" if (ROOT / file).exists() else code)
    registry = (copy / REGISTRY).read_text("utf-8")
    registry = registry.replace("methods import ", "methods import better, ")
    registry = registry.replace("pool_mh.METHOD,", "pool_mh.METHOD,\n        better.METHOD,")
    (copy / REGISTRY).write_text(registry, "utf-8")
    return copy


def treesmc(package, *words):
    environment = {**os.environ, "PYTHONPATH": str(package.parent)}
    command = [sys.executable, "-m", "treesmc", *map(str, words)]
    return subprocess.check_output(command, env=environment, cwd=package.parent, text=True)


def test_the_sampler_of_the_recipe_runs(package):
    tree = package / "tree.json"
    treesmc(package, "make", "random", "--horizon", 3, "--seed", 1, "-o", tree)
    law = ["law", tree, "--json", "--method"]
    exact = json.loads(treesmc(package, *law, "better"))
    measured = json.loads(treesmc(package, *law, "better", "--replicates", 20000))
    assert [exact["evidence"], measured["evidence"]] == ["exact", "measured"]
    assert exact["reference_draws"] == measured["reference_draws"] == 6
    limit = norm.isf(FALSE_ALARM / 16)

    def agrees(law):
        rows = zip(law["law"], measured["law"], measured["stderr"], strict=True)
        return all(abs(p - q) <= limit * s for p, q, s in rows)

    assert agrees(exact)
    assert not agrees(json.loads(treesmc(package, *law, "reference")))
    assert "better" in treesmc(package, "law", "--help")
