"""Single-particle guided sampling: exact TV against eps T, on trees that are bad for it or benign.

Four groups of trees, `base` by name:

`persistent`  S4's extremal tree, where TV = tanh((T - 1)/2 log(1 + eps)) for every T and eps.
`power`       fair bits with V = r^(ones so far): A2 holds with exactly eps = (r - 1)/2, yet the law
              is exact. No eps is a threshold of failure, in particular not 1/(2T).
`product`, `random`  fair bits, and random trees of four symbols, under the perturbations. With two
              first symbols `hidden` is `persistent`, so fair bits do without it.

Laws are over terminal classes, by dynamic programming; nothing is sampled.
"""

from pathlib import Path

from treesmc.sims.experiments.common import tabulate
from treesmc.sims.experiments.shards import Parameters, Row
from treesmc.sims.families import persistent, product, random_tree
from treesmc.sims.perturb import PERTURBATIONS
from treesmc.sims.tree import TreeMDP
from treesmc.sims.values import epsilon, guided_law, target_law, total_variation

SCALES = (0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 0.75, 1.0, 1.5, 2.5, 4.0, 6.0, 9.0)  # eps T
QUICK_SCALES = (0.05, 0.2, 0.5, 1.0, 4.0)
HORIZONS = (4, 16, 64, 256)
PRODUCT_HORIZON, RANDOM_HORIZON = 64, 6
BRANCHING = 4
TREE_SEEDS = (0, 1, 2)

COLUMNS = ("series", "base", "perturbation", "T", "scale", "seed", "eps", "tv")


def points(quick: bool = False) -> list[Parameters]:
    """Return the parameters of all points, group by group."""
    groups = [("persistent", "", T, 0) for T in HORIZONS]
    groups += [("power", "", T, 0) for T in HORIZONS]
    groups += [("product", name, PRODUCT_HORIZON, 0) for name in PERTURBATIONS if name != "hidden"]
    groups += [("random", name, RANDOM_HORIZON, s) for name in PERTURBATIONS for s in TREE_SEEDS]
    return [
        {
            "experiment": "guided",
            "series": f"{base} {name}".strip(),
            "base": base,
            "perturbation": name,
            "T": T,
            "scale": scale,
            "seed": seed,
        }
        for base, name, T, seed in groups
        for scale in (QUICK_SCALES if quick else SCALES)
    ]


def build_tree(point: Parameters) -> TreeMDP:
    """Return the tree of a point; the error asked for is scale / T."""
    T, eps, seed = point["T"], point["scale"] / point["T"], point["seed"]
    if point["base"] == "persistent":
        return persistent(T, eps)
    if point["base"] == "power":
        return product(T, r=1 + 2 * eps, true_value=False)
    base = product(T) if point["base"] == "product" else random_tree(T, BRANCHING, seed=seed)
    return PERTURBATIONS[point["perturbation"]](base, eps, seed)


def compute_point(point: Parameters) -> Row:
    """Return the Bellman error attained and the total variation."""
    tree = build_tree(point)
    return {"eps": epsilon(tree), "tv": total_variation(guided_law(tree), target_law(tree))}


def compute(results_dir: Path, jobs: int = 1, quick: bool = False) -> Path:
    """Compute what is missing and return the table, ``results_dir/guided.csv``."""
    return tabulate(points(quick), compute_point, COLUMNS, results_dir, jobs)
