r"""Pool Metropolis-Hastings: what accuracy costs, least over M and H, and detailed balance.

Two trees: `product`, where V = V*, and `needle_in_drift` at eps = c/T, where guided sampling alone
is off by a constant. TV is over terminal classes, and exact: the weights' law (`pool_walk`) makes
the law after H steps (`independence`); nothing is sampled. Cost counts M T (H + 1) reference draws,
as many as value evaluations; M and H are the least that meet delta.

ZL-6.1 asks for M = O~(L T^2), hence cost O~(L T^3). Less is enough, and measured here: cost T^2
with M of order T (S13), and T^(3/2) where V = V*, with M of order sqrt(T) and no iteration at all
(S14).

**Limits T -> infinity.** On fair bits V = V* and H = 0: a one is picked with probability
p + b/M + O(1/M^2), b = p (v - (G_1 - 1)), v = (r-1)^2/(r+1)^2 the variance of G; the T picks are
independent, so M TV / sqrt(T) -> abs(b)/sqrt(2 pi p (1 - p)). With eps = c/T and M = v T/s^2, v the
drift squared, log(Zhat/Z) is +-c, by side, plus a normal variable of variance s^2 (Lindeberg): cost
over T^2 is v (H + 1)/s^2, least over (H, s) that meet delta.

**M of order T is needed at bounded H.** The side is independent of the noise S in the log weight,
and g_H (`independence`) increases from 0 or more to H + 1 at most, so the law of the side moves
from its proposal's by at most (H + 1)/4 sup_u P(u < S <= u + 2c'), c' = (T - 1) log(1 + eps). By
Berry and Esseen that is of order (H + 1) sqrt(M/T).

**Accuracy** against H at several M, and **balance**: stationary law and opposite flows of the whole
chain on pools and picks (`pool_chain`), with wrong acceptances as controls.
"""

import math
from bisect import bisect_left
from collections.abc import Callable
from functools import partial
from itertools import islice, pairwise

import numpy as np

from treesmc.sims.base import portable
from treesmc.sims.laws.independence import densities, laws, marginal
from treesmc.sims.laws.pool_accuracy import DRIFT, REWARD, distances, proposals, target
from treesmc.sims.laws.pool_chain import SCORES, imbalance, pool_states, stationary, transition
from treesmc.sims.sweeps.digits import digits
from treesmc.sims.sweeps.keys import at_least_zero, one_of, proportion, whole
from treesmc.sims.sweeps.shards import Parameters, Row
from treesmc.sims.sweeps.vocabulary import Vocabulary
from treesmc.sims.trees.families import random_tree
from treesmc.sims.trees.perturb import persistent
from treesmc.sims.trees.values import target_law, total_variation

DEGREES = {0.0: 1.5, 1.0: 2.0, 2.0: 2.0}
MOST_STEPS = 400
BALANCE_EPS, BALANCE_SEED = 0.5, 1


@digits("tv", "imbalance")
def compute_point(point: Parameters) -> Row:
    """Return what the point's series asks for."""
    compute_row: Callable[[Parameters], Row] = SERIES[point["series"]]
    return compute_row(point)


def least_steps(T: int, c: float, delta: float, M: int, most: int) -> int | None:
    """Return the least H <= most with TV <= delta at pools of M; None if there is none.

    TV is taken to decrease in H.
    """
    log_weight, joint = proposals(T, c, M)
    after = list(islice(densities(log_weight, joint.sum(axis=1)), most + 1))

    def enough(H: int) -> bool:
        return total_variation(marginal(joint, after[H]), target(T, c)) <= delta

    H = bisect_left(range(most + 1), True, key=enough)
    return H if H <= most else None


def least_cost(steps: Callable[[int, int], int | None], start: int, most: int) -> tuple[int, int]:
    """Return the (M, H) of least M (H + 1).

    Parameters
    ----------
    steps : callable
        ``steps(M, most)`` is the least H that is enough at M, None above ``most``; it must not
        increase in M. So between M = a and b a pair costs at least (a + 1) (steps(b) + 1), and a
        gap where that does not improve on the best pair is left alone.
    start, most : int
        A pool size at which ``most`` steps are enough.

    Raises
    ------
    ArithmeticError
        They are not.
    """
    H = steps(start, most)
    if H is None:
        raise ArithmeticError(f"pools of {start}: {most} steps are not enough")
    best, cost = (start, H), start * (H + 1)
    at_least = {0: most, start: H, cost: 0}
    while gaps := [
        (a, b)
        for a, b in pairwise(sorted(at_least))
        if b - a > 1 and (a + 1) * (at_least[b] + 1) < cost
    ]:
        M = min(sum(gaps[0]) // 2, cost - 1)
        within = (cost - 1) // M - 1  # the most steps that would be cheaper
        found = steps(M, within)
        at_least[M] = within + 1 if found is None else found
        if found is not None:
            best, cost = (M, found), M * (found + 1)
    return best


def least_pool(T: int, c: float, delta: float, H: int) -> int:
    """Return the least M at which H steps are enough, by doubling and bisection."""

    def enough(M: int) -> bool:
        return least_steps(T, c, delta, M, H) is not None

    high = 1
    while not enough(high):
        high *= 2
    return bisect_left(range(high), True, lo=high // 2 + 1, key=enough)


def product_limit(delta: float) -> float:
    """Return lim cost / T^(3/2) at H = 0 on `product`."""
    p, G = REWARD / (1 + REWARD), 2 * REWARD / (1 + REWARD)
    v = ((REWARD - 1) / (REWARD + 1)) ** 2
    return p * abs(v - (G - 1)) / math.sqrt(2 * math.pi * p * (1 - p)) / delta


def needle_limit(c: float, delta: float) -> tuple[float, int]:
    """Return lim cost / T^2 on `needle_in_drift` at eps = c/T, least over H and M, and its H."""
    candidates: list[tuple[float, int]] = []
    for H in range(MOST_STEPS):
        if candidates and DRIFT**2 * (H + 1) / LARGEST_NOISE**2 > min(candidates)[0]:
            break
        s = _largest_noise(c, delta, H)
        if s > 0:
            candidates.append((DRIFT**2 * (H + 1) / s**2, H))
    return min(candidates)


LARGEST_NOISE = 2.0
NORMAL = np.linspace(-9, 9, 601)


def _largest_noise(c: float, delta: float, H: int) -> float:
    """Return the largest s, up to `LARGEST_NOISE`, at which H steps are enough; 0 if none."""
    low, high = 0.0, LARGEST_NOISE
    while high - low > 1e-4:
        s = (low + high) / 2
        low, high = (s, high) if _side_distance(c, s, H) <= delta else (low, s)
    return low


def _side_distance(c: float, s: float, H: int) -> float:
    """Return TV over the two sides after H steps, for log weights +-c plus a normal of sd s."""
    rest = math.floor(portable.exp(2 * c))
    sides = np.array([1.0, rest]) / (1 + rest)
    tilted = sides * portable.exp([c, -c])
    mass = portable.exp(-(NORMAL**2) / 2)
    log_weight = np.add.outer([c, -c], s * NORMAL)
    joint = np.multiply.outer(sides, mass / mass.sum())[:, None]
    law = next(islice(laws(log_weight, joint), H, None))
    return total_variation(law, tilted / tilted.sum())


def _accuracy(point: Parameters) -> Row:
    T, M, H = point["T"], point["M"], point["H"]
    tv = distances(T, point["c"], M, H)[H]
    return {"tv": float(tv), "cost": M * T * (H + 1)}


def _least(point: Parameters) -> Row:
    T = point["T"]
    M, H = least_cost(partial(least_steps, T, point["c"], point["delta"]), T, MOST_STEPS)
    return {"M": M, "H": H, "cost": M * T * (H + 1)}


def _fixed(point: Parameters) -> Row:
    T, H = point["T"], point["H"]
    M = least_pool(T, point["c"], point["delta"], H)
    return {"M": M, "cost": M * T * (H + 1)}


def _limit(point: Parameters) -> Row:
    if not point["c"]:
        return {"H": 0, "cost": product_limit(point["delta"])}
    cost, H = needle_limit(point["c"], point["delta"])
    return {"H": H, "cost": cost}


def _balance(point: Parameters) -> Row:
    tree = persistent(random_tree(point["T"], seed=BALANCE_SEED), BALANCE_EPS)
    states = pool_states(tree, point["M"])
    score = states.log_phi + SCORES[point["score"]] * states.log_weight
    matrix = transition(states, score)
    law = np.zeros(tree.n_classes[-1])
    np.add.at(law, states.terminal, stationary(matrix))
    return {
        "states": len(states.terminal),
        "tv": total_variation(law, target_law(tree)),
        "imbalance": imbalance(states.target(), matrix),
    }


SERIES: dict[str, Callable[[Parameters], Row]] = {
    "accuracy": _accuracy,
    "least": _least,
    "fixed H": _fixed,
    "limit": _limit,
    "balance": _balance,
}

VOCABULARY = Vocabulary(
    compute_point,
    keys={
        "series": one_of(SERIES),
        "T": whole(1),
        "c": at_least_zero(),
        "M": whole(1),
        "H": whole(0),
        "delta": proportion(),
        "score": one_of(SCORES),
    },
    results={
        **{"M": int, "H": int, "tv": float, "cost": float},
        **{"states": int, "imbalance": float},
    },
    own={
        "accuracy": ("c", "M", "H"),
        "least": ("c", "delta"),
        "fixed H": ("c", "delta", "H"),
        "limit": ("c", "delta"),
        "balance": ("M", "score"),
    },
)
