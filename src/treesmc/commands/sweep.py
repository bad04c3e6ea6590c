"""run a sweep: many points from a TOML file, on this machine or on a cluster, resumably

A sweep file gives each key a value or a list of values; lists are multiplied out:

  family = "needle"                       see below
  T = [8, 16, 32]
  eps = ["1/T", "0.5*log(T)/T", 0.05]     a number, or a formula of other numbers
  method = "smc"                          see below
  delta = 0.1                             the particles this takes; or N = 100: how far off N is
  seed = {from = 0, to = 15}

Further keys: perturbation, tree_seed, resampling, ess_threshold, replicates, M and H (pool-mh),
c and a (for formulas), streams, series, and what only some families have (see below). [[grid]]
tables hold several grids, [[list]] tables read lists side by side; keys above them are shared. A
table [quick] holds what replaces keys in a coarse version, and "columns" chooses those of the
table. docs/sweeps.md explains all.

The figures are sweeps: figures/NAME/points.toml. Most begin with experiment = "NAME" and have keys
of their own.

families: {families}
  of some: {family_options}
perturbations: {perturbations}
methods:
  {methods}

engines:
  threads (default), processes     of this machine; processes survive a point that crashes
  tcp://HOST:PORT, scheduler.json  workers of a Dask scheduler; pip install 'treesmc[cluster]'

Every result is kept in DIR at once. However a run ends, the same command resumes it, and the table
that `treesmc collect DIR` makes is the same, byte for byte, on any engine. Failed points are tried
again. Exit codes: 0 ok, 2 bad input, 3 the engine failed, 4 some points failed, 130 interrupted.

examples:
  treesmc sweep needle.toml --dry-run
  treesmc sweep needle.toml --out runs/needle --jobs 2
  treesmc sweep needle.toml --out runs/needle --engine scheduler.json
  treesmc sweep figures/phase/points.toml --quick --out runs/phase --engine processes
"""

import argparse
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from treesmc.commands.arguments import check_at_least

if TYPE_CHECKING:
    from treesmc.sims.sweeps.plan import Sweep


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("sweep", type=Path, metavar="SWEEP.toml", help="sweep file, see above")
    parser.add_argument("--out", type=Path, metavar="DIR", help="where results are kept")
    parser.add_argument("--engine", default="threads", metavar="E", help="see above")
    parser.add_argument(
        "--jobs", type=int, default=os.cpu_count() or 1, help="threads or processes (default: CPUs)"
    )
    parser.add_argument(
        "--resume",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="keep the results in DIR (default), or compute all again",
    )
    parser.add_argument(
        "--quick", action="store_true", help="the coarse version, of a file that has one"
    )
    parser.add_argument(
        "--patience",
        type=float,
        default=60.0,
        metavar="S",
        help="seconds to wait for a scheduler and for a worker (default 60)",
    )
    parser.add_argument(
        "--dry-run", action="store_true", help="print the points and what they would simulate"
    )


def run(args: argparse.Namespace) -> int:
    """Compute what is missing."""
    from treesmc.figures.rooms import vocabulary
    from treesmc.sims.base.errors import BadInput
    from treesmc.sims.sweeps.plan import load_sweep
    from treesmc.sims.sweeps.worker import EngineFailed

    check_at_least("--jobs", args.jobs, 1)
    if args.out is None and not args.dry_run:
        raise BadInput("--out: missing; it says where results are kept")
    sweep = load_sweep(args.sweep, args.quick, vocabulary)
    if args.dry_run:
        return _dry_run(sweep.check())
    try:
        return _run(sweep, args)
    except EngineFailed as error:
        print(f"treesmc: error: {error}; results are kept in {args.out}", file=sys.stderr)
        return 3
    except KeyboardInterrupt:
        kept = f"results are kept in {args.out}, the same command resumes"
        raise KeyboardInterrupt(kept) from None


def _run(sweep: "Sweep", args: argparse.Namespace) -> int:
    from treesmc.sims.sweeps.engines import make_engine
    from treesmc.sims.sweeps.folder import Folder

    module = sweep.vocabulary.compute_point.__module__
    engine = make_engine(args.engine, module, args.jobs, args.patience)
    n_failed = Folder.create(sweep, args.out).run(engine, args.resume)
    if n_failed:
        print(f"treesmc: {n_failed} points failed, see treesmc status {args.out}", file=sys.stderr)
    return 4 if n_failed else 0


def _dry_run(sweep: "Sweep") -> int:
    """Print one line per point on standard output, and the sums on standard error."""
    from treesmc.sims.sweeps.forecast import Forecast
    from treesmc.sims.sweeps.table import csv_lines
    from treesmc.sims.sweeps.trees import Trees

    total = Forecast()
    known = isinstance(sweep.vocabulary, Trees)  # what a point of an experiment simulates is not
    columns = (*sweep.parameters(), *(("draws", "evaluations", "error") if known else ()))
    for line in csv_lines(total.rows(sweep) if known else sweep, columns):
        print(line.decode(), end="")
    print(f"{len(sweep)} points" + (f", about {total}" if known else ""), file=sys.stderr)
    return 0
