"""find the least number of particles or samples within a tolerance, and what it costs

n_star is the least number with total variation (over terminal classes) at most DELTA. It is exact
where the output law is (see treesmc law --help), otherwise measured by a bracketing search, with a
95% interval. Replicates are added until the interval is within PRECISION of n_star, or half a
minute of work a measurement is not enough for that; the answer says how many they were (0 where it
is exact). A search that reaches its cap is censored: n_star is then a lower bound and the interval
is open above (null in JSON).

methods, and their n_star:
  {costed}

resampling schemes:
  {schemes}
"""

import argparse

from treesmc.commands.arguments import (
    add_sampling,
    add_tree,
    check_at_least,
    check_delta,
    check_name,
)
from treesmc.commands.output import emit


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_tree(parser)
    parser.add_argument("--method", required=True, help="see above")
    parser.add_argument("--delta", type=float, required=True, help="tolerance, in (0, 1)")
    parser.add_argument(
        "--precision",
        type=float,
        default=0.1,
        metavar="P",
        help="half width of the interval to aim at, as a share of n_star (default 0.1)",
    )
    parser.add_argument(
        "--replicates",
        type=int,
        metavar="R",
        help="runs per trial n (default: as many as it takes)",
    )
    add_sampling(parser)


def run(args: argparse.Namespace) -> int:
    """Print the cost of one method on one tree."""
    from treesmc.sims import cost
    from treesmc.sims.methods.registry import COSTED
    from treesmc.sims.trees.treefile import load_tree

    check_name("--method", args.method, COSTED)
    check_delta(args.delta)
    if args.replicates is not None:
        check_at_least("--replicates", args.replicates, 2)
    check_at_least("--seed", args.seed, 0)
    check_at_least("--jobs", args.jobs, 1)
    answer = cost.cost(
        load_tree(args.tree),
        args.method,
        args.delta,
        resampling=args.resampling,
        ess_threshold=args.ess_threshold,
        replicates=args.replicates,
        precision=args.precision,
        seed=args.seed,
        jobs=args.jobs,
    )
    keys = {
        "method": args.method,
        "n_star": _whole(answer.n_star),
        "reference_draws": _whole(answer.reference_draws),
        "evidence": answer.evidence,
        "interval": [_whole(end) for end in answer.interval],
        "censored": answer.censored,
        "replicates": answer.replicates,
    }
    emit(keys, args.json)
    return 0


def _whole(value: float) -> float:
    """Return an integer where the value is one, for people."""
    return int(value) if value.is_integer() else value
