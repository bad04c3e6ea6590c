"""What is said of a method, once.

**The rule.** A law is exact wherever an exact law is known and takes seconds, and measured
otherwise, or where somebody asks for replicates. The cost that is reported is that of one run of
the method, in expectation, however its law was found: a dynamic programme is not counted.

What is said in words costs nothing to read; what computes is imported when it is asked for.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

AMOUNTS = ("N", "M", "H")  # options that count something: a method needs those it has


@dataclass(frozen=True)
class Run:
    """What computes. All take a tree, and those options of the method that matter, by name.

    Attributes
    ----------
    sample : callable
        ``sample(tree, replicates=, seed=, jobs=, **options)`` returns an `Estimate`.
    cost : callable
        ``cost(tree, **options)`` returns the reference draws and value evaluations of one run, in
        expectation.
    law : callable, optional
        ``law(tree, **options)`` returns the exact law over terminal classes, float64[S_T].
    is_quick : callable
        ``is_quick(tree, **options)``: whether that law is known, and takes seconds.
    least : callable, optional
        ``least(tree, delta, **search)`` returns the `Cost` of total variation delta; the search is
        described at `search.least_particles`.
    predicted : callable
        ``predicted(tree, delta)`` returns what theory says of the least number, by table column.
    """

    sample: Callable[..., Any]
    cost: Callable[..., tuple[float, float]]
    law: Any = None
    is_quick: Callable[..., bool] = lambda tree, **options: True
    least: Any = None
    predicted: Callable[..., dict[str, float]] = lambda tree, delta: {}

    def is_exact(self, tree: Any, **options: Any) -> bool:
        """Whether the law is computed rather than sampled."""
        return self.law is not None and self.is_quick(tree, **options)


@dataclass(frozen=True)
class Method:
    """A method.

    Attributes
    ----------
    name, summary : str
        As on the command line, and one line for people.
    load : callable
        Imports and returns what computes.
    options : tuple of str
        `AMOUNTS` that it needs, and what else its sampler can be told: resampling, ess_threshold,
        kernel.
    exact : str
        When its law is exact, in words; empty if never.
    n_star : str
        What the cost of a total variation counts; empty if it has none.
    """

    name: str
    summary: str
    load: Callable[[], Run]
    options: tuple[str, ...] = ()
    exact: str = ""
    n_star: str = ""

    @cached_property
    def run(self) -> Run:
        """What computes, loaded once."""
        return self.load()

    @property
    def amounts(self) -> tuple[str, ...]:
        """What a run of it has to be given."""
        return tuple(name for name in AMOUNTS if name in self.options)

    def given(self, values: Mapping[str, Any]) -> dict[str, Any]:
        """Return those of some values that are options of this method."""
        return {name: values[name] for name in self.options if name in values}
