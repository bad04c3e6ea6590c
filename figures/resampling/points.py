r"""Does resampling less often, or with less noise, lower the cost T^2 of eps = c/T?

N* for TV <= 1/10 under each scheme, at every step and only when ESS < N/2, on two trees with
(1 + eps)^(T - 1) = e: eps is 1/T to first order, and but for T the trees stay the same.

`needle`           L = 1 + eps. All weights of a path multiply to O(1), so naive sampling is enough.
`needle_in_drift`  L = (1 + eps)/(1 - d), d = 1/2: naive sampling is exponential, SMC is needed.

**Upper bound** (S11). Resampling once in about 1/log L steps, N of order
1 + T log L is enough at eps <= c/T: degree 0 on `needle`, where the cost is T and not T^2, and
degree 1 where L is constant.

**Lower bound** (S12). If each step multiplies V* by factors of mean one and variance at least d^2,
then E[(Zhat/Z)^2] >= (1 + d^2/N)^T under *every* unbiased resampling, at any times, however chosen.
The later steps of `needle_in_drift` have such factors, so Zhat takes particles of order T there.

**Predictions.** First-order laws N* ~ C/delta (S6):

every step    C of the tree, `terminal_constant`.
adaptive      C of the tree coarsened at the times that infinitely many particles are resampled.
ideal         equal weights at every step, without noise. With k_t = pi/pi_t at depth t, S6's
              h_t - 1 is the sum of k_{t-1} - 1, due to resampling, and of
              k_{t-1} (V*(x_t)/V*(x_{t-1}) - 1), due to extending: only the latter is kept.

Under low-variance schemes the weights 1 + O(1/T) of `needle` are no noise either: residual
resampling keeps a copy of each particle below the hidden symbol and redraws the others' slots,
Bin(N - K, O(1/T)) of which change sides; the T steps add up to O(N), not N T. Stratified and
systematic resampling are measured to be as flat at this delta. Their N TV rises slowly with N,
though (at T = 128 from 1.2 at N = 8 to 6 at N = 2048): it is not free of T as delta -> 0.
"""

import numpy as np

from treesmc.sims.base import portable
from treesmc.sims.cost import BATCHES, cost, least_particles, terminal_constant
from treesmc.sims.laws.moments import TargetChain
from treesmc.sims.laws.schemes import SCHEMES
from treesmc.sims.sweeps.digits import digits
from treesmc.sims.sweeps.keys import Key, at_least_zero, one_of, proportion, text, whole
from treesmc.sims.sweeps.shards import Parameters, Row
from treesmc.sims.sweeps.vocabulary import COST, Vocabulary
from treesmc.sims.trees.coarsening import coarsened, limiting_times
from treesmc.sims.trees.families import FAMILIES
from treesmc.sims.trees.tree import TreeMDP
from treesmc.sims.trees.values import class_laws, target_policy

NAIVE, IDEAL = "naive", "ideal"  # no resampling at all, and none but perfect resampling


@digits()
def compute_point(point: Parameters) -> Row:
    """Return N* of a variant, with its first-order law where there is one."""
    tree, scheme = FAMILIES[point["family"]](point["T"], point["eps"]), point["scheme"]
    row: Row = {"predicted": predicted(tree, scheme, point["kappa"], point["delta"])}
    if scheme == IDEAL:
        return row
    if scheme == NAIVE:
        found = cost(tree, "naive", point["delta"])
    else:
        found = least_particles(
            tree,
            point["delta"],
            resampling=scheme,
            ess_threshold=point["kappa"],
            replicates=point["replicates"],
            seed=point["seed"],
        )
    return row | found.row()


def predicted(tree: TreeMDP, scheme: str, kappa: float, delta: float) -> float | None:
    """Return the first-order law of N*; None where no law is known."""
    if scheme == IDEAL:
        return ideal_constant(tree) / delta
    if scheme != "multinomial":
        return None
    coarse = tree if kappa == 1 else coarsened(tree, limiting_times(tree, kappa))
    return terminal_constant(coarse) / delta


def ideal_constant(tree: TreeMDP) -> float:
    """Return lim N TV if equal weights returned at every step without any noise."""
    chain, policy = TargetChain.of(tree), target_policy(tree)
    laws, log_m = class_laws(tree, policy), chain.log_root_forecast()
    b = np.zeros(1)  # E_pi[b so far; class]
    for t in range(tree.horizon):
        surprise = portable.expm1(chain.log_policy(t) - portable.log(tree.policy_at(t)))
        k = portable.exp(log_m[t] - chain.log_drift(t))
        gain = b[:, None] + (tree.layer(laws, t) * k)[:, None] * surprise
        b = np.zeros(tree.n_classes[t + 1])
        np.add.at(b, tree.child_at(t), tree.edge_layer(policy, t) * gain)
    return 0.5 * float(np.abs(b - b.sum() * tree.layer(laws, tree.horizon)).sum())


VOCABULARY = Vocabulary(
    compute_point,
    keys={
        "series": text(),
        "family": one_of(("needle", "needle_in_drift")),
        "scheme": one_of((*SCHEMES, NAIVE, IDEAL)),
        "kappa": Key(float, lambda kappa: 0 <= kappa <= 1, "a number from 0 to 1"),
        "T": whole(2),
        "delta": proportion(),
        "eps": at_least_zero(),
        "replicates": whole(8 * BATCHES),
        "seed": whole(0),
    },
    results={
        **COST,
        "predicted": float,
    },
)
