"""Arguments that several commands share, and their checks."""

import argparse
import difflib
from collections.abc import Iterable

LARGEST_COUNT = 1e300


def add_tree(parser: argparse.ArgumentParser) -> None:
    """Add the tree file and ``--json``."""
    parser.add_argument("tree", metavar="TREE", help="tree file, .json or .npz")
    add_json(parser)


def add_json(parser: argparse.ArgumentParser) -> None:
    """Add ``--json``."""
    parser.add_argument("--json", action="store_true", help="print one JSON object on stdout")


def add_sampling(parser: argparse.ArgumentParser) -> None:
    """Add what a sampled answer needs: seed, threads, resampling."""
    parser.add_argument("--seed", type=int, default=0, help="root seed (default 0)")
    parser.add_argument(
        "--jobs", type=int, default=1, help="threads; the answer does not depend on it (default 1)"
    )
    parser.add_argument(
        "--resampling",
        default="multinomial",
        metavar="SCHEME",
        help="resampling scheme, see above (default multinomial)",
    )
    parser.add_argument(
        "--ess-threshold",
        type=float,
        default=1.0,
        metavar="K",
        help="resample only when ESS < K n; 1 (default) resamples at every step",
    )


def count(text: str) -> int:
    """Read a whole number of any float's size, plain or scientific: ``100``, ``1e40``."""
    number = float(text)
    if not number.is_integer() or abs(number) > LARGEST_COUNT:
        raise ValueError(text)
    try:
        return int(text)
    except ValueError:
        return int(number)


def check_name(kind: str, name: str, known: Iterable[str]) -> None:
    """Raise BadInput, with the nearest valid spelling, unless ``name`` is known."""
    from treesmc.sims.base.errors import BadInput

    known = list(known)
    if name in known:
        return
    near = difflib.get_close_matches(name, known, n=1)
    hint = f"did you mean {near[0]}?" if near else f"one of {', '.join(known)}"
    raise BadInput(f"{kind}: {name!r} is not known; {hint}")


def check_at_least(name: str, value: int, least: int) -> None:
    """Raise BadInput unless ``value >= least``."""
    from treesmc.sims.base.errors import BadInput

    if value < least:
        raise BadInput(f"{name}: {value} is less than {least}")


def check_delta(delta: float) -> None:
    """Raise BadInput unless delta is a tolerance in total variation."""
    from treesmc.sims.base.checks import check_tolerance

    check_tolerance("--delta", delta)
