"""The kernels against the plain specification, at sizes that no enumeration reaches.

The output law and the first two moments of Zhat/Z - 1 agree within z standard errors of the
difference, z such that a right pair fails a test with probability `FALSE_ALARM`.
"""

import numpy as np
import pytest
from scipy.stats import norm
from specification import RESAMPLE, smc

from treesmc.sims.sampling.samplers import sample_smc
from treesmc.sims.trees.families import product
from treesmc.sims.trees.perturb import random_sign
from treesmc.sims.trees.values import log_normalizer

FALSE_ALARM = 1e-4
N, PLAIN, FAST = 40, 1000, 20_000  # particles, replicates of the specification and of the kernels
TREE = random_sign(product(12, r=3.0), 0.5, seed=1)


def plain(scheme, threshold, guided, tree=TREE):
    """Return Zhat/Z and laws of the specification, [PLAIN] and [PLAIN, S_T]."""
    rng = np.random.default_rng(1)
    runs = [smc(tree, N, rng, scheme, threshold, guided) for _ in range(PLAIN)]
    Z_hat, laws = map(np.array, zip(*runs, strict=True))
    return Z_hat / np.exp(log_normalizer(tree)), laws


def largest_deviation(slow, laws, fast):
    """Return the largest difference of any statistic in standard errors, and their number."""
    ratio = np.exp(fast.log_Z_hat - log_normalizer(TREE))
    pairs = [(slow, ratio), ((slow - 1) ** 2, (ratio - 1) ** 2)]
    gap = [x.mean() - y.mean() for x, y in pairs]
    stderr = [np.hypot(x.std() / len(x) ** 0.5, y.std() / len(y) ** 0.5) for x, y in pairs]
    common = fast.law > 0.01  # rarer classes have no normal errors
    gap = np.append(gap, (laws.mean(axis=0) - fast.law)[common])
    stderr = np.append(stderr, np.hypot(laws.std(axis=0) / PLAIN**0.5, fast.stderr)[common])
    return np.abs(gap / stderr).max(), len(gap)


def agree(slow, laws, fast):
    deviation, n = largest_deviation(slow, laws, fast)
    return deviation < norm.isf(FALSE_ALARM / 2 / n)


@pytest.mark.parametrize(("threshold", "guided"), [(1.0, False), (0.7, False), (0.7, True)])
@pytest.mark.parametrize("scheme", RESAMPLE)
def test_kernels_do_what_the_specification_says(scheme, threshold, guided):
    options = {"guided": guided, "resampling": scheme, "ess_threshold": threshold}
    assert agree(*plain(scheme, threshold, guided), sample_smc(TREE, N, FAST, 0, **options))


def test_counts_too():
    fast = sample_smc(TREE, N, FAST, 0, kernel="counts")
    assert agree(*plain("multinomial", 1.0, False), fast)


def test_the_comparison_notices_another_algorithm():
    multinomial = plain("multinomial", 1.0, False)
    assert not agree(*multinomial, sample_smc(TREE, N, FAST, 0, ess_threshold=0.0))
    assert not agree(*multinomial, sample_smc(TREE, N // 2, FAST, 0))
    assert not agree(*multinomial, sample_smc(TREE, N, FAST, 0, guided=True))
