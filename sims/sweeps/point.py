"""What a sweep computes at a point: how far a method's law is off at N, or what delta costs.

With what its method counts (N; M and H; or nothing) the total variation over terminal classes,
exact by the rule of `treesmc.sims.methods.method`. Otherwise it is measured in batches of
replicates, with the middle, the standard error and the bound on the bias of
`treesmc.sims.methods.distance`. With ``delta`` the least number of particles or samples, by
`treesmc.sims.cost.cost`.

**Streams.** The random numbers of a point come from its seed and, unless ``streams`` is "common",
from its other parameters, so that points are independent. Common ones compare methods on the same
draws, and are those of the command line's ``--seed``.
"""

import hashlib
import json
from functools import partial

import numpy as np

from treesmc.sims.base import portable
from treesmc.sims.base.jsontext import finite
from treesmc.sims.base.streams import generator
from treesmc.sims.cost import cost
from treesmc.sims.methods.distance import BATCHES, measured_tv
from treesmc.sims.methods.registry import METHODS
from treesmc.sims.sweeps.digits import digits
from treesmc.sims.sweeps.shards import Parameters, Row
from treesmc.sims.trees.families import FAMILIES
from treesmc.sims.trees.perturb import build
from treesmc.sims.trees.tree import TreeMDP
from treesmc.sims.trees.values import (
    epsilon,
    kl,
    log_normalizer,
    ratio_bound,
    target_law,
    total_variation,
)

STREAMS = ("own", "common")
LABELS = ("series", "schedule", "c", "a", "seed", "streams")  # name a point, or are applied apart

RESULTS: dict[str, type] = {
    **{"L": float, "eps_attained": float, "kl": float},
    **{"tv": float, "tv_stderr": float, "tv_bias": float, "log_Z": float, "log_Z_hat": float},
    **{"n_star": float, "low": float, "high": float, "log_stderr": float, "censored": int},
    **{"first_order": float, "bracket_low": float, "bracket_high": float},
    **{"evidence": str, "reference_draws": float, "value_evaluations": float},
}


@digits("eps_attained", "kl", "tv", "tv_stderr", "tv_bias", "log_Z", "log_Z_hat")
def compute_point(point: Parameters) -> Row:
    """Return the results at a point, of the names and types of `RESULTS`."""
    tree = build_tree(point)
    row = {"L": ratio_bound(tree), "eps_attained": epsilon(tree), "kl": kl(tree)}
    row |= _cost(tree, point) if "delta" in point else _law(tree, point)
    found: Row = finite(row)  # no number is enough, or none is known
    return found


def build_tree(point: Parameters) -> TreeMDP:
    """Return the tree of a point; an eps that is not by construction needs a perturbation."""
    parameters = {**point, "seed": point["tree_seed"]}
    return build(FAMILIES[point["family"]], parameters, point.get("perturbation"))


def stream_seed(point: Parameters) -> int:
    """Return the seed that a point's random numbers start from."""
    seed: int = point["seed"]
    if point["streams"] == "common":
        return seed
    key = {name: value for name, value in point.items() if name not in LABELS}
    digest = hashlib.sha256(json.dumps(key, sort_keys=True).encode()).digest()
    return int(generator(seed, *np.frombuffer(digest, ">u4")).integers(2**63))


def _cost(tree: TreeMDP, point: Parameters) -> Row:
    method, delta = point["method"], point["delta"]
    options = {name: point[name] for name in ("resampling", "ess_threshold", "replicates")}
    found = cost(tree, method, delta, seed=stream_seed(point), **options)
    return {
        **found.row(),
        "censored": int(found.censored),
        "reference_draws": found.reference_draws,
        **METHODS[method].run.predicted(tree, delta),
    }


def _law(tree: TreeMDP, point: Parameters) -> Row:
    method = METHODS[point["method"]]
    options = method.given(point)
    draws, evaluations = method.run.cost(tree, **options)
    exact = method.run.is_exact(tree, **options)
    found = _exact(tree, point) if exact else _measured(tree, point)
    return {**found, "reference_draws": draws, "value_evaluations": evaluations}


def _exact(tree: TreeMDP, point: Parameters) -> Row:
    method = METHODS[point["method"]]
    tv = total_variation(method.run.law(tree, **method.given(point)), target_law(tree))
    exact = {"tv": tv, "tv_stderr": 0.0, "tv_bias": 0.0}
    return {**exact, "log_Z": log_normalizer(tree), "evidence": "exact"}


def _measured(tree: TreeMDP, point: Parameters) -> Row:
    method, log_Z = METHODS[point["method"]], log_normalizer(tree)
    replicates = point["replicates"] // BATCHES
    draw = partial(method.run.sample, tree, replicates=replicates, **method.given(point))
    found = measured_tv(tree, lambda seed: draw(seed=seed), stream_seed(point))
    return {
        "tv": found.value,
        "tv_stderr": found.stderr,
        "tv_bias": found.bias,
        "log_Z": log_Z,
        "log_Z_hat": log_Z + portable.log1p(found.excess),
        "evidence": "measured",
    }
