"""Run claims: decide their steps, evaluate their rows, reach a verdict.

Nothing is printed here; `treesmc verify` and the tests read the same `Finding` objects.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

from treesmc.theory.claim import (
    Claim,
    Evaluation,
    Mutation,
    complaints,
    evidence_grade,
    worst_ratio,
)
from treesmc.theory.prover.steps import Decision, Step


@dataclass(frozen=True)
class Finding:
    """What checking one claim found.

    Attributes
    ----------
    claim : Claim
    steps : tuple of (Step, Decision)
        The proof, decided.
    rows : tuple of Evaluation
        The claim on its instances.
    complaints : tuple of str
        Why it fails; empty when it holds.
    """

    claim: Claim
    steps: tuple[tuple[Step, Decision], ...]
    rows: tuple[Evaluation, ...]
    complaints: tuple[str, ...]

    @property
    def verdict(self) -> Literal["holds", "fails"]:
        """``holds`` if nothing is wrong."""
        return "fails" if self.complaints else "holds"

    @property
    def step_counts(self) -> dict[str, int]:
        """Number of steps decided universally, on a grid, and not at all."""
        found = Counter(verdict.grade for _, verdict in self.steps)
        return {grade: found[grade] for grade in ("universal", "grid", "failed")}

    @property
    def evidence(self) -> str:
        """Grade of the rows."""
        return evidence_grade(self.rows)

    @property
    def worst_ratio(self) -> float | None:
        """Computed over theoretical at the row nearest to failing."""
        return worst_ratio(self.claim.kind, self.rows)


def check(claim: Claim, quick: bool = False) -> Finding:
    """Decide every step and evaluate every row of a claim.

    Parameters
    ----------
    claim : Claim
    quick : bool
        Smaller grids of instances; the same steps.

    Returns
    -------
    Finding
    """
    steps = tuple((step, step.decide()) for step in claim.steps(quick))
    rows = tuple(claim.rows(quick))
    failed = [f"step {s.name}: {v.because}" for s, v in steps if v.grade == "failed"]
    if not steps and not rows:
        failed.append("nothing was checked")
    return Finding(claim, steps, rows, (*failed, *complaints(claim.kind, rows)))


def refutation(claim: Claim, mutation: Mutation) -> str | None:
    """Return what refutes a mutation, or None if it survives (and the check has no teeth).

    A mutation that is merely vacuous is not refuted.
    """
    result = check(claim.mutant(mutation), quick=True)
    grounds = [reason for reason in result.complaints if not reason.startswith("vacuous")]
    return grounds[0] if grounds else None


def summary(result: Finding) -> dict[str, Any]:
    """Return a result as plain data, ready for JSON."""
    ratio = result.worst_ratio
    return {
        "id": result.claim.id,
        "kind": result.claim.kind,
        "verdict": result.verdict,
        "steps": result.step_counts,
        "instances": len(result.rows),
        "worst_ratio": ratio if ratio is not None and math.isfinite(ratio) else None,
        "evidence": result.evidence,
    }


def claims_table_markdown(results: Iterable[Finding]) -> str:
    """Return the claims as a Markdown table that is the same for quick and full runs.

    Numbers of steps are shown because every run has the same steps; ratios and counts of
    instances are not.
    """
    head = "| id | claim | kind | proof steps (universal / grid) | evidence | verdict |"
    lines = [head, "|---|---|---|---|---|---|"]
    for result in results:
        counts = result.step_counts
        cells = (
            result.claim.id,
            result.claim.title,
            result.claim.kind,
            f"{counts['universal']} / {counts['grid']}",
            result.evidence,
            result.verdict,
        )
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"
