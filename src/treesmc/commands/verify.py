"""check every claim: proofs by machine, bounds on instances, theory beside computation

For each claim: its proof steps, counted as universal (decided for all values of the letters), grid
(exact, at the points of a stated grid) or failed; the instances tried; the ratio of computed to
theoretical value where it is nearest to failing; and whether those values are exact or measured.

Claims are called by id (ZL-... of Zhu & Lu, S... of this project); all if none is named. Exit code
1 if any fails.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any

from treesmc.theory.claims import CLAIMS, select

if TYPE_CHECKING:
    from treesmc.theory.verify import Finding

CLAIM_COLUMNS = (
    ("claim", 7),
    ("kind", 6),
    ("universal", 9),
    ("grid", 5),
    ("failed", 6),
    ("instances", 9),
    ("worst ratio", 11),
    ("evidence", 16),
    ("verdict", 8),
)
SHOWN_ROWS = 8


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Declare the arguments."""
    parser.add_argument("claims", nargs="*", metavar="CLAIM", help=f"ids, of {', '.join(CLAIMS)}")
    parser.add_argument("--quick", action="store_true", help="smaller grids, the same steps")
    shape = parser.add_mutually_exclusive_group()
    shape.add_argument("--json", action="store_true", help="print one JSON list on stdout")
    shape.add_argument("--markdown", action="store_true", help="print the table of the README")
    shape.add_argument(
        "--explain", metavar="CLAIM", help="print one proof, what decided each step, the rows"
    )


def run(args: argparse.Namespace) -> int:
    """Check claims and print what was found; return 1 if one fails."""
    from treesmc.theory.verify import check

    claims = select([*args.claims, args.explain] if args.explain else args.claims)
    checked = (check(claim, args.quick) for claim in claims)
    if args.json or args.markdown or args.explain:
        results = list(checked)
        print(_text(results, args))
    else:
        results = _show_table(checked)
    return int(any(result.complaints for result in results))


def _text(results: list[Finding], args: argparse.Namespace) -> str:
    from treesmc.sims.base.jsontext import written
    from treesmc.theory.verify import claims_table_markdown, summary

    if args.json:
        return written([summary(result) for result in results])
    if args.markdown:
        return claims_table_markdown(results).rstrip()
    return "\n".join(line for result in results for line in _explanation(result))


def _show_table(checked: Iterable[Finding]) -> list[Finding]:
    """Print one line a claim as soon as it is checked, then what is wrong."""
    print("  ".join(f"{name:<{width}}" for name, width in CLAIM_COLUMNS) + "  statement")
    results = []
    for result in checked:
        cells = zip(_cells(result), CLAIM_COLUMNS, strict=True)
        line = "  ".join(f"{cell:<{width}}" for cell, (_, width) in cells)
        print(f"{line}  {result.claim.title}", flush=True)
        results.append(result)
    for result in results:
        for complaint in result.complaints:
            print(f"{result.claim.id} fails: {complaint}")
    print(f"\n{_tally(results)}")
    return results


def _cells(result: Finding) -> tuple[str, ...]:
    counts, ratio = result.step_counts, result.worst_ratio
    return (
        result.claim.id,
        result.claim.kind,
        *(str(counts[grade]) for grade in ("universal", "grid", "failed")),
        str(len(result.rows)),
        "-" if ratio is None else f"{ratio:.6g}",
        result.evidence,
        result.verdict,
    )


def _tally(results: list[Finding]) -> str:
    steps = [result.step_counts for result in results]
    total = {grade: sum(count[grade] for count in steps) for grade in ("universal", "grid")}
    holding = sum(not result.complaints for result in results)
    return (
        f"{holding} of {len(results)} claims hold; {total['universal']} proof steps decided "
        f"universally, {total['grid']} on a grid; "
        f"{sum(len(result.rows) for result in results)} instances"
    )


def _explanation(result: Finding) -> Iterator[str]:
    yield from (*_heading(result), *_proof(result), *_rows(result))
    yield from (f"fails: {complaint}" for complaint in result.complaints)
    yield f"verdict: {result.verdict}"


def _heading(result: Finding) -> Iterator[str]:
    claim = result.claim
    yield f"{claim.id} ({claim.kind}): {claim.title}"
    yield f"  statement   {claim.statement}"
    yield f"  hypotheses  {'; '.join(claim.hypotheses)}"
    yield f"  bound       {claim.bound}"
    yield f"  source      {claim.source}"


def _proof(result: Finding) -> Iterator[str]:
    yield "proof, by machine:"
    for number, (step, verdict) in enumerate(result.steps, start=1):
        yield f"  {number:>2}. [{verdict.grade}] {step.name}"
        yield f"      {_plain(step.statement)}"
        if step.hypotheses:
            yield f"      given: {step.hypotheses}"
        yield f"      {step.method}: {verdict.because}"
    yield "taken as known:"
    yield from (f"  - {link}" for link in result.claim.cited or ("nothing",))


def _plain(statement: Any) -> str:
    """Write a sympy relation the way people do."""
    if getattr(statement, "rel_op", None) == "==":
        return f"{statement.lhs} = {statement.rhs}"
    return str(statement)


def _rows(result: Finding) -> Iterator[str]:
    from treesmc.theory.claim import RELATION

    kind = result.claim.kind
    rows = sorted(result.rows, key=lambda row: row.strain(kind), reverse=True)
    yield f"instances: {len(rows)}, {result.evidence}; the nearest to failing:"
    for row in rows[:SHOWN_ROWS]:
        error = f" +- {row.stderr:.2g}" if row.stderr else ""
        relation = row.relation or RELATION[kind]
        yield f"  {row.label}: {row.computed:.8g}{error} {relation} {row.theoretical:.8g}"
