"""A model of one's own: what an audit asks of it, and the checks on what it answers.

An audit needs no symbol and no probability: SMC with the reference policy as its proposal only ever
draws a step, scores prefixes and copies them. So four methods are the least that works:

    start       the root of a prompt
    extend      a step of pi_ref
    log_values  V
    finished    where V is the reward phi, and which prefixes need no more steps

A prefix is a *state*, and a batch of states is anything that has a length and takes an array of
integers as index (an array, a tensor), or a list or tuple. Nothing else is asked of it.

Sequences of different lengths end by absorption: a finished state is its own only child, at the
same value, so it has a Bellman ratio of one and a weight of one. A horizon T is the number of steps
after which every state is finished; a model that cuts long sequences off calls them finished.
"""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from treesmc.sims.base.errors import BadInput
from treesmc.sims.trees.tree import FloatArray, IntArray

BoolArray = NDArray[np.bool_]
MODEL_METHODS = ("start", "extend", "log_values", "finished")


class Model(Protocol):
    """A policy with a reward model; the module docstring says what ``states`` may be."""

    def start(self, prompt: str, n: int) -> Any:
        """Return n states, each the empty prefix of a prompt."""

    def extend(self, states: Any, rng: np.random.Generator) -> Any:
        """Return the states after one step of the reference policy, drawn independently.

        Randomness comes from ``rng`` alone. Finished states are returned as they are.
        """

    def log_values(self, states: Any) -> Any:
        """Return log V of each state, float64[n]; of finished ones log phi. -inf is allowed."""

    def finished(self, states: Any) -> Any:
        """Return whether each state is a complete sequence, bool[n]."""


class Checked:
    """A model whose answers are checked; errors name the method.

    Parameters
    ----------
    model : Model

    Raises
    ------
    BadInput
        If a method is missing; later, if one answers with the wrong number, type or values.
    """

    def __init__(self, model: Model) -> None:
        for name in MODEL_METHODS:
            if not callable(getattr(model, name, None)):
                raise BadInput(f"{name}: {type(model).__name__} has no such method")
        self.model = model

    def start(self, prompt: str, n: int) -> Any:
        """Return n roots."""
        return _sized("start", self.model.start(prompt, n), n)

    def extend(self, states: Any, rng: np.random.Generator) -> Any:
        """Return the states one step on."""
        return _sized("extend", self.model.extend(states, rng), len(states))

    def log_values(self, states: Any) -> FloatArray:
        """Return log V, float64[n]."""
        values = _vector("log_values", self.model.log_values(states), len(states), "iuf")
        bad = ~(values < np.inf)  # nan fails the comparison too
        if bad.any():
            raise BadInput(f"log_values: {values[bad][0]} is not a finite number or -inf")
        return values.astype(np.float64)

    def finished(self, states: Any) -> BoolArray:
        """Return which states are complete, bool[n]."""
        return _vector("finished", self.model.finished(states), len(states), "b")

    def rewards(self, states: Any, horizon: int) -> FloatArray:
        """Return log phi of states at the horizon, which must be finished."""
        unfinished = int(np.sum(~self.finished(states)))
        if unfinished:
            raise BadInput(
                f"finished: {unfinished} of {len(states)} states are unfinished after {horizon} "
                "steps, the horizon; what is cut off there counts as finished"
            )
        return self.log_values(states)


def take(states: Any, index: IntArray) -> Any:
    """Return the states at some indices."""
    if isinstance(states, list | tuple):
        return [states[i] for i in index]
    try:
        return states[index]
    except (TypeError, IndexError, KeyError) as error:
        kind = type(states).__name__
        raise BadInput(f"states: a {kind} cannot be indexed by an integer array: {error}") from None


def check_absorbing(
    done: BoolArray, before: FloatArray, still: BoolArray, after: FloatArray
) -> None:
    """Raise `BadInput` if a state that was done is not, or changed its value by a step."""
    if np.any(done & ~still):
        raise BadInput("extend: a finished state became unfinished; it must be returned as it is")
    changed = done & (before != after) & ~np.isclose(before, after)
    if changed.any():
        i = int(np.argmax(changed))
        raise BadInput(
            f"extend: the log value of a finished state went from {before[i]:.6g} to "
            f"{after[i]:.6g}; it must be returned as it is"
        )


def _sized(method: str, states: Any, n: int) -> Any:
    try:
        length = len(states)
    except TypeError:
        raise BadInput(f"{method}: a {type(states).__name__} has no length") from None
    if length != n:
        raise BadInput(f"{method}: {length} states, {n} were asked for")
    return states


def _vector(method: str, answer: Any, n: int, kinds: str) -> NDArray:
    array = np.asarray(answer)
    if array.shape != (n,):
        raise BadInput(f"{method}: has shape {list(array.shape)}, expected [{n}]")
    if array.dtype.kind not in kinds:
        expected = "truth values" if kinds == "b" else "numbers"
        raise BadInput(f"{method}: holds {array.dtype}, expected {expected}")
    return array
