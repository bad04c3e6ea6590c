"""Logs of trees whose truth is known: what an audit would be given, made by probing the tree.

Every prompt may be the same tree or one of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Any

from treesmc.audit.live.protocol import Checked
from treesmc.audit.live.tree_model import TreeModel
from treesmc.audit.live.walks import Design, lines_of, walk
from treesmc.sims.base.streams import generator
from treesmc.sims.trees.tree import TreeMDP

GUIDED_POOL = 4


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
        Draw guided paths instead of reference paths, and log their weights.
    """
    for i, tree in enumerate(trees):
        T, rng, model = tree.horizon, generator(seed, i), Checked(TreeModel(tree))
        prompt, design = f"prompt {i}", Design(T, K, rollouts, GUIDED_POOL)
        pool = GUIDED_POOL if guided else None
        walked = list(islice(walk(model, prompt, paths, pool, rng), T + 1))  # before any probe
        for line in lines_of(model, prompt, range(paths), enumerate(walked[:T]), design, rng):
            yield {key: x for key, x in line.items() if linked or key != "path"}


def logs_from_tree(
    tree: TreeMDP, prompts: int, paths: int, K: int, rollouts: int, seed: int, **options: bool
) -> Iterator[dict[str, Any]]:
    """Yield the lines of a log in which every prompt is the same tree; see `logs_from_trees`."""
    return logs_from_trees([tree] * prompts, paths, K, rollouts, seed, **options)
