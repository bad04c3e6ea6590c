"""show the law over terminal classes that a method returns, and its distance to the target

methods:
  target      the reward-tilted posterior pi itself        reference   the reference policy
  naive       n samples, one kept by reward                rejection   exact, cost sup phi / Z
  smc         n particles moved by the reference policy    guided-smc  n particles moved by V
  guided      one particle moved by V                      pool-mh     Algorithm 2 of Zhu & Lu

naive, target, reference and guided answer exactly unless --replicates is given; the others are
measured. Total variation is over terminal classes. Costs are per run: draws from the reference
policy (tokens) and evaluations of the reward model. log_Z_hat_mean is the logarithm of the mean of
Zhat over replicates (Zhat is unbiased; its logarithm is not).

example:
  treesmc law tree.json --method smc -n 64 --replicates 2000 --jobs 2 --json
"""

import argparse
from typing import Any

from treesmc.commands.arguments import (
    METHODS,
    add_sampling,
    add_tree,
    check_at_least,
    check_name,
    count,
)
from treesmc.commands.output import emit

EXACT_METHODS = ("target", "reference", "naive", "guided")
DEFAULT_REPLICATES = 1000


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_tree(parser)
    parser.add_argument("--method", required=True, help="see above")
    parser.add_argument("-n", type=count, default=64, help="particles or samples (default 64)")
    parser.add_argument(
        "--replicates",
        type=int,
        metavar="R",
        help=f"independent runs (default: exact where possible, else {DEFAULT_REPLICATES})",
    )
    add_sampling(parser)
    parser.add_argument(
        "--pool", type=int, default=8, metavar="M", help="pool-mh: pool (default 8)"
    )
    parser.add_argument(
        "--iterations", type=int, default=10, metavar="H", help="pool-mh: steps (default 10)"
    )


def run(args: argparse.Namespace) -> int:
    """Print the law of one method on one tree."""
    from treesmc.sims.trees.treefile import load_tree

    check_name("--method", args.method, METHODS)
    check_at_least("-n", args.n, 1)
    check_at_least("--seed", args.seed, 0)
    check_at_least("--jobs", args.jobs, 1)
    tree = load_tree(args.tree)
    exact = args.method in EXACT_METHODS and args.replicates is None
    emit(_exact(tree, args) if exact else _measured(tree, args), args.json)
    return 0


def _exact(tree: Any, args: argparse.Namespace) -> dict[str, Any]:
    import numpy as np

    from treesmc.sims.laws import naive_law
    from treesmc.sims.trees import values

    T = tree.horizon
    log_phi = tree.log_value_at(T)
    laws = {
        "target": lambda: (values.target_law(tree), 0, 0),
        "reference": lambda: (values.reference_law(tree), T, 0),
        "guided": lambda: (values.guided_law(tree), T, int(tree.n_symbols.sum())),
        "naive": lambda: (
            naive_law.naive_law(values.reference_law(tree), log_phi, args.n),
            args.n * T,
            args.n,
        ),
    }
    law, draws, evaluations = laws[args.method]()
    return {
        "method": args.method,
        "evidence": "exact",
        "tv": values.total_variation(law, values.target_law(tree)),
        "law": law,
        "stderr": np.zeros(len(law)),
        "log_Z_hat_mean": values.log_normalizer(tree),
        "reference_draws": draws,
        "value_evaluations": evaluations,
    }


def _measured(tree: Any, args: argparse.Namespace) -> dict[str, Any]:
    from treesmc.sims.trees import values

    replicates = DEFAULT_REPLICATES if args.replicates is None else args.replicates
    estimate = _sample(tree, args, replicates)
    return {
        "method": args.method,
        "evidence": "measured",
        "replicates": replicates,
        "tv": values.total_variation(estimate.law, values.target_law(tree)),
        "law": estimate.law,
        "stderr": estimate.stderr,
        "log_Z_hat_mean": estimate.log_mean_Z_hat,
        "reference_draws": estimate.reference_draws,
        "value_evaluations": estimate.value_evaluations,
    }


def _sample(tree: Any, args: argparse.Namespace, replicates: int) -> Any:
    from treesmc.sims.sampling import samplers

    run: dict[str, Any] = {"replicates": replicates, "seed": args.seed, "jobs": args.jobs}
    scheme: dict[str, Any] = {"resampling": args.resampling, "ess_threshold": args.ess_threshold}
    draw = {
        "target": lambda: samplers.sample_target(tree, **run),
        "reference": lambda: samplers.sample_naive(tree, 1, **run),
        "naive": lambda: samplers.sample_naive(tree, args.n, **run),
        "rejection": lambda: samplers.sample_rejection(tree, **run),
        "guided": lambda: samplers.sample_guided(tree, **run),
        "smc": lambda: samplers.sample_smc(tree, args.n, **scheme, **run),
        "guided-smc": lambda: samplers.sample_smc(tree, args.n, guided=True, **scheme, **run),
        "pool-mh": lambda: samplers.sample_pool_mh(tree, args.pool, args.iterations, **run),
    }
    return draw[args.method]()
