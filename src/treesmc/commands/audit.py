"""judge a reward model from logs: its Bellman error, its regime, the particles it needs

LOG holds one probed prefix a line (JSON Lines, .gz or .parquet):
  {"prompt": "p1", "depth": 3, "log_value": -1.2,
   "child_log_values": [-1.0, -1.6],      log V of K >= 2 continuations drawn by the policy; at the
                                          last depth their log rewards. -Infinity means V = 0
   "rollout_log_rewards": [-0.3, -2.0],   optional, needed to predict: log rewards of completions
   "path": 17,                            optional, needed to predict: the rollout it is a prefix of
   "log_weight": 0.0}                     optional: log policy/proposal, if another proposal drew it
Prefixes are drawn along rollouts of the reference policy. SCORES holds complete sequences,
  {"prompt": "p1", "scores": [0.9, 0.4], "log_reward": -0.3, "log_weights": [...]}
to compare aggregations of step scores and to check that logged weights telescope.

example:
  treesmc audit probes.jsonl.gz --delta 0.1 --html report.html
"""

import argparse
from pathlib import Path

from treesmc.commands.arguments import add_json, check_at_least, check_delta


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("log", metavar="LOG", help="probed prefixes, .jsonl, .jsonl.gz or .parquet")
    parser.add_argument("--scores", metavar="FILE", help="complete sequences with step scores")
    parser.add_argument("--delta", type=float, default=0.1, help="tolerance (default 0.1)")
    parser.add_argument(
        "--horizon", type=int, metavar="T", help="steps (default: the largest depth plus one)"
    )
    parser.add_argument(
        "--ordered",
        action="store_true",
        help="lines that name no path are whole rollouts, one after another, depths 0, 1, ...",
    )
    parser.add_argument("--html", metavar="FILE", help="also write a report with plots, one file")
    parser.add_argument("--skip-bad", action="store_true", help="leave bad lines out, and count")
    parser.add_argument(
        "--bootstrap", type=int, default=400, metavar="B", help="replicates (default 400)"
    )
    parser.add_argument("--seed", type=int, default=0, help="of the replicates (default 0)")
    add_json(parser)


def run(args: argparse.Namespace) -> int:
    """Print one report, and write it where asked."""
    from treesmc.audit.log.files import read_probes, read_scores
    from treesmc.audit.log.probes import number_paths
    from treesmc.audit.report.report import audit
    from treesmc.audit.report.text import render

    check_delta(args.delta)
    check_at_least("--seed", args.seed, 0)
    check_at_least("--bootstrap", args.bootstrap, 20)
    probes = read_probes(args.log, args.skip_bad)
    probes = number_paths(probes) if args.ordered else probes
    scores = read_scores(args.scores, args.skip_bad) if args.scores else None
    report = audit(
        probes,
        args.delta,
        scores=scores,
        horizon=args.horizon,
        replicates=args.bootstrap,
        seed=args.seed,
    )
    if args.html:
        from treesmc.audit.report.html import write_page

        write_page(report, Path(args.html))
    print(report.to_json() if args.json else render(report), end="\n" if args.json else "")
    return 0
