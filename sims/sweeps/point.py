"""What a sweep computes at a point: how far a method's law is off at N, or what delta costs.

With ``N`` (or nothing to count: guided, rejection, pool-mh) the total variation over terminal
classes; exact for naive, guided and rejection sampling, and for SMC on two-lineage trees as long as
that takes seconds. Otherwise it is measured in batches of replicates, with the middle, the
standard error and the bound on the bias of `treesmc.sims.cost.estimate_tv`. With ``delta`` the
least number of particles or samples, by `treesmc.sims.cost.cost`.

**Streams.** The random numbers of a point come from its seed and, unless ``streams`` is "common",
from its other parameters, so that points are independent. Common ones compare methods on the same
draws, and are those of the command line's ``--seed``.
"""

import hashlib
import json
import math
from collections.abc import Callable

import numpy as np

from treesmc.sims.base import portable
from treesmc.sims.base.streams import generator
from treesmc.sims.cost import (
    BATCHES,
    cost,
    estimate_tv,
    has_exact_law,
    rejection_samples,
    terminal_constant,
)
from treesmc.sims.laws.lineage import lineage_law
from treesmc.sims.laws.naive_law import naive_law, sample_bracket
from treesmc.sims.sampling.samplers import Estimate, sample_pool_mh, sample_smc
from treesmc.sims.sweeps.digits import digits
from treesmc.sims.sweeps.shards import Parameters, Row
from treesmc.sims.trees.families import FAMILIES
from treesmc.sims.trees.perturb import build
from treesmc.sims.trees.tree import FloatArray, TreeMDP
from treesmc.sims.trees.values import (
    epsilon,
    guided_law,
    kl,
    log_normalizer,
    ratio_bound,
    reference_law,
    target_law,
    total_variation,
)

METHODS = ("naive", "smc", "guided-smc", "guided", "rejection", "pool-mh")
COUNTED = ("naive", "smc", "guided-smc")  # have an N
COSTED = (*COUNTED, "guided", "rejection")  # have a cost of delta
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
    return {name: _finite(value) for name, value in row.items()}


def build_tree(point: Parameters) -> TreeMDP:
    """Return the tree of a point; an eps that is not by construction needs a perturbation."""
    parameters = {**point, "seed": point["tree_seed"]}
    return build(FAMILIES[point["family"]], parameters, point.get("perturbation"))


def is_exact(tree: TreeMDP, point: Parameters, N: float) -> bool:
    """Whether the law of a point's method at N is computed rather than sampled."""
    if point["method"] in ("smc", "guided-smc", "pool-mh"):
        countable = point["resampling"] == "multinomial" and point["ess_threshold"] == 1
        return point["method"] == "smc" and countable and has_exact_law(tree, N)
    return True


def run_cost(tree: TreeMDP, point: Parameters, N: float) -> tuple[float, float]:
    """Return the reference draws and value evaluations of one run of a point's method."""
    T, scored = tree.horizon, int(tree.n_symbols.sum())
    match point["method"]:
        case "naive":
            return N * T, N
        case "smc":
            return N * T, N * T
        case "guided-smc":
            return N * T, N * scored
        case "guided":
            return T, scored
        case "rejection":
            samples = rejection_samples(tree)
            return samples * T, samples
    proposals = point["M"] * T * (point["H"] + 1)
    return proposals, proposals


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
    row: Row = {
        **found.row(),
        "censored": int(found.censored),
        "reference_draws": found.reference_draws,
    }
    if method in ("smc", "guided-smc"):
        row["first_order"] = terminal_constant(tree, method == "guided-smc") / delta
    if method == "naive":
        log_phi = tree.log_value_at(tree.horizon)
        row["bracket_low"], row["bracket_high"] = sample_bracket(
            reference_law(tree), log_phi, delta
        )
    return row


def _law(tree: TreeMDP, point: Parameters) -> Row:
    N = point.get("N", 1)
    draws, evaluations = run_cost(tree, point, N)
    found = _exact(tree, point) if is_exact(tree, point, N) else _measured(tree, point)
    return {**found, "reference_draws": draws, "value_evaluations": evaluations}


def _exact(tree: TreeMDP, point: Parameters) -> Row:
    laws: dict[str, Callable[[], FloatArray]] = {
        "naive": lambda: naive_law(
            reference_law(tree), tree.log_value_at(tree.horizon), point["N"]
        ),
        "smc": lambda: lineage_law(tree, point["N"]),
        "guided": lambda: guided_law(tree),
        "rejection": lambda: target_law(tree),
    }
    tv = total_variation(laws[point["method"]](), target_law(tree))
    exact = {"tv": tv, "tv_stderr": 0.0, "tv_bias": 0.0}
    return {**exact, "log_Z": log_normalizer(tree), "evidence": "exact"}


def _measured(tree: TreeMDP, point: Parameters) -> Row:
    seed, log_Z = stream_seed(point), log_normalizer(tree)
    laws, excess = [], []
    for b in range(BATCHES):
        estimate = _draw(tree, point, int(generator(seed, b).integers(2**63)))
        laws.append(estimate.law)
        excess.append(portable.expm1(estimate.log_mean_Z_hat - log_Z))
    found = estimate_tv(np.array(laws), target_law(tree), np.array(excess))
    return {
        "tv": found.value,
        "tv_stderr": found.stderr,
        "tv_bias": found.bias,
        "log_Z": log_Z,
        "log_Z_hat": log_Z + portable.log1p(math.fsum(excess) / BATCHES),
        "evidence": "measured",
    }


def _draw(tree: TreeMDP, point: Parameters, seed: int) -> Estimate:
    """Run the replicates of one batch."""
    replicates = point["replicates"] // BATCHES
    if point["method"] == "pool-mh":
        return sample_pool_mh(tree, point["M"], point["H"], replicates, seed)
    return sample_smc(
        tree,
        point["N"],
        replicates,
        seed,
        guided=point["method"] == "guided-smc",
        resampling=point["resampling"],
        ess_threshold=point["ess_threshold"],
    )


def _finite(value: object) -> object:
    """Return None for what no JSON or table should hold: no number is enough, or none is known."""
    return None if isinstance(value, float) and not math.isfinite(value) else value
