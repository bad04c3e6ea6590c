"""Total variation from replicates, between a bound below and one above.

The plug-in TV(mean law, pi) is too large on average (TV is convex, Jensen). Any event A gives
pi(A) - law(A) <= TV, so choosing A = {pi > law} on some replicates and evaluating it on others is
too small on average. With 32 batches, each evaluated on the event the others choose,

    E[cross-fitted] <= TV <= E[plug-in],

and the gap closes like the noise. The estimate is the middle; half the gap bounds its bias, and
the spread over batches gives the standard error. Before that, noise is removed by a control
variate: Zhat/Z has mean one exactly, and the law of a population follows its Zhat closely, so each
class is regressed on it over the batches. (Estimating the slope costs a bias of third moments of
batch means, which are nearly normal.)
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from treesmc.sims.base import portable
from treesmc.sims.base.streams import generator, map_blocks
from treesmc.sims.sampling.samplers import Estimate
from treesmc.sims.trees.tree import FloatArray, TreeMDP
from treesmc.sims.trees.values import log_normalizer, target_law, total_variation

BATCHES = 32


@dataclass(frozen=True)
class Measured:
    """A measured total variation.

    Attributes
    ----------
    value, stderr, bias : float
        With its standard error, and a bound on its bias.
    excess : float
        Mean of the control variate, Zhat/Z - 1.
    """

    value: float
    stderr: float
    bias: float
    excess: float


def measured_tv(
    tree: TreeMDP, draw: Callable[[int], Estimate], *key: int, jobs: int = 1
) -> Measured:
    """Estimate TV(output law, pi) from `BATCHES` batches of replicates.

    Parameters
    ----------
    tree : TreeMDP
    draw : callable
        ``draw(seed)`` runs the replicates of a batch.
    *key : int
        Seed, and what else names the streams that the batches' seeds come from.
    jobs : int
        Threads; the result does not depend on it.
    """
    log_Z = log_normalizer(tree)

    def batch(b: int) -> tuple[FloatArray, float]:
        estimate = draw(int(generator(*key, b).integers(2**63)))
        return estimate.law, float(portable.expm1(estimate.log_mean_Z_hat - log_Z))

    laws, excess = zip(*map_blocks(batch, BATCHES, jobs), strict=True)
    return estimate_tv(np.array(laws), target_law(tree), np.array(excess))


def estimate_tv(laws: FloatArray, target: FloatArray, excess: FloatArray) -> Measured:
    """Estimate TV(E[law], target) from independent unbiased estimates of the law.

    Parameters
    ----------
    laws : float64[n, S]
        At least 4 rows.
    target : float64[S]
    excess : float64[n]
        Control variate of each row, of mean zero: Zhat/Z - 1.

    Notes
    -----
    Plug-in and cross-fitted values bracket the TV in expectation, see the module.
    """
    n = len(laws)
    laws = _controlled(laws, excess)
    mean = laws.mean(axis=0)
    plug_in = total_variation(mean, target)
    others = (n * mean - laws) / (n - 1)
    crossed = np.sum((target > others) * (target - laws), axis=1)
    stderr = float(crossed.std(ddof=2)) / math.sqrt(n)
    middle = max(0.5 * (plug_in + float(crossed.mean())), 0.5 * plug_in)
    return Measured(middle, stderr, plug_in - middle, math.fsum(excess) / n)


def _controlled(laws: FloatArray, excess: FloatArray) -> FloatArray:
    """Subtract from each class its regression on the control variate, if that varies at all."""
    centred = excess - excess.mean()
    variance = portable.matmul(centred, centred)
    if variance < np.finfo(float).eps:
        return laws
    return laws - np.outer(excess, portable.matmul(centred, laws) / variance)
