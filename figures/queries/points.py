r"""The lower bound at work on `needle`: what q queries find, and what SMC does with N particles.

One of H equally likely first symbols is hidden (S3). A value query below a symbol tells whether it
is the hidden one and nothing else; after q queries one symbol is returned. Averaged over the hidden
symbol it is right with probability at most (q + 1)/H. Series:

`fresh`    asks for q different symbols and, if none of them is hidden, returns another one: no
           algorithm does better (S9).
`repeats`  the same with symbols drawn independently, as a sampler from the reference policy sees
           them: one of q + 1 draws, the guess included, must be hidden.
`smc`      N particles look below at most N first symbols; the success is that of SMC's output law.

Below the first symbol SMC on `needle` is a Wright-Fisher chain with selection. With K of the N
particles below the hidden symbol at depth t and g_t = G_t(hidden) / G_t(elsewhere), the hidden
share of the weight is X_t = K g_t / (K g_t + N - K), and K ~ Bin(N, X_t) at depth t + 1.

`run`      X_t along one run.
`mean`     E[X_t], which is the output law of SMC on the tree cut at depth t. As N -> infinity X_t
           tends to pi_t(hidden), the `limit`: its odds are multiplied by (1 + eps)^2 at every step.
"""

from collections.abc import Callable, Collection

from treesmc.sims.base import portable
from treesmc.sims.base.streams import generator
from treesmc.sims.laws.lineage import lineage_law
from treesmc.sims.sweeps.digits import digits
from treesmc.sims.sweeps.keys import at_least_zero, one_of, whole
from treesmc.sims.sweeps.shards import Parameters, Row
from treesmc.sims.sweeps.vocabulary import Vocabulary
from treesmc.sims.trees.families import n_symbols, needle
from treesmc.sims.trees.tree import TreeMDP
from treesmc.sims.trees.values import target_law


def fresh(point: Parameters) -> Row:
    """Ask for the first q symbols, guess the next; play against every hidden symbol in turn."""
    H, q = point["H"], point["q"]
    return {"success": success(range(q), q, H)}


def success(asked: Collection[int], guess: int, H: int) -> float:
    """Return how often the returned symbol is the hidden one, averaged over the hidden one.

    Parameters
    ----------
    asked : collection of int
        Symbols queried on misses, among 0 .. H - 1; a hit is returned.
    guess : int
        Symbol returned if none of them is hidden.
    H : int
        Number of symbols.
    """
    returned = [hidden if hidden in asked else guess for hidden in range(H)]
    return sum(symbol == hidden for hidden, symbol in enumerate(returned)) / H


def repeats(point: Parameters) -> Row:
    """Return 1 - (1 - 1/H)^(q + 1): not all of q queries and the guess miss."""
    return {"success": -portable.expm1((point["q"] + 1) * portable.log1p(-1 / point["H"]))}


def smc(point: Parameters) -> Row:
    """Return the mass that SMC's output law gives to the hidden symbol, and the target's."""
    tree = needle(point["T"], point["eps"])
    law, target = lineage_law(tree, point["N"]), target_law(tree)
    return {"H": n_symbols(tree), "success": float(law[0]), "limit": float(target[0])}


def run(point: Parameters) -> Row:
    """Return the hidden share X_t at depth t of the run named by its seed."""
    tree, N = needle(point["T"], point["eps"]), point["N"]
    rng = generator(point["seed"], N)
    share, log_odds = float(tree.policy_at(0)[0, 0]), 0.0
    for t in range(1, point["t"] + 1):
        K = int(rng.binomial(N, share))
        hidden, elsewhere = tree.log_value_at(t)
        g = portable.exp(hidden - elsewhere - log_odds)
        share, log_odds = K * g / (K * g + N - K), hidden - elsewhere
    return {"H": n_symbols(tree), "share": share}


def mean(point: Parameters) -> Row:
    """Return E[X_t] and its limit for many particles, from the tree cut at depth t."""
    tree = needle(point["T"], point["eps"])
    short = cut(tree, point["t"])
    law, target = lineage_law(short, point["N"]), target_law(short)
    return {"H": n_symbols(tree), "share": float(law[0]), "limit": float(target[0])}


def cut(tree: TreeMDP, t: int) -> TreeMDP:
    """Return the first t steps of a tree, with V at depth t for a reward: its target is pi_t."""
    depths = range(t)
    return TreeMDP.from_layers(
        [tree.policy_at(d) for d in depths],
        [tree.child_at(d) for d in depths],
        [tree.log_value_at(d) for d in range(t + 1)],
        f"{tree.name} cut at {t}",
    )


SERIES: dict[str, Callable[[Parameters], Row]] = {
    "fresh": fresh,
    "repeats": repeats,
    "smc": smc,
    "run": run,
    "mean": mean,
}


@digits()
def compute_point(point: Parameters) -> Row:
    """Return what the point's series computes."""
    return SERIES[point["series"]](point)


VOCABULARY = Vocabulary(
    compute_point,
    keys={
        "series": one_of(SERIES),
        "T": whole(1),
        "eps": at_least_zero(),
        "H": whole(1),
        "q": whole(0),
        "N": whole(1),
        "t": whole(1),
        "seed": whole(0),
    },
    results={"H": int, "success": float, "share": float, "limit": float},
    own={
        **dict.fromkeys(("fresh", "repeats"), ("H", "q")),
        "smc": ("eps", "N"),
        "run": ("eps", "N", "t", "seed"),
        "mean": ("eps", "N", "t"),
    },
)
