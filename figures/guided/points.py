"""Single-particle guided sampling: exact TV against eps T, on trees that are bad for it or benign.

Four groups of trees, `base` by name:

`persistent`  S4's extremal tree, where TV = tanh((T - 1)/2 log(1 + eps)) for every T and eps.
`power`       fair bits with V = r^(ones so far): A2 holds with exactly eps = (r - 1)/2, yet the law
              is exact. No eps is a threshold of failure, in particular not 1/(2T).
`product`, `random`  fair bits, and random trees of four symbols, under the perturbations. With two
              first symbols `hidden` is `persistent`, so fair bits do without it.

Laws are over terminal classes, by dynamic programming; nothing is sampled.
"""

from treesmc.sims.sweeps.digits import digits
from treesmc.sims.sweeps.keys import at_least_zero, one_of, text, whole
from treesmc.sims.sweeps.shards import Parameters, Row
from treesmc.sims.sweeps.vocabulary import Vocabulary
from treesmc.sims.trees.families import persistent, product, random_tree
from treesmc.sims.trees.perturb import PERTURBATIONS
from treesmc.sims.trees.tree import TreeMDP
from treesmc.sims.trees.values import epsilon, guided_law, target_law, total_variation

BRANCHING = 4


def build_tree(point: Parameters) -> TreeMDP:
    """Return the tree of a point; the error asked for is scale / T."""
    T, eps, seed = point["T"], point["scale"] / point["T"], point["seed"]
    if point["base"] == "persistent":
        return persistent(T, eps)
    if point["base"] == "power":
        return product(T, r=1 + 2 * eps, true_value=False)
    base = product(T) if point["base"] == "product" else random_tree(T, BRANCHING, seed=seed)
    return PERTURBATIONS[point["perturbation"]](base, eps, seed)


@digits("eps", "tv")
def compute_point(point: Parameters) -> Row:
    """Return the Bellman error attained and the total variation."""
    tree = build_tree(point)
    return {"eps": epsilon(tree), "tv": total_variation(guided_law(tree), target_law(tree))}


VOCABULARY = Vocabulary(
    compute_point,
    keys={
        "series": text(),
        "base": one_of(("persistent", "power", "product", "random")),
        "perturbation": one_of(("", *PERTURBATIONS)),
        "T": whole(1),
        "scale": at_least_zero(),
        "seed": whole(0),
    },
    results={"eps": float, "tv": float},
)
