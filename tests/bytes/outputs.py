"""Samplers, laws, searches and commands at work: one JSON object of all that they say, bit by bit.

Run as a script by `check`, once on each machine: ``python outputs.py FILE``.
"""

import contextlib
import io
import itertools
import json
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import astuple, is_dataclass
from pathlib import Path
from typing import Any

import numpy as np

from treesmc import cli
from treesmc.audit.live.synthetic import logs_from_tree
from treesmc.audit.log.files import write_lines
from treesmc.sims import cost
from treesmc.sims.laws import certificate, lineage, moments, naive_law
from treesmc.sims.sampling import samplers
from treesmc.sims.trees import families, perturb, reward_models, treefile, values
from treesmc.sims.trees.tree import TreeMDP
from treesmc.theory import bounds

SEED = 20
MANY = 10**12  # particles: here one bit of a probability moves a draw once in ten thousand


def trees() -> dict[str, TreeMDP]:
    """Return trees of every family, some of them perturbed."""
    base = families.random_tree(5, 3, 0.7, 1.5, seed=SEED)
    return {
        "drift": families.needle_in_drift(24, 0.05),
        "product": families.product(12, 1.7),
        "persistent": families.persistent(9, 0.3),
        "random": base,
        "power": reward_models.power(base, 0.6),
        "signs": perturb.random_sign(families.product(10, 2.0), 0.2, SEED),
        "rollouts": reward_models.rollouts(base, 3, SEED),
    }


def sampled(tree: TreeMDP) -> Iterator[tuple[str, Any]]:
    """Yield what every sampler returns."""
    for scheme, kappa, guided in itertools.product(samplers.SCHEMES, (1.0, 0.5), (False, True)):
        options = {"resampling": scheme, "ess_threshold": kappa, "guided": guided}
        yield (
            f"smc {options}",
            samplers.sample_smc(tree, 37, 96, SEED, kernel="particles", **options),
        )
    for n in (37, 10**6, MANY):
        yield f"smc counts {n}", samplers.sample_smc(tree, n, 96, SEED, kernel="counts")
        yield f"naive counts {n}", samplers.sample_naive(tree, n, 96, SEED, kernel="counts")
    yield "naive", samplers.sample_naive(tree, 9, 96, SEED, kernel="particles")
    yield "target", samplers.sample_target(tree, 96, SEED)
    yield "rejection", samplers.sample_rejection(tree, 96, SEED)
    yield "guided", samplers.sample_guided(tree, 96, SEED)
    yield "pool", samplers.sample_pool_mh(tree, 300, 3, 96, SEED)
    yield "genealogy", samplers.smc_genealogy(tree, 50, SEED)


def exact(tree: TreeMDP) -> Iterator[tuple[str, Any]]:
    """Yield laws, moments, bounds and searches."""
    log_phi = tree.log_value_at(tree.horizon)
    yield "value", values.log_true_value(tree)
    yield "target law", values.target_law(tree)
    yield "guided law", values.guided_law(tree)
    yield "errors", [values.epsilon(tree), values.value_error(tree), values.ratio_bound(tree)]
    yield "naive law", naive_law.naive_law(values.reference_law(tree), log_phi, 70)
    yield "moments", [moments.relative_variance(tree, 50), moments.asymptotic_variance(tree)]
    yield "constant", [cost.terminal_constant(tree), cost.terminal_constant(tree, True)]
    yield "certificate", certificate.tv_certificate(tree, 60)
    yield "bounds", [bounds.uniform_tv(9, 0.1, 1.3, 400), bounds.log_zhu_lu_tv(9, 0.1, 1.3, 400)]
    for method in ("naive", "smc", "guided-smc"):
        yield f"cost {method}", cost.cost(tree, method, 0.1, replicates=256, seed=SEED)
    if lineage.is_two_lineage(tree):
        yield "lineage", lineage.lineage_law(tree, 80)


def answers(folder: Path) -> Iterator[tuple[str, Any]]:
    """Yield what commands print."""
    files = {name: str(folder / f"{name}.json") for name in ("drift", "random")}
    for name, file in files.items():
        treefile.save_tree(trees()[name], file)
    log = folder / "log.jsonl"
    write_lines(log, logs_from_tree(trees()["signs"], 8, 6, K=4, rollouts=4, seed=SEED))
    for file, command in itertools.product(
        files.values(),
        (
            "inspect FILE",
            "law FILE --method smc -n 30 --replicates 64",
            "law FILE --method pool-mh --pool 30 --replicates 64",
            "certify FILE -n 100 --delta 0.1",
            "compare FILE --delta 0.1",
        ),
    ):
        yield f"{Path(file).stem}: {command}", said(command.replace("FILE", file).split())
    yield "audit", said(["audit", str(log), "--delta", "0.1", "--bootstrap", "50"])


def said(arguments: list[str]) -> str:
    """Return what a command prints on stdout, as JSON."""
    out = io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(io.StringIO()):
        status = cli.main([*arguments, "--json"])
    return f"{status} {out.getvalue()}"


def bits(value: Any) -> Any:
    """Return a value with its floats in hexadecimal."""
    if is_dataclass(value):
        value = astuple(value)
    if isinstance(value, np.ndarray):
        value = value.tolist()
    if isinstance(value, list | tuple):
        return [bits(entry) for entry in value]
    return float(value).hex() if isinstance(value, float) else value


def main(path: Path) -> None:
    """Write all outputs."""
    everything = {
        f"{name}: {what}": bits(value)
        for name, tree in trees().items()
        for what, value in itertools.chain(sampled(tree), exact(tree))
    }
    with tempfile.TemporaryDirectory() as folder:
        everything |= answers(Path(folder))
    path.write_text(json.dumps(everything, indent=0) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
