"""show a tree's horizon, Bellman error, ratio bound, value error, log Z and KL

All numbers are exact (dynamic programming). JSON keys: name, horizon, classes (per depth), L,
epsilon, epsilon_per_depth, epsilon_value, log_Z, kl.
"""

import argparse

from treesmc.commands.arguments import add_tree
from treesmc.commands.output import emit


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_tree(parser)


def run(args: argparse.Namespace) -> int:
    """Print the audit of one tree."""
    from treesmc.sims.trees import values
    from treesmc.sims.trees.treefile import load_tree

    tree = load_tree(args.tree)
    answer = {
        "name": tree.name,
        "horizon": tree.horizon,
        "classes": tree.n_classes,
        "L": values.ratio_bound(tree),
        "epsilon": values.epsilon(tree),
        "epsilon_per_depth": values.epsilon_per_depth(tree),
        "epsilon_value": values.value_error(tree),
        "log_Z": values.log_normalizer(tree),
        "kl": values.kl(tree),
    }
    emit(answer, args.json)
    return 0
