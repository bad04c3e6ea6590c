r"""The instance: n-gram model times automaton, a tree MDP with its true value.

T characters are drawn from the model, and the automaton reads them. The reward is soft,

    phi = 1 if the text is accepted,    phi = exp(-1/temperature) if not,

so a temperature near 0 is the constraint itself, a large one no constraint at all. Whatever
follows a prefix depends on it through the state of the model (its context) and that of the
automaton only: a class is a pair (context, state) that can be reached at its depth. With r steps to
go and P the model,

    V*(c, q; 0) = phi(q),    V*(c, q; r) = sum_b P(b | c) V*(c b, q b; r - 1).

A tree takes 24 bytes an edge, T times pairs times 31 characters: two thousand pairs at T = 60 are
about 0.1 GB. What would exceed 1 GB is refused.
"""

from dataclasses import dataclass, replace
from functools import wraps
from pathlib import Path
from typing import Any

import numpy as np

from treesmc.sims.base import portable
from treesmc.sims.base.checks import check_horizon
from treesmc.sims.base.errors import BadInput
from treesmc.sims.language.automata import Automaton, automaton
from treesmc.sims.language.ngram import NGram, fit
from treesmc.sims.language.text import ALPHABET, SYMBOL, corpus
from treesmc.sims.trees.tree import FloatArray, IntArray, TreeMDP

B = len(ALPHABET)
BYTES_PER_EDGE = 24
LARGEST_TREE = 2**30  # bytes
COLDEST = 1 / 700  # exp(-700) is still a float


@dataclass(frozen=True, eq=False)
class Pairs:
    """The product of model and automaton, without what T steps from the start do not reach.

    Attributes
    ----------
    context, state : int64[P]
        Of each pair.
    child : int64[P, B]
        Pair that a character leads to; anything for pairs first reached at depth T.
    members : list of T + 1 arrays int64
        Pairs reached at each depth, ascending.
    """

    context: IntArray
    state: IntArray
    child: IntArray
    members: list[IntArray]


@dataclass(frozen=True, eq=False)
class Language:
    """A language model with a reward.

    Attributes
    ----------
    model : NGram
    automaton : Automaton
    pairs : Pairs
    log_phi : float64[P]
        Log reward of a text that ends in a pair.
    tree : TreeMDP
        The classes of depth t are ``pairs.members[t]``, the symbols those of `ALPHABET`.
    """

    model: NGram
    automaton: Automaton
    pairs: Pairs
    log_phi: FloatArray
    tree: TreeMDP

    def with_model(self, tree: TreeMDP) -> "Language":
        """Return the same language under the reward model of a tree."""
        return replace(self, tree=tree)

    @property
    def accepted(self) -> FloatArray:
        """Whether each terminal class is accepted, 0.0 or 1.0, float64[S_T]."""
        return self.automaton.accepting[self.pairs.state[self.pairs.members[-1]]].astype(float)

    def features(self) -> FloatArray:
        """Return what a simple reward model sees of a prefix, float64[classes below depth T, F].

        For each state of the automaton an intercept, the share of steps to go and the logarithm of
        their number; and which character came last.
        """
        T = self.tree.horizon
        pair = np.concatenate(self.pairs.members[:-1])
        to_go = T - np.repeat(np.arange(T), self.tree.n_classes[:-1])[:, None]
        state = self.pairs.state[pair, None] == np.arange(len(self.automaton.accepting))
        endings = np.array([SYMBOL.get(context[-1:], -1) for context in self.model.contexts])
        last = endings[self.pairs.context[pair], None] == np.arange(B)
        return np.hstack([state, state * (to_go / T), state * portable.log(to_go), last])

    def short_sighted(self, horizon: int) -> TreeMDP:
        """Return the tree under a reward model that was trained at a shorter horizon.

        V is exact up to ``horizon`` steps before the end; further away, where that model has never
        been, it takes the value ``horizon`` steps before the end.

        Raises
        ------
        BadInput
            If the horizon is below 1.
        """
        if horizon < 1:
            raise BadInput(f"horizon: {horizon} steps to go are none to train on")
        to_go = np.minimum(np.arange(self.tree.horizon, -1, -1), horizon)
        layers = value_layers(self.model, self.pairs, self.log_phi, to_go)
        name = f"{self.tree.name} + short_sighted({horizon})"
        return self.tree.with_log_value(np.concatenate(layers), name)


def language(
    T: int,
    order: int = 3,
    reward: str = "contains:python",
    temperature: float = 0.1,
    text: str | Path | None = None,
) -> Language:
    """A language model of characters with a reward, and its true value as reward model.

    Parameters
    ----------
    T : int
        Characters of a text.
    order : int
        Order of the n-gram model, 1 to 4.
    reward : str
        What is rewarded, see `treesmc language --help`.
    temperature : float
        Softness of the reward, positive; phi = exp(-1/temperature) where the text is not accepted.
    text : path, optional
        UTF-8 file to estimate the model from; by default CPython's manual.

    Raises
    ------
    BadInput
        If an argument is out of range, no text of T characters is accepted, or the tree would take
        more than 1 GB.
    """
    check_horizon(T, 1)
    if not COLDEST <= temperature < np.inf:
        raise BadInput(f"temperature: {temperature} is not a number from {COLDEST:.4f} up")
    acceptor = automaton(reward)
    model = fit(corpus(text), order)
    pairs = reachable_pairs(model, acceptor, T)
    accepting = acceptor.accepting[pairs.state]
    if not accepting[pairs.members[T]].any():
        raise BadInput(f"reward: {reward}: no text of {T} characters is accepted")
    log_phi = np.where(accepting, 0.0, -1 / temperature)
    name = f"language(T={T}, order={order}, reward={reward}, temperature={temperature:g})"
    tree = _tree(model, pairs, log_phi, name)
    return Language(model, acceptor, pairs, log_phi, tree)


@wraps(language)
def language_tree(*args: Any, **options: Any) -> TreeMDP:
    """Return the tree of `language`, whose parameters and docstring it takes."""
    return language(*args, **options).tree


def reachable_pairs(model: NGram, acceptor: Automaton, T: int) -> Pairs:
    """Return the pairs reached within T steps.

    Raises
    ------
    BadInput
        If their tree would take more than 1 GB.
    """
    Q = len(acceptor.accepting)

    def children(codes: IntArray) -> IntArray:
        return model.next_context[codes // Q] * Q + acceptor.next_state[codes % Q]

    layers = [np.array([model.start * Q])]
    for _ in range(T):
        layers.append(np.unique(children(layers[-1])))
        _check_size(sum(map(len, layers)), len(layers), T)
    codes = np.unique(np.concatenate(layers))
    child = np.searchsorted(codes, children(codes)).clip(max=len(codes) - 1)
    members = [np.searchsorted(codes, layer) for layer in layers]
    return Pairs(codes // Q, codes % Q, child, members)


def value_layers(
    model: NGram, pairs: Pairs, log_phi: FloatArray, to_go: IntArray
) -> list[FloatArray]:
    """Return log V* of each depth's pairs with ``to_go[t]`` steps to go, T + 1 arrays [S_t]."""
    policy = model.policy[pairs.context]
    value, log_values = portable.exp(log_phi), [log_phi]
    for _ in range(int(to_go.max())):
        value = np.sum(policy * value[pairs.child], axis=1)
        log_values.append(portable.log(value))
    return [log_values[r][layer] for r, layer in zip(to_go, pairs.members, strict=True)]


def _tree(model: NGram, pairs: Pairs, log_phi: FloatArray, name: str) -> TreeMDP:
    T = len(pairs.members) - 1
    policy = [model.policy[pairs.context[layer]] for layer in pairs.members[:-1]]
    child = [np.searchsorted(pairs.members[t + 1], pairs.child[pairs.members[t]]) for t in range(T)]
    log_value = value_layers(model, pairs, log_phi, np.arange(T, -1, -1))
    return TreeMDP.from_layers(policy, child, log_value, name)


def _check_size(n_classes: int, n_layers: int, T: int) -> None:
    """Refuse a tree that is too large, as soon as the layers found so far show it."""
    size = n_classes * B * BYTES_PER_EDGE
    if size > LARGEST_TREE:
        raise BadInput(
            f"language: {n_layers - 1} of {T} steps take {size / 2**30:.1f} GB already, more than "
            f"{LARGEST_TREE / 2**30:.0f} GB; lower the order or the horizon, or simplify the reward"
        )
