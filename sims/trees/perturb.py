"""Injected perturbations: reward models with a Bellman error of a stated size.

A perturbation is a function of `PERTURBATIONS`; its first line describes it in help texts. Each
takes a tree and replaces its reward model by one computed from the true value V*. All but
`value_noise` go backwards from the reward, such that E_ref[V(s')|s]/V(s) = (1 + eps)^sign(s) with a
sign per node, and attain eps exactly. They share eps and differ by orders of magnitude in cost.
"""

from collections.abc import Callable, Mapping
from inspect import signature
from typing import Any

import numpy as np

from treesmc.sims.base import portable
from treesmc.sims.base.checks import check_nonnegative
from treesmc.sims.base.errors import BadInput
from treesmc.sims.base.streams import generator
from treesmc.sims.trees.tree import FloatArray, IntArray, TreeMDP
from treesmc.sims.trees.values import log_expectation, log_true_value


def persistent(tree: TreeMDP, eps: float, seed: int = 0) -> TreeMDP:
    """Perturb with the sign of every error fixed by the first symbol, + below even ones.

    Errors compound: V/V* drifts to (1 + eps)^(T - t). `families.persistent` is a family, the tree
    on which this is worst for guided sampling.

    Parameters
    ----------
    tree : TreeMDP
        Horizon at least 2, at least 2 symbols at the root. Its own reward model is ignored.
    eps : float
        Bellman error attained, nonnegative.
    seed : int
        Unused: the signs are fixed. Present in every perturbation.

    Returns
    -------
    TreeMDP
        Classes are split by the sign where the input lumps both signs into one.
    """
    symbols = np.arange(tree.n_symbols[0])
    return _signed_by_first_symbol(tree, eps, np.where(symbols % 2 == 0, 1, -1), "persistent")


def hidden(tree: TreeMDP, eps: float, seed: int = 0) -> TreeMDP:
    """Perturb with errors + below the first symbol 0, - below all others, as in `needle`.

    Parameters are those of `persistent`.
    """
    symbols = np.arange(tree.n_symbols[0])
    return _signed_by_first_symbol(tree, eps, np.where(symbols == 0, 1, -1), "hidden")


def random_sign(tree: TreeMDP, eps: float, seed: int = 0) -> TreeMDP:
    """Perturb with an independent sign at every inner class: a random walk of errors.

    Parameters
    ----------
    tree : TreeMDP
        Its own reward model is ignored.
    eps : float
        Bellman error attained, nonnegative.
    seed : int
        Non-negative.
    """
    check_nonnegative("epsilon", eps)
    signs = generator(seed).choice([-1.0, 1.0], size=tree.class_start[-2])
    log_value = tree.log_value.copy()
    for t in reversed(range(tree.horizon)):
        expected = log_expectation(tree, t, tree.layer(log_value, t + 1))
        tree.layer(log_value, t)[:] = expected - tree.layer(signs, t) * portable.log1p(eps)
    return tree.with_log_value(log_value, f"{tree.name} + random_sign(eps={eps:g}, seed={seed})")


def value_noise(tree: TreeMDP, eps: float, seed: int = 0) -> TreeMDP:
    """Perturb V* by independent noise within log(1 + eps)/2: an error below eps, none compounds.

    Parameters
    ----------
    tree : TreeMDP
        Its own reward model is ignored.
    eps : float
        Upper bound on the Bellman error, nonnegative; A3 holds with sqrt(1 + eps) - 1.
    seed : int
        Non-negative.
    """
    check_nonnegative("epsilon", eps)
    n_inner = tree.class_start[-2]
    log_value = log_true_value(tree)
    log_value[:n_inner] += generator(seed).uniform(-0.5, 0.5, size=n_inner) * portable.log1p(eps)
    return tree.with_log_value(log_value, f"{tree.name} + value_noise(eps={eps:g}, seed={seed})")


PERTURBATIONS: dict[str, Callable[..., TreeMDP]] = {
    "persistent": persistent,
    "random_sign": random_sign,
    "value_noise": value_noise,
    "hidden": hidden,
}

IMPLIED = "persistent"
"""The perturbation that an error asks for where none is named."""


def has_error(family: Callable[..., TreeMDP]) -> bool:
    """Whether a family has a Bellman error by construction, so that there is nothing to perturb."""
    return "eps" in signature(family).parameters


def build(
    family: Callable[..., TreeMDP], parameters: Mapping[str, Any], perturbation: str | None = None
) -> TreeMDP:
    """Return a tree of a family, perturbed unless the family has an error by construction.

    Parameters
    ----------
    family : callable
        Takes those of the parameters that it knows.
    parameters : mapping
        Among them eps and seed, which the perturbation takes too.
    perturbation : str, optional
        Name of a perturbation; without one the reward model stays as the family has it.
    """
    known = {name: parameters[name] for name in signature(family).parameters if name in parameters}
    tree = family(**known)
    if perturbation is None or has_error(family):
        return tree
    return PERTURBATIONS[perturbation](tree, parameters["eps"], parameters["seed"])


def _signed_by_first_symbol(tree: TreeMDP, eps: float, signs: IntArray, name: str) -> TreeMDP:
    check_nonnegative("epsilon", eps)
    if tree.horizon < 2 or tree.n_symbols[0] < 2:
        raise BadInput(
            f"perturbation {name}: horizon {tree.horizon} with {tree.n_symbols[0]} first symbols; "
            f"at least 2 of each are needed"
        )
    split, side = _split_by_sign(tree, signs)
    log_value = log_true_value(split)
    for t in range(1, tree.horizon):
        compounded = (tree.horizon - t) * portable.log1p(eps)
        split.layer(log_value, t)[:] -= side[t] * compounded
    log_value[0] = log_expectation(split, 0, split.layer(log_value, 1))[0]
    return split.with_log_value(log_value, f"{tree.name} + {name}(eps={eps:g})")


def _split_by_sign(tree: TreeMDP, signs: IntArray) -> tuple[TreeMDP, list[FloatArray]]:
    """Split each class by the sign of its first symbol; return the sign of every class too.

    Class ``2 s`` is class s with sign +, class ``2 s + 1`` with sign -; unreachable ones go.
    """
    minus = (np.asarray(signs) < 0).astype(np.int64)
    codes = np.zeros(1, dtype=np.int64)  # the pairs (class, sign) kept at this depth, encoded
    policy, child, log_value = [], [], [tree.log_value_at(0)]
    side: list[FloatArray] = [np.zeros(1)]
    for t in range(tree.horizon):
        rows = tree.policy_at(t)[codes // 2]
        sign_bit = minus[None, :] if t == 0 else (codes % 2)[:, None]
        target = 2 * tree.child_at(t)[codes // 2] + sign_bit
        codes = np.unique(target[rows > 0])
        policy.append(rows)
        child.append(np.minimum(np.searchsorted(codes, target), len(codes) - 1))
        log_value.append(tree.log_value_at(t + 1)[codes // 2])
        side.append(np.where(codes % 2 == 0, 1.0, -1.0))
    return TreeMDP.from_layers(policy, child, log_value, tree.name), side
