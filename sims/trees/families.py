"""Instance families: trees whose laws and errors are known in closed form, and random ones.

A family is a function of `FAMILIES`. Its first line describes it in help texts, and what a
docstring says of a parameter with a default is the help of an option. One that takes ``eps`` has
its Bellman error by construction. `persistent` is a perturbation too, of any tree: see `perturb`.

Every family is stored lumped where it can be, so that horizons in the hundreds cost nothing.
"""

import math
from collections.abc import Callable
from inspect import signature
from typing import Any

import numpy as np

from treesmc.sims.base import portable
from treesmc.sims.base.checks import (
    LARGEST_LOG_VALUE,
    check_at_most,
    check_horizon,
    check_inner_fraction,
    check_nonnegative,
    check_positive,
)
from treesmc.sims.base.errors import BadInput
from treesmc.sims.base.streams import generator
from treesmc.sims.trees.tree import TreeMDP
from treesmc.sims.trees.values import log_true_value

FAIR = np.array([0.5, 0.5])
LARGEST_LOG = 700.0  # log of the largest odds a float can hold, with room to spare
LARGEST_EXPLICIT_LAYER = 2**22
LARGEST_CONCENTRATION = 1e12  # every symbol is as likely as the others, to six digits
LARGEST_LUMPED_HORIZON = 4096  # of trees of order T^2 edges


def product(T: int, r: float = 2.0, true_value: bool = True) -> TreeMDP:
    """Fair bits with phi = r^(number of ones): naive sampling is exponential already.

    Parameters
    ----------
    T : int
        Horizon.
    r : float
        Reward per one, positive.
    true_value : bool
        V = V* if true. Otherwise V = r^(ones so far), whose Bellman error is the same constant
        ratio (1 + r)/2 at every node: A2 holds with eps = (r - 1)/2 (r > 1), and yet
        single-particle guided sampling stays exact.

    Returns
    -------
    TreeMDP
        Class k of depth t: k ones so far, S_t = t + 1.
    """
    check_horizon(T, 1, LARGEST_LUMPED_HORIZON)
    check_positive("r", r)
    policy, child = _counting_layers(T)
    rest = portable.log((1 + r) / 2) if true_value else 0.0
    log_value = [np.arange(t + 1) * portable.log(r) + (T - t) * rest for t in range(T + 1)]
    return TreeMDP.from_layers(policy, child, log_value, f"product(T={T}, r={r:g})")


def needle(T: int, eps: float) -> TreeMDP:
    """One hidden first symbol among H = floor((1 + eps)^(2(T - 1))) + 1 equally likely ones.

    After the first step V is multiplied by r = 1 + eps below the hidden symbol and by 1/r
    elsewhere, so A1 holds with L = r and A2 with exactly eps (S3).

    Parameters
    ----------
    T : int
        Horizon, at least 2.
    eps : float
        Bellman error, nonnegative.

    Returns
    -------
    TreeMDP
        From depth 1 on, class 0 is below the hidden symbol and class 1 elsewhere.
    """
    check_horizon(T, 2)
    policy = [_hidden_symbol(T, eps)] + [np.ones((2, 1))] * (T - 1)
    child = [np.array([[0, 1]])] + [np.array([[0], [1]])] * (T - 1)
    log_value = [np.zeros(1)] + [_needle_log_value(t, eps) for t in range(1, T + 1)]
    return TreeMDP.from_layers(policy, child, log_value, f"needle(T={T}, eps={eps:g})")


def n_symbols(tree: TreeMDP) -> int:
    """Return H, the number of equally likely first symbols that a `needle` stands for."""
    return round(1 / tree.policy_at(0)[0, 0])


def needle_in_drift(T: int, eps: float, drift: float = 0.5) -> TreeMDP:
    """`needle`, with a fair bit at every later step that multiplies V by 1 + drift or 1 - drift.

    The drift has mean one, so it adds no Bellman error; but it makes naive sampling exponential
    in T for every eps, even 0.

    Parameters
    ----------
    T : int
        Horizon, at least 2.
    eps : float
        Bellman error, nonnegative: A2 holds with exactly eps.
    drift : float
        Size of the drift, strictly between 0 and 1.

    Returns
    -------
    TreeMDP
        Class k + t of depth t >= 1 is elsewhere with k ones, class k below the hidden symbol.
    """
    check_horizon(T, 2, LARGEST_LUMPED_HORIZON)
    check_inner_fraction("drift", drift)
    factor = portable.log([1 - drift, 1 + drift])
    policy, child = [_hidden_symbol(T, eps)], [np.array([[0, 1]])]
    log_value = [np.zeros(1)]
    for t in range(1, T + 1):
        ones = np.arange(t)
        drifted = ones * factor[1] + (t - 1 - ones) * factor[0]
        log_value.append(np.add.outer(_needle_log_value(t, eps), drifted).ravel())
    for t in range(1, T):
        side = np.add.outer(np.arange(t), [0, 1])  # ones after the bit, among t + 1 classes a side
        policy.append(np.tile(FAIR, (2 * t, 1)))
        child.append(np.concatenate([side, side + t + 1]))
    name = f"needle_in_drift(T={T}, eps={eps:g}, drift={drift:g})"
    return TreeMDP.from_layers(policy, child, log_value, name)


def persistent(T: int, eps: float) -> TreeMDP:
    """The tree on which single-particle guided sampling is worst (S4).

    The reward is constant; the first symbol fixes the sign of every later Bellman error. With
    rho = (1 + eps)^(T - 1) the symbol whose errors are positive has probability rho/(1 + rho),
    and guided sampling is off by exactly TV = (rho - 1)/(rho + 1) = tanh((T - 1)/2 log(1 + eps)).
    The perturbation of the same name has such errors on any tree.

    Parameters
    ----------
    T : int
        Horizon, at least 2.
    eps : float
        Bellman error, nonnegative: A2 holds with exactly eps.

    Returns
    -------
    TreeMDP
        From depth 1 on, class 0 has positive errors and class 1 negative ones.
    """
    check_horizon(T, 2)
    check_nonnegative("epsilon", eps)
    log_rho = (T - 1) * portable.log1p(eps)
    _check_log_odds(log_rho, T, eps)
    rest = portable.exp(-log_rho) / (1 + portable.exp(-log_rho))
    first = np.array([[1 - rest, rest]])
    policy = [first] + [np.tile(FAIR, (2, 1))] * (T - 1)
    child = [np.array([[0, 1]])] + [np.array([[0, 0], [1, 1]])] * (T - 1)
    sign = np.array([1.0, -1.0])
    below = [-sign * (T - t) * portable.log1p(eps) for t in range(1, T + 1)]
    name = f"persistent(T={T}, eps={eps:g})"
    return TreeMDP.from_layers(policy, child, [np.zeros(1), *below], name)  # E_ref[V_1] is one


def random_tree(
    T: int, branching: int = 2, concentration: float = 1.0, sigma: float = 1.0, seed: int = 0
) -> TreeMDP:
    """An explicit tree with Dirichlet policies and independent log-normal rewards; V = V*.

    Parameters
    ----------
    T : int
        Horizon.
    branching : int
        Number of symbols; the tree has ``branching ** T`` leaves.
    concentration : float
        Dirichlet concentration of each policy row, positive.
    sigma : float
        Standard deviation of log phi, nonnegative.
    seed : int
        Non-negative.

    Returns
    -------
    TreeMDP
        Class of a prefix: the number its symbols spell in base ``branching``.
    """
    check_horizon(T, 1)
    check_positive("concentration", concentration)
    check_nonnegative("sigma", sigma)
    check_at_most("concentration", concentration, LARGEST_CONCENTRATION)
    check_at_most("sigma", sigma, LARGEST_LOG_VALUE)
    if branching < 1 or branching**T > LARGEST_EXPLICIT_LAYER:
        raise BadInput(
            f"branching: {branching}^{T} leaves; between 1 and {LARGEST_EXPLICIT_LAYER} are kept"
        )
    sizes = [branching**t for t in range(T + 1)]
    rng, weights = generator(seed), np.full(branching, float(concentration))
    policy = [portable.coarse(rng.dirichlet(weights, size=size)) for size in sizes[:-1]]
    policy = [rows / rows.sum(axis=1, keepdims=True) for rows in policy]
    child = [np.arange(size * branching).reshape(size, branching) for size in sizes[:-1]]
    log_value = [np.zeros(size) for size in sizes[:-1]] + [
        sigma * portable.coarse(rng.standard_normal(sizes[-1]))
    ]
    name = f"random(T={T}, branching={branching}, sigma={sigma:g}, seed={seed})"
    tree = TreeMDP.from_layers(policy, child, log_value, name)
    return tree.with_log_value(log_true_value(tree))


FAMILIES: dict[str, Callable[..., TreeMDP]] = {
    "product": product,
    "needle": needle,
    "needle_in_drift": needle_in_drift,
    "persistent": persistent,
    "random": random_tree,
}


def defaults(family: Callable[..., TreeMDP]) -> dict[str, Any]:
    """Return the parameters that only some families have, with their defaults."""
    parameters = signature(family).parameters.values()
    has_default = [p for p in parameters if p.default is not p.empty and p.name != "seed"]
    return {p.name: p.default for p in has_default}


def _check_log_odds(log_odds: float, T: int, eps: float) -> None:
    if log_odds > LARGEST_LOG:
        raise BadInput(
            f"epsilon: {eps} at horizon {T} needs a probability of exp(-{log_odds:.0f}), "
            f"too small for a float"
        )


def _counting_layers(T: int) -> tuple[list, list]:
    """Fair bits lumped by the number of ones."""
    policy = [np.tile(FAIR, (t + 1, 1)) for t in range(T)]
    child = [np.add.outer(np.arange(t + 1), [0, 1]) for t in range(T)]
    return policy, child


def _hidden_symbol(T: int, eps: float) -> np.ndarray:
    """Policy [1, 2] of the root: the hidden symbol against the H - 1 others taken together."""
    check_nonnegative("epsilon", eps)
    log_alphabet = 2 * (T - 1) * portable.log1p(eps)
    _check_log_odds(log_alphabet, T, eps)
    H = math.floor(portable.power(1 + eps, 2 * (T - 1))) + 1
    return np.array([[1 / H, (H - 1) / H]])


def _needle_log_value(t: int, eps: float) -> np.ndarray:
    return (t - 1) * portable.log1p(eps) * np.array([1.0, -1.0])
