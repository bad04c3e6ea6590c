"""Conditional SMC: what SMC does once a path x is frozen as one of its N particles.

The mean of Zhat/Z in such a run is u_N(x), from which the certificate is made (claim S1); its exact
value is `certificate.path_certificate`, here it is measured. One final draw by weight, x included,
is a step of a Markov chain that leaves pi invariant (Andrieu, Doucet & Holenstein 2010):

    E_{x~pi}[law of the draw given x] = pi.

Replicates, blocks and streams are those of `replicates`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np
from numpy.typing import NDArray

from treesmc.sims.base import portable
from treesmc.sims.base.checks import check_integer
from treesmc.sims.sampling.kernels.conditional import conditional_smc_block
from treesmc.sims.sampling.kernels.tables import Moves, moves
from treesmc.sims.sampling.replicates import (
    MOST_PARTICLES,
    log_mean,
    per_replicate,
    replicate,
)
from treesmc.sims.sampling.samplers import CONDITIONAL
from treesmc.sims.trees.tree import FloatArray, IntArray, TreeMDP
from treesmc.sims.trees.values import existing_path, log_normalizer


@dataclass(frozen=True, eq=False)
class ConditionalEstimate:
    """What conditional SMC measured over R replicates.

    Attributes
    ----------
    log_mean_Z_hat : float
        Logarithm of the mean of Zhat. Minus log Z it estimates log u_N(x).
    ratio_stderr : float
        Standard error of the mean of Zhat/Z.
    law, law_stderr : float64[S_T]
        Law over terminal classes of one final draw by weight, and its standard error.
    """

    log_mean_Z_hat: float
    ratio_stderr: float
    law: FloatArray
    law_stderr: FloatArray


def sample_conditional_smc(
    tree: TreeMDP,
    path: Sequence[int] | IntArray,
    N: int,
    replicates: int,
    seed: int = 0,
    jobs: int = 1,
) -> ConditionalEstimate:
    """SMC with the naive proposal, multinomial at every step, with one particle frozen on a path.

    Parameters
    ----------
    tree : TreeMDP
    path : int[T]
        Symbols of the frozen particle, a path of positive probability.
    N : int
        Particles, the frozen one included.
    replicates, seed, jobs : int
        R >= 2, root seed, threads.

    Returns
    -------
    ConditionalEstimate

    Raises
    ------
    BadInput
        If an argument is out of range, or the path does not exist.

    Notes
    -----
    Claim S1: the mean of Zhat/Z is u_N(path).
    """
    check_integer("N", N, 1, MOST_PARTICLES)
    table, log_Z_hat = moves(tree), per_replicate(replicates)
    block = partial(conditional_smc_block, table, _path_cells(tree, table, path), N)
    law, law_stderr = replicate(block, tree, log_Z_hat, seed, CONDITIONAL, jobs)
    log_mean_Z_hat, stderr = log_mean(log_Z_hat + tree.log_value[0])
    ratio_stderr = stderr * float(portable.exp(log_mean_Z_hat - log_normalizer(tree)))
    return ConditionalEstimate(log_mean_Z_hat, ratio_stderr, law, law_stderr)


def _path_cells(tree: TreeMDP, table: Moves, path: Sequence[int] | IntArray) -> NDArray[np.uint64]:
    """Return the cell that a path crosses at each depth, uint64[T], once it is known to exist."""
    classes = np.array(existing_path(tree, path)[:-1], np.uint64)
    rows = classes << table.bits[:-1]
    return table.first_row[:-1] + rows + np.array(path, np.uint64)
