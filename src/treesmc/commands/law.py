"""show the law over terminal classes that a method returns, and its distance to the target

methods:
  {methods}

Where it says exact, the law is computed, unless --replicates is given; all else is measured. Two
lineages: at most two classes a depth, each with one parent, as in needle and persistent. Total
variation is over terminal classes. Costs are those of one run, in expectation: draws from the
reference policy (tokens) and evaluations of the reward model. log_Z_hat_mean is the logarithm of
the mean of Zhat over replicates (Zhat is unbiased; its logarithm is not).

resampling schemes:
  {schemes}

example:
  treesmc law tree.json --method smc -n 64 --replicates 2000 --jobs 2 --json
"""

import argparse
from typing import Any

from treesmc.commands.arguments import add_sampling, add_tree, check_at_least, check_name, count
from treesmc.commands.output import emit

DEFAULT_REPLICATES = 1000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments; those that are options of methods have their names."""
    add_tree(parser)
    parser.add_argument("--method", required=True, help="see above")
    parser.add_argument(
        "-n",
        type=count,
        default=64,
        dest="N",
        metavar="N",
        help="particles or samples (default 64)",
    )
    parser.add_argument(
        "--replicates",
        type=int,
        metavar="R",
        help=f"independent runs (default: exact where possible, else {DEFAULT_REPLICATES})",
    )
    add_sampling(parser)
    parser.add_argument(
        "--pool", type=int, default=8, dest="M", metavar="M", help="pool-mh: pool (default 8)"
    )
    parser.add_argument(
        "--iterations",
        type=int,
        default=10,
        dest="H",
        metavar="H",
        help="pool-mh: steps (default 10)",
    )


def run(args: argparse.Namespace) -> int:
    """Print the law of one method on one tree."""
    from treesmc.sims.methods.registry import METHODS
    from treesmc.sims.trees.treefile import load_tree

    check_name("--method", args.method, METHODS)
    check_at_least("-n", args.N, 1)
    check_at_least("--seed", args.seed, 0)
    check_at_least("--jobs", args.jobs, 1)
    tree, method = load_tree(args.tree), METHODS[args.method]
    options = method.given(vars(args))
    exact = args.replicates is None and method.run.is_exact(tree, **options)
    found = _exact(tree, method, options) if exact else _measured(tree, method, options, args)
    draws, evaluations = method.run.cost(tree, **options)
    costs = {"reference_draws": draws, "value_evaluations": evaluations}
    emit({"method": args.method, **found, **costs}, args.json)
    return 0


def _exact(tree: Any, method: Any, options: dict[str, Any]) -> dict[str, Any]:
    from treesmc.sims.trees.values import log_normalizer, target_law, total_variation

    law = method.run.law(tree, **options)
    return {
        "evidence": "exact",
        "tv": total_variation(law, target_law(tree)),
        "law": law,
        "stderr": [0.0] * len(law),
        "log_Z_hat_mean": log_normalizer(tree),
    }


def _measured(
    tree: Any, method: Any, options: dict[str, Any], args: argparse.Namespace
) -> dict[str, Any]:
    from treesmc.sims.trees.values import target_law, total_variation

    replicates = DEFAULT_REPLICATES if args.replicates is None else args.replicates
    run = {"replicates": replicates, "seed": args.seed, "jobs": args.jobs}
    found = method.run.sample(tree, **options, **run)
    return {
        "evidence": "measured",
        "replicates": replicates,
        "tv": total_variation(found.law, target_law(tree)),
        "law": found.law,
        "stderr": found.stderr,
        "log_Z_hat_mean": found.log_mean_Z_hat,
    }
