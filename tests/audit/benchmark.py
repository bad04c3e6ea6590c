"""Is an audit right? Logs of trees whose truth is known, audited blind, against exact values.

Every log is written to a file, read back and audited as any other, with nothing else given. Kept
against the truth are

    coverage     how often the 95% interval holds the exact value: mean of the Bellman ratio, its
                 rms error, the spread of V*/V half way, and v = lim N Var(Zhat/Z);
    prediction   where one is claimed, whether it is within a factor 2 of N*, the least number of
                 particles with TV <= delta over terminal classes (exact or measured by simulation);
    bounds       whether any route that claims a bound asks for fewer particles than N*.

Run as a script it rewrites the table of docs/audit.md.
"""

from __future__ import annotations

import math
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from treesmc.audit.live.synthetic import logs_from_tree
from treesmc.audit.log.files import read_probes, write_lines
from treesmc.audit.measure.bootstrap import Interval
from treesmc.audit.predict.routes import FIRST_ORDER_BOUND, PREDICTION, WORST_CASE_BOUND
from treesmc.audit.report.report import Report, audit
from treesmc.sims.base import portable
from treesmc.sims.cost import least_particles
from treesmc.sims.laws.moments import asymptotic_variance
from treesmc.sims.trees import families, perturb
from treesmc.sims.trees.tree import TreeMDP
from treesmc.sims.trees.values import bellman_log_ratio, class_laws, log_true_value

TOLERANCE = 0.1
NEAR_FACTOR = 2.0
LOGS = 16  # a tree
REPLICATES = 200

DESIGNS: tuple[dict[str, Any], ...] = (
    {"prompts": 40, "paths": 16, "K": 2, "rollouts": 8},
    {"prompts": 1, "paths": 400, "K": 4, "rollouts": 8},
)
"""Logs of one tree alternate between many prompts with few paths, and one prompt with many."""

TABLE_MARKS = ("<!-- audit-benchmark:begin -->", "<!-- audit-benchmark:end -->")
COVERED = ("mean", "rms", "spread", "v")

OUT_OF_SIGHT = "needle, out of sight"
"""No log of this size can hold its reward: nothing can be covered, and nothing may be claimed."""


def _perturbed(name: str) -> TreeMDP:
    return perturb.PERTURBATIONS[name](families.random_tree(6, seed=1), 0.3, 1)


def _language(model: str) -> TreeMDP:
    from treesmc.sims.language.instance import language
    from treesmc.sims.language.models import reward_model

    return reward_model(language(8, 2, "contains:the", 0.5), model)


KNOWN_TREES: dict[str, Callable[[], TreeMDP]] = {
    "random": lambda: families.random_tree(6, seed=1),
    "random, persistent": lambda: _perturbed("persistent"),
    "random, random_sign": lambda: _perturbed("random_sign"),
    "random, value_noise": lambda: _perturbed("value_noise"),
    "random, hidden": lambda: perturb.hidden(families.random_tree(5, 3, seed=2), 0.2),
    "product, persistent": lambda: perturb.persistent(families.product(8), 0.15),
    "product, random_sign": lambda: perturb.random_sign(families.product(8), 0.3, 2),
    "needle": lambda: families.needle(8, 0.15),
    "needle_in_drift": lambda: families.needle_in_drift(6, 0.2),
    "needle_in_drift, T = 12": lambda: families.needle_in_drift(12, 0.05),
    "language, exact": lambda: _language("exact"),
    "language, power 0.5": lambda: _language("power:0.5"),
    "language, regression": lambda: _language("regression:1000"),
    OUT_OF_SIGHT: lambda: families.needle(12, 0.4),
}
"""Trees by name."""


@dataclass(frozen=True)
class Truth:
    """Exact values of a tree, and N*."""

    mean: float
    rms: float
    spread: float
    v: float
    n_star: float


@dataclass(frozen=True)
class Trial:
    """One log against the truth.

    Attributes
    ----------
    covered : dict of str to bool
        By the names of `COVERED`.
    ratio : float
        Particles predicted over N*; nan where the audit abstains.
    least_bound : float
        The least that a route claiming a bound asks for, over N*; infinite if none claims.
    """

    covered: dict[str, bool]
    ratio: float
    least_bound: float


@cache
def tree_of(name: str) -> TreeMDP:
    """Return a tree of `KNOWN_TREES`, built once."""
    return KNOWN_TREES[name]()


@cache
def truth_of(name: str) -> Truth:
    """Return the truth about a tree of `KNOWN_TREES`, computed once."""
    tree = tree_of(name)
    return Truth(
        *true_moments(tree),
        true_spread(tree, tree.horizon // 2),
        asymptotic_variance(tree),
        least_particles(tree, TOLERANCE, replicates=2048).n_star,
    )


def true_moments(tree: TreeMDP) -> tuple[float, float]:
    """Return the mean of the Bellman ratio along reference paths, and its rms error."""
    ratio = portable.exp(bellman_log_ratio(tree))
    share = class_laws(tree, tree.policy)[: tree.class_start[-2]] / tree.horizon
    rms = math.sqrt(portable.matmul(share, (ratio - 1) ** 2))
    return portable.matmul(share, ratio), rms


def true_spread(tree: TreeMDP, t: int) -> float:
    """Return the relative spread of V*/V at depth t."""
    drift = portable.exp(tree.layer(log_true_value(tree) - tree.log_value, t))
    law = tree.layer(class_laws(tree, tree.policy), t)
    square = portable.matmul(law, drift**2) / portable.matmul(law, drift) ** 2 - 1
    return math.sqrt(max(square, 0.0))


def judge(name: str, i: int) -> Trial:
    """Audit the i-th log of a tree and compare."""
    design, seed = DESIGNS[i % len(DESIGNS)], list(KNOWN_TREES).index(name) * LOGS + i
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "log.jsonl"
        write_lines(path, logs_from_tree(tree_of(name), seed=seed, **design))
        report = audit(read_probes(path), TOLERANCE, replicates=REPLICATES, seed=seed)
    return trial(report, truth_of(name))


def trial(report: Report, truth: Truth) -> Trial:
    """Compare a report with the truth."""
    routes = report.prediction.routes
    claimed = [r.n for r in routes if r.claim in (WORST_CASE_BOUND, FIRST_ORDER_BOUND)]
    predicted = report.prediction.route("predicted")
    return Trial(
        {key: _holds(_interval(report, key), getattr(truth, key)) for key in COVERED},
        predicted.n / truth.n_star if predicted.claim == PREDICTION else math.nan,
        min(claimed, default=math.inf) / truth.n_star,
    )


def _interval(report: Report, key: str) -> Interval:
    if key == "spread":
        assert report.drift is not None
        half = report.horizon // 2
        return next(d.spread for d in report.drift.by_depth if d.depth == half)
    bellman = report.bellman
    return {"mean": bellman.mean, "rms": bellman.rms, "v": report.prediction.v}[key]


def _holds(estimate: Interval, value: float) -> bool:
    slack = 1e-6  # a spread of zero is known up to the root of round-off
    return estimate.low - slack <= value <= estimate.high + slack


def run(names: Iterable[str], logs: int = LOGS) -> Iterator[tuple[str, list[Trial]]]:
    """Yield the trials on each tree."""
    for name in names:
        yield name, [judge(name, i) for i in range(logs)]


def table(results: list[tuple[str, list[Trial]]]) -> str:
    """Return results as a Markdown table, and the totals in words."""
    header = "| tree | N* | logs | mean | rms | spread | v | claimed | within 2 | bounds below N* |"
    lines = [header, "|---" * header.count(" |") + "|"]
    for name, trials in results:
        lines.append(f"| {name} | {truth_of(name).n_star:.0f} | {_cells(trials)} |")
    seen = [v for name, trials in results if name != OUT_OF_SIGHT for v in trials]
    lines.append(f"| all but the last | | {_cells(seen)} |")
    return "\n".join([*lines, "", _in_words(seen), ""])


def _cells(trials: list[Trial]) -> str:
    covered = [sum(v.covered[key] for v in trials) for key in COVERED]
    ratios = claimed_ratios(trials)
    cells = [len(trials), *covered, len(ratios), sum(map(is_near, ratios)), failures(trials)]
    return " | ".join(map(str, cells))


def claimed_ratios(trials: list[Trial]) -> list[float]:
    """Return predicted N over N* where a prediction was claimed."""
    return [v.ratio for v in trials if not math.isnan(v.ratio)]


def is_near(ratio: float) -> bool:
    """Whether a ratio is within the factor."""
    return 1 / NEAR_FACTOR <= ratio <= NEAR_FACTOR


def failures(trials: list[Trial]) -> int:
    """Return how many logs hold a bound below N*."""
    return sum(v.least_bound < 1 for v in trials)


def binomial_range(n: int) -> tuple[int, int]:
    """Return the 99.9% range of how many of n 95% intervals hold the truth."""
    from scipy.stats import binom

    low, high = binom.ppf([0.0005, 0.9995], n, 0.95)
    return int(low), int(high)


def _in_words(trials: list[Trial]) -> str:
    n, ratios = len(trials), claimed_ratios(trials)
    low, high = binomial_range(n)
    near = sum(map(is_near, ratios))
    return (
        f"Of {n} logs, intervals of true level 95% would hold the truth in {low} to {high} "
        f"(99.9% range). A prediction was claimed for {len(ratios)}; {near} "
        f"({near / max(len(ratios), 1):.1%}) were within a factor {NEAR_FACTOR:g} of N*. "
        f"{failures(trials)} bounds were below N*."
    )


def main(path: Path) -> None:
    """Rewrite the table between the marks of a Markdown file."""
    results = []
    for name, trials in run(KNOWN_TREES):
        print(f"{name}: {_cells(trials)}", file=sys.stderr)
        results.append((name, trials))
    head, rest = path.read_text().split(TABLE_MARKS[0])
    tail = rest.split(TABLE_MARKS[1])[1]
    path.write_text(f"{head}{TABLE_MARKS[0]}\n{table(results)}{TABLE_MARKS[1]}{tail}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
