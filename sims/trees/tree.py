"""Tree MDPs, stored lumped and layered.

A reasoning process takes T steps. A node at depth t is a prefix of t symbols; the reference policy
pi_ref draws the next symbol, a reward phi > 0 is paid at depth T, and a reward model V scores every
prefix, with V = phi at depth T. Two prefixes that share the law of their future and the reward
model's value along it need not be told apart: at depth t there are S_t *classes* of prefixes,

    policy[t][s, b]   probability of symbol b in class s,
    child[t][s, b]    the class at depth t + 1 that symbol b leads to,
    log_value[t][s]   log V of class s (at depth T: log phi).

There is one class at the root. A tree that is not lumped has S_t = B^t classes. Lumping is exact
for laws over classes; total variation over terminal classes is at most that over paths.

Everything is kept in flat arrays with per-depth offsets, which is what kernels want.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from treesmc.sims.base.checks import LARGEST_LOG_VALUE
from treesmc.sims.base.errors import BadInput

ROW_SUM_TOLERANCE = 1e-9
LARGEST_INDEX = 2**53  # beyond it floats skip integers

FloatArray = NDArray[np.float64]
IntArray = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class TreeMDP:
    """A layered tree MDP with a reward model, immutable and valid. Build with `from_layers`.

    Attributes
    ----------
    horizon : int
        T, the number of steps.
    n_classes : int64[T + 1]
        S_t, the number of classes at each depth; S_0 = 1.
    n_symbols : int64[T]
        B_t, the number of symbols at each inner depth.
    class_start : int64[T + 2]
        Classes of depth t are ``class_start[t]:class_start[t + 1]`` of the flat class arrays.
    edge_start : int64[T + 1]
        Edges (class, symbol) of depth t, row by row, are ``edge_start[t]:edge_start[t + 1]``.
    policy : float64[edges]
        pi_ref(symbol | class). Zero entries are padding: edges that do not exist.
    child : int64[edges]
        Class that the edge leads to, counted within depth t + 1.
    log_value : float64[classes]
        log V, natural logarithm; log phi at depth T.
    name : str
        For people; no meaning.
    """

    horizon: int
    n_classes: IntArray
    n_symbols: IntArray
    class_start: IntArray
    edge_start: IntArray
    policy: FloatArray
    child: IntArray
    log_value: FloatArray
    name: str = ""

    @classmethod
    def from_layers(
        cls,
        policy: Sequence[Any],
        child: Sequence[Any],
        log_value: Sequence[Any],
        name: str = "",
    ) -> "TreeMDP":
        """Build and validate a tree from its layers.

        Parameters
        ----------
        policy, child : sequence of T arrays [S_t, B_t]
            Probabilities, and class indices below S_{t+1}.
        log_value : sequence of T + 1 arrays [S_t]
            log V per class.
        name : str
            For people.

        Raises
        ------
        BadInput
            Naming field, depth, class and value of the first thing that is wrong.
        """
        horizon = len(policy)
        _check_lengths(horizon, len(child), len(log_value))
        policies = [_matrix(p, "policy", t, np.float64) for t, p in enumerate(policy)]
        children = [_matrix(c, "child", t, np.int64) for t, c in enumerate(child)]
        values = [_vector(v, t) for t, v in enumerate(log_value)]
        for t in range(horizon):
            _check_layer(t, policies[t], children[t], len(values[t]), len(values[t + 1]))
        for t, layer in enumerate(values):
            _check_values(layer, t)
        n_classes = np.array([len(v) for v in values])
        n_symbols = np.array([p.shape[1] for p in policies])
        return cls(
            horizon=horizon,
            n_classes=_frozen(n_classes),
            n_symbols=_frozen(n_symbols),
            class_start=_frozen(_starts(n_classes)),
            edge_start=_frozen(_starts(n_classes[:-1] * n_symbols)),
            policy=_frozen(np.concatenate([p.ravel() for p in policies])),
            child=_frozen(np.concatenate([c.ravel() for c in children])),
            log_value=_frozen(np.concatenate(values)),
            name=name,
        )

    def policy_at(self, t: int) -> FloatArray:
        """Return the reference policy of depth t, [S_t, B_t]."""
        return self.edge_layer(self.policy, t)

    def child_at(self, t: int) -> IntArray:
        """Return the children of depth t, [S_t, B_t]."""
        return self.edge_layer(self.child, t)

    def log_value_at(self, t: int) -> FloatArray:
        """Return log V of depth t, [S_t]."""
        return self.layer(self.log_value, t)

    def layer(self, flat: NDArray, t: int) -> NDArray:
        """Return the view [S_t] of a flat class array at depth t."""
        return flat[self.class_start[t] : self.class_start[t + 1]]

    def edge_layer(self, flat: NDArray, t: int) -> NDArray:
        """Return the view [S_t, B_t] of a flat edge array at depth t."""
        rows = flat[self.edge_start[t] : self.edge_start[t + 1]]
        return rows.reshape(self.n_classes[t], self.n_symbols[t])

    def with_log_value(self, log_value: FloatArray, name: str | None = None) -> "TreeMDP":
        """Return the same tree under another reward model.

        Parameters
        ----------
        log_value : float64[classes]
            Flat log V. The terminal layer must be unchanged: it is the reward.
        name : str, optional
            New name; the old one by default.

        Raises
        ------
        BadInput
            If a value is not finite.
        """
        layers = [self.layer(np.asarray(log_value), t) for t in range(self.horizon + 1)]
        depths = range(self.horizon)
        return TreeMDP.from_layers(
            [self.policy_at(t) for t in depths],
            [self.child_at(t) for t in depths],
            layers,
            self.name if name is None else name,
        )


def _starts(sizes: IntArray) -> IntArray:
    return np.concatenate([[0], np.cumsum(sizes)])


def _frozen(array: NDArray) -> NDArray:
    array = np.ascontiguousarray(array)
    array.setflags(write=False)
    return array


def _check_lengths(horizon: int, n_child: int, n_log_value: int) -> None:
    if horizon == 0:
        raise BadInput("policy: the horizon is 0; a tree needs at least one step")
    if n_child != horizon:
        raise BadInput(f"child: {n_child} layers, but policy has {horizon}")
    if n_log_value != horizon + 1:
        raise BadInput(
            f"log_value: {n_log_value} layers, expected {horizon + 1} (horizon {horizon} plus one)"
        )


def _numbers(data: Any, field: str, t: int) -> NDArray:
    """Turn nested lists, or an array, into an array of numbers."""
    if isinstance(data, list):
        _check_entries(data, field, t)
    try:
        array = np.asarray(data)
    except ValueError:
        raise BadInput(f"{field}: depth {t}: {_ragged_place(data)}") from None
    if array.size and array.dtype.kind not in "iuf":
        raise BadInput(f"{field}: depth {t}: holds {str(array.ravel()[0])[:40]!r}, not a number")
    if array.dtype.kind != "f":
        return array
    with np.errstate(over="ignore"):  # from a longer float; infinity is refused later
        return array.astype(np.float64, copy=False)


def _check_entries(data: list, field: str, t: int) -> None:
    """Refuse what NumPy would convert in silence: text, booleans, null."""
    for s, row in enumerate(data):
        for entry in row if isinstance(row, list) else [row]:
            if isinstance(entry, bool) or not isinstance(entry, int | float | np.number):
                raise BadInput(f"{field}: depth {t}, class {s}: {entry!r} is not a number")


def _ragged_place(data: Any) -> str:
    """Say which row has the wrong length."""
    lengths = [np.size(row) for row in data]
    s = next((s for s, n in enumerate(lengths) if n != lengths[0]), 0)
    return f"class {s}: ragged row of {lengths[s]} entries, class 0 has {lengths[0]}"


def _matrix(data: Any, field: str, t: int, dtype: type) -> NDArray:
    array = _numbers(data, field, t)
    if array.ndim != 2 or array.size == 0:
        raise BadInput(
            f"{field}: depth {t}: has shape {list(array.shape)}, expected classes x symbols"
        )
    if dtype is np.int64:
        _check_indices(array, field, t)
    return array.astype(dtype)


def _check_indices(array: NDArray, field: str, t: int) -> None:
    """Refuse what does not convert to an index without loss."""
    bad = ~(np.abs(array) < LARGEST_INDEX) | (array != np.floor(array))
    if bad.any():
        s, b = np.argwhere(bad)[0]
        raise BadInput(f"{field}: depth {t}, class {s}: {array[s, b]} is not a class index")


def _vector(data: Any, t: int) -> FloatArray:
    array = _numbers(data, "log_value", t)
    if array.ndim != 1 or array.size == 0:
        raise BadInput(f"log_value: depth {t}: has shape {list(array.shape)}, expected [classes]")
    return array.astype(np.float64)


def _check_layer(t: int, policy: FloatArray, child: IntArray, n_here: int, n_next: int) -> None:
    if t == 0 and n_here != 1:
        raise BadInput(f"log_value: depth 0: {n_here} classes; the root is one class")
    if len(policy) != n_here:
        raise BadInput(f"policy: depth {t}: {len(policy)} rows, but log_value has {n_here} classes")
    if child.shape != policy.shape:
        raise BadInput(
            f"child: depth {t}: has shape {list(child.shape)}, but policy has {list(policy.shape)}"
        )
    _check_policy(policy, t)
    _check_children(policy, child, t, n_next)


def _check_policy(policy: FloatArray, t: int) -> None:
    bad = ~(policy >= 0) | ~np.isfinite(policy)
    if bad.any():
        s, b = np.argwhere(bad)[0]
        raise BadInput(
            f"policy: depth {t}, class {s}: {policy[s, b]} is not a probability (symbol {b})"
        )
    sums = policy.sum(axis=1)
    off = np.abs(sums - 1) > ROW_SUM_TOLERANCE
    if off.any():
        s = int(np.argmax(off))
        raise BadInput(f"policy: depth {t}, class {s}: the row sums to {sums[s]}, not 1")


def _check_children(policy: FloatArray, child: IntArray, t: int, n_next: int) -> None:
    outside = (child < 0) | (child >= n_next)
    if outside.any():
        s, b = np.argwhere(outside)[0]
        raise BadInput(
            f"child: depth {t}, class {s}: {child[s, b]} is out of range (symbol {b}); "
            f"depth {t + 1} has {n_next} classes"
        )
    reached = np.zeros(n_next, dtype=bool)
    reached[child[policy > 0]] = True
    if not reached.all():
        s = int(np.argmin(reached))
        raise BadInput(
            f"child: depth {t + 1}, class {s}: unreachable, no symbol of positive probability "
            f"leads to it"
        )


def _check_values(layer: FloatArray, t: int) -> None:
    bad = ~(np.abs(layer) <= LARGEST_LOG_VALUE)
    if bad.any():
        s = int(np.argmax(bad))
        if np.isfinite(layer[s]):
            raise BadInput(
                f"log_value: depth {t}, class {s}: {layer[s]} is out of range; log V lies between "
                f"-{LARGEST_LOG_VALUE:g} and {LARGEST_LOG_VALUE:g}"
            )
        raise BadInput(
            f"log_value: depth {t}, class {s}: {layer[s]} is not finite; assumption A1 bounds "
            f"V(child)/V(parent) by L, so every value must be positive and finite"
        )
