"""write a tree of a named family

families:
  {all_families}

A Bellman error of exactly EPSILON by construction have {with_error}.
The others have the true value as their reward model; with EPSILON > 0 it is perturbed. Rewards of
language are listed by treesmc language --help.

perturbations:
  {perturbations}

examples:
  treesmc make needle --horizon 12 --epsilon 0.1 -o needle.json
  treesmc make random --horizon 4 --branching 3 --epsilon 0.2 --perturbation random_sign -o t.npz
  treesmc make language --horizon 40 --reward contains:because --temperature 0.07 -o because.npz
"""

import argparse
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from treesmc.commands.arguments import check_at_least, check_name
from treesmc.commands.listings import all_families, parameter_help

if TYPE_CHECKING:
    from treesmc.sims.trees.tree import TreeMDP


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments: what all families have, and every parameter that some have."""
    from treesmc.sims.trees.perturb import IMPLIED

    parser.add_argument("family", metavar="FAMILY", help="see above")
    parser.add_argument("--horizon", type=int, required=True, metavar="T", help="number of steps")
    parser.add_argument("--epsilon", type=float, default=0.0, help="Bellman error (default 0)")
    parser.add_argument(
        "--perturbation",
        metavar="NAME",
        help=f"see above (default {IMPLIED}, if there is an error)",
    )
    parser.add_argument("--seed", type=int, default=0, help="seed of random trees and noise")
    for family, function in all_families().items():
        for name, default in _options_of(function).items():
            text = f"{family}: {parameter_help(function, name)}"
            kind = str if default is None else type(default)
            shown = "" if default is None else f" (default {default})"
            parser.add_argument(f"--{name}", type=kind, help=text + shown)
    parser.add_argument("-o", "--output", required=True, metavar="FILE", help=".json or .npz")


def run(args: argparse.Namespace) -> int:
    """Build the tree and save it."""
    from treesmc.sims.trees.treefile import save_tree

    check_at_least("--seed", args.seed, 0)
    save_tree(_build(args), args.output)
    return 0


def _build(args: argparse.Namespace) -> "TreeMDP":
    from treesmc.sims.trees.perturb import build

    check_name("family", args.family, all_families())
    family = all_families()[args.family]
    known = {"T": args.horizon, "eps": args.epsilon, "seed": args.seed}
    return build(family, known | _given(args), _perturbation(args, family))


def _options_of(family: Callable) -> dict[str, Any]:
    """Return the options of a family with their defaults; switches are for sweeps only."""
    from treesmc.sims.trees.families import defaults

    return {name: value for name, value in defaults(family).items() if not isinstance(value, bool)}


def _given(args: argparse.Namespace) -> dict[str, Any]:
    """Collect the options given, refusing those that the family does not have."""
    from treesmc.sims.base.errors import BadInput

    families = all_families()
    names = {name for family in families.values() for name in _options_of(family)}
    options = {name: value for name, value in vars(args).items() if name in names}
    options = {name: value for name, value in options.items() if value is not None}
    for name in options:
        if name not in _options_of(families[args.family]):
            raise BadInput(f"--{name}: the family {args.family} has no such option")
    return options


def _perturbation(args: argparse.Namespace, family: Callable) -> str | None:
    """Return the name of the perturbation; without error and name there is none."""
    from treesmc.sims.base.errors import BadInput
    from treesmc.sims.trees.perturb import IMPLIED, PERTURBATIONS, has_error

    if args.perturbation is None:
        return IMPLIED if args.epsilon else None
    if has_error(family):
        raise BadInput(f"--perturbation: {args.family} has its Bellman error by construction")
    check_name("--perturbation", args.perturbation, PERTURBATIONS)
    return str(args.perturbation)
