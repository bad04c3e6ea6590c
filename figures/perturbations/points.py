r"""Which error matters: cost of SMC under four perturbations of one tree, of equal Bellman error.

The tree: a first symbol among four that changes nothing, then fair bits, each one a factor 3 of
reward; the true value has ratio bound L = 2. N* for TV <= 1/10, against T at eps = 1/10 and against
eps at T = 64. `exact` is SMC with the true value, `naive` ignores the reward model. Four first
symbols tell `hidden`, wrong below one, from `persistent`, wrong below two; of more than 1/delta
symbols the hidden one could be missed for free. Random perturbations are drawn several times. As N
grows TV may pause near delta, and where it does intervals are wide.

Multiplying V by a factor per depth changes no resampling weight, so SMC does not see it. What it
sees of the value error of A3 is the least eps_V for which, at some factors c_t,

    c_t V / V* in [1/(1 + eps_V), 1 + eps_V]    at every class of depth t,

half the range of log(V/V*) on the worst depth. With it, and the ratio bound of V* rather than V, S2
holds without a ratio bound on V (S8). (`persistent` and `hidden` have no useful one: V jumps by
(1 + eps)^(2(T-1)) between first symbols.)
"""

import numpy as np

from treesmc.sims.cost import BATCHES, cost
from treesmc.sims.sweeps.digits import digits
from treesmc.sims.sweeps.keys import at_least_zero, one_of, proportion, whole
from treesmc.sims.sweeps.shards import Parameters, Row
from treesmc.sims.sweeps.vocabulary import COST, Vocabulary
from treesmc.sims.trees.families import product
from treesmc.sims.trees.perturb import PERTURBATIONS
from treesmc.sims.trees.tree import TreeMDP
from treesmc.sims.trees.values import epsilon, ratio_bound, seen_value_error, value_error

FIRST_SYMBOLS = 4
FACTOR = 3.0  # of reward per one
EPS, ERROR_HORIZON = 0.1, 64  # where the other one varies
REFERENCES = ("exact", "naive")


def base_tree(T: int, first_symbols: int = FIRST_SYMBOLS) -> TreeMDP:
    """Return the unperturbed tree: class k of depth t >= 1 has k ones among t - 1 bits."""
    bits = product(T - 1, FACTOR)
    policy = [np.full((1, first_symbols), 1 / first_symbols)]
    child = [np.zeros((1, first_symbols), dtype=np.int64)]
    log_value = [bits.log_value_at(0)] + [bits.log_value_at(t) for t in range(T)]
    policy += [bits.policy_at(t) for t in range(T - 1)]
    child += [bits.child_at(t) for t in range(T - 1)]
    return TreeMDP.from_layers(policy, child, log_value, f"{bits.name} after a free symbol")


def build_tree(point: Parameters) -> TreeMDP:
    """Return the tree of a point."""
    tree = base_tree(point["T"])
    if point["series"] in REFERENCES:
        return tree
    return PERTURBATIONS[point["series"]](tree, point["eps"], point["instance"])


@digits("attained", "value_error", "seen_value_error")
def compute_point(point: Parameters) -> Row:
    """Return N* at one point, with the errors and the ratio bound of the reward model."""
    tree = build_tree(point)
    method = "naive" if point["series"] == "naive" else "smc"
    effort = {"replicates": point["replicates"], "seed": point["seed"]}
    found = cost(tree, method, point["delta"], **effort)
    return {
        **found.row(),
        "attained": epsilon(tree),
        "value_error": value_error(tree),
        "seen_value_error": seen_value_error(tree),
        "L": ratio_bound(tree),
    }


VOCABULARY = Vocabulary(
    compute_point,
    keys={
        "series": one_of((*PERTURBATIONS, *REFERENCES)),
        "T": whole(2),
        "eps": at_least_zero(),
        "instance": whole(0),
        "delta": proportion(),
        "replicates": whole(8 * BATCHES),
        "seed": whole(0),
    },
    results={
        **COST,
        **{"attained": float, "value_error": float, "seen_value_error": float, "L": float},
    },
)
