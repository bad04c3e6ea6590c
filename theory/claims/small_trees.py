"""Small random trees, under every perturbation, on which all runs of SMC can be enumerated.

They are explicit: terminal classes are paths, so total variation over classes is that over paths.
Their policies, rewards and errors are asymmetric, so that no sign or index mistake cancels.
"""

import itertools

import numpy as np

from treesmc.sims.base import portable
from treesmc.sims.laws.enumeration import enumerate_smc
from treesmc.sims.laws.lineage import lineage_law
from treesmc.sims.trees.families import random_tree
from treesmc.sims.trees.perturb import PERTURBATIONS
from treesmc.sims.trees.tree import IntArray, TreeMDP
from treesmc.sims.trees.values import target_law, total_variation

SHAPES = ((2, 2), (3, 2), (2, 3))
ERRORS = (0.02, 0.2, 1.0, 3.0)


def small_trees(count: int) -> list[TreeMDP]:
    """Return `count` random trees, each under every perturbation; shape and eps take turns."""
    found = []
    for seed in range(count):
        T, branching = SHAPES[seed % len(SHAPES)]
        base = random_tree(T, branching, sigma=0.5 + seed % 3, seed=seed)
        found += perturbed(base, ERRORS[seed % len(ERRORS)], seed)
    return found


def mild_tree(T: int, seed: int) -> TreeMDP:
    """Return a random tree whose rewards and policy differ little, so that pools stay small."""
    return random_tree(T, concentration=3.0, sigma=0.25, seed=seed)


def perturbed(tree: TreeMDP, error: float, seed: int) -> list[TreeMDP]:
    """Return a tree under every perturbation."""
    return [perturb(tree, error, seed=seed) for perturb in PERTURBATIONS.values()]


def all_paths(tree: TreeMDP) -> IntArray:
    """Return the symbols of every path of an explicit tree, [S_T, T], by terminal class."""
    return np.array(list(itertools.product(*map(range, tree.n_symbols))))


def fair_bit(edge: float) -> TreeMDP:
    """Return one fair bit with rewards 1 - edge and 1 + edge: TV(pi_ref, pi) = edge / 2."""
    rewards = portable.log([1 - edge, 1 + edge])
    return TreeMDP.from_layers([[[0.5, 0.5]]], [[[0, 1]]], [[0.0], rewards], f"bit(edge={edge:g})")


def smc_distance(tree: TreeMDP, N: int) -> float:
    """Return the exact TV between pi and SMC's output, naive proposal, multinomial resampling."""
    return total_variation(np.array(enumerate_smc(tree, N).law), target_law(tree))


def chain_distance(tree: TreeMDP, N: int) -> float:
    """Return the same by the count chain, on trees of two lineages and at many particles."""
    return total_variation(lineage_law(tree, N), target_law(tree))
