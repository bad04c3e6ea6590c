"""A claim as an object: what is stated, how it is proved, on what it is tried, when it fails.

A claim has a proof, a tuple of machine-decided `Step` objects, and rows, one `Evaluation` per
instance, each setting a computed quantity beside the theoretical one. The rule for a row is

    upper   computed <= theoretical + slack      (the bound holds)
    lower   computed >= theoretical - slack
    tight   |computed - theoretical| <= slack    (the bound is attained)
    rate    as tight: both are degrees, exponents or rates; a row may ask for ``<=`` instead

with ``slack = tolerance * max(1, |theoretical|) + SIGMAS * stderr``. The tolerance is round-off
unless the row states another and where it comes from. A claim holds when no step fails, every row
obeys its rule, and some row is not vacuous: its bound says more than the trivial one (1 for an
upper bound, as for any total variation; 0 for a lower bound; any other number if the row says so).

Two grades of evidence for rows are kept apart: *exact* (no sampling error) and *measured* (Monte
Carlo, with a standard error). What the steps proved, universally or on a grid, is counted apart
from both. What the proof takes from the literature is listed in `Claim.cited`.

Every claim also carries mutations: false neighbours of its bound or its steps. A `Mutation` must
be refuted, by a failing step or by a failing row; otherwise the check has no teeth.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import wraps
from typing import Any, Literal, ParamSpec, TypeVar

import sympy as sp

from treesmc.theory.prover.steps import Step

Kind = Literal["tight", "upper", "lower", "rate"]
Relation = Literal["<=", ">=", "=="]
Evidence = Literal["exact", "measured"]

RELATION: dict[str, Relation] = {"upper": "<=", "lower": ">=", "tight": "==", "rate": "=="}
TRIVIAL: dict[Relation, float | None] = {"<=": 1.0, ">=": 0.0, "==": None}

EXACT_TOLERANCE = 1e-12
"""Relative tolerance of exact rows: some thousand double-precision operations."""

SIGMAS = 4.0
"""Standard errors allowed to a measured row: one false alarm in 15,000 two-sided rows."""

THIS_PROJECT = "this project"


def zhu_lu(place: str) -> str:
    """Return the source line of a claim of the paper, e.g. ``zhu_lu("Theorem 5.1")``."""
    return f"Zhu & Lu (2026), {place}, as stated in arXiv:2602.01381"


@dataclass(frozen=True)
class Instance:
    """One point at which a claim is tried: a label for people, and named parameters.

    ``instance["N"]`` reads a parameter; trees are parameters too.
    """

    label: str
    parameters: Mapping[str, Any]

    def __getitem__(self, name: str) -> Any:
        """Return the parameter called `name`."""
        return self.parameters[name]


def instance_grid(prefix: str = "", **axes: Sequence[Any]) -> list[Instance]:
    """Return the product of named axes as instances, labelled ``prefix name=value, ...``."""
    points = [dict(zip(axes, values, strict=True)) for values in itertools.product(*axes.values())]
    return [Instance(_label(prefix, point), point) for point in points]


def _label(prefix: str, point: Mapping[str, Any]) -> str:
    words = [f"{key}={getattr(value, 'name', None) or value}" for key, value in point.items()]
    return " ".join(filter(None, [prefix, ", ".join(words)]))


@dataclass(frozen=True)
class Evaluation:
    """One row: the computed and the theoretical value at an instance.

    Attributes
    ----------
    label : str
        The instance, and what was computed where a claim computes several things.
    computed, theoretical : float
        The two values set side by side.
    evidence : "exact" or "measured"
        Whether `computed` carries sampling error.
    stderr : float
        Standard error of `computed`; zero when exact.
    relation : "<=", ">=" or "==", optional
        What must hold; that of the claim's kind if not given.
    tolerance : float
        Relative to ``max(1, |theoretical|)``; round-off unless `origin` says otherwise.
    origin : str
        Where the tolerance comes from.
    trivial : float, optional
        The bound that needs no theorem; by default 1 for ``<=`` and 0 for ``>=``.
    """

    label: str
    computed: float
    theoretical: float
    evidence: Evidence = "exact"
    stderr: float = 0.0
    relation: Relation | None = None
    tolerance: float = EXACT_TOLERANCE
    origin: str = "round-off"
    trivial: float | None = None

    @property
    def ratio(self) -> float:
        """Computed over theoretical; 1 when both vanish."""
        if self.theoretical:
            return float(self.computed / self.theoretical)
        return 1.0 if abs(self.computed) <= self.slack else math.inf

    @property
    def slack(self) -> float:
        """How far the row may miss."""
        return self.tolerance * max(1.0, abs(self.theoretical)) + SIGMAS * self.stderr

    def holds(self, kind: Kind) -> bool:
        """Apply the rule of the module to this row."""
        excess = self.computed - self.theoretical
        if self.computed == self.theoretical:  # infinite values included
            excess = 0.0
        relation = self.relation or RELATION[kind]
        signed = {"<=": excess, ">=": -excess, "==": abs(excess)}[relation]
        return bool(signed <= self.slack)  # false for nan

    def informative(self, kind: Kind) -> bool:
        """Tell whether the theoretical value beats the trivial one (an equality always does)."""
        relation = self.relation or RELATION[kind]
        trivial = TRIVIAL[relation] if self.trivial is None else self.trivial
        if relation == "==" or trivial is None:
            return True
        better = self.theoretical < trivial if relation == "<=" else self.theoretical > trivial
        return bool(better)

    def strain(self, kind: Kind) -> float:
        """Say how near the row is to failing: at most 1 (or round-off above) when it holds."""
        relation = self.relation or RELATION[kind]
        ratio = abs(self.ratio)
        inverse = 1 / ratio if ratio else math.inf
        return {"<=": ratio, ">=": inverse, "==": max(ratio, inverse)}[relation]


_Arguments = ParamSpec("_Arguments")
_Built = TypeVar("_Built")
StepsFactory = Callable[[bool], Sequence[Step]]
InstancesFactory = Callable[[bool], Sequence[Instance]]
Evaluate = Callable[[Instance], Evaluation]


def as_written(build: Callable[_Arguments, _Built]) -> Callable[_Arguments, _Built]:
    """Decorate a function that builds steps: statements stay as typed, before sympy cancels."""

    @wraps(build)
    def unevaluated(*args: _Arguments.args, **kwargs: _Arguments.kwargs) -> _Built:
        with sp.evaluate(False):
            return build(*args, **kwargs)

    return unevaluated


@dataclass(frozen=True)
class Mutation:
    """A false neighbour of a claim.

    Either `steps`, of which one must fail, or `evaluate`, of which one row must fail on the
    claim's quick instances (or on `instances`, where the counterexample lies elsewhere).
    """

    name: str
    steps: StepsFactory | None = None
    evaluate: Evaluate | None = None
    instances: InstancesFactory | None = None

    def __post_init__(self) -> None:
        """Refuse a mutation that mutates nothing."""
        if self.steps is None and self.evaluate is None:
            raise ValueError(f"mutation {self.name!r} has neither steps nor rows")


@dataclass(frozen=True)
class Claim:
    """A statement of the theory with everything needed to check it.

    Attributes
    ----------
    title : str
        The claim in a few words.
    kind : "tight", "upper", "lower" or "rate"
        Chooses the rule for the rows.
    statement : str
        The claim in symbols.
    latex : str
        The same for the article's table, as LaTeX.
    hypotheses : tuple of str
        What it needs.
    source : str
        Where it comes from.
    bound : sympy expression
        The theoretical value in the letters of `treesmc.theory.symbols`.
    steps : callable
        ``steps(quick)`` returns the proof. Quick may shrink a grid, never drop or rename a step.
    instances : callable
        ``instances(quick)`` returns the points to try; quick ones are a subset in spirit.
    evaluate : callable
        ``evaluate(instance)`` returns one row.
    mutations : tuple of Mutation
        False neighbours, each of which must be refuted.
    cited : tuple of str
        Links of the proof taken as known, not decided by a step.
    growing : mapping of names to sympy expressions
        Bounds that `treesmc growth` classifies, by their names there.
    id : str
        Such as ``ZL-5.1`` or ``S2``: the registry reads it off the name of the file.
    """

    title: str
    kind: Kind
    statement: str
    latex: str
    hypotheses: tuple[str, ...]
    source: str
    bound: sp.Expr = field(repr=False)
    steps: StepsFactory = field(repr=False)
    instances: InstancesFactory = field(repr=False)
    evaluate: Evaluate = field(repr=False)
    mutations: tuple[Mutation, ...] = field(repr=False)
    cited: tuple[str, ...] = ()
    growing: Mapping[str, sp.Expr] = field(default_factory=dict, repr=False)
    id: str = ""

    def rows(self, quick: bool) -> list[Evaluation]:
        """Evaluate the claim on its instances."""
        return [self.evaluate(instance) for instance in self.instances(quick)]

    def mutant(self, mutation: Mutation) -> Claim:
        """Return the claim that `mutation` states instead, with nothing left that still holds."""
        instances = mutation.instances or self.instances
        return replace(
            self,
            id=f"{self.id} ({mutation.name})",
            steps=mutation.steps or (lambda quick: ()),
            instances=instances if mutation.evaluate else lambda quick: (),
            evaluate=mutation.evaluate or self.evaluate,
            mutations=(),
        )


def complaints(kind: Kind, rows: Sequence[Evaluation]) -> list[str]:
    """Return what is wrong with the rows of a claim: broken rules, or a vacuous bound."""
    broken = [
        f"{row.label}: computed {row.computed:.6g}, theoretical {row.theoretical:.6g}"
        for row in rows
        if not row.holds(kind)
    ]
    if rows and not any(row.informative(kind) for row in rows):
        broken.append("vacuous: the bound never beats the trivial one")
    return broken


def worst_ratio(kind: Kind, rows: Sequence[Evaluation]) -> float | None:
    """Return computed / theoretical of the row nearest to failing, or None without rows.

    Rows that state the claim itself come first: informative ones, with the relation of its kind
    and something on the right-hand side to divide by.
    """

    def own(row: Evaluation) -> bool:
        stated = row.relation in (None, RELATION[kind])
        return stated and row.informative(kind) and row.theoretical != 0

    if not rows:
        return None
    return max(list(filter(own, rows)) or rows, key=lambda row: row.strain(kind)).ratio


def evidence_grade(rows: Sequence[Evaluation]) -> str:
    """Return ``exact``, ``measured``, both, or ``none``."""
    present = {row.evidence for row in rows}
    return " + ".join(grade for grade in ("exact", "measured") if grade in present) or "none"
