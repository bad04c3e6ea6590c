"""bound the error of SMC with n particles on a tree, without running it

second_moment       E[(Zhat/Z)^2], exact at this n (S6); relative_variance is that minus one
tv_certificate      conditional-SMC certificate (S1): at least the true total variation over paths;
                    its stderr is 0 when all paths were enumerated, else paths were sampled from pi
tv_instance         S2 with the tree's own ratios q_t
tv_uniform          S2 with only the tree's L and epsilon
tv_zhu_lu           Theorem 5.1 of Zhu & Lu (2026) with the same L and epsilon; may exceed 1
first_order_constant, particles_predicted
                    n times TV tends to the constant (S6): a prediction for --delta, not a bound
"""

import argparse
import math

from treesmc.commands.arguments import add_tree, check_at_least, check_delta, count
from treesmc.commands.output import emit


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    add_tree(parser)
    parser.add_argument("-n", type=count, required=True, metavar="N", help="particles")
    parser.add_argument("--delta", type=float, default=0.1, help="tolerance (default 0.1)")
    parser.add_argument("--seed", type=int, default=0, help="seed of the sampled paths")


def run(args: argparse.Namespace) -> int:
    """Print every bound of one tree."""
    from treesmc.sims.base import portable
    from treesmc.sims.laws import certificate, moments
    from treesmc.sims.trees import values
    from treesmc.sims.trees.treefile import load_tree
    from treesmc.theory import bounds
    from treesmc.theory.algebra import from_logs

    check_at_least("-n", args.n, 1)
    check_at_least("--seed", args.seed, 0)
    check_delta(args.delta)
    tree, N = load_tree(args.tree), float(args.n)
    eps, L = from_logs(values.log_error(tree), values.log_ratio_bound(tree))
    relative_variance = moments.relative_variance(tree, N)
    tv, tv_stderr = certificate.tv_certificate(tree, N, seed=args.seed)
    constant, constant_stderr = certificate.first_order_constant(tree, seed=args.seed)
    answer = {
        "second_moment": 1 + relative_variance,
        "relative_variance": relative_variance,
        "tv_certificate": tv,
        "tv_certificate_stderr": tv_stderr,
        "tv_instance": bounds.instance_tv(certificate.log_mixing_ratios(tree), N),
        "tv_uniform": bounds.uniform_tv(tree.horizon, eps, L, N),
        "tv_zhu_lu": portable.exp(bounds.log_zhu_lu_tv(tree.horizon, eps, L, N)),
        "first_order_constant": constant,
        "first_order_constant_stderr": constant_stderr,
        "particles_predicted": _whole(constant / args.delta),
    }
    emit(answer, args.json)
    return 0


def _whole(number: float) -> float:
    """Return the least whole number of particles that is enough, infinite if none is."""
    return max(1, math.ceil(number)) if math.isfinite(number) else number
