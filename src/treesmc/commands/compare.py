"""set the particles that each route asks for side by side: N*, S1, S2, Zhu & Lu

From the sharpest route to the coarsest, each at most the next:
  exact        least N, where SMC's output law is known exactly (trees of two lineages)
  certificate  conditional-SMC certificate (S1)
  instance     S2 with the tree's own ratios q_t
  uniform      S2 with only the tree's L and epsilon
  middle       the bound inside the proof of Theorem 5.1 of Zhu & Lu (2026)
  zhu_lu       Theorem 5.1
predicted is the first-order law (S6): a prediction, not a bound. JSON gives natural logarithms.
exact and certificate are left out (null in JSON) where they are not known: the first on other trees
and beyond 3000 particles, the second beyond 1e300.
"""

import argparse
import dataclasses

from treesmc.commands.arguments import add_json, check_delta


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("trees", nargs="+", metavar="TREE", help="tree files, .json or .npz")
    parser.add_argument("--delta", type=float, default=0.1, help="tolerance (default 0.1)")
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    """Print one line per tree."""
    from treesmc.sims.base.jsontext import written
    from treesmc.sims.trees.treefile import load_tree
    from treesmc.theory.comparison import compare, comparison_markdown

    check_delta(args.delta)
    rows = [compare(load_tree(path), args.delta) for path in args.trees]
    if args.json:
        print(written([dataclasses.asdict(row) for row in rows]))
    else:
        print(comparison_markdown(rows), end="")
    return 0
