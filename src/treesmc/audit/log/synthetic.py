"""Logs of a tree whose truth is known: what an audit would be given, made by exact simulation.

Reference paths x are drawn from pi_ref (or guided ones, with their log weights); each prefix of
depth 0 .. T-1 becomes one line with K children and R rollouts drawn from pi_ref at that prefix.
Every prompt may be the same tree or one of its own.
"""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from treesmc.sims.base import portable
from treesmc.sims.base.streams import generator
from treesmc.sims.trees.tree import FloatArray, IntArray, TreeMDP
from treesmc.sims.trees.values import guided_policy


def logs_from_trees(
    trees: Sequence[TreeMDP],
    paths: int,
    K: int,
    rollouts: int,
    seed: int,
    *,
    linked: bool = True,
    guided: bool = False,
) -> Iterator[dict[str, Any]]:
    """Yield the lines of a log, one tree a prompt.

    Parameters
    ----------
    trees : sequence of TreeMDP
        The tree of each prompt.
    paths : int
        Paths drawn per prompt; each gives T lines.
    K, rollouts : int
        Children (at least 2) and rollouts per prefix.
    seed : int
        Non-negative.
    linked : bool
        Whether lines name their path.
    guided : bool
        Draw the paths from the guided proposal instead of pi_ref, and log their weights.
    """
    for i, tree in enumerate(trees):
        rng = generator(seed, i)
        policy = guided_policy(tree) if guided else tree.policy
        classes, log_weight = _walk(tree, policy, paths, rng)
        for t in range(tree.horizon):
            here = np.repeat(classes[:, t], K)
            children = tree.log_value_at(t + 1)[_step(tree, tree.policy, t, here, rng)[0]]
            rewards = _rewards(tree, t, np.repeat(classes[:, t], rollouts), rng)
            for j in range(paths):
                line: dict[str, Any] = {
                    "prompt": f"prompt {i}",
                    "depth": t,
                    "log_value": float(tree.log_value_at(t)[classes[j, t]]),
                    "child_log_values": children[j * K : (j + 1) * K].tolist(),
                }
                if rollouts:
                    line["rollout_log_rewards"] = rewards[
                        j * rollouts : (j + 1) * rollouts
                    ].tolist()
                if linked:
                    line["path"] = j
                if guided:
                    line["log_weight"] = float(log_weight[j, t])
                yield line


def logs_from_tree(
    tree: TreeMDP, prompts: int, paths: int, K: int, rollouts: int, seed: int, **options: bool
) -> Iterator[dict[str, Any]]:
    """Yield the lines of a log in which every prompt is the same tree; see `logs_from_trees`."""
    return logs_from_trees([tree] * prompts, paths, K, rollouts, seed, **options)


def write_log(path: Path, lines: Iterator[dict[str, Any]]) -> None:
    """Write lines as JSON Lines."""
    with open(path, "w", encoding="utf-8") as handle:
        handle.writelines(json.dumps(line) + "\n" for line in lines)


def _walk(
    tree: TreeMDP, policy: FloatArray, n: int, rng: np.random.Generator
) -> tuple[IntArray, FloatArray]:
    """Return classes int64[n, T + 1] of paths drawn from a policy, and log pi_ref/policy."""
    classes = np.zeros((n, tree.horizon + 1), dtype=np.int64)
    log_weight = np.zeros((n, tree.horizon + 1))
    for t in range(tree.horizon):
        classes[:, t + 1], symbol = _step(tree, policy, t, classes[:, t], rng)
        drawn = tree.edge_layer(policy, t)[classes[:, t], symbol]
        reference = tree.policy_at(t)[classes[:, t], symbol]
        log_weight[:, t + 1] = log_weight[:, t] + portable.log(reference / drawn)
    return classes, log_weight


def _step(
    tree: TreeMDP, policy: FloatArray, t: int, classes: IntArray, rng: np.random.Generator
) -> tuple[IntArray, IntArray]:
    """Return child class and symbol of one step from each class of depth t."""
    cumulative = tree.edge_layer(policy, t).cumsum(axis=1)
    cumulative /= cumulative[:, -1:]  # ends at exactly 1, which no uniform reaches
    symbol = (cumulative[classes] <= rng.random(len(classes))[:, None]).sum(axis=1)
    return tree.child_at(t)[classes, symbol], symbol


def _rewards(tree: TreeMDP, t: int, classes: IntArray, rng: np.random.Generator) -> FloatArray:
    """Return log phi of one rollout from each class of depth t."""
    for u in range(t, tree.horizon):
        classes, _ = _step(tree, tree.policy, u, classes, rng)
    return tree.log_value_at(tree.horizon)[classes]
