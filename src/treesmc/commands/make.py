"""write a tree of a named family

Families: product (fair bits), needle (a hidden first symbol), needle_in_drift (the same with a
reward that drifts), persistent (worst case of guided sampling), random (explicit, Dirichlet),
language (a character n-gram model with a reward read by an automaton; treesmc language --help lists
rewards).

needle, needle_in_drift and persistent have a Bellman error of exactly EPSILON by construction.
product, random and language have the true value as their reward model; with EPSILON > 0 it is
perturbed: persistent, random_sign and hidden attain EPSILON exactly, value_noise stays below it.

examples:
  treesmc make needle --horizon 12 --epsilon 0.1 -o needle.json
  treesmc make random --horizon 4 --branching 3 --epsilon 0.2 --perturbation random_sign -o t.npz
  treesmc make language --horizon 40 --reward contains:because --temperature 0.07 -o because.npz
"""

import argparse
from collections.abc import Callable
from inspect import signature
from typing import TYPE_CHECKING, Any

from treesmc.commands.arguments import check_at_least, check_name

if TYPE_CHECKING:
    from treesmc.sims.trees.tree import TreeMDP

FAMILY_OPTIONS = {
    "r": (float, "product: reward per one (default 2)"),
    "drift": (float, "needle_in_drift: size of the drift, in (0, 1) (default 0.5)"),
    "branching": (int, "random: number of symbols (default 2)"),
    "concentration": (float, "random: Dirichlet concentration (default 1)"),
    "sigma": (float, "random: standard deviation of log phi (default 1)"),
    "order": (int, "language: order of the n-gram model, 1 to 4 (default 3)"),
    "reward": (str, "language: what is rewarded (default contains:python)"),
    "temperature": (float, "language: softness of the reward, positive (default 0.1)"),
    "text": (str, "language: UTF-8 file to learn from (default: CPython's manual)"),
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("family", metavar="FAMILY", help="see above")
    parser.add_argument("--horizon", type=int, required=True, metavar="T", help="number of steps")
    parser.add_argument("--epsilon", type=float, default=0.0, help="Bellman error (default 0)")
    parser.add_argument(
        "--perturbation",
        metavar="NAME",
        help="product, random, language: persistent (default), random_sign, value_noise, hidden",
    )
    parser.add_argument("--seed", type=int, default=0, help="seed of random trees and noise")
    for name, (kind, text) in FAMILY_OPTIONS.items():
        parser.add_argument(f"--{name}", type=kind, help=text)
    parser.add_argument("-o", "--output", required=True, metavar="FILE", help=".json or .npz")


def run(args: argparse.Namespace) -> int:
    """Build the tree and save it."""
    from treesmc.sims.trees.treefile import save_tree

    check_at_least("--seed", args.seed, 0)
    save_tree(_build(args), args.output)
    return 0


def _build(args: argparse.Namespace) -> "TreeMDP":
    from treesmc.sims.language.instance import language_tree
    from treesmc.sims.trees.families import FAMILIES
    from treesmc.sims.trees.perturb import build

    families = {**FAMILIES, "language": language_tree}
    check_name("family", args.family, families)
    family = families[args.family]
    known = {"T": args.horizon, "eps": args.epsilon, "seed": args.seed}
    return build(family, known | _options(args, family), _perturbation(args, family))


def _options(args: argparse.Namespace, family: Callable) -> dict[str, Any]:
    """Collect the options given, refusing those that the family does not have."""
    from treesmc.sims.base.errors import BadInput

    given = {name: getattr(args, name) for name in FAMILY_OPTIONS}
    options = {name: value for name, value in given.items() if value is not None}
    for name in options:
        if name not in signature(family).parameters:
            raise BadInput(f"--{name}: the family {args.family} has no such option")
    return options


def _perturbation(args: argparse.Namespace, family: Callable) -> str | None:
    """Return the name of the perturbation; without error and name there is none."""
    from treesmc.sims.base.errors import BadInput
    from treesmc.sims.trees.perturb import PERTURBATIONS, has_error

    if args.perturbation is None:
        return "persistent" if args.epsilon else None
    if has_error(family):
        raise BadInput(f"--perturbation: {args.family} has its Bellman error by construction")
    check_name("--perturbation", args.perturbation, PERTURBATIONS)
    return str(args.perturbation)
